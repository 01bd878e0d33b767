"""Cases on disk: the folder form (case.toml, one CSV file for each table, profiles.csv) and the workbook form.

Nothing is guessed: a file, column, key or value that is not understood is reported, and all mistakes at once.
Hidden files, subfolders and files that hold no tables (notes, pictures, studies) are left alone.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import HEADER, SCHEMA
from gridpact.case.text import TextCase, TextTable, bounded, case_to_text, near, tables_to_write
from gridpact.case.validate import check
from gridpact.errors import InputError, Issue
from gridpact.io.aside import write_new
from gridpact.io.csvtext import most_cells, parse_csv, parse_header
from gridpact.io.excel import case_to_workbook, parse_workbook
from gridpact.io.toml import toml_document

CASE_FILE = "case.toml"
PROFILES_FILE = "profiles.csv"
TABLE_FILES = {f"{name}.csv": name for name in SCHEMA}
CSV_FILES = {**TABLE_FILES, PROFILES_FILE: "profiles"}
KNOWN_FILES = (CASE_FILE, *CSV_FILES)
DATA_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".feather"})
WORKBOOK = ".xlsx"
OTHER_WORKBOOKS = frozenset({".xls", ".xlsb", ".xlsm", ".xlt", ".xltx", ".xltm", ".ods"})
# Far more than a market can be cleared for; beyond, a wrong case takes its reader's memory and patience.
MOST_BYTES = 64 * 1024 * 1024
MOST_CELLS = 1_500_000


def read_case(path: str | os.PathLike[str]) -> Case:
    """The case in a folder (or of the case.toml in it) or in an .xlsx workbook.

    Raises InputError, whose ``issues`` list every mistake found.
    """
    case, issues = _examine(Path(path))
    if case is None:
        raise InputError(issues)
    return case


def validate(source: str | os.PathLike[str] | Case) -> list[Issue]:
    """Everything that is wrong with a case on disk or in memory; an empty list where it is fine.

    Rows of a case in memory are counted as they would be in a file: the first is row 2.
    """
    if isinstance(source, Case):
        return bounded(check(case_to_text(source))[1])
    return _examine(Path(source))[1]


def write_case(case: Case, path: str | os.PathLike[str]) -> None:
    """Write the folder form, or a workbook where the path ends in .xlsx; ``read_case`` gives the same case again.

    Columns that are at their default throughout and empty tables are left out. A folder is made where there is
    none. Raises InputError where the folder has anything in it, where the workbook exists, or where a workbook
    cannot hold the case (about a million rows, texts of 32767 characters).
    """
    target = Path(path)
    if target.suffix.lower() == WORKBOOK:
        write_new(target, case_to_workbook(target.name, case))
    else:
        _write_folder(case, target)


def _write_folder(case: Case, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError([Issue("folder is not empty", "Give a new or an empty folder.", str(target))])
    target.mkdir(parents=True, exist_ok=True)
    (target / CASE_FILE).write_text(_header_document(case), encoding="utf-8", newline="\n")
    for name, cells in tables_to_write(case).items():
        _write_csv(target / f"{name}.csv", cells)


def _header_document(case: Case) -> str:
    values = {column.name: getattr(case, column.name) for column in HEADER.columns}
    return toml_document(values | {"start": case.start.isoformat()})


def _write_csv(path: Path, cells: pd.DataFrame) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(cells.columns)
        writer.writerows(zip(*(values.tolist() for _, values in cells.items()), strict=True))


def case_from_files(files: Mapping[str, bytes]) -> tuple[Case | None, list[Issue]]:
    """The case in the files of a folder, given as name and content; or None and what is wrong with them."""
    return _case_from_files(files, frozenset())


def _examine(path: Path) -> tuple[Case | None, list[Issue]]:
    try:
        is_workbook = path.suffix.lower() in {WORKBOOK, *OTHER_WORKBOOKS} and not path.is_dir()
        return _examine_workbook(path) if is_workbook else _examine_folder(path)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        return None, [Issue(f"path cannot be read: {error.strerror}", "Check it and its permissions.", str(path))]


def _examine_workbook(path: Path) -> tuple[Case | None, list[Issue]]:
    if path.suffix.lower() in OTHER_WORKBOOKS:
        return None, [Issue(f"{path.suffix} is not read", "Save it as .xlsx, without macros.", str(path))]
    if not path.is_file():
        fault = "is not a regular file" if path.exists() else "there is no such file"
        return None, [Issue(fault, "Give a workbook or the folder of a case.", str(path))]
    data = _read(path, path.name, MOST_BYTES)
    return case_from_workbook(path.name, data) if isinstance(data, bytes) else (None, [data])


def case_from_workbook(file: str, data: bytes) -> tuple[Case | None, list[Issue]]:
    """The case in the bytes of a workbook, called ``file`` in messages; or None and what is wrong with it."""
    return _checked(*parse_workbook(file, data))


def _checked(text: TextCase, issues: list[Issue]) -> tuple[Case | None, list[Issue]]:
    """The case, or None and the issues of its reader with those of the checks."""
    case, found = check(text)
    # What the reader has said about a cell is enough; what follows from it is not a second mistake.
    judged = {(issue.file, issue.row, issue.column) for issue in issues if issue.column}
    issues = issues + [issue for issue in found if (issue.file, issue.row, issue.column) not in judged]
    return (None if issues else case), bounded(issues)


def _examine_folder(path: Path) -> tuple[Case | None, list[Issue]]:
    folder = path.parent if path.name == CASE_FILE else path
    if not folder.is_dir():
        fix = f"Give a folder with {CASE_FILE} and one CSV file for each table."
        return None, [Issue("this is no folder" if folder.exists() else "there is no such folder", fix, str(path))]
    files: dict[str, bytes] = {}
    issues: list[Issue] = []
    left = MOST_BYTES
    for entry in sorted(folder.iterdir()):
        content = _read_entry(entry, folder.resolve(), left) if _concerns_us(entry) else None
        if isinstance(content, bytes):
            files[entry.name] = content
            left -= len(content)
        elif content is not None:
            issues.append(content)
    cells = {file: most_cells(files[file]) for file in CSV_FILES if file in files}
    if sum(cells.values()) > MOST_CELLS:
        largest = max(cells, key=lambda file: cells[file])
        fix = "Use fewer or longer steps."
        return None, [*issues, Issue(f"case has more than {MOST_CELLS} cells", fix, largest)]
    case, found = _case_from_files(files, frozenset(issue.file for issue in issues))
    issues += found
    return (None if issues else case), issues


def _concerns_us(entry: Path) -> bool:
    if entry.name in KNOWN_FILES:
        return True
    return not entry.name.startswith(".") and not entry.is_dir() and entry.suffix.lower() in DATA_SUFFIXES


def _read_entry(entry: Path, folder: Path, most: int) -> bytes | Issue:
    """The content of a file of the folder of at most ``most`` bytes, or why it is not read."""
    name = entry.name
    if name not in KNOWN_FILES:
        return Issue("no table has this name", f"Delete or rename the file.{near(name.lower(), KNOWN_FILES)}", name)
    try:
        inside = entry.resolve().is_relative_to(folder)
    except (OSError, RuntimeError) as error:  # links that lead in a circle
        return Issue(f"link leads nowhere: {error}", "Put the file itself into the folder.", name)
    if not inside:
        return Issue("link leads out of the folder", "Put the file itself into the folder.", name)
    if not entry.is_file():
        return Issue("is not a regular file", "Put a file there.", name)
    return _read(entry, name, most)


def _read(path: Path, name: str, most: int) -> bytes | Issue:
    """The content of a file of at most ``most`` bytes, or why it is not read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1) if os.fstat(stream.fileno()).st_size <= most else None
    except OSError as error:
        return Issue(f"file cannot be read: {error.strerror}", "Check the file and its permissions.", name)
    if content is None or len(content) > most:
        fix = f"A case may have {MOST_BYTES >> 20} MB in all; use fewer or longer steps."
        return Issue("file is too large", fix, name)
    return content


def _case_from_files(files: Mapping[str, bytes], unread: frozenset[str]) -> tuple[Case | None, list[Issue]]:
    header, issues = _parse_case_file(files, unread)
    tables: dict[str, TextTable] = {}
    for file, name in CSV_FILES.items():
        if file in files:
            table, found = parse_csv(file, files[file])
            issues += found
            tables |= {} if table is None else {name: table}
    lost = frozenset(name for file, name in CSV_FILES.items() if file in {*files, *unread} and name not in tables)
    profiles = tables.pop("profiles", None)
    return _checked(TextCase(header, tables, profiles, lost), issues)


def _parse_case_file(files: Mapping[str, bytes], unread: frozenset[str]) -> tuple[TextTable | None, list[Issue]]:
    if CASE_FILE in files:
        return parse_header(CASE_FILE, files[CASE_FILE])
    if CASE_FILE in unread:
        return None, []
    fix = f"Add it, with {', '.join(column.name for column in HEADER.columns if column.required)}."
    return None, [Issue("file is missing", fix, CASE_FILE)]
