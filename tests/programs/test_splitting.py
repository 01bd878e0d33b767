"""Closed-form steps: hand calculations, known optima, Clarabel's answers, proofs, and what stays from call to call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.boxed import boxed
from gridpact.programs.conic import Compiled, residual
from gridpact.programs.metric import metric
from gridpact.programs.splitting import CHECK, Splitting
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
SEEDS = st.integers(0, 100_000)


def program(P: ArrayLike, q: ArrayLike, A: ArrayLike, b: ArrayLike, cones: tuple[Cone, ...]) -> StandardForm:
    matrices = [sp.csc_array(np.asarray(matrix, dtype=np.float64)) for matrix in (P, A)]
    vectors = [np.asarray(vector, dtype=np.float64) for vector in (q, b)]
    nothing = np.zeros(0, dtype=np.int64)
    return StandardForm(matrices[0], vectors[0], matrices[1], vectors[1], 0.0, cones, {}, {}, nothing)


def optimal_pair(random: np.random.Generator, sizes: list[int], limits: int, equal: int) -> tuple[Floats, Floats]:
    """A slack and a multiplier, s'z = 0: limits that bind or do not, cones inside, at the boundary and at the tip."""
    binds = random.random(limits) < 0.4
    s = [np.zeros(equal), np.where(binds, 0.0, random.exponential(size=limits))]
    z = [random.normal(size=equal), np.where(binds, random.exponential(size=limits), 0.0)]
    for size in sizes:
        u = random.normal(size=size - 1)
        u /= np.linalg.norm(u)
        inside, ray, opposite = (np.concatenate([[1.0], share * u]) for share in (0.5, 1.0, -1.0))
        a, b = random.exponential(size=2)
        slack, dual = [(inside, 0.0 * ray), (a * ray, b * opposite), (0.0 * ray, inside)][int(random.integers(3))]
        s.append(slack)
        z.append(dual)
    return np.concatenate(s), np.concatenate(z)


def random_program(seed: int, curved: bool, convex: float) -> tuple[StandardForm, Floats]:
    """A program made around an optimum x; with ``convex`` > 0 the only one."""
    random = np.random.default_rng(seed)
    n = int(random.integers(3, 40))
    equal, limits = int(random.integers(0, n // 3 + 1)), int(random.integers(1, 2 * n))
    sizes = [int(k) for k in random.integers(2, 6, int(random.integers(1, 10)))] if curved else []
    s, z = optimal_pair(random, sizes, limits, equal)
    A = random.normal(size=(s.size, n)) * (random.random((s.size, n)) < 3.0 / n + 0.05)
    root, x = random.normal(size=(n, n)) * (random.random((n, n)) < 0.1), random.normal(size=n)
    P = root @ root.T + convex * np.eye(n)
    cones: tuple[Cone, ...] = (("zero", equal), ("nonnegative", limits), *(("second_order", size) for size in sizes))
    return program(P, -P @ x - A.T @ z, A, A @ x + s, tuple(cone for cone in cones if cone[1])), x


def test_a_range_by_hand() -> None:
    """1/2 (x - 3)^2 over 0 <= x <= 1 is least at 1, where relaxing the upper limit is worth 2 and the lower nothing."""
    form = program([[1.0]], [-3.0], [[-1.0], [1.0]], [0.0, 1.0], (("nonnegative", 2),))
    steps = Splitting(form)
    x, s, z = steps.point(form.q)
    assert x == pytest.approx([1.0], abs=1e-8)
    assert s == pytest.approx([1.0, 0.0], abs=1e-8)
    assert z == pytest.approx([0.0, 2.0], abs=1e-7)
    x, s, z = steps.point(np.array([5.0]))
    assert x == pytest.approx([0.0], abs=1e-8)
    assert z == pytest.approx([5.0, 0.0], abs=1e-7)


def test_a_cone_by_hand() -> None:
    """The least t >= |(3, 4)| is 5, and z = (1, -3/5, -4/5) is the price of the three parts."""
    form = program(np.zeros((1, 1)), [1.0], [[-1.0], [0.0], [0.0]], [0.0, 3.0, 4.0], (("second_order", 3),))
    x, s, z = Splitting(form).point(form.q)
    assert x == pytest.approx([5.0], abs=1e-7)
    assert s == pytest.approx([5.0, 3.0, 4.0], abs=1e-7)
    assert z == pytest.approx([1.0, -0.6, -0.8], abs=1e-7)


def test_an_equality_by_hand() -> None:
    """1/2 (x^2 + 3 y^2) with x + y = 4: x = 3, y = 1, and another unit costs 3 (x + 3 y = 0 at z = -3)."""
    form = program(np.diag([1.0, 3.0]), [0.0, 0.0], [[1.0, 1.0]], [4.0], (("zero", 1),))
    x, _, z = Splitting(form).point(form.q)
    assert x == pytest.approx([3.0, 1.0], abs=1e-7)
    assert z == pytest.approx([-3.0], abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.booleans())
def test_convex_programs_have_the_solvers_answer(seed: int, curved: bool) -> None:
    """Against the optimum that they were made around; a gap of 1e-11 leaves the interior-point method's x 1e-5 away."""
    form, x = random_program(seed, curved, 0.5)
    found, s, z = Splitting(form, tolerance=1e-10).point(form.q)
    assert found == pytest.approx(x, abs=1e-6)
    assert found == pytest.approx(Compiled(form).answer(form).x, abs=5e-5)
    assert residual(form, found, s, z) <= 1e-8


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.booleans())
def test_programs_with_many_optima_have_one_cost(seed: int, curved: bool) -> None:
    """Without strict convexity x may be another one; residuals and gap prove the optimum."""
    form, x = random_program(seed, curved, 0.0)
    found, s, z = Splitting(form).point(form.q)
    assert residual(form, found, s, z) <= 1e-7
    assert form.cost(found) == pytest.approx(form.cost(x), rel=1e-6, abs=1e-5)
    assert np.abs(form.A @ found + s - form.b).max() <= 1e-7 * (1.0 + np.abs(form.b).max())


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.booleans())
def test_slacks_and_multipliers_lie_in_their_cones(seed: int, curved: bool) -> None:
    form, _ = random_program(seed, curved, 0.1)
    _, s, z = Splitting(form).point(form.q)
    row = 0
    for kind, size in form.cones:
        own, dual = s[row : row + size], z[row : row + size]
        row += size
        if kind == "zero":
            assert np.array_equal(own, np.zeros(size))
        elif kind == "nonnegative":
            assert own.min() >= 0.0
            assert dual.min() >= 0.0
        else:
            assert all(np.linalg.norm(one[1:]) <= one[0] + 1e-9 for one in (own, dual))


@pytest.mark.campaign
@pytest.mark.parametrize("convex", [0.0, 0.5])
def test_thousands_of_programs_are_solved(convex: float) -> None:
    for seed in range(3000):
        form, _ = random_program(seed, seed % 2 == 1, convex)
        assert residual(form, *Splitting(form).point(form.q)) <= 1e-6, seed


@pytest.mark.parametrize("power", [-2.0, 2.0])
def test_units_do_not_matter(power: float) -> None:
    """Rows in other units (those of a cone alike) and costs in another currency: the same optimum."""
    form, x = random_program(7, True, 0.5)
    random = np.random.default_rng(0)
    factors = np.concatenate(
        [
            np.repeat(
                10.0 ** random.uniform(-2, 2, 1 if kind == "second_order" else size),
                size if kind == "second_order" else 1,
            )
            for kind, size in form.cones
        ]
    )
    scale = 10.0**power
    other = replace(
        form,
        P=sp.csc_array(scale * form.P),
        q=scale * form.q,
        A=sp.csc_array(sp.diags_array(factors) @ form.A),
        b=factors * form.b,
    )
    assert Splitting(other).point(other.q)[0] == pytest.approx(x, abs=1e-6)


def test_the_next_call_goes_on_where_the_last_one_ended() -> None:
    """The same question again: not a step more than to see it. A near one: fewer steps than from the beginning."""
    cold, warm = [], []
    for seed in range(10):
        form, _ = random_program(seed, True, 0.5)
        near = form.q + 1e-3 * np.random.default_rng(seed).normal(size=form.q.size)
        steps, fresh = Splitting(form), Splitting(form)
        steps.point(form.q)
        steps.point(form.q)
        assert steps.steps <= 2 * CHECK
        assert steps.factorisations == 0
        warm_x = steps.point(near)[0]
        assert warm_x == pytest.approx(fresh.point(near)[0], abs=1e-6)
        warm.append(steps.steps)
        cold.append(fresh.steps)
    assert sum(warm) < 0.7 * sum(cold)


def test_another_quadratic_cost_is_another_program() -> None:
    form, _ = random_program(3, True, 0.5)
    heavier = form.with_squares(np.arange(form.q.size), np.full(form.q.size, 2.0))
    steps = Splitting(form)
    steps.reweighed(heavier.P)
    assert steps.point(form.q)[0] == pytest.approx(Splitting(heavier).point(form.q)[0], abs=1e-6)
    steps.reweighed(form.P)
    assert steps.point(form.q)[0] == pytest.approx(Splitting(form).point(form.q)[0], abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_a_program_without_a_feasible_point_is_proven_so(seed: int) -> None:
    """a'x <= c and a'x >= c + gap."""
    form, x = random_program(seed, seed % 2 == 0, 0.5)
    random = np.random.default_rng(seed)
    a, gap = random.normal(size=x.size), random.uniform(0.1, 5.0)
    equal = sum(size for kind, size in form.cones if kind == "zero")
    A = np.insert(form.A.toarray(), [equal, equal], [a, -a], axis=0)
    b = np.insert(form.b, [equal, equal], [a @ x, -a @ x - gap])
    cones = tuple((kind, size + 2 if kind == "nonnegative" else size) for kind, size in form.cones)
    with pytest.raises(InfeasibleError, match="proved"):
        Splitting(program(form.P.toarray(), form.q, A, b, cones)).point(form.q)


def test_limits_that_exclude_each_other_are_seen_at_once() -> None:
    form = program([[1.0]], [0.0], [[-1.0], [1.0]], [-2.0, 1.0], (("nonnegative", 2),))
    with pytest.raises(InfeasibleError, match="exclude each other"):
        Splitting(form)


def test_what_cannot_be_reached_is_said() -> None:
    form, _ = random_program(3, True, 0.5)
    with pytest.raises(NotConverged, match=r"did not converge within 2: limits are still missed by"):
        Splitting(form, most_steps=2).point(form.q)


def test_a_cost_without_bound_does_not_converge() -> None:
    form = program(np.zeros((1, 1)), [1.0], [[1.0]], [1.0], (("nonnegative", 1),))
    with pytest.raises(NotConverged):
        Splitting(form, most_steps=200).point(form.q)


def test_a_cost_that_is_no_number_ends_it_and_the_next_call_begins_anew() -> None:
    form, x = random_program(3, True, 0.5)
    steps = Splitting(form)
    with pytest.raises(NotConverged, match="not a number"):
        steps.point(np.full(form.q.size, np.nan))
    assert steps.point(form.q)[0] == pytest.approx(x, abs=1e-6)


def test_two_limits_of_a_variable_are_one_range() -> None:
    """-2 <= x <= 3 stated by -2 x <= 4 and x <= 3 (x <= 9 never counts): one row x + s = 3 with 0 <= s <= 5.

    What the range's multiplier is below zero is that of the lower limit: -1 per x, that is 1/2 per 2 x.
    """
    rows = np.array([[-2.0], [1.0], [1.0]])
    form = program([[1.0]], [0.0], rows, [4.0, 9.0, 3.0], (("nonnegative", 3),))
    found = boxed(form)
    assert found.A.toarray() == pytest.approx(np.array([[1.0]]))
    assert found.b == pytest.approx([3.0])
    assert found.width == pytest.approx([5.0])
    _, s, z = found.restored(np.array([-2.0]), np.array([5.0]), np.array([-1.0]))
    assert s == pytest.approx([0.0, 11.0, 5.0])
    assert z == pytest.approx([0.5, 0.0, 0.0])
    assert rows.T @ z == pytest.approx([-1.0])


def test_rows_that_bind_weigh_more_the_better_they_are_known() -> None:
    """z = 2 at s = 0 and z = 0 at s = 4, known to 1e-2 and 1e-3: weights 2.01 / 1e-3 and 1e-2 / 4.001."""
    form = program(np.zeros((2, 2)), [0.0, 0.0], np.eye(2), [0.0, 4.0], (("nonnegative", 2),))
    found = metric(boxed(form), np.array([0.0, 4.0]), np.array([2.0, 0.0]), 1e-3, 1e-2)
    assert found.forth.diagonal() ** 2 == pytest.approx([2010.0, 1e-2 / 4.001])
    assert (found.forth @ found.back).toarray() == pytest.approx(np.eye(2))
