"""Several districts as one case, each with a name before its ids: nothing but the clock is shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue

SHARED = ("start", "step_minutes", "steps", "timezone", "currency", "frequency_hz", "window")


def join_cases(cases: Mapping[str, Case]) -> Case:
    """One case with the districts of all: bus "7" of the case given as "north" becomes "north.7".

    All ids, references and profiles are renamed so; the networks stay apart. Raises ``InputError`` where there is no
    case, where a name cannot stand in an id, and where the cases differ in start, steps, time zone, currency,
    frequency or window.
    """
    if not isinstance(cases, Mapping) or not all(isinstance(case, Case) for case in cases.values()):
        raise InputError([Issue("what is to be joined is not a mapping of cases", 'Give {"north": case, ...}.')])
    issues = [*_name_issues(cases), *_clock_issues(cases)]
    if issues:
        raise InputError(issues)
    tables = {name: pd.concat([_renamed(prefix, case, name) for prefix, case in cases.items()]) for name in SCHEMA}
    return replace(
        next(iter(cases.values())),
        name=" + ".join(cases),
        tables={name: table.reset_index(drop=True) for name, table in tables.items()},
        profiles=pd.concat([_profiles(prefix, case) for prefix, case in cases.items()], axis=1),
    )


def _name_issues(cases: Mapping[str, Case]) -> list[Issue]:
    if not cases:
        return [Issue("there is no case to join", "Give cases by name.")]
    fix = "Use letters, digits and signs other than '/', without space around them."
    wrong = [str(name) for name in cases if not isinstance(name, str) or not _stands_in_an_id(name)]
    return [Issue("the name of a district cannot stand in an id", fix, value=name) for name in wrong]


def _stands_in_an_id(name: str) -> bool:
    return name != "" and name == name.strip() and "/" not in name and name.isprintable()


def _clock_issues(cases: Mapping[str, Case]) -> list[Issue]:
    (first, like), *others = cases.items() if cases else [("", None)]
    return [
        Issue(f"{name!r} has another {column} than {first!r}", "Give all cases the same.", value=str(value))
        for name, case in others
        for column in SHARED
        if (value := getattr(case, column)) != getattr(like, column)
    ]


def _renamed(prefix: str, case: Case, table: str) -> pd.DataFrame:
    """A table with the prefix before every id and reference that is not blank."""
    frame = case.tables[table]
    names = [column.name for column in SCHEMA[table].columns if column.kind == "id"]
    return frame.assign(**{name: (f"{prefix}." + frame[name]).where(frame[name] != "", "") for name in names})


def _profiles(prefix: str, case: Case) -> pd.DataFrame:
    parts = [path.split("/") for path in case.profiles.columns]
    return case.profiles.set_axis([f"{table}/{prefix}.{name}/{column}" for table, name, column in parts], axis=1)
