"""Rules about the water of a heat network: what consumers take, what stations pump, and whether the two fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.draft import Draft
from gridpact.case.heat import component_flow, components, consumer_flow, heat_capacity, station_flow
from gridpact.case.heat_rules import places_known
from gridpact.case.heat_tables import FREEZING, HOTTEST
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
# Relative room for sums of decimal numbers that are equal on paper.
ROUNDING = 1e-9
GIVEN = (
    ("heat_networks", "heat_capacity_j_per_kgk"),
    ("heat_loads", "heat_mw"),
    ("heat_loads", "flow_kg_per_s"),
    ("heat_loads", "design_heat_mw"),
    ("heat_loads", "design_drop_k"),
    ("heat_sources", "flow_kg_per_s"),
    ("heat_sources", "flow_share"),
)
SIZES = ("flow_kg_per_s", "flow_share")


def water_known(draft: Draft) -> bool:
    """Whether every number that the water follows from is right in itself."""
    wrong = [draft.given(*place) & np.isnan(draft.case.series(*place)).any(axis=1) for place in GIVEN]
    return places_known(draft) and not any(rows.any() for rows in wrong)


def idle_consumers(draft: Draft) -> Iterator[Issue]:
    """Consumers that take neither heat nor water."""
    idle = ~draft.given("heat_loads", "flow_kg_per_s") & ~draft.given("heat_loads", "design_heat_mw")
    idle &= (draft.case.series("heat_loads", "heat_mw") == 0.0).all(axis=1)
    message = "consumer takes no heat, and so no water either, in all steps"
    fix = "Give its heat_mw, or design_heat_mw or flow_kg_per_s; else delete the row."
    yield from draft.rows("heat_loads", idle, "heat_mw", message, fix)


def station_sizes(draft: Draft) -> Iterator[Issue]:
    """Stations with both a flow and a share; networks of which not just one station pumps what is left."""
    flow, share = (draft.given("heat_sources", name) for name in SIZES)
    message = "station has both flow_kg_per_s and flow_share"
    yield from draft.rows("heat_sources", flow & share, "flow_share", message, "Leave one of the two blank.")
    if places_known(draft):
        yield from _one_pumps_the_rest(draft, ~flow & ~share)


def _one_pumps_the_rest(draft: Draft, rest: Bools) -> Iterator[Issue]:
    label = components(draft.case)[draft.case.positions("heat_sources", "node")]
    message = "another station of the network pumps what is left already"
    fix = "Give flow_kg_per_s or flow_share of all stations of a network but one."
    yield from draft.rows("heat_sources", rest & _again(label, rest), "flow_kg_per_s", message, fix)
    bound = ~np.isin(label, label[rest])
    blamed = bound & ~_again(label, bound)
    message = "no station of the network pumps what is left, since all have flow_kg_per_s or flow_share"
    fix = "Leave both blank for one station of the network, best for the largest."
    column = SIZES[0] if draft.given("heat_sources", SIZES[0])[blamed].any() else SIZES[1]
    yield from draft.rows("heat_sources", blamed, column, message, fix)


def _again(label: Ints, marked: Bools) -> Bools:
    """Which rows come after a marked row of the same label; shape (n,)."""
    first = np.full(int(label.max(initial=-1)) + 1, len(label), dtype=np.int64)
    np.minimum.at(first, label[marked], np.flatnonzero(marked))
    return np.asarray(first[label] < np.arange(len(label)), dtype=np.bool_)


def backward_pumps(draft: Draft) -> Iterator[Issue]:
    """Stations for which the others leave no water, so that they would pump against the flow; networks without any."""
    if not water_known(draft) or not draft.case.count("heat_sources"):
        return
    case = draft.case
    rest = ~(draft.given("heat_sources", SIZES[0]) | draft.given("heat_sources", SIZES[1]))
    taken = component_flow(case)[case.positions("heat_sources", "node")]
    nothing = (taken == 0.0).all(axis=1)
    message, fix = "no consumer of the network takes any water", "Add a consumer (heat_loads), or delete the station."
    yield from draft.rows("heat_sources", rest & nothing, "node", message, fix)
    wrong = rest[:, None] & ~nothing[:, None] & ~(station_flow(case) > ROUNDING * taken)
    message = "the other stations pump all that the consumers take or more, and this one would pump against the flow"
    fix = "Lower flow_kg_per_s or flow_share of the others, or let the consumers take more water."
    yield from _at_steps(draft, wrong, message, fix)


def _at_steps(draft: Draft, wrong: Bools, message: str, fix: str) -> Iterator[Issue]:
    """Issues at the blank cells of stations, with the first step in which each is wrong."""
    for row in np.flatnonzero(wrong.any(axis=1)):
        everywhere = wrong[row].all()
        when = "" if everywhere else f" at {draft.case.snapshots[int(wrong[row].argmax())].isoformat()}"
        only = np.arange(len(wrong)) == row
        yield from draft.rows("heat_sources", only, SIZES[0], message + when, fix)


def carried_heat(draft: Draft) -> Iterator[Issue]:
    """Consumers whose water cannot carry their heat within the temperatures that their node allows.

    Consumers that may be cut or that hold a return temperature are left out, and nodes at which devices help.
    """
    if not water_known(draft):
        return
    case = draft.case
    place, heat = case.positions("heat_loads", "node"), case.series("heat_loads", "heat_mw")
    most = consumer_flow(case) * _most_drop(draft)[place, None] * heat_capacity(case)[place, None] / 1e6
    over = (heat > most * (1.0 + ROUNDING)) & ~_relieved(draft)[:, None]
    # Consumers of one node share their water.
    wrong = over & (_at_node(case, heat - most)[place] > 0.0)
    message = "the water of the consumer cannot carry its heat between supply_max_degc and return_min_degc of its node"
    fix = "Give more flow_kg_per_s, or a smaller design_drop_k or a larger design_heat_mw; or widen the temperatures."
    yield from draft.steps("heat_loads", wrong, ("heat_mw", "flow_kg_per_s"), message, fix)


def _most_drop(draft: Draft) -> Floats:
    """By how much water may cool at each node, in K; NaN where devices stand or no limit was given; (heat_nodes,)."""
    case = draft.case
    drop = case.column("heat_nodes", "supply_max_degc") - case.column("heat_nodes", "return_min_degc")
    for table in ("chps", "electric_boilers", "heat_pumps", "gas_boilers", "heat_storages"):
        there = case.positions(table, "node")
        drop[there[there >= 0]] = np.nan
    asked = drop < HOTTEST - FREEZING  # else no limit was given
    return np.where((drop > 0.0) & asked, drop, np.nan)


def _relieved(draft: Draft) -> Bools:
    """Which consumers may be cut, or take the water that their return temperature asks for; shape (heat_loads,)."""
    cut = np.isin(draft.case.ids("heat_loads"), draft.case.tables["heat_unserved"]["heat_load"].astype(str))
    return cut | draft.given("heat_loads", "return_degc")


def _at_node(case: Case, values: Floats) -> Floats:
    """Sums of the consumers of each node; shape (heat_nodes, steps)."""
    total = np.zeros((case.count("heat_nodes"), case.steps))
    np.add.at(total, case.positions("heat_loads", "node"), values)
    return total
