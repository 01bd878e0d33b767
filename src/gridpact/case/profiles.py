"""Profiles: columns called ``table/id/column``, each a time series in place of one value of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridpact.case.case import Floats, Ints
from gridpact.case.cells import Known, in_bounds, number_issues, numbers
from gridpact.case.horizon import parse_times
from gridpact.case.schema import SCHEMA, Column
from gridpact.case.text import TextTable, near
from gridpact.errors import Issue

NAME_FIX = "Call it table/id/column, for example loads/L1/p_mw."


def profile_column(path: str) -> Column | None:
    """The column of the schema that a profile replaces; None where there is none that may vary in time."""
    parts = path.split("/")
    if len(parts) != 3 or parts[0] not in SCHEMA:
        return None
    return next((column for column in SCHEMA[parts[0]].columns if column.name == parts[2] and column.profile), None)


def profile_issues(profiles: TextTable, known: Known) -> Iterator[Issue]:
    """Everything that is wrong with the columns and values of profiles.csv; its snapshots are not looked at."""
    paths = Counter(profiles.cells.columns)
    for path, count in paths.items():
        if count > 1:
            yield Issue("column stands there more than once", "Delete one of them.", profiles.file, 1, path)
        if path != "snapshot":
            yield from _column_issues(path, profiles, known)
    if "snapshot" not in paths:
        fix = "Add it: the start of every step, ISO 8601 with offset."
        yield Issue("required column 'snapshot' is missing", fix, profiles.file, 1, "snapshot")


def _column_issues(path: str, profiles: TextTable, known: Known) -> Iterator[Issue]:
    wrong = _what_is_wrong(path, known)
    if wrong:
        yield Issue(*wrong, profiles.file, 1, path)
        return
    column = profile_column(path)
    if column is not None:
        texts = profiles.stripped(path)
        blank = [not text for text in texts]
        yield from profiles.issues(blank, path, "value is missing", "Give a value for every snapshot.")
        yield from number_issues(column, profiles, texts, path)


def _what_is_wrong(path: str, known: Known) -> tuple[str, str] | None:
    """Message and fix for a column name that does not lead to a value."""
    parts = path.split("/")
    if len(parts) != 3:
        return f"{path!r} is not the name of a profile", NAME_FIX
    table, name, column = parts
    if table not in SCHEMA:
        return f"there is no table {table!r}", f"{NAME_FIX}{near(table, SCHEMA)}"
    ids = known[table]
    if ids is not None and name not in ids:
        return f"there is no id {name!r} in {table}", f"Use an id of {table}, or add it there.{near(name, ids)}"
    varying = [item.name for item in SCHEMA[table].columns if item.profile]
    if column in varying:
        return None
    if column in [item.name for item in SCHEMA[table].columns]:
        return f"{column} of {table} cannot vary in time", "Delete the column and give one value in the table."
    return (
        f"there is no column {column!r} in {table}",
        f"It may be one of: {', '.join(varying)}.{near(column, varying)}",
    )


def type_profiles(profiles: TextTable | None, snapshots: pd.DatetimeIndex) -> pd.DataFrame:
    """The profiles over the horizon, NaN where a value or its row is wrong; index: the snapshots."""
    columns: dict[str, Floats] = {}
    if profiles is not None:
        steps = snapshot_steps(profiles, snapshots)
        for path in profiles.cells.columns:
            column = profile_column(path)
            if column is not None:
                columns[path] = _over_horizon(column, profiles.stripped(path), steps, len(snapshots))
    return pd.DataFrame(columns, index=snapshots, columns=pd.Index(list(columns), dtype=object))


def snapshot_steps(profiles: TextTable, snapshots: pd.DatetimeIndex) -> Ints:
    """The step of the horizon that each row of the profiles stands for, -1 for none; shape (rows,)."""
    instants, naive, _ = parse_times(profiles.stripped("snapshot"))
    return np.where(naive, -1, snapshots.get_indexer(instants)).astype(np.int64)


def _over_horizon(column: Column, texts: list[str], steps: Ints, count: int) -> Floats:
    values = numbers(texts)
    values[~in_bounds(column, values)] = np.nan
    series = np.full(count, np.nan)
    series[steps[steps >= 0]] = values[steps >= 0]
    return series
