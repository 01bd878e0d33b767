"""The plan on all days of its year: every day there once and cleared, and sums that are the summary's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_bounds import designs_of, serves_all
from gridpact.certificates.planning.plan_costs import own_items
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_view import YEAR_DAYS, PlanView

# Sums of what stands in the table.
ROUNDING = 1e-9
VERDICTS = ("certified", "approximate")


def year_checks(plan: PlanView) -> Iterator[Check]:
    """The table of the year, where there is one."""
    if "year" in plan.record.tables:
        yield _days(plan)
        yield _cleared(plan)
        yield _estimated(plan)
        yield _sums(plan)
        yield _verdict(plan)


def _days(plan: PlanView) -> Check:
    """Every day of the case once, in order, with the scenario that stands for it."""
    table, case = plan.record.tables["year"], plan.priced.with_window("day")
    own = case.snapshots[case.begins]
    wrong = []
    if not isinstance(table["snapshot"].dtype, pd.DatetimeTZDtype) or len(table) != len(own):
        wrong.append("tables/year (rows)")
    elif not (pd.DatetimeIndex(table["snapshot"]) == own).all():
        wrong.append("tables/year/snapshot")
    if "scenario_days" in plan.record.tables and plan.texts("year", "scenario") != plan.texts(
        "scenario_days", "scenario"
    ):
        wrong.append("tables/year/scenario")
    return words_check("plan year days", "Days of the case that are missing, double, or stood for by another.", wrong)


def _cleared(plan: PlanView) -> Check:
    table = plan.record.tables["year"]
    left = [f"{row.snapshot}: {row.status}" for row in table[table["status"] != "cleared"].itertuples()]
    left += ["unserved_mwh"] if (table["unserved_mwh"] != 0.0).any() else []
    return words_check("plan year cleared", "Days of the year that could not be operated with the plan.", left)


def _estimated(plan: PlanView) -> Check:
    """What was expected of every day is the cost in the search of the day that stands for it."""
    designs, costs = designs_of(plan)
    there = serves_all(plan) & (designs == plan.point).all(axis=1)
    known = dict(zip(plan.scenarios, costs[there][-1], strict=True)) if there.any() else {}
    own = np.array([known.get(name, np.nan) for name in plan.texts("year", "scenario")])
    off = np.abs(plan.column("year", "estimated_cost") - own) / np.maximum(1.0, np.abs(own))
    text = "Expected cost of every day against that of the day that stands for it, relative."
    return worst("plan year expected", text, ROUNDING, [Measure("day", [str(k) for k in range(off.size)], off)])


def _sums(plan: PlanView) -> Check:
    """Sums over the year, and how far the days are from those that stand for them."""
    summary, table = plan.record.summary, plan.record.tables["year"]
    yearly = sum(own_items(plan).values())
    missed = float((table["cost"] - table["estimated_cost"]).sum())
    own = {
        "year_cost": float(table["cost"].sum(skipna=False)),
        "year_estimated_cost": float(table["estimated_cost"].sum()),
        "year_days": float(len(table)),
        "year_days_left": float((table["status"] != "cleared").sum()),
        "year_off": abs(missed) / max(1.0, abs(yearly) * len(table) / YEAR_DAYS),
    }
    off = np.array([_apart(summary.get(name), value) for name, value in own.items()])
    text = "Sums of the summary over the days of the year, relative."
    return worst("plan year sums", text, ROUNDING, [Measure("summary", list(own), off)])


def _apart(told: object, own: float) -> float:
    return abs(float(told) - own) / max(1.0, abs(own)) if isinstance(told, int | float) else float("nan")


def _verdict(plan: PlanView) -> Check:
    verdict = plan.record.summary.get("year_verdict")
    wrong = [] if verdict in VERDICTS else [f"year_verdict {verdict}"]
    return words_check("plan year verdict", "Verdict of the certificate of the days of the year.", wrong)
