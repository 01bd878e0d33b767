"""Tables of a plan: investments, costs of a year, typical days, indices of reliability, worst days."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.figures.planning.costs import WHOLE, amounts
from gridpact.report.figures.planning.values import unbuilt
from gridpact.report.figures.planning.year import worst
from gridpact.report.numbers import struck
from gridpact.report.planning import facts
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.results.record import Record

MOST = 60  # investments in the open
SOME = 30  # rows of the other tables
MONEY = ("investment", "capex_per_year", "maintenance_per_year")


def investments(record: Record, standing: Standing) -> str:
    """One row per candidate that is built, and the sums; the dearest first."""
    chosen = facts.built(record)
    if chosen is None:
        return ""
    if chosen.empty:
        return tag("p", "Nothing is built.", "lead")
    unit = safe(record.case.currency)
    header = ["Asset", "Kind", "Place", "Units", "Size", f"Investment, {unit}"]
    header += [f"{name}, {unit}/year" for name in ("Capital cost", "Maintenance")]
    ranked = chosen.sort_values("investment", ascending=False, kind="stable")
    body = [_asset(row, standing) for _, row in ranked.head(MOST).iterrows()]
    sums = [_money(float(chosen[name].sum()), standing) for name in MONEY]
    body.append([tag("b", f"all {len(chosen)}"), "", "", "", "", *sums])
    more = f" {len(chosen) - MOST} more are in the table investments." if len(chosen) > MOST else ""
    note = tag("p", f"The capital cost of a year pays the investment off over its life, with interest.{more}", "remark")
    return tag("div", table(header, body, "plan four"), "wide") + note


def _asset(row: pd.Series, standing: Standing) -> list[str]:
    kind, most = str(row["kind"]), float(row["max_units"])
    units = number(float(row["units"]), 0)
    count = units if most <= 1.0 else f"{units} of {number(most, 0)}"
    cells = [_money(float(row[name]), standing) for name in MONEY]
    size = facts.size(float(row.get("p_mw", math.nan)), float(row.get("energy_mwh", math.nan)))
    return [safe(row["asset"]), facts.KINDS.get(kind, safe(kind)), safe(row["place"]), count, size, *cells]


def _money(value: float, standing: Standing, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    plus = "+" if signed and round(value, 0) > 0.0 else ""
    return struck(plus + number(value, 0), standing)


def costs(record: Record, standing: Standing) -> str:
    """Item by item: as it is, with the plan, what it changes."""
    found = facts.table(record, "annual_costs")
    if found is None:
        return ""
    names, (before, after) = amounts(found)
    unit = safe(record.case.currency)
    header = ["Item", *(f"{name}, {unit}/year" for name in ("As it is", "With the plan", "Change"))]
    body = [
        [
            tag("b", name) if name == WHOLE else safe(name),
            _money(was, standing),
            _money(now, standing),
            _money(now - was, standing, signed=True),
        ]
        for name, was, now in zip(names, before.tolist(), after.tolist(), strict=True)
    ]
    return tag("details", tag("summary", "The same in numbers") + table(header, body, "plan one"))


def scenarios(record: Record, standing: Standing) -> str:
    """The typical days with what they stand for, and how well; folded away."""
    found = facts.table(record, "scenarios")
    if found is None:
        return ""
    return scenario_table(found) + quality_table(facts.table(record, "scenario_quality"))


def scenario_table(found: pd.DataFrame) -> str:
    """Number, days, date and kind of every typical day."""
    header = ["Typical day", "Stands for, days", "Date", "Kind"]
    columns = found[["scenario", "weight_days", "source_day", "kind"]].head(MOST).itertuples(index=False)
    body = [
        [safe(name), number(float(weight), 2), safe(day) if str(day) else "a mean", safe(kind)]
        for name, weight, day, kind in columns
    ]
    body.append([tag("b", f"all {len(found)}"), number(float(found["weight_days"].sum()), 2), "", ""])
    return tag("details", tag("summary", "The typical days") + table(header, body, "plan day"))


def quality_table(found: pd.DataFrame | None) -> str:
    """Errors of the typical days, series by series; the worst first."""
    if found is None:
        return ""
    titles = {
        "energy_error_percent": "Energy, %",
        "duration_error_percent": "Duration curve, %",
        "peak_error_percent": "Highest hour, %",
    }
    columns = {name: title for name, title in titles.items() if name in found}
    order = found[list(columns)].abs().max(axis=1).sort_values(ascending=False, kind="stable").index
    body = [
        [safe(row["series"]), *(number(float(row[name]), 2) for name in columns)]
        for _, row in found.loc[order].head(SOME).iterrows()
    ]
    more = f" {len(found) - SOME} more are in the table scenario_quality." if len(found) > SOME else ""
    note = (
        "Energy of a year; root mean square of the differences of the sorted hours and difference of the highest hour, "
        f"both in the range of the series.{more}"
    )
    inside = table(["Series", *columns.values()], body, "plan one") + tag("p", note, "remark")
    return tag("details", tag("summary", "Errors of the typical days") + inside)


def reliability(record: Record, standing: Standing) -> str:
    """The indices with their limits; then feeder by feeder where there are several."""
    found = facts.indices(record)
    if not found:
        return ""
    header = ["Index", "Unit", "As it is", "With the plan", "Limit", ""]
    body = [_index(one) for one in found]
    return table(header, body, "plan two") + _feeders(record)


def _index(one: facts.Index) -> list[str]:
    name, unit, decimals = facts.INDICES[one.key]
    values = [number(value, decimals) if math.isfinite(value) else "–" for value in (one.before, one.after, one.limit)]
    held = tag("span", "✓ kept", "holds yes") if one.kept else tag("span", "✗ not kept", "holds no")
    return [name, unit, *values, held if math.isfinite(one.limit) else ""]


def _feeders(record: Record) -> str:
    found = facts.table(record, "reliability_feeders")
    if found is None or len(found) < 2:
        return ""
    columns = {name: told for name, told in facts.INDICES.items() if name in found}
    header = ["Feeder", "Customers", *(name for name, _, _ in columns.values())]
    body = [
        [
            safe(row["feeder"]),
            number(float(row["customers"]), 0),
            *(number(float(row[name]), decimals) for name, (_, _, decimals) in columns.items()),
        ]
        for _, row in found.head(SOME).iterrows()
    ]
    inside = tag("div", table(header, body, "plan one"), "wide")
    return tag("details", tag("summary", f"With the plan, feeder by feeder ({len(found)})") + inside)


def values(record: Record, standing: Standing) -> str:
    """What a first unit of each candidate not built is worth; folded away."""
    found = facts.table(record, "investments")
    ranked = None if found is None else unbuilt(found)
    if ranked is None or ranked.empty:
        return ""
    unit = safe(record.case.currency)
    header = ["Candidate", "Kind", "Place", f"Worth, {unit}/year"]
    body = [
        [
            safe(row["asset"]),
            safe(row["what"]),
            safe(row["place"]),
            _money(float(row["marginal_value_per_year"]), standing, True),
        ]
        for _, row in ranked.head(MOST).iterrows()
    ]
    more = f" {len(ranked) - MOST} more are in the table investments." if len(ranked) > MOST else ""
    note = tag("p", more.strip(), "remark") if more else ""
    return tag("details", tag("summary", "The same in numbers") + table(header, body, "plan three") + note)


def year(record: Record, standing: Standing) -> str:
    """The days that cost most above what their typical day says."""
    found = facts.table(record, "year")
    ranked = None if found is None else worst(found, 10)
    if ranked is None or ranked.empty:
        return ""
    unit = safe(record.case.currency)
    header = ["Day", "Typical day", f"Cost, {unit}", f"Estimate, {unit}", f"More by, {unit}", "Unserved, MWh", "Status"]
    body = [
        [
            row["snapshot"].strftime("%d %b %Y"),
            safe(row["scenario"]),
            *(_money(float(row[name]), standing) for name in ("cost", "estimated_cost", "excess")),
            number(float(row.get("unserved_mwh", 0.0)), 3),
            safe(row["status"]),
        ]
        for _, row in ranked.iterrows()
    ]
    return tag("h3", "The worst days") + tag("div", table(header, body, "plan year"), "wide")
