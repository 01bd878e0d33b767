"""Clarabel: a program set up once, solved for many costs and right-hand sides.

Setting up orders and scales the matrices; it takes about a tenth of a solve and is the same for every day of a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.standard_form import Cone, StandardForm, alike

Floats = NDArray[np.float64]
# Gap and feasibility asked of the solver. Where it stalls before, it tries again, also without equilibration, and
# the best of the points counts if its residuals, recomputed here, are within ACCEPTED (relative).
# The certificate judges every point in any case.
TOLERANCE = 1e-11
REDUCED = 1e-8
ACCEPTED = 1e-6
RAY = 1e-6
# Largest violation of A x + s = b of a point with which nothing more is tried; a tenth of what the judges allow.
ACCURATE = 1e-7
STATUS = {
    "Solved": "solved",
    "AlmostSolved": "solved",
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible",
    "DualInfeasible": "unbounded",
    "AlmostDualInfeasible": "unbounded",
}


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver said: ``status`` is solved, infeasible (z proves it), unbounded (x proves it) or stopped."""

    status: str
    word: str
    x: Floats
    s: Floats
    z: Floats
    iterations: int
    seconds: float


class Compiled:
    """The matrices of a program inside the solver; vectors, and values of P and A, are updated from call to call."""

    def __init__(self, form: StandardForm, time_limit: float = 3600.0, tolerance: float = TOLERANCE) -> None:
        self.form = form
        self.time_limit = time_limit
        self.tolerance = tolerance
        started = perf_counter()
        self._solver = _solver(form, time_limit, True, tolerance)
        self._values = form.P.data, form.A.data
        self._setup = perf_counter() - started

    def fits(self, form: StandardForm) -> bool:
        """Whether ``form`` has the same matrices and cones."""
        own = self.form
        return own is form or (own.cones == form.cones and _same(own.A, form.A) and _same(own.P, form.P))

    def resembles(self, form: StandardForm) -> bool:
        """Whether ``form`` has the same cones, and P and A their entries in the same places."""
        own = self.form
        return own.cones == form.cones and alike(own.P, form.P) and alike(own.A, form.A)

    def first(self, form: StandardForm) -> Answer:
        """Solve a form that this one ``fits``, once: an answer that will do where its residuals are within ACCEPTED."""
        return _best(form, [self._updated(form)])

    def answer(self, form: StandardForm) -> Answer:
        """Solve a form that this one ``fits`` or ``resembles``; a word of the solver counts only if it can be proven.

        Where the point is not accurate, the solver begins anew: set up for these vectors, then without equilibration.
        """
        tried = [self._updated(form)]
        for equilibrate in (True, False):
            if _is_settled(form, tried[-1]):
                break
            if self.form is not form or not equilibrate:
                tried.append(_fresh(form, self.time_limit, equilibrate, self.tolerance))
        return _best(form, tried)

    def _updated(self, form: StandardForm) -> Answer:
        if form is not self.form:
            quadratic, linear = self._values
            changed = {} if np.array_equal(linear, form.A.data) else {"A": form.A.data}
            changed |= {} if np.array_equal(quadratic, form.P.data) else {"P": sp.csc_matrix(sp.triu(form.P)).data}
            self._solver.update(q=form.q, b=form.b, **changed)
            self._values = form.P.data, form.A.data
        answer = _answer(form, self._solver, self._setup)
        self._setup = 0.0
        return answer


def clarabel_point(form: StandardForm, time_limit: float = 3600.0) -> tuple[str, Floats, Floats, Floats]:
    """Status "solved" with x, s, z, or "infeasible" with z a proof of it (A'z = 0, b'z < 0, z in K*).

    Raises ``InfeasibleError`` for an unbounded program, ``NotConverged`` where the solver gives up.
    """
    answer = Compiled(form, time_limit).answer(form)
    if answer.status != "infeasible":
        raise_unless_solved(answer)
    return answer.status, answer.x, answer.s, answer.z


def raise_unless_solved(answer: Answer) -> None:
    """Raise ``InfeasibleError`` or ``NotConverged`` for an answer that is no optimum."""
    raise_unless_stated(answer.status, answer.word, answer.seconds)


def raise_unless_stated(status: str, word: str, seconds: float) -> None:
    if status == "infeasible":
        raise InfeasibleError("No dispatch satisfies all limits: the solver proved the market infeasible.")
    if status == "unbounded":
        text = "The cost can fall without bound: a price or a limit is missing somewhere."
        raise InfeasibleError(text, unbounded=True)
    if status != "solved":
        hint = "Look for limits, prices or impedances that are many orders of magnitude apart."
        unproven = ", which does not hold when checked" if word in STATUS else ""
        raise NotConverged(f"The solver stopped after {seconds:.1f} s: {word}{unproven}. {hint}")


def residual(form: StandardForm, x: Floats, s: Floats, z: Floats) -> float:
    """Largest of the primal and dual residual and the duality gap, each relative to its own terms."""
    Px, Atz, Ax = form.P @ x, form.A.T @ z, form.A @ x
    primal = np.abs(Ax + s - form.b).max(initial=0.0) / (1.0 + np.abs(form.b).max(initial=0.0))
    dual = np.abs(Px + form.q + Atz).max(initial=0.0) / (1.0 + np.abs(form.q).max(initial=0.0))
    gap = abs(x @ Px + form.q @ x + form.b @ z) / (1.0 + abs(form.q @ x) + abs(form.b @ z))
    return float(max(primal, dual, gap))


def _fresh(form: StandardForm, time_limit: float, equilibrate: bool, tolerance: float) -> Answer:
    started = perf_counter()
    solver = _solver(form, time_limit, equilibrate, tolerance)
    return _answer(form, solver, perf_counter() - started)


def _is_settled(form: StandardForm, answer: Answer) -> bool:
    """Proven infeasible or unbounded, or a point that keeps its equations."""
    if answer.status != "solved":
        return answer.status != "stopped"
    return bool(np.abs(form.A @ answer.x + answer.s - form.b).max(initial=0.0) <= ACCURATE)


def _best(form: StandardForm, tried: Sequence[Answer]) -> Answer:
    """A settled answer, else the best of the points, solved if its residual is accepted; with the time of all."""
    seconds = sum(answer.seconds for answer in tried)
    if _is_settled(form, tried[-1]):
        return replace(tried[-1], seconds=seconds)
    better = min(tried, key=lambda answer: _rank(form, answer))
    status = "solved" if _rank(form, better) <= ACCEPTED else "stopped"
    return replace(better, status=status, seconds=seconds)


def _answer(form: StandardForm, solver: Any, setup: float = 0.0) -> Answer:
    started = perf_counter()
    result = solver.solve()
    # Clarabel's own clock goes on counting its first set-up after an update; the time it took here is the lesser one.
    seconds = min(float(result.solve_time), setup + perf_counter() - started)
    x, s, z = np.asarray(result.x), np.asarray(result.s), np.asarray(result.z)
    word = str(result.status)
    return Answer(_proven(form, STATUS.get(word, "stopped"), x, s, z), word, x, s, z, int(result.iterations), seconds)


def _proven(form: StandardForm, status: str, x: Floats, s: Floats, z: Floats) -> str:
    """The solver's word, but a proof of infeasibility or unboundedness counts only if it holds here.

    Infeasible: A'z = 0 and b'z < 0, so that b'z >= (A'z)'x fails for every x of up to 1 / RAY per unit.
    Unbounded: A x + s = 0, P x = 0 and q'x < 0, so that the same fails for multipliers up to 1 / RAY of the costs.
    """
    if status == "infeasible":
        gain, error = -float(form.b @ z), np.abs(form.A.T @ z).max(initial=0.0)
    elif status == "unbounded":
        gain = -float(form.q @ x) / max(1.0, np.abs(form.q).max(initial=0.0))
        error = max(np.abs(form.A @ x + s).max(initial=0.0), np.abs(form.P @ x).max(initial=0.0))
    else:
        return status
    return status if gain > 0.0 and error <= RAY * gain else "stopped"


def _rank(form: StandardForm, answer: Answer) -> float:
    """The residual of a point; infinite where it is not a number."""
    value = residual(form, answer.x, answer.s, answer.z)
    return value if value < np.inf else np.inf


def _same(one: sp.csc_array, other: sp.csc_array) -> bool:
    return alike(one, other) and np.array_equal(one.data, other.data)


def _solver(form: StandardForm, time_limit: float, equilibrate: bool, tolerance: float) -> Any:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.presolve_enable = False  # it would forbid updates, and finds nothing in forms without infinite bounds
    settings.time_limit = time_limit
    settings.equilibrate_enable = equilibrate
    settings.tol_gap_abs = settings.tol_gap_rel = tolerance
    settings.tol_feas = 10.0 * tolerance
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = REDUCED
    P, A = sp.csc_matrix(sp.triu(form.P)), sp.csc_matrix(form.A)
    return clarabel.DefaultSolver(P, form.q, A, form.b, _cones(form.cones), settings)


def _cones(cones: tuple[Cone, ...]) -> list[object]:
    import clarabel

    kinds = {
        "zero": clarabel.ZeroConeT,
        "nonnegative": clarabel.NonnegativeConeT,
        "second_order": clarabel.SecondOrderConeT,
    }
    return [kinds[kind](size) for kind, size in cones]
