"""The standard form against programs whose primal and dual are written down by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InfeasibleError, InputError, NotConverged
from gridpact.programs.affine import Variable, constant
from gridpact.programs.conic import residual
from gridpact.programs.program import Program, box, cone, equal
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import arrays, compile_program

NAMES = ("low", "high", "fixed")
ONES = np.ones((1, 2))


def transport() -> Program:
    """Two suppliers at 10 and 30 for a demand of 5; the cheap one gives at most 3."""
    x = Variable((2, 1))
    demand = equal(5.0 - ONES @ x)
    limits = box(x, np.zeros((2, 1)), np.array([[3.0], [np.inf]]), NAMES)
    return Program(np.array([[10.0, 30.0]]) @ x, {"x": x}, {"demand": demand, **limits})


def test_price_is_the_cost_of_one_more_unit_of_demand() -> None:
    form = compile_program(transport())
    solution = solve(form)
    assert solution.cost == pytest.approx(3 * 10 + 2 * 30, rel=1e-8)
    assert solution.z[form.rows["demand"]] == pytest.approx(np.array([[30.0]]), rel=1e-7)


def test_multiplier_of_a_limit_is_what_relaxing_it_saves() -> None:
    form = compile_program(transport())
    solution = solve(form)
    assert form.rows["high"][1, 0] == -1, "an infinite limit has no row"
    assert solution.z[form.rows["high"][0, 0]] == pytest.approx(20.0, rel=1e-7)


def test_constant_and_quadratic_cost_by_hand() -> None:
    """min (x - 3)^2 + y^2 + 7 with x + y = 1: x = 2, y = -1, cost 9; the multiplier of x + y = 1 + d is 2 (x - 3)."""
    x = Variable((2, 1))
    cost = np.array([[-6.0, 0.0]]) @ x + 16.0
    total = equal(1.0 - ONES @ x)
    form = compile_program(Program(cost, {"x": x}, {"total": total}, {"x": np.ones((2, 1))}))
    solution = solve(form)
    assert solution.cost == pytest.approx(9.0, rel=1e-8)
    assert solution.x[form.columns["x"]].ravel() == pytest.approx([2.0, -1.0], abs=1e-7)
    assert solution.z[form.rows["total"]].item() == pytest.approx(-2.0, rel=1e-7)


def test_cone_rows_start_with_the_bound_and_have_its_multiplier() -> None:
    """max x + 2 y in discs of radius 1 and 3: the multiplier of a radius is sqrt(5)."""
    x, y = Variable((2, 1)), Variable((2, 1))
    disc = cone(constant(np.array([[1.0], [3.0]])), [x, y])
    form = compile_program(Program(-(x + 2.0 * y).total(), {"x": x, "y": y}, {"disc": disc}))
    solution = solve(form)
    assert form.rows["disc"].shape == (3, 2, 1)
    assert solution.cost == pytest.approx(-4.0 * np.sqrt(5.0), rel=1e-8)
    assert solution.z[form.rows["disc"][0]].ravel() == pytest.approx([np.sqrt(5.0)] * 2, rel=1e-6)


def test_cone_on_part_of_the_entries() -> None:
    x = Variable((2, 2))
    where = np.array([[True, False], [False, True]])
    limits = box(x, np.full((2, 2), -5.0), np.full((2, 2), 5.0), NAMES)
    disc = cone(constant(np.ones((2, 2))), [x], where)
    form = compile_program(Program(x.total(), {"x": x}, {"disc": disc, **limits}))
    assert solve(form).x[form.columns["x"]] == pytest.approx(np.where(where, -1.0, -5.0), abs=1e-7)
    assert (form.rows["disc"] >= 0).all(axis=0).tolist() == where.tolist()


def test_equal_bounds_become_one_equality() -> None:
    x = Variable((3, 1))
    named = box(x, np.array([[1.0], [0.0], [-np.inf]]), np.array([[1.0], [2.0], [np.inf]]), NAMES)
    assert {name: rows.where.ravel().tolist() for name, rows in named.items()} == {
        "low": [False, True, False],
        "high": [False, True, False],
        "fixed": [True, False, False],
    }


@pytest.mark.parametrize("solver", ["qoco", "scs"])
def test_second_solver_gives_the_same_point_and_multipliers(solver: str) -> None:
    x, y = Variable((2, 2)), Variable((2, 2))
    named = {"disc": cone(x + 2.0, [y, x]), "sum": equal(ONES @ y - 1.0)}
    named |= box(y, np.full((2, 2), -1.0), np.full((2, 2), 0.9), NAMES)
    weights = np.array([[1.0, -2.0], [0.5, 3.0]])
    cost = (weights * y + x).total()
    form = compile_program(Program(cost, {"x": x, "y": y}, named, {"x": np.ones((2, 2))}))
    ours, theirs = solve(form), solve(form, solver)
    tolerance = 1e-6 if solver == "qoco" else 1e-3
    assert theirs.cost == pytest.approx(ours.cost, rel=tolerance)
    assert theirs.z == pytest.approx(ours.z, abs=10 * tolerance)
    assert residual(form, theirs.x, theirs.s, theirs.z) < tolerance


def test_residual_sees_a_spoiled_multiplier() -> None:
    form = compile_program(transport())
    solution = solve(form)
    assert residual(form, solution.x, solution.s, solution.z) < 1e-8
    spoiled = solution.z.copy()
    spoiled[form.rows["demand"].ravel()] += 0.1
    assert residual(form, solution.x, solution.s, spoiled) > 1e-4


def test_archived_arrays_are_plain_and_complete() -> None:
    form = compile_program(transport())
    plain = arrays(form, solve(form))
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in plain.values())
    assert {"row/demand", "column/x", "x", "s", "z", "cone_sizes", "A_indptr", "P_data"} <= set(plain)


def test_infeasible_and_unbounded_are_told_apart() -> None:
    x = Variable((1, 1))
    below = box(x, np.array([[-np.inf]]), np.array([[1.0]]), NAMES)
    free = compile_program(Program(x.total(), {"x": x}, below))
    with pytest.raises(InfeasibleError, match="without bound"):
        solve(free)
    impossible = compile_program(Program(x.total(), {"x": x}, {"two": equal(x, 2.0), **below}))
    with pytest.raises(InfeasibleError, match="infeasible"):
        solve(impossible)


def test_unknown_solver_is_bad_input() -> None:
    with pytest.raises(InputError, match="not installed"):
        solve(compile_program(transport()), "abacus")


def test_a_proof_that_does_not_hold_is_no_proof() -> None:
    """A cost of 1e9 at a bounded supplier: the solver may call it unbounded, but the ray leaves the feasible set."""
    x = Variable((2, 1))
    demand = equal(5.0 - ONES @ x)
    limits = box(x, np.zeros((2, 1)), np.array([[6.0], [5.0]]), NAMES)
    form = compile_program(Program(np.array([[10.0, 1e9]]) @ x, {"x": x}, {"demand": demand, **limits}))
    try:
        solution = solve(form)
    except NotConverged:
        return
    assert solution.cost == pytest.approx(50.0, rel=1e-6)
