"""Results for other programs: the summary, the certificate and all tables of a run, as CSV files or as a workbook.

Spreadsheet programs know no time zones, so that times are written as texts in ISO 8601 with their offset, in both
forms. Numbers keep all their digits; what is not a finite number stays blank.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.aside import write_new, written_aside
from gridpact.io.manifest import is_plain_name, plain
from gridpact.io.xlsx_write import Column, workbook_bytes
from gridpact.results.record import Record

FORMATS = ("csv", "xlsx")
# Characters of the name of a sheet.
LONGEST = 31


def export_run(record: Record, path: str | os.PathLike[str], form: str) -> None:
    """Write a folder of CSV files ("csv") or a workbook ("xlsx") that is afterwards complete or absent.

    Raises InputError for another form, where there is something at ``path`` already, and where a table has more
    rows than a sheet of a workbook holds.
    """
    target = Path(path)
    if form not in FORMATS:
        raise InputError([Issue("there is no such format", f"Choose one of: {', '.join(FORMATS)}.", value=form)])
    sheets = exported(record)
    if form == "xlsx":
        write_new(
            target, workbook_bytes(target.name, [(sheet_name(name), columns) for name, columns in sheets.items()])
        )
        return
    with written_aside(target) as folder:
        for name, columns in sheets.items():
            _write_csv(folder, name, columns)


def sheet_name(table: str) -> str:
    """The name of a table's sheet: its own where a workbook can take it, else with the side of a trade made short."""
    if len(table) <= LONGEST:
        return table
    return table.replace("microgrids_", "mg_").replace("network_", "net_")


def exported(record: Record) -> dict[str, list[Column]]:
    """The sheets: summary, certificate, then the tables."""
    own = {"summary": _summary(record.summary), "certificate": _certificate(record.certificate)}
    return own | {name: _columns(table) for name, table in record.tables.items() if name not in own}


def _summary(summary: Mapping[str, Any]) -> list[Column]:
    values = [_text(value) for value in summary.values()]
    return [Column("figure", "text", list(summary)), Column("value", "mixed", values)]


def _certificate(certificate: Mapping[str, Any]) -> list[Column]:
    return _columns(pd.DataFrame(list(certificate["checks"])))


def _columns(table: pd.DataFrame) -> list[Column]:
    return [_column(str(name), table.iloc[:, place]) for place, name in enumerate(table.columns)]


def _column(name: str, values: pd.Series[Any]) -> Column:
    texts = [_text(value) for value in values.tolist()]
    if pd.api.types.is_bool_dtype(values.dtype):
        return Column(name, "flag", texts)
    return Column(name, "mixed" if pd.api.types.is_numeric_dtype(values.dtype) else "text", texts)


def _text(value: object) -> str:
    """A value as the text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _write_csv(folder: Path, name: str, columns: Sequence[Column]) -> None:
    if not is_plain_name(name) or "/" in name:
        raise ValueError(f"{name!r} is no name for a file of results")
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(zip(*(column.cells for column in columns), strict=True))
