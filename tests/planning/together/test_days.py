"""The programs of owners and of all together: duality, and clearings of what is built."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.case.validate import require_valid
from gridpact.markets.trade.deal import How
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.operation import operation
from tests.planning.together.conftest import GAP, Fresh, game_of, joint_case, small_case

Floats = NDArray[np.float64]


def values(joint: Joint, prices: list[Floats], units: Floats) -> float:
    """What all owners cost at prices, days weighed, without building."""
    weights = joint.problem.days.weights
    own = [
        party.priced(prices, units[joint.owners.own(number)], GAP).costs for number, party in enumerate(joint.parties)
    ]
    return float(weights @ np.sum(own, axis=0))


def operated(joint: Joint, units: Floats) -> float:
    return float(joint.problem.days.weights @ game_of(joint).trade(units).priced.costs)


def test_at_the_best_prices_owners_cost_what_all_together_do(joint: Joint, fresh: Fresh) -> None:
    """Strong duality: the owners' least costs at the prices of the trade add up to its cost."""
    for units in (np.zeros(joint.problem.candidates.count), np.ones(joint.problem.candidates.count)):
        found = fresh().trade(units)
        cost = float(joint.problem.days.weights @ found.priced.costs)
        assert values(joint, list(found.prices), units) == pytest.approx(cost, rel=1e-6)


@given(number=st.integers(0, 2**31 - 1))
@settings(max_examples=8)
def test_at_any_prices_owners_cost_no_more(number: int) -> None:
    """Weak duality, at prices and designs drawn at random."""
    joint = _joint()
    random = np.random.default_rng(number)
    units = random.integers(0, 2, joint.problem.candidates.count).astype(np.float64)
    prices = [_TRADE[0].prices[0] * random.uniform(0.3, 2.0, _TRADE[0].prices[0].size)]
    assert values(joint, prices, units) <= operated(joint, units) * (1.0 + 1e-7)


_CACHE: list[Joint] = []
_TRADE: list = []


def _joint() -> Joint:
    if not _CACHE:
        _CACHE.append(joint_case(small_case()))
        _TRADE.append(game_of(_CACHE[0]).trade(np.zeros(_CACHE[0].problem.candidates.count)))
    return _CACHE[0]


def test_days_cost_what_their_trade_does(joint: Joint) -> None:
    """The program affine in units, and the market of the case in which they stand: two ways of one cost."""
    units = np.ones(joint.problem.candidates.count)
    built = joint.problem.plan(units).built(joint.problem.days.case)
    found = operation(joint, built, How("central"))
    assert found.costs.sum() == pytest.approx(operated(joint, units), rel=1e-6)
    np.testing.assert_allclose(found.energy.sum(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(found.fees.sum(axis=1), 0.0, atol=1e-6)


def test_capacity_duals_are_slopes(joint: Joint, fresh: Fresh) -> None:
    """Between whole designs, where multipliers are unique: finite differences."""
    middle, step = np.full(joint.problem.candidates.count, 0.5), 0.02
    slopes = fresh().trade(middle).priced.cuts.slope[0]
    for place in range(middle.size):
        ends = []
        for sign in (1.0, -1.0):
            moved = middle.copy()
            moved[place] += sign * step
            ends.append(float(fresh().trade(moved).priced.costs[0]))
        difference = (ends[0] - ends[1]) / (2.0 * step)
        bend = (ends[0] + ends[1]) / 2.0 - float(fresh().trade(middle).priced.costs[0])
        assert slopes[place] == pytest.approx(difference, abs=2.0 * bend / step + 1e-3 * max(1.0, abs(difference)))


def exchange_case() -> Joint:
    """The microgrids may take and give little, and may pay for more."""
    case = small_case()
    few = case.tables["microgrids"].assign(max_buy_mw=0.1, max_sell_mw=0.0)
    names = case.ids("microgrids")
    more = {"candidate": [f"{name}-cable" for name in names], "microgrid": names, "max_buy_mw": 0.3, "max_sell_mw": 0.2}
    cost = {"max_units": 2.0, "investment": 9000.0, "lifetime_years": 30.0}
    return joint_case(
        require_valid(case.with_table("microgrids", few).with_rows("exchange_candidates", {**more, **cost}))
    )


def test_capacity_for_exchange_is_what_its_limits_say() -> None:
    """By units: the program affine in units against the market of the case with wider limits."""
    joint = exchange_case()
    cables = joint.problem.candidates.of("exchange_candidates")
    assert [joint.owners.names[k] for k in joint.owners.of[cables]] == ["microgrid-1", "microgrid-2"]
    costs = []
    for number in (0.0, 1.0, 2.0):
        units = np.zeros(joint.problem.candidates.count)
        units[:2], units[cables] = 1.0, [number, 2.0 - number]
        built = joint.problem.plan(units).built(joint.problem.days.case)
        costs.append(operated(joint, units))
        assert operation(joint, built, How("central")).costs.sum() == pytest.approx(costs[-1], rel=1e-6)
        found = game_of(joint).trade(units)
        assert values(joint, list(found.prices), units) == pytest.approx(costs[-1], rel=1e-6)
    assert len({round(cost) for cost in costs}) == 3


def test_fees_that_are_a_cost_are_in_what_a_day_costs() -> None:
    """By one hand, by the owners' least costs at its prices, and by the trade of the days with what is built."""
    case = small_case()
    fees = case.tables["network_operator"].assign(fee_kind="cost", grid_fee_per_mwh=3.0, pair_fee_per_mwh=2.0)
    joint, free = joint_case(require_valid(case.with_table("network_operator", fees))), joint_case(case)
    units = np.ones(joint.problem.candidates.count)
    found, cost = game_of(joint).trade(units), operated(joint, units)
    done = operation(joint, joint.problem.plan(units).built(joint.problem.days.case), How("central"))
    assert done.fee_cost > 0.0
    assert done.costs.sum() == pytest.approx(cost, rel=1e-6)
    assert values(joint, list(found.prices), units) == pytest.approx(cost, rel=1e-6)
    assert cost > operated(free, units)
