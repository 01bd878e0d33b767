"""A case that is being checked: typed as far as possible, with the texts it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.text import MOST_ROWS, TextCase
from gridpact.errors import Issue

SPARE = "\0"
"""Begins the names under which blank and doubled ids are kept; no file can contain it."""


@dataclass(frozen=True, eq=False)
class Draft:
    """``case`` has NaN where a number is missing or wrong, so that comparisons with it are false.

    ``profile_rows`` is the row of profiles.csv of each step, -1 where there is none; shape (steps,).
    """

    case: Case
    text: TextCase
    profile_rows: Ints

    def rows(self, table: str, wrong: ArrayLike, column: str, message: str, fix: str) -> Iterator[Issue]:
        """One issue for each wrong row of a table."""
        if table in self.text.tables:
            yield from self.text.tables[table].issues(wrong, column, message, fix)

    def steps(
        self, table: str, wrong: NDArray[np.bool_], columns: Sequence[str], message: str, fix: str
    ) -> Iterator[Issue]:
        """One issue for each component that is wrong in some step, at the first such step.

        ``wrong`` has shape (n, steps); the first of ``columns`` that has a profile is blamed, else the first of all.
        """
        rows = np.flatnonzero(wrong.any(axis=1))
        for count, row in enumerate(rows[:MOST_ROWS], start=1):
            more = len(rows) - MOST_ROWS if count == MOST_ROWS else 0
            rest = f" (so it is in {more} more rows of {table})" if more > 0 else ""
            yield self._first_step(table, int(row), wrong[row], columns, message + rest, fix)

    def _first_step(
        self, table: str, row: int, wrong: NDArray[np.bool_], columns: Sequence[str], message: str, fix: str
    ) -> Issue:
        step, name = int(wrong.argmax()), self.case.ids(table)[row]
        text = self.text.tables[table]
        paths = [f"{table}/{name}/{column}" for column in columns]
        found = [path for path in paths if path in self.case.profiles.columns]
        if not found or self.text.profiles is None:
            return Issue(message, fix, text.file, int(text.rows[row]), columns[0], text.value(row, columns[0]))
        moment = self.case.snapshots[step].isoformat()
        more = int(wrong.sum()) - 1
        when = f" at {moment}" + (f" and in {more} more steps" if more else "")
        value = repr(float(self.case.profiles[found[0]].iloc[step]))
        return Issue(message + when, fix, self.text.profiles.file, int(self.profile_rows[step]), found[0], value)

    def referred(self, table: str, column: str, values: Floats) -> Floats:
        """For each row of ``table``, the value of the row it refers to; NaN where that is unknown. Shape (n,)."""
        places = self.case.positions(table, column)
        return np.append(values, np.nan)[places]

    def given(self, table: str, column: str) -> NDArray[np.bool_]:
        """In which rows something stands in a column, right or wrong, or a profile replaces it; shape (n,)."""
        if table not in self.text.tables:
            return np.zeros(self.case.count(table), dtype=np.bool_)
        written = [bool(cell.strip()) for cell in self.text.tables[table].column(column)]
        varying = [f"{table}/{name}/{column}" in self.case.profiles.columns for name in self.case.ids(table)]
        return np.array(written, dtype=np.bool_) | np.array(varying, dtype=np.bool_)

    def all_known(self, table: str, column: str) -> bool:
        """Whether every reference of a column was found."""
        return bool((self.case.positions(table, column) >= 0).all())

    def own_names(self, table: str) -> bool:
        """Whether no id of the table was blank or doubled."""
        return not any(name.startswith(SPARE) for name in self.case.ids(table))
