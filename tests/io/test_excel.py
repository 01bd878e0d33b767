"""The workbook form: exact in both directions, the same to another program, and strict about what cells are."""

import dataclasses
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from gridpact.case.case import Case
from gridpact.case.text import tables_to_write
from gridpact.cli import main
from gridpact.errors import InputError, Issue
from gridpact.io.excel import case_to_workbook
from gridpact.io.folder import case_from_workbook, read_case, write_case
from gridpact.io.xlsx_read import column_letters, column_number, is_date_code, read_sheets, unescaped
from gridpact.io.xlsx_write import Column, escaped, workbook_bytes
from tests.io.made import assert_same_case, cases

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"
BASE = read_case(BAD / "base")
MISTAKES: list[dict[str, Any]] = tomllib.loads((BAD / "workbooks.toml").read_text(encoding="utf-8"))["mistake"]


def read_back(data: bytes) -> Case:
    case, issues = case_from_workbook("book.xlsx", data)
    assert issues == []
    assert case is not None
    return case


# --- there and back ------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(cases())
def test_read_after_write_is_the_identity(case: Case) -> None:
    assert_same_case(read_back(case_to_workbook("book.xlsx", case)), case)


@pytest.mark.campaign
@settings(max_examples=3000)
@given(cases())
def test_read_after_write_is_the_identity_at_length(case: Case) -> None:
    assert_same_case(read_back(case_to_workbook("book.xlsx", case)), case)


def test_folder_and_workbook_hold_the_same_case(tmp_path: Path) -> None:
    write_case(BASE, tmp_path / "new" / "book.XLSX")
    write_case(read_case(tmp_path / "new" / "book.XLSX"), tmp_path / "case")
    assert_same_case(read_case(tmp_path / "case"), BASE)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["book.XLSX"]


def test_same_case_gives_the_same_bytes() -> None:
    assert case_to_workbook("book.xlsx", BASE) == case_to_workbook("other.xlsx", BASE)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.text(max_size=20))
def test_any_number_and_any_text_come_back(values: list[float], text: str) -> None:
    columns = [Column("x", "number", [repr(value) for value in values]), Column("t", "text", [text] * len(values))]
    rows = read_sheets("book.xlsx", workbook_bytes("book.xlsx", [("sheet", columns)]))[0].rows[1:]
    assert [float(cells[0][2]).hex() for _, cells in rows] == [value.hex() for value in values]
    assert [cells[1:] for _, cells in rows] == [[(1, "text", text)] if text else []] * len(values)


@given(st.text(alphabet="_x0041DFg\r\n\t\0\x1f", max_size=12) | st.text(max_size=8))
def test_escapes_are_undone(text: str) -> None:
    written = escaped(text)
    assert re.search("[\x00-\x08\x0b-\x1f]", written) is None
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        written = written.replace(entity, sign)
    assert unescaped(written) == text


# --- another program -----------------------------------------------------------------------------------------


def typed(kind: type, text: str) -> object:
    """A cell's text as the other program gives it."""
    if not text:
        return None
    return text == "true" if kind is bool else float(text) if kind in (int, float) else text


@settings(max_examples=10)
@given(cases())
def test_openpyxl_reads_the_same_values(case: Case) -> None:
    book = openpyxl.load_workbook(io.BytesIO(case_to_workbook("book.xlsx", case)))
    written = tables_to_write(case)
    assert book.sheetnames == ["case", *written]
    for name, cells in written.items():
        rows = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert rows[0] == list(cells.columns)
        for row, texts in zip(rows[1:], cells.itertuples(index=False), strict=True):
            kinds = [type(value) for value in row]
            assert row == [typed(kind, text) for kind, text in zip(kinds, texts, strict=True)]
            assert {type(value) for value, text in zip(row, texts, strict=True) if text} <= {str, float, int, bool}


def test_columns_of_names_have_the_format_text() -> None:
    """What is typed there later stays a text: 007, 1-2, 2024-01-31."""
    book = openpyxl.load_workbook(io.BytesIO(case_to_workbook("book.xlsx", BASE)))
    formats = {name: book["lines"].column_dimensions[name].number_format for name in "ABCD"}
    assert formats == {"A": "@", "B": "@", "C": "@", "D": "General"}
    assert book["lines"]["A2"].number_format == "@"
    assert book["profiles"].column_dimensions["A"].number_format == "@"


def openpyxl_book(case: Case) -> openpyxl.Workbook:
    """The case as openpyxl writes it: shared texts, whole numbers without a point."""
    book = openpyxl.load_workbook(io.BytesIO(case_to_workbook("book.xlsx", case)))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                cell.number_format = "General"
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_books_of_openpyxl_are_read() -> None:
    assert_same_case(read_back(saved(openpyxl_book(BASE))), BASE)


def test_names_that_are_whole_numbers_are_names() -> None:
    """A spreadsheet program stores a bus called 101 as a number; it is shown and meant as 101."""
    book = openpyxl_book(BASE)
    for place in ("shunts!A2", "compensators!A2"):
        sheet, cell = place.split("!")
        book[sheet][cell] = 101
    book["switches"]["C2"] = 0
    case = read_back(saved(book))
    assert (case.ids("shunts"), case.ids("compensators")) == (["101"], ["101"])
    assert case.flags("switches", "closed").tolist() == [False]


def test_blank_rows_comments_and_spare_formats_change_nothing() -> None:
    book = openpyxl_book(BASE)
    book["loads"].insert_rows(3)
    book["loads"]["A9"] = "  "
    book["loads"]["Z50"].font = openpyxl.styles.Font(bold=True)
    book["loads"]["A2"].comment = openpyxl.comments.Comment("biggest customer", "me")
    book["loads"]["C2"].number_format = '0.0 "MW per day, month and second"'
    assert_same_case(read_back(saved(book)), BASE)


# What other programs write: prefixes, absolute and oddly cased names of parts, the strict form's types, texts in
# pieces with a pronunciation, formulas shared by cells, rows and cells without their numbers, a hidden chart.
OTHER = {
    "_rels/.rels": """<Relationships><Relationship Id="a" Target="/Book/Workbook.xml"
        Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"/></Relationships>""",
    "book/workbook.xml": """<x:workbook xmlns:x="y" xmlns:d1="z"><x:sheets><x:sheet name="a &amp; b" d1:id="r1"/>
        <x:sheet name="chart" sheetId="4" state="veryHidden" d1:id="r2"/></x:sheets></x:workbook>""",
    "book/_rels/workbook.xml.rels": """<Relationships><Relationship Id="r1" Type="u/worksheet" Target="s/../S1.xml"/>
        <Relationship Id="r2" Type="u/chartsheet" Target="c.xml"/>
        <Relationship Id="r3" Type="u/styles" Target="/book/styles.xml"/>
        <Relationship Id="r4" Type="u/sharedStrings" Target="texts.xml"/></Relationships>""",
    "book/styles.xml": """<styleSheet><numFmts><numFmt numFmtId="164" formatCode="d/m/yy"/></numFmts>
        <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>
        <xf numFmtId="22"/></cellXfs><dxfs><dxf/></dxfs></styleSheet>""",
    "book/texts.xml": """<sst><si><t>pla</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">two </t></r><r><t>pieces
</t></r><rPh sb="0" eb="1"><t>spoken</t></rPh></si></sst>""",
    "book/s1.xml": """<x:worksheet xmlns:x="y"><x:cols><x:col min="1"/></x:cols><x:sheetData>
        <x:row><x:c t="s"><x:v>0</x:v></x:c><x:c r="C1" t="s"><x:v>1</x:v></x:c><x:c/></x:row>
        <x:row r="7"><x:c r="B7" s="1"><x:v>45000</x:v></x:c><x:c s="2"><x:v>0.5</x:v></x:c><x:c><x:f>A1</x:f></x:c>
        <x:c><x:f t="shared" si="0"/><x:v>4</x:v></x:c><x:c t="d"><x:v>2024-01-01</x:v></x:c></x:row>
        <x:row><x:c t="b"><x:v>1</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c><x:c s="0"><x:v>1.5E-3</x:v></x:c>
        <x:c t="str"><x:v>said_x000D_</x:v></x:c></x:row></x:sheetData>
        <x:mergeCells><x:mergeCell ref="A2:B3"/></x:mergeCells><x:extLst><x:f>B2</x:f></x:extLst></x:worksheet>""",
}


def test_other_ways_of_writing_the_same_are_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, document in OTHER.items():
            archive.writestr(name, document)
    sheet, chart = read_sheets("book.xlsx", stream.getvalue())
    assert (sheet.name, sheet.hidden, sheet.merged) == ("a & b", False, ["A2:B3"])
    assert (chart.name, chart.hidden, chart.rows) == ("chart", True, [])
    assert sheet.rows == [
        (1, [(0, "text", "pla"), (2, "text", "two pieces\n")]),
        (
            7,
            [
                (1, "date", "45000"),
                (2, "date", "0.5"),
                (3, "formula", "=A1"),
                (4, "formula", "4"),
                (5, "date", "2024-01-01"),
            ],
        ),
        (8, [(0, "flag", "true"), (1, "error", "#N/A"), (2, "number", "1.5E-3"), (3, "text", "said\r")]),
    ]


# --- mistakes ------------------------------------------------------------------------------------------------


def spoiled(mistake: dict[str, Any]) -> bytes:
    """The workbook of the base case with the mistake in it."""
    book = openpyxl_book(BASE)
    for name in mistake.get("remove", []):
        del book[name]
    for name, rows in mistake.get("add", {}).items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column, value)
    for place, value in mistake.get("cells", {}).items():
        name, cell = place.split("!")
        book[name][cell] = None if value == "" else value
    for place in mistake.get("merge", []):
        name, cells = place.split("!")
        book[name].merge_cells(cells)
    for name in mistake.get("hide", []):
        book[name].sheet_state = "hidden"
    return saved(book)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"])
def test_mistake_is_found_alone(mistake: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(spoiled(mistake))
    assert main(["validate", str(path), "--json"]) == 2
    issues = [Issue(**issue) for issue in json.loads(capsys.readouterr().out)["issues"]]
    found = [(issue.file, issue.row, issue.column, issue.value) for issue in issues]
    assert found == [(f"book.xlsx [{sheet}]" if sheet else "book.xlsx", *rest) for sheet, *rest, _ in mistake["found"]]
    assert all(part in issue.message for issue, (*_, part) in zip(issues, mistake["found"], strict=True))
    assert mistake.get("fix", "") in " ".join(issue.fix for issue in issues)


def test_dates_are_numbers_with_a_format() -> None:
    """The value of an issue is what the file holds; it is the date that was typed."""
    found = next(mistake for mistake in MISTAKES if mistake["name"] == "dates in cells")["found"]
    assert str(from_excel(int(found[1][3]))) == "2024-01-05 00:00:00"


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("dd.mm.yyyy", True),
        ("[$-407]d. mmmm yyyy", True),
        ("[h]:mm", True),
        ("yyyy\\-mm", True),
        ("General", False),
        ("0.00", False),
        ("0.00E+00", False),
        ("[Red]0.0;[Blue]-0.0", False),
        ('#,##0.00 "EUR per day"', False),
        ("_-* #,##0.00\\ [$EUR-407]_-", False),
        ("0\\d", False),
        ("@", False),
    ],
)
def test_formats_that_show_dates(code: str, date: bool) -> None:
    assert is_date_code(code) == date


def test_columns_are_named_as_spreadsheets_do() -> None:
    numbers = [0, 25, 26, 51, 52, 701, 702, 16_383]
    assert [column_letters(number) for number in numbers] == [get_column_letter(number + 1) for number in numbers]
    assert [column_number(column_letters(number)) for number in range(20_000)] == list(range(20_000))


# --- writing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("occupied", ["file", "folder"])
def test_nothing_is_written_over(occupied: str, tmp_path: Path) -> None:
    target = tmp_path / "book.xlsx"
    if occupied == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        target.mkdir()
    with pytest.raises(InputError, match="exists"):
        write_case(BASE, target)
    assert [path.name for path in tmp_path.rglob("*")] == ["book.xlsx"]


def test_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space left"):
        write_case(BASE, tmp_path / "book.xlsx")
    assert list(tmp_path.iterdir()) == []


def long_name(case: Case) -> Case:
    return dataclasses.replace(case, name="x" * 32_768)


def many_profiles(case: Case) -> Case:
    """More columns than the 16384 of a sheet."""
    wide = case.profiles[["loads/town/p_mw"] * 16_384]
    return dataclasses.replace(case, profiles=wide)


@pytest.mark.parametrize(("spoil", "message"), [(long_name, "longer than the 32767"), (many_profiles, "16385 columns")])
def test_what_no_workbook_holds_is_refused(spoil: Callable[[Case], Case], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        write_case(spoil(BASE), tmp_path / "book.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a" * 32, "a/b", "[x]", "a\nb", "CASE"])
def test_impossible_sheet_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="sheet of this name"):
        workbook_bytes("book.xlsx", [("case", []), (name, [])])


def test_values_that_are_no_numbers_are_written_as_they_are_and_found() -> None:
    """Writing does not judge, but hides nothing either."""
    lines = BASE.tables["lines"].assign(length_km=[1.0, float("inf"), float("nan")])
    spoiled_case = dataclasses.replace(BASE, tables={**BASE.tables, "lines": lines})
    _, issues = case_from_workbook("book.xlsx", case_to_workbook("book.xlsx", spoiled_case))
    found: dict[tuple[int, str], Issue] = {(issue.row, issue.column): issue for issue in issues}
    assert set(found) == {(2, "length_km"), (3, "length_km"), (4, "length_km")}
