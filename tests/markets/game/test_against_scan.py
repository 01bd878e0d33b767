"""The optimum of random small games equals a fine scan of the import, in a market whose prices are read off a list."""

from __future__ import annotations

import numpy as np
import pytest

import gridpact as gp
from gridpact.markets.game.equilibrium import Asked, all_steps, equilibrium
from tests.markets.game.small import by_pieces, by_scan, pieces_of, played, random_game

WITHIN = 1e-4


def check_steps(seed: int, steps: int) -> None:
    """The price steps are the merit order, as far as the district can go."""
    case, transmission, blocks, demand = random_game(seed, steps)
    play = played(case, transmission)
    found = all_steps(play)
    assert found is not None
    base = play.transmission.base_mva
    for step, one in enumerate(found):
        pieces = pieces_of(blocks, float(demand[step]))
        for k in range(one.count):
            middle = 0.5 * base * float(one.edges[k] + one.edges[k + 1])
            price = next(price for low, high, price in pieces if low <= middle <= high)
            assert one.first[k] / play.transmission.money == pytest.approx(price)
        inner = [edge for _, edge, _ in pieces if base * one.edges[0] < edge < base * one.edges[-1]]
        assert base * one.edges[1:-1] == pytest.approx(inner, abs=1e-5)


def check_one_hour(seed: int) -> None:
    case, transmission, blocks, demand = random_game(seed, 1)
    play = played(case, transmission)
    expected = by_scan(play, pieces_of(blocks, float(demand[0])))
    found = equilibrium(play, Asked(gap=1e-5))
    scale = max(1.0, abs(expected))
    assert abs(found.cost - expected) <= WITHIN * scale
    assert found.bound <= expected + 1e-6 * scale


def check_two_hours(seed: int) -> None:
    """A battery ties the hours: all pairs of price steps, a convex program each."""
    case, transmission, blocks, demand = random_game(seed, 2)
    play = played(case, transmission)
    expected = by_pieces(play, [pieces_of(blocks, float(one)) for one in demand])
    found = equilibrium(play, Asked(gap=1e-5))
    scale = max(1.0, abs(expected))
    assert abs(found.cost - expected) <= WITHIN * scale
    assert found.bound <= expected + 1e-6 * scale


def check_whole(seed: int) -> None:
    """The study itself: what the district pays in the end is what the scan says, and the judges agree."""
    case, transmission, blocks, demand = random_game(seed, 1)
    expected = by_scan(played(case, transmission), pieces_of(blocks, float(demand[0])))
    run = gp.stackelberg(case, transmission, designs=False, price_probes=0)
    assert run.record.certificate["verdict"] == "certified", [
        (one["name"], one["value"]) for one in run.record.certificate["checks"] if not one["passed"]
    ]
    assert run.record.summary["leader_cost"] == pytest.approx(expected, abs=2.0 * WITHIN * max(1.0, abs(expected)))
    imported = float(run.record.tables["equilibrium"]["import_mw"].iloc[0])
    assert np.sign(run.record.tables["equilibrium"]["boundary_mw"].iloc[0]) == np.sign(imported)


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_the_merit_order(seed: int) -> None:
    check_steps(seed, 2)


@pytest.mark.parametrize("seed", range(5))
def test_one_hour(seed: int) -> None:
    check_one_hour(seed)


@pytest.mark.parametrize("seed", range(3))
def test_two_hours_with_a_battery(seed: int) -> None:
    check_two_hours(seed)


@pytest.mark.parametrize("seed", range(3))
def test_whole_study(seed: int) -> None:
    check_whole(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_hours(seed: int) -> None:
    check_steps(seed, 1)
    check_one_hour(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(200, 220))
def test_many_pairs_of_hours(seed: int) -> None:
    check_two_hours(seed)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(300, 320))
def test_many_studies(seed: int) -> None:
    check_whole(seed)
