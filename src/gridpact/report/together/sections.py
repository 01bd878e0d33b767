"""The sections of a joint plan's page, in their order."""

from __future__ import annotations

from gridpact.report.figures.planning import prices, values, voltage
from gridpact.report.figures.together import (
    built,
    cash,
    costs,
    gains,
    moves,
    operation,
    payments,
    reinforcements,
    trades,
)
from gridpact.report.figures.trade import course
from gridpact.report.panel import Panel, Section
from gridpact.report.planning.sections import DAYS, RELIABILITY
from gridpact.report.planning.tables import reliability
from gridpact.report.together import facts, money_tables, tables, words
from gridpact.report.together.disclosed import disclosed
from gridpact.results.record import Record

BUILT = (
    Panel(
        "together-built",
        built.draw,
        "Grey: what its owner would build if it planned alone, at its tariff or as an island. Blue: what is built "
        "together.",
    ),
    Panel(
        "plan-map",
        built.draw_map,
        "What is built together. Buses stand at their coordinates where all have some, else as a tree that grows from "
        "the interface at the left. A number in a symbol says how many units are built; hollow and pale is what could "
        "be built and is not.",
    ),
    Panel(
        "plan-values",
        values.draw,
        "What the prices of the plan say of a first unit more: what it would save all owners in a year less what it "
        "costs, to first order. A unit is built as a whole and changes these prices itself.",
        shows_money=True,
    ),
)
COSTS = (
    Panel(
        "together-costs",
        costs.draw,
        "Bars to the left are earned: alone the operator earns the tariffs, and sales of energy earn. The diamonds of "
        "an owner differ by its gain.",
        shows_money=True,
    ),
)
GAINS = (
    Panel(
        "together-gains",
        gains.draw,
        "The same plan and the same gain of all, shared by other weights.",
        shows_money=True,
    ),
)
SHEET = (
    Panel(
        "together-payments",
        payments.draw,
        "The operator of the network is the counterparty of energy and fees.",
        shows_money=True,
    ),
    Panel(
        "together-payments-days",
        payments.draw_days,
        "Each typical day as often as it comes in a year. What is received stands at the left of zero.",
        shows_money=True,
    ),
)
REINFORCED = (
    Panel(
        "together-reinforcements",
        reinforcements.draw,
        "Capital cost and maintenance of a year of each asset of the operator.",
        shows_money=True,
    ),
)
TRADES = (
    Panel(
        "together-chord",
        trades.draw_year,
        "Energy of a year. An arc for each party, as long as what it sells and buys. A ribbon has the colour of who "
        "sells and touches its arc; at the arc of who buys it leaves a gap.",
    ),
    Panel(
        "together-trades",
        trades.draw_days,
        "Rows sell, columns buy; the last ones are the operator of the network. White: no trade.",
    ),
    Panel(
        "together-exchange",
        trades.draw_exchange,
        "Up: what microgrids give to the network; down: what they take. The line is the sum: above zero they leave "
        "energy to the network, below zero they need some from it.",
    ),
)
CASH = (
    Panel(
        "together-cash",
        cash.draw,
        "Cash with the joint plan, payments included, less cash where each plans alone, not discounted. The last year "
        "counts what is built for what it is still worth, so that its step differs from the others.",
        shows_money=True,
    ),
)
FOUND = (
    Panel(
        "together-moves",
        moves.draw,
        "What a plan gains is what a year costs where each plans alone less what it costs with the plan. Beside each "
        "plan is who moved. A plan that is far worse stands at the lower edge, with an arrow.",
        shows_money=True,
    ),
    Panel(
        "trade-convergence",
        course.draw,
        "The trade of the typical days with the plan: both residuals fall until exchanges agree, and prices "
        "rest. Both sides are then solved exactly, held to what was agreed.",
    ),
)
_TYPICAL = tuple(panel for panel in DAYS if panel.name in ("plan-durations", "plan-clusters"))
OPERATION = (
    *_TYPICAL,
    Panel(
        "plan-dispatch",
        operation.draw_network,
        "With the plan. Loads of the operator; what feeds the network counts positive, sales to the grid and what "
        "microgrids take negative. What exceeds the load goes into these and into losses.",
    ),
    Panel(
        "together-inside",
        operation.draw_inside,
        "All microgrids together, with the plan. Grid: what they take from the network, negative what they give.",
    ),
    Panel(
        "plan-prices",
        prices.draw,
        "What one more MWh of demand would add to the cost of all at that bus and hour, the plan held fixed: such "
        "prices cover the running of what is built, and not of themselves its investment.",
        shows_money=True,
    ),
    Panel(
        "plan-voltage",
        voltage.draw,
        "Above: the typical days one after the other, from the lowest to the highest bus in every hour. Below: "
        "every bus over all these hours. Dashed: limits.",
    ),
)


def together_sections(record: Record) -> tuple[Section, ...]:
    """All sections after the headline figures; none where the run is of another question."""
    if not facts.is_together(record):
        return ()
    return (
        Section("The plan in words", (), words.section),
        Section("Who builds what, and why", BUILT, tables.built),
        Section("What a year costs each owner", COSTS, money_tables.costs),
        Section("Who gains how much", GAINS, money_tables.gains),
        Section("Who pays whom", SHEET, money_tables.payments),
        Section("Who bears the network's own building", REINFORCED, money_tables.reinforcements, words.reinforcements),
        Section("Who trades with whom", TRADES),
        Section("Cash over the years", CASH, money_tables.cash),
        Section("How it was found and proven", FOUND, tables.moves),
        Section("Whether anyone would rather build something else", (), tables.deviations),
        Section("Reliability", RELIABILITY, reliability),
        Section("The typical days", OPERATION, tables.scenarios),
        Section("What each owner disclosed", (), disclosed),
    )
