"""Answers and prices judged by the follower's own program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.bilevel import Follower
from gridpact.programs.follower.optimality_gap import optimality_gap
from tests.programs.follower.posing import ints, market, price_bid
from tests.programs.follower.test_kkt import buyer

FOUR = np.array([4.0, 0.0])


def test_an_optimum_with_its_price() -> None:
    """Three units at 10 and one at 50."""
    assert optimality_gap(buyer(), FOUR, np.array([3.0, 1.0, 4.0]), np.array([50.0])).is_within(1e-8)


def test_an_answer_that_is_too_dear() -> None:
    """Two units at 10 and two at 50 cost 40 more."""
    gap = optimality_gap(buyer(), FOUR, np.array([2.0, 2.0, 4.0]), np.array([50.0]))
    assert gap.cost_gap == pytest.approx(40.0)
    assert gap.violation == 0.0
    assert not gap.is_within(1.0)


@pytest.mark.parametrize(("price", "expected"), [(10.0, 40.0), (45.0, 5.0), (60.0, 80.0)])
def test_a_price_that_is_no_multiplier(price: float, expected: float) -> None:
    """At 10 or 45 the follower would rather give 3 than 4, and save 50 less the price; at 60 all its 12: 8 x 10."""
    gap = optimality_gap(buyer(), FOUR, np.array([3.0, 1.0, 4.0]), np.array([price]))
    assert gap.cost_gap == pytest.approx(0.0, abs=1e-9)
    assert gap.price_gap == pytest.approx(expected)


def test_any_price_of_the_interval_at_a_step() -> None:
    for price in (10.0, 30.0, 50.0):
        answer = np.array([3.0, 0.0, 3.0])
        assert optimality_gap(buyer(), np.array([3.0, 1.0]), answer, np.array([price])).is_within(1e-8)


def test_a_price_at_which_the_follower_gains_without_bound() -> None:
    """A supply without limit at 10: nobody pays 20."""
    unlimited = replace(buyer(), follower=Follower(market([10.0], [1e30]), ints(1)))
    follower = unlimited.follower.form
    kept = np.array([0, 2])
    open_ended = replace(
        follower, A=follower.A[kept], b=follower.b[kept], cones=(("zero", 1), ("nonnegative", 1)), rows={}
    )
    bilevel = replace(unlimited, follower=Follower(open_ended, ints(1)))
    assert optimality_gap(bilevel, FOUR, np.array([4.0, 4.0]), np.array([20.0])).price_gap == np.inf
    assert optimality_gap(bilevel, FOUR, np.array([4.0, 4.0]), np.array([10.0])).is_within(1e-8)


def test_violations_of_rows_and_links() -> None:
    gap = optimality_gap(buyer(), FOUR, np.array([3.5, 1.0, 4.5]), np.array([50.0]))
    assert gap.violation == pytest.approx(0.5)


def test_a_quadratic_follower() -> None:
    """Price 2 z at z = 4; 9 instead of 8 gains the follower 1/4."""
    bilevel = replace(buyer(), follower=Follower(market([0.0], [20.0], [2.0]), ints(1)))
    good = optimality_gap(bilevel, FOUR, np.array([4.0, 4.0]), np.array([8.0]))
    off = optimality_gap(bilevel, FOUR, np.array([4.0, 4.0]), np.array([9.0]))
    assert good.is_within(1e-6)
    assert off.price_gap == pytest.approx(0.25, abs=1e-6)


def test_bids_are_part_of_the_cost() -> None:
    """With a bid of 3 the second supplier goes first: 10, 4, 12 is no optimum any more."""
    answer = np.array([10.0, 4.0, 12.0, 0.0])
    gaps = [optimality_gap(price_bid(), np.array([bid, 2.0, 10.0]), answer, np.zeros(0)) for bid in (1.0, 3.0)]
    assert gaps[0].cost_gap == pytest.approx(0.0, abs=1e-9)
    assert gaps[1].cost_gap == pytest.approx(10.0)


def test_no_answer_at_all() -> None:
    with pytest.raises(InfeasibleError, match="no answer"):
        optimality_gap(buyer(), np.array([13.0, 0.0]), np.array([3.0, 9.0, 13.0]), np.array([50.0]))
