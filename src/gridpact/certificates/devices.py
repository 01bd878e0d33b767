"""Do the devices do what their data allow? In per unit, from case data and tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import unit_range
from gridpact.certificates.evidence import Evidence, per_load
from gridpact.certificates.limits import TOLERANCE, beyond
from gridpact.certificates.ramps import largest_changes, ramped

Floats = NDArray[np.float64]
Excess = dict[str, Floats]


def device_checks(evidence: Evidence) -> list[Check]:
    """One check per kind of device that the case has."""
    rules: dict[str, tuple[str, Callable[[Evidence], Excess]]] = {
        "generators": ("Generation beyond its range, its ramps or its offers, in per unit.", _generators),
        "renewables": (
            "Renewable power beyond what is available or what the inverter carries, in per unit.",
            _renewables,
        ),
        "storages": ("Storage beyond its limits, off its energy balance, or charging while discharging.", _storages),
        "loads": ("Demand off its data, its bids, its ramps or its shiftable energy, in per unit.", _loads),
        "compensators": ("Reactive power of compensators beyond its range, in per unit.", _compensators),
        "capacitors": (
            "Capacitors beyond their size at their voltage, or between two steps, in per unit.",
            _capacitors,
        ),
        "shunts": ("Shunt power off its admittance times the squared voltage, in per unit.", _shunts),
    }
    base = evidence.base_mva
    checks = []
    for table, (text, rule) in rules.items():
        if evidence.case.count(table):
            excess = rule(evidence).items()
            measures = [Measure(name, _owners(evidence, name), np.abs(values) / base) for name, values in excess]
            checks.append(worst(table, text, TOLERANCE, measures, evidence.instants))
    return checks


def recursion(evidence: Evidence) -> Floats:
    """Stored energy less what the storage equation makes of the energy before, charge and discharge; MWh."""
    case, hours = evidence.case, evidence.case.hours
    charged = evidence.table("storages", "charge_mw") * _column(evidence, "storages", "efficiency_charge")
    drawn = evidence.table("storages", "discharge_mw") / _column(evidence, "storages", "efficiency_discharge")
    energy = evidence.table("storages", "energy_mwh")
    before = np.where(case.begins, _column(evidence, "storages", "initial_mwh"), np.roll(energy, 1, axis=1))
    kept = (1.0 - _column(evidence, "storages", "loss_per_hour")) ** hours
    left: Floats = energy - kept * before - hours * (charged - drawn)
    return left


def bank_size(evidence: Evidence) -> Floats:
    """Most that each capacitor bank gives at its voltage, Mvar, (banks, steps)."""
    vm = evidence.table("buses", "vm_pu")[evidence.case.positions("capacitors", "bus")]
    size: Floats = _column(evidence, "capacitors", "q_mvar") * vm**2
    return size


def in_steps(case: Case) -> NDArray[np.bool_]:
    """Which banks only give whole steps, (banks, 1)."""
    return case.column("capacitors", "steps")[:, None] > 0.0


def final_energy(evidence: Evidence) -> Floats:
    """Least energy at the end of a window, MWh, shape (storages,)."""
    final, initial = (evidence.case.column("storages", name) for name in ("final_mwh", "initial_mwh"))
    return np.where(np.isnan(final), initial, final)


def _owners(evidence: Evidence, rule: str) -> list[str]:
    """Names of the components that a rule speaks of: it starts with its table."""
    return evidence.case.ids(rule.split("/")[0])


def _column(evidence: Evidence, table: str, column: str) -> Floats:
    return evidence.case.column(table, column)[:, None]


def _generators(evidence: Evidence) -> Excess:
    case = evidence.case
    p, q = evidence.dispatch("generator", "p_mw"), evidence.dispatch("generator", "q_mvar")
    excess = {"generators/p_mw": beyond(p, *unit_range(evidence, "generators", "p_mw"))}
    excess |= _ramps(evidence, "generators", p)
    if evidence.formulation != "dc":
        excess["generators/q_mvar"] = beyond(q, *unit_range(evidence, "generators", "q_mvar"))
    if case.count("offers"):
        offered, width = evidence.variable("offer_p") * evidence.base_mva, case.series("offers", "p_mw")
        total, owner = np.zeros_like(p), case.positions("offers", "generator")
        np.add.at(total, owner, offered)
        excess["offers/p_mw"] = beyond(offered, np.zeros_like(width), width)
        excess["generators/offers"] = np.where(np.isin(np.arange(len(p)), owner)[:, None], total - p, 0.0)
    return excess


def _ramps(evidence: Evidence, table: str, p: Floats) -> Excess:
    """Beyond the largest rise or fall, at the later step."""
    if not ramped(evidence, table):
        return {}
    up, down = largest_changes(evidence, table)
    rise, excess = np.diff(p, axis=1), np.zeros_like(p)
    excess[:, 1:] = beyond(rise, -down, up)
    return {f"{table}/ramp": excess}


def _renewables(evidence: Evidence) -> Excess:
    case = evidence.case
    p, q = evidence.dispatch("renewable", "p_mw"), evidence.dispatch("renewable", "q_mvar")
    available, rating = case.series("renewables", "p_mw"), _column(evidence, "renewables", "sn_mva")
    must_take = ~case.flags("renewables", "curtailable")[:, None]
    off_disc = np.where(np.isnan(rating), np.abs(q), np.maximum(np.hypot(p, q) - rating, 0.0))
    outside = beyond(p, np.where(must_take, available, 0.0), available)
    return {"renewables/p_mw": outside, "renewables/sn_mva": off_disc}


def _storages(evidence: Evidence) -> Excess:
    case = evidence.case
    charge, discharge = evidence.table("storages", "charge_mw"), evidence.table("storages", "discharge_mw")
    energy, zero = evidence.table("storages", "energy_mwh"), np.zeros_like(charge)
    low, high = _column(evidence, "storages", "min_mwh"), _column(evidence, "storages", "energy_mwh")
    return {
        "storages/charge_mw": beyond(charge, zero, case.series("storages", "charge_mw")),
        "storages/discharge_mw": beyond(discharge, zero, case.series("storages", "discharge_mw")),
        "storages/energy_mwh": beyond(energy, low, high),
        "storages/energy balance": recursion(evidence),
        "storages/final_mwh": np.where(case.ends, final_energy(evidence)[:, None] - energy, 0.0).clip(0.0),
        "storages/charging while discharging": np.minimum(charge, discharge).clip(0.0),
        "storages/q_mvar": evidence.dispatch("storage", "q_mvar"),
    }


def _loads(evidence: Evidence) -> Excess:
    case = evidence.case
    q, consumed = case.series("loads", "q_mvar"), evidence.table("demand", "fixed_mw")
    excess = {"loads/p_mw": consumed - case.series("loads", "p_mw")}
    for table, part in demand.PARTS.items():
        consumed = consumed + part.taken * evidence.demand(part.column)
        if case.count(table):
            power = demand.chosen(evidence, table)
            excess[f"{table}/p_mw"] = beyond(power, *demand.limits(evidence, table))
            q = q + per_load(case, table, part.taken * demand.reactive_ratio(case, table) * power)
    excess["loads/total"] = evidence.dispatch("load", "p_mw") + consumed
    if case.count("shiftable"):
        excess["shiftable/energy_mwh"] = _misplaced(evidence)
    if case.count("controllable"):
        excess |= _ramps(evidence, "controllable", demand.chosen(evidence, "controllable"))
    if evidence.formulation != "dc":
        excess["loads/q_mvar"] = evidence.dispatch("load", "q_mvar") + q
    return excess


def _misplaced(evidence: Evidence) -> Floats:
    """Shiftable energy placed in each window less what is needed, at the first step of the window; MWh."""
    case = evidence.case
    first, off = np.flatnonzero(case.begins), np.zeros((case.count("shiftable"), case.steps))
    placed = np.add.reduceat(demand.chosen(evidence, "shiftable"), first, axis=1) * case.hours
    off[:, first] = placed - _column(evidence, "shiftable", "energy_mwh")
    return off


def _compensators(evidence: Evidence) -> Excess:
    low, high = (evidence.case.series("compensators", f"{side}_q_mvar") for side in ("min", "max"))
    excess = {"compensators/p_mw": evidence.dispatch("compensator", "p_mw")}
    if evidence.formulation != "dc":
        excess["compensators/q_mvar"] = beyond(evidence.dispatch("compensator", "q_mvar"), low, high)
    return excess


def _capacitors(evidence: Evidence) -> Excess:
    excess = {"capacitors/p_mw": evidence.dispatch("capacitor", "p_mw")}
    if evidence.formulation != "dc":
        q, size = evidence.dispatch("capacitor", "q_mvar"), bank_size(evidence)
        step = size / np.maximum(_column(evidence, "capacitors", "steps"), 1.0)
        between = np.where(in_steps(evidence.case), q - step * np.rint(q / step), 0.0)
        excess |= {"capacitors/q_mvar": beyond(q, np.zeros_like(q), size), "capacitors/steps": between}
    return excess


def _shunts(evidence: Evidence) -> Excess:
    vm = evidence.table("buses", "vm_pu")[evidence.case.positions("shunts", "bus")]
    excess = {"shunts/p_mw": evidence.dispatch("shunt", "p_mw") + _column(evidence, "shunts", "p_mw") * vm**2}
    if evidence.formulation != "dc":
        reactive = evidence.dispatch("shunt", "q_mvar") + _column(evidence, "shunts", "q_mvar") * vm**2
        excess["shunts/q_mvar"] = reactive
    return excess
