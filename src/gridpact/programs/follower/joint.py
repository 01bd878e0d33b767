"""Leader and follower as one program: what both would do if they minimised their common cost.

    minimise    f(x) + weight x (1/2 y'Py + q'y)
    subject to  x in X,   A y + B z + s = b,   z = scale * x[columns]

The follower's multipliers, divided by the weight, are the prices at which nobody would do anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.elimination import Lean, lean
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, in_order

Floats = NDArray[np.float64]
# Share of the largest multiplier below which a row counts as having none.
NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class Joint:
    """The common optimum: leader's and follower's own solutions, the price of every linking quantity, its amount."""

    leader: Solution
    follower: Solution
    z: Floats
    price: Floats


def joint(bilevel: Bilevel, weight: float) -> Joint:
    """Minimise the leader's cost and ``weight`` times the follower's together."""
    return _joint(bilevel, weight, bilevel.follower.form)


def at_multipliers(bilevel: Bilevel, u: Floats) -> Joint:
    """The leader's best choice among all z at which the multipliers ``u`` of a linear follower stay optimal.

    Rows with a multiplier bind, and the prices B'u are fixed: a convex program, exact on the piece of the follower's
    value that u belongs to. ``price`` is that of u.
    """
    form, leader = bilevel.follower.form, bilevel.leader
    price = form.A[:, bilevel.follower.linking].T @ u
    q = leader.q.copy()
    np.add.at(q, bilevel.columns, bilevel.weights * bilevel.scale * price)
    paying = replace(bilevel, leader=replace(leader, q=q))
    found = _joint(paying, 0.0, _binding(form, u))
    return replace(found, price=price)


def _binding(form: StandardForm, u: Floats) -> StandardForm:
    """The follower's rows, those with a multiplier as equalities and each a cone of its own; without cost."""
    equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
    held = equal | (u > NOTHING * (1.0 + np.abs(u).max(initial=0.0)))
    kinds = np.where(held, "zero", "nonnegative").tolist()
    cones = tuple((kind, 1) for kind in kinds)
    return replace(form, q=np.zeros_like(form.q), P=sp.csc_array(form.P.shape), cones=cones)


def _joint(bilevel: Bilevel, weight: float, follower: StandardForm) -> Joint:
    short = lean(bilevel.leader)
    solved = _solved(_joined(short, bilevel, weight, follower))
    own, rows = short.form.q.size, short.form.b.size
    x, s, z = short.restored(solved.x[:own], solved.s[:rows], solved.z[:rows])
    u, y = solved.z[rows : rows + follower.b.size] / (weight or 1.0), solved.x[own:]
    return Joint(
        _part(bilevel.leader, x, s, z, solved),
        _part(follower, y, solved.s[rows : rows + u.size], u, solved),
        y[bilevel.follower.linking],
        follower.A[:, bilevel.follower.linking].T @ u,
    )


def _solved(form: StandardForm) -> Solution:
    """The optimum, its rows in the order in which they were put together."""
    ordered, order = in_order(form)
    solved = solve(ordered)
    s, z = np.empty(order.size), np.empty(order.size)
    s[order], z[order] = solved.s, solved.z
    return replace(solved, s=s, z=z)


def _part(form: StandardForm, x: Floats, s: Floats, z: Floats, whole: Solution) -> Solution:
    return Solution(x, s, z, form.cost(x), whole.solver, whole.iterations, whole.seconds)


def _joined(short: Lean, bilevel: Bilevel, weight: float, follower: StandardForm) -> StandardForm:
    leader = short.form
    count, own = bilevel.columns.size, leader.q.size
    places = np.searchsorted(short.kept_columns, bilevel.columns)
    ties = sp.csr_array((bilevel.scale, (np.arange(count), places)), shape=(count, own))
    linked = sp.csr_array((np.ones(count), (np.arange(count), bilevel.follower.linking)), (count, follower.q.size))
    return StandardForm(
        P=sp.csc_array(sp.block_diag([leader.P, weight * follower.P])),
        q=np.concatenate([leader.q, weight * follower.q]),
        A=sp.csc_array(sp.vstack([sp.block_diag([leader.A, follower.A]), sp.hstack([ties, -linked])])),
        b=np.concatenate([leader.b, follower.b, np.zeros(count)]),
        constant=leader.constant + weight * follower.constant,
        cones=(*leader.cones, *follower.cones, ("zero", count)),
        rows={},
        columns={},
        integers=np.zeros(0, dtype=np.int64),
    )
