"""Leader and follower together equal the least sum over a scan, and the price they get supports both."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.follower.joint import joint
from gridpact.programs.follower.value import Value
from gridpact.programs.solve import solve
from tests.programs.follower.posing import form_of, ints, market, random_payment
from tests.programs.follower.values import cost_at, random_leader


def test_by_hand() -> None:
    """Need 6: the market's own cost is 10 up to 5, then 50; own power at 35 gives the sixth."""
    unit = np.eye(2)
    leader = form_of([0.0, 35.0], at_most=[(-unit.sum(axis=0), -6.0), (-unit[1], 0.0), (unit[1], 9.0)])
    bilevel = Bilevel(leader, Follower(market([10.0, 50.0], [5.0, 3.0]), ints(2)), ints(0), np.ones(1), np.ones(1))
    both = joint(bilevel, 1.0)
    assert both.z == pytest.approx([5.0], abs=1e-5)
    assert both.leader.cost == pytest.approx(35.0, abs=1e-4)
    assert both.follower.cost == pytest.approx(50.0, abs=1e-4)
    assert both.price == pytest.approx([35.0], abs=1e-4)


def test_weight_and_scale() -> None:
    """Ten feeders draw 10 x each, and a market's cost of 10 per unit is 10 to each of them for each of their own."""
    leader = form_of([0.0, 8.0], at_most=[([-1.0, -1.0], -0.6), ([0.0, -1.0], 0.0), ([0.0, 1.0], 0.2)])
    bilevel = Bilevel(
        leader, Follower(market([10.0, 50.0], [5.0, 3.0]), ints(2)), ints(0), np.array([10.0]), np.array([0.1])
    )
    both = joint(bilevel, 0.1)
    assert both.z == pytest.approx([4.0], abs=1e-5)
    assert both.leader.cost == pytest.approx(1.6, abs=1e-5)
    assert both.price == pytest.approx([10.0], abs=1e-4)


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_equals_a_scan(seed: int, squares: bool) -> None:
    bilevel, priced = random_payment(seed, 1, squares), random_leader(seed, 1, squares)
    value = Value(bilevel.follower.form, int(bilevel.follower.linking[0]))
    both = joint(bilevel, 1.0)
    found = both.leader.cost + both.follower.cost

    def together(z: float) -> float:
        return cost_at(priced, np.array([z]), payments=False) + value.at(z).value

    low, high = priced.steps[0].edges[0], priced.steps[0].edges[-1]
    assert found == pytest.approx(together(both.z[0]), rel=1e-5, abs=1e-4)
    assert found <= min(together(z) for z in np.linspace(low, high, 41)) + 1e-5 * (1.0 + abs(found))


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_price_supports_both(seed: int, squares: bool) -> None:
    """At its price neither would do otherwise: the market sells as much, the buyer's cost cannot fall."""
    bilevel = random_payment(seed, 1 + seed % 3, squares)
    both = joint(bilevel, 1.0)
    follower = bilevel.follower
    selling = follower.form.q.copy()
    selling[follower.linking] -= both.price
    profit = solve(follower.form.with_q(selling)).cost
    assert both.follower.cost - both.price @ both.z == pytest.approx(profit, rel=1e-5, abs=1e-3)
    buying = bilevel.leader.q.copy()
    np.add.at(buying, bilevel.columns, bilevel.scale * both.price)
    cost = solve(bilevel.leader.with_q(buying)).cost
    assert both.leader.cost + both.price @ both.z == pytest.approx(cost, rel=1e-5, abs=1e-3)
