"""Solve a standard form: which solver for which class, one vocabulary of outcomes.

Clarabel is called directly, block by block; any other solver that CVXPY reaches (QOCO, HiGHS for linear programs, or a
licensed MOSEK, Gurobi, COPT, Xpress) gets the same matrices through CVXPY.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, NotConverged
from gridpact.programs.blocks import Block, blocks, joined
from gridpact.programs.conic import (
    ACCEPTED,
    TOLERANCE,
    Answer,
    Compiled,
    raise_unless_solved,
    raise_unless_stated,
    residual,
)
from gridpact.programs.elimination import lean
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
QOCO_TOLERANCE = 1e-10
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


def solve(
    form: StandardForm, solver: str = "clarabel", time_limit: float = 3600.0, tolerance: float = TOLERANCE
) -> Solution:
    """Solve a continuous program; ``tolerance`` is Clarabel's on the gap, other solvers keep to their own.

    Raises ``InfeasibleError`` where the solver proves that there is no feasible point or no lower bound,
    ``NotConverged`` where it stops without either, ``InputError`` for a solver that is not there.
    """
    if solver.lower() == "clarabel":
        return _blockwise(form, time_limit, tolerance)
    return _through_cvxpy(form, solver.upper(), time_limit)


def _blockwise(form: StandardForm, time_limit: float, tolerance: float) -> Solution:
    """The optimum without states, block by block; blocks with the same matrices share one compiled program."""
    answers: list[tuple[Block, Answer]] = []
    ready: Compiled | None = None
    short = lean(form)
    for block in blocks(short.form):
        ready = ready if ready is not None and ready.fits(block.form) else Compiled(block.form, time_limit, tolerance)
        answer = ready.answer(block.form)
        raise_unless_solved(answer)
        answers.append((block, answer))
    u = joined([(block, answer.x) for block, answer in answers], "columns")
    x, s, z = short.restored(
        u, *(joined([(block, getattr(answer, name)) for block, answer in answers], "rows") for name in "sz")
    )
    iterations = max(answer.iterations for _, answer in answers)
    return Solution(x, s, z, form.cost(x), "clarabel", iterations, sum(answer.seconds for _, answer in answers))


def _through_cvxpy(form: StandardForm, solver: str, time_limit: float) -> Solution:
    import cvxpy as cp

    if solver not in cp.installed_solvers():
        known = ", ".join(name.lower() for name in cp.installed_solvers())
        raise InputError(f"solver {solver.lower()!r} is not installed. Choose one of: {known}")
    if any(kind == "second_order" for kind, _ in form.cones) and solver not in _cone_solvers():
        able = ", ".join(name.lower() for name in cp.installed_solvers() if name in _cone_solvers())
        raise InputError(f"solver {solver.lower()!r} cannot solve second-order cones. Choose one of: {able}")
    x = cp.Variable(form.q.size)
    constraints = as_cvxpy(form, x)
    quadratic = 0.5 * cp.quad_form(x, form.P, assume_PSD=True) if form.P.nnz else 0.0
    problem = cp.Problem(cp.Minimize(quadratic + form.q @ x), constraints)
    _call(problem, solver)
    status = CVXPY_STATUS.get(problem.status, "stopped")
    stats = problem.solver_stats
    seconds, iterations = float(stats.solve_time or 0.0), int(stats.num_iters or 0)
    raise_unless_stated(status, problem.status, seconds)
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

    tight = {"QOCO": {"abstol": QOCO_TOLERANCE, "reltol": QOCO_TOLERANCE}}.get(solver, {})
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


def as_cvxpy(form: StandardForm, x: Any) -> list[Any]:
    """The rows of a form as constraints of CVXPY on its variable x."""
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
