"""The sections of a plan's page, in their order."""

from __future__ import annotations

from matplotlib.figure import Figure

from gridpact.report.figures.planning import (
    bounds,
    clusters,
    costs,
    decision,
    dispatch,
    duration,
    indices,
    loads,
    network,
    prices,
    values,
    voltage,
    year,
)
from gridpact.report.panel import Panel, Section
from gridpact.report.planning import facts, lines, profiles, tables, words
from gridpact.results.families import kinds_of
from gridpact.results.record import Record


def _clusters(record: Record) -> Figure | None:
    return clusters.draw(
        facts.weights(record), profiles.of_year(record), profiles.typical(record), record.case.currency
    )


def _durations(record: Record) -> Figure | None:
    found = facts.weights(record), profiles.of_year(record), profiles.typical(record)
    curves = facts.table(record, "duration_curves")
    return duration.draw(*found, curves, record.case.currency, kinds_of(record.case))


def _decision(record: Record) -> Figure | None:
    return decision.draw(facts.table(record, "decision_graph"))


BUILT = (
    Panel(
        "plan-map",
        network.draw,
        "Buses stand at their coordinates where all have some, else as a tree that grows from the interface at the "
        "left. A number in a symbol says how many units are built; hollow and pale is what could be built and is not. "
        "Symbols that have no room at their place stand beside it.",
    ),
)
COSTS = (
    Panel(
        "plan-costs",
        costs.draw,
        "Investment is the capital cost of a year. Sales are earned and count negative. The cost as it is comes from "
        "the same days and prices without anything built.",
        shows_money=True,
    ),
)
FOUND = (
    Panel(
        "plan-bounds",
        bounds.draw,
        "Every step is a round of the search. It ends when the gap is what was asked for, or when its time is up: the "
        "best plan and the bound hold whenever it is stopped. Where days of the year are added, cost and bound are "
        "those of more days, and may rise.",
        shows_money=True,
    ),
)
STANDS = (
    Panel(
        "plan-voltage",
        voltage.draw,
        "Above: the typical days one after the other, from the lowest to the highest bus in every hour; below each its "
        "number and how many days it stands for. Below: every bus over all these hours. Dashed above: the widest "
        "limits of any bus whose voltage is not held; below: those of each bus.",
    ),
)
DAYS = (
    Panel(
        "plan-durations",
        _durations,
        "Hours from the highest to the lowest. Demand, wind and PV are sums, candidates counting with one unit each; "
        "the price is the mean of the interfaces.",
        lead=words.typical,
    ),
    Panel(
        "plan-clusters",
        _clusters,
        "Each column is a typical day with the days that it stands for, twenty of them where they are more, on one "
        "scale. Extreme days stand for "
        "themselves alone.",
    ),
    Panel(
        "plan-decision",
        _decision,
        "Days at the right are common ones; days high up are unlike all more common ones. Days that stand for others "
        "come from a clustering of all hours, for which the graph is only where it begins.",
    ),
    Panel(
        "plan-dispatch",
        dispatch.draw,
        "Typical days with the plan. What feeds the network counts positive, charging and sales to the grid negative. "
        "What exceeds the load goes into these and into losses.",
    ),
    Panel(
        "plan-prices",
        prices.draw,
        "What one more MWh of demand would add to the cost of all at that bus and hour, the plan held fixed: such "
        "prices cover the running of what is built, and not of themselves its investment.",
        shows_money=True,
    ),
)
RELIABILITY = (
    Panel("plan-indices", indices.draw, "From the failure rates of the case, by the incidence of every single fault."),
    Panel("plan-load-points", loads.draw, "Expected hours a year without supply, from all faults together."),
)
VALUES = (
    Panel(
        "plan-values",
        values.draw,
        "What the prices of the plan say of a first unit more: what it would save in a year less what it costs, to "
        "first order. A unit is built as a whole and changes these prices itself, and budget or other limits may stand "
        "against it: one that seems to save may not do so. Ties and protection change no operation and have no such "
        "worth.",
        shows_money=True,
    ),
)
YEAR = (
    Panel(
        "plan-year",
        year.draw,
        "The operation of every single day with the plan fixed, beside that of the typical day that stands for it.",
        shows_money=True,
        lead=words.year,
    ),
)


def plan_sections(record: Record) -> tuple[Section, ...]:
    """All sections after the headline figures; none where the run is of another question."""
    if not facts.is_plan(record):
        return ()
    return (
        Section("What is built where", BUILT, lines.built_and_switched),
        Section("What a year costs", COSTS, tables.costs),
        Section("How it was found and proven", FOUND),
        Section("Voltages", STANDS),
        Section("The typical days", DAYS, tables.scenarios),
        Section("Reliability", RELIABILITY, tables.reliability),
        Section("What was not built", VALUES, tables.values),
        Section("All days of the year", YEAR, tables.year),
    )
