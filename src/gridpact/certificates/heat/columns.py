"""Do the heat tables say what the solved program says? Do tables that repeat each other agree, is nothing made up?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Measure
from gridpact.certificates.evidence import HEAT_KINDS, KINDS, Evidence
from gridpact.certificates.heat.limits import DEGREES

Floats = NDArray[np.float64]

# variable -> kind of device and column of the dispatch table
DEVICES = {
    "chp_p": ("chp", "p_mw"),
    "chp_q": ("chp", "q_mvar"),
    "chp_heat": ("chp", "heat_mw"),
    "electric_boiler_heat": ("electric_boiler", "heat_mw"),
    "heat_pump_heat": ("heat_pump", "heat_mw"),
    "gas_boiler_heat": ("gas_boiler", "heat_mw"),
}
TANKS = {"charge_mw": "heat_charge", "discharge_mw": "heat_discharge", "energy_mwh": "heat_energy"}


def heat_columns(evidence: Evidence) -> list[Measure]:
    """Tables against the columns of x, in per unit (temperatures: in units of fifty degrees)."""
    ids, measures = evidence.case.ids, []
    for side in ("supply", "return") if evidence.case.count("heat_nodes") else ():
        told = evidence.table("heat_nodes", f"{side}_degc") / DEGREES
        off = np.abs(told - evidence.variable(f"{side}_temperature"))
        measures.append(Measure(f"heat_nodes/{side}_degc", ids("heat_nodes"), off))
    for name, (kind, column) in DEVICES.items():
        if evidence.case.count(HEAT_KINDS[kind]) and (column, evidence.formulation) != ("q_mvar", "dc"):
            off = np.abs(evidence.dispatch(kind, column) / evidence.base_mva - evidence.variable(name))
            measures.append(Measure(f"dispatch/{column}", ids(KINDS.get(kind, HEAT_KINDS[kind])), off))
    for column, name in TANKS.items() if evidence.case.count("heat_storages") else ():
        off = np.abs(evidence.table("heat_storages", column) / evidence.base_mva - evidence.variable(name))
        measures.append(Measure(f"heat_storages/{column}", ids("heat_storages"), off))
    return measures


def heat_repetitions(evidence: Evidence) -> list[Measure]:
    """Tanks stand in the dispatch table and in one of their own."""
    if not evidence.case.count("heat_storages"):
        return []
    table = {name: evidence.table("heat_storages", name) for name in TANKS}
    net = table["discharge_mw"] - table["charge_mw"]
    off = {
        "heat_storages/discharge_mw": evidence.dispatch("heat_storage", "heat_mw") - net,
        "heat_storages/energy_mwh": evidence.dispatch("heat_storage", "energy_mwh") - table["energy_mwh"],
    }
    ids = evidence.case.ids("heat_storages")
    return [Measure(name, ids, np.abs(values) / evidence.base_mva) for name, values in off.items()]


def heat_blanks(evidence: Evidence) -> list[Measure]:
    """Ones where a number stands that nothing stands behind: heat of electric devices, outlets that are not there."""
    case, measures = evidence.case, []
    for kind, table in KINDS.items():
        if kind not in (*HEAT_KINDS, "heat_source") and case.count(table):
            told = ~np.isnan(evidence.dispatch(kind, "heat_mw"))
            measures.append(Measure("dispatch/heat_mw", case.ids(table), told.astype(np.float64)))
    for column, table in (("consumer_return_degc", "heat_loads"), ("station_supply_degc", "heat_sources")):
        if case.count("heat_nodes"):
            there = np.isin(np.arange(case.count("heat_nodes")), case.positions(table, "node"))
            told = np.isnan(evidence.table("heat_nodes", column)) == there[:, None]
            measures.append(Measure(f"heat_nodes/{column}", case.ids("heat_nodes"), told.astype(np.float64)))
    return measures
