"""The horizon of an imported case: one hour, or that of the series given beside the network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gridpact.case.cells import numbers
from gridpact.case.horizon import WRITE_TIME, parse_times
from gridpact.case.text import TextTable
from gridpact.errors import InputError, Issue
from gridpact.io.csvtext import parse_csv
from gridpact.io.imports.source import read_bytes

PRICE = "price_per_mwh"
Price = float | str | os.PathLike[str] | None
START = pd.Timestamp("2024-01-01T00:00:00+00:00")


@dataclass(frozen=True, eq=False)
class Series:
    """Start, step length and number of steps; ``profiles`` with their snapshots in UTC, ``prices`` of interfaces."""

    start: pd.Timestamp = START
    step_minutes: float = 60.0
    steps: int = 1
    profiles: TextTable | None = None
    prices: list[str] | None = None


def read_series(price: Price, profiles: str | os.PathLike[str] | None) -> Series:
    """Series of the price (columns snapshot, price_per_mwh) and of the case (snapshot, table/id/column), if given.

    Raises InputError where a file is wrong, or where the two have different snapshots.
    """
    table = None if profiles is None else _with_snapshots(Path(profiles))
    if price is None or isinstance(price, int | float):
        return Series() if table is None else _series(table, None)
    prices = _price_table(Path(price))
    if table is not None and table.stripped("snapshot") != prices.stripped("snapshot"):
        fix = f"Give {table.file} and {prices.file} the same snapshots in the same order."
        raise InputError([Issue("snapshots of prices and profiles differ", fix, prices.file, column="snapshot")])
    only_times = TextTable(prices.file, prices.cells[["snapshot"]], prices.rows, prices.ragged)
    return _series(only_times if table is None else table, prices.stripped(PRICE))


def _series(table: TextTable, prices: list[str] | None) -> Series:
    times = parse_times(table.stripped("snapshot"))[0]
    step = times[1] - times[0] if len(times) > 1 else pd.Timedelta(hours=1)
    if step <= pd.Timedelta(0):
        row = int(table.rows[1])
        raise InputError([Issue("snapshots do not increase", "Sort the rows by time.", table.file, row, "snapshot")])
    steps = int((times[-1] - times[0]) // step) + 1
    return Series(times[0], step / pd.Timedelta(minutes=1), steps, table, prices)


def _price_table(path: Path) -> TextTable:
    table = _with_snapshots(path)
    if sorted(table.cells.columns) != sorted(["snapshot", PRICE]):
        fix = f"Give it the columns snapshot and {PRICE}."
        raise InputError([Issue("these are not the columns of a price series", fix, table.file, 1)])
    wrong = np.isnan(numbers(table.stripped(PRICE)))
    issues = list(table.issues(wrong, PRICE, "is not a number", "Write a number with a decimal point."))
    if issues:
        raise InputError(issues)
    return table


def _with_snapshots(path: Path) -> TextTable:
    """A table whose column snapshot holds times, given in UTC."""
    table, issues = parse_csv(path.name, read_bytes(path))
    if table is None or issues:
        raise InputError(issues)
    if list(table.cells.columns).count("snapshot") != 1 or not len(table.cells):
        fix = "Give it one column snapshot with the start of every step."
        raise InputError([Issue("this is no time series", fix, table.file, 1, "snapshot")])
    instants, naive, _ = parse_times(table.stripped("snapshot"))
    wrong = naive | np.asarray(instants.isna())
    issues = list(table.issues(wrong, "snapshot", "is not a time with its offset from UTC", WRITE_TIME))
    if issues:
        raise InputError(issues)
    cells = table.cells.assign(snapshot=[time.isoformat() for time in instants])
    return TextTable(table.file, cells, table.rows, table.ragged)
