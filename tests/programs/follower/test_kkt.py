"""The follower's optimality conditions: payment without a product, weights by part, what is asked of the bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.multiplier_bounds import proven_bounds
from gridpact.programs.follower.optimality_gap import optimality_gap
from gridpact.programs.follower.single_solution import solve_single_level
from tests.programs.follower.posing import form_of, ints, market, random_payment, side_by_side

LOW, HIGH = np.array([1.0]), np.array([5.0])


def buyer(need: float = 4.0, own_price: float = 30.0, weight: float = 1.0) -> Bilevel:
    """Import z, 1 to 5, from suppliers of 3 at 10 and 9 at 50 a unit, or make g at ``own_price``: z + g = need."""
    unit = np.eye(2)
    limits = [(unit[0], 5.0), (-unit[0], -1.0), (-unit[1], 0.0)]
    leader = form_of([0.0, own_price], equal=[([1.0, 1.0], need)], at_most=limits)
    return Bilevel(leader, Follower(market([10.0, 50.0], [3.0, 9.0]), ints(2)), ints(0), np.ones(1), np.array([weight]))


def test_the_leader_stops_where_the_price_rises() -> None:
    """Three units at 10 and one of its own at 30; four at 50 would cost 200. At three the lower price is chosen."""
    solution = solve_single_level(kkt_single_level(buyer()))
    assert solution.upper == pytest.approx(3 * 10 + 30, abs=1e-6)
    assert solution.x_leader == pytest.approx([3.0, 1.0], abs=1e-6)
    assert solution.price == pytest.approx([10.0], abs=1e-6)
    assert solution.gap <= 1e-4


def test_the_payment_is_price_times_quantity() -> None:
    """Own supply at 300: all four are bought at 50. The cost is the payment, though no product is in the program."""
    solution = solve_single_level(kkt_single_level(buyer(own_price=300.0)))
    assert solution.price == pytest.approx([50.0], abs=1e-6)
    assert solution.upper == pytest.approx(200.0, abs=1e-5)


def test_selling_earns_the_price() -> None:
    """A leader with a weight below zero is paid: it takes five at 50 and the upper end wherever there is a choice."""
    solution = solve_single_level(kkt_single_level(buyer(need=5.0, own_price=0.0, weight=-1.0)))
    assert solution.upper == pytest.approx(-250.0, abs=1e-5)


def test_a_quadratic_follower_makes_the_payment_quadratic() -> None:
    """Price 2 z, own supply at 6: payment 2 z^2 + 6 (4 - z) is least at z = 1.5."""
    follower = market([0.0], [20.0], [2.0])
    bilevel = replace(buyer(own_price=6.0), follower=Follower(follower, ints(1)))
    solution = solve_single_level(kkt_single_level(bilevel), gap=1e-8)
    assert solution.upper == pytest.approx(2 * 1.5**2 + 6 * 2.5, abs=1e-5)
    assert solution.price == pytest.approx([3.0], abs=1e-2)


def test_a_deliberately_small_bound_shows() -> None:
    """At z = 4 the first supplier earns 40 a unit. With 20 as its bound that answer is cut off: the result is wrong,
    the follower is at an optimum all the same, and only the share of the bound tells."""
    bilevel = buyer(own_price=300.0)
    good = proven_bounds(bilevel, LOW, HIGH, [np.array([3.0])])
    right = solve_single_level(kkt_single_level(bilevel, "big_m", good))
    small = replace(good, multiplier=np.minimum(good.multiplier, 20.0))
    wrong = solve_single_level(kkt_single_level(bilevel, "big_m", small))
    assert right.upper == pytest.approx(200.0, abs=1e-5)
    assert wrong.upper > right.upper + 100.0
    assert optimality_gap(bilevel, wrong.x_leader, wrong.y, wrong.price).is_within(1e-5)
    assert right.multiplier_share < 0.95 < 0.999 < wrong.multiplier_share


def test_a_deliberately_small_bound_of_a_slack_shows() -> None:
    """The second supplier is said to give at most half a unit: the leader buys 3.5 instead of 4."""
    bilevel = buyer(own_price=300.0)
    good = proven_bounds(bilevel, LOW, HIGH, [np.array([3.0])])
    small = replace(good, slack=np.minimum(good.slack, [9.0, 9.0, 9.0, 0.5]))
    wrong = solve_single_level(kkt_single_level(bilevel, "big_m", small))
    assert wrong.x_leader[0] == pytest.approx(3.5, abs=1e-5)
    assert wrong.slack_share > 0.999


def test_weights_must_be_one_within_a_part() -> None:
    follower = form_of(
        [10.0, 0.0, 0.0],
        equal=[([-1.0, 1.0, 1.0], 0.0)],
        at_most=[([1.0, 0.0, 0.0], 9.0), ([-1.0, 0.0, 0.0], 0.0)],
    )
    leader = form_of([0.0, 0.0], at_most=[([-1.0, 0.0], -1.0), ([0.0, -1.0], -2.0)])
    bilevel = Bilevel(leader, Follower(follower, ints(1, 2)), ints(0, 1), np.ones(2), np.array([1.0, 2.0]))
    with pytest.raises(InputError, match="different weights"):
        kkt_single_level(bilevel)
    same = replace(bilevel, weights=np.ones(2))
    assert solve_single_level(kkt_single_level(same)).upper == pytest.approx(30.0, abs=1e-6)


def test_weights_may_differ_between_parts() -> None:
    """One unit each from two markets at 10 and 20: 1 x 10 + 3 x 20."""
    forms = [market([10.0], [9.0]), market([20.0], [9.0])]
    follower, starts = side_by_side(forms)
    leader = form_of([0.0, 0.0], at_most=[([-1.0, 0.0], -1.0), ([0.0, -1.0], -1.0)])
    linking = np.array(starts) + 1
    bilevel = Bilevel(leader, Follower(follower, linking), ints(0, 1), np.ones(2), np.array([1.0, 3.0]))
    assert solve_single_level(kkt_single_level(bilevel)).upper == pytest.approx(70.0, abs=1e-6)


def test_the_leader_may_hold_integers_and_cones() -> None:
    """z = 3 d with d 0 or 1, and |(g, 1)| <= 2: g is at most the root of 3; the rest, t, costs 100 a unit."""
    unit = np.eye(4)
    ball = [(np.zeros(4), 2.0), (unit[1], 0.0), (np.zeros(4), 1.0)]
    leader = form_of(
        [0.0, 30.0, 100.0, 0.0],
        equal=[([1.0, 1.0, 1.0, 0.0], 4.0), ([1.0, 0.0, 0.0, -3.0], 0.0)],
        at_most=[(-unit[2], 0.0)],
        cones=[ball],
        integers=[3],
    )
    bilevel = replace(buyer(), leader=leader)
    solution = solve_single_level(kkt_single_level(bilevel))
    assert solution.x_leader == pytest.approx([3.0, 1.0, 0.0, 1.0], abs=1e-5)
    assert solution.upper == pytest.approx(60.0, abs=1e-4)


def test_big_m_needs_finite_bounds() -> None:
    for bounds in (None, Bounds.none(4)):
        with pytest.raises(InputError, match="needs finite bounds"):
            kkt_single_level(buyer(), "big_m", bounds)


def test_unknown_complementarity() -> None:
    with pytest.raises(InputError, match="sos1, big_m"):
        kkt_single_level(buyer(), "sos2")


def test_bounds_leave_out_choices_that_cannot_matter() -> None:
    """At most four units: the second supplier never reaches its nine, so that its limit needs no binary."""
    bounds = proven_bounds(buyer(), LOW, np.array([4.0]), [np.array([3.0])])
    single = kkt_single_level(buyer(), "big_m", bounds)
    assert bounds.multiplier[1] == 0.0
    assert single.groups["d"].size == np.count_nonzero(bounds.multiplier) < 4


def test_the_same_numbers_again() -> None:
    bilevel = random_payment(3, hours=2)
    first, second = (solve_single_level(kkt_single_level(bilevel)) for _ in range(2))
    assert np.array_equal(first.x_leader, second.x_leader)
    assert first.nodes == second.nodes
