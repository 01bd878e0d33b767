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


def array_faults(record: Record) -> Iterator[str]:
    """Places in the solution that are not as they should be."""
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
