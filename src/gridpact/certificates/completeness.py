"""Is everything there? Tables with each component and step exactly once, arrays of the right shape, finite numbers.

The other judges read the record as arrays; they are asked only when nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from gridpact.certificates.arrays import FORMULATIONS, VECTORS, array_faults
from gridpact.certificates.check import Check
from gridpact.certificates.evidence import HEAT_KINDS
from gridpact.certificates.tables import STRUCTURES, grids, lists, table_faults
from gridpact.results.record import Record

# columns in which NaN has a meaning of its own
BLANKS = {
    ("dispatch", "heat_mw"),
    ("dispatch", "energy_mwh"),
    ("branches", "loading_percent"),
    ("price_probes", "cost_minus"),
    ("price_probes", "cost_plus"),
    ("heat_nodes", "consumer_return_degc"),
    ("heat_nodes", "station_supply_degc"),
    *(("structures", column) for column in STRUCTURES[1]),
}


def complete(record: Record) -> Check:
    """Every table, column, component, step and array that the result must have, each exactly once."""
    faults = [*_setting_faults(record), *_network_faults(record), *table_faults(record), *array_faults(record)]
    description = "Tables, rows and arrays of the result that are missing, double or out of order."
    return Check("complete", True, float(len(faults)), 0.0, faults[0] if faults else "", description)


def finite(record: Record) -> Check:
    """All numbers finite, except where a blank has a meaning."""
    faults = list(_infinite(record))
    count = float(sum(number for _, number in faults))
    description = "Numbers in the tables, the program and its solution that are not finite."
    return Check("finite", True, count, 0.0, faults[0][0] if faults else "", description)


def _setting_faults(record: Record) -> Iterator[str]:
    if record.settings.get("formulation") not in FORMULATIONS:
        yield "settings/formulation"
    if not isinstance(record.summary.get("objective"), float | int):
        yield "summary/objective"


def _network_faults(record: Record) -> Iterator[str]:
    """Branch flow needs a radial network; no formulation has an answer for a branch without impedance."""
    case, names = record.case, record.case.branch_ids()
    carrying = case.branches_in_service()
    ends = (("lines", "transformers"), ("from_bus", "to_bus"))
    start, end = (np.concatenate([case.positions(table, at) for table in ends[0]])[carrying] for at in ends[1])
    buses = case.count("buses")
    graph = sp.coo_array((np.ones(start.size), (start, end)), shape=(buses, buses))
    trees = connected_components(graph, directed=False)[0]
    if record.settings.get("formulation") != "dc" and start.size != buses - trees:
        yield "case/lines (a loop in a radial formulation)"
    pairs = (("lines", "r_ohm_per_km", "x_ohm_per_km"), ("transformers", "r_ohm", "x_ohm"))
    bare = np.concatenate([(case.column(t, r) == 0.0) & (case.column(t, x) == 0.0) for t, r, x in pairs])
    yield from (f"case/branches/{names[branch]} (no impedance)" for branch in np.flatnonzero(carrying & bare))


def _infinite(record: Record) -> Iterator[tuple[str, int]]:
    """Places with numbers that are not finite, and how many."""
    columns = {name: numbers for name, (_, _, numbers) in grids(record.case).items()}
    columns |= {name: numbers for name, (_, numbers) in lists(record).items()}
    for name, numbers in columns.items():
        for column in numbers:
            if name in record.tables and (name, column) not in BLANKS:
                yield from _count(f"tables/{name}/{column}", record.tables[name][column].to_numpy())
    for name in (*VECTORS, "constant", "base_mva"):
        yield from _count(f"solution/{name}", record.solution[name])
    yield from _count("summary/objective", np.asarray(record.summary["objective"]))
    yield from _missing_values(record)


def _missing_values(record: Record) -> Iterator[tuple[str, int]]:
    """Blanks where the case says that there is a number: stored energy, heat, loading of branches with a limit."""
    dispatch = record.tables["dispatch"]
    for column, kinds in (("energy_mwh", ("storage", "heat_storage")), ("heat_mw", (*HEAT_KINDS, "heat_source"))):
        told = dispatch.loc[dispatch["kind"].isin(kinds), column].to_numpy(dtype=np.float64)
        yield from _count(f"tables/dispatch/{column}", told)
    yield from _missing_temperatures(record)
    if "branches" in record.tables:
        loading = record.tables["branches"]["loading_percent"]
        limits = [record.case.column(*name) for name in (("lines", "max_i_ka"), ("transformers", "max_s_mva"))]
        limited = np.tile(np.isfinite(np.concatenate(limits)), record.case.steps)
        yield from _count("tables/branches/loading_percent", loading[limited])


def _missing_temperatures(record: Record) -> Iterator[tuple[str, int]]:
    """Of what leaves consumers and stations, at the nodes that have any."""
    case = record.case
    ends = {"consumer_return_degc": "heat_loads", "station_supply_degc": "heat_sources"}
    for column, source in ends.items() if case.count("heat_nodes") else ():
        there = np.isin(np.arange(case.count("heat_nodes")), case.positions(source, "node"))
        told = record.tables["heat_nodes"][column].to_numpy(dtype=np.float64)
        yield from _count(f"tables/heat_nodes/{column}", told[np.tile(there, case.steps)])


def _count(place: str, values: Any) -> Iterator[tuple[str, int]]:
    bad = int((~np.isfinite(np.asarray(values, dtype=np.float64))).sum())
    if bad:
        yield place, bad
