"""Which arrays a stored solution has, and what is missing or of the wrong shape in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.results.record import Record

FORMULATIONS = ("soc", "lindistflow", "dc")
REACTIVE = ("soc", "lindistflow")

# variable of the solved program -> table of its rows, formulations that have it
VARIABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "flow_p": ("branches", FORMULATIONS),
    "flow_q": ("branches", REACTIVE),
    "current": ("branches", ("soc",)),
    "voltage": ("buses", REACTIVE),
    "angle": ("buses", ("dc",)),
    "buy": ("interfaces", FORMULATIONS),
    "sell": ("interfaces", FORMULATIONS),
    "import_q": ("interfaces", REACTIVE),
    "generator_p": ("generators", FORMULATIONS),
    "generator_q": ("generators", REACTIVE),
    "offer_p": ("offers", FORMULATIONS),
    "renewable_p": ("renewables", FORMULATIONS),
    "renewable_q": ("renewables", REACTIVE),
    "charge": ("storages", FORMULATIONS),
    "discharge": ("storages", FORMULATIONS),
    "energy": ("storages", FORMULATIONS),
    "bid_p": ("bids", FORMULATIONS),
    "shift_p": ("shiftable", FORMULATIONS),
    "controlled_p": ("controllable", FORMULATIONS),
    "unserved_p": ("unserved", FORMULATIONS),
    "compensator_q": ("compensators", REACTIVE),
    "capacitor_q": ("capacitors", REACTIVE),
    "supply_temperature": ("heat_nodes", FORMULATIONS),
    "return_temperature": ("heat_nodes", FORMULATIONS),
    "chp_p": ("chps", FORMULATIONS),
    "chp_q": ("chps", REACTIVE),
    "chp_heat": ("chps", FORMULATIONS),
    "electric_boiler_heat": ("electric_boilers", FORMULATIONS),
    "heat_pump_heat": ("heat_pumps", FORMULATIONS),
    "gas_boiler_heat": ("gas_boilers", FORMULATIONS),
    "heat_charge": ("heat_storages", FORMULATIONS),
    "heat_discharge": ("heat_storages", FORMULATIONS),
    "heat_energy": ("heat_storages", FORMULATIONS),
    "unserved_heat": ("heat_unserved", FORMULATIONS),
}

VECTORS = ("q", "x", "b", "z", "s", "P_data", "A_data")
INDICES = ("P_indices", "P_indptr", "A_indices", "A_indptr", "cone_sizes")
SCALARS = ("constant", "base_mva")


def array_faults(record: Record) -> Iterator[str]:
    """Places in the solution that are not as they should be."""
    faults = list(program_faults(record.solution))
    yield from faults
    if not faults:
        yield from _index_faults(record, record.solution["q"].size, record.solution["b"].size)


def program_faults(solution: Mapping[str, NDArray[Any]], prefix: str = "") -> Iterator[str]:
    """What keeps the arrays under ``prefix`` from being a program with a solution."""
    kinds = dict.fromkeys(VECTORS, "fi") | dict.fromkeys(INDICES, "i") | dict.fromkeys(SCALARS, "fi")
    kinds["cone_kinds"] = "U"
    here = {name: solution.get(f"{prefix}{name}", np.zeros(0, dtype=np.bool_)) for name in kinds}
    wrong = [
        name
        for name, allowed in kinds.items()
        if here[name].dtype.kind not in allowed or here[name].ndim != (name not in SCALARS)
    ]
    yield from (f"solution/{prefix}{name}" for name in wrong)
    if not wrong:
        yield from (f"solution/{prefix}{name}" for name in _misfits(here))


def _misfits(arrays: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """Arrays whose lengths or numbers do not fit the others."""
    columns, rows = arrays["q"].size, arrays["b"].size
    sizes = {"x": columns, "z": rows, "s": rows, "P_indptr": columns + 1, "A_indptr": columns + 1}
    sizes["cone_kinds"] = arrays["cone_sizes"].size
    yield from (name for name, size in sizes.items() if arrays[name].size != size)
    if (arrays["cone_sizes"] < 0).any() or int(arrays["cone_sizes"].sum()) != rows:
        yield "cone_sizes"
    if not arrays["base_mva"] > 0.0:
        yield "base_mva"
    for matrix, height in (("P", columns), ("A", rows)):
        data, indices, ends = (arrays[f"{matrix}_{part}"] for part in ("data", "indices", "indptr"))
        if not ends.size or ends[0] != 0 or ends[-1] != indices.size or (np.diff(ends) < 0).any():
            yield f"{matrix}_indptr"
        if data.size != indices.size:
            yield f"{matrix}_data"
        if _outside(indices, height):
            yield f"{matrix}_indices"


def _index_faults(record: Record, columns: int, rows: int) -> Iterator[str]:
    case, formulation, solution = record.case, record.settings.get("formulation"), record.solution
    for name, (source, formulations) in VARIABLES.items():
        size = int(case.branches_in_service().sum()) if source == "branches" else case.count(source)
        if name == "renewable_q" and np.isnan(case.column("renewables", "sn_mva")).all():
            continue
        if size and formulation in formulations:
            yield from _shape_fault(f"column/{name}", solution, (size, case.steps), columns)
    balances = {"active_balance": "buses"} | ({"reactive_balance": "buses"} if formulation in REACTIVE else {})
    balances |= {"supply_balance": "heat_nodes", "return_balance": "heat_nodes"} if case.count("heat_nodes") else {}
    for name, source in balances.items():
        yield from _shape_fault(f"row/{name}", solution, (case.count(source), case.steps), rows)


def _shape_fault(name: str, solution: Mapping[str, NDArray[Any]], shape: tuple[int, int], size: int) -> Iterator[str]:
    numbers = solution.get(name)
    if numbers is None or numbers.shape != shape or numbers.dtype.kind != "i" or _outside(numbers, size):
        yield f"solution/{name}"


def _outside(numbers: NDArray[Any], size: int) -> bool:
    return bool(((numbers < 0) | (numbers >= size)).any())
