"""The Shapley value: known games, the axioms that single it out, and samples within the stated error."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.markets.bargaining.coalitions import Mask
from gridpact.markets.bargaining.shapley import _bound, exact_shapley, sampled_shapley, shapley
from tests.markets.bargaining.games import GLOVES, MAJORITY, airport, listed, majority, of_dividends

Floats = NDArray[np.float64]


def games(players: int) -> st.SearchStrategy[Floats]:
    """Any values of the coalitions, but nothing for nobody."""
    values = arrays(np.float64, (1 << players) - 1, elements=st.floats(-100.0, 100.0))
    return values.map(lambda v: np.append(0.0, v))


def over_all_orders(values: Floats) -> Floats:
    """The definition: what each adds, on average over all orders."""
    players = values.size.bit_length() - 1
    total, orders = np.zeros(players), list(permutations(range(players)))
    for order in orders:
        mask = 0
        for k in order:
            total[k] += values[mask | 1 << k] - values[mask]
            mask |= 1 << k
    return total / len(orders)


def test_gloves_by_hand() -> None:
    """The left glove adds a pair unless it comes first: in 4 of 6 orders; each right one only right behind it."""
    assert exact_shapley(GLOVES) == pytest.approx([4 / 6, 1 / 6, 1 / 6])


def test_majority_by_hand() -> None:
    assert exact_shapley(MAJORITY) == pytest.approx([1 / 3] * 3)


def test_runway_by_hand() -> None:
    """Costs 10, 30, 60: a third of 10; that and half of 20; all that and 30."""
    game, value = airport(np.array([10.0, 30.0, 60.0]))
    assert value == pytest.approx([10 / 3, 40 / 3, 130 / 3])
    assert exact_shapley(listed(game, 3)) == pytest.approx(value)


@pytest.mark.parametrize("players", [1, 2, 7, 12])
def test_runway_in_closed_form(players: int) -> None:
    game, value = airport(np.sort(np.random.default_rng(players).uniform(1.0, 100.0, players)))
    found = shapley(game, players)
    assert found.gains == pytest.approx(value, rel=1e-12)
    assert (found.bound.tolist(), found.confidence, found.coalitions) == ([0.0] * players, 1.0, 2**players - 1)


@given(games(4))
def test_equals_its_definition(values: Floats) -> None:
    assert exact_shapley(values) == pytest.approx(over_all_orders(values), abs=1e-10)


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_equals_the_dividends(players: int, seed: int) -> None:
    """Every game is a sum of dividends, of which the members of a coalition get equal parts (Harsanyi)."""
    dividends = np.random.default_rng(seed).normal(size=1 << players)
    dividends[0] = 0.0
    values, value = of_dividends(dividends)
    values[0] = 0.0
    assert exact_shapley(values) == pytest.approx(value, abs=1e-12)


@given(games(5))
def test_efficient(values: Floats) -> None:
    assert exact_shapley(values).sum() == pytest.approx(values[-1], abs=1e-10)


@given(games(4), games(4), st.floats(-10.0, 10.0))
def test_additive(first: Floats, second: Floats, factor: float) -> None:
    apart = exact_shapley(first) + factor * exact_shapley(second)
    assert exact_shapley(first + factor * second) == pytest.approx(apart, abs=1e-9)


@given(games(4), st.floats(-10.0, 10.0))
def test_who_adds_the_same_to_everyone_gets_that(values: Floats, own: float) -> None:
    """A dummy, the last player, gets its own value; the others get what they had without it."""
    found = exact_shapley(np.concatenate([values, values + own]))
    assert found[-1] == pytest.approx(own, abs=1e-10)
    assert found[:-1] == pytest.approx(exact_shapley(values), abs=1e-10)


@given(games(4), st.permutations(range(4)))
def test_symmetric(values: Floats, order: list[int]) -> None:
    """Players by other names get the same: player k of the new game is player order[k] of the old."""
    masks = np.arange(16)
    renamed = sum((masks >> k & 1) << old for k, old in enumerate(order))
    assert exact_shapley(values[renamed]) == pytest.approx(exact_shapley(values)[order], abs=1e-10)


@pytest.mark.parametrize("players", [13, 14, 15, 16])
@pytest.mark.parametrize("seed", range(5))
def test_samples_of_runways_are_within_their_error(players: int, seed: int) -> None:
    """The closed form is within the bound for every player; the bound is a small part of the total."""
    costs = np.sort(np.random.default_rng(100 * players + seed).uniform(1.0, 100.0, players))
    game, value = airport(costs)
    found = shapley(game, players, pairs=2000, seed=seed)
    assert (np.abs(found.gains - value) <= found.bound).all()
    assert found.bound.max() < 0.08 * costs[-1]
    assert found.gains.sum() == pytest.approx(costs[-1], rel=1e-12)


@pytest.mark.parametrize("players", [13, 16])
def test_samples_of_majorities_are_within_their_error(players: int) -> None:
    """Everyone the n-th part."""
    found = shapley(majority(players), players, seed=3)
    assert (np.abs(found.gains - 1.0 / players) <= found.bound).all()


def test_the_bound_holds_as_often_as_it_says() -> None:
    """In 400 runs with few samples and a confidence of one half, all thirteen hold together far more than 200 times."""
    game, value = airport(np.linspace(1.0, 13.0, 13))
    runs = [sampled_shapley(game, 13, pairs=20, seed=seed, confidence=0.5) for seed in range(400)]
    assert sum(bool((np.abs(run.gains - value) <= run.bound).all()) for run in runs) > 200


def test_the_bound_by_hand() -> None:
    """The n-th player of an additive game always adds the same: no variance, so Bernstein's second term is all."""
    own = np.arange(1.0, 14.0)
    found = shapley(lambda who: who @ own, 13, pairs=1001, confidence=0.9)
    assert found.gains == pytest.approx(own)
    assert found.bound == pytest.approx(np.full(13, 7 * 91.0 * np.log(4 * 2 * 13 / 0.1) / 3000), rel=1e-6)
    few = shapley(lambda who: who @ own, 13, pairs=8, confidence=0.9)  # few samples: Hoeffding is the smaller
    assert few.bound == pytest.approx(np.full(13, 91.0 * np.sqrt(np.log(2 * 2 * 13 / 0.1) / 16)))


def test_the_bound_of_few_that_vary_by_hand() -> None:
    """Of 1000 samples 10 are one, the others nothing: a variance of 9.9 / 999; d is 0.05 / 2 for a single player."""
    samples = np.zeros((1000, 1))
    samples[:10] = 1.0
    bernstein = np.sqrt(2 * 9.9 / 999 * np.log(160) / 1000) + 7 * np.log(160) / 2997
    hoeffding = np.sqrt(np.log(80) / 2000)
    assert _bound(samples, np.ones(1), 0.05) == pytest.approx([bernstein], rel=1e-9)
    assert _bound(samples, np.full(1, 10.0), 0.05)[0] < 10.0 * hoeffding
    assert _bound(samples[:20], np.ones(1), 0.05) == pytest.approx([np.sqrt(np.log(80) / 40)])


def test_more_samples_come_closer() -> None:
    game, value = airport(np.linspace(1.0, 14.0, 14))
    few, many = (shapley(game, 14, pairs=pairs, seed=1) for pairs in (100, 10_000))
    assert many.bound.max() < 0.12 * few.bound.max()  # a tenth, and less where Bernstein's second term was all
    assert np.abs(many.gains - value).max() < 0.1


def test_the_reverse_order_helps() -> None:
    """In a game that is quadratic in its members the early and the late place of an order cancel exactly."""
    own = np.arange(1.0, 14.0)
    found = shapley(lambda who: (who @ own) ** 2, 13, pairs=10, spread=2 * 91.0 * 13.0)
    assert found.gains == pytest.approx(91.0 * own)  # w_k times the sum of w


def test_each_coalition_is_valued_once_and_seeds_repeat() -> None:
    """The game is called once, with different coalitions only; a seed gives the same gains, another others."""
    seen: list[Mask] = []
    game, _ = airport(np.linspace(1.0, 13.0, 13))

    def watched(who: Mask) -> Floats:
        seen.append(who)
        return game(who)

    found = shapley(watched, 13, pairs=50, seed=5)
    assert len(seen) == 1
    assert len(np.unique(seen[0], axis=0)) == len(seen[0]) == found.coalitions <= 100 * 13
    assert np.array_equal(found.gains, shapley(game, 13, pairs=50, seed=5).gains)
    assert not np.array_equal(found.gains, shapley(game, 13, pairs=50, seed=6).gains)


def test_a_hundred_players() -> None:
    """More than a machine word has bits: twins share a runway's last stretch, and dummies get nothing."""
    costs = np.r_[np.zeros(60), np.ones(40)]
    game, value = airport(costs)
    found = shapley(game, 100, pairs=200)
    assert found.gains[:60].tolist() == [0.0] * 60
    assert (np.abs(found.gains - value) <= found.bound).all()


def test_a_game_that_is_not_monotone_needs_a_spread() -> None:
    """Fourteen players of whom the last costs what it pleases: minus 5, which no coalition can hold against it."""
    own = np.r_[np.ones(13), -5.0]
    with pytest.raises(InputError, match="a player adds -5 to a coalition: the game is not monotone"):
        shapley(lambda who: who @ own, 14, pairs=5)
    assert shapley(lambda who: who @ own, 14, pairs=5, spread=1.0).gains == pytest.approx(own)
    with pytest.raises(InputError, match=r"marginal values spread over .*Give a larger `spread`"):
        shapley(lambda who: (who @ own) ** 2, 14, pairs=5, spread=1.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 1.0, 2.0], "a game has 3 values"),
        ([0.0], "a game has 1 values"),
        (np.zeros(2**21), "for 1 to 20 players"),
        ([1.0, 1.0], "the coalition of nobody has the value 1"),
        ([0.0, np.nan], "values has an entry that is not finite"),
    ],
)
def test_what_is_no_game_is_refused(values: list[float] | Floats, message: str) -> None:
    with pytest.raises(InputError, match=message):
        exact_shapley(values)


@pytest.mark.parametrize("arguments", [{"pairs": 1}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_samples_that_say_nothing_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(InputError, match="nothing to be sampled"):
        sampled_shapley(majority(13), 13, **arguments)  # type: ignore[arg-type]


def test_a_game_without_a_value_for_each_is_refused() -> None:
    with pytest.raises(InputError, match="does not value its coalitions"):
        shapley(lambda who: np.ones(3), 13)
    with pytest.raises(InputError, match="does not value its coalitions"):
        shapley(lambda who: np.full(len(who), np.nan), 13)
