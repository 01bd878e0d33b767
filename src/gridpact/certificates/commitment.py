"""Which generators run, read off the dispatch, the ranges that are left to them, and how good the choice is.

A committable generator that gives neither active nor reactive power is off. Prices come from the program in which that
is held, so limits and best choices are those of the generators as they run. That no other choice is much cheaper rests
on the bound that the search over the choices has proven; it is taken as stated in the summary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
SILENT = 1e-6
GAP_TOLERANCE = 1e-4


def running(evidence: Evidence) -> NDArray[np.bool_]:
    """Whether each generator runs at each step, (generators, steps)."""
    power = np.hypot(evidence.dispatch("generator", "p_mw"), evidence.dispatch("generator", "q_mvar"))
    always = ~evidence.case.flags("generators", "committable")[:, None]
    return always | (power > SILENT * evidence.base_mva)


def generator_range(evidence: Evidence, column: str) -> tuple[Floats, Floats]:
    """Lowest and highest ``column`` ("p_mw", "q_mvar") of the generators; zero for those that are off."""
    on = running(evidence)
    low, high = (evidence.case.series("generators", f"{side}_{column}") for side in ("min", "max"))
    return np.where(on, low, 0.0), np.where(on, high, 0.0)


def gap_check(evidence: Evidence) -> Check:
    """Objective against the proven bound ``objective_bound`` of the summary; NaN without one."""
    summary = evidence.record.summary
    objective, bound = float(summary["objective"]), float(summary.get("objective_bound", np.nan))
    gap = (objective - bound) / max(1.0, abs(objective))
    text = "Objective above the proven bound over all choices of running generators, relative."
    return Check("integer_gap", True, gap, GAP_TOLERANCE, "", text)
