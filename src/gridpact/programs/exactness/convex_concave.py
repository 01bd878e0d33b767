"""The convex-concave procedure: what a cone leaves open is charged, at its tangent.

    minimise  cost + tau * sum over tight cones of (l - 2 a'w + |a|^2 u),   a = w / u at the last point

The gap g is concave, so that its tangent never undercuts it: with a fixed tau, cost + tau sum of g falls from step to
step. In the usual form the reverse inequality u l <= |w|^2 is linearised and its slack is charged; that slack is this
very tangent. With a = 0 the charge is one on the losses l, so that the first step from nowhere is a loss penalty; tau
grows until every cone is tight. Only the cost changes from step to step.
Sources: Lipp and Boyd, "Variations and extension of the convex-concave procedure", Optimization and Engineering 17,
2016; for radial networks Wei, Wang, Li and Mei, IEEE Trans. Smart Grid 8(6), 2017.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled
from gridpact.programs.exactness.point import Point, found, stopped
from gridpact.programs.exactness.tight import Tight, cost_unit

Floats = NDArray[np.float64]
NAME = "convex_concave"
GAP = 1e-6
# First charge, its growth and its end, per largest entry of q.
FIRST, GROWTH, LAST = 0.01, 3.0, 100.0
FALL = 1e-7
# At the last charge a gap that shrinks by less than this share will not close.
STALLED = 0.05
ROUNDS = 60


def convex_concave(tight: Tight, ratios: Floats, gap_tolerance: float = GAP) -> Point:
    """An exact point from the ratios a = w / u, shape (k - 2, n), of any start; zeros for none.

    Ends where the cones are tight and the cost no longer falls; ``inexact`` where the gap stalls or after ``ROUNDS``.
    """
    unit = cost_unit(tight.form)
    solver, charge = Compiled(tight.form), FIRST * unit
    point, a = stopped(NAME, tight, 0), ratios
    for solves in range(1, ROUNDS + 1):
        G, _ = tight.tangent(a)
        q = tight.form.q - charge * np.asarray(G.sum(axis=0)).ravel()
        answer = solver.answer(replace(tight.form, q=q))
        if answer.status != "solved":
            return replace(point, solves=solves)
        before, point = point, found(NAME, tight, answer.x, solves, gap_tolerance)
        if _ended(before, point, charge >= LAST * unit):
            return point
        if point.status != "exact":
            charge = min(GROWTH * charge, LAST * unit)
        a = tight.ratios(answer.x)
    return point


def _ended(before: Point, now: Point, last: bool) -> bool:
    if now.status == "exact":
        return abs(before.cost - now.cost) <= FALL * (1.0 + abs(now.cost))
    return last and now.gap >= (1.0 - STALLED) * before.gap
