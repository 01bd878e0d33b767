"""Change one thing in a record, and read one check of a certificate."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.results.record import Record

Change = Callable[[Any], Any]


def plus(by: float) -> Change:
    return lambda values: values + by


def times(by: float) -> Change:
    return lambda values: values * by


def with_table(record: Record, name: str, table: pd.DataFrame) -> Record:
    return replace(record, tables={**record.tables, name: table})


def with_cells(record: Record, name: str, column: str, change: Change, **where: object) -> Record:
    """``column`` changed in the rows of a table whose other columns have the given values (all rows without any)."""
    table = record.tables[name].copy()
    chosen = np.logical_and.reduce(
        [np.ones(len(table), dtype=bool)] + [(table[key] == v).to_numpy() for key, v in where.items()]
    )
    assert chosen.any(), f"no row of {name} is {where}"
    table.loc[chosen, column] = change(table.loc[chosen, column])
    return with_table(record, name, table)


def with_array(record: Record, name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Record:
    """An array of the stored solution, changed."""
    return replace(record, solution={**record.solution, name: change(np.array(record.solution[name]))})


def with_variable(record: Record, name: str, change: Change) -> Record:
    """The values of a variable of the stored program, changed in x."""

    def changed(x: NDArray[Any]) -> NDArray[Any]:
        columns = record.solution[f"column/{name}"]
        x[columns] = change(x[columns])
        return x

    return with_array(record, "x", changed)


def with_case_column(record: Record, table: str, column: str, values: object) -> Record:
    """The case of the record, changed in one column and without its profile."""
    tables = dict(record.case.tables)
    tables[table] = tables[table].assign(**{column: values})
    profiles = record.case.profiles
    kept = [name for name in profiles if not (name.startswith(f"{table}/") and name.endswith(f"/{column}"))]
    return replace(record, case=replace(record.case, tables=tables, profiles=profiles[kept]))


def check(certificate: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = [entry for entry in certificate["checks"] if entry["name"] == name]
    assert len(found) == 1, f"{name} among {[entry['name'] for entry in certificate['checks']]}"
    return found[0]


def failed(certificate: Mapping[str, Any]) -> set[str]:
    """Names of the required checks that did not pass."""
    return {entry["name"] for entry in certificate["checks"] if entry["required"] and not entry["passed"]}
