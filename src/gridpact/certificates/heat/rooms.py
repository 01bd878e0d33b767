"""How far the limits of heat are from being reached; and which limits the edges of operating polygons are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.commitment import running, unit_range
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.heat.devices import tank_levels
from gridpact.certificates.heat.limits import temperature_rooms
from gridpact.certificates.heat.polygon import Edge, named_edges
from gridpact.certificates.heat.view import heat_view

Floats = NDArray[np.float64]
EDGE = "chps/edge"
UNITS = ("electric_boilers", "heat_pumps", "gas_boilers")


def edge_list(case: Case) -> list[Edge]:
    """All edges of all plants that are limits."""
    return [edge for plant in range(case.count("chps")) for edge in named_edges(case, plant)]


def heat_rooms(evidence: Evidence) -> dict[tuple[str, str], Floats]:
    """Rooms by limit and end, (components, steps), in the unit of the limit; NaN where there is none."""
    case = evidence.case
    rooms = {(f"{table}/{side}_heat_mw", ""): room for table in UNITS for side, room in _units(evidence, table).items()}
    if case.count("heat_nodes"):
        rooms |= temperature_rooms(heat_view(evidence))
    if case.count("chps"):
        rooms |= {(EDGE, ""): _edges(evidence)}
    if case.count("heat_storages"):
        rooms |= {(f"heat_storages/{name}", ""): room for name, room in _tanks(evidence).items()}
    if case.count("heat_unserved"):
        given = case.series("heat_loads", "heat_mw")[case.positions("heat_unserved", "heat_load")]
        rooms["heat_unserved/heat_mw", ""] = given - evidence.variable("unserved_heat") * evidence.base_mva
    q, (low, high) = evidence.dispatch("chp", "q_mvar"), unit_range(evidence, "chps", "q_mvar")
    return rooms | {("chps/min_q_mvar", ""): q - low, ("chps/max_q_mvar", ""): high - q}


def _units(evidence: Evidence, table: str) -> dict[str, Floats]:
    heat, (low, high) = evidence.dispatch(table[:-1], "heat_mw"), unit_range(evidence, table, "heat_mw")
    return {"min": heat - low, "max": high - heat}


def _edges(evidence: Evidence) -> Floats:
    """Distances to the edges; plants that are off stand at every edge."""
    p, heat = (evidence.dispatch("chp", name) for name in ("p_mw", "heat_mw"))
    on = running(evidence, "chps")
    edges = edge_list(evidence.case)
    room = [edge.bound - edge.power * p[edge.plant] - edge.heat * heat[edge.plant] for edge in edges]
    return np.array([np.where(on[edge.plant], left, 0.0) for edge, left in zip(edges, room, strict=True)])


def _tanks(evidence: Evidence) -> dict[str, Floats]:
    case, (least, most) = evidence.case, tank_levels(evidence.case)
    charge, discharge, energy = (
        evidence.table("heat_storages", name) for name in ("charge_mw", "discharge_mw", "energy_mwh")
    )
    return {
        "charge_mw": case.series("heat_storages", "charge_mw") - charge,
        "discharge_mw": case.series("heat_storages", "discharge_mw") - discharge,
        "min_mwh": energy - least,
        "energy_mwh": most - energy,
    }
