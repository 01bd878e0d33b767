"""Proven bounds: they hold wherever the follower is solved, and are refused where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.multiplier_bounds import MARGIN, proven_bounds
from gridpact.programs.follower.optimality_gap import held_at
from gridpact.programs.follower.polyhedral import polyhedral
from gridpact.programs.solve import solve
from tests.programs.follower.brute import all_steps
from tests.programs.follower.posing import form_of, ints, market, price_bid, random_payment
from tests.programs.follower.test_kkt import buyer


def at(bilevel: Bilevel, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slacks and multipliers of the inequalities with the linking quantities at z."""
    follower = polyhedral(bilevel)
    answer = solve(held_at(follower.form, follower.linking, z))
    first = z.size + follower.equalities
    return answer.s[first:], answer.z[first:]


def check(bilevel: Bilevel, bounds: Bounds, low: np.ndarray, high: np.ndarray) -> None:
    for share in np.linspace(0.01, 0.99, 9):
        slack, multiplier = at(bilevel, low + share * (high - low))
        assert np.all(slack <= bounds.slack + 1e-6)
        assert np.all(multiplier <= bounds.multiplier + 1e-4 * (1.0 + multiplier))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("known", [False, True])
def test_bounds_hold_everywhere(seed: int, known: bool) -> None:
    bilevel = random_payment(seed, hours=2)
    low, high = np.full(2, -5.0), np.full(2, 15.0)
    steps = [np.array([step[1] for step in hour]) for hour in all_steps(bilevel, -5.0, 15.0)] if known else None
    check(bilevel, proven_bounds(bilevel, low, high, steps), low, high)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_a_quadratic_follower_hold_everywhere(seed: int) -> None:
    bilevel = random_payment(seed, hours=2, quadratic=True)
    low, high = np.full(2, -5.0), np.full(2, 15.0)
    check(bilevel, proven_bounds(bilevel, low, high, [np.zeros(0)] * 2), low, high)


def test_bounds_by_hand() -> None:
    """Suppliers of 3 at 10 and 9 at 50, z from 1 to 5: the first earns 40 at most and always runs, the second is 40
    too dear at first and never full. All of z could come from the second, so that it may be 5 above its zero."""
    bounds = proven_bounds(buyer(), np.array([1.0]), np.array([5.0]), [np.array([3.0])])
    assert bounds.slack == pytest.approx(MARGIN * np.array([3.0, 9.0, 3.0, 5.0]), abs=1e-6)
    assert bounds.multiplier == pytest.approx(MARGIN * np.array([40.0, 0.0, 0.0, 40.0]), abs=1e-4)


def test_points_within_the_limits_bound_as_well_but_more_loosely() -> None:
    tight = proven_bounds(buyer(), np.array([1.0]), np.array([5.0]), [np.array([3.0])])
    loose = proven_bounds(buyer(), np.array([1.0]), np.array([5.0]))
    assert np.all(loose.multiplier >= tight.multiplier - 1e-6)
    assert np.all(np.isfinite(loose.multiplier))


def test_two_linking_quantities_of_one_part() -> None:
    """Two buyers of one supply of 10 at 3 a unit, then of 30 at 7: the first supplier earns 4 a unit."""
    unit = np.eye(4)
    limits = [(unit[0], 10.0), (unit[1], 30.0), (-unit[0], 0.0), (-unit[1], 0.0)]
    follower = form_of([3.0, 7.0, 0.0, 0.0], equal=[([-1.0, -1.0, 1.0, 1.0], 0.0)], at_most=limits)
    bilevel = Bilevel(form_of([0.0, 0.0]), Follower(follower, ints(2, 3)), ints(0, 1), np.ones(2), np.ones(2))
    low, high = np.array([1.0, 2.0]), np.array([9.0, 12.0])
    bounds = proven_bounds(bilevel, low, high, [np.zeros(0)] * 2)
    check(bilevel, bounds, low, high)
    assert bounds.multiplier[0] >= 4.0


def test_a_supplier_without_capacity_needs_no_bound() -> None:
    """Capacity zero, as of the sun at night: both its limits bind, their multipliers grow together without end."""
    bilevel = replace(buyer(), follower=Follower(market([10.0, 0.0, 50.0], [3.0, 0.0, 9.0]), ints(3)))
    for steps in (None, [np.array([3.0])]):
        bounds = proven_bounds(bilevel, np.array([1.0]), np.array([5.0]), steps)
        assert bounds.slack[[1, 4]].tolist() == [0.0, 0.0]
        assert bounds.multiplier[[1, 4]].tolist() == [np.inf, np.inf]
        assert bounds.needs_choice.tolist() == [0, 2, 3, 5] if steps is None else [0, 5]


@pytest.mark.parametrize("steps", [None, [np.array([3.0])]])
def test_no_bound_where_the_follower_can_do_no_more(steps: list[np.ndarray] | None) -> None:
    """At z = 12 all suppliers are full: no price is too high there. The row is named."""
    with pytest.raises(InputError, match=r"no proven bound of the multiplier of the follower's most\[\d\].*sos1"):
        proven_bounds(buyer(), np.array([1.0]), np.array([12.0]), steps)


def test_a_leader_that_looks_at_no_price_needs_only_some_multiplier() -> None:
    """The same range with a leader that does not pay: a finite multiplier is optimal everywhere."""
    bilevel = replace(buyer(), weights=np.zeros(1))
    bounds = proven_bounds(bilevel, np.array([1.0]), np.array([12.0]), [np.array([3.0])])
    assert bounds.multiplier == pytest.approx(MARGIN * np.array([40.0, 0.0, 0.0, 40.0]), abs=1e-4)


def test_a_multiplier_that_the_leader_copies_is_looked_at() -> None:
    bilevel = replace(buyer(), weights=np.zeros(1), multipliers=(ints(1), ints(0)))
    with pytest.raises(InputError, match="no proven bound"):
        proven_bounds(bilevel, np.array([1.0]), np.array([12.0]), [np.array([3.0])])


@pytest.mark.parametrize("steps", [None, [np.array([3.0])]])
@pytest.mark.parametrize("ends", [(13.0, 20.0), (5.0, 20.0)])
def test_ranges_without_an_answer(ends: tuple[float, float], steps: list[np.ndarray] | None) -> None:
    """Beyond 12 there is no supply: nowhere in the first range, only in part of the second."""
    with pytest.raises(InputError, match=r"no answer|no proven bound"):
        proven_bounds(buyer(), np.array([ends[0]]), np.array([ends[1]]), steps)


def test_slacks_without_a_bound() -> None:
    """g at least z and no more limits: by how much it may exceed z is not bounded."""
    follower = form_of([1.0, 0.0], at_most=[([-1.0, 1.0], 0.0)])
    bilevel = Bilevel(form_of([0.0]), Follower(follower, ints(1)), ints(0), np.ones(1), np.ones(1))
    with pytest.raises(InputError, match=r"bound of the slack of the follower's row 0"):
        proven_bounds(bilevel, np.zeros(1), np.ones(1))


def test_no_bounds_for_bids_and_for_very_many_links() -> None:
    with pytest.raises(InputError, match="bids"):
        proven_bounds(price_bid(), np.zeros(0), np.zeros(0))
    count = 9
    follower = form_of(
        [1.0, *[0.0] * count],
        equal=[([-1.0, *[1.0] * count], 0.0)],
        at_most=[([1.0, *[0.0] * count], 99.0), ([-1.0, *[0.0] * count], 0.0)],
    )
    many = Bilevel(
        form_of([0.0] * count), Follower(follower, np.arange(1, 10)), np.arange(9), np.ones(count), np.ones(count)
    )
    with pytest.raises(InputError, match="9 linking quantities"):
        proven_bounds(many, np.zeros(count), np.ones(count))


def test_a_part_without_linking_quantities() -> None:
    """The price bid without its bid: one optimum, one set of multipliers; 98 is what the deficit is too dear."""
    bilevel = replace(price_bid(), bids=(ints(), ints()), products=(ints(), ints(), np.zeros(0)))
    for steps in (None, []):
        bounds = proven_bounds(bilevel, np.zeros(0), np.zeros(0), steps)
        assert bounds.multiplier[-1] >= 98.0
