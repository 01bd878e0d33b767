"""A point that a remedy has found, and whether it is a Karush-Kuhn-Tucker point of the program with tight cones.

At x with w / u = a on every tight cone, the tangents are the gradients of g = l - |w|^2 / u. So x with multipliers z is
a KKT point of the non-linear program if and only if it is optimal for its own linearisation,

    A x + s = b,  s in K,    P x + q + A'z = 0,  z in K*,    s'z = 0

with the tangents among the equalities. The four residuals are computed here from the matrices alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.exactness.tight import Tight, linearised, tangent_weights
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """What a remedy came to: ``status`` is exact, inexact (a cone is open) or stopped (a subproblem failed).

    ``z`` are multipliers of the linearisation at x, where the remedy has them; ``solves`` counts convex programs.
    """

    remedy: str
    status: str
    x: Floats
    cost: float
    gap: float
    solves: int
    z: Floats | None = None


def found(remedy: str, tight: Tight, x: Floats, solves: int, tolerance: float, z: Floats | None = None) -> Point:
    """The point x of a remedy; exact where no gap exceeds the tolerance."""
    worst = float(np.abs(tight.gap(x)).max(initial=0.0))
    status = "exact" if worst <= tolerance else "inexact"
    return Point(remedy, status, x, tight.form.cost(x), worst, solves, z)


def stopped(remedy: str, tight: Tight, solves: int) -> Point:
    """No point: a subproblem could not be solved."""
    return Point(remedy, "stopped", np.full(tight.form.q.size, np.nan), np.inf, np.inf, solves)


def kkt_residual(form: StandardForm, x: Floats, s: Floats, z: Floats) -> float:
    """Largest violation of the optimality of (x, s, z), each relative to its own terms; NaN where one is not a number.

    Primal and dual equations, slack and multipliers in their cones, and s'z over the cost.
    """
    scale_b, scale_q = 1.0 + np.abs(form.b).max(initial=0.0), 1.0 + np.abs(form.q).max(initial=0.0)
    primal = np.abs(form.A @ x + s - form.b).max(initial=0.0) / scale_b
    dual = np.abs(form.P @ x + form.q + form.A.T @ z).max(initial=0.0) / scale_q
    outside = max(_outside(form.cones, s, True) / scale_b, _outside(form.cones, z, False) / scale_q)
    product = abs(float(s @ z)) / (1.0 + abs(float(form.q @ x)))
    return float(np.max([primal, dual, outside, product]))


def _outside(cones: tuple[Cone, ...], vector: Floats, primal: bool) -> float:
    """How far a vector is out of the cones (their duals, where not primal)."""
    worst, first = 0.0, 0
    for kind, size in cones:
        part = vector[first : first + size]
        if kind == "zero":
            worst = max(worst, np.abs(part).max(initial=0.0) if primal else 0.0)
        elif kind == "nonnegative":
            worst = max(worst, -part.min(initial=0.0))
        else:
            worst = max(worst, float(np.linalg.norm(part[1:]) - part[0]))
        first += size
    return worst


def own_linearisation(tight: Tight, x: Floats) -> tuple[StandardForm, Floats]:
    """The program linearised at x, and the slack of x in it."""
    form = linearised(tight, tight.ratios(x))
    return form, form.b - form.A @ x


def original_multipliers(tight: Tight, x: Floats, z: Floats) -> Floats:
    """Multipliers of the rows of the original form: a tight cone's are its multiplier times the tangent's weights.

    They satisfy P x + q + A'z = 0 with the original A; those of a tight cone are on the boundary of the dual cone or,
    where the multiplier is negative, of its mirror image.
    """
    whole = np.zeros(tight.form.b.size)
    whole[tight.rest] = z[: tight.rest.size]
    whole[tight.rows] = tangent_weights(tight.ratios(x)) * z[tight.rest.size :]
    return whole
