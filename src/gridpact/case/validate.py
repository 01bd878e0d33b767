"""From text to a case: every check in order, all mistakes at once.

The checks run on a draft, in which whatever is wrong has become NaN or a default, so that one mistake neither
hides another nor is reported twice. A case comes out only where nothing was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.cells import Known, cells_of_table, column_names, type_table
from gridpact.case.draft import SPARE, Draft
from gridpact.case.horizon import horizon_issues, parse_times, snapshot_issues
from gridpact.case.profiles import profile_issues, snapshot_steps, type_profiles
from gridpact.case.rules import RULES
from gridpact.case.schema import HEADER, SCHEMA
from gridpact.case.text import TextCase, TextTable, case_to_text, near, text_table
from gridpact.errors import InputError, Issue

CLOCK = frozenset({"timezone", "start", "step_minutes", "steps"})


def check(text: TextCase) -> tuple[Case | None, list[Issue]]:
    """The case, or None and everything that is wrong with it.

    What the reader could not read it has reported: nothing is said about it or about references to it, and no case
    comes out. If that is a table, the rules that compare values with each other do not run either.
    """
    rows = max((len(table.cells) for table in text.tables.values()), default=0)
    in_header = [] if text.header is None else list(_header_issues(text.header, rows))
    timed = text.header is not None and not CLOCK.intersection(issue.column for issue in in_header)
    known = _known_ids(text)
    found = in_header + list(_table_issues(text, known))
    case = _timed_case(text) if timed else _timeless_case(text)
    if text.profiles is not None:
        found += profile_issues(text.profiles, known)
    if timed and text.profiles is not None and "snapshot" in text.profiles.cells:
        found += snapshot_issues(text.profiles, case.snapshots)
    if not text.unreadable:
        found += _rule_issues(case, text)
    if found or text.unreadable or text.header is None:
        return None, found
    return case.marked_validated(), found


def require_valid(case: Case) -> Case:
    """The case as it would be read from disk. Raises InputError with every issue where it could not be."""
    if case.validated:
        return case
    valid, issues = check(case_to_text(case))
    if valid is None:
        raise InputError(issues)
    return valid


def _header_issues(header: TextTable, rows: int) -> Iterator[Issue]:
    yield from column_names(HEADER, header)
    yield from cells_of_table(HEADER, header, {})
    yield from horizon_issues(header, type_table(HEADER, header), rows)


def _table_issues(text: TextCase, known: Known) -> Iterator[Issue]:
    for name in text.tables:
        if name not in SCHEMA:
            fix = f"Delete it; the tables are {', '.join(SCHEMA)}.{near(name, SCHEMA)}"
            yield Issue(f"there is no table {name!r}", fix, text.tables[name].file)
    for name, table in SCHEMA.items():
        if name in text.tables:
            yield from column_names(table, text.tables[name])
            yield from cells_of_table(table, text.tables[name], known)
        if table.required and name not in text.unreadable and not _rows(text, name):
            yield Issue(f"table {name!r} is missing or empty", f"Add it: {table.description}", _file(text, name))


def _rows(text: TextCase, name: str) -> int:
    return len(text.tables[name].cells) if name in text.tables else 0


def _file(text: TextCase, name: str) -> str:
    return text.tables[name].file if name in text.tables else name


def _known_ids(text: TextCase) -> Known:
    """The ids of every table, None where they cannot be known."""
    ids: dict[str, set[str] | None] = {}
    for name, table in SCHEMA.items():
        there = text.tables.get(name)
        ids[name] = set(there.column(table.key)) if there is not None else set()
        if name in text.unreadable or (there is not None and table.key not in there.cells):
            ids[name] = None
    return ids


def _timed_case(text: TextCase) -> Case:
    """The typed case on its horizon."""
    assert text.header is not None
    typed = type_table(HEADER, text.header)
    values = {column.name: typed[column.name].iloc[0] for column in HEADER.columns}
    start = parse_times([values["start"]])[0][0].tz_convert(values["timezone"])
    values |= {"start": start, "steps": int(values["steps"])}
    case = Case(**values, tables=_typed_tables(text.tables), profiles=pd.DataFrame())
    return replace(case, profiles=type_profiles(text.profiles, case.snapshots))


def _timeless_case(text: TextCase) -> Case:
    """The typed tables where the horizon is not known: a single step of unknown length, without profiles."""
    start = pd.Timestamp(0, tz="UTC")
    nothing = pd.DataFrame(index=pd.DatetimeIndex([start], name="snapshot"))
    return Case("", "", "UTC", start, float("nan"), 1, _typed_tables(text.tables), nothing)


def _typed_tables(tables: Mapping[str, TextTable]) -> dict[str, pd.DataFrame]:
    nothing = text_table("", pd.DataFrame(index=range(0)))
    typed = {name: type_table(table, tables.get(name, nothing)) for name, table in SCHEMA.items()}
    for name, frame in typed.items():
        if not SCHEMA[name].columns[0].references:
            frame[SCHEMA[name].key] = _unique(frame[SCHEMA[name].key])
    return typed


def _unique(ids: pd.Series[str]) -> pd.Series[str]:
    """Blank and doubled ids, which have been reported, under names that nothing refers to."""
    renamed = ids.copy()
    for row in np.flatnonzero(ids.duplicated() | (ids == "")).tolist():
        renamed.iat[row] = f"{SPARE}{row}"
    return renamed


def _rule_issues(case: Case, text: TextCase) -> Iterator[Issue]:
    rows = np.full(case.steps, -1, dtype=np.int64)
    if text.profiles is not None and len(case.profiles.columns):
        steps = snapshot_steps(text.profiles, case.snapshots)
        rows[steps[steps >= 0]] = text.profiles.rows[steps >= 0]
    draft = Draft(case, text, rows)
    for rule in RULES:
        yield from rule(draft)
