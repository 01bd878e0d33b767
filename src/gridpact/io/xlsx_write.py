"""Sheets as the bytes of an .xlsx file, every number with all its digits.

Libraries that write workbooks round numbers to 16 digits, which changes one double in four, and cut long texts;
a case must come back as it was. Columns of texts have the format "Text", so that what is typed there later stays
one: no name becomes a number or a date.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gridpact.case.cells import NUMBER
from gridpact.errors import InputError, Issue
from gridpact.io.xlsx_read import MOST_COLUMNS, MOST_ROWS, column_letters

LONGEST_TEXT = 32_767
LONGEST_NAME = 31
# The earliest date that the format knows: the same sheets give the same bytes.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
GENERAL, TEXT, BOLD = 0, 1, 2

# What XML cannot hold, and what could be read as the beginning of such an escape.
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4})")
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PROLOGUE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Column:
    """One column of a sheet: ``cells`` are numbers, "true" or "false", texts, or numbers among texts, as texts.

    A blank text leaves a cell blank.
    """

    name: str
    kind: str  # number, flag, text or mixed
    cells: Sequence[str]


def workbook_bytes(file: str, sheets: Sequence[tuple[str, Sequence[Column]]]) -> bytes:
    """A workbook with these sheets, in each the names of the columns as its first row.

    Raises InputError where the format cannot hold them: too many rows or columns, a text or a name too long.
    """
    for place, (name, columns) in enumerate(sheets):
        _judge(file, name, columns, [other.lower() for other, _ in sheets[:place]])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, pieces in _parts(sheets):
            entry = zipfile.ZipInfo(part, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as out:
                out.writelines(piece.encode() for piece in pieces)
    return stream.getvalue()


def _judge(file: str, name: str, columns: Sequence[Column], taken: list[str]) -> None:
    spoiled = set(name) & set("[]:*?/\\'") or not name.isprintable()
    if not 0 < len(name) <= LONGEST_NAME or spoiled or name.lower() in taken:
        message = "a workbook cannot have a sheet of this name"
        raise InputError([Issue(message, "Use the form with CSV files.", file, value=name)])
    rows = max((len(column.cells) for column in columns), default=0) + 1
    if rows > MOST_ROWS or len(columns) > MOST_COLUMNS:
        message = f"{rows} rows and {len(columns)} columns are more than a sheet holds ({MOST_ROWS} and {MOST_COLUMNS})"
        raise InputError([Issue(message, "Use the form with CSV files.", f"{file} [{name}]")])
    for column in columns:
        longest = max([column.name, *column.cells], key=len)
        if len(longest) > LONGEST_TEXT:
            message = f"text is longer than the {LONGEST_TEXT} characters that a cell holds"
            place = f"{file} [{name}]"
            raise InputError([Issue(message, "Shorten it.", place, 0, column.name[:40], f"{longest[:40]}...")])


def _parts(sheets: Sequence[tuple[str, Sequence[Column]]]) -> Iterator[tuple[str, Iterable[str]]]:
    """Name and content of every part of the archive."""
    numbers = range(1, len(sheets) + 1)
    yield "[Content_Types].xml", [_content_types(numbers)]
    yield "_rels/.rels", [_relations([("officeDocument", "xl/workbook.xml")])]
    yield "xl/workbook.xml", [_book([name for name, _ in sheets])]
    links = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    yield "xl/_rels/workbook.xml.rels", [_relations([*links, ("styles", "styles.xml")])]
    yield "xl/styles.xml", [STYLES]
    for number, (_, columns) in zip(numbers, sheets, strict=True):
        yield f"xl/worksheets/sheet{number}.xml", _sheet(columns)


def _content_types(numbers: Iterable[int]) -> str:
    parts = [("workbook.xml", "sheet.main"), ("styles.xml", "styles")]
    parts += [(f"worksheets/sheet{number}.xml", "worksheet") for number in numbers]
    overrides = "".join(f'<Override PartName="/xl/{part}" ContentType="{CONTENT}.{kind}+xml"/>' for part, kind in parts)
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    return f'{PROLOGUE}<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'


def _relations(links: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, start=1)
    )
    return f'{PROLOGUE}<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def _book(names: Sequence[str]) -> str:
    items = "".join(
        f'<sheet name="{escaped(name)}" sheetId="{number}" r:id="r{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return f'{PROLOGUE}<workbook xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}">{VIEWS}<sheets>{items}</sheets></workbook>'


VIEWS = "<bookViews><workbookView/></bookViews>"
# In the order of the constants: as it comes, as text (format 49), bold text for the names of columns.
STYLES = (
    f'{PROLOGUE}<styleSheet xmlns="{NAMESPACE}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def _sheet(columns: Sequence[Column]) -> Iterator[str]:
    yield f'{PROLOGUE}<worksheet xmlns="{NAMESPACE}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    yield f"<cols>{''.join(map(_width, range(len(columns)), columns))}</cols>" if columns else ""
    yield "<sheetData>"
    letters = [column_letters(place) for place in range(len(columns))]
    names = (_text_cell(f"{letter}1", column.name, BOLD) for letter, column in zip(letters, columns, strict=True))
    yield f'<row r="1">{"".join(names)}</row>'
    writers = [CELLS[column.kind] for column in columns]
    for row, texts in enumerate(zip(*(column.cells for column in columns), strict=True), start=2):
        cells = [
            write(f"{letter}{row}", text) for write, letter, text in zip(writers, letters, texts, strict=True) if text
        ]
        yield f'<row r="{row}">{"".join(cells)}</row>'
    yield "</sheetData></worksheet>"


def _width(place: int, column: Column) -> str:
    width = min(max(len(text) for text in [column.name, *column.cells[:50]]) + 2, 60)
    style = TEXT if column.kind == "text" else GENERAL
    return f'<col min="{place + 1}" max="{place + 1}" width="{width}" customWidth="1" style="{style}"/>'


def _text_cell(place: str, text: str, style: int = TEXT) -> str:
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escaped(text)}</t></is></c>'


def _number_cell(place: str, text: str) -> str:
    return f'<c r="{place}"><v>{escaped(text)}</v></c>'


def _flag_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="b"><v>{1 if text == "true" else 0}</v></c>'


def _mixed_cell(place: str, text: str) -> str:
    return _number_cell(place, text) if NUMBER.fullmatch(text) else _text_cell(place, text, GENERAL)


CELLS = {"number": _number_cell, "flag": _flag_cell, "text": _text_cell, "mixed": _mixed_cell}


def escaped(text: str) -> str:
    """A text for XML, with the characters that XML cannot hold as spreadsheet programs write them."""
    held = UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return held.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
