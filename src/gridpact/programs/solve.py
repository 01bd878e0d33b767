"""Solve a standard form: which solver for which class, one vocabulary of outcomes.

Clarabel is called directly; any other solver that CVXPY reaches (QOCO, HiGHS for linear programs, or a
licensed MOSEK, Gurobi, COPT, Xpress) gets the same matrices through CVXPY.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, InputError, NotConverged
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
# Gap and feasibility asked of the solver; where it stalls before, its point counts if its residuals,
# recomputed here, are within ACCEPTED (relative). The certificate judges the point in any case.
TOLERANCE = 1e-10
ACCEPTED = 1e-8


@dataclass(frozen=True, eq=False)
class Solution:
    """Primal x, slack s and dual z of a standard form; ``seconds`` is the solver's own time."""

    x: Floats
    s: Floats
    z: Floats
    cost: float
    solver: str
    iterations: int
    seconds: float


def solve(form: StandardForm, solver: str = "clarabel", time_limit: float = 3600.0) -> Solution:
    """Solve a continuous program to ``TOLERANCE``.

    Raises ``InfeasibleError`` where the solver proves that there is no feasible point or no lower bound,
    ``NotConverged`` where it stops without either, ``InputError`` for a solver that is not there.
    """
    if solver.lower() == "clarabel":
        return _clarabel(form, time_limit)
    return _through_cvxpy(form, solver.upper(), time_limit)


def _clarabel(form: StandardForm, time_limit: float) -> Solution:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.time_limit = time_limit
    settings.tol_gap_abs = settings.tol_gap_rel = TOLERANCE
    settings.tol_feas = 10.0 * TOLERANCE
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = ACCEPTED
    result = clarabel.DefaultSolver(
        sp.csc_matrix(sp.triu(form.P)), form.q, sp.csc_matrix(form.A), form.b, _clarabel_cones(form.cones), settings
    ).solve()
    x, s, z = np.asarray(result.x), np.asarray(result.s), np.asarray(result.z)
    status = str(result.status)
    if status == "InsufficientProgress" and residual(form, x, s, z) <= ACCEPTED:
        status = "AlmostSolved"
    _raise_unless_solved(status, result.solve_time)
    return Solution(x, s, z, form.cost(x), "clarabel", int(result.iterations), float(result.solve_time))


def residual(form: StandardForm, x: Floats, s: Floats, z: Floats) -> float:
    """Largest of the primal and dual residual and the duality gap, each relative to its own terms."""
    Px, Atz, Ax = form.P @ x, form.A.T @ z, form.A @ x
    primal = np.abs(Ax + s - form.b).max(initial=0.0) / (1.0 + np.abs(form.b).max(initial=0.0))
    dual = np.abs(Px + form.q + Atz).max(initial=0.0) / (1.0 + np.abs(form.q).max(initial=0.0))
    gap = abs(x @ Px + form.q @ x + form.b @ z) / (1.0 + abs(form.q @ x) + abs(form.b @ z))
    return float(max(primal, dual, gap))


def _clarabel_cones(cones: tuple[Cone, ...]) -> list[object]:
    import clarabel

    kinds = {
        "zero": clarabel.ZeroConeT,
        "nonnegative": clarabel.NonnegativeConeT,
        "second_order": clarabel.SecondOrderConeT,
    }
    return [kinds[kind](size) for kind, size in cones]


def _raise_unless_solved(status: str, seconds: float) -> None:
    if status in ("Solved", "AlmostSolved"):
        return
    if "PrimalInfeasible" in status:
        raise InfeasibleError("No dispatch satisfies all limits: the solver proved the market infeasible.")
    if "DualInfeasible" in status:
        raise InfeasibleError("The cost can fall without bound: a price or a limit is missing somewhere.")
    raise NotConverged(f"The solver stopped after {seconds:.1f} s with status {status}.")


def _through_cvxpy(form: StandardForm, solver: str, time_limit: float) -> Solution:
    import cvxpy as cp

    if solver not in cp.installed_solvers():
        known = ", ".join(name.lower() for name in cp.installed_solvers())
        raise InputError(f"solver {solver.lower()!r} is not installed. Choose one of: {known}.")
    x = cp.Variable(form.q.size)
    constraints = _as_cvxpy(form, x)
    quadratic = 0.5 * cp.quad_form(x, form.P, assume_PSD=True) if form.P.nnz else 0.0
    problem = cp.Problem(cp.Minimize(quadratic + form.q @ x), constraints)
    _call(problem, solver)
    if problem.status in ("infeasible", "infeasible_inaccurate"):
        _raise_unless_solved("PrimalInfeasible", 0.0)
    if problem.status in ("unbounded", "unbounded_inaccurate"):
        _raise_unless_solved("DualInfeasible", 0.0)
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise NotConverged(f"{solver.lower()} stopped with status {problem.status}.")
    primal = np.asarray(x.value, dtype=np.float64)
    stats = problem.solver_stats
    seconds, iterations = float(stats.solve_time or 0.0), int(stats.num_iters or 0)
    slack = form.b - form.A @ primal
    return Solution(primal, slack, _duals(constraints), form.cost(primal), solver.lower(), iterations, seconds)


def _call(problem: Any, solver: str) -> None:
    import cvxpy as cp

    tight = {"QOCO": {"abstol": TOLERANCE, "reltol": TOLERANCE}}.get(solver, {})
    try:
        problem.solve(solver=solver, **tight)
    except cp.error.SolverError as error:
        raise NotConverged(f"{solver.lower()} could not solve the program: {error}") from error


def _blocks(cones: tuple[Cone, ...]) -> list[tuple[str, int, int, int]]:
    """Runs of equal cones: kind, size of a cone, first row, end row."""
    blocks: list[tuple[str, int, int, int]] = []
    row = 0
    for kind, size in cones:
        if blocks and blocks[-1][:2] == (kind, size) and kind == "second_order":
            blocks[-1] = (kind, size, blocks[-1][2], row + size)
        else:
            blocks.append((kind, size, row, row + size))
        row += size
    return blocks


def _as_cvxpy(form: StandardForm, x: Any) -> list[Any]:
    import cvxpy as cp

    A = sp.csr_array(form.A)
    constraints: list[Any] = []
    for kind, size, start, end in _blocks(form.cones):
        slack = form.b[start:end] - A[start:end] @ x
        if kind == "zero":
            constraints.append(A[start:end] @ x == form.b[start:end])
        elif kind == "nonnegative":
            constraints.append(A[start:end] @ x <= form.b[start:end])
        else:
            parts = cp.reshape(slack, (size, (end - start) // size), order="F")
            constraints.append(cp.SOC(parts[0], parts[1:], axis=0))
    return constraints


def _duals(constraints: list[Any]) -> Floats:
    """Multipliers in the order and with the signs of the standard form."""
    import cvxpy as cp

    parts = []
    for constraint in constraints:
        if isinstance(constraint, cp.SOC):
            t, rest = (np.asarray(dual.value) for dual in constraint.dual_variables)
            parts.append(np.vstack([t.reshape(1, -1), rest.reshape(-1, t.size)]).ravel(order="F"))
        else:
            parts.append(np.asarray(constraint.dual_value).ravel(order="F"))
    return np.concatenate(parts)
