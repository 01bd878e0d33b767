"""Random bilevel programs equal to a second method: active sets, price steps one by one, a fine scan."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.multiplier_bounds import proven_bounds
from gridpact.programs.follower.optimality_gap import optimality_gap
from gridpact.programs.follower.segments import equal_boxes
from gridpact.programs.follower.single_solution import SingleSolution, solve_single_level
from gridpact.programs.follower.strong_duality import primal_dual_single_level
from tests.programs.follower.brute import all_steps, by_active_sets, by_scan, by_steps
from tests.programs.follower.posing import random_linear, random_payment

# The solver closes the gap to 1e-4; what it finds is nearly always far better than that.
GAP = 1e-4


def check(bilevel: Bilevel, solution: SingleSolution, expected: float) -> None:
    scale = max(1.0, abs(expected))
    assert solution.status == "solved"
    assert abs(solution.upper - expected) <= GAP * scale
    assert solution.lower <= expected + 1e-6 * scale
    assert optimality_gap(bilevel, solution.x_leader, solution.y, solution.price).is_within(1e-4)


def check_payment(seed: int) -> None:
    """Both forms of complementarity are exact; equal objectives give a lower bound."""
    bilevel = random_payment(seed, hours=1 + seed % 3)
    low, high = -3.0 * bilevel.scale, 9.0 * bilevel.scale
    steps = all_steps(bilevel, float(low[0]), float(high[0]))
    expected = by_steps(bilevel, steps)
    bounds = proven_bounds(bilevel, low, high, [np.array([step[1] for step in hour]) for hour in steps])
    for single in (
        kkt_single_level(bilevel),
        kkt_single_level(bilevel, "sos1", bounds),
        kkt_single_level(bilevel, "big_m", bounds),
        kkt_single_level(bilevel, "big_m", proven_bounds(bilevel, low, high)),
    ):
        solution = solve_single_level(single)
        check(bilevel, solution, expected)
        assert solution.multiplier_share < 0.99
    prices = np.array([[hour[0][2], hour[-1][2]] for hour in steps]).T
    relaxed = solve_single_level(primal_dual_single_level(bilevel, equal_boxes(low, high, *prices, 8)), gap=1e-3)
    assert relaxed.lower <= expected + 1e-5 * max(1.0, abs(expected))


def check_quadratic(seed: int) -> None:
    bilevel = random_payment(seed, hours=1, quadratic=True)
    low, high = -3.0 * bilevel.scale, 9.0 * bilevel.scale
    expected = by_scan(bilevel, float(low[0]), float(high[0]))
    for single in (kkt_single_level(bilevel), kkt_single_level(bilevel, "big_m", proven_bounds(bilevel, low, high))):
        check(bilevel, solve_single_level(single, gap=1e-6), expected)


def check_linear(seed: int) -> None:
    bilevel = random_linear(seed)
    check(bilevel, solve_single_level(kkt_single_level(bilevel)), by_active_sets(bilevel))


@pytest.mark.parametrize("seed", range(6))
def test_payments_equal_all_price_steps(seed: int) -> None:
    check_payment(seed)


@pytest.mark.parametrize("seed", range(3))
def test_payments_to_a_quadratic_follower_equal_a_fine_scan(seed: int) -> None:
    check_quadratic(seed)


@pytest.mark.parametrize("seed", range(12))
def test_linear_programs_equal_all_active_sets(seed: int) -> None:
    check_linear(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 180))
def test_many_payments(seed: int) -> None:
    check_payment(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_quadratic_followers(seed: int) -> None:
    check_quadratic(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 260))
def test_many_linear_programs(seed: int) -> None:
    check_linear(seed)
