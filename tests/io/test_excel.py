"""The workbook form: exact in both directions, the same to another program, and strict about what cells are."""

import dataclasses
import io
import re
import tomllib
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
from gridpact.io.folder import case_from_workbook, read_case, validate, write_case
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


@settings(max_examples=40)
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


@settings(max_examples=20)
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
    issues = validate(path)
    found = [(issue.file, issue.row, issue.column, issue.value) for issue in issues]
    assert found == [(f"book.xlsx [{sheet}]" if sheet else "book.xlsx", *rest) for sheet, *rest, _ in mistake["found"]]
    assert all(part in issue.message for issue, (*_, part) in zip(issues, mistake["found"], strict=True))
    assert mistake.get("fix", "") in " ".join(issue.fix for issue in issues)
    assert main(["validate", str(path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


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
