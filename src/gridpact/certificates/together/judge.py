"""The certificate of a joint plan: what is built, the days it is for, their trade, the money, what is proven.

complete       is everything there, of its kind, finite?
design         whole units within what is possible, everybody's own, paid off as the case says; together and alone
sides          both sides of the trade of the days, and both without a deal, each a market with all its judges
scenarios      the days sum to a year, and come from the days of the case
agreement      both sides agree; what everybody could still gain; trades come apart at the least fee, fees by the rule
money          costs with the weights of the days, benefits, shares, payments in whole cents
search         cuts below the cost of every design that was priced; the bound from the master, solved again; moves
reliability    where there are limits: indices before and after from faults followed one by one; limits kept
equilibrium    what an owner could gain by changing its own plan alone
cash           net present value, payback, reinforcements, fairness
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridpact.certificates.check import Check
from gridpact.certificates.judge import certify
from gridpact.certificates.planning.plan_judge import readable
from gridpact.certificates.planning.plan_scenarios import scenario_checks
from gridpact.certificates.together.cash import cash_checks
from gridpact.certificates.together.complete import complete_together
from gridpact.certificates.together.design import are_possible, joint_design_checks
from gridpact.certificates.together.disclosed import plan_disclosure_checks
from gridpact.certificates.together.equilibrium import equilibrium_checks
from gridpact.certificates.together.figures import joint_figure_checks
from gridpact.certificates.together.money import money_checks
from gridpact.certificates.together.reliability import followed_check, joint_reliability_checks
from gridpact.certificates.together.search import search_checks
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.agreement import agreement_checks
from gridpact.certificates.trade.course import payments_converged
from gridpact.certificates.trade.disclosed import disclosure_checks
from gridpact.certificates.trade.judge import document, named
from gridpact.certificates.trade.least_fee import least_fee_check
from gridpact.certificates.trade.regret import regret_checks
from gridpact.certificates.trade.split import trades_checks
from gridpact.results.record import Record

# What must hold for a plan to be certified, and is shown where it does not.
PROVEN = ("plan bound proven", "trade bound proven")


def certify_together(record: Record) -> dict[str, Any]:
    """Judge a joint plan by its own content: ``{"verdict": ..., "checks": [...]}``.

    "failed" if a required check fails, "approximate" where one of its clearings is so, or where a bound could not be
    proven again, else "certified". A gap that is larger than asked for is shown, and fails nothing.
    """
    entry = complete_together(record)
    if not entry.passed:
        return document([entry.as_dict()], False)
    view = JointView(record)
    checks = [entry, readable(view.plan), *joint_design_checks(view)]
    if checks[1].passed and are_possible(view):
        checks.append(followed_check(view))
    if not (checks[1].passed and are_possible(view) and checks[-1].passed):
        return document([check.as_dict() for check in checks], False)
    clearings = view.trade.clearings
    documents = {side: certify(clearings.records[side]) for side in clearings.sides}
    taken = [check for side, told in documents.items() for check in named(side, told)]
    if not all(check["passed"] for told in documents.values() for check in told["checks"][:2]):
        return document([*(check.as_dict() for check in checks), *taken], False)  # nothing else can be read
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what is no number fails its check
        checks += _content(view)
    sure = all(told["verdict"] == "certified" for told in documents.values())
    sure = sure and all(check.passed for check in checks if check.name in PROVEN)
    return document([*(check.as_dict() for check in checks), *taken], sure)


def _content(view: JointView) -> Iterator[Check]:
    """What can be judged once all clearings can be read."""
    yield from scenario_checks(view.plan)
    yield from agreement_checks(view.trade)
    yield from regret_checks(view.trade)
    yield from trades_checks(view.trade)
    yield least_fee_check(view.trade)
    yield from money_checks(view)
    yield from search_checks(view)
    yield from equilibrium_checks(view)
    yield from joint_reliability_checks(view)
    yield from cash_checks(view)
    yield payments_converged(view.trade)
    yield from disclosure_checks(view.trade)
    yield from plan_disclosure_checks(view)
    yield from joint_figure_checks(view)
