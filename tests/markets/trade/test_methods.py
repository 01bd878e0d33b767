"""Target cascading and consensus reach the central dispatch, in few rounds, however many trade."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import gridpact as gp
from gridpact.errors import NotConverged
from gridpact.markets.trade.central import Central, central
from gridpact.markets.trade.deal import Trade
from tests.markets.trade.small import trade, two_makers, uncertified

DISTRIBUTED = ("atc", "cf_admm")
# Rounds, with the opening one: median and most that are allowed.
FEW = {"atc": (20, 35), "cf_admm": (30, 60)}
SIZES, SEEDS = (3, 10, 30, 100), range(5)
# Rounds of a hundred over those of three.
GROWTH = 1.5


def agrees(found: Trade, best: Central) -> None:
    """Cost, prices and bound as the central dispatch has them."""
    gap = (found.welfare.total - best.cost) / abs(best.cost)
    assert -1e-7 <= gap <= 1e-6
    assert found.welfare.bound <= best.cost + 1e-7 * abs(best.cost)
    apart = np.abs(found.prices - best.prices) / np.maximum(np.abs(best.prices), 1.0)
    assert apart.max() <= 1e-3


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("method", DISTRIBUTED)
def test_the_same_as_the_central_dispatch(method: str, seed: int) -> None:
    found = trade(gp.synthetic_microgrids(3, seed, steps=2), method)
    agrees(found, central(found.market))


def test_a_whole_day() -> None:
    found = trade(gp.synthetic_microgrids(3, seed=1))
    agrees(found, central(found.market))
    assert found.agreement is not None
    assert 1 + len(found.agreement.rounds) <= FEW["atc"][0]
    assert uncertified(found) == {}


@pytest.mark.parametrize("method", ["atc", pytest.param("cf_admm", marks=pytest.mark.campaign)])
def test_parties_without_a_solver_agree_on_the_same(method: str) -> None:
    case = gp.synthetic_microgrids(3, seed=2, steps=2)
    found, without = trade(case, method), trade(case, method, closed_form=True)
    agrees(without, central(without.market))
    assert without.welfare.total == pytest.approx(found.welfare.total, rel=1e-6)
    assert uncertified(without) == {}


@pytest.mark.parametrize("method", DISTRIBUTED)
def test_one_round_is_not_enough_and_is_said(method: str) -> None:
    with pytest.raises(NotConverged, match=r"No agreement after 1 rounds"):
        trade(two_makers(), method, rounds=1)


def test_the_same_again() -> None:
    """Nothing is left to chance."""
    first, second = (trade(gp.synthetic_microgrids(3, seed=4, steps=2)) for _ in range(2))
    assert np.array_equal(first.exchanged_mw, second.exchanged_mw)
    assert np.array_equal(first.two.cents, second.two.cents)
    assert first.agreement is not None and second.agreement is not None
    assert [one.primal for one in first.agreement.rounds] == [one.primal for one in second.agreement.rounds]


@dataclass(frozen=True)
class Case:
    method: str
    size: int
    seed: int


@cache
def campaign(one: Case) -> tuple[Trade, Central]:
    found = trade(gp.synthetic_microgrids(one.size, one.seed), one.method)
    return found, central(found.market)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", DISTRIBUTED)
def test_days_of_many(method: str, size: int, seed: int) -> None:
    agrees(*campaign(Case(method, size, seed)))


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(5, 10))
@pytest.mark.parametrize("method", DISTRIBUTED)
def test_more_days_of_three(method: str, seed: int) -> None:
    agrees(*campaign(Case(method, 3, seed)))


def rounds(method: str, size: int) -> list[int]:
    found = [campaign(Case(method, size, seed))[0].agreement for seed in SEEDS]
    return [1 + len(one.rounds) for one in found if one is not None]


@pytest.mark.campaign
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", DISTRIBUTED)
def test_rounds_are_few(method: str, size: int) -> None:
    counts = rounds(method, size)
    median, most = FEW[method]
    assert len(counts) == len(SEEDS)
    assert np.median(counts) <= median, counts
    assert max(counts) <= most, counts


@pytest.mark.campaign
@pytest.mark.parametrize("method", DISTRIBUTED)
def test_rounds_hardly_grow_with_their_number(method: str) -> None:
    few, many = (np.median(rounds(method, size)) for size in (3, 100))
    assert many <= GROWTH * few
