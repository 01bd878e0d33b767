"""Quadratic programs by a solver of their own: hand calculations, and the conic solver as second opinion."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled
from gridpact.programs.quadratic import Quadratic, is_quadratic
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]


def form(P: Floats, q: Floats, A: Floats, b: Floats, equalities: int) -> StandardForm:
    cones = (("zero", equalities), ("nonnegative", b.size - equalities))
    return StandardForm(
        P=sp.csc_array(P),
        q=q,
        A=sp.csc_array(A),
        b=b,
        constant=0.0,
        cones=tuple(cone for cone in cones if cone[1]),
        rows={},
        columns={},
        integers=np.zeros(0, dtype=np.int64),
    )


def two_units(demand: float = 3.0) -> StandardForm:
    """x^2 + 2 y^2 with x + y = demand and x <= 1.5."""
    A = np.array([[1.0, 1.0], [1.0, 0.0]])
    return form(np.diag([2.0, 4.0]), np.zeros(2), A, np.array([demand, 1.5]), 1)


def test_by_hand() -> None:
    """x = 1.5 binds, y = 1.5. 4 y + z_demand = 0 gives -6; 2 x - 6 + z_limit = 0 gives 3."""
    found = Quadratic(two_units()).point(np.zeros(2))
    assert found is not None
    x, s, z = found
    assert x == pytest.approx([1.5, 1.5], abs=1e-7)
    assert s == pytest.approx([0.0, 0.0], abs=1e-7)
    assert z == pytest.approx([-6.0, 3.0], abs=1e-6)


def test_another_cost_needs_no_other_solver() -> None:
    """With x dearer by 9 its limit binds no more: 2 x + 9 = 4 y gives x = 0.5, y = 2.5, and the slack is 1."""
    solver = Quadratic(two_units())
    for _ in range(2):
        assert solver.point(np.zeros(2)) is not None
        found = solver.point(np.array([9.0, 0.0]))
        assert found is not None
        assert found[0] == pytest.approx([0.5, 2.5], abs=1e-7)
        assert found[1] == pytest.approx([0.0, 1.0], abs=1e-7)
        assert found[2] == pytest.approx([-10.0, 0.0], abs=1e-6)


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_the_same_as_the_conic_solver(seed: int) -> None:
    """Strictly convex, so that there is one optimum; linear in some variables that limits hold."""
    random = np.random.default_rng(seed)
    n, equalities, cuts = int(random.integers(2, 9)), int(random.integers(0, 2)), int(random.integers(0, 4))
    inside = random.uniform(-0.8, 0.8, n)
    A = np.vstack([random.normal(size=(equalities + cuts, n)), np.eye(n), -np.eye(n)])
    slack = np.concatenate([np.zeros(equalities), random.uniform(0.0, 1.0, cuts), np.zeros(2 * n)])
    b = np.concatenate([A[: equalities + cuts] @ inside, np.ones(2 * n)]) + slack
    root = random.normal(size=(n, n))
    whole = form(root @ root.T + 0.1 * np.eye(n), np.zeros(n), A, b, equalities)
    solver = Quadratic(whole)
    for _ in range(3):
        q = random.normal(size=n)
        found, second = solver.point(q), Compiled(whole).answer(whole.with_q(q))
        assert found is not None
        x, s, z = found
        assert x == pytest.approx(second.x, abs=1e-6)
        assert s == pytest.approx(second.s, abs=1e-6)
        stationary = whole.P @ x + q + whole.A.T @ z
        assert np.abs(stationary).max() < 1e-7
        assert np.abs(s * z)[equalities:].max() < 1e-7 and z[equalities:].min() > -1e-8


def test_linear_programs_too() -> None:
    """max x + y with x + 2 y <= 2, 3 x + y <= 3, x, y >= 0: the corner (0.8, 0.6), multipliers 0.4 and 0.2."""
    A = np.array([[1.0, 2.0], [3.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    found = Quadratic(form(np.zeros((2, 2)), np.zeros(2), A, np.array([2.0, 3.0, 0.0, 0.0]), 0)).point(-np.ones(2))
    assert found is not None
    assert found[0] == pytest.approx([0.8, 0.6], abs=1e-7)
    assert found[2] == pytest.approx([0.4, 0.2, 0.0, 0.0], abs=1e-6)


def test_no_inequalities() -> None:
    found = Quadratic(form(np.eye(2), np.zeros(2), np.ones((1, 2)), np.array([2.0]), 1)).point(np.zeros(2))
    assert found is not None
    assert found[0] == pytest.approx([1.0, 1.0], abs=1e-7)
    assert found[2] == pytest.approx([-1.0], abs=1e-6)


@pytest.mark.parametrize("what", ["infeasible", "unbounded"])
def test_what_has_no_optimum_is_nothing(what: str) -> None:
    A = np.array([[1.0], [-1.0]]) if what == "infeasible" else np.array([[1.0], [1.0]])
    assert Quadratic(form(np.zeros((1, 1)), np.ones(1), A, np.array([0.0, -1.0]), 0)).point(np.ones(1)) is None


def test_cones_are_told_from_quadratic_programs() -> None:
    assert is_quadratic(two_units())
    curved = two_units()
    object.__setattr__(curved, "cones", (("second_order", 2),))
    assert not is_quadratic(curved)
