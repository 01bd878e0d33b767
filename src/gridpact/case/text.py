"""A case as text: what a reader hands in before anything has been checked.

Every cell stays the text it was, so that an issue can quote it. A ``Case`` turned back into text goes through
the same checks as a file, and is what the writers write.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridpact.case.case import Case, Ints
from gridpact.case.schema import HEADER, SCHEMA, Column
from gridpact.errors import Issue

MOST_ROWS = 20
MOST_ISSUES = 1000
MOST_NAMES = 1000
LONGEST_NAME = 100
LONGEST_QUOTE = 200


@dataclass(frozen=True, eq=False)
class TextTable:
    """One table: ``cells`` are texts, ``rows`` the line of the file of each row, ``file`` its name in messages.

    ``ragged`` marks rows with too few or too many cells. They have been reported, their cells mean nothing.
    """

    file: str
    cells: pd.DataFrame
    rows: Ints
    ragged: NDArray[np.bool_]
    _columns: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _stripped: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def issues(
        self, wrong: ArrayLike, column: str, message: str, fix: str | Callable[[str], str], quote: bool = True
    ) -> Iterator[Issue]:
        """One issue for each wrong row, the last one standing for the rest where they are too many."""
        places = np.flatnonzero(np.asarray(wrong, dtype=bool) & ~self.ragged)
        texts = self.column(column) if quote and len(places) else []
        for count, place in enumerate(places[:MOST_ROWS], start=1):
            value = shortened(texts[place]) if quote else ""
            more = len(places) - MOST_ROWS if count == MOST_ROWS else 0
            rest = f" (so it is in {more} more rows, the last one row {self.rows[places[-1]]})" if more > 0 else ""
            advice = fix if isinstance(fix, str) else fix(value)
            yield Issue(message + rest, advice, self.file, int(self.rows[place]), column, value)

    def value(self, place: int, column: str) -> str:
        """The text of a cell; blank where the table has no such column."""
        return self.column(column)[place]

    def column(self, column: str) -> list[str]:
        """The cells of a column, the first where two have its name; blanks where the table has none.

        The list is made once and not to be changed.
        """
        if column not in self._columns:
            self._columns[column] = self._cells_of(column)
        return self._columns[column]

    def stripped(self, column: str) -> list[str]:
        """The same without surrounding space."""
        if column not in self._stripped:
            self._stripped[column] = [cell.strip() for cell in self.column(column)]
        return self._stripped[column]

    def _cells_of(self, column: str) -> list[str]:
        if column not in self.cells:
            return [""] * len(self.cells)
        cells = self.cells.loc[:, column]
        return [str(cell) for cell in (cells.iloc[:, 0] if isinstance(cells, pd.DataFrame) else cells)]


@dataclass(frozen=True, eq=False)
class TextCase:
    """All tables of a case as text; ``header`` is case.toml as a table of one row.

    What could not be read at all, and has been reported, is None (the header) or named in ``unreadable`` (a table,
    or "profiles").
    """

    header: TextTable | None
    tables: Mapping[str, TextTable]
    profiles: TextTable | None = None
    unreadable: frozenset[str] = field(default_factory=frozenset)


def text_table(file: str, cells: pd.DataFrame, rows: Ints | None = None) -> TextTable:
    """A table without ragged rows; without ``rows`` they are numbered as they would be in a file."""
    numbers = np.arange(2, len(cells) + 2, dtype=np.int64) if rows is None else rows
    return TextTable(file, cells, numbers, np.zeros(len(cells), dtype=np.bool_))


def near(word: str, words: Collection[str]) -> str:
    """' Did you mean ...?' for a near miss, else nothing."""
    few = len(words) <= MOST_NAMES and len(word) <= LONGEST_NAME
    close = difflib.get_close_matches(word, [item for item in words if len(item) <= LONGEST_NAME], n=1) if few else []
    return f" Did you mean {close[0]!r}?" if close else ""


def shortened(text: str) -> str:
    """A text as an issue quotes it."""
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."


def bounded(issues: list[Issue]) -> list[Issue]:
    """The first issues, and how many there are besides."""
    if len(issues) <= MOST_ISSUES:
        return issues
    more = len(issues) - MOST_ISSUES
    return [*issues[:MOST_ISSUES], Issue(f"there are {more} more mistakes", "Correct these first.")]


def case_to_text(case: Case) -> TextCase:
    """A case as text, every number in the shortest form that reads back as the same number."""
    tables = {name: text_table(name, _frame_to_text(name, frame)) for name, frame in case.tables.items()}
    return TextCase(_header_to_text(case), tables, _profiles_to_text(case))


def tables_to_write(case: Case) -> dict[str, pd.DataFrame]:
    """The tables, then the profiles, as texts: without empty tables and without columns at their default."""
    written = {
        name: _frame_to_text(name, case.tables[name][_columns_to_write(case, name)])
        for name in SCHEMA
        if name in case.tables and len(case.tables[name])
    }
    profiles = _profiles_to_text(case)
    return written if profiles is None else written | {"profiles": profiles.cells}


def _columns_to_write(case: Case, name: str) -> list[str]:
    frame = case.tables[name]
    columns = [column for column in SCHEMA[name].columns if column.name in frame]
    return [column.name for column in columns if not _at_default(column, frame[column.name])]


def _at_default(column: Column, values: pd.Series[Any]) -> bool:
    if column.required:
        return False
    return bool(values.isna().all()) if column.default != column.default else bool((values == column.default).all())


def header_text(file: str, values: Mapping[str, str]) -> TextTable:
    """The header as a table of one row; row 0, since no line of a table is to blame."""
    cells = pd.DataFrame({key: [value] for key, value in values.items()}, index=[0], dtype=object)
    return text_table(file, cells, np.zeros(1, dtype=np.int64))


def _header_to_text(case: Case) -> TextTable:
    return header_text("case", header_texts(case))


def header_texts(case: Case) -> dict[str, str]:
    """The values of the header as texts."""
    return {column.name: _cell(getattr(case, column.name)) for column in HEADER.columns}


def _frame_to_text(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    columns = {column.name: column for column in SCHEMA[name].columns} if name in SCHEMA else {}
    texts = [_column_to_text(values, columns.get(str(key))) for key, values in frame.items()]
    cells = pd.DataFrame(dict(enumerate(texts)), index=range(len(frame)), dtype=object)
    cells.columns = pd.Index([str(key) for key in frame.columns], dtype=object)
    return cells


def _column_to_text(values: pd.Series[Any], column: Column | None) -> list[str]:
    # A value missing from a profile, which has no column of a schema, is a mistake and no blank.
    may_be_blank = column is not None and (column.default != column.default or column.kind in ("id", "text"))
    if values.dtype == np.float64:  # as _cell does it, many at a time
        texts = list(map(repr, values.tolist()))
        return ["" if text == "nan" else text for text in texts] if may_be_blank else texts
    if may_be_blank:
        return ["" if blank else _cell(value) for value, blank in zip(values.tolist(), values.isna(), strict=True)]
    return [_cell(value) for value in values.tolist()]


def _profiles_to_text(case: Case) -> TextTable | None:
    if case.profiles.columns.empty:
        return None
    cells = _frame_to_text("profiles", case.profiles)
    cells.insert(0, "snapshot", [moment.isoformat() for moment in case.profiles.index], allow_duplicates=True)
    return text_table("profiles", cells)


def _cell(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return "" if value is None else str(value)
