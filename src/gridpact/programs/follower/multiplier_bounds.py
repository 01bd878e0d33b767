"""Proven bounds of the follower's slacks and multipliers, for z within a box.

    slack          S_i = maximise s_i  over the follower's y and z
    multiplier     U_i = maximise u_i  over the optimal multipliers at all z:
                  linear part of the follower with one linking quantity   faces of optimal multipliers (``dual_faces``)
                  any other part                                          points within all limits (``strict_points``)

A row whose slack is zero everywhere is an equality: its multiplier needs no bound. The bounds are wider by ``MARGIN``
than what the linear programs say, so that a slack or multiplier at its bound is a sign that the bound is wrong.
Source: Pineda and Morales, "Solving linear bilevel problems using big-Ms: not all that glitters is gold", IEEE Trans.
Power Systems 34(3), 2019, on what happens with bounds that are not proven.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.blocks import Block, blocks
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.dual_faces import face_bounds
from gridpact.programs.follower.linear import Polyhedron
from gridpact.programs.follower.polyhedral import Polyhedral, polyhedral
from gridpact.programs.follower.ranged import Ranged
from gridpact.programs.follower.strict_points import strict_bounds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MARGIN = 1.1
# A slack that is nowhere larger than this (per unit of the right-hand side) is zero.
NO_SLACK = 1e-8
# A multiplier that is nowhere larger than this (per unit of the largest of all) is zero.
NO_MULTIPLIER = 1e-9
BIDS = Issue(
    "no proven bounds where the leader bids into the follower's cost",
    "Use complementarity sos1.",
)


def proven_bounds(
    bilevel: Bilevel, z_low: Floats, z_high: Floats, breakpoints: Sequence[Floats] | None = None
) -> Bounds:
    """Bounds that hold wherever the follower's linking quantities are within ``z_low`` and ``z_high``, (k,).

    ``breakpoints`` are, for each linking quantity, where the price changes; without them the bounds are looser. Raises
    ``InputError`` naming the row where there is no finite bound, or where the follower has no answer in the box.
    """
    if bilevel.bids[0].size:
        raise InputError([BIDS])
    follower = polyhedral(bilevel)
    used = _used(bilevel, follower)
    slack, multiplier = np.zeros(follower.form.b.size), np.zeros(follower.form.b.size)
    for block in blocks(follower.form):
        part = _ranged(follower, block, z_low, z_high, used)
        slack[block.rows] = S = _slacks(part, follower)
        knots = None if breakpoints is None else _knots(part, breakpoints)
        multiplier[block.rows] = strict_bounds(part, S) if knots is None else face_bounds(part, S, knots)
    return _widened(follower, slack, multiplier)


def _used(bilevel: Bilevel, follower: Polyhedral) -> NDArray[np.bool_]:
    """Whether the leader looks at the multiplier of a row or the price of a column: else any optimal one will do."""
    rows = np.diff(sp.csr_array(follower.turn[:, bilevel.multipliers[1]]).indptr) > 0
    columns = np.zeros(follower.form.q.size, dtype=np.bool_)
    columns[follower.linking[bilevel.weights != 0.0]] = True
    return np.concatenate([rows, columns])


def _ranged(follower: Polyhedral, block: Block, low: Floats, high: Floats, used: NDArray[np.bool_]) -> Ranged:
    rows = follower.form.b.size
    linked = np.flatnonzero(np.isin(follower.linking, block.columns))
    place = {column: at for at, column in enumerate(block.columns.tolist())}
    own = np.array([place[column] for column in follower.linking[linked].tolist()], dtype=np.int64)
    watched = bool(np.any(used[block.rows]) or np.any(used[rows + block.columns]))
    names = tuple(follower.row_name(row) for row in block.rows.tolist())
    return Ranged(block.form, own, linked, low[linked], high[linked], watched, names)


def _knots(part: Ranged, breakpoints: Sequence[Floats]) -> Floats | None:
    """Ends and breakpoints of the only linking quantity; none where there are several or the cost is quadratic."""
    if part.linking.size > 1 or part.form.P.count_nonzero():
        return None
    if not part.linking.size:
        return np.zeros(1)
    inside = np.asarray(breakpoints[int(part.places[0])], dtype=np.float64)
    inside = inside[(inside > part.low[0]) & (inside < part.high[0])]
    return np.unique(np.concatenate([part.low, inside, part.high]))


def _slacks(part: Ranged, follower: Polyhedral) -> Floats:
    """The largest slack of every inequality, zero where it is next to nothing; equalities have none."""
    A, b = sp.csr_array(part.form.A), part.form.b
    points = Polyhedron.of(part.boxed())
    if points.minimise(np.zeros(part.form.q.size))[0] != "solved":
        text = "the follower has no answer within the range of the linking quantities"
        raise InputError([Issue(text, "Widen the range, or the follower's limits.")])
    slack = np.zeros(b.size)
    for row in part.inequalities.tolist():
        slack[row] = b[row] + points.maximum(-A[[row]].toarray().ravel())
    open_rows = np.flatnonzero(~np.isfinite(slack))
    if open_rows.size:
        raise part.unbounded(int(open_rows[0]), "slack")
    return np.where(slack <= NO_SLACK * (1.0 + np.abs(b)), 0.0, slack)


def _widened(follower: Polyhedral, slack: Floats, multiplier: Floats) -> Bounds:
    inequalities = slice(follower.equalities, None)
    S, U = slack[inequalities], multiplier[inequalities]
    none = NO_MULTIPLIER * (1.0 + U.max(initial=0.0))
    U = np.where(S > 0.0, MARGIN * np.where(none < U, U, 0.0), np.inf)
    return Bounds(MARGIN * S, U)
