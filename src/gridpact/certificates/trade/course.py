"""Did the agreement converge, and does it cost what one hand would?

residuals   the last ones of the agreement are at most the tolerance asked for, and those of the summary; what
            follows only polishes prices
payments    the agreement on receipts ended at 1e-8 of the surplus, or where doubles end
reference   the run's own row says what the summary says, and its gap is that to the central dispatch; that is a
            relaxation, so that nothing costs less and no bound lies above it. Where the network's own program is
            one as well, the agreement costs the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.tangents import is_linearised
from gridpact.certificates.trade.complete import REFERENCE
from gridpact.certificates.trade.view import Floats, TradeView

SAME, CENTRAL, SHOWN, AGREED = 1e-9, 1e-5, 1e-6, 1e-6
RESIDUALS = ("primal_residual", "dual_residual")


def course_checks(view: TradeView) -> Iterator[Check]:
    """Convergence of both agreements, and the reference."""
    yield _rounds(view)
    yield _residuals(view)
    yield payments_converged(view)
    yield _reference(view)
    if has_central(view):
        yield _as_central(view)
        yield _near_central(view)


def has_central(view: TradeView) -> bool:
    """Whether a central dispatch stands beside that of the run."""
    return REFERENCE in set(view.record.tables["reference"]["method"])


def of_row(view: TradeView, method: str, column: str) -> float:
    """A number of the reference."""
    table = view.record.tables["reference"]
    return float(table.loc[table["method"] == method, column].iloc[0])


def _rounds(view: TradeView) -> Check:
    """The opening counts as a round; one hand has none."""
    stage, summary = view.record.tables["convergence"]["stage"], view.record.summary
    count = {name: float((stage == name).sum()) for name in ("agreement", "polishing")}
    central = summary["method"] == "central"
    own = {"iterations": 0.0 if central else count["agreement"] + 1.0, "polishing_rounds": count["polishing"]}
    off = {name: abs(float(summary[name]) - value) for name, value in own.items()}
    off["rounds of one hand"] = float(len(stage)) if central else 0.0
    off["no rounds"] = float(not central and not count["agreement"])
    text = "Rounds of the summary against the course of the agreement."
    return worst("trade rounds", text, 0.0, [Measure("summary", list(off), np.array(list(off.values())))])


def _residuals(view: TradeView) -> Check:
    """Over the tolerance; one hand has none."""
    table, told = view.record.tables["convergence"], _told(view)
    last = table[table["stage"] == "agreement"][list(RESIDUALS)].to_numpy(dtype=np.float64)[-1:]
    asked = float(view.record.settings["tolerance"])
    own = last[0] if len(last) else np.zeros(2)
    measures = [
        Measure("beyond the tolerance", RESIDUALS, np.maximum(own / asked - 1.0, 0.0)),
        Measure("summary", RESIDUALS, np.abs(own - told) / asked),
    ]
    text = (
        "Last residuals of the agreement beyond the tolerance asked for, and against the summary, over the tolerance."
    )
    return worst("trade converged", text, SAME, measures)


def _told(view: TradeView) -> Floats:
    return np.array([float(view.record.summary[name]) for name in RESIDUALS])


def payments_converged(view: TradeView) -> Check:
    """Without a deal nothing was proposed, or it was given up for want of cents."""
    last = view.record.tables["bargaining_convergence"][list(RESIDUALS)].to_numpy(dtype=np.float64)[-1:]
    value = float(np.abs(last).max(initial=0.0))
    if view.record.summary["deal"] and not len(last) and view.bargains.sum() > 1:  # alone there is nobody to agree with
        value = float("nan")
    text = "Last residuals of the agreement on payments, over the surplus."
    return Check("bargaining converged", True, value, AGREED, "", text)


def _reference(view: TradeView) -> Check:
    """The run's own row, and its distance to the central dispatch, blank without one."""
    summary, method, scale = view.record.summary, str(view.record.summary["method"]), view.gross_value
    own = {"cost": "objective", "lower_bound": "lower_bound"}
    off = {name: abs(of_row(view, method, name) - float(summary[told])) / scale for name, told in own.items()}
    off["iterations"] = abs(of_row(view, method, "iterations") - float(summary["iterations"]))
    gap, told = (
        of_row(view, method, "gap"),
        [float(summary.get(name, np.nan)) for name in ("central_cost", "central_gap")],
    )
    if has_central(view):
        cost = of_row(view, REFERENCE, "cost")
        distance = (float(summary["objective"]) - cost) / max(1.0, abs(cost))
        off |= {"gap": abs(gap - distance), "central_gap": abs(told[1] - distance)}
        off["central_cost"] = abs(told[0] - cost) / scale
        off["bound of one hand"] = abs(of_row(view, REFERENCE, "lower_bound") - cost) / scale
        off["gap of one hand"] = abs(of_row(view, REFERENCE, "gap"))
    else:
        off["gap"] = float(not np.isnan([gap, *told]).all())
    text = "The rows of the reference against the summary, costs over the gross value."
    return worst("trade reference", text, SAME, [Measure("reference", list(off), np.array(list(off.values())))])


def _as_central(view: TradeView) -> Check:
    """Shown, and no failure: how far the agreement is from what one hand would do."""
    gap = (float(view.record.summary["objective"]) - of_row(view, REFERENCE, "cost")) / view.gross_value
    text = "Cost of the agreement above that of one hand, over the gross value."
    return Check("trade as central", False, max(0.0, gap) if gap == gap else gap, SHOWN, "", text)


def _near_central(view: TradeView) -> Check:
    """What is cheaper than one hand, or a bound above it, is a mistake in one of them."""
    cost, scale = of_row(view, REFERENCE, "cost"), view.gross_value
    over = (float(view.record.summary["objective"]) - cost) / scale
    off = {
        "cost": max(0.0, -over) if is_linearised(view.network) else abs(over),
        "lower_bound": max(0.0, float(view.record.summary["lower_bound"]) - cost) / scale,
    }
    text = "Cost of the agreement against that of one hand, and its bound above that, over the gross value."
    return worst("trade near central", text, CENTRAL, [Measure("central", list(off), np.array(list(off.values())))])
