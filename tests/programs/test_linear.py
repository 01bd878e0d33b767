"""Linear programs by HiGHS: cases by hand, no point, little time, a point to begin with."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.errors import InfeasibleError
from gridpact.programs.linear import Linear, solve_integer

INF = np.inf


def linear(cost: list[float], matrix: list[list[float]], upper: list[float], whole: list[bool], most: float) -> Linear:
    """matrix x <= upper, 0 <= x <= most."""
    rows = np.full(len(upper), -INF), np.array(upper)
    bounds = np.zeros(len(cost)), np.full(len(cost), most)
    return Linear(np.array(cost), sp.csr_array(np.array(matrix)), rows, bounds, np.array(whole))


def test_knapsack_by_hand() -> None:
    # Weights 5, 4, 3 in 9 with values 10, 7, 5: {5, 4} is worth 17, {5, 3} 15, {4, 3} 12.
    program = linear([-10.0, -7.0, -5.0], [[5.0, 4.0, 3.0]], [9.0], [True] * 3, 1.0)
    found = solve_integer(program, 0.0, 10.0)
    assert found is not None
    assert found.x == pytest.approx([1.0, 1.0, 0.0])
    assert found.cost == pytest.approx(-17.0)
    assert found.bound == pytest.approx(-17.0)


def test_broken_numbers_where_they_may_be() -> None:
    # Without whole numbers 5 + 4 fill the sack as well; with 10 in it, a third of the third item follows.
    found = solve_integer(linear([-10.0, -7.0, -5.0], [[5.0, 4.0, 3.0]], [10.0], [False] * 3, 1.0), 0.0, 10.0)
    assert found is not None
    assert found.x == pytest.approx([1.0, 1.0, 1.0 / 3.0])
    assert found.cost == found.bound == pytest.approx(-17.0 - 5.0 / 3.0)
    # One more unit of weight would save 5 / 3.
    assert found.dual == pytest.approx([-5.0 / 3.0])


def test_whole_numbers_above_one() -> None:
    # 2 x <= 7 and 2 x >= 3: x is 2 or 3.
    rows = np.array([3.0]), np.array([7.0])
    bounds = np.zeros(1), np.full(1, 10.0)
    for cost, best in ((1.0, 2.0), (-1.0, 3.0)):
        program = Linear(np.array([cost]), sp.csr_array(np.array([[2.0]])), rows, bounds, np.array([True]))
        found = solve_integer(program, 0.0, 10.0)
        assert found is not None and found.x == pytest.approx([best])


@pytest.mark.parametrize("whole", [False, True])
def test_no_point_is_none(whole: bool) -> None:
    assert solve_integer(linear([1.0], [[1.0], [-1.0]], [1.0, -2.0], [whole], 5.0), 0.0, 10.0) is None


def test_no_whole_point_is_none() -> None:
    assert solve_integer(linear([1.0], [[1.0], [-1.0]], [1.8, -1.2], [True], 5.0), 0.0, 10.0) is None


def market_split(rows: int = 5, seed: int = 1) -> Linear:
    """Half of every row exactly, the miss being paid for: small, and far beyond branch and bound in a second.

    Cornuejols and Dawande, "A class of hard small 0-1 programs", 1998.
    """
    draw = np.random.default_rng(seed)
    size = 10 * (rows - 1)
    weights = draw.integers(0, 100, (rows, size)).astype(float)
    slack = np.hstack([np.eye(rows), -np.eye(rows)])
    half = np.floor(weights.sum(axis=1) / 2.0)
    width = size + 2 * rows
    bounds = np.zeros(width), np.concatenate([np.ones(size), np.full(2 * rows, INF)])
    cost = np.concatenate([np.zeros(size), np.ones(2 * rows)])
    return Linear(cost, sp.csr_array(np.hstack([weights, slack])), (half, half), bounds, np.arange(width) < size)


def test_where_time_is_up_the_bound_is_below_the_cost() -> None:
    found = solve_integer(market_split(), 0.0, 1.0)
    assert found is not None
    assert 0.0 <= found.bound <= found.cost
    program = market_split()
    assert np.abs(program.matrix @ found.x - program.rows[0]).max() < 1e-5


def test_no_answer_is_worse_than_its_start() -> None:
    program = market_split(8)
    size = 70
    x = np.concatenate([np.zeros(size), program.rows[0], np.zeros(8)])
    found = solve_integer(program, 0.0, 1.0, x)
    assert found is not None and found.cost <= program.cost @ x
    # With a gap that everything keeps, the start is good enough.
    rough = solve_integer(program, 1e9, 1.0, x)
    assert rough is not None and rough.cost <= program.cost @ x


def test_a_cost_without_bound_is_told() -> None:
    free = Linear(
        np.array([-1.0]),
        sp.csr_array((0, 1)),
        (np.zeros(0), np.zeros(0)),
        (np.zeros(1), np.array([INF])),
        np.array([False]),
    )
    with pytest.raises(InfeasibleError) as raised:
        solve_integer(free, 0.0, 1.0)
    assert raised.value.unbounded
