"""Relaxations of a leader with price steps: bounds below the true optimum, exact on single pieces."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.follower.envelope import Envelope, envelope
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.relaxation import LINES, Priced, Relaxation
from tests.programs.follower.posing import form_of, ints
from tests.programs.follower.values import cheapest, random_leader


def whole(priced: Priced) -> list[Envelope]:
    return [envelope(steps, 0, steps.count - 1) for steps in priced.steps]


def middle(priced: Priced) -> np.ndarray:
    return np.array([steps.middle for steps in priced.steps])


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_bound_below_the_optimum(seed: int, squares: bool) -> None:
    priced = random_leader(seed, hours=2, squares=squares)
    best = cheapest(priced)
    solved = Relaxation(priced).solve(whole(priced), middle(priced))
    assert solved is not None
    assert solved.bound <= best + 1e-6 * (1.0 + abs(best))
    for z, part, payment in zip(solved.z, whole(priced), solved.payment, strict=True):
        assert payment <= part.at(z) + 1e-6 * (1.0 + abs(payment))


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_single_pieces_equal_their_program(seed: int, squares: bool) -> None:
    """On one piece each the relaxation is the program itself; one compiled program serves all of them."""
    priced = random_leader(seed, hours=1, squares=squares)
    relaxation = Relaxation(priced)
    costs = []
    for k in range(priced.steps[0].count):
        solved = relaxation.solve([envelope(priced.steps[0], k, k)], middle(priced))
        costs.append(np.inf if solved is None else solved.bound)
    assert min(costs) == pytest.approx(cheapest(priced), rel=1e-6, abs=1e-6)


def test_no_point_is_none() -> None:
    priced = random_leader(0, hours=1)
    assert Relaxation(priced).solve([Envelope(50.0, 60.0, np.ones(1), np.zeros(1))], np.array([55.0])) is None


def test_many_lines_are_all_taken_into_account() -> None:
    """A payment like z^2 in 40 lines, the first guess at the wrong end: min z^2 - 6 z is -9 at 3."""
    edges = np.linspace(0.0, 20.0, 41)
    slopes = edges[1:] + edges[:-1]
    lines = Envelope(0.0, 20.0, slopes, edges[:-1] ** 2 - slopes * edges[:-1])
    assert slopes.size > LINES
    form = form_of([-6.0], at_most=[([1.0], 20.0), ([-1.0], 0.0)])
    steps = [PriceSteps(np.array([0.0, 20.0]), np.zeros(1), np.zeros(1))]
    priced = Priced(form, ints(0), np.ones(1), np.ones(1), steps)
    for guess in (20.0, 0.0, 3.0):
        solved = Relaxation(priced).solve([lines], np.array([guess]))
        assert solved is not None
        assert solved.bound == pytest.approx(-9.0, abs=1e-6)
        assert solved.z[0] == pytest.approx(3.0, abs=1e-4)


def test_scale_and_weight() -> None:
    """Two feeders buy z = 2 x for half the payment each: 4 z on z >= 3 costs one feeder 6, and its own 1 x is 1.5."""
    form = form_of([1.0], at_most=[([1.0], 9.0), ([-1.0], -1.5)])
    steps = [PriceSteps(np.array([0.0, 18.0]), np.array([4.0]), np.array([4.0]))]
    priced = Priced(form, ints(0), np.array([2.0]), np.array([0.5]), steps)
    solved = Relaxation(priced).solve(whole(priced), np.array([9.0]))
    assert solved is not None
    assert solved.bound == pytest.approx(7.5, abs=1e-6)
    assert solved.payment[0] == pytest.approx(12.0, abs=1e-5)
    assert priced.quantities(np.array([1.5])) == pytest.approx([3.0])
