"""Is everything of a reliability study there? Its tables with their rows and columns, its arrays, its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check
from gridpact.certificates.planning.fault_simulator import Simulated
from gridpact.certificates.planning.load_points import load_points
from gridpact.results.record import Record
from gridpact.results.reliability import INDICES

OF_GROUP: Final = ("customers", *INDICES)
OF_LOAD: Final = ("customers", "mean_mw", "failures_per_year", "hours_per_year", "hours_per_failure", "eens_mwh")
OF_FAULT: Final = ("failures_per_year", "customers", "mean_mw", "saifi", "saidi_h", "eens_mwh")
OF_YEARS: Final = ("mean", "low", "high")
TABLES: Final = {
    "reliability_loads": (("load", "feeder"), OF_LOAD),
    "reliability_feeders": (("feeder",), OF_GROUP),
    "reliability_system": (("system",), OF_GROUP),
    "reliability_faults": (("fault",), OF_FAULT),
    "reliability": (("index",), ("value",)),
}
YEARS: Final = {"reliability_monte_carlo": (("index",), OF_YEARS)}


def complete_reliability(record: Record, simulated: Simulated) -> Check:
    """Tables, columns, rows, arrays and figures that are missing or no numbers; NaN is one where nothing divides."""
    faults = list(_table_faults(record)) or list(row_faults(record, simulated))
    faults += [*_array_faults(record, simulated), *_figure_faults(record)]
    text = "Tables, rows, arrays and figures of the study that are missing, double or not numbers."
    return Check("reliability complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _table_faults(record: Record) -> Iterator[str]:
    wanted = TABLES | (YEARS if record.settings.get("monte_carlo_years") else {})
    for name, (texts, numbers) in wanted.items():
        table = record.tables.get(name)
        if table is None:
            yield f"tables/{name}"
            continue
        yield from (f"tables/{name}/{column}" for column in texts if column not in table)
        yield from (f"tables/{name}/{column}" for column in numbers if not _are_numbers(table, column))


def _are_numbers(table: pd.DataFrame, column: str) -> bool:
    return column in table and table[column].dtype.kind in "if" and not np.isinf(table[column]).any()


def row_faults(record: Record, simulated: Simulated) -> Iterator[str]:
    """Tables whose rows are not the loads, faults and indices of the case."""
    loads = load_points(record.case)
    own = [loads.names[load] for load in np.flatnonzero(loads.rate > 0.0)]
    faults = [*(fault.name for fault in simulated.faults), *(f"transformer of {name}" for name in own)]
    named: dict[str, tuple[str, Sequence[str]]] = {
        "reliability_loads": ("load", loads.names),
        "reliability_faults": ("fault", faults),
        "reliability_system": ("system", [record.case.name]),
        "reliability": ("index", INDICES),
    }
    for name, (key, rows) in named.items():
        if [str(row) for row in record.tables[name][key]] != list(rows):
            yield f"tables/{name} (rows)"


def _array_faults(record: Record, simulated: Simulated) -> Iterator[str]:
    for name, kinds in (("classes", "iu"), ("hours", "f")):
        array = record.solution.get(name)
        if array is None or array.dtype.kind not in kinds or array.shape != simulated.hours.shape:
            yield f"solution/{name}"


def _figure_faults(record: Record) -> Iterator[str]:
    for name in ("monte_carlo_years", "seed"):
        if type(record.settings.get(name)) is not int:
            yield f"settings/{name}"
    for name in ("customers", "feeders", *INDICES):
        value = record.summary.get(name, "")
        if value is not None and (not isinstance(value, int | float) or np.isinf(value)):
            yield f"summary/{name}"
