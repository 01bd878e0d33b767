"""What a follower answers, and the ends of its prices at an edge: one-sided slopes of its value."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.follower.bilevel import Follower
from gridpact.programs.follower.price_steps import price_steps
from gridpact.programs.follower.response import price_range, response, with_multipliers, with_prices
from tests.programs.follower.posing import form_of, ints, market, side_by_side
from tests.programs.follower.values import random_value

BLOCKS = Follower(market([10.0, 50.0], [5.0, 3.0]), ints(2))


def test_answer_by_hand() -> None:
    answer = response(BLOCKS, np.array([6.0]))
    assert answer.x == pytest.approx([5.0, 1.0, 6.0], abs=1e-6)
    assert answer.price == pytest.approx([50.0], abs=1e-5)
    assert answer.cost == pytest.approx(100.0, abs=1e-5)


def test_edge_by_hand() -> None:
    """The fifth unit costs 10, the sixth 50: any price in between is right at 5."""
    answer = response(BLOCKS, np.array([5.0]))
    low, high = price_range(BLOCKS, answer)
    assert (low[0], high[0]) == pytest.approx((10.0, 50.0))
    assert with_multipliers(BLOCKS, answer, np.array([1.0])).price == pytest.approx([10.0])
    assert with_multipliers(BLOCKS, answer, np.array([-1.0])).price == pytest.approx([50.0])


def test_last_reserve_has_no_greatest_price() -> None:
    """At 8 everything is sold: one more has no price, one less has 50."""
    answer = response(BLOCKS, np.array([8.0]))
    assert with_multipliers(BLOCKS, answer, np.array([1.0])).price == pytest.approx([50.0])
    with pytest.raises(NotConverged, match="nothing left to give"):
        with_multipliers(BLOCKS, answer, np.array([-1.0]))
    assert price_range(BLOCKS, answer)[1] == pytest.approx([np.inf])


def test_prices_that_are_asked_for() -> None:
    """Between 10 and 50 every price is right at the edge; beyond, none is."""
    answer = response(BLOCKS, np.array([5.0]))
    assert with_prices(BLOCKS, answer, np.array([30.0])).price == pytest.approx([30.0])
    with pytest.raises(NotConverged, match="No multipliers"):
        with_prices(BLOCKS, answer, np.array([51.0]))


def test_no_answer() -> None:
    with pytest.raises(InfeasibleError, match="no answer to what the leader chose"):
        response(BLOCKS, np.array([9.0]))


def test_cost_without_bound_is_told() -> None:
    with pytest.raises(InfeasibleError) as raised:
        response(Follower(form_of([-1.0, 0.0], at_most=[([-1.0, 1.0], 0.0)]), ints(1)), np.array([1.0]))
    assert raised.value.unbounded


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_ends_are_one_sided_slopes(seed: int, squares: bool) -> None:
    """At every edge between two pieces, and in the midst of each."""
    value = random_value(seed, squares, whole=True)
    follower = Follower(value.form, ints(value.linking))
    steps = price_steps(value, -4.0, 6.0)
    level = 1.0 + float(np.abs(steps.first).max())
    for k in range(1, steps.count):
        answer = response(follower, steps.edges[[k]])
        low, high = price_range(follower, answer)
        assert low[0] == pytest.approx(steps.last[k - 1], abs=1e-4 * level)
        assert high[0] == pytest.approx(steps.first[k], abs=1e-4 * level)
    for k in range(steps.count):
        z = 0.5 * (steps.edges[k] + steps.edges[k + 1])
        low, high = price_range(follower, response(follower, np.array([z])))
        assert low[0] == pytest.approx(steps.price(k, z), abs=1e-4 * level)
        assert high[0] == pytest.approx(steps.price(k, z), abs=1e-4 * level)


def test_quantities_side_by_side() -> None:
    """Each of two markets has its own ends, found together."""
    form, starts = side_by_side([market([10.0, 50.0], [5.0, 3.0]), market([20.0, 30.0], [2.0, 3.0])])
    follower = Follower(form, np.array([starts[0] + 2, starts[1] + 2]))
    low, high = price_range(follower, response(follower, np.array([5.0, 2.0])))
    assert low == pytest.approx([10.0, 20.0])
    assert high == pytest.approx([50.0, 30.0])


def test_quantities_of_one_market() -> None:
    """Two that draw from the same bus share its price: what is right for one is right for the other."""
    rows = [([-1.0, -1.0, 1.0, 1.0], 0.0)]
    unit = np.eye(4)
    limits = [(unit[0], 5.0), (unit[1], 3.0), (-unit[0], 0.0), (-unit[1], 0.0)]
    follower = Follower(form_of([10.0, 50.0, 0.0, 0.0], rows, limits), ints(2, 3))
    answer = response(follower, np.array([2.0, 3.0]))
    low, high = price_range(follower, answer)
    assert low == pytest.approx([10.0, 10.0])
    assert high == pytest.approx([50.0, 50.0])
    chosen = with_multipliers(follower, answer, np.array([2.0, 3.0]))
    assert chosen.price == pytest.approx([10.0, 10.0])
