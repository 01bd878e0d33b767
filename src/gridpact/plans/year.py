"""A plan on every day of its year: each day a market of its own, beside the day that stands for it.

days cleared -> cost of the year -> does the plan stand? -> else the worst day joins the days that are planned with
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Floats
from gridpact.days import clear_days
from gridpact.results.days import CLEARED

if TYPE_CHECKING:
    from gridpact.planning.investment.problem import Plan, Problem

FOLDER = "year"
YEAR_DAYS = 365.0
FIGURES = ("lowest_vm_pu", "highest_vm_pu", "highest_loading_percent")


@dataclass(frozen=True, eq=False)
class Year:
    """One row per day, the verdict of the days' own certificate, and the folder in which they are kept, if any."""

    plan: Plan
    table: pd.DataFrame
    verdict: str
    folder: Path | None

    def beside(self, problem: Problem, day_costs: Floats) -> Year:
        """The same days beside other days that stand for them."""
        return replace(self, table=self.table.assign(**_expected(problem, day_costs)))

    @property
    def cleared(self) -> bool:
        return bool((self.table["status"] == CLEARED).all())

    def off(self, cost: float) -> float:
        """How far the cost of the days is from that of the days that stand for them, over what so many days cost in
        all; ``cost`` is that of a year, with investment."""
        missed = (self.table["cost"] - self.table["estimated_cost"]).sum()
        return float(abs(missed) / max(1.0, abs(cost) * len(self.table) / YEAR_DAYS))

    @property
    def worst(self) -> int:
        """The day that the plan was least made for: most demand unserved, else the cost that was missed by most."""
        unserved = self.table["unserved_mwh"].to_numpy(dtype=np.float64)
        missed = (self.table["cost"] - self.table["estimated_cost"]).abs().to_numpy(dtype=np.float64)
        return int(np.argmax(unserved)) if unserved.any() else int(np.nanargmax(missed))


def checked_year(
    problem: Problem,
    plan: Plan,
    day_costs: Floats,
    settings: Mapping[str, Any],
    keep: Path | None,
    progress: bool,
) -> Year:
    """Clear every day of the case with a plan built; ``day_costs`` are those of the days that stand for them.

    With ``keep`` the days are kept there, and a check that was interrupted goes on.
    """
    assert problem.days.typical is not None
    planned = plan.built(problem.case)
    place = nullcontext(str(keep)) if keep is not None else TemporaryDirectory()
    with place as folder:
        out = Path(folder) / f"{FOLDER}-{_name(plan)}"
        if (out / "manifest.json").exists():
            from gridpact.study import open_run

            run = open_run(out)
        else:
            run = clear_days(
                planned, out=out, workers=settings["workers"], cluster=settings.get("cluster", ""), progress=progress
            )
        table = _table(problem, run.table("days"), day_costs, plan)
        return Year(plan, table, run.certificate.verdict, out if keep is not None else None)


def _name(plan: Plan) -> str:
    built, closed = sorted(plan.units.items()), sorted(plan.closed.items())
    return sha256(repr((built, closed) if closed else built).encode()).hexdigest()[:12]


def _table(problem: Problem, days: pd.DataFrame, day_costs: Floats, plan: Plan) -> pd.DataFrame:
    """One row per day: which day stands for it, its cost and what was expected, energy unserved."""
    table = pd.DataFrame(
        {
            "snapshot": days["snapshot"],
            "scenario": "",
            "cost": days["objective"],
            "estimated_cost": np.nan,
            "unserved_mwh": 0.0,
            "status": days["status"],
        }
    )
    table = table.assign(**_expected(problem, day_costs))
    left = np.flatnonzero(table["status"] != CLEARED)
    if left.size:
        table.loc[left, "unserved_mwh"] = [_unserved(problem, int(day), plan) for day in left]
    return table.assign(**{name: days[name] for name in FIGURES})


def _expected(problem: Problem, day_costs: Floats) -> dict[str, Any]:
    """Which day stands for every day, and what that one costs."""
    typical = problem.days.typical
    assert typical is not None
    return {"scenario": (typical.labels + 1).astype(str), "estimated_cost": day_costs[typical.labels]}


def _unserved(problem: Problem, day: int, plan: Plan) -> float:
    """Energy that a day leaves unserved, in MWh: how much is missing where it could not be cleared."""
    from gridpact.planning.investment.day_program import day_program
    from gridpact.planning.investment.pricing import Pricer

    whole = problem.case.with_window("day")
    first, stop = whole.window_edges[day : day + 2].tolist()
    program = day_program(
        whole.steps_between(first, stop), problem.candidates, problem.emergency_price, problem.switching
    )
    units = problem.point(plan)
    return Pricer((program,))((0, units)).unserved_mwh
