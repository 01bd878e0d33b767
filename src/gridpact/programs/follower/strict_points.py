"""Bounds of the multipliers of any convex part of the follower, from points well within its limits.

    For every optimal u at z and every y within the limits there:   sum of u_i s_i(y) <= cost(y) - phi(z)
    so that                                                         u_i <= (cost(y) - phi(z)) / s_i(y)

A y at each corner of the box of z, mixed as z is mixed from the corners, is within the limits with at least the
mixed slacks, and costs no more than the dearest corner.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.follower.linear import Polyhedron
from gridpact.programs.follower.ranged import Ranged
from gridpact.programs.solve import solve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# More linking quantities than this in one part have too many corners.
MOST_LINKS = 8
# Shares of the largest slacks below this are none.
NO_SHARE = 1e-7


def strict_bounds(part: Ranged, slack: Floats) -> Floats:
    """A bound of the multiplier of every inequality with a slack.

    Raises ``InputError`` naming the row where no point at some corner keeps a distance from it.
    """
    if part.linking.size > MOST_LINKS:
        text = f"no proven bounds for a part of the follower with {part.linking.size} linking quantities"
        raise InputError([Issue(text, "Use complementarity sos1.")])
    rows = part.inequalities[slack[part.inequalities] > 0.0]
    bounds = np.zeros(part.form.b.size)
    if rows.size:
        corners = [np.array(corner) for corner in product(*zip(part.low, part.high, strict=True))]
        found = [_distant_point(part, rows, slack, corner) for corner in corners]
        dearest, share = max(cost for cost, _ in found), min(share for _, share in found)
        cheapest = solve(part.boxed()).cost
        bounds[rows] = max(0.0, dearest - cheapest) / (share * slack[rows])
    return bounds


def _distant_point(part: Ranged, rows: Ints, slack: Floats, z: Floats) -> tuple[float, float]:
    """Cost of a point at z and the share t of the largest slacks that all its slacks have: the largest such t."""
    form, width = part.form, part.form.q.size
    share = np.zeros(form.b.size)
    share[rows] = slack[rows]
    A = sp.csc_array(sp.hstack([form.A, sp.csc_array(share[:, None])], format="csc"))
    low, high = np.full(width + 1, -np.inf), np.full(width + 1, np.inf)
    low[part.linking] = high[part.linking] = z
    low[width], high[width] = 0.0, 1.0
    points = Polyhedron(A, (np.where(part.equal, form.b, -np.inf), form.b), (low, high))
    goal = np.zeros(width + 1)
    goal[width] = -1.0
    status, _, found = points.minimise(goal)
    if status != "solved":
        text = f"the follower has no answer at the linking quantities {np.array2string(z, precision=6)}"
        raise InputError([Issue(text, "Narrow their range, or use complementarity sos1.")])
    if found[width] <= NO_SHARE:
        tight = (form.b - form.A @ found[:width])[rows] / slack[rows]
        raise part.unbounded(int(rows[np.argmin(tight)]), "multiplier")
    return form.cost(found[:width]), float(found[width])
