"""CSV files and case.toml from bytes to text tables, and what can be wrong with a file as a whole."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd

from gridpact.case.schema import HEADER
from gridpact.case.text import MOST_ROWS, TextTable, header_text
from gridpact.errors import Issue

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
MOST_HEADER_BYTES = 16 * 1024
SAVE_UTF8 = "Save the file as UTF-8 (in Excel: 'CSV UTF-8')."

Parsed = tuple[TextTable | None, list[Issue]]


def decode(file: str, data: bytes) -> tuple[str | None, list[Issue]]:
    """The text of a UTF-8 file, with or without byte-order mark; None and an issue where it is none."""
    if data.startswith(UTF16_MARKS):
        return None, [Issue("file is in UTF-16", SAVE_UTF8, file)]
    zero = data.find(b"\0")
    if zero >= 0:
        return None, [Issue("file contains a NUL byte", SAVE_UTF8, file, data.count(b"\n", 0, zero) + 1)]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        return None, [Issue("file is not in UTF-8", SAVE_UTF8, file, row, value=repr(data[error.start : error.end]))]


def most_cells(data: bytes) -> int:
    """As many cells as a CSV file may have, without reading it."""
    return data.count(b",") + max(data.count(b"\n"), data.count(b"\r")) + 1


def parse_csv(file: str, data: bytes) -> Parsed:
    """A CSV file as a text table; None where it is no CSV file. Blank rows are skipped."""
    issues = decode(file, data)[1]
    if issues:
        return None, issues
    lines: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), strict=True)
    row = 1
    try:
        for cells in reader:
            if cells and (cells[0].strip() or any(map(str.strip, cells))):
                lines.append((row, cells))
            row = reader.line_num + 1
    except csv.Error as error:
        fix = 'Look for a quotation mark that is not closed, or quote cells with " and write " inside them as "".'
        return None, [Issue(f"row cannot be read as CSV: {error}", fix, file, row)]
    return _table(file, lines)


def _table(file: str, lines: list[tuple[int, list[str]]]) -> Parsed:
    if not lines:
        return None, [Issue("file is empty", "Write a header with the names of the columns, or delete the file.", file)]
    names = [name.strip() for name in lines[0][1]]
    if len(names) == 1 and re.search("[;\t|]", names[0]):
        return None, [Issue("columns are not separated by commas", "Save it with commas.", file, 1, value=names[0])]
    rows = np.array([row for row, _ in lines[1:]], dtype=np.int64)
    ragged = np.array([len(cells) != len(names) for _, cells in lines[1:]], dtype=np.bool_)
    body = [cells if len(cells) == len(names) else cells[:1] + [""] * (len(names) - 1) for _, cells in lines[1:]]
    cells = pd.DataFrame(body, columns=pd.Index(names, dtype=object), index=pd.RangeIndex(len(body)), dtype=object)
    return TextTable(file, cells, rows, ragged), list(_ragged_issues(file, len(names), lines[1:]))


def _ragged_issues(file: str, width: int, lines: list[tuple[int, list[str]]]) -> Iterator[Issue]:
    wrong = [(row, len(cells)) for row, cells in lines if len(cells) != width]
    fix = "Give every column a cell. Was a decimal comma or an unquoted comma taken for a separator?"
    for row, count in wrong[:MOST_ROWS]:
        yield Issue(f"row has {count} cells where the header has {width}", fix, file, row)
    if len(wrong) > MOST_ROWS:
        yield Issue(f"{len(wrong)} rows have too few or too many cells in all", fix, file, wrong[-1][0])


def parse_header(file: str, data: bytes) -> Parsed:
    """case.toml as a table of one row; values of the wrong type are reported."""
    if len(data) > MOST_HEADER_BYTES:
        fix = "Keep the lines with name, currency, time zone and steps only."
        return None, [Issue(f"file is larger than {MOST_HEADER_BYTES >> 10} kB", fix, file)]
    text, issues = decode(file, data)
    if text is None:
        return None, issues
    try:
        values = tomllib.loads(text)
        texts = {key: _toml_text(value) for key, value in values.items()}
    except (ValueError, RecursionError) as error:
        return None, [Issue(f"file cannot be read as TOML: {error}", 'Write lines like name = "my district".', file)]
    kinds = {column.name: column.kind for column in HEADER.columns}
    wrong = [key for key in values if key in kinds and not _fits(key, values[key], kinds[key])]
    found = [Issue("value has the wrong type", TYPE_FIXES[kinds[key]], file, 0, key, texts[key]) for key in wrong]
    return header_text(file, texts), found


TYPE_FIXES = {"number": "Write a number without quotation marks.", "text": "Write a text in quotation marks."}


def _fits(key: str, value: object, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) or (key == "start" and isinstance(value, datetime))


def _toml_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value) if isinstance(value, float) else str(value)
