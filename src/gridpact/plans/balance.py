"""Uncertainty against time: the same plan with few and with many typical days, each priced on every day of the year."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.plans.study import plan
from gridpact.run import Run

FIXED = ("investment", "maintenance", "interruption")
OWN = ("typical_days", "year_rounds", "out")


def compare_typical_days(
    case: Case | str | Path, counts: Iterable[int] = (2, 4, 8, 12), *, progress: bool = False, **settings: Any
) -> pd.DataFrame:
    """What more typical days buy: one row per number of days, each planned with ``gp.plan`` and its ``settings``.

    ``solve_seconds`` is the time of the search; ``objective`` what the plan is said to cost in a year and
    ``year_cost`` what it costs on every day of the case, both in currency per year with investment, maintenance and
    interruption; ``error_percent`` how far the first is from the second; ``regret_percent`` how much dearer the plan is
    in the year than the best of all rows. ``days_left`` counts days that the plan cannot serve, with which year cost
    and regret are NaN.

    Raises ``InputError`` for settings that are its own, and what ``gp.plan`` raises.
    """
    taken = [name for name in OWN if name in settings]
    if taken:
        raise InputError([Issue(f"the setting {taken[0]!r} is none of a comparison", "Leave it out.")])
    rows = [_row(count, case, settings, progress) for count in counts]
    table = pd.DataFrame(rows)
    best = table["year_cost"].min()
    return table.assign(regret_percent=100.0 * (table["year_cost"] - best) / max(1.0, abs(best)))


def _row(count: int, case: Case | str | Path, settings: dict[str, Any], progress: bool) -> dict[str, Any]:
    began = perf_counter()
    run = plan(case, typical_days=count, year_rounds=1, progress=progress, **settings)
    said, found = run.summary["objective"], _year_cost(run)
    return {
        "typical_days": count,
        "scenarios": run.summary["scenarios"],
        "solve_seconds": run.summary["search_seconds"],
        "total_seconds": perf_counter() - began,
        "objective": said,
        "gap": run.summary["gap"],
        "year_cost": found,
        "error_percent": 100.0 * (said - found) / max(1.0, abs(found)),
        "days_left": run.summary.get("year_days_left", 0),
        "investment": run.summary["investment"],
        "assets_built": run.summary["assets_built"],
        "verdict": run.summary["verdict"],
    }


def _year_cost(run: Run) -> float:
    """What the plan costs in a year with every day of it; what it is said to cost where all days were planned with."""
    if "year" not in run.tables:
        return float(run.summary["objective"])
    year, costs = run.table("year"), run.table("annual_costs").set_index("item")["after"]
    operation = 365.0 / len(year) * float(year["cost"].sum(skipna=False))
    return operation + float(costs[list(FIXED)].sum()) if np.isfinite(operation) else float("nan")
