"""Does the summary of a plan say what case and tables say?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_view import PlanView
from gridpact.certificates.summary import words_of

# Sums of what stands in the table of investments.
ROUNDING = 1e-12
MONEY = ("investment", "capex_per_year")


def summary_checks(plan: PlanView) -> Iterator[Check]:
    """Words and figures of the summary that no other check looks at."""
    yield _words(plan)
    yield _figures(plan)


def _words(plan: PlanView) -> Check:
    record = plan.record
    own = words_of(record.case)
    if record.certificate:
        own = {**own, "verdict": record.certificate.get("verdict"), "question": record.question}
    wrong = [name for name, value in own.items() if record.summary.get(name) != value]
    text = "Statements of the summary that are not those of the case or of the archived certificate."
    return words_check("plan words", text, wrong)


def _figures(plan: PlanView) -> Check:
    summary = plan.record.summary
    own = {name: float(plan.column("investments", name).sum()) for name in MONEY}
    own |= {
        "scenarios": float(len(plan.scenarios)),
        "candidates": float(len(plan.offered.names)),
        "assets_built": float((plan.units > 0.0).sum()),
    }
    off = np.array([abs(float(summary[name]) - value) / max(1.0, abs(value)) for name, value in own.items()])
    text = "Figures of the summary against the tables, relative."
    return worst("plan summary", text, ROUNDING, [Measure("summary", list(own), off)])
