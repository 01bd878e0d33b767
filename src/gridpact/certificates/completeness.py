"""Is everything there? Tables with each component and step exactly once, arrays of the right shape, finite numbers.

The other judges read the record as arrays; they are asked only when nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.certificates.check import Check
from gridpact.certificates.evidence import KINDS, steps_of
from gridpact.results.record import Record

FORMULATIONS = ("soc", "lindistflow", "dc")

# result table -> key column, table of the case, number columns
GRIDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "electricity_prices": (
        "bus",
        "buses",
        (
            "price_per_mwh",
            "energy_per_mwh",
            "loss_per_mwh",
            "reactive_loss_per_mwh",
            "voltage_per_mwh",
            "congestion_per_mwh",
            "interface_per_mwh",
            "reactive_price_per_mvarh",
        ),
    ),
    "interface": (
        "interface",
        "interfaces",
        ("import_mw", "import_mvar", "lmp_per_mwh", "buy_mw", "sell_mw"),
    ),
    "storages": ("storage", "storages", ("charge_mw", "discharge_mw", "energy_mwh")),
    "demand": ("load", "loads", ("fixed_mw", "bid_mw", "shifted_mw")),
    "buses": ("bus", "buses", ("vm_pu",)),
    "branches": ("branch", "branches", ("p_mw", "q_mvar", "i_ka", "loading_percent", "loss_mw", "cone_gap")),
}

# tables without a grid -> text columns, number columns
LISTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dispatch": (("snapshot", "device", "kind"), ("p_mw", "q_mvar", "heat_mw", "energy_mwh")),
    "limits": (("snapshot", "constraint", "component", "end", "unit"), ("multiplier",)),
    "settlement": (("participant", "kind", "carrier"), ("energy_mwh", "payment", "payment_cents")),
    "price_probes": (("snapshot", "bus", "carrier"), ("step_mw", "cost_minus", "cost", "cost_plus")),
}

# columns in which NaN has a meaning of its own
BLANKS = {
    ("dispatch", "heat_mw"),
    ("dispatch", "energy_mwh"),
    ("branches", "loading_percent"),
    ("price_probes", "cost_minus"),
    ("price_probes", "cost_plus"),
}

# variable of the solved program -> table of its rows, formulations that have it
VARIABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "flow_p": ("branches", FORMULATIONS),
    "flow_q": ("branches", ("soc", "lindistflow")),
    "current": ("branches", ("soc",)),
    "voltage": ("buses", ("soc", "lindistflow")),
    "angle": ("buses", ("dc",)),
    "buy": ("interfaces", FORMULATIONS),
    "sell": ("interfaces", FORMULATIONS),
    "import_q": ("interfaces", ("soc", "lindistflow")),
    "generator_p": ("generators", FORMULATIONS),
    "generator_q": ("generators", ("soc", "lindistflow")),
    "offer_p": ("offers", FORMULATIONS),
    "renewable_p": ("renewables", FORMULATIONS),
    "renewable_q": ("renewables", ("soc", "lindistflow")),
    "charge": ("storages", FORMULATIONS),
    "discharge": ("storages", FORMULATIONS),
    "energy": ("storages", FORMULATIONS),
    "bid_p": ("bids", FORMULATIONS),
    "shift_p": ("shiftable", FORMULATIONS),
}

VECTORS = ("q", "x", "b", "z", "s", "P_data", "A_data")
INDICES = ("P_indices", "P_indptr", "A_indices", "A_indptr", "cone_sizes")
REACTIVE = ("soc", "lindistflow")


def complete(record: Record) -> Check:
    """Every table, column, component, step and array that the result must have, each exactly once."""
    faults = [*_setting_faults(record), *_network_faults(record), *_table_faults(record), *_solution_faults(record)]
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


def _ids(case: Case, source: str) -> list[str]:
    return case.branch_ids() if source == "branches" else case.ids(source)


def _table_faults(record: Record) -> Iterator[str]:
    for name, (key, source, numbers) in GRIDS.items():
        ids = _ids(record.case, source)
        if name in record.tables or ids:
            yield from _column_faults(record, name, ("snapshot", key), numbers) or _grid_faults(record, name, key, ids)
    for name, (texts, numbers) in LISTS.items():
        yield from _column_faults(record, name, texts, numbers)
    if not _column_faults(record, "dispatch", *LISTS["dispatch"]):
        yield from _dispatch_faults(record)
    for name in ("limits", "price_probes"):
        if name in record.tables and (steps_of(record.case, record.tables[name]["snapshot"]) < 0).any():
            yield f"tables/{name}/snapshot"


def _column_faults(record: Record, name: str, texts: tuple[str, ...], numbers: tuple[str, ...]) -> list[str]:
    """Missing columns, and number columns that hold no numbers."""
    if name not in record.tables:
        return [f"tables/{name}"]
    table = record.tables[name]
    missing = [f"tables/{name}/{column}" for column in (*texts, *numbers) if column not in table.columns]
    present = [column for column in numbers if column in table.columns and len(table)]
    return missing + [f"tables/{name}/{column}" for column in present if table[column].dtype.kind not in "fi"]


def _grid_faults(record: Record, name: str, key: str, ids: list[str]) -> list[str]:
    table = record.tables[name]
    in_order = _ordered(record.case, table["snapshot"], table[key], ids)
    return [] if in_order else [f"tables/{name} (each {key} once per step, in the order of the case)"]


def _dispatch_faults(record: Record) -> Iterator[str]:
    rows = record.tables["dispatch"]
    for kind, source in KINDS.items():
        own = rows[rows["kind"] == kind]
        if not _ordered(record.case, own["snapshot"], own["device"], record.case.ids(source)):
            yield f"tables/dispatch (each {kind} once per step, in the order of the case)"
    if not set(rows["kind"]) <= set(KINDS):
        yield f"tables/dispatch/kind {sorted(set(rows['kind']) - set(KINDS))[0]}"


def _ordered(case: Case, snapshots: Any, names: Any, ids: list[str]) -> bool:
    if len(names) != len(ids) * case.steps or list(names) != ids * case.steps:
        return False
    return bool(np.array_equal(steps_of(case, snapshots), np.repeat(np.arange(case.steps), len(ids))))


def _solution_faults(record: Record) -> Iterator[str]:
    solution = record.solution
    names = (*VECTORS, *INDICES, "cone_kinds", "constant", "base_mva")
    missing = [name for name in names if name not in solution]
    yield from (f"solution/{name}" for name in missing)
    if missing:
        return
    columns, rows = solution["q"].size, solution["b"].size
    sizes = {"x": columns, "z": rows, "s": rows, "P_indptr": columns + 1, "A_indptr": columns + 1}
    yield from (f"solution/{name}" for name, size in sizes.items() if solution[name].shape != (size,))
    if int(solution["cone_sizes"].sum()) != rows:
        yield "solution/cone_sizes"
    yield from _index_faults(record, columns, rows)


def _index_faults(record: Record, columns: int, rows: int) -> Iterator[str]:
    case, formulation, solution = record.case, record.settings.get("formulation"), record.solution
    for name, (source, formulations) in VARIABLES.items():
        size = int(case.branches_in_service().sum()) if source == "branches" else case.count(source)
        if name == "renewable_q" and np.isnan(case.column("renewables", "sn_mva")).all():
            continue
        if size and formulation in formulations:
            yield from _shape_fault(f"column/{name}", solution, (size, case.steps), columns)
    balances = ("active_balance", "reactive_balance") if formulation in REACTIVE else ("active_balance",)
    for name in balances:
        yield from _shape_fault(f"row/{name}", solution, (case.count("buses"), case.steps), rows)


def _shape_fault(name: str, solution: Mapping[str, NDArray[Any]], shape: tuple[int, int], size: int) -> Iterator[str]:
    numbers = solution.get(name)
    if numbers is None or numbers.shape != shape or numbers.dtype.kind != "i" or _outside(numbers, size):
        yield f"solution/{name}"


def _outside(numbers: NDArray[Any], size: int) -> bool:
    return bool(((numbers < 0) | (numbers >= size)).any())


def _infinite(record: Record) -> Iterator[tuple[str, int]]:
    """Places with numbers that are not finite, and how many."""
    columns = {name: numbers for name, (_, _, numbers) in GRIDS.items()}
    columns |= {name: numbers for name, (_, numbers) in LISTS.items()}
    for name, numbers in columns.items():
        for column in numbers:
            if name in record.tables and (name, column) not in BLANKS:
                yield from _count(f"tables/{name}/{column}", record.tables[name][column].to_numpy())
    for name in (*VECTORS, "constant", "base_mva"):
        yield from _count(f"solution/{name}", record.solution[name])
    yield from _count("summary/objective", np.asarray(record.summary["objective"]))
    yield from _missing_values(record)


def _missing_values(record: Record) -> Iterator[tuple[str, int]]:
    """Blanks where the case says that there is a number: stored energy, loading of branches with a limit."""
    dispatch = record.tables["dispatch"]
    stored = dispatch.loc[dispatch["kind"] == "storage", "energy_mwh"].to_numpy(dtype=np.float64)
    yield from _count("tables/dispatch/energy_mwh", stored)
    if "branches" in record.tables:
        loading = record.tables["branches"]["loading_percent"]
        limits = [record.case.column(*name) for name in (("lines", "max_i_ka"), ("transformers", "max_s_mva"))]
        limited = np.tile(np.isfinite(np.concatenate(limits)), record.case.steps)
        yield from _count("tables/branches/loading_percent", loading[limited])


def _count(place: str, values: Any) -> Iterator[tuple[str, int]]:
    bad = int((~np.isfinite(np.asarray(values, dtype=np.float64))).sum())
    if bad:
        yield place, bad
