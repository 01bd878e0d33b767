"""The workbook form of a case: an .xlsx file with the sheets ``case`` (one row), one for each table, and ``profiles``.

Cells must be values of the kind their column asks for. What a spreadsheet program makes of them by itself is
refused rather than guessed at: formulas, dates, numbers that are texts, merged cells, hidden sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.cells import numbers
from gridpact.case.schema import HEADER, SCHEMA
from gridpact.case.text import MOST_ROWS, TextCase, TextTable, header_texts, near, tables_to_write
from gridpact.errors import InputError, Issue
from gridpact.io.xlsx_read import REFERENCE, Cell, Sheet, column_letters, column_number, read_sheets
from gridpact.io.xlsx_write import Column, workbook_bytes

CASE_SHEET = "case"
PROFILES_SHEET = "profiles"
SHEETS = (CASE_SHEET, *SCHEMA, PROFILES_SHEET)
# A table takes memory for every cell under its names, whether filled or not.
MOST_PLACES = 2_000_000
WHOLE = re.compile(r"-?[0-9]{1,15}")

Texts = NDArray[Any]

PASTE = "Replace it by its value: copy the cells and paste them as values."
WRONG_KINDS = {
    "formula": ("cell holds a formula", PASTE),
    "error": ("cell holds an error", "Write the value."),
    "date": ("cell holds a date", "Write times as text, like 2024-01-31T13:00:00+01:00, and numbers as numbers."),
    "flag": ("cell holds a truth value", "Write what the column asks for."),
    "text": ("number is stored as text", "Write it as a number (in Excel: 'Convert to Number')."),
    "number": (
        "name is stored as a number that is not whole",
        "Write it as text (in Excel: the format 'Text').",
    ),
}


def parse_workbook(file: str, data: bytes) -> tuple[TextCase, list[Issue]]:
    """A workbook as text tables, and what is wrong with it as a workbook."""
    try:
        sheets = read_sheets(file, data)
    except InputError as error:
        return TextCase(None, {}, None, frozenset({*SCHEMA, PROFILES_SHEET})), error.issues
    issues = list(_sheet_issues(file, sheets))
    tables: dict[str, TextTable] = {}
    for sheet in sheets:
        if sheet.name in SHEETS and sheet.name not in tables:
            table, found = _table(_place(file, sheet), sheet)
            issues += found
            tables |= {} if table is None else {sheet.name: table}
    lost = frozenset(sheet.name for sheet in sheets if sheet.name in SHEETS and sheet.name not in tables)
    header, profiles = tables.pop(CASE_SHEET, None), tables.pop(PROFILES_SHEET, None)
    return TextCase(header, tables, profiles, lost - {CASE_SHEET}), issues


def _place(file: str, sheet: Sheet) -> str:
    return f"{file} [{sheet.name}]"


def _sheet_issues(file: str, sheets: Sequence[Sheet]) -> Iterator[Issue]:
    """Hidden, unknown and doubled sheets, and the missing one that every workbook has."""
    names = [sheet.name for sheet in sheets]
    for number, sheet in enumerate(sheets):
        if sheet.hidden:
            yield Issue("sheet is hidden", "Unhide and check it, or delete it.", _place(file, sheet))
        elif sheet.name not in SHEETS:
            fix = f"Delete or rename the sheet.{near(sheet.name.lower(), SHEETS)}"
            yield Issue("no table has this name", fix, _place(file, sheet))
        elif sheet.name in names[:number]:
            yield Issue("sheet stands there twice", "Delete one of them.", _place(file, sheet))
    if CASE_SHEET not in names:
        required = ", ".join(column.name for column in HEADER.columns if column.required)
        fix = f"Add it, with the columns {required} and one row."
        yield Issue(f"sheet {CASE_SHEET!r} is missing", fix, file)


def _table(file: str, sheet: Sheet) -> tuple[TextTable | None, list[Issue]]:
    """A sheet as a text table; None where it has no names of columns, or far too many places."""
    header = {column: text.strip() for column, _, text in sheet.rows[0][1]} if sheet.rows else {}
    body = [row for row in sheet.rows[1:] if any(text.strip() for column, _, text in row[1] if column in header)]
    if not any(header.values()) or sheet.rows[0][0] != 1:
        fix = "Write the names of the columns into the first row, or delete the sheet."
        return None, [Issue("first row is empty", fix, file, 1)]
    if len(header) * len(body) > MOST_PLACES:
        fix = "Use the folder form, with one CSV file for each table."
        return None, [Issue(f"sheet has {len(body)} rows of {len(header)} columns, which is too many", fix, file)]
    texts, kinds = _dense(list(header), body)
    names = pd.Index(list(header.values()), dtype=object)
    rows = np.array([row for row, _ in body], dtype=np.int64)
    table = TextTable(file, pd.DataFrame(texts, columns=names, dtype=object), rows, np.zeros(len(body), dtype=np.bool_))
    found = [*_place_issues(file, sheet, header), *_kind_issues(table, kinds, sheet.name)]
    if sheet.name == CASE_SHEET and len(body) != 1:
        return None, [*found, Issue(f"sheet has {len(body)} rows", "Write one row below the names.", file)]
    return table, found


def _dense(columns: list[int], body: list[tuple[int, list[Cell]]]) -> tuple[Texts, Texts]:
    """Texts and kinds of the cells below these columns, blank where there is no cell; shape (rows, columns)."""
    texts = np.full((len(body), len(columns)), "", dtype=object)
    kinds = np.full((len(body), len(columns)), "", dtype=object)
    places = {column: place for place, column in enumerate(columns)}
    for row, (_, cells) in enumerate(body):
        for column, kind, text in cells:
            if column in places:
                texts[row, places[column]], kinds[row, places[column]] = text, kind
    return texts, kinds


def _place_issues(file: str, sheet: Sheet, header: dict[int, str]) -> Iterator[Issue]:
    """Formulas among the names of columns, cells below none, and cells that are merged."""
    for column, kind, text in sheet.rows[0][1]:
        if kind == "formula":
            yield Issue("name of the column is a formula", PASTE, file, 1, column_letters(column), text)
    stray = [(row, cell) for row, cells in sheet.rows[1:] for cell in cells if cell[0] not in header]
    for row, (column, _, text) in stray[:MOST_ROWS]:
        fix = "Name the column in the first row, or delete the cell."
        yield Issue("cell stands below no name", fix, file, row, column_letters(column), text)
    for reference in sheet.merged[:MOST_ROWS]:
        first = REFERENCE.match(reference)
        below = header.get(column_number(first[1]), first[1]) if first else ""
        fix = "Split them, so that each has its own value."
        yield Issue("cells are merged", fix, file, int(first[2]) if first else 0, below, reference)


def _kind_issues(table: TextTable, kinds: Texts, name: str) -> Iterator[Issue]:
    """Cells of another kind than their column's."""
    for place, column in enumerate(table.cells.columns):
        asked = _asked_kind(name, column)
        if asked is not None and place == list(table.cells.columns).index(column):
            texts = [cell.strip() for cell in table.column(column)]
            for kind, wrong in _wrong_kinds(asked, texts, kinds[:, place]).items():
                yield from table.issues(wrong, column, *WRONG_KINDS[kind])


def _wrong_kinds(asked: str, texts: list[str], kinds: Texts) -> dict[str, NDArray[np.bool_]]:
    """For each kind of cell, where it must not stand in a column that asks for ``asked``."""
    wrong = {kind: kinds == kind for kind in ("formula", "error", "date")}
    if asked != "flag":
        wrong["flag"] = kinds == "flag"
    if asked == "number":
        # Texts that are no numbers at all are reported as such elsewhere.
        wrong["text"] = (kinds == "text") & ~np.isnan(numbers(texts))
    elif asked != "flag":
        wrong["number"] = (kinds == "number") & np.array([not WHOLE.fullmatch(text) for text in texts], bool)
    return wrong


def _asked_kind(sheet: str, column: str) -> str | None:
    """The kind of value that a column of a sheet is for; None where there is no such column."""
    if sheet == PROFILES_SHEET:
        return "text" if column == "snapshot" else "number"
    table = HEADER if sheet == CASE_SHEET else SCHEMA[sheet]
    return next((item.kind for item in table.columns if item.name == column), None)


def case_to_workbook(file: str, case: Case) -> bytes:
    """The workbook form. Raises InputError where a workbook cannot hold the case; the folder form can."""
    header = [_column(CASE_SHEET, name, [text]) for name, text in header_texts(case).items()]
    sheets = [(CASE_SHEET, header)]
    for name, cells in tables_to_write(case).items():
        columns = [_column(name, str(column), list(cells.iloc[:, at])) for at, column in enumerate(cells.columns)]
        sheets.append((name, columns))
    return workbook_bytes(file, sheets)


def _column(sheet: str, name: str, texts: list[str]) -> Column:
    """A column to write; what does not suit its kind is written as text and refused when it is read."""
    asked = _asked_kind(sheet, name) or "text"
    fits = not np.isnan(numbers([text or "0" for text in texts])).any() if asked == "number" else True
    return Column(name, "text" if asked == "id" or not fits else asked, texts)
