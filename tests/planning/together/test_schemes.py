"""Schemes against every design there is, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.planning.together.deviations import deviations
from gridpact.planning.together.game import SAME
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.schemes import alternating, benders, in_turn
from gridpact.planning.together.search import searched
from tests.planning.together.conftest import Fresh, game_of

Floats = NDArray[np.float64]
Every = dict[bytes, float]


def best(every: Every) -> float:
    return min(every.values())


def test_something_is_at_stake(every: Every, start: Floats) -> None:
    """What each would build alone is not the best, and neither is nothing nor everything."""
    costs = np.array(list(every.values()))
    assert every[start.tobytes()] > 1.001 * costs.min()
    assert costs[0] > costs.min() and costs[-1] > costs.min()


def test_benders_finds_the_best_of_all_designs(fresh: Fresh, every: Every, start: Floats) -> None:
    *_, found = benders(fresh(), start, 1e-6, 600.0)
    assert found.cost == pytest.approx(best(every), rel=1e-6)
    assert every[found.units.tobytes()] == pytest.approx(found.cost, rel=1e-9)
    assert found.lower <= best(every) * (1.0 + 1e-9)
    assert found.lower >= found.cost - 1e-6 * found.cost
    assert found.solves <= 50


def test_in_turn_ends_where_no_owner_gains_alone(joint: Joint, fresh: Fresh, every: Every, start: Floats) -> None:
    """By trying every other design of every owner."""
    *_, found = in_turn(fresh(), start)
    for owner in joint.owners.in_turn():
        for design in every:
            units = np.frombuffer(design)
            others = joint.owners.of != owner
            if (units[others] == found.units[others]).all():
                assert every[design] >= found.cost * (1.0 - 2.0 * SAME)


def test_the_surplus_never_falls(fresh: Fresh, start: Floats) -> None:
    costs = [found.cost for found in in_turn(fresh(), start)]
    assert costs == sorted(costs, reverse=True)


def test_a_search_is_as_good_as_its_gap(fresh: Fresh, every: Every, start: Floats) -> None:
    for scheme in ("in_turn", "alternating", "benders"):
        found = searched(fresh(), start, scheme, 1e-5, 600.0, lambda _: None)
        assert found.cost <= best(every) * (1.0 + 1e-5)
        assert found.lower <= best(every) * (1.0 + 1e-9)
        ended = [leg.ended for leg in found.legs]
        assert "no plan can be better by more than the gap" in ended
        assert "no owner gains by changing its own plan alone" in ended


def test_held_quantities_hold_everybody_back(fresh: Fresh, start: Floats) -> None:
    """The scheme as it is usually described: what pays only with more trade is never built."""
    game = fresh()
    *_, found = alternating(game, start, game.at_quantities)
    *_, together = in_turn(fresh(), start)
    assert found.ended in ("nobody changes anything at these trades", "a plan came back: answers go round in a circle")
    assert found.cost > together.cost


def test_a_circle_is_noticed(fresh: Fresh, start: Floats) -> None:
    """Owners that always do the other thing than last time come back to where they were."""
    game = fresh()
    *_, found = alternating(game, start, lambda owner, units: 1.0 - units)
    assert found.ended.startswith("a plan came back")
    assert len(found.moves) == 3


def test_deviations_of_the_best_plan_are_none(joint: Joint, every: Every) -> None:
    game = game_of(joint)
    units = np.frombuffer(min(every, key=lambda one: every[one])).copy()
    *_, _ = benders(game, units, 1e-7, 600.0)
    found = deviations(game, units)
    scale = best(every)
    assert found.held.max() <= 1e-6 * scale
    assert found.surplus.max() <= 1e-5 * scale
    assert (found.held <= found.surplus + 1e-6 * scale).all()


def test_deviations_of_a_bad_plan_are_seen(joint: Joint, every: Every) -> None:
    """An owner that could save by building less would, at held trades as well; what it could is found to the cent."""
    game = game_of(joint)
    units = np.frombuffer(max(every, key=lambda one: every[one])).copy()
    game.trade(units)
    game.look_near(units)
    found = deviations(game, units)
    for owner in joint.owners.in_turn():
        others = joint.owners.of != owner
        reached = min(cost for design, cost in every.items() if (np.frombuffer(design)[others] == units[others]).all())
        assert found.surplus[owner] >= every[units.tobytes()] - reached - 1e-6 * reached
    assert found.surplus.max() > 0.0
