"""Mixed-integer cone programs by outer approximation with conic duals.

    repeat  master: every cone K replaced by half-spaces  zk' (bk - Ak x) >= 0,  zk in K*      (HiGHS, a lower bound)
            subproblem: integers fixed at the master's, the cones kept         (Clarabel, an upper bound and new zk)

The multipliers of a subproblem are the tightest half-spaces at its integers, so no integer point is visited
twice and the method ends. Half-spaces at the cones that the master's own point violates make it end sooner.
A quadratic objective enters the master by its tangents.
Source: Lubin, Yamangil, Bent and Vielma, "Polyhedral approximation in mixed-integer convex optimization",
Mathematical Programming 172, 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.conic import clarabel_point
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GAP = 1e-4
ROUNDS = 100
# A multiplier this small, relative to the largest, makes a half-space that says nothing.
NEGLIGIBLE = 1e-9
VIOLATED = 1e-7


@dataclass(frozen=True, eq=False)
class MixedSolution:
    """The best point found, its cost, and a proven lower bound of the mixed-integer cost."""

    x: Floats
    cost: float
    bound: float

    @property
    def gap(self) -> float:
        """(cost - bound) / max(1, |cost|)."""
        return max(0.0, self.cost - self.bound) / max(1.0, abs(self.cost))


@dataclass(frozen=True, eq=False)
class Cuts:
    """Half-spaces ``matrix @ (x, eta) <= right``, eta being the quadratic part of the cost."""

    matrix: sp.csr_array
    right: Floats

    def joined(self, other: Cuts) -> Cuts:
        return Cuts(sp.csr_array(sp.vstack([self.matrix, other.matrix])), np.concatenate([self.right, other.right]))


def solve_mixed(form: StandardForm, time_limit: float = 600.0) -> MixedSolution:
    """Solve a program with integers to a relative gap of ``GAP``.

    Raises ``InfeasibleError`` where no choice of the integers is feasible, ``NotConverged`` where the gap is
    still open after ``time_limit`` seconds.
    """
    started = perf_counter()
    status, x, _, z = clarabel_point(form)
    if status == "infeasible":
        raise InfeasibleError("No dispatch satisfies all limits, even with the integers relaxed.")
    cuts = _cuts(form, x, z)
    best = MixedSolution(x, np.inf, -np.inf)
    for _ in range(ROUNDS):
        proposed, bound = _master(form, cuts, time_limit)
        best = replace(best, bound=max(best.bound, bound))
        if best.gap <= GAP:
            return best
        status, x, _, z = clarabel_point(fix_integers(form, np.rint(proposed[form.integers])))
        cuts = cuts.joined(_cuts(form, x if status == "solved" else proposed, z[: form.b.size]))
        cuts = cuts.joined(_cuts(form, proposed, _normals(form, proposed)))
        if status == "solved" and form.cost(x) < best.cost:
            best = replace(best, x=x, cost=form.cost(x))
        if best.gap <= GAP:
            return best
        if perf_counter() - started > time_limit:
            break
    raise NotConverged(f"The integers are settled only to a gap of {best.gap:.2e}, not {GAP:g}.")


def fix_integers(form: StandardForm, values: Floats) -> StandardForm:
    """The same program with its integers held at ``values``, by equalities after all other rows."""
    count = form.integers.size
    picked = sp.csc_array((np.ones(count), (np.arange(count), form.integers)), shape=(count, form.q.size))
    return replace(
        form,
        A=sp.csc_array(sp.vstack([form.A, picked])),
        b=np.concatenate([form.b, values]),
        cones=(*form.cones, ("zero", count)),
    )


def _cuts(form: StandardForm, x: Floats, z: Floats) -> Cuts:
    """zk'(bk - Ak x) >= 0 for every second-order cone, and the tangent of the quadratic cost at x."""
    starts, ends = _cone_rows(form)
    strong = np.abs(z[starts]) > NEGLIGIBLE * np.abs(z).max(initial=1.0)
    rows, cone_of = _inside(starts, ends)
    weights = sp.csr_array((z[rows], (cone_of, rows)), shape=(starts.size, form.b.size))[strong]
    gradient = form.P @ x
    matrix = sp.vstack([weights @ form.A, sp.csr_array(gradient[None, :])])
    eta = sp.csr_array(np.concatenate([np.zeros(int(strong.sum())), [-1.0]])[:, None])
    right = np.concatenate([weights @ form.b, [0.5 * x @ gradient]])
    return Cuts(sp.csr_array(sp.hstack([matrix, eta])), right)


def _normals(form: StandardForm, x: Floats) -> Floats:
    """(1, -u/|u|) for every cone (t, u) that x violates: its half-space touches the cone where x is nearest."""
    s, z = form.b - form.A @ x, np.zeros(form.b.size)
    starts, ends = _cone_rows(form)
    rows, cone_of = _inside(starts, ends)
    lengths = np.sqrt(np.maximum(np.bincount(cone_of, s[rows] ** 2, starts.size) - s[starts] ** 2, 0.0))
    violated = lengths > s[starts] + VIOLATED
    inside = violated[cone_of]
    z[rows[inside]] = -s[rows[inside]] / lengths[cone_of[inside]]
    z[starts[violated]] = 1.0
    return z


def _inside(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """All rows of the cones, and which cone each belongs to."""
    sizes = ends - starts
    cone_of = np.repeat(np.arange(starts.size), sizes)
    return starts[cone_of] + np.arange(cone_of.size) - np.repeat(np.cumsum(sizes) - sizes, sizes), cone_of


def _cone_rows(form: StandardForm) -> tuple[Ints, Ints]:
    """First and end rows of the second-order cones."""
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    curved = np.array([kind == "second_order" for kind, _ in form.cones], dtype=np.bool_)
    ends = np.cumsum(sizes)
    return (ends - sizes)[curved], ends[curved]


def _master(form: StandardForm, cuts: Cuts, time_limit: float) -> tuple[Floats, float]:
    """The polyhedral relaxation over the integers: a point and a lower bound of the cost."""
    import highspy

    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("mip_rel_gap", GAP / 2.0)
    highs.setOptionValue("time_limit", time_limit)
    highs.passModel(_as_highs(form, cuts))
    highs.run()
    status = highs.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise InfeasibleError("No choice of the integers satisfies all limits.")
    if status != highspy.HighsModelStatus.kOptimal:
        raise NotConverged(f"The mixed-integer master stopped: {highs.modelStatusToString(status)}.")
    x = np.asarray(highs.getSolution().col_value)[:-1]
    return x, float(highs.getInfo().mip_dual_bound + form.constant)


def _as_highs(form: StandardForm, cuts: Cuts) -> Any:
    """Linear rows and cuts over (x, eta); integers are 0 or 1."""
    import highspy

    zero, nonnegative = _rows_of(form, "zero"), _rows_of(form, "nonnegative")
    wide = sp.csr_array(sp.hstack([form.A, sp.csr_array((form.b.size, 1))]))
    matrix = sp.csc_array(sp.vstack([wide[zero], wide[nonnegative], cuts.matrix]))
    whole = np.zeros(form.q.size + 1, dtype=np.bool_)
    whole[form.integers] = True
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.append(form.q, 1.0)
    lp.col_lower_, lp.col_upper_ = np.where(whole, 0.0, -np.inf), np.where(whole, 1.0, np.inf)
    lp.row_lower_ = np.concatenate([form.b[zero], np.full(nonnegative.size + cuts.right.size, -np.inf)])
    lp.row_upper_ = np.concatenate([form.b[zero], form.b[nonnegative], cuts.right])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if is_whole else kinds.kContinuous for is_whole in whole]
    return lp


def _rows_of(form: StandardForm, kind: str) -> Ints:
    kinds = np.repeat([name for name, _ in form.cones], [size for _, size in form.cones])
    return np.flatnonzero(kinds == kind)
