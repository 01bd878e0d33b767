"""Cells of one table: from text to ids, texts, numbers and flags, and what can be wrong with each.

A cell that is wrong becomes NaN, the default or blank in the typed table, so that the rules that compare cells
with each other can run on the rest and all mistakes come out at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Floats
from gridpact.case.schema import Column, Table
from gridpact.case.text import TextTable, near
from gridpact.errors import Issue

# Every digit has only one place in this pattern, so that no text takes long to be refused.
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
FLAGS = {"true": True, "1": True, "false": False, "0": False}

Known = Mapping[str, Set[str] | None]
"""The ids of each table; None where they could not be read, so that references to them cannot be judged."""


def type_table(table: Table, text: TextTable) -> pd.DataFrame:
    """The table with all columns of the schema, typed; absent columns at their defaults."""
    rows = pd.RangeIndex(len(text.cells))
    present, absent = (
        [column for column in table.columns if (column.name in text.cells) == there] for there in (True, False)
    )
    columns = {column.name: _type_column(column, text.stripped(column.name)) for column in present}
    columns |= {column.name: _type_column(column, [""]).repeat(len(rows)).set_axis(rows) for column in absent}
    return pd.DataFrame(columns, index=rows, columns=[column.name for column in table.columns])


def numbers(texts: list[str]) -> Floats:
    """The texts as numbers, NaN where one is not a finite decimal number; shape (n,)."""
    match = NUMBER.fullmatch
    values = np.array([float(text) if match(text) else np.nan for text in texts], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def in_bounds(column: Column, values: Floats) -> NDArray[np.bool_]:
    """Whether each number respects the column's bounds (NaN does); shape (n,)."""
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return ~((values < low) | (values > high) | (column.positive & (values <= 0.0)))


def column_names(table: Table, text: TextTable) -> Iterator[Issue]:
    """Unknown, nameless, doubled and missing columns."""
    known = [column.name for column in table.columns]
    present = list(text.cells.columns)
    for name in dict.fromkeys(present):
        if name not in known:
            fix = "Give it a name or delete it." if not name.strip() else f"Delete it.{near(name, known)}"
            yield Issue(f"there is no column {name!r} in {table.name}", fix, text.file, _header_row(text), name)
        elif present.count(name) > 1:
            yield Issue("column stands there more than once", "Delete one of them.", text.file, _header_row(text), name)
    for column in table.columns:
        if column.required and column.name not in present:
            fix = f"Add it: {column.description}{f' ({column.unit})' if column.unit else ''}."
            yield Issue(f"required column {column.name!r} is missing", fix, text.file, _header_row(text), column.name)


def _header_row(text: TextTable) -> int:
    return 0 if len(text.rows) and text.rows[0] == 0 else 1


def cells_of_table(table: Table, text: TextTable, known: Known) -> Iterator[Issue]:
    """Everything that is wrong with single cells of a table, and ids that stand there twice."""
    for column in table.columns:
        if column.name in text.cells:
            yield from _cells_of_column(column, text, known)
    if table.columns[0].kind == "id" and table.key in text.cells:
        yield from _doubled_ids(table, text)


def _cells_of_column(column: Column, text: TextTable, known: Known) -> Iterator[Issue]:
    texts = text.stripped(column.name)
    if column.required:
        blank = np.array([not cell for cell in texts], dtype=np.bool_)
        hint = " Also where a profile replaces it." if column.profile else ""
        yield from text.issues(
            blank, column.name, "required value is missing", f"Fill it in: {column.description}.{hint}"
        )
    yield from _RULES[column.kind](column, text, texts, known)


def number_issues(column: Column, text: TextTable, texts: list[str], name: str) -> Iterator[Issue]:
    """Texts that are no finite number within the column's bounds; ``name`` is the column of the file."""
    values = numbers(texts)
    none = np.flatnonzero(np.isnan(values)).tolist()
    kinds = {cell: _what_is_wrong(cell) for cell in {texts[place] for place in none}}
    for kind, fix in _NUMBER_FIXES.items():
        wrong = np.zeros(len(texts), dtype=np.bool_)
        wrong[[place for place in none if kinds[texts[place]] == kind]] = True
        yield from text.issues(wrong, name, kind, fix)
    yield from text.issues(~in_bounds(column, values), name, f"{column.name} {_bounds(column)}", _unit_fix(column))


_NUMBER_FIXES = {
    "number is not finite": "Write a finite number, or leave a cell blank whose column allows it.",
    "decimal comma": "Write the number with a decimal point.",
    "is not a number": "Write a number with a decimal point, without unit or thousands separators.",
}


def _what_is_wrong(text: str) -> str:
    if not text:
        return ""
    if NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text):
        return "number is not finite"
    return "decimal comma" if DECIMAL_COMMA.fullmatch(text) else "is not a number"


def _bounds(column: Column) -> str:
    low = "greater than 0" if column.positive else "" if column.minimum is None else f"at least {column.minimum:g}"
    high = "" if column.maximum is None else f"at most {column.maximum:g}"
    return f"must be {' and '.join(bound for bound in (low, high) if bound)}"


def _unit_fix(column: Column) -> str:
    return f"Correct the value{f', which is in {column.unit}' if column.unit else ''}."


def _number_rule(column: Column, text: TextTable, texts: list[str], known: Known) -> Iterator[Issue]:
    yield from number_issues(column, text, texts, column.name)


def _flag_rule(column: Column, text: TextTable, texts: list[str], known: Known) -> Iterator[Issue]:
    wrong = [bool(cell) and cell.lower() not in FLAGS for cell in texts]
    yield from text.issues(wrong, column.name, "is neither true nor false", "Write true or false (or 1 or 0).")


def _text_rule(column: Column, text: TextTable, texts: list[str], known: Known) -> Iterator[Issue]:
    if column.choices:
        wrong = [bool(cell) and cell not in column.choices for cell in texts]
        choices = ", ".join(column.choices)

        def fix(value: str) -> str:
            return f"Write one of: {choices}.{near(value, column.choices)}"

        yield from text.issues(wrong, column.name, "is not one of the choices", fix)


def _id_rule(column: Column, text: TextTable, texts: list[str], known: Known) -> Iterator[Issue]:
    raw = text.column(column.name)
    if column.references:
        yield from _unknown_ids(column, text, raw, known)
        return
    spaced = [cell != short and bool(short) for cell, short in zip(raw, texts, strict=True)]
    yield from text.issues(spaced, column.name, "id begins or ends with a space", "Delete the space.")
    slashed = ["/" in cell for cell in raw]
    yield from text.issues(slashed, column.name, "id contains '/'", "Use another sign; profiles use '/' themselves.")
    hidden = [not cell.isprintable() and cell == short for cell, short in zip(raw, texts, strict=True)]
    yield from text.issues(hidden, column.name, "id contains an invisible character", "Delete it.")


def _unknown_ids(column: Column, text: TextTable, raw: list[str], known: Known) -> Iterator[Issue]:
    ids = known[column.references]
    if ids is not None:
        wrong = [bool(cell.strip()) and cell not in ids for cell in raw]

        def fix(value: str) -> str:
            return f"Use an id of {column.references}, or add it there.{near(value, ids)}"

        yield from text.issues(wrong, column.name, f"there is no such id in {column.references}", fix)


_RULES: dict[str, Callable[[Column, TextTable, list[str], Known], Iterator[Issue]]] = {
    "number": _number_rule,
    "flag": _flag_rule,
    "text": _text_rule,
    "id": _id_rule,
}


def _doubled_ids(table: Table, text: TextTable) -> Iterator[Issue]:
    ids = pd.Series(text.column(table.key), dtype=object)
    doubled = ids.duplicated().to_numpy() & (ids.str.strip() != "").to_numpy()
    yield from text.issues(doubled, table.key, "id stands there twice", "Give every row its own id.")


def _type_column(column: Column, texts: list[str]) -> pd.Series[Any]:
    if column.kind == "number":
        return pd.Series(_typed_numbers(column, texts), dtype=np.float64)
    if column.kind == "flag":
        default = column.default is True
        return pd.Series([FLAGS.get(text.lower(), default) for text in texts], dtype=np.bool_)
    default_text = str(column.default) if column.default is not None else ""
    return pd.Series([text or default_text for text in texts], dtype=object)


def _typed_numbers(column: Column, texts: list[str]) -> Floats:
    values = numbers(texts)
    values[~in_bounds(column, values)] = np.nan
    if isinstance(column.default, float):
        values[[not text for text in texts]] = column.default
    return values
