"""Did the trade of the days converge, and does the summary say what case, settings and tables say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import relative, words_check
from gridpact.certificates.summary import words_of
from gridpact.certificates.together.view import JointView

# The residual to which the days are agreed.
AGREED, ROUNDING = 1e-4, 1e-12
RESIDUALS = ["primal_residual", "dual_residual"]


def joint_figure_checks(view: JointView) -> Iterator[Check]:
    """Residuals, words, figures."""
    yield _converged(view)
    yield _words(view)
    yield _figures(view)


def _converged(view: JointView) -> Check:
    """The last residuals of the agreement; one hand has none."""
    table, central = view.record.tables["convergence"], view.record.settings["trade"] == "central"
    rounds = table[table["stage"] == "agreement"]
    last = rounds[RESIDUALS].to_numpy(dtype=np.float64)[-1:]
    value = float(last.max(initial=0.0)) if bool(len(rounds)) != central else float("nan")
    text = "Last residuals of the agreement on the days; none where one hand dispatched them."
    return Check("joint plan trade converged", True, value, AGREED, "", text)


def _words(view: JointView) -> Check:
    record = view.record
    own: dict[str, Any] = {**words_of(record.case), "operator": view.owners[-1], "operator_role": "party"}
    own |= {"scheme": record.settings["scheme"], "weights_rule": record.settings["weights"]}
    own |= {"trade": record.settings["trade"]}
    if record.certificate:
        own |= {"verdict": record.certificate.get("verdict"), "question": record.question}
    wrong = [name for name, value in own.items() if record.summary.get(name) != value]
    text = "Statements of the summary that are not those of the case, the settings or the archived certificate."
    return words_check("joint plan words", text, wrong)


def _figures(view: JointView) -> Check:
    rounds = view.record.tables["convergence"]["stage"] == "agreement"
    own = {
        "scenarios": float(len(view.plan.scenarios)),
        "owners": float(len(view.owners)),
        "candidates": float(len(view.plan.offered.names)),
        "investment": float(view.plan.column("investments", "investment").sum()),
        "assets_built": float((view.plan.units > 0.0).sum()),
        "trade_rounds": float(rounds.sum()),
    }
    told = np.array([float(view.record.summary[name]) for name in own])
    text = "Figures of the summary against the tables, relative."
    off = relative(told, np.array([*own.values()]))
    return worst("joint plan summary", text, ROUNDING, [Measure("summary", list(own), off)])
