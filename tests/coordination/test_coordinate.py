"""Target cascading and consensus: both find the joint optimum and its price, and say so where they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.coordination.atc import TargetCascading
from gridpact.coordination.cf_admm import ClosedFormConsensus
from gridpact.coordination.coordinate import MOVES, Coordinated, Method, Round, coordinate
from gridpact.errors import InfeasibleError, NotConverged
from tests.coordination.told import Told, gathered, quadratic

Floats = NDArray[np.float64]
METHODS: dict[str, Callable[[Any], Method]] = {"atc": TargetCascading, "cf_admm": ClosedFormConsensus}
both = pytest.mark.parametrize("method", METHODS)


def agreed(method: str, above: Told, *below: Told, sizes: tuple[int, ...], **more: Any) -> Coordinated:
    roster, _ = gathered(above, *below, sizes=sizes)
    n = roster.total
    settings = {"tolerance": 1e-9, "most_rounds": 300, **more}
    return coordinate(METHODS[method](roster), np.zeros(n), np.zeros(n), np.ones(n), **settings)


@both
def test_two_meet_between_their_wishes(method: str) -> None:
    """1/2 2 (x - 1)^2 + 1/2 6 (x - 5)^2 is least at (2 + 30) / 8 = 4; the slope above is 2 (4 - 1) = 6."""
    found = agreed(
        method, quadratic(np.array([2.0]), np.ones(1)), quadratic(np.array([6.0]), np.full(1, 5.0)), sizes=(1,)
    )
    assert found.above == pytest.approx([4.0], abs=1e-7)
    assert found.below == pytest.approx([4.0], abs=1e-7)
    assert found.price == pytest.approx([6.0], abs=1e-6)


@both
def test_where_a_limit_binds_the_other_side_has_the_price(method: str) -> None:
    """Those below can do 2 at most: there the one above, which would rather have 1, is at the slope 2 (2 - 1)."""
    below = quadratic(np.array([6.0]), np.full(1, 5.0), high=2.0)
    found = agreed(method, quadratic(np.array([2.0]), np.ones(1)), below, sizes=(1,))
    assert found.above == pytest.approx([2.0], abs=1e-7)
    assert found.price == pytest.approx([2.0], abs=1e-6)


@both
def test_linear_costs_agree(method: str) -> None:
    """Up to 0.6 is made for 20 below; above, up to 1 is worth 30: 0.6 at a price from -30 to -20 of taking it."""
    above = Told(lambda y, z, rho: np.clip(z + (30.0 - y) / rho, 0.0, 1.0))
    below = Told(lambda y, z, rho: np.clip(z - (20.0 + y) / rho, 0.0, 0.6))
    found = agreed(method, above, below, sizes=(1,), tolerance=1e-7)
    assert found.above == pytest.approx([0.6], abs=1e-6)
    assert -30.0 - 1e-4 <= found.price.item() <= -20.0 + 1e-4


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(sorted(METHODS)))
def test_the_joint_optimum_of_quadratic_costs(seed: int, method: str) -> None:
    """It is the mean of the wishes, weighed by the curvatures; several below, of different sizes."""
    random = np.random.default_rng(seed)
    sizes = tuple(int(size) for size in random.integers(1, 4, random.integers(1, 4)))
    n = sum(sizes)
    c, d = random.uniform(0.1, 10.0, (2, n))
    a, b = random.normal(size=(2, n))
    pieces = np.cumsum(sizes)[:-1]
    below = [quadratic(*one) for one in zip(np.split(d, pieces), np.split(b, pieces), strict=True)]
    found = agreed(method, quadratic(c, a), *below, sizes=sizes)
    joint = (c * a + d * b) / (c + d)
    assert found.above == pytest.approx(joint, abs=1e-6)
    assert found.below == pytest.approx(joint, abs=1e-6)
    assert found.price == pytest.approx(c * (joint - a), abs=1e-5)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(sorted(METHODS)))
def test_residuals_are_those_of_the_optimality_conditions(seed: int, method: str) -> None:
    """Wherever a sweep begins: x - y, and f'(x) + g'(y), which are known here."""
    random = np.random.default_rng(seed)
    c, d, penalty = random.uniform(0.1, 10.0, (3, 3))
    a, b = random.normal(size=(2, 3))
    roster, _ = gathered(quadratic(c, a), quadratic(d, b), sizes=(3,))
    way = METHODS[method](roster)
    state = random.normal(size=way.state(np.zeros(3), np.zeros(3), penalty).size)
    found = way.sweep(state, penalty)
    up, down = c * (found.above - a), d * (found.below - b)
    assert found.price == pytest.approx(up, abs=1e-9)
    assert np.abs(found.mismatch) == pytest.approx(np.abs(up + down), abs=1e-9)


@both
def test_the_state_of_an_agreement_is_where_nothing_moves(method: str) -> None:
    c, d, a, b = np.array([2.0]), np.array([6.0]), np.ones(1), np.full(1, 5.0)
    roster, _ = gathered(quadratic(c, a), quadratic(d, b), sizes=(1,))
    way, penalty = METHODS[method](roster), np.array([0.7])
    state = way.state(np.array([4.0]), np.array([6.0]), penalty)
    found = way.sweep(state, penalty)
    assert found.step == pytest.approx(np.zeros(1), abs=1e-12)
    state = np.concatenate([found.point + found.step, found.rest])
    again = way.sweep(state, penalty)
    assert np.concatenate([again.point + again.step, again.rest]) == pytest.approx(state, abs=1e-12)
    assert found.above == pytest.approx([4.0]) and found.below == pytest.approx([4.0])
    # Another penalty leaves the price where it is, as the state is measured from the centre.
    centre = way.centre(state, found)
    other = way.sweep(centre + (state - centre) / 3.0, 3.0 * penalty)
    assert other.step == pytest.approx(np.zeros(1), abs=1e-12)
    assert other.price == pytest.approx([6.0]) and other.below == pytest.approx([4.0])
    assert way.state(np.array([4.0]), np.array([6.0]), 3.0 * penalty)[0] == pytest.approx(4.0 + 6.0 / 2.1)


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_consensus_is_target_cascading_every_other_round(seed: int) -> None:
    """Unaccelerated, what is asked above in a round is what target cascading would ask after the one two before."""
    random = np.random.default_rng(seed)
    c, d, penalty = random.uniform(0.1, 10.0, (3, 3))
    a, b = random.normal(size=(2, 3))
    roster, _ = gathered(quadratic(c, a), quadratic(d, b), sizes=(3,))
    one, two = TargetCascading(roster), ClosedFormConsensus(roster)
    begin = state = two.state(random.normal(size=3), random.normal(size=3), penalty)
    for _ in range(2):
        swept = two.sweep(state, penalty)
        state = np.concatenate([swept.point + swept.step, swept.rest])
    once = one.sweep(begin[:3], penalty)
    assert state[:3] == pytest.approx(once.point + once.step, abs=1e-9)
    assert np.abs(swept.mismatch) == pytest.approx(np.abs(once.mismatch), abs=1e-9)
    # All that is asked below in the second round comes from the answer above in the first.
    assert (swept.above, swept.below) == (pytest.approx(once.above), pytest.approx(once.below))


@both
def test_an_answer_above_is_needed_for_agreement(method: str) -> None:
    """Below would take what the rounds begin with, at the price they begin with; above would not, and is heard."""
    roster, _ = gathered(quadratic(np.full(1, 2.0), np.ones(1)), quadratic(np.ones(1), np.full(1, 10.0)), sizes=(1,))
    found = coordinate(METHODS[method](roster), np.full(1, 4.0), np.full(1, 6.0), np.ones(1), 1e-9, 5)
    assert len(found.rounds) == 1
    other, _ = gathered(quadratic(np.full(1, 3.0), np.ones(1)), quadratic(np.ones(1), np.full(1, 10.0)), sizes=(1,))
    found = coordinate(METHODS[method](other), np.full(1, 4.0), np.full(1, 6.0), np.full(1, 2.0), 1e-9, 50)
    assert len(found.rounds) > 1
    assert found.above == pytest.approx([13.0 / 4.0], abs=1e-7)


@both
def test_nothing_is_agreed_on_too(method: str) -> None:
    """What would be worth 10 above costs 20 below: both want nothing, but for what rounding leaves of it."""
    above = Told(lambda y, z, rho: np.clip(z + (10.0 - y) / rho, 0.0, 1.0) + 1e-11)
    below = Told(lambda y, z, rho: np.clip(z - (20.0 + y) / rho, 0.0, 1.0) - 1e-11)
    found = agreed(method, above, below, sizes=(1,), tolerance=1e-4)
    assert found.above == pytest.approx([0.0], abs=1e-6)
    assert len(found.rounds) < 60


@both
def test_rounds_are_told_and_counted(method: str) -> None:
    heard: list[Round] = []
    found = agreed(
        method, quadratic(np.ones(1), np.ones(1)), quadratic(np.ones(1), np.zeros(1)), sizes=(1,), told=heard.append
    )
    assert heard == found.rounds
    assert max(found.rounds[-1].primal, found.rounds[-1].dual) <= 1e-9
    assert all(max(one.primal, one.dual) > 1e-9 for one in found.rounds[:-1])
    seconds = [one.seconds for one in found.rounds]
    assert seconds == sorted(seconds)


@both
def test_an_agreement_at_the_beginning_takes_one_round(method: str) -> None:
    roster, _ = gathered(
        quadratic(np.full(1, 2.0), np.ones(1)), quadratic(np.full(1, 6.0), np.full(1, 5.0)), sizes=(1,)
    )
    found = coordinate(METHODS[method](roster), np.full(1, 4.0), np.full(1, 6.0), np.ones(1), 1e-9, 5)
    assert len(found.rounds) == 1


@both
def test_the_penalty_stands_still_in_the_end(method: str) -> None:
    """It never agrees: the two differ by one whatever the price. After the last move nothing moves any more."""
    above, below = (Told(lambda y, z, rho, held=held: np.full(1, held)) for held in (1.0, 2.0))
    heard: list[Round] = []
    with pytest.raises(NotConverged, match=r"No agreement after 150 rounds: quantities still differ by 0\.5"):
        agreed(method, above, below, sizes=(1,), most_rounds=150, told=heard.append)
    penalties, turns = [one.penalty for one in heard], 2 if method == "cf_admm" else 1
    moves = [turns * one for one in MOVES]
    assert len(heard) == 150 and len(set(penalties[max(moves) + 1 :])) == 1
    changes = np.flatnonzero(np.diff(penalties)) + 1
    assert set(changes.tolist()) <= set(moves)


@both
def test_one_round_is_not_enough(method: str) -> None:
    with pytest.raises(NotConverged, match=r"after 1 rounds.*Allow more rounds, or a larger tolerance"):
        agreed(
            method,
            quadratic(np.full(1, 2.0), np.ones(1)),
            quadratic(np.full(1, 6.0), np.full(1, 5.0)),
            sizes=(1,),
            most_rounds=1,
        )


@both
def test_answers_that_are_no_numbers_end_it(method: str) -> None:
    """A message refuses them before the coordinator sees them."""
    lost = Told(lambda price, target, weight: np.full(1, np.nan))
    with pytest.raises((NotConverged, ValueError), match=r"not a number|finite"):
        agreed(method, quadratic(np.ones(1), np.ones(1)), lost, sizes=(1,))


@both
def test_what_a_party_raises_comes_through(method: str) -> None:
    def nowhere(price: Floats, target: Floats, weight: Floats) -> Floats:
        raise InfeasibleError("no dispatch")

    with pytest.raises(InfeasibleError, match="no dispatch"):
        agreed(method, quadratic(np.ones(1), np.ones(1)), Told(nowhere), sizes=(1,))
