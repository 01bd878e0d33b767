"""Sentences that begin the figures of heat: what each shows, and what to conclude from this run. Plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from gridpact.report.figures import price_parts
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.carrier import HEAT
from gridpact.report.figures.heat import dispatch, network_map, settlement, stored
from gridpact.report.figures.heat.sankey import carrier
from gridpact.report.heat.energy import arrows, entering
from gridpact.report.heat.network import asked, stations
from gridpact.report.heat.routes import routes
from gridpact.report.heat.ties import Tie, ties
from gridpact.report.heat.units import corners, operated
from gridpact.report.text import instant, number
from gridpact.results.record import Record

SAME = 0.005  # currency/MWh
NAMED = 4  # things in a list


def energy(record: Record) -> str:
    """What enters, what is lost."""
    flows = arrows(record)
    whole = entering(flows)
    lost = float(flows.loc[[carrier(a, b) == "lost" for a, b in zip(flows["source"], flows["target"], strict=True)],
                           "energy_mwh"].sum())  # fmt: skip
    first = flows[~flows["source"].isin(flows["target"])].groupby("source", sort=False)["energy_mwh"].sum()
    shares = [f"{number(100.0 * value / whole, 0)} % from {name}" for name, value in _largest(first, 0.005 * whole)]
    return (
        f"Follow the energy from left to right: of {number(whole, 1)} MWh that enter the district ({_list(shares)}), "
        f"{number(100.0 * (1.0 - lost / whole), 1)} % reach consumers, grids or stores and "
        f"{number(100.0 * lost / whole, 1)} % are lost."
    )


def both_prices(record: Record) -> str:
    """How the two prices hang together."""
    found, steps = ties(record), record.case.steps
    if not found:
        return "The two prices are not tied: no unit of this district stands in both networks."
    any_tied = np.any([tie.ties for tie in found], axis=0)
    often = {tie.unit.name: int(tie.ties.sum()) for tie in found if tie.ties.any()}
    if not often:
        return (
            "No coupler stands between its limits in any step, so that nothing ties the two prices: each is set in its "
            "own network."
        )
    named = [f"{name} in {count}" for name, count in _largest(pd.Series(often))]
    return (
        f"In {int(any_tied.sum())} of {steps} steps a coupler stands between its limits and ties the price of heat to "
        f"that of electricity: {_list(named)}. {_moves(record, found)}".strip()
    )


def _moves(record: Record, found: list[Tie]) -> str:
    """By how much the price of heat moves with that of electricity, for the couplers that tie them most often."""
    often = sorted((tie for tie in found if tie.ties.any()), key=lambda tie: -int(tie.ties.sum()))
    told = [f"by {_range(tie.slope[np.isfinite(tie.slope)])} at {tie.unit.name}" for tie in often[:3]]
    return f"While one does, 1 {record.case.currency} more for electricity moves the price of heat {_list(told)}."


def _range(values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    return number(low, 2) if high - low < SAME else f"{number(low, 2)} to {number(high, 2)}"


def network(record: Record) -> str:
    """Where heat is dear."""
    price, nodes, unit = network_map.mean_prices(record), record.case.ids("heat_nodes"), _unit(record)
    low, high = int(np.nanargmin(price)), int(np.nanargmax(price))
    if price[high] - price[low] <= SAME:
        return (
            f"Heat is worth the same everywhere, {number(price[low])} {unit}: neither losses nor limits part the nodes."
        )
    return (
        f"Heat is dearest at node {nodes[high]} ({number(price[high])} {unit} on average) and cheapest at node "
        f"{nodes[low]} ({number(price[low])}): a MWh of heat saved at the first is worth "
        f"{number(price[high] - price[low])} {record.case.currency} more than one saved at the second."
    )


def price_map(record: Record) -> str:
    """When heat is dear."""
    values, nodes, case = HEAT.matrix(record, "price_per_mwh"), record.case.ids("heat_nodes"), record.case
    ends = [_place(values, find) for find in (np.nanargmin, np.nanargmax)]
    told = [
        f"{number(values[node, step])} (node {nodes[node]}, {instant(case.snapshots[step], case)})"
        for node, step in ends
    ]
    return (
        f"Heat costs from {told[0]} to {told[1]} {_unit(record)}. A column that stands out is a time, a row a place, "
        "at which heat is worth more or less than elsewhere."
    )


def parts(record: Record) -> str:
    """What makes heat dear, or cheap, at the node that is furthest off."""
    node = price_parts.furthest_bus(record.tables[HEAT.table], record, HEAT)
    own = price_parts.prices_at(record, HEAT, node)
    values = {name: own[column].to_numpy(dtype=np.float64) for column, (name, _) in HEAT.parts.items()}
    means = {name: float(np.nanmean(value)) for name, value in values.items()}
    sizes = {name: float(np.nanmean(np.abs(value))) for name, value in values.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    if sizes[largest] <= SAME:
        return (
            "Heat costs the same at all nodes as at the reference station: neither losses, delay nor limits part them."
        )
    listed = _list([f"{_signed(value)} from {name}" for name, value in means.items() if abs(value) > SAME])
    most = "delay matters" if largest == "delay" else f"{largest} matter"
    step = int(np.nanargmax(np.abs(values[largest])))
    return (
        f"At node {node}, whose price is furthest from that at the reference station, heat costs on average "
        f"{_signed(sum(means.values()))} {_unit(record)} beside it: {listed}. Hour by hour {most} most, "
        f"{_signed(float(values[largest][step]))} at {instant(record.case.snapshots[step], record.case)}."
    )


def heat_dispatch(record: Record) -> str:
    """Who makes how much, and when most is asked for."""
    supply, _ = dispatch.by_kind(record)
    made = pd.Series({name: float(np.nansum(row)) for name, row in supply.items() if name != "tanks"})
    drawn = dispatch.demand(record)
    peak = int(np.nanargmax(drawn))
    shares = [f"{name} {number(100.0 * value / made.sum(), 0)} %" for name, value in _largest(made)]
    return (
        f"Of the heat made: {_list(shares)}. Demand is highest at {instant(record.case.snapshots[peak], record.case)} "
        f"({number(drawn[peak], 2)} MW). What the stack, less what charges tanks below zero, is above the dotted line "
        "charges the pipes; what it is below they give back."
    )


def route(record: Record) -> str:
    """How cold the water gets."""
    found, case = routes(record)[0], record.case
    supply = over_time(case, record.tables["heat_nodes"], "supply_degc")
    cooler = float(np.nanmean(supply[found.nodes[0]] - supply[found.nodes[-1]]))
    joined = " (water of other stations may join on the way)" if len(stations(case)) > 1 else ""
    consumers = np.unique(case.positions("heat_loads", "node"))
    place, step = _place(supply[consumers], np.nanargmin)
    node = int(consumers[place])
    lowest = float(asked(case, "supply_min_degc")[node])
    limit = f", where at least {number(lowest, 1)} °C are asked for" if np.isfinite(lowest) else ""
    return (
        f"At node {case.ids('heat_nodes')[found.nodes[-1]]}, {number(found.metres[-1], 0)} m from the station, supply "
        f"water is on average {number(abs(cooler), 1)} K {'colder' if cooler >= 0.0 else 'warmer'} than there{joined}. "
        f"The coldest supply water of any "
        f"consumer has {number(float(supply[node, step]), 1)} °C, at node {case.ids('heat_nodes')[node]}, "
        f"{instant(case.snapshots[step], case)}{limit}."
    )


def _place(values: Floats, find: Callable[[Floats], Any]) -> tuple[int, int]:
    row, step = np.unravel_index(int(find(values)), values.shape)
    return int(row), int(step)


def operating(record: Record) -> str:
    """Who is used up, who never runs."""
    case, full, idle = record.case, dict[str, int](), list[str]()
    for unit in operated(record):
        most = _most(record, unit.kind, unit.row)
        if not np.nanmax(unit.heat) > 1e-3 * max(float(most.max()), 1e-9):
            idle.append(unit.name)
        elif (count := int((unit.heat >= most * (1.0 - 1e-3)).sum())) > 0:
            full[unit.name] = count
    told = ["Grey is what each unit may do, points are what it does."]
    listed = _list([f"{name} in {count}" for name, count in _largest(pd.Series(full, dtype=float))])
    told += [f"At highest heat, of {case.steps} steps: {listed}; larger ones might pay."] if full else []
    told += [f"Never needed: {_list(idle[:NAMED])}{_and_more(idle)}."] if idle else []
    return " ".join(told)


def _most(record: Record, kind: str, row: int) -> Floats:
    """The highest heat of a unit, shape (steps,)."""
    if kind == "chp":
        return np.full(record.case.steps, corners(record.case, row)[:, 1].max())
    highest: Floats = record.case.series(f"{kind}s", "max_heat_mw")[row]
    return highest


def kept(record: Record) -> str:
    """How much pipes and tanks move in time."""
    change, mean = stored.pipe_change(record), float(np.nanmean(dispatch.demand(record)))
    swing = float(np.nanmax(change) - np.nanmin(change))
    told = []
    if swing > stored.LEAST:
        minutes = f", {number(60.0 * swing / mean, 0)} minutes of mean demand" if mean > 0.0 else ""
        told.append(f"Between its coldest and warmest the water in the pipes stores {number(swing, 2)} MWh{minutes}")
    if tanks := stored.in_tanks(record):
        swings = sum(float(np.nanmax(row) - np.nanmin(row)) for row in tanks.values())
        told.append(f"tanks move {number(swings, 2)} MWh between emptiest and fullest" if told else
                    f"Tanks move {number(swings, 2)} MWh between emptiest and fullest")  # fmt: skip
    return "; ".join(told) + ": heat that is made when it is cheap and used when it is dear."


def payments(record: Record) -> str:
    """What consumers pay for, and what is left for the networks."""
    whole = record.tables["settlement"]
    consumers = whole[whole["kind"].isin(["load", "heat_load"])]
    heat = float(consumers.loc[consumers["carrier"] == "heat", "payment"].sum())
    power = float(consumers.loc[consumers["carrier"] != "heat", "payment"].sum())
    paid, currency = settlement.payments(whole), record.case.currency
    left = [
        f"{number(-float(paid.loc[name].to_numpy(dtype=np.float64).sum()), 2)} to the {words} network"
        for words, name in settlement.OPERATORS.items()
        if name in paid.index
    ]
    return (
        f"Consumers pay {number(power, 2)} {currency} for electricity and {number(heat, 2)} {currency} for heat; "
        f"{_list(left)} is left. All payments of each carrier add up to zero.{_deficit(record)}"
    )


def _deficit(record: Record) -> str:
    """Why the heat network may pay more than it receives."""
    rows = record.tables["settlement"]
    left = -float(rows.loc[(rows["kind"] == "operator") & (rows["carrier"] == "heat"), "payment"].sum())
    if left >= 0.0:
        return ""
    return (
        " The heat network is left with less than nothing: with given flows most losses do not depend on the demand, "
        "so that prices of one more MWh do not earn them; a standing charge would."
    )


def structures(record: Record) -> str:
    """What going apart costs."""
    table = record.tables["structures"].set_index("structure")
    above = table["above_joint_percent"].drop(index="joint", errors="ignore")
    told = [_above(str(name), float(value)) for name, value in above.items()]
    return f"Clearing both markets jointly can never cost more than any other way; here {_list(told)}."


def _above(name: str, percent: float) -> str:
    if not np.isfinite(percent):
        return f"{name} finds no dispatch"
    return f"{name} costs the same to 0.01 %" if abs(percent) < 0.005 else f"{name} costs {number(percent, 2)} % more"


def _unit(record: Record) -> str:
    return f"{record.case.currency}/MWh"


def _signed(value: float) -> str:
    return ("+" if value > 0.0 else "") + number(value)


def _largest(values: pd.Series, least: float = 0.0) -> Iterable[tuple[str, float]]:
    """The few largest, largest first; none that is not above ``least``."""
    ordered = values[values > least].sort_values(ascending=False, kind="stable").head(NAMED)
    return [(str(name), int(value) if float(value).is_integer() else float(value)) for name, value in ordered.items()]


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - NAMED} more" if len(names) > NAMED else ""


def _list(items: list[str]) -> str:
    return ", ".join(items[:-1]) + (" and " if len(items) > 1 else "") + items[-1] if items else "nothing"
