"""Sheets of an .xlsx file as cells: what kind each is, and its text exactly as it stands in the file.

Numbers are not converted, so that they read back bit by bit. Formulas are marked as such and never computed,
links are never followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from gridpact.io.xlsx_parts import Attributes, Budget, Package, open_package, parse_part, refusal, relations

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_MERGED = 1000

# Formats 14 to 22 and 45 to 47 are dates and times everywhere, 27 to 36 and 50 to 58 in East Asia.
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
# What a format's code says without showing it: quoted and escaped characters, fillers, colours and currencies.
SILENT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})")
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
KINDS = {"n": "number", "s": "text", "str": "text", "inlineStr": "text", "b": "flag", "d": "date", "e": "error"}

Cell = tuple[int, str, str]
"""Column (from 0), kind and text. The kinds: number, text, flag, date, error, formula."""


@dataclass
class Sheet:
    """``rows`` are the number (from 1) and the cells of each row that has any, both in order."""

    name: str
    hidden: bool
    rows: list[tuple[int, list[Cell]]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


def read_sheets(file: str, data: bytes) -> list[Sheet]:
    """All sheets of a workbook. Raises InputError where it is damaged, encrypted, too large or has macros."""
    package = open_package(file, data)
    book = next((part for kind, part in relations(package, "").values() if kind == "officeDocument"), "")
    if book.lower().endswith(".bin"):
        raise refusal(file, "workbook is in the binary format of Excel (.xlsb)", "Save it as .xlsx.")
    links = relations(package, book)
    parts = dict(links.values())
    texts = _shared_texts(package, parts["sharedStrings"]) if "sharedStrings" in parts else []
    dates = _date_styles(package, parts["styles"]) if "styles" in parts else []
    sheets = _sheets(package, book)
    for link, sheet in sheets:
        kind, part = links.get(link, ("", ""))
        if kind == "worksheet":
            reader = _SheetReader(sheet, texts, dates, package.budget)
            parse_part(package, part, reader.start, reader.end, reader.text)
    return [sheet for _, sheet in sheets]


def column_letters(column: int) -> str:
    """The name of a column, counted from 0: A to Z, AA and so on."""
    before, letter = divmod(column, 26)
    return (column_letters(before - 1) if before else "") + chr(ord("A") + letter)


@cache
def column_number(letters: str) -> int:
    """The inverse of ``column_letters``."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _sheets(package: Package, book: str) -> list[tuple[str, Sheet]]:
    """The link to every sheet, and the sheet without its cells."""
    found: list[tuple[str, Sheet]] = []

    def start(element: str, attributes: Attributes) -> None:
        if element == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            found.append((link, Sheet(attributes.get("name", ""), hidden)))

    parse_part(package, book, start)
    return found


def _date_styles(package: Package, part: str) -> list[bool]:
    """For each style of cells whether it shows numbers as dates or times."""
    codes: dict[str, bool] = {}
    styles: list[bool] = []
    inside = [False]

    def start(element: str, attributes: Attributes) -> None:
        number = attributes.get("numFmtId", "0")
        if element == "cellXfs":
            inside[0] = True
        elif element == "numFmt":
            codes[number] = is_date_code(attributes.get("formatCode", ""))
        elif element == "xf" and inside[0]:
            styles.append(codes.get(number, number in map(str, DATE_FORMATS)))

    def end(element: str) -> None:
        if element == "cellXfs":
            inside[0] = False

    parse_part(package, part, start, end)
    return styles


def is_date_code(code: str) -> bool:
    """Whether a number format, like ``dd.mm.yyyy`` or ``[h]:mm``, shows a date or time."""
    return bool(re.search("[dmyhs]", SILENT.sub("", code), re.IGNORECASE))


def _shared_texts(package: Package, part: str) -> list[str]:
    """The texts that cells refer to by their number."""
    reader = _TextReader()
    parse_part(package, part, reader.start, reader.end, reader.text)
    return reader.texts


class _TextReader:
    """Gathers the texts of a document: of each element ``si`` or ``is`` all pieces ``t`` but pronunciations."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pieces: list[str] = []
        self.heard = False
        self.spoken = False

    def start(self, element: str, attributes: Attributes) -> None:
        if element == "rPh":
            self.spoken = True
        self.heard = element == "t" and not self.spoken

    def end(self, element: str) -> None:
        self.heard = False
        if element == "rPh":
            self.spoken = False
        elif element in ("si", "is"):
            self.texts.append(unescaped("".join(self.pieces)))
            self.pieces = []

    def text(self, piece: str) -> None:
        if self.heard:
            self.pieces.append(piece)


def unescaped(text: str) -> str:
    """A text with the characters that XML cannot hold, which are written like ``_x000D_``."""
    return ESCAPE.sub(_character, text) if "_x" in text else text


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return escape[0] if 0xD800 <= code < 0xE000 else chr(code)


class _SheetReader:
    """Gathers the rows of a sheet from its document."""

    def __init__(self, sheet: Sheet, texts: list[str], dates: list[bool], budget: Budget) -> None:
        self.sheet, self.texts, self.dates, self.budget = sheet, texts, dates, budget
        self.inline = _TextReader()
        self.row, self.column = 0, -1
        self.cells: list[Cell] = []
        self.attributes: Attributes = {}
        self.parts: dict[str, str] = {}
        self.pieces: list[str] | None = None
        self.in_data = False

    def start(self, element: str, attributes: Attributes) -> None:
        if element in ("v", "f") and self.in_data:
            self.pieces = []
        elif element == "c" and self.in_data:
            self._begin_cell(attributes)
        elif element == "row" and self.in_data:
            self._begin_row(attributes)
        elif element == "sheetData":
            self.in_data = True
        elif element == "mergeCell" and len(self.sheet.merged) < MOST_MERGED:
            self.sheet.merged.append(attributes.get("ref", ""))
        else:
            self.inline.start(element, attributes)

    def end(self, element: str) -> None:
        if element in ("v", "f") and self.pieces is not None:
            self.parts[element] = "".join(self.pieces)
            self.pieces = None
        elif element == "c" and self.in_data:
            self._end_cell()
        elif element == "row" and self.cells:
            self.sheet.rows.append((self.row, self.cells))
            self.cells = []
        elif element == "sheetData":
            self.in_data = False
        else:
            self.inline.end(element)

    def text(self, piece: str) -> None:
        if self.pieces is not None:
            self.pieces.append(piece)
        else:
            self.inline.text(piece)

    def _begin_row(self, attributes: Attributes) -> None:
        row = int(attributes.get("r", self.row + 1))
        if not self.row < row <= MOST_ROWS:
            raise ValueError("rows are not in order")
        self.row, self.column, self.cells = row, -1, []

    def _begin_cell(self, attributes: Attributes) -> None:
        column = self.column + 1
        if "r" in attributes:
            found = REFERENCE.fullmatch(attributes["r"])
            column = column_number(found[1]) if found and int(found[2]) == self.row else -1
        if not self.column < column < MOST_COLUMNS:
            raise ValueError("cells are not in order")
        self.column, self.attributes, self.parts = column, attributes, {}
        self.inline.texts.clear()

    def _end_cell(self) -> None:
        code = self.attributes.get("t", "n")
        kind, text = KINDS.get(code, ""), self._shown(code)
        if not kind:
            raise ValueError(f"there is no cell type {code!r}")
        if "f" in self.parts:
            kind, text = "formula", text or f"={self.parts['f']}"
        elif code == "n" and "s" in self.attributes and self._is_date(self.attributes["s"]):
            kind = "date"
        if text:
            self.cells.append((self.column, kind, text))
            self.budget.characters -= len(text)
            if self.budget.characters < 0:
                self.budget.refuse()

    def _shown(self, code: str) -> str:
        value = self.parts.get("v", "")
        if code == "n":
            return value.strip()
        if code == "inlineStr":
            return "".join(self.inline.texts)
        if code == "s" and value:
            number = int(value)
            if not 0 <= number < len(self.texts):
                raise ValueError(f"there is no shared text {number}")
            return self.texts[number]
        if code == "b":
            return "true" if value.strip() == "1" else "false"
        return unescaped(value) if code == "str" else value.strip()

    def _is_date(self, style: str) -> bool:
        return int(style) < len(self.dates) and self.dates[int(style)]
