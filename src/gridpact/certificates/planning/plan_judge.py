"""The certificate of a plan: what is built, the days it is for, how it is operated, what it costs, what is proven.

complete       is everything there, of its kind, finite?
design         whole units within what is possible, paid off as the case says, within the budget and the penetration
scenarios      the days sum to a year, and come from the days of the case
operation      the plan's market on these days, judged as any market is, by all its judges
costs          every item of the annual cost from case, weights and tables
bounds         cuts below the cost of every design that was priced; the bound from the master, solved again
reliability    indices before and after from faults followed one by one; limits kept
year           every day of the year cleared
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check
from gridpact.certificates.judge import certify
from gridpact.certificates.planning.plan_bounds import bound_checks, gap_asked_check
from gridpact.certificates.planning.plan_complete import complete_plan
from gridpact.certificates.planning.plan_costs import cost_checks
from gridpact.certificates.planning.plan_design import design_checks, is_possible, penetration_check, words_check
from gridpact.certificates.planning.plan_reliability import network_check, reliability_plan_checks
from gridpact.certificates.planning.plan_scenarios import scenario_checks
from gridpact.certificates.planning.plan_summary import summary_checks
from gridpact.certificates.planning.plan_switching import switching_checks
from gridpact.certificates.planning.plan_view import PlanView
from gridpact.certificates.planning.plan_year import year_checks
from gridpact.errors import InputError
from gridpact.results.record import Record

OPERATION = "operation: "


def certify_plan(record: Record) -> dict[str, Any]:
    """Judge a plan by its own content: ``{"verdict": ..., "checks": [...]}``.

    "failed" if a required check fails, "approximate" where its operation or its year is so, or where the bound could
    not be proven again, else "certified". A gap that is larger than asked for is shown, and fails nothing: the bound is
    what is certified.
    """
    entry = complete_plan(record)
    if not entry.passed:
        return _document([entry.as_dict()], False)
    plan = PlanView(record)
    checks = [entry, readable(plan), *design_checks(plan)]
    if checks[1].passed and is_possible(plan):
        switched = list(switching_checks(plan))
        checks += switched
        if all(check.passed for check in switched):
            checks.append(network_check(plan))
    if not checks[-1].passed or checks[-1].name != "plan network":  # no design, or none that can be followed
        return _document([check.as_dict() for check in checks], False)
    operation = certify(plan.operation)
    taken = [{**check, "name": f"{OPERATION}{check['name']}"} for check in operation["checks"]]
    if not all(check["passed"] for check in operation["checks"][:2]):  # not all there: nothing else can be read
        return _document([*(check.as_dict() for check in checks), *taken], False)
    with np.errstate(invalid="ignore", over="ignore"):  # what is no number fails its check
        checks += _content(plan)
    sure = operation["verdict"] == "certified" and record.summary.get("year_verdict") != "approximate"
    sure = sure and all(check.passed for check in checks if check.name == "plan bound proven")
    return _document([*(check.as_dict() for check in checks), *taken], sure)


def readable(plan: PlanView) -> Check:
    """Whether the case can be priced and has all its profiles in the days; a carbon price adds some."""
    text = "Prices of the case with the carbon price, and their profiles on the days that stand for the year."
    try:
        columns = plan.priced.profiles.columns
    except InputError as error:
        return Check("plan prices", True, float("nan"), 0.0, str(error).splitlines()[0], text)
    table = plan.record.tables["scenario_profiles"]
    return words_check("plan prices", text, [name for name in columns if not _are_numbers(table, name)])


def _are_numbers(table: pd.DataFrame, name: str) -> bool:
    return name in table and table[name].dtype.kind in "if" and bool(np.isfinite(table[name]).all())


def _content(plan: PlanView) -> Iterator[Check]:
    """What can be judged once a market can be read from the record."""
    yield penetration_check(plan)
    yield from scenario_checks(plan)
    yield from cost_checks(plan)
    yield from bound_checks(plan)
    yield gap_asked_check(plan)
    yield from reliability_plan_checks(plan)
    yield from year_checks(plan)
    yield from summary_checks(plan)


def _document(checks: list[dict[str, Any]], sure: bool) -> dict[str, Any]:
    """The verdict of these checks; "approximate" where all is well but not all is sure."""
    failed = any(check["required"] and not check["passed"] for check in checks)
    return {"verdict": "failed" if failed else "certified" if sure else "approximate", "checks": checks}
