"""Bounds of the multipliers of a linear program with one linking quantity, from its faces of optimal multipliers.

    D(z) = {u : A'u = -q,  u >= 0 on inequalities,  (b - B z)'u <= -phi(z)}

Between two neighbouring breakpoints phi is linear, and D(z) is the same for all z strictly in between: part of D at
either end. So the faces at the ends and the breakpoints hold all optimal multipliers. Where the leader does not look
at them, those in the midst of the pieces are enough: they are optimal everywhere on their piece.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.linear import Polyhedron
from gridpact.programs.follower.ranged import Ranged

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Optimal multipliers may miss -phi by this share.
OPTIMAL = 1e-9
# Slacks up to this (per unit of the right-hand side) are none.
BINDING = 1e-6


def face_bounds(part: Ranged, slack: Floats, knots: Floats) -> Floats:
    """The largest optimal multiplier of every inequality with a slack; ``knots`` are the ends and breakpoints of z.

    Raises ``InputError`` naming the row where there is none.
    """
    rows = part.inequalities[slack[part.inequalities] > 0.0]
    points = knots if part.watched or knots.size == 1 else 0.5 * (knots[1:] + knots[:-1])
    largest = np.zeros(part.form.b.size)
    for z in points:
        found = _face_maxima(part, rows, np.full(part.linking.size, z))
        largest[rows] = np.maximum(largest[rows], found)
        if not np.all(np.isfinite(found)):
            raise part.unbounded(int(rows[np.argmax(~np.isfinite(found))]), "multiplier")
    return largest


def _face_maxima(part: Ranged, rows: Ints, z: Floats) -> Floats:
    """The largest u of some rows over D(z)."""
    form, own = part.form, part.own
    found = np.zeros(rows.size)
    binding = _binding(part, rows, z)
    level = form.b - form.A[:, part.linking] @ z
    free = np.full(form.b.size, np.inf)
    matrix = sp.csr_array(sp.vstack([sp.csr_array(form.A.T)[own], sp.csr_array(level[None, :])], format="csr"))
    lower, upper = np.append(-form.q[own], -np.inf), np.append(-form.q[own], np.inf)
    dual = Polyhedron(matrix, (lower, upper), (np.where(part.equal, -free, 0.0), free))
    _, least, _ = dual.minimise(level)
    if not np.isfinite(least):  # no answer at this z: no multiplier is bounded
        return np.full(rows.size, np.inf)
    dual.hold_row(own.size, -np.inf, least + OPTIMAL * (1.0 + abs(least)))
    unit = np.zeros(form.b.size)
    for at in np.flatnonzero(binding).tolist():
        unit[rows[at]] = 1.0
        found[at] = dual.maximum(unit)
        unit[rows[at]] = 0.0
    return found


def _binding(part: Ranged, rows: Ints, z: Floats) -> NDArray[np.bool_]:
    """Rows without slack in some optimum: the multipliers of the others are zero in every optimum."""
    form = part.form
    _, _, y = Polyhedron.of(replace(part, low=z, high=z).boxed()).minimise()
    free: NDArray[np.bool_] = (form.b - form.A @ y)[rows] > BINDING * (1.0 + np.abs(form.b[rows]))
    return ~free
