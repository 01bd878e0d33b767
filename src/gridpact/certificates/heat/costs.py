"""What devices of heat burn and cost, from case data and tables alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.commitment import running, starts
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
MAKERS = ("chp", "electric_boiler", "heat_pump", "gas_boiler")


def fuel_of(evidence: Evidence, kind: str) -> Floats:
    """Fuel of the units of a kind, MW, (units, steps); none of units without fuel."""
    case, heat = evidence.case, evidence.dispatch(kind, "heat_mw")
    if kind == "gas_boiler":
        return np.asarray(heat / case.column("gas_boilers", "efficiency")[:, None])
    if kind != "chp":
        return np.zeros_like(heat)
    idle, of_power, of_heat = (
        case.column("chps", name)[:, None] for name in ("fuel_mw", "fuel_per_p", "fuel_per_heat")
    )
    return np.asarray(idle * running(evidence, "chps") + of_power * evidence.dispatch("chp", "p_mw") + of_heat * heat)


def unit_cost(evidence: Evidence, kind: str) -> Floats:
    """Cost per hour of the units of a kind apart from what carriers cost them, (units, steps)."""
    case, table, heat = evidence.case, f"{kind}s", evidence.dispatch(kind, "heat_mw")
    on = running(evidence, table)
    begun = case.column(table, "start_cost")[:, None] * starts(on, case.begins) / case.hours
    burnt = 0.0 if kind in ("electric_boiler", "heat_pump") else case.series(table, "fuel_price_per_mwh")
    cost = begun + burnt * fuel_of(evidence, kind)
    if kind != "chp":
        return np.asarray(cost + case.series(table, "cost_per_mwh") * heat)
    p = evidence.dispatch("chp", "p_mw")
    line = case.series("chps", "cost_per_h") * on + case.series("chps", "cost_per_mwh") * p
    square, square_heat, cross = (
        case.column("chps", f"{name}cost_per_mw2h")[:, None] for name in ("", "heat_", "cross_")
    )
    bent = square * p**2 + square_heat * heat**2 + cross * p * heat
    return np.asarray(cost + line + case.series("chps", "heat_cost_per_mwh") * heat + bent)


def heat_cost_terms(evidence: Evidence) -> dict[str, Floats]:
    """Cost per hour of everything of heat in the objective, each (components, steps)."""
    case = evidence.case
    terms = {kind: unit_cost(evidence, kind) for kind in MAKERS if case.count(f"{kind}s")}
    if case.count("heat_storages"):
        wear = case.column("heat_storages", "wear_cost_per_mwh")[:, None]
        terms["heat_storages"] = wear * evidence.table("heat_storages", "discharge_mw")
    if case.count("heat_unserved"):
        cut = evidence.variable("unserved_heat") * evidence.base_mva
        terms["heat_unserved"] = case.series("heat_unserved", "price_per_mwh") * cut
    return terms
