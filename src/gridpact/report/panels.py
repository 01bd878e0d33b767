"""The figures of a report, in their order, as SVG."""

from __future__ import annotations

from dataclasses import replace

from gridpact.report.days import standings
from gridpact.report.drawing import document, inline
from gridpact.report.figures import (
    days,
    dispatch,
    exactness,
    network_map,
    price_map,
    price_parts,
    settlement,
    storage,
    voltage,
)
from gridpact.report.game.district import led
from gridpact.report.game.facts import is_game
from gridpact.report.game.sections import game_sections
from gridpact.report.heat.network import has_heat
from gridpact.report.heat.sections import heat_sections
from gridpact.report.once import read_once
from gridpact.report.panel import Panel, Section
from gridpact.report.planning.facts import is_plan
from gridpact.report.planning.sections import plan_sections
from gridpact.report.reliability.facts import is_reliability, is_whole
from gridpact.report.reliability.sections import SECTIONS as RELIABILITY
from gridpact.report.standing import Standing
from gridpact.report.together.facts import is_together
from gridpact.report.together.sections import together_sections
from gridpact.report.trade.facts import is_trade
from gridpact.report.trade.sections import REPAIR as TRADE_REPAIR
from gridpact.report.trade.sections import trade_sections
from gridpact.results.days import QUESTION
from gridpact.results.record import Record

STAMP = "NOT CERTIFIED"


PANELS = (
    Panel(
        "price-map",
        price_map.draw,
        "The price is what one more MWh of demand at that bus and time would add to the cost of all. The energy "
        "price is the price where the network meets the grid.",
        shows_money=True,
    ),
    Panel(
        "network-map",
        network_map.draw,
        "Buses stand at their coordinates where all have some, else as a tree that grows from the interface at the "
        "left; loops are closed by dashed lines. The thicker a line, the higher its load.",
        shows_money=True,
    ),
    Panel(
        "price-parts",
        price_parts.draw,
        "The bus shown is the one whose price is, on average, furthest from the energy price. "
        "The parts add up to the difference; those below a hundredth of the largest are left out.",
        shows_money=True,
    ),
    Panel(
        "dispatch",
        dispatch.draw,
        "What feeds the network counts positive, charging and sales to the grid negative. "
        "What exceeds the load goes into these and into losses.",
    ),
    Panel("voltage", voltage.draw, "Dashed: the widest limits of any bus whose voltage is not held."),
    Panel("storage", storage.draw, "Energy at the ends of the steps."),
    Panel(
        "settlement",
        settlement.draw,
        "Payments of the whole horizon, for active and reactive energy. All of them, the network operator's included, "
        "add up to zero.",
        shows_money=True,
    ),
)

REPAIR = Panel(
    "exactness",
    exactness.draw,
    "Losses that no current explains, by what made them worth while; voltages at the bus where they would be worst; "
    "prices at the bus where they changed most. Grey and broken: what the relaxation claimed; its prices are void.",
    shows_money=True,
)


# The settlement and the network are drawn alike for a day and for a year.
_SHARED = {panel.name: panel for panel in PANELS}
DAYS = (
    Panel(
        "price-by-hour",
        days.price_by_hour,
        "What one more MWh of demand would add to the cost of all, the mean of all buses. What was not cleared "
        "is hatched; an hour that the clock skips is blank.",
        shows_money=True,
    ),
    Panel("price-band", days.price_band, "The mean is that of all buses and steps.", shows_money=True),
    Panel(
        "energy",
        days.energy,
        "What feeds the network counts positive, sales to the grid negative. What exceeds the demand goes into sales "
        "and losses; storages end each window as they began it, or fuller.",
    ),
    Panel("network-state", days.network, "Dashed: the widest limits of any bus whose voltage is not held."),
    Panel(
        "price-duration",
        days.duration,
        "All prices of all buses and steps, from the highest to the lowest.",
        shows_money=True,
    ),
    _SHARED["network-map"],
    replace(
        _SHARED["settlement"],
        caption="Payments for active and reactive energy, over all days that were cleared. All of them, the network "
        "operator's included, add up to zero.",
    ),
)


def sections_of(record: Record) -> tuple[Section, ...]:
    """The figures of a report: those of days where a long horizon was cleared day by day, those of heat where it is
    priced, those of the plan, the trade or the joint plan where one was asked for."""
    if is_plan(record):
        return plan_sections(record)
    if is_reliability(record):
        return RELIABILITY if is_whole(record) else ()
    if is_trade(record):
        return trade_sections(record)
    if is_together(record):
        return together_sections(record)
    electric = DAYS if record.question == QUESTION else PANELS
    sections = heat_sections(electric) if has_heat(record) else (Section("Figures", electric),)
    return tuple(map(led, sections)) if is_game(record) else sections


def panels_of(record: Record) -> tuple[Panel, ...]:
    """The figures of all sections, those of a game first."""
    return tuple(panel for section in (*game_sections(record), *sections_of(record)) for panel in section.panels)


def drawn(panel: Panel, record: Record, standing: Standing) -> str:
    """The figure as an SVG element, stamped where its prices are not valid; empty where there is nothing to draw."""
    return inline(panel.draw, record, panel.name, stamp=STAMP if void(panel, standing) else "")


def void(panel: Panel, standing: Standing) -> bool:
    """Whether the figure shows money that the certificate does not vouch for."""
    return panel.shows_money and not standing.valid


def svg_files(record: Record) -> dict[str, str]:
    """Every figure of the run as an SVG file of its own, by file name."""
    record = read_once(record)
    standing = standings(record)[1]
    elements = {panel.name: drawn(panel, record, standing) for panel in (*panels_of(record), *_repairs(record))}
    return {f"{name}.svg": document(element) for name, element in elements.items() if element}


def _repairs(record: Record) -> tuple[Panel, ...]:
    """The figure of what the power flow was repaired for, of questions that have one."""
    if record.question == QUESTION or is_plan(record) or is_reliability(record) or is_together(record):
        return ()
    return (TRADE_REPAIR,) if is_trade(record) else (REPAIR,)
