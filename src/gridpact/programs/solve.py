"""Solve a standard form: which solver for which class, one vocabulary of outcomes.

Clarabel is called directly; any other solver that CVXPY reaches (QOCO, HiGHS for linear programs, or a
licensed MOSEK, Gurobi, COPT, Xpress) gets the same matrices through CVXPY.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, InputError, NotConverged
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
# Gap and feasibility asked of the solver. Where it stalls before, it tries once more without equilibration, and
# the better of the two points counts if its residuals, recomputed here, are within ACCEPTED (relative).
# The certificate judges every point in any case.
TOLERANCE = 1e-10
REDUCED = 1e-8
ACCEPTED = 1e-6
RAY = 1e-6
CLARABEL_STATUS = {
    "Solved": "solved",
    "AlmostSolved": "solved",
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible",
    "DualInfeasible": "unbounded",
    "AlmostDualInfeasible": "unbounded",
}
CVXPY_STATUS = {
    "optimal": "solved",
    "optimal_inaccurate": "solved",
    "infeasible": "infeasible",
    "infeasible_inaccurate": "infeasible",
    "unbounded": "unbounded",
    "unbounded_inaccurate": "unbounded",
}


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
    status, result = _run_clarabel(form, time_limit)
    _raise_unless_solved(status, str(result.status), result.solve_time)
    x, s, z = _point(result)
    return Solution(x, s, z, form.cost(x), "clarabel", int(result.iterations), float(result.solve_time))


def clarabel_point(form: StandardForm, time_limit: float = 3600.0) -> tuple[str, Floats, Floats, Floats]:
    """Status "solved" with x, s, z, or "infeasible" with z a proof of it (A'z = 0, b'z < 0, z in K*).

    Raises ``InfeasibleError`` for an unbounded program, ``NotConverged`` where the solver gives up.
    """
    status, result = _run_clarabel(form, time_limit)
    if status != "infeasible":
        _raise_unless_solved(status, str(result.status), result.solve_time)
    return status, *_point(result)


def _run_clarabel(form: StandardForm, time_limit: float) -> tuple[str, Any]:
    """Status (solved, infeasible, unbounded or stopped) and Clarabel's result."""
    first = _call_clarabel(form, time_limit, equilibrate=True)
    status = _proven(form, first)
    if status != "stopped":
        return status, first
    second = _call_clarabel(form, time_limit, equilibrate=False)
    status = _proven(form, second)
    if status != "stopped":
        return status, second
    better = min(first, second, key=lambda result: _rank(form, result))
    return ("solved" if _rank(form, better) <= ACCEPTED else "stopped"), better


def _proven(form: StandardForm, result: Any) -> str:
    """The solver's word, but a proof of infeasibility or unboundedness counts only if it holds here.

    Infeasible: A'z = 0 and b'z < 0, so that b'z >= (A'z)'x fails for every x of up to 1 / RAY per unit.
    Unbounded: A x + s = 0, P x = 0 and q'x < 0, so that the same fails for multipliers up to 1 / RAY of the costs.
    """
    status = CLARABEL_STATUS.get(str(result.status), "stopped")
    x, s, z = _point(result)
    if status == "infeasible":
        gain, error = -float(form.b @ z), np.abs(form.A.T @ z).max(initial=0.0)
    elif status == "unbounded":
        gain = -float(form.q @ x) / max(1.0, np.abs(form.q).max(initial=0.0))
        error = max(np.abs(form.A @ x + s).max(initial=0.0), np.abs(form.P @ x).max(initial=0.0))
    else:
        return status
    return status if gain > 0.0 and error <= RAY * gain else "stopped"


def _call_clarabel(form: StandardForm, time_limit: float, equilibrate: bool) -> Any:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.time_limit = time_limit
    settings.equilibrate_enable = equilibrate
    settings.tol_gap_abs = settings.tol_gap_rel = TOLERANCE
    settings.tol_feas = 10.0 * TOLERANCE
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = REDUCED
    P, A = sp.csc_matrix(sp.triu(form.P)), sp.csc_matrix(form.A)
    return clarabel.DefaultSolver(P, form.q, A, form.b, _clarabel_cones(form.cones), settings).solve()


def _point(result: Any) -> tuple[Floats, Floats, Floats]:
    return np.asarray(result.x), np.asarray(result.s), np.asarray(result.z)


def _rank(form: StandardForm, result: Any) -> float:
    """The residual of a point; infinite where it is not a number."""
    value = residual(form, *_point(result))
    return value if value < np.inf else np.inf


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


def _raise_unless_solved(status: str, word: str, seconds: float) -> None:
    if status == "infeasible":
        raise InfeasibleError("No dispatch satisfies all limits: the solver proved the market infeasible.")
    if status == "unbounded":
        text = "The cost can fall without bound: a price or a limit is missing somewhere."
        raise InfeasibleError(text, unbounded=True)
    if status != "solved":
        hint = "Look for limits, prices or impedances that are many orders of magnitude apart."
        raise NotConverged(f"The solver stopped after {seconds:.1f} s: {word}. {hint}")


def _through_cvxpy(form: StandardForm, solver: str, time_limit: float) -> Solution:
    import cvxpy as cp

    if solver not in cp.installed_solvers():
        known = ", ".join(name.lower() for name in cp.installed_solvers())
        raise InputError(f"solver {solver.lower()!r} is not installed. Choose one of: {known}")
    if any(kind == "second_order" for kind, _ in form.cones) and solver not in _cone_solvers():
        able = ", ".join(name.lower() for name in cp.installed_solvers() if name in _cone_solvers())
        raise InputError(f"solver {solver.lower()!r} cannot solve second-order cones. Choose one of: {able}")
    x = cp.Variable(form.q.size)
    constraints = _as_cvxpy(form, x)
    quadratic = 0.5 * cp.quad_form(x, form.P, assume_PSD=True) if form.P.nnz else 0.0
    problem = cp.Problem(cp.Minimize(quadratic + form.q @ x), constraints)
    _call(problem, solver)
    status = CVXPY_STATUS.get(problem.status, "stopped")
    stats = problem.solver_stats
    seconds, iterations = float(stats.solve_time or 0.0), int(stats.num_iters or 0)
    _raise_unless_solved(status, problem.status, seconds)
    primal = np.asarray(x.value, dtype=np.float64)
    slack, duals = form.b - form.A @ primal, _duals(constraints)
    if not residual(form, primal, slack, duals) <= ACCEPTED:
        raise NotConverged(f"{solver.lower()} returned a point that is not accurate enough ({problem.status}).")
    return Solution(primal, slack, duals, form.cost(primal), solver.lower(), iterations, seconds)


def _cone_solvers() -> set[str]:
    import cvxpy as cp
    from cvxpy.reductions.solvers.defines import SOLVER_MAP_CONIC

    return {name for name, solver in SOLVER_MAP_CONIC.items() if cp.SOC in solver.SUPPORTED_CONSTRAINTS}


def _call(problem: Any, solver: str) -> None:
    import cvxpy as cp

    tight = {"QOCO": {"abstol": TOLERANCE, "reltol": TOLERANCE}}.get(solver, {})
    try:
        with warnings.catch_warnings():
            # The residuals are recomputed afterwards and decide, whatever the solver thinks of its accuracy.
            warnings.filterwarnings("ignore", "Solution may be inaccurate")
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
