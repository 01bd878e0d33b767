"""The folder form of a case: case.toml, one CSV file for each table, and profiles.csv.

Nothing is guessed: a file, column, key or value that is not understood is reported, and all mistakes at once.
Hidden files, subfolders and files that hold no tables (notes, pictures, studies) are left alone.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import HEADER, SCHEMA, Column
from gridpact.case.text import TextCase, TextTable, case_to_text, near
from gridpact.case.validate import check
from gridpact.errors import InputError, Issue
from gridpact.io.csvtext import parse_csv, parse_header
from gridpact.io.toml import toml_document

CASE_FILE = "case.toml"
PROFILES_FILE = "profiles.csv"
TABLE_FILES = {f"{name}.csv": name for name in SCHEMA}
CSV_FILES = {**TABLE_FILES, PROFILES_FILE: "profiles"}
KNOWN_FILES = (CASE_FILE, *CSV_FILES)
DATA_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".feather"})
MOST_BYTES = 200 * 1024 * 1024


def read_case(path: str | os.PathLike[str]) -> Case:
    """The case in a folder (or of the case.toml in it).

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
        return check(case_to_text(source))[1]
    return _examine(Path(source))[1]


def write_case(case: Case, folder: str | os.PathLike[str]) -> None:
    """Write the folder form, so that ``read_case`` gives the same case again.

    Columns that are at their default throughout and empty tables are left out. The folder is made where there
    is none; raises InputError where it has anything in it.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError([Issue("folder is not empty", "Give a new or an empty folder.", str(folder))])
    target.mkdir(parents=True, exist_ok=True)
    text = case_to_text(case)
    (target / CASE_FILE).write_text(_header_document(case), encoding="utf-8", newline="\n")
    for file, name in TABLE_FILES.items():
        if name in text.tables and len(text.tables[name].cells):
            _write_csv(target / file, text.tables[name].cells[_columns_to_write(case, name)])
    if text.profiles is not None:
        _write_csv(target / PROFILES_FILE, text.profiles.cells)


def _header_document(case: Case) -> str:
    values = {column.name: getattr(case, column.name) for column in HEADER.columns}
    return toml_document(values | {"start": case.start.isoformat()})


def _columns_to_write(case: Case, name: str) -> list[str]:
    frame = case.tables[name]
    columns = [column for column in SCHEMA[name].columns if column.name in frame]
    return [column.name for column in columns if not _at_default(column, frame[column.name])]


def _at_default(column: Column, values: pd.Series[Any]) -> bool:
    if column.required:
        return False
    return bool(values.isna().all()) if column.default != column.default else bool((values == column.default).all())


def _write_csv(path: Path, cells: pd.DataFrame) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(cells.columns)
        writer.writerows(cells.itertuples(index=False, name=None))


def case_from_files(files: Mapping[str, bytes]) -> tuple[Case | None, list[Issue]]:
    """The case in the files of a folder, given as name and content; or None and what is wrong with them."""
    return _case_from_files(files, frozenset())


def _examine(path: Path) -> tuple[Case | None, list[Issue]]:
    folder = path.parent if path.name == CASE_FILE else path
    if not folder.is_dir():
        fix = f"Give a folder with {CASE_FILE} and one CSV file for each table."
        return None, [Issue("this is no folder" if folder.exists() else "there is no such folder", fix, str(path))]
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        return None, [Issue(f"folder cannot be read: {error.strerror}", "Check its permissions.", str(path))]
    files: dict[str, bytes] = {}
    issues: list[Issue] = []
    for entry in entries:
        content = _read_entry(entry, folder.resolve()) if _concerns_us(entry) else None
        if isinstance(content, bytes):
            files[entry.name] = content
        elif content is not None:
            issues.append(content)
    case, found = _case_from_files(files, frozenset(issue.file for issue in issues))
    issues += found
    return (None if issues else case), issues


def _concerns_us(entry: Path) -> bool:
    if entry.name in KNOWN_FILES:
        return True
    return not entry.name.startswith(".") and not entry.is_dir() and entry.suffix.lower() in DATA_SUFFIXES


def _read_entry(entry: Path, folder: Path) -> bytes | Issue:
    """The content of a file of the folder, or why it is not read."""
    name = entry.name
    if name not in KNOWN_FILES:
        return Issue("no table has this name", f"Delete or rename the file.{near(name.lower(), KNOWN_FILES)}", name)
    if not entry.resolve().is_relative_to(folder):
        return Issue("link leads out of the folder", "Put the file itself into the folder.", name)
    if not entry.is_file():
        return Issue("is not a regular file", "Put a file there.", name)
    try:
        with entry.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return Issue(f"file cannot be read: {error.strerror}", "Check the file and its permissions.", name)
    if len(content) > MOST_BYTES:
        return Issue(f"file is larger than {MOST_BYTES >> 20} MB", "Split the case or use fewer steps.", name)
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
    case, found = check(TextCase(header, tables, profiles, lost))
    # A key of the wrong type has been reported; what follows from that is not a second mistake.
    judged = {issue.column for issue in issues if issue.file == CASE_FILE and issue.column}
    issues += [issue for issue in found if issue.file != CASE_FILE or issue.column not in judged]
    return (None if issues else case), issues


def _parse_case_file(files: Mapping[str, bytes], unread: frozenset[str]) -> tuple[TextTable | None, list[Issue]]:
    if CASE_FILE in files:
        return parse_header(CASE_FILE, files[CASE_FILE])
    if CASE_FILE in unread:
        return None, []
    fix = f"Add it, with {', '.join(column.name for column in HEADER.columns if column.required)}."
    return None, [Issue("file is missing", fix, CASE_FILE)]
