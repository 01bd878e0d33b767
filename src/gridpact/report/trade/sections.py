"""The sections of a trade, in their order."""

from __future__ import annotations

from dataclasses import replace

from gridpact.report import bottlenecks
from gridpact.report.figures import dispatch, exactness, price_map, price_parts, storage, voltage
from gridpact.report.figures.trade import (
    chord,
    coalitions,
    course,
    fees,
    hours,
    inside,
    limits,
    matrix,
    money,
    network,
    prices,
    sheet,
)
from gridpact.report.figures.trade.network import of_microgrids, of_network
from gridpact.report.heat.sections import HEAT
from gridpact.report.numbers import cards
from gridpact.report.panel import Panel, Section
from gridpact.report.standing import Standing
from gridpact.report.trade import facts, money_tables, tables, words
from gridpact.report.trade.course import found
from gridpact.report.trade.disclosed import disclosed
from gridpact.report.trade.numbers import whole_facts
from gridpact.report.trade.sides import network_side
from gridpact.results.record import Record

TRADES = (
    Panel(
        "trade-chord",
        chord.draw,
        "An arc for each party, as long as what it sells and buys over the horizon. A ribbon has the colour of who "
        "sells and touches its arc; at the arc of who buys it leaves a gap. Of many microgrids the ten that trade "
        "most are shown by name.",
    ),
    Panel(
        "trade-matrix",
        matrix.draw_energy,
        "Energy of the whole horizon. White: no trade. The last row and column are the operator of the network.",
    ),
    Panel(
        "trade-hours",
        hours.draw_exchange,
        "Up: what microgrids give to the network; down: what they take. The line is the sum: above zero they leave "
        "energy to the network, below zero they need some from it.",
    ),
    Panel(
        "trade-partners",
        hours.draw_partners,
        "Up: what it sells, down: what it buys, in the colour of its partner. Where several splits of an exchange "
        "pay the same fees, the one with the shortest ways is shown.",
    ),
)
PRICES = (
    Panel(
        "trade-prices",
        prices.draw,
        "Where the dashed line lies on the wide one, a MWh is worth the same inside and outside.",
        shows_money=True,
    ),
    Panel(
        "trade-price-spread",
        prices.draw_spread,
        "Price at the bus of each microgrid less the price where the grid feeds in: losses and limits on the way. "
        "Below zero, energy given there saves losses.",
        shows_money=True,
    ),
    Panel("trade-price-map", prices.draw_map, "Prices at the buses of all microgrids.", shows_money=True),
)
LIMITS = (
    Panel(
        "trade-limits",
        limits.draw,
        "Above zero the microgrid gives to the network. A limit that is not set has no line.",
    ),
    Panel(
        "trade-limits-map",
        limits.draw_map,
        "Orange gives to the network, violet takes from it. At the right: how much of its limit on that side.",
    ),
)
FEES = (
    Panel(
        "trade-fee-rates",
        matrix.draw_fees,
        "Fee of a MWh sold by the row to the column, both sides' parts together.",
        shows_money=True,
    ),
    Panel("trade-fees", fees.draw, "Over the whole horizon, all trades of a party together.", shows_money=True),
)
WORTH = (
    Panel(
        "trade-gains",
        money.draw_gains,
        "Who pays less than nothing receives. Own cost: devices and, for the operator, the grid, before any "
        "payment. Gain: cost without a deal less own cost and payment. Bars that would dwarf the others are cut; an "
        "arrow says so.",
        shows_money=True,
    ),
    Panel(
        "trade-shares",
        money.draw_shares,
        "Lines at the ends of bars: how far sampled values may be off.",
        shows_money=True,
    ),
    Panel(
        "trade-coalitions",
        coalitions.draw,
        "A coalition whose excess is above zero could do better alone. Its worth is what its members would save by "
        "trading with each other and the network alone.",
        shows_money=True,
    ),
)
SHEET = (
    Panel(
        "trade-sheet",
        sheet.draw,
        "The operator of the network is the counterparty of energy and fees.",
        shows_money=True,
    ),
)
COURSE = (
    Panel(
        "trade-convergence",
        course.draw,
        "The search ends when both residuals are below the tolerance: exchanges agree, and prices rest. The penalty is "
        "balanced so that neither lags far behind. Both sides are then solved exactly, held to what was agreed.",
    ),
    Panel("trade-bargaining", course.draw_bargaining, "Payments are found by exchanging receipts, in so many rounds."),
)
NETWORK = (
    Panel(
        "network-map",
        network.draw_map,
        "Buses stand at their coordinates where all have some, else as a tree that grows from the interface at the "
        "left. Diamonds: microgrids. The thicker a line, the higher its load.",
        shows_money=True,
    ),
    Panel(
        "price-map",
        of_network(price_map.draw),
        "What one more MWh of demand at that bus and time would add to the cost of all, exchanges held where they "
        "stand.",
        shows_money=True,
    ),
    Panel(
        "price-parts",
        of_network(price_parts.draw),
        "The bus shown is the one whose price is, on average, furthest from the energy price. The parts add up to the "
        "difference; those below a hundredth of the largest are left out.",
        shows_money=True,
    ),
    Panel(
        "dispatch",
        of_network(dispatch.draw),
        "The operator's side: loads that are its own, and microgrids, which give or take. What exceeds the load "
        "goes into these and into losses.",
    ),
    Panel("voltage", of_network(voltage.draw), "Dashed: the widest limits of any bus whose voltage is not held."),
)
INSIDE = (
    Panel(
        "trade-inside",
        inside.draw,
        "What feeds the microgrid counts positive, charging and what it gives to the network negative.",
    ),
    Panel("storage", of_microgrids(storage.draw), "Energy at the ends of the steps."),
    *(
        replace(panel, draw=of_microgrids(panel.draw), lead=None)
        for panel in HEAT
        if panel.name in ("heat-network", "heat-price-map", "heat-dispatch", "heat-stored")
    ),
)
REPAIR = Panel(
    "exactness",
    of_network(exactness.draw),
    "Losses that no current explains, by what made them worth while; voltages at the bus where they would be worst; "
    "prices at the bus where they changed most. Grey and broken: what the relaxation claimed; its prices are void.",
    shows_money=True,
)


def trade_sections(record: Record) -> tuple[Section, ...]:
    """All sections after the headline figures; none where the run is of another question."""
    if not facts.is_trade(record):
        return ()
    return (
        Section("The trade in words", (), words.section),
        Section("Who trades with whom", TRADES, tables.who),
        Section("Prices", PRICES),
        Section("Exchange and its limits", LIMITS, tables.limits),
        Section("Network fees", FEES, tables.fees, intro=tables.fee_words),
        Section("What it is worth to whom", WORTH, money_tables.bargaining, intro=money_tables.shares),
        Section("Who pays whom", SHEET, money_tables.sheet),
        Section("How it was found", COURSE, found),
        Section("What each party disclosed", (), disclosed),
        Section("The network", NETWORK, _limits, intro=_state),
        Section("Inside the microgrids", INSIDE),
    )


def _state(record: Record, standing: Standing) -> str:
    told = whole_facts(record, standing) if "load_mwh" in record.summary else []
    return cards(told) if told else ""


def _limits(record: Record, standing: Standing) -> str:
    """What limits the network."""
    side = network_side(record)
    return "" if side is None else bottlenecks.network_tables(side, standing)
