"""The search over price steps equals a look at every choice of steps; its leaves cover them all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.relaxation import Priced
from gridpact.programs.follower.search import Found, Node, search
from tests.programs.follower.posing import form_of, ints
from tests.programs.follower.values import cheapest, cost_at, random_leader


def covers_once(priced: Priced, leaves: Sequence[Node]) -> None:
    """Every choice of one piece for each quantity lies in exactly one leaf."""
    for pieces in product(*(range(steps.count) for steps in priced.steps)):
        inside = [(leaf.first <= pieces).all() and (pieces <= leaf.last).all() for leaf in leaves]
        assert sum(inside) == 1


def check(priced: Priced, gap: float) -> Found:
    found, best = search(priced, gap), cheapest(priced)
    scale = max(1.0, abs(best))
    assert found.gap <= max(gap, 1e-7)
    assert found.cost == pytest.approx(best, abs=(gap + 1e-6) * scale)
    assert found.bound <= best + 1e-6 * scale
    assert found.bound == pytest.approx(min([found.cost, *(leaf.bound for leaf in found.leaves)]), abs=1e-6 * scale)
    assert cost_at(priced, found.z, payments=True) == pytest.approx(found.cost, abs=1e-3 * scale)
    covers_once(priced, found.leaves)
    bounds = [bound for _, bound, _ in found.course]
    costs = [cost for cost, _, _ in found.course]
    assert (np.diff(bounds) >= -1e-7 * scale).all()
    assert (np.diff(costs) <= 0.0).all()
    return found


@pytest.mark.parametrize("gap", [0.0, 1e-4])
@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_equals_all_choices(seed: int, squares: bool, gap: float) -> None:
    check(random_leader(seed, 1 + seed % 3, squares), gap)


def test_four_hours() -> None:
    check(random_leader(7, 4), 1e-4)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_equal_all_choices(seed: int) -> None:
    check(random_leader(seed, 1 + seed % 3, squares=seed % 2 == 1), 0.0)


def one_buyer(need: float, most: float, own: float, steps: PriceSteps, hours: int = 1) -> Priced:
    """In every hour z + g = need at least, -3 <= z <= most, 0 <= g, g costs ``own`` each."""
    unit = np.eye(2 * hours)
    rows = [(-unit[t] - unit[hours + t], -need) for t in range(hours)]
    rows += [(unit[t], most) for t in range(hours)] + [(-unit[t], 3.0) for t in range(hours)]
    rows += [(-unit[hours + t], 0.0) for t in range(hours)]
    form = form_of([*[0.0] * hours, *[own] * hours], at_most=rows)
    return Priced(form, np.arange(hours), np.ones(hours), np.ones(hours), [steps] * hours)


STEPS = PriceSteps(np.array([-3.0, 0.0, 4.0, 8.0]), np.array([5.0, 10.0, 30.0]), np.array([5.0, 10.0, 30.0]))


def test_holding_back_by_hand() -> None:
    """Need 6: buy 4 at 10 and make 2 at 35 (110), rather than buy 6 at 30 (180), though 30 < 35."""
    found = search(one_buyer(6.0, 8.0, 35.0, STEPS))
    assert found.cost == pytest.approx(110.0, abs=1e-5)
    assert found.z == pytest.approx([4.0], abs=1e-5)
    assert found.pieces.tolist() == [1]


def test_buying_on_by_hand() -> None:
    """With own power at 80 it is better to buy all: 6 x 30 = 180 < 40 + 160."""
    found = search(one_buyer(6.0, 8.0, 80.0, STEPS))
    assert found.cost == pytest.approx(180.0, abs=1e-5)
    assert found.z == pytest.approx([6.0], abs=1e-4)


def test_selling_by_hand() -> None:
    """Own power at 2 sold at 5, all 3 units: 3 x 2 - 3 x 5."""
    found = search(one_buyer(0.0, 8.0, 2.0, STEPS))
    assert found.cost == pytest.approx(-9.0, abs=1e-5)
    assert found.z == pytest.approx([-3.0], abs=1e-5)


def test_quantity_held_on_an_edge() -> None:
    """Need 4 and no own power, in two hours: z is 4 exactly, where prices 10 and 30 both hold."""
    priced = one_buyer(4.0, 4.0, 1e4, STEPS, hours=2)
    found = search(priced, 1e-6)
    assert found.cost == pytest.approx(80.0, abs=1e-3)
    covers_once(priced, found.leaves)


def test_unpaid_quantities() -> None:
    """Without weights nothing is paid: buy what is needed."""
    priced = one_buyer(6.0, 8.0, 35.0, STEPS)
    free = Priced(priced.form, priced.columns, priced.scale, np.zeros(1), priced.steps)
    found = search(free, 0.0)
    assert found.cost == pytest.approx(0.0, abs=1e-6)


def test_infeasible_leader() -> None:
    """The need is more than what can be bought and there is no own power."""
    form = form_of([0.0], at_most=[([-1.0], -9.0), ([1.0], 12.0)])
    with pytest.raises(InfeasibleError, match="No choice of the leader"):
        search(Priced(form, ints(0), np.ones(1), np.ones(1), [STEPS]))


def test_some_pieces_infeasible() -> None:
    """The leader must buy 5 at least: the first two pieces have no point, the third costs 150."""
    found = search(one_buyer(5.0, 8.0, 1e3, STEPS), 0.0)
    assert found.cost == pytest.approx(150.0, abs=1e-5)
    found = search(Priced(form_of([0.0], at_most=[([-1.0], -5.0)]), ints(0), np.ones(1), np.ones(1), [STEPS]), 0.0)
    assert found.cost == pytest.approx(150.0, abs=1e-5)
    covers_once(one_buyer(5.0, 8.0, 1e3, STEPS), found.leaves)


def test_time_limit_leaves_a_true_gap() -> None:
    """After no time there is a point and a bound, and both are what they say."""
    priced = random_leader(3, 4)
    found, best = search(priced, 0.0, time_limit=0.0), cheapest(priced)
    assert found.bound <= best + 1e-6 * abs(best)
    assert found.cost >= best - 1e-6 * abs(best)
    assert found.gap > 0.0
    assert len(found.course) == 1
    covers_once(priced, found.leaves)


def test_gap_is_told_as_it_falls() -> None:
    told: list[float] = []
    found = search(random_leader(7, 4), 1e-4, track=told.append)
    assert told == sorted(told, reverse=True)
    assert told[-1] == found.gap <= 1e-4
    assert len(told) == len(found.course)
