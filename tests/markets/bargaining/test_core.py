"""Largest excess of a coalition: by hand, by looking at all of them, and in convex games."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.markets.bargaining.core import Excess, largest_excess
from gridpact.markets.bargaining.shapley import exact_shapley
from tests.markets.bargaining.games import GLOVES, MAJORITY, airport, listed, of_dividends

Floats = NDArray[np.float64]


def shares(players: int) -> st.SearchStrategy[Floats]:
    """Non-negative parts of one."""
    parts = st.lists(st.floats(0.001, 1.0), min_size=players, max_size=players)
    return parts.map(lambda x: np.array(x) / np.sum(x))


def one_by_one(values: Floats, gains: Floats) -> float:
    """Every proper coalition, named by its members."""
    players = range(gains.size)
    coalitions = (c for size in range(1, gains.size) for c in combinations(players, size))
    return max(float(values[sum(1 << k for k in c)] - sum(gains[k] for k in c)) for c in coalitions)


def test_gloves_by_hand() -> None:
    """The left glove must get all, else it leaves with the cheaper right one: the Shapley value is not in the core."""
    assert largest_excess(GLOVES, [1.0, 0.0, 0.0]).excess == 0.0
    found = largest_excess(GLOVES, exact_shapley(GLOVES))
    assert found.excess == pytest.approx(1 / 6)
    assert found.coalition == (0, 1)


@given(shares(3))
def test_the_majority_has_no_core(gains: Floats) -> None:
    """The poorer two of three have two thirds at most, and could have all."""
    found = largest_excess(MAJORITY, gains)
    assert found.excess >= 1 / 3 - 1e-12
    assert found.excess == pytest.approx(gains.max())  # 1 less what the other two have


def test_the_majority_at_its_best() -> None:
    assert largest_excess(MAJORITY, [1 / 3] * 3) == Excess(pytest.approx(1 / 3), (0, 1))


def test_who_gets_less_than_alone_leaves_alone() -> None:
    """Players worth 2, 1 and 0 alone and 4 together: with 1, 2, 1 the first would rather not; with 2, 1, 1 all stay."""
    values = [0.0, 2.0, 1.0, 3.0, 0.0, 2.0, 1.0, 4.0]
    assert largest_excess(values, [1.0, 2.0, 1.0]) == Excess(1.0, (0,))
    assert largest_excess(values, [2.0, 1.0, 1.0]).excess == 0.0


def test_everybody_and_nobody_do_not_count() -> None:
    """Two players with nothing to gain apart: the excess is that of one alone, though all together miss 10."""
    assert largest_excess([0.0, 0.0, 0.0, 10.0], [1.0, 2.0]) == Excess(-1.0, (0,))


@settings(max_examples=50)
@given(st.integers(2, 7), st.integers(0, 2**32 - 1))
def test_equals_a_look_at_all_coalitions(players: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values, gains = np.append(0.0, random.normal(size=(1 << players) - 1)), random.normal(size=players)
    found = largest_excess(values, gains)
    assert found.excess == pytest.approx(one_by_one(values, gains), abs=1e-12)
    mask = sum(1 << k for k in found.coalition)
    assert found.excess == pytest.approx(values[mask] - gains[list(found.coalition)].sum(), abs=1e-12)


@settings(max_examples=30)
@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_of_convex_games_the_shapley_value_is_in_the_core(players: int, seed: int) -> None:
    """Dividends that are all positive make a game convex (Shapley, International Journal of Game Theory 1, 1971)."""
    dividends = np.random.default_rng(seed).exponential(size=1 << players)
    dividends[0] = 0.0
    values, value = of_dividends(dividends)
    assert largest_excess(values, exact_shapley(values)).excess <= 1e-10
    assert largest_excess(values, value).excess <= 1e-10


@pytest.mark.parametrize("players", [2, 12])
def test_shared_runways_are_in_the_core_of_savings(players: int) -> None:
    """What a coalition saves against a runway each, a convex game; all costs on one player is not in its core."""
    costs = np.linspace(1.0, 5.0, players)
    game, value = airport(costs)
    saved = listed(lambda who: who @ costs - game(who), players)
    assert largest_excess(saved, costs - value).excess <= 1e-10
    first_pays_all = costs - np.r_[costs[-1], np.zeros(players - 1)]
    assert largest_excess(saved, first_pays_all) == Excess(pytest.approx(costs[-1] - costs[0]), (0,))


def test_what_is_no_game_is_refused() -> None:
    with pytest.raises(InputError, match="a game of one player has no proper coalition"):
        largest_excess([0.0, 1.0], [1.0])
    with pytest.raises(InputError, match=r"gains has the shape \(3,\)"):
        largest_excess([0.0, 1.0, 1.0, 2.0], [1.0, 1.0, 0.0])
