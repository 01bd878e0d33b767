"""Mixed-integer cone programs in one piece: against hand-made programs, and CVXPY's way against the direct one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.errors import InfeasibleError, InputError, NotConverged
from gridpact.programs.standard_form import StandardForm
from gridpact.programs.whole import by_cvxpy, solve_whole, solver_issues, whole_solvers


def form(q: Any, rows: Any, b: list[float], cones: tuple[tuple[str, int], ...], **more: Any) -> StandardForm:
    size = len(q)
    P = sp.csc_array(np.diag(np.asarray(more.get("squares", np.zeros(size)), dtype=float)))
    A = sp.csc_array(np.array(rows, dtype=float))
    integers = np.asarray(more.get("integers", [0]), dtype=np.int64)
    return StandardForm(P, np.array(q), A, np.array(b), float(more.get("constant", 0.0)), cones, {}, {}, integers)


def disc(radius: float, squares: float = 0.0) -> StandardForm:
    """min -x - y + 5 + squares/2 y^2 in a disc of a radius, x whole: (2, sqrt(r^2 - 4)) at r = 2.5 without squares."""
    rows = [[0.0, 0.0], [-1.0, 0.0], [0.0, -1.0]]
    cones = (("second_order", 3),)
    return form([-1.0, -1.0], rows, [radius, 0.0, 0.0], cones, constant=5.0, squares=[0.0, squares])


SOLVERS = [solve_whole, lambda f, _, gap, limit: by_cvxpy(f, "SCIP", gap, limit)]


@pytest.mark.parametrize("solve", SOLVERS)
def test_whole_point_in_a_disc(solve: Any) -> None:
    # x = 2 gives y = 1.5: 3.5; x = 1 gives y = 2.2913: 3.2913; so 5 - 3.5.
    found = solve(disc(2.5), "scip", 1e-6, 60.0)
    assert found.x == pytest.approx([2.0, 1.5], abs=1e-5)
    assert found.cost == pytest.approx(1.5, abs=1e-5)
    assert found.bound <= found.cost
    assert solve_whole(disc(2.5), "scip", 1e-6, 60.0).bound >= 1.5 - 1e-5


@pytest.mark.parametrize("solve", SOLVERS)
def test_quadratic_cost_counts_half(solve: Any) -> None:
    # y = 1 at most pays: 1/2 y^2 - y has its least there; then x = 2 fits, since 4 + 1 <= 6.25.
    found = solve(disc(2.5, squares=1.0), "scip", 1e-6, 60.0)
    assert found.x == pytest.approx([2.0, 1.0], abs=2e-3)
    assert found.cost == pytest.approx(5.0 - 2.0 - 0.5, abs=1e-5)


def test_whole_numbers_are_not_only_zero_and_one() -> None:
    # 3 x <= 11.5 and x <= y <= 20: x = 3, from below x = -2 by -x <= 2.4.
    rows, b = [[3.0], [-1.0]], [11.5, 2.4]
    assert solve_whole(form([-1.0], rows, b, (("nonnegative", 2),)), "scip", 1e-6, 60.0).x == pytest.approx([3.0])
    assert solve_whole(form([1.0], rows, b, (("nonnegative", 2),)), "scip", 1e-6, 60.0).x == pytest.approx([-2.0])


@pytest.mark.parametrize("solve", SOLVERS)
def test_no_whole_point_is_infeasible(solve: Any) -> None:
    between = form([1.0], [[1.0], [-1.0]], [0.8, -0.2], (("nonnegative", 2),))
    with pytest.raises(InfeasibleError):
        solve(between, "scip", 1e-6, 60.0)


def test_cost_without_bound_is_told() -> None:
    with pytest.raises(InfeasibleError) as raised:
        solve_whole(form([-1.0], [[-1.0]], [0.0], (("nonnegative", 1),)), "scip", 1e-6, 60.0)
    assert raised.value.unbounded


def knapsack(size: int = 60, rows: int = 8) -> StandardForm:
    """Many items and several sacks, with a disc: no solver ends it in a moment."""
    draw = np.random.default_rng(3)
    weights = draw.uniform(10.0, 60.0, (rows, size))
    every = [*weights, *np.eye(size), *-np.eye(size), np.zeros(size), *(-draw.uniform(0.5, 1.0, (3, size)))]
    b = [*(0.4 * weights.sum(axis=1)), *np.ones(size), *np.zeros(size), 25.0, 0.0, 0.0, 0.0]
    cones = (("nonnegative", rows + 2 * size), ("second_order", 4))
    return form((-draw.uniform(20.0, 50.0, size)).tolist(), every, b, cones, integers=range(size))


def test_a_start_is_kept_where_time_is_short() -> None:
    program = knapsack()
    assert solve_whole(program, "scip", 0.0, 0.5, np.zeros(60)).cost <= 0.0
    with pytest.raises(NotConverged):
        solve_whole(program, "scip", 0.0, 0.0)


def test_a_solver_that_is_not_there_is_told_with_those_that_are() -> None:
    assert whole_solvers()[0] == "scip"
    assert solver_issues("SCIP") == []
    assert solver_issues("benders", ("benders",)) == []
    issue = solver_issues("simplex", ("benders",))[0]
    assert "simplex" in issue.message and "benders, scip" in issue.fix
    assert solver_issues(7)
    with pytest.raises(InputError):
        solve_whole(disc(2.5), "clarabel", 1e-6, 1.0)
