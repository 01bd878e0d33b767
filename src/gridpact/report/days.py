"""What a horizon cleared day by day has of its own: days that could not be cleared, sums by month, two standings.

A run in which some day could not be cleared has failed. The days that were cleared may be certified all the same, and
a reader who looks for the cause needs them: they are shown as what they are, and never as the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridpact.report.comparison.measures import ABSENT
from gridpact.report.distance import short_times
from gridpact.report.numbers import LOSSLESS, struck
from gridpact.report.standing import Standing, checks_of, standing_of, uncertified_prices
from gridpact.report.text import number, safe, table, tag
from gridpact.results.days import CLEARED, QUESTION
from gridpact.results.record import Record

MOST = 20  # reasons in the open; the others are folded away


@dataclass(frozen=True)
class Column:
    """A figure of the table of days in the table of months: how days make a month, and how it is written."""

    name: str
    title: str
    unit: str
    how: str
    decimals: int
    money: bool = False


COLUMNS = (
    Column("objective", "Cost less benefit", "{currency}", "sum", 2, money=True),
    Column("price_mean_per_mwh", "Mean price", "{currency}/MWh", "mean", 2, money=True),
    Column("price_min_per_mwh", "Lowest price", "{currency}/MWh", "min", 2, money=True),
    Column("price_max_per_mwh", "Highest price", "{currency}/MWh", "max", 2, money=True),
    Column("load_mwh", "Demand", "MWh", "sum", 1),
    Column("import_mwh", "Bought", "MWh", "sum", 1),
    Column("export_mwh", "Sold", "MWh", "sum", 1),
    Column("generation_mwh", "Generators", "MWh", "sum", 1),
    Column("renewable_mwh", "Wind, PV", "MWh", "sum", 1),
    Column("curtailed_mwh", "Curtailed", "MWh", "sum", 1),
    Column("loss_mwh", "Losses", "MWh", "sum", 2),
    Column("lowest_vm_pu", "Lowest voltage", "p.u.", "min", 4),
    Column("highest_loading_percent", "Highest loading", "%", "max", 1),
)


def standings(record: Record) -> tuple[Standing, Standing]:
    """The standing of the run, and that of the numbers shown: those of cleared days where only other days failed."""
    whole = standing_of(record)
    failed = [check["name"] for check in checks_of(record) if check["required"] and not check["passed"]]
    if record.question != QUESTION or failed != ["days_cleared"]:
        return whole, whole
    days = record.tables["days"]
    left = int((days["status"] != CLEARED).sum())
    begin = f"{left} of {len(days)} {record.case.window}s could not be cleared, for the reasons below."
    if left == len(days):
        return replace(whole, reason=begin), whole
    shown = _of_cleared(record)
    if not shown.valid:
        return whole, whole
    rest = f"The others are {shown.verdict}; prices, payments and sums are of them alone, not of the whole horizon."
    return replace(whole, reason=f"{begin} {rest}"), shown


def _of_cleared(record: Record) -> Standing:
    if record.settings.get("formulation") in LOSSLESS:
        return Standing("approximate", "")
    return Standing("failed" if uncertified_prices(record) else "certified", "")


def left(record: Record) -> str:
    """Table of the days that could not be cleared, with their reasons in full; empty where there are none."""
    if record.question != QUESTION:
        return ""
    days = record.tables["days"]
    told = {pd.Timestamp(start): str(text) for start, text in record.summary.get("days_left", {}).items()}
    open_days = days[days["status"] != CLEARED]
    rows = [
        [_day(start), safe(status), _reason(told.get(start, "no reason was kept"), record)]
        for start, status in zip(open_days["snapshot"], open_days["status"], strict=True)
    ]
    if not rows:
        return ""
    noun = record.case.window
    header = [noun.capitalize(), "Status", "Why"]
    more = tag("summary", f"{len(rows) - MOST} more")
    folded = tag("details", more + table(header, rows[MOST:], "left")) if len(rows) > MOST else ""
    return tag("h2", f"{noun.capitalize()}s that could not be cleared") + table(header, rows[:MOST], "left") + folded


def _reason(message: str, record: Record) -> str:
    return safe(short_times(message, record.case)).replace("\n", "<br>")


def _day(start: pd.Timestamp) -> str:
    midnight = (start.hour, start.minute) == (0, 0)
    return f'<span style="white-space:nowrap">{start.strftime("%d %b %Y" if midnight else "%d %b %Y %H:%M")}</span>'


def months(record: Record, standing: Standing) -> str:
    """Table of what the cleared days of every month add up to."""
    if record.question != QUESTION or not (record.tables["days"]["status"] == CLEARED).any():
        return ""
    days = record.tables["days"]
    sums, noun = by_month(days), record.case.window
    columns = [column for column in COLUMNS if _told(column, sums, record)]
    units = [column.unit.format(currency=safe(record.case.currency)) for column in columns]
    header = ["Month", f"{noun.capitalize()}s<br>cleared"]
    header += [f"{column.title}<br>{unit}" for column, unit in zip(columns, units, strict=True)]
    rows = [_month(row, columns, standing) for _, row in sums.iterrows()]
    begun = " A week counts in the month in which it begins." if noun == "week" else ""
    note = tag("p", f"Sums, means and extremes of the {noun}s that were cleared.{begun}", "remark")
    return tag("h2", "By month") + tag("div", table(header, rows, "months"), "wide") + note


def by_month(days: pd.DataFrame) -> pd.DataFrame:
    """One row per month: its name, ``days``, ``cleared``, and the figures of ``COLUMNS``; means weighted by steps."""
    done = days["status"] == CLEARED
    weighted = days.assign(
        price_mean_per_mwh=days["price_mean_per_mwh"] * days["steps"],
        cleared=done,
        weight=days["steps"].where(done, 0),
        month=days["snapshot"].map(lambda start: start.strftime("%b %Y")),
    )
    how = {column.name: "sum" if column.how == "mean" else column.how for column in COLUMNS}
    groups = weighted.groupby("month", sort=False)
    sums = groups.agg({**how, "cleared": "sum", "weight": "sum"})
    for column in COLUMNS:
        if column.how == "mean":
            sums[column.name] /= sums["weight"].where(sums["weight"] > 0)
    return sums.assign(days=groups.size()).reset_index()


def _told(column: Column, sums: pd.DataFrame, record: Record) -> bool:
    """Whether the model has the figure, and whether it is anything but zero."""
    if column.name in ABSENT.get(str(record.settings.get("formulation")), ()):
        return False
    values = sums[column.name].to_numpy(dtype=np.float64)
    return column.money or bool((np.abs(np.nan_to_num(values)) >= 0.5 * 10.0**-column.decimals).any())


def _month(row: pd.Series, columns: list[Column], standing: Standing) -> list[str]:
    count = str(row["cleared"]) if row["cleared"] == row["days"] else f"{row['cleared']} of {row['days']}"
    cells = [_cell(column, float(row[column.name]), standing) for column in columns] if row["cleared"] else None
    return [safe(row["month"]), count, *(cells or ["–"] * len(columns))]


def _cell(column: Column, value: float, standing: Standing) -> str:
    if np.isnan(value):
        return "–"
    text = number(value, column.decimals)
    return struck(text, standing) if column.money else text
