"""Do plants, boilers, heat pumps, tanks and consumers do what their data allow? In per unit, from case and tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import running, unit_range
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.heat.polygon import outside, polygon
from gridpact.certificates.limits import TOLERANCE, beyond

Floats = NDArray[np.float64]
Excess = dict[str, Floats]
KELVIN = 273.15


def heat_device_checks(evidence: Evidence) -> list[Check]:
    """One check per kind of device that the case has."""
    rules: dict[str, tuple[str, Callable[[Evidence], Excess]]] = {
        "chps": ("Plants outside their operating polygons or reactive ranges, in per unit.", _chps),
        "electric_boilers": ("Electric boilers beyond their range, or off their efficiency, in per unit.", _boilers),
        "heat_pumps": ("Heat pumps beyond their range, or off their coefficient of performance, in per unit.", _pumps),
        "gas_boilers": ("Boilers with fuel beyond their range, or with electric power, in per unit.", _gas),
        "heat_storages": ("Tanks beyond their limits, or off their energy balance, in per unit.", _tanks),
        "heat_loads": ("Heat taken off the data, or cut beyond it, in per unit.", _loads),
        "heat_sources": ("Stations with heat or reactive power of their own, in per unit.", _stations),
    }
    checks = []
    for table, (text, rule) in rules.items():
        if evidence.case.count(table):
            measures = [
                Measure(name, evidence.case.ids(name.split("/")[0]), np.abs(values) / evidence.base_mva)
                for name, values in rule(evidence).items()
            ]
            checks.append(worst(table, text, TOLERANCE, measures, evidence.instants))
    return checks


def performance(case: Case) -> Floats:
    """Heat over power of the heat pumps, (heat_pumps, steps)."""
    node = case.positions("heat_pumps", "node")
    around = case.series("heat_networks", "ambient_degc")[case.positions("heat_nodes", "heat_network")[node]]
    cold, hot = case.series("heat_pumps", "source_degc"), case.series("heat_pumps", "sink_degc")
    cold = np.where(np.isnan(cold), around, cold)
    share, most = (case.column("heat_pumps", name)[:, None] for name in ("carnot_share", "max_cop"))
    return np.minimum(most, share * (hot + KELVIN) / (hot - cold))


def gained(case: Case, table: str) -> Floats:
    """Heat over power, or over fuel, of boilers and heat pumps, (units, steps)."""
    if table == "heat_pumps":
        return performance(case)
    return np.repeat(case.column(table, "efficiency")[:, None], case.steps, axis=1)


def unserved(evidence: Evidence) -> Floats:
    """Heat that each consumer goes without, MW, (heat_loads, steps)."""
    case = evidence.case
    total = np.zeros((case.count("heat_loads"), case.steps))
    if case.count("heat_unserved"):
        cut = evidence.variable("unserved_heat") * evidence.base_mva
        np.add.at(total, case.positions("heat_unserved", "heat_load"), cut)
    return total


def _power(evidence: Evidence, kind: str) -> tuple[Floats, Floats, Floats]:
    p, q, heat = (evidence.dispatch(kind, name) for name in ("p_mw", "q_mvar", "heat_mw"))
    return p, q, heat


def _chps(evidence: Evidence) -> Excess:
    case, (p, q, heat) = evidence.case, _power(evidence, "chp")
    on = running(evidence, "chps")
    off = np.array([outside(polygon(case, k), p[k], heat[k]) for k in range(len(p))])
    excess = {"chps/polygon": np.where(on, off, np.hypot(p, heat))}
    if evidence.formulation != "dc":
        excess["chps/q_mvar"] = beyond(q, *unit_range(evidence, "chps", "q_mvar"))
    return excess


def _boilers(evidence: Evidence) -> Excess:
    return _electric(evidence, "electric_boiler")


def _pumps(evidence: Evidence) -> Excess:
    return _electric(evidence, "heat_pump")


def _electric(evidence: Evidence, kind: str) -> Excess:
    table, (p, q, heat) = f"{kind}s", _power(evidence, kind)
    ratio = evidence.case.column(table, "q_mvar_per_mw")[:, None]
    taken = heat / gained(evidence.case, table)
    excess = {
        f"{table}/heat_mw": beyond(heat, *unit_range(evidence, table, "heat_mw")),
        f"{table}/efficiency": p + taken,
    }
    return excess if evidence.formulation == "dc" else excess | {f"{table}/q_mvar_per_mw": q + ratio * taken}


def _gas(evidence: Evidence) -> Excess:
    p, q, heat = _power(evidence, "gas_boiler")
    return {
        "gas_boilers/heat_mw": beyond(heat, *unit_range(evidence, "gas_boilers", "heat_mw")),
        "gas_boilers/p_mw": p,
        "gas_boilers/q_mvar": q,
    }


def _tanks(evidence: Evidence) -> Excess:
    case, (p, q, _) = evidence.case, _power(evidence, "heat_storage")
    charge, discharge, energy = (
        evidence.table("heat_storages", name) for name in ("charge_mw", "discharge_mw", "energy_mwh")
    )
    least, most = tank_levels(case)
    none = np.zeros_like(charge)
    return {
        "heat_storages/charge_mw": beyond(charge, none, case.series("heat_storages", "charge_mw")),
        "heat_storages/discharge_mw": beyond(discharge, none, case.series("heat_storages", "discharge_mw")),
        "heat_storages/energy_mwh": beyond(energy, least, most),
        "heat_storages/charging while discharging": np.minimum(charge, discharge).clip(0.0),
        "heat_storages/energy balance": _recursion(evidence, charge, discharge, energy),
        "heat_storages/p_mw": p,
        "heat_storages/q_mvar": q,
    }


def tank_levels(case: Case) -> tuple[Floats, Floats]:
    """Least and most energy of the tanks, MWh, (tanks, steps); a tank ends with no less than it was given."""
    least = np.repeat(case.column("heat_storages", "min_mwh")[:, None], case.steps, axis=1)
    least[:, case.ends] = np.fmax(least[:, case.ends], case.column("heat_storages", "initial_mwh")[:, None])
    return least, np.repeat(case.column("heat_storages", "energy_mwh")[:, None], case.steps, axis=1)


def _recursion(evidence: Evidence, charge: Floats, discharge: Floats, energy: Floats) -> Floats:
    """Energy less what the tank's equation makes of that before; without an initial one a window ends as it began."""
    case = evidence.case
    gain, drain, leak, initial = (
        case.column("heat_storages", name)[:, None]
        for name in ("efficiency_charge", "efficiency_discharge", "loss_per_hour", "initial_mwh")
    )
    begins, ends = np.flatnonzero(case.begins), np.flatnonzero(case.ends)
    before = np.roll(energy, 1, axis=1)
    before[:, begins] = np.where(np.isnan(initial), energy[:, ends], initial)
    kept = (1.0 - leak) ** case.hours
    left: Floats = energy - kept * before - case.hours * (gain * charge - discharge / drain)
    return left


def _loads(evidence: Evidence) -> Excess:
    case, (p, q, heat) = evidence.case, _power(evidence, "heat_load")
    given = case.series("heat_loads", "heat_mw")
    excess = {"heat_loads/heat_mw": heat + given - unserved(evidence), "heat_loads/p_mw": p, "heat_loads/q_mvar": q}
    if case.count("heat_unserved"):
        cut = evidence.variable("unserved_heat") * evidence.base_mva
        most = given[case.positions("heat_unserved", "heat_load")]
        excess["heat_unserved/heat_mw"] = beyond(cut, np.zeros_like(cut), most)
    return excess


def _stations(evidence: Evidence) -> Excess:
    """Their pumps take active power, which the hydraulics judge."""
    _, q, heat = _power(evidence, "heat_source")
    return {"heat_sources/q_mvar": q, "heat_sources/heat_mw": heat}
