"""Optimality of stored programs whose primal and dual answers are known by hand."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.certificates.program import cost, program_checks, stored_program
from gridpact.results.record import Record
from tests.certificates.cases import made_case

CASE = made_case(buses={"bus": ["a"], "vn_kv": [10.0], "vm_min_pu": [0.9], "vm_max_pu": [1.1]})


def record(
    P: object, A: object, q: list[float], b: list[float], cones: list[tuple[str, int]], **point: list[float]
) -> Record:
    """A record with nothing but a program and its solution x, z, s."""
    matrices = {"P": sp.csc_array(np.array(P, dtype=float)), "A": sp.csc_array(np.array(A, dtype=float))}
    arrays = {
        f"{name}_{part}": getattr(M, part) for name, M in matrices.items() for part in ("data", "indices", "indptr")
    }
    arrays |= {name: np.array(values, dtype=float) for name, values in {"q": q, "b": b, **point}.items()}
    arrays |= {"constant": np.array(7.0), "cone_kinds": np.array([kind for kind, _ in cones])}
    arrays |= {"cone_sizes": np.array([size for _, size in cones])}
    made = Record("clear", {}, CASE, {}, {}, arrays)
    return replace(made, summary={"objective": cost(stored_program(made))})


# minimise x^2 + y with x + y = 3, x >= 2: the multiplier of the bound is 2x - 1 = 3, of the equality -1.
QUADRATIC = record(
    [[2.0, 0.0], [0.0, 0.0]],
    [[1.0, 1.0], [-1.0, 0.0]],
    [0.0, 1.0],
    [3.0, -2.0],
    [("zero", 1), ("nonnegative", 1)],
    x=[2.0, 1.0],
    z=[-1.0, 3.0],
    s=[0.0, 0.0],
)

# minimise t with ||(3, 4)|| <= t: t = 5, the dual is the unit vector opposite to (3, 4).
CONE = record(
    [[0.0]],
    [[-1.0], [0.0], [0.0]],
    [1.0],
    [0.0, 3.0, 4.0],
    [("second_order", 3)],
    x=[5.0],
    z=[1.0, -0.6, -0.8],
    s=[5.0, 3.0, 4.0],
)


def failures(made: Record) -> set[str]:
    return {check.name for check in program_checks(made) if not check.passed}


@pytest.mark.parametrize("made", [QUADRATIC, CONE])
def test_known_optima_leave_no_residual(made: Record) -> None:
    assert max(check.value for check in program_checks(made)) < 1e-15


def test_the_cost_counts_half_of_the_quadratic_part_and_the_constant() -> None:
    assert cost(stored_program(QUADRATIC)) == 2.0**2 + 1.0 + 7.0


def test_a_feasible_point_that_is_not_optimal_shows_in_the_gap() -> None:
    """x = 2.5, y = 0.5 costs 0.75 more than (2, 1); its multipliers are wrong or its gap is open."""
    solution = {**QUADRATIC.solution, "x": np.array([2.5, 0.5]), "s": np.array([0.0, 0.5])}
    assert {"duality_gap", "dual_residual"} <= failures(replace(QUADRATIC, solution=solution))


def test_multipliers_that_prove_nothing_show_in_the_gap() -> None:
    """z = (-2, 2) satisfies the dual equations at (2, 1) up to y's; (-1, 3) with a smaller bound leaves a gap of 3."""
    solution = {**QUADRATIC.solution, "b": np.array([3.0, -1.0]), "s": np.array([0.0, 1.0])}
    gap = {check.name: check.value for check in program_checks(replace(QUADRATIC, solution=solution))}["duality_gap"]
    assert gap == pytest.approx(3.0 / 12.0)


@pytest.mark.parametrize(
    ("name", "values", "check", "value"),
    [
        ("s", [4.9, 3.0, 4.0], "primal_cone", 0.1),
        ("z", [0.9, -0.6, -0.8], "dual_cone", 0.1),
        ("s", [5.0, 3.0, 4.1], "primal_residual", 0.1),
        ("q", [1.1], "dual_residual", 0.1 / 1.1),
    ],
)
def test_violations_are_measured(name: str, values: list[float], check: str, value: float) -> None:
    made = replace(CONE, solution={**CONE.solution, name: np.array(values)})
    assert {c.name: c.value for c in program_checks(made)}[check] == pytest.approx(value)


def test_negative_slacks_and_multipliers_are_outside_the_nonnegative_cone() -> None:
    made = replace(QUADRATIC, solution={**QUADRATIC.solution, "s": np.array([0.0, -0.5]), "z": np.array([-1.0, -3.0])})
    values = {check.name: check.value for check in program_checks(made)}
    assert values["primal_cone"] == 0.5
    assert values["dual_cone"] == 1.0  # relative to the largest multiplier


def test_a_cone_of_unknown_kind_never_passes() -> None:
    made = replace(CONE, solution={**CONE.solution, "cone_kinds": np.array(["exponential"])})
    assert {"primal_cone", "dual_cone"} <= failures(made)
