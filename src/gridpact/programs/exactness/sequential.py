"""Sequential convex programming with tight cones as equalities: the remedy that ends in a KKT point.

    minimise    cost(x) + sum over cones of (max(mu, 0) + rho) |dw - a du|^2 / u,     d = x - current x
    subject to  tangent of every tight cone at the current ratios a  = 0,  everything else as it is

The square is the exact curvature of a cone with multiplier mu (see ``tight``); what is concave (mu < 0) is left out, so
that the subproblem is convex. rho is the radius of a proximal trust region. Where the tangents cannot be met, their sum
is driven to zero at a price instead (exact penalty). A step is judged by the Lagrangian cost - mu'g, which, unlike the
cost, knows what closing the gaps again will cost: no second-order correction is needed.
Source: Nocedal and Wright, "Numerical Optimization", 2nd edition, 2006, chapter 18.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled
from gridpact.programs.exactness.gap import factors
from gridpact.programs.exactness.point import Point, found, kkt_residual, own_linearisation, stopped
from gridpact.programs.exactness.tight import Tight, cost_unit, linearised
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
NAME = "sequential"
ROUNDS = 40
GAP = 1e-8
# Predicted fall of the cost, relative to the cost, at which a point counts as optimal; and the KKT residual then.
FALL = 1e-9
RESIDUAL = 1e-7
# What is good enough after so many rounds without a fall: flat optima leave the solver's own noise.
TOLERATED, FLAT = 1e-6, 4
# Proximal weight and price of an open cone, per largest entry of q.
PROXIMAL = 0.02
OPEN_PRICE = 1e2
ACCEPT, GOOD = 0.1, 0.7
# Where only gaps are left, the proximal weight grows by this: flat directions must not open them again.
CLOSER = 100.0
# Tangents left open by less than this count as met; rounds without that before the search is given up.
OPEN, PATIENCE = 1e-7, 6


@dataclass(frozen=True, eq=False)
class State:
    """Where the search is: a point, multipliers of its last subproblem, the proximal weight, and some counts."""

    x: Floats
    z: Floats
    rho: float
    met: bool
    solves: int
    missed: int = 0
    flat: int = 0
    settled: bool = False


@dataclass(frozen=True, eq=False)
class Trial:
    """The solution of a subproblem: its tangents met or left open at a price, solves taken, and the model's squares."""

    x: Floats
    z: Floats
    met: bool
    solves: int
    squares: float = 0.0


def sequential(tight: Tight, ratios: Floats, gap_tolerance: float = GAP) -> Point:
    """A KKT point near the ratios a = w / u, shape (k - 2, n), which need not belong to any feasible point.

    Status ``exact`` with multipliers ``z`` of the linearisation at x; ``inexact`` where the search ended without,
    ``stopped`` where a subproblem was infeasible or could not be solved.
    """
    price = cost_unit(tight.form)
    first = _subproblem(tight, linearised(tight, ratios), ratios, price, True)
    if first is None:
        return stopped(NAME, tight, 1)
    state = State(first.x, first.z, PROXIMAL * price, first.met, first.solves)
    while state.solves < ROUNDS and state.missed < PATIENCE:
        trial = _step(tight, state, price)
        if trial is None:
            break
        state = _judged(tight, state, trial, price, gap_tolerance)
        if state.settled:
            return found(NAME, tight, state.x, state.solves, gap_tolerance, state.z)
    return replace(found(NAME, tight, state.x, state.solves, gap_tolerance), status="inexact")


def _step(tight: Tight, state: State, price: float) -> Trial | None:
    a = tight.ratios(state.x)
    D, weights = tight.deviations(a), _curvature(tight, state)
    H = D.T @ _scaled(D, 2.0 * weights)
    form = linearised(tight, a)
    form = replace(form, P=sp.csc_array(form.P + H), q=form.q - H @ state.x)
    trial = _subproblem(tight, form, a, price, state.met)
    return trial and replace(trial, squares=float(weights @ (D @ (trial.x - state.x)) ** 2))


def _curvature(tight: Tight, state: State) -> Floats:
    """(max(mu, 0) + rho) / u for every entry of w."""
    u, _, w = factors(tight.slack(state.x))
    return np.tile((np.maximum(state.z[tight.rest.size :], 0.0) + state.rho) / u, w.shape[0])


def _scaled(rows: sp.csr_array, factors: Floats) -> sp.csr_array:
    data = rows.data * np.repeat(factors, np.diff(rows.indptr))
    return sp.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def _subproblem(tight: Tight, form: StandardForm, a: Floats, price: float, expected: bool) -> Trial | None:
    """Solved with the tangents as equalities, if that is ``expected`` and possible; else with a price on them."""
    if expected:
        answer = Compiled(form).answer(form)
        if answer.status == "solved":
            return Trial(answer.x, answer.z, True, 1)
    opened = _opened(tight, form, a, OPEN_PRICE * price)
    answer = Compiled(opened).answer(opened)
    if answer.status != "solved":
        return None
    z = answer.z.copy()
    z[tight.rest.size :] -= OPEN_PRICE * price
    return Trial(answer.x, z, bool(answer.s[tight.rest.size :].max(initial=0.0) <= OPEN), 1 + expected)


def _opened(tight: Tight, form: StandardForm, a: Floats, price: float) -> StandardForm:
    """Tangents at least zero, and a price on each: one-sided, since the tangents are nonnegative all over the cones."""
    G, _ = tight.tangent(a)
    cones = (*form.cones[:-1], ("nonnegative", tight.size))
    return replace(form, cones=cones, q=form.q - price * np.asarray(G.sum(axis=0)).ravel())


def _judged(tight: Tight, state: State, trial: Trial, price: float, gap_tolerance: float) -> State:
    """The next state: the trial, if it is good enough, and a proximal weight that fits how good it was."""
    predicted, actual = _falls(tight, state, trial, price)
    small = trial.met and abs(predicted) <= FALL * (1.0 + abs(tight.form.cost(state.x)))
    solves, missed = state.solves + trial.solves, state.missed + 1 - trial.met
    counted = replace(state, solves=solves, missed=missed, flat=state.flat + small)
    if not (small or actual >= ACCEPT * predicted):
        return replace(counted, z=trial.z, rho=10.0 * state.rho)
    moved = replace(counted, x=trial.x, z=trial.z, met=trial.met)
    closed = trial.met and bool(np.abs(tight.gap(trial.x)).max(initial=0.0) <= gap_tolerance)
    if small or closed:
        return _settled(tight, moved, closed)
    return replace(moved, rho=state.rho / 10.0 if actual > GOOD * predicted else state.rho)


def _settled(tight: Tight, state: State, closed: bool) -> State:
    """Whether the point is optimal; if not: shorter steps close gaps, longer ones bring multipliers to rest."""
    form, s = own_linearisation(tight, state.x)
    at_rest = kkt_residual(form, state.x, s, state.z) <= (RESIDUAL if state.flat < FLAT else TOLERATED)
    return replace(state, settled=at_rest and closed, rho=state.rho / 10.0 if closed else state.rho * CLOSER)


def _falls(tight: Tight, state: State, trial: Trial, price: float) -> tuple[float, float]:
    """Predicted and actual fall of the Lagrangian, or of the penalised cost where tangents were left open."""
    before, after = tight.gap(state.x), tight.gap(trial.x)
    fall = tight.form.cost(state.x) - tight.form.cost(trial.x)
    if not trial.met:
        G, h = tight.tangent(tight.ratios(state.x))
        weight, open_before = OPEN_PRICE * price, np.abs(before).sum()
        predicted = fall + weight * (open_before - (h - G @ trial.x).sum())
        return float(predicted), float(fall + weight * (open_before - np.abs(after).sum()))
    mu = trial.z[tight.rest.size :]
    return float(fall - mu @ before - trial.squares), float(fall - mu @ (before - after))
