"""How far an answer is from the follower's own optimum, and how far a price is from a multiplier.

    cost gap       1/2 y'Py + q'y - phi(z)
    price gap      phi(z) - lambda'z - minimise over y, z' of 1/2 y'Py + q'y - lambda'z'

Both are at least zero for a feasible y. The second is zero if and only if lambda is in d(phi)/dz: the follower, free to
choose z at that price, gains nothing. Only the follower's own program is solved, none of its optimality conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.linear import Polyhedron
from gridpact.programs.follower.polyhedral import Polyhedral, polyhedral
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import NO_STATES, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OptimalityGap:
    """``violation`` is the largest of any row; ``price_gap`` is infinite where the follower gains without bound."""

    cost_gap: float
    price_gap: float
    violation: float

    def is_within(self, tolerance: float) -> bool:
        """Whether all are at most ``tolerance``."""
        return max(abs(self.cost_gap), abs(self.price_gap), self.violation) <= tolerance


def optimality_gap(bilevel: Bilevel, x: Floats, y: Floats, price: Floats) -> OptimalityGap:
    """The gaps of the follower's columns ``y`` and of the ``price`` (k,) at the leader's choice ``x``.

    Raises ``InfeasibleError`` where the follower has no answer at that choice.
    """
    follower = polyhedral(bilevel)
    form = _with_bids(bilevel, follower.form, x)
    z = bilevel.scale * x[bilevel.columns]
    best = minimum(held_at(form, follower.linking, z))
    free = np.array(form.q)
    np.add.at(free, follower.linking, -price)
    violation = np.concatenate([_violations(follower, y), np.abs(y[follower.linking] - z)])
    try:
        gain = float(best - price @ z - minimum(form.with_q(free)))
    except InfeasibleError:  # it has a point, that of z: its cost falls without bound
        gain = np.inf
    return OptimalityGap(form.cost(y) - best, gain, float(violation.max(initial=0.0)))


def held_at(form: StandardForm, columns: Ints, values: Floats) -> StandardForm:
    """The form with some columns held, by equalities before all other rows."""
    count = columns.size
    hold = sp.csr_array((np.ones(count), (np.arange(count), columns)), shape=(count, form.q.size))
    return replace(
        form,
        A=sp.csc_array(sp.vstack([hold, form.A])),
        b=np.concatenate([values, form.b]),
        cones=(("zero", count), *form.cones),
        rows={},
        states=NO_STATES,
    )


def minimum(form: StandardForm) -> float:
    """The least cost: by HiGHS where it is linear, else by an interior point.

    Raises ``InfeasibleError`` where there is no point or no least cost.
    """
    if form.P.count_nonzero():
        return solve(form).cost
    status, cost, _ = Polyhedron.of(form).minimise()
    if status != "solved":
        raise InfeasibleError("The follower has no answer here, or none that is best.", unbounded=status == "unbounded")
    return cost + form.constant


def _with_bids(bilevel: Bilevel, form: StandardForm, x: Floats) -> StandardForm:
    q = np.array(form.q)
    np.add.at(q, bilevel.bids[1], x[bilevel.bids[0]])
    return form.with_q(q)


def _violations(follower: Polyhedral, y: Floats) -> Floats:
    s = follower.form.b - follower.form.A @ y
    broken: Floats = np.where(np.arange(s.size) < follower.equalities, np.abs(s), np.maximum(-s, 0.0))
    return broken
