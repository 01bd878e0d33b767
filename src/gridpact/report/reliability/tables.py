"""Tables of a reliability study: feeders, load points, the faults that add most."""

from __future__ import annotations

import pandas as pd

from gridpact.report.numbers import struck
from gridpact.report.reliability.facts import NAMES, called, faults
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.results.record import Record

MOST = 25  # rows in the open; the others are folded away
FOLDED = 1000
INDICES = ("saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh")
UNITS = {"saifi": "1/a", "saidi_h": "h/a", "caidi_h": "h", "asai": "", "eens_mwh": "MWh/a", "aens_kwh": "kWh/a"}


def feeders(record: Record, standing: Standing) -> str:
    """One row per feeder, then all of them."""
    header = ["Feeder", "Customers", *(_titled(NAMES[name][0], UNITS[name]) for name in INDICES)]
    system = record.tables["reliability_system"].iloc[0]
    rows = [
        [safe(row["feeder"]), *_indices(row, standing)]
        for row in record.tables["reliability_feeders"].to_dict("records")
    ]
    whole = [tag("b", "all"), *(tag("b", cell) for cell in _indices(dict(system), standing))]
    note = tag("p", "A feeder is named by its first line on the way from the source.", "remark")
    return _long(header, rows[:FOLDED], "feeders", [whole]) + note


def loads(record: Record, standing: Standing) -> str:
    """One row per load point, the worst first."""
    found = record.tables["reliability_loads"].sort_values("hours_per_year", ascending=False, kind="stable")
    units = {"Mean load": "MW", "Interruptions": "1/a", "Without supply": "h/a", "Each time": "h"}
    units |= {"Not supplied": "MWh/a"}
    header = ["Load point", "Feeder", "Customers", *(_titled(title, unit) for title, unit in units.items())]
    columns = {"mean_mw": 3, "failures_per_year": 3, "hours_per_year": 3, "hours_per_failure": 2, "eens_mwh": 3}
    rows = [
        [safe(row["load"]), safe(row["feeder"]), number(float(row["customers"]), 0), *_cells(row, columns, standing)]
        for row in found.head(FOLDED).to_dict("records")
    ]
    return _long(header, rows, "load points", css="figures") + _left_out(found)


def worst_faults(record: Record, standing: Standing) -> str:
    """One row per fault, with what one failure interrupts and what a year of them adds."""
    found = faults(record)
    units = {"Failures": "1/a", "Customers": "interrupted", "Load interrupted": "MW"}
    units |= {"adds to SAIFI": "1/a", "to SAIDI": "h/a", "to EENS": "MWh/a"}
    header = ["What fails", *(_titled(title, unit) for title, unit in units.items())]
    columns = {"failures_per_year": 4, "customers": 0, "mean_mw": 3, "saifi": 4, "saidi_h": 4, "eens_mwh": 4}
    rows = [
        [safe(called(row["fault"], row["kind"])), *_cells(row, columns, standing)]
        for row in found.head(FOLDED).to_dict("records")
    ]
    return _long(header, rows, "faults") + _left_out(found)


def _indices(row: dict[object, object], standing: Standing) -> list[str]:
    columns = {name: NAMES[name][2] for name in INDICES}
    return [number(float(str(row["customers"])), 0), *_cells(row, columns, standing)]


def _cells(row: dict[object, object], columns: dict[str, int], standing: Standing) -> list[str]:
    """Numbers; struck out where the certificate does not vouch for them."""
    values = {name: float(str(row[name])) for name in columns}
    return [struck(number(value, columns[name]), standing) if value == value else "–" for name, value in values.items()]


def _titled(title: str, unit: str) -> str:
    return f"{title}<br>{unit}" if unit else title


def _long(
    header: list[str], rows: list[list[str]], noun: str, last: list[list[str]] | None = None, css: str = "indices"
) -> str:
    """The first rows in the open, the others folded away, then the last ones."""
    shown = tag("div", table(header, [*rows[:MOST], *(last or [])], css), "wide")
    if len(rows) <= MOST:
        return shown
    more = tag("summary", f"{len(rows) - MOST} more {noun}")
    return shown + tag("details", more + tag("div", table(header, rows[MOST:], css), "wide"))


def _left_out(found: pd.DataFrame) -> str:
    rest = len(found) - FOLDED
    return tag("p", f"{rest} more are in the table of the run.", "remark") if rest > 0 else ""
