"""Values of tables that count for nothing, since a series stands in their place."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA

MOST_NAMED = 3


def unused_values(case: Case) -> list[str]:
    """One line for each column of a table with values that are not used, because a profile has them for every step.

    Nothing is wrong with that; but whoever changes such a value changes nothing. Zeros and defaults are not told of.
    """
    rows = {name: {one: row for row, one in enumerate(case.ids(name))} for name in SCHEMA}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in case.profiles.columns:
        table, name, column = path.split("/")
        value, default = case.column(table, column)[rows[table][name]], SCHEMA[table].column(column).default
        if np.isfinite(value) and value not in (0.0, default):
            found[table, column].append(name)
    return [_line(case, *place, names) for place, names in found.items()]


def _line(case: Case, table: str, column: str, names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    named = f"{', '.join(names[:MOST_NAMED])}{more}"
    count = f"{len(names)} of {case.count(table)} values"
    return f"{table}, column {column}: {count} are unused, profiles take their place ({named})"
