"""Agreement of parties: hand calculations, the joint optimum, and what a bare exchange of prices does."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.coordination.admm import agree
from gridpact.coordination.agent import ProgramAgent
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]


@dataclass
class Told:
    """An agent whose answer is a formula."""

    answer: Callable[[Floats, Floats, Floats], Floats]

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        return self.answer(price, target, weight)


def quadratic(curvature: Floats, best: Floats) -> Told:
    """Cost curvature/2 (x - best)^2."""
    return Told(lambda y, z, rho: (curvature * best - y + rho * z) / (curvature + rho))


def program(cost: float, low: float, high: float) -> ProgramAgent:
    """Linear cost of one quantity within a range, as a program of its own."""
    form = StandardForm(
        P=sp.csc_array((1, 1)),
        q=np.array([cost]),
        A=sp.csc_array(np.array([[-1.0], [1.0]])),
        b=np.array([-low, high]),
        constant=0.0,
        cones=(("nonnegative", 2),),
        rows={},
        columns={},
        integers=np.zeros(0, dtype=np.int64),
    )
    return ProgramAgent(form, np.array([0]))


def test_two_quadratic_parties_meet_between_their_wishes() -> None:
    """1/2 2 (x - 1)^2 + 1/2 6 (x - 5)^2 is least at (2 + 30) / 8 = 4, where the first one's slope is 2 (4 - 1) = 6."""
    agents = [quadratic(np.array([2.0]), np.array([1.0])), quadratic(np.array([6.0]), np.array([5.0]))]
    found = agree(agents, np.zeros((2, 1)), np.zeros(1), np.ones(1), (1e-9, 1e-9))
    assert found.quantity == pytest.approx([4.0], abs=1e-8)
    assert found.prices[0] == pytest.approx([-6.0], abs=1e-7)
    assert found.prices.sum(axis=0) == pytest.approx([0.0], abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 6))
def test_parties_find_the_joint_optimum(seed: int, parties: int, size: int) -> None:
    """Of quadratic costs it is the mean of the wishes, weighed by the curvatures."""
    random = np.random.default_rng(seed)
    curvature, best = random.uniform(0.1, 10.0, (parties, size)), random.normal(size=(parties, size))
    agents = [quadratic(c, b) for c, b in zip(curvature, best, strict=True)]
    found = agree(agents, np.zeros((parties, size)), np.zeros(size), np.ones(size), (1e-7, 1e-7))
    joint = (curvature * best).sum(axis=0) / curvature.sum(axis=0)
    assert found.quantity == pytest.approx(joint, abs=1e-4)


def test_linear_costs_agree_where_bare_prices_go_round_in_circles() -> None:
    """Who makes heat for 20 and can make 0.6 sells to who pays 30 for up to 1: 0.6 at a price between 20 and 30.

    With prices alone both answer with a corner: nothing agrees with everything at no price.
    """
    maker, taker = program(20.0, 0.0, 0.6), program(-30.0, 0.0, 1.0)
    found = agree([maker, taker], np.zeros((2, 1)), np.zeros(1), np.array([10.0]), (1e-6, 1e-6))
    assert found.quantity == pytest.approx([0.6], abs=1e-5)
    assert 20.0 - 1e-4 <= -found.prices[0, 0] <= 30.0 + 1e-4
    price, made = 0.0, []
    for _ in range(40):
        offered = 0.6 if price > 20.0 else 0.0
        wanted = 1.0 if price < 30.0 else 0.0
        price += 15.0 * (wanted - offered)
        made.append((offered, wanted))
    assert len(set(made[-10:])) > 1  # it still jumps between corners
    assert all(offered != wanted for offered, wanted in made)


def test_parties_that_cannot_agree_are_told_so() -> None:
    agents = [program(1.0, 0.0, 0.4), program(1.0, 0.6, 1.0)]
    with pytest.raises(NotConverged, match=r"No agreement after 80 rounds: answers still differ by 0\.1"):
        agree(agents, np.zeros((2, 1)), np.zeros(1), np.ones(1), (1e-6, 1e-6), most_rounds=80)


def test_an_answer_that_is_not_a_number_ends_it_at_once() -> None:
    rounds = []

    def broken(price: Floats, target: Floats, weight: Floats) -> Floats:
        rounds.append(price)
        return np.array([np.nan])

    with pytest.raises(NotConverged, match="not a number"):
        agree([Told(broken)], np.zeros((1, 1)), np.zeros(1), np.ones(1), (1e-6, 1e-6))
    assert len(rounds) == 1


def test_a_party_without_an_answer_says_why() -> None:
    with pytest.raises(InfeasibleError):
        program(1.0, 2.0, 1.0).respond(np.zeros(1), np.zeros(1), np.ones(1))


def test_both_residuals_are_small_at_the_end() -> None:
    agents = [quadratic(np.array([1.0, 3.0]), np.array([0.0, 1.0])), quadratic(np.array([2.0, 0.5]), np.ones(2))]
    found = agree(agents, np.zeros((2, 2)), np.zeros(2), np.ones(2), (1e-6, 1e-5))
    assert found.residuals[-1, 0] <= 1e-6
    assert found.residuals[-1, 1] <= 1e-5
    assert found.rounds == len(found.residuals)
