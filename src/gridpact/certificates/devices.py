"""Do generators, renewables, storages and loads do what their data allow? In per unit, from case data and tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import generator_range
from gridpact.certificates.evidence import Evidence, per_load
from gridpact.certificates.limits import TOLERANCE, beyond

Floats = NDArray[np.float64]


def device_checks(evidence: Evidence) -> list[Check]:
    """One check per kind of device."""
    rules = {
        "generators": ("Generation beyond its range or its offers, in per unit.", _generators),
        "renewables": (
            "Renewable power beyond what is available or what the inverter carries, in per unit.",
            _renewables,
        ),
        "storages": ("Storage beyond its limits, off its energy balance, or charging while discharging.", _storages),
        "loads": ("Demand off its data, its bids or its shiftable energy, in per unit.", _loads),
        "shunts": ("Shunt power off its admittance times the squared voltage, in per unit.", _shunts),
    }
    base = evidence.base_mva
    checks = []
    for table, (text, rule) in rules.items():
        excess = rule(evidence) if evidence.case.count(table) else {}
        measures = [Measure(name, _owners(evidence, name), np.abs(values) / base) for name, values in excess.items()]
        checks.append(worst(table, text, TOLERANCE, measures, evidence.instants))
    return checks


def recursion(evidence: Evidence) -> Floats:
    """Stored energy less what the storage equation makes of the energy before, charge and discharge; MWh."""
    case, hours = evidence.case, evidence.case.hours
    charged = evidence.table("storages", "charge_mw") * _column(evidence, "storages", "efficiency_charge")
    drawn = evidence.table("storages", "discharge_mw") / _column(evidence, "storages", "efficiency_discharge")
    energy = evidence.table("storages", "energy_mwh")
    before = np.hstack([case.column("storages", "initial_mwh")[:, None], energy[:, :-1]])
    kept = (1.0 - _column(evidence, "storages", "loss_per_hour")) ** hours
    left: Floats = energy - kept * before - hours * (charged - drawn)
    return left


def final_energy(evidence: Evidence) -> Floats:
    """Least energy at the end, MWh, shape (storages,)."""
    final, initial = (evidence.case.column("storages", name) for name in ("final_mwh", "initial_mwh"))
    return np.where(np.isnan(final), initial, final)


def _owners(evidence: Evidence, rule: str) -> list[str]:
    """Names of the components that a rule speaks of: it starts with its table."""
    return evidence.case.ids(rule.split("/")[0])


def _column(evidence: Evidence, table: str, column: str) -> Floats:
    return evidence.case.column(table, column)[:, None]


def _generators(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    p, q = evidence.dispatch("generator", "p_mw"), evidence.dispatch("generator", "q_mvar")
    excess = {"generators/p_mw": beyond(p, *generator_range(evidence, "p_mw"))}
    if evidence.formulation != "dc":
        excess["generators/q_mvar"] = beyond(q, *generator_range(evidence, "q_mvar"))
    if case.count("offers"):
        offered, width = evidence.variable("offer_p") * evidence.base_mva, case.series("offers", "p_mw")
        total, owner = np.zeros_like(p), case.positions("offers", "generator")
        np.add.at(total, owner, offered)
        excess["offers/p_mw"] = beyond(offered, np.zeros_like(width), width)
        excess["generators/offers"] = np.where(np.isin(np.arange(len(p)), owner)[:, None], total - p, 0.0)
    return excess


def _renewables(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    p, q = evidence.dispatch("renewable", "p_mw"), evidence.dispatch("renewable", "q_mvar")
    available, rating = case.series("renewables", "p_mw"), _column(evidence, "renewables", "sn_mva")
    must_take = ~case.flags("renewables", "curtailable")[:, None]
    off_disc = np.where(np.isnan(rating), np.abs(q), np.maximum(np.hypot(p, q) - rating, 0.0))
    outside = beyond(p, np.where(must_take, available, 0.0), available)
    return {"renewables/p_mw": outside, "renewables/sn_mva": off_disc}


def _storages(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    charge, discharge = evidence.table("storages", "charge_mw"), evidence.table("storages", "discharge_mw")
    energy, zero = evidence.table("storages", "energy_mwh"), np.zeros_like(charge)
    low, high = _column(evidence, "storages", "min_mwh"), _column(evidence, "storages", "energy_mwh")
    return {
        "storages/charge_mw": beyond(charge, zero, case.series("storages", "charge_mw")),
        "storages/discharge_mw": beyond(discharge, zero, case.series("storages", "discharge_mw")),
        "storages/energy_mwh": beyond(energy, low, high),
        "storages/energy balance": recursion(evidence),
        "storages/final_mwh": (final_energy(evidence) - energy[:, -1]).clip(0.0),
        "storages/charging while discharging": np.minimum(charge, discharge).clip(0.0),
        "storages/q_mvar": evidence.dispatch("storage", "q_mvar"),
    }


def _loads(evidence: Evidence) -> dict[str, Floats]:
    case, base = evidence.case, evidence.base_mva
    fixed, bid, shifted = (evidence.table("demand", name) for name in ("fixed_mw", "bid_mw", "shifted_mw"))
    q = case.series("loads", "q_mvar")
    excess = {
        "loads/p_mw": fixed - case.series("loads", "p_mw"),
        "loads/total": evidence.dispatch("load", "p_mw") + fixed + bid + shifted,
    }
    if case.count("bids"):
        taken, width = evidence.variable("bid_p") * base, case.series("bids", "p_mw")
        excess["bids/p_mw"] = beyond(taken, np.zeros_like(width), width)
        q = q + per_load(case, "bids", taken * _column(evidence, "bids", "q_mvar_per_mw"))
    if case.count("shiftable"):
        moved = evidence.variable("shift_p") * base
        low, high = case.series("shiftable", "min_p_mw"), case.series("shiftable", "max_p_mw")
        excess["shiftable/p_mw"] = beyond(moved, low, high)
        excess["shiftable/energy_mwh"] = moved.sum(axis=1) * case.hours - case.column("shiftable", "energy_mwh")
        q = q + per_load(case, "shiftable", moved * _column(evidence, "shiftable", "q_mvar_per_mw"))
    if evidence.formulation != "dc":
        excess["loads/q_mvar"] = evidence.dispatch("load", "q_mvar") + q
    return excess


def _shunts(evidence: Evidence) -> dict[str, Floats]:
    vm = evidence.table("buses", "vm_pu")[evidence.case.positions("shunts", "bus")]
    excess = {"shunts/p_mw": evidence.dispatch("shunt", "p_mw") + _column(evidence, "shunts", "p_mw") * vm**2}
    if evidence.formulation != "dc":
        reactive = evidence.dispatch("shunt", "q_mvar") + _column(evidence, "shunts", "q_mvar") * vm**2
        excess["shunts/q_mvar"] = reactive
    return excess
