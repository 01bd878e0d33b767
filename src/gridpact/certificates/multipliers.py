"""Limit multipliers as arrays, and whether each of them stands at a limit that is reached.

A multiplier is the fall of the cost per hour when its limit is relaxed by one unit; where a limit is not reached,
relaxing it saves nothing. The voltage that an interface holds has two sides, its multiplier either sign.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import unit_range
from gridpact.certificates.costs import turnover
from gridpact.certificates.devices import final_energy
from gridpact.certificates.evidence import Evidence, rows_of
from gridpact.certificates.grid import BranchFlow, Grid
from gridpact.certificates.heat.rooms import EDGE, edge_list, heat_rooms
from gridpact.certificates.ramps import largest_changes, ramped

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
HELD = "interfaces/vm_pu"


def multipliers(evidence: Evidence, constraint: str, end: str = "") -> Floats:
    """Multipliers of one constraint, currency per hour and unit, (components, steps); zero where the table has none."""
    ids = components_of(evidence, constraint)
    values = np.zeros((len(ids), evidence.case.steps))
    if (constraint, end) in evidence.multipliers:
        names, step, multiplier = evidence.multipliers[constraint, end]
        component = rows_of(ids, names)
        known = component >= 0
        np.add.at(values, (component[known], step[known]), multiplier[known])
    return values


def components_of(evidence: Evidence, constraint: str) -> list[str]:
    """Names of what a limit limits: components of its table, or the edges of operating polygons."""
    if constraint == EDGE:
        return [edge.name for edge in edge_list(evidence.case)]
    return evidence.case.ids(constraint.split("/")[0])


def current_multipliers(evidence: Evidence, grid: Grid, end: str) -> Floats:
    """Multipliers of the current limits at one end of the branches, currency per hour and per unit; (m, steps)."""
    tables = ("lines/max_i_ka", "transformers/max_s_mva")
    every = np.vstack([multipliers(evidence, constraint, end) for constraint in tables])
    worth: Floats = every[grid.branches] * grid.limit_unit[:, None]
    return worth


def multiplier_check(evidence: Evidence, grid: Grid, flow: BranchFlow) -> Check:
    """No multiplier is negative, and none stands at a limit with room left: multiplier x room over the turnover."""
    scale = turnover(evidence) / evidence.case.hours
    rooms = _rooms(evidence, grid, flow)
    measures = [_strangers(evidence, list(rooms))]
    for (constraint, end), room in rooms.items():
        value = multipliers(evidence, constraint, end)
        idle = np.abs(value * np.where(value == 0.0, 0.0, room))
        negative = np.zeros_like(value) if constraint == HELD else np.maximum(-value, 0.0)
        ids = components_of(evidence, constraint)
        measures.append(Measure(constraint, ids, np.maximum(idle, negative) / scale))
    text = "Limit multipliers that are negative, of no known limit, or times the room left, over the turnover per hour."
    return worst("limit_multipliers", text, TOLERANCE, measures, evidence.instants)


def _strangers(evidence: Evidence, known: list[tuple[str, str]]) -> Measure:
    """NaN for every limit, end or component that the case does not have."""
    names, strange = [], []
    for (constraint, end), (components, _, _) in evidence.multipliers.items():
        found = list(dict.fromkeys(map(str, components)))
        ids = set(components_of(evidence, constraint)) if (constraint, end) in known else set()
        names += [f"{constraint} {end} {name}" for name in found]
        strange += [name not in ids for name in found]
    return Measure("unknown limit", names, np.where(strange, np.nan, 0.0))


def _rooms(evidence: Evidence, grid: Grid, flow: BranchFlow) -> dict[tuple[str, str], Floats]:
    """How far every limit is from being reached, in the limit's unit; NaN where there is no limit."""
    parts = (_voltage_rooms, _device_rooms, _storage_rooms, _demand_rooms)
    named = {(name, ""): room for part in parts for name, room in part(evidence).items()}
    return named | _current_rooms(evidence, grid, flow) | heat_rooms(evidence)


def _voltage_rooms(evidence: Evidence) -> dict[str, Floats]:
    case, vm = evidence.case, evidence.table("buses", "vm_pu")
    return {
        "buses/vm_min_pu": vm - case.column("buses", "vm_min_pu")[:, None],
        "buses/vm_max_pu": case.column("buses", "vm_max_pu")[:, None] - vm,
        HELD: vm[case.positions("interfaces", "bus")] - case.column("interfaces", "vm_pu")[:, None],
    }


def _current_rooms(evidence: Evidence, grid: Grid, flow: BranchFlow) -> dict[tuple[str, str], Floats]:
    """A row without an end speaks of the larger current."""
    currents = {"from": flow.i_from, "to": flow.i_to, "": np.maximum(flow.i_from, flow.i_to)}
    lines, branches = evidence.case.count("lines"), len(evidence.case.branch_ids())
    rooms = {}
    for end, current in currents.items():
        room = np.full((branches, evidence.case.steps), np.nan)
        room[grid.branches] = (grid.i_max[:, None] - current) * grid.limit_unit[:, None]
        rooms["lines/max_i_ka", end], rooms["transformers/max_s_mva", end] = room[:lines], room[lines:]
    return rooms


def _device_rooms(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    p, q = evidence.dispatch("renewable", "p_mw"), evidence.dispatch("renewable", "q_mvar")
    rooms = {
        "renewables/p_mw": case.series("renewables", "p_mw") - p,
        "renewables/sn_mva": case.column("renewables", "sn_mva")[:, None] - np.hypot(p, q),
    }
    buy, sell = (evidence.table("interface", f"{way}_mw") for way in ("buy", "sell"))
    rooms["interfaces/max_import_mw"] = case.series("interfaces", "max_import_mw") - buy
    limit = case.series("interfaces", "max_export_mw")  # below zero: at least that much is imported
    rooms["interfaces/max_export_mw"] = limit - sell + np.where(limit < 0.0, buy, 0.0)
    for kind, table in (("interface", "interfaces"), ("compensator", "compensators")):
        q = evidence.dispatch(kind, "q_mvar")
        rooms[f"{table}/min_q_mvar"] = q - case.series(table, "min_q_mvar")
        rooms[f"{table}/max_q_mvar"] = case.series(table, "max_q_mvar") - q
    for column in ("p_mw", "q_mvar"):
        power, (low, high) = evidence.dispatch("generator", column), unit_range(evidence, "generators", column)
        rooms |= {f"generators/min_{column}": power - low, f"generators/max_{column}": high - power}
    return rooms | _ramp_rooms(evidence, "generators", evidence.dispatch("generator", "p_mw"))


def _ramp_rooms(evidence: Evidence, table: str, power: Floats) -> dict[str, Floats]:
    """MW per hour; the first step has no limit."""
    if not ramped(evidence, table):
        return {}
    none, rise = np.full((len(power), 1), np.nan), np.diff(power, axis=1)
    changes = zip(("up", "down"), (rise, -rise), largest_changes(evidence, table), strict=True)
    return {
        f"{table}/ramp_{way}_mw_per_h": np.hstack([none, (most - change) / evidence.case.hours])
        for way, change, most in changes
    }


def _storage_rooms(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    if not case.count("storages"):
        return {}
    charge, discharge, energy = (
        evidence.table("storages", name) for name in ("charge_mw", "discharge_mw", "energy_mwh")
    )
    least = np.repeat(case.column("storages", "min_mwh")[:, None], case.steps, axis=1)
    least[:, case.ends] = np.maximum(least[:, case.ends], final_energy(evidence)[:, None])
    return {
        "storages/charge_mw": case.series("storages", "charge_mw") - charge,
        "storages/discharge_mw": case.series("storages", "discharge_mw") - discharge,
        "storages/min_mwh": energy - least,
        "storages/energy_mwh": case.column("storages", "energy_mwh")[:, None] - energy,
    }


def _demand_rooms(evidence: Evidence) -> dict[str, Floats]:
    """Blocks of offers stand with the demand: both are cut into blocks and rows."""
    case, rooms = evidence.case, {}
    if case.count("offers"):
        rooms["offers/p_mw"] = case.series("offers", "p_mw") - evidence.variable("offer_p") * evidence.base_mva
    if case.count("bids"):
        rooms["bids/p_mw"] = case.series("bids", "p_mw") - demand.chosen(evidence, "bids")
    for table in ("shiftable", "controllable"):
        if case.count(table):
            power, (low, high) = demand.chosen(evidence, table), demand.limits(evidence, table)
            rooms |= {f"{table}/min_p_mw": power - low, f"{table}/max_p_mw": high - power}
    if case.count("controllable"):
        rooms |= _ramp_rooms(evidence, "controllable", demand.chosen(evidence, "controllable"))
    return rooms
