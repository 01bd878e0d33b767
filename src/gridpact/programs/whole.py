"""Mixed-integer second-order cone programs as they are, by a solver that knows both: SCIP, or any that CVXPY reaches.

minimise  1/2 x'Px + q'x + constant   subject to   A x + s = b,  s in K,  x whole where ``integers``

SCIP is called directly (see ``programs.follower.scip``). MOSEK, Gurobi, COPT, Xpress and others get the same matrices
through CVXPY, which has no common word for the bound that a solver has proven: where the solver says "optimal" the
bound is its cost less the gap that was asked for, and none where it was stopped before or is not sure.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, InputError, Issue, NotConverged
from gridpact.programs.follower.scip import Task, solve_by_scip
from gridpact.programs.solve import as_cvxpy
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
# How each solver is told the relative gap and the seconds.
OPTIONS = {
    "MOSEK": ("mosek_params", "MSK_DPAR_MIO_TOL_REL_GAP", "MSK_DPAR_OPTIMIZER_MAX_TIME"),
    "GUROBI": ("", "MIPGap", "TimeLimit"),
    "COPT": ("", "RelGap", "TimeLimit"),
    "XPRESS": ("", "miprelstop", "timelimit"),
    "CPLEX": ("cplex_params", "mip.tolerances.mipgap", "timelimit"),
    "SCIP": ("scip_params", "limits/gap", "limits/time"),
}


@dataclass(frozen=True, eq=False)
class Whole:
    """The best point found, (columns,), its cost, and a lower bound of the cost; -inf where there is none."""

    x: Floats
    cost: float
    bound: float


def whole_solvers() -> tuple[str, ...]:
    """The solvers here that know whole numbers and second-order cones, SCIP first."""
    import cvxpy as cp
    from cvxpy.reductions.solvers.defines import MI_SOCP_SOLVERS

    there = [name.lower() for name in cp.installed_solvers() if name in MI_SOCP_SOLVERS and name in OPTIONS]
    return ("scip", *sorted(set(there) - {"scip"}))


def solver_issues(solver: object, others: tuple[str, ...] = ()) -> list[Issue]:
    """What is wrong with the name of a solver; ``others`` are further words that may be said instead."""
    known = (*others, *whole_solvers())
    if isinstance(solver, str) and solver.lower() in known:
        return []
    text = f"{solver!r} is no solver for whole numbers and cones that is installed"
    return [Issue(text, f"Choose one of: {', '.join(known)}.")]


def solve_whole(form: StandardForm, solver: str, gap: float, time_limit: float, start: Floats | None = None) -> Whole:
    """The program solved to a relative gap, or as far as time allows.

    ``start`` (columns,) is a point to begin with, nan where it is not known; only SCIP takes it.
    Raises ``InfeasibleError`` where the solver says that there is no point or no bound, ``NotConverged`` where it
    found no point in time or fails, ``InputError`` for a solver that is not there.
    """
    issues = solver_issues(solver)
    if issues:
        raise InputError(issues)
    if solver.lower() == "scip":
        return _by_scip(form, gap, time_limit, start)
    return by_cvxpy(form, solver.upper(), gap, time_limit)


def _by_scip(form: StandardForm, gap: float, time_limit: float, start: Floats | None) -> Whole:
    free, none = np.full(form.q.size, np.inf), np.zeros(0, dtype=np.int64)
    products = (none, none, np.zeros(0))
    outcome = solve_by_scip(Task(form, -free, free, np.zeros((0, 2), np.int64), products, start), time_limit, gap)
    _raise_unless_found(outcome.status, outcome.x, "SCIP")
    return _found(form, outcome.x, outcome.lower)


def by_cvxpy(form: StandardForm, solver: str, gap: float, time_limit: float) -> Whole:
    """The same through CVXPY; ``solver`` as CVXPY spells it. Raises what ``solve_whole`` raises."""
    import cvxpy as cp

    whole = {"integer": [(column,) for column in form.integers.tolist()]} if form.integers.size else {}
    x = cp.Variable(form.q.size, **whole)
    curved = 0.5 * cp.quad_form(x, form.P, assume_PSD=True) if form.P.nnz else 0.0
    problem = cp.Problem(cp.Minimize(curved + form.q @ x), as_cvxpy(form, x))
    try:
        with warnings.catch_warnings():
            # What a solver was not sure of gives no bound here, and its point is priced anew by whoever asked.
            warnings.filterwarnings("ignore", "Solution may be inaccurate")
            problem.solve(solver=solver, **_options(solver, gap, time_limit))
    except cp.error.SolverError as error:
        raise NotConverged(f"{solver.lower()} could not solve the program: {error}") from error
    words = {"optimal": "solved", "infeasible": "infeasible", "unbounded": "unbounded"}
    status = words.get(problem.status, "stopped")
    point = np.full(form.q.size, np.nan) if x.value is None else np.asarray(x.value, dtype=np.float64)
    _raise_unless_found(status, point, solver.lower())
    cost = form.cost(point)
    return _found(form, point, cost - gap * max(1.0, abs(cost)) if status == "solved" else -np.inf)


def _options(solver: str, gap: float, time_limit: float) -> dict[str, Any]:
    inside, gap_name, time_name = OPTIONS[solver]
    options = {gap_name: gap, time_name: time_limit}
    return {inside: options} if inside else options


def _raise_unless_found(status: str, x: Floats, solver: str) -> None:
    if status == "infeasible":
        raise InfeasibleError("No choice of the whole numbers keeps all limits.")
    if status == "unbounded" or status.startswith("infeasible or"):
        raise InfeasibleError("The cost can fall without bound, or there is no point at all.", unbounded=True)
    if np.isnan(x).any():
        raise NotConverged(f"{solver} found no point in time: allow more of it.")


def _found(form: StandardForm, x: Floats, bound: float) -> Whole:
    """The point with its whole numbers whole; the bound is not above its cost."""
    x = x.copy()
    x[form.integers] = np.rint(x[form.integers])
    cost = form.cost(x)
    return Whole(x, cost, min(bound, cost))
