"""Fees that are a true cost change the dispatch as by hand, and the operator bears what the central program says."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from scipy.optimize import brentq

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import Trade
from tests.districts import interface
from tests.markets.trade.small import METHODS, factor, given, sent, trade, two_makers, uncertified

every = pytest.mark.parametrize("method", METHODS)
# What rounds to a relative tolerance of 1e-4 leave, MW.
POWER = 2e-3
SHUT = [interface(max_import_mw=0.0, max_export_mw=0.0, sell_ratio=1.0)]


def charged(grid: float, pair: float, kind: str = "cost", **more: Any) -> Case:
    operator = {"operator": "dso", "fee_kind": kind, "grid_fee_per_mwh": grid, "pair_fee_per_mwh": pair}
    return two_makers(**{"network_operator": [operator], **more})


@cache
def usual(method: str) -> Trade:
    """3 per MWh for the grid, 4 between two."""
    return trade(charged(3.0, 4.0), method)


def marginal_a(e: float) -> float:
    return 20.0 + 20.0 * (1.0 + e)


def marginal_b(e: float) -> float:
    return 40.0 + 40.0 * (1.0 + e)


@every
def test_two_among_themselves_trade_less_by_the_fee(method: str) -> None:
    """Without losses 40 + 20 a = 80 - 40 a - 4. With them a gives d for b's next MWh, d - 1 of it to the operator."""
    found = trade(charged(3.0, 4.0, interfaces=SHUT), method)

    def taken(a: float) -> float:
        return float(brentq(lambda b: sent(0.4, a) + sent(0.6, b), -1.0, 0.0, xtol=1e-13))

    def apart(a: float) -> float:
        b = taken(a)
        d = factor(0.6, b) / factor(0.4, a)
        return marginal_b(b) - 4.0 - d * marginal_a(a) - 3.0 * (d - 1.0)

    a = brentq(apart, 0.1, 0.9, xtol=1e-12)
    assert a == pytest.approx(0.6, abs=0.015)
    assert found.exchanged_mw[:, 0] == pytest.approx([a, taken(a)], abs=POWER)
    assert found.prices[:, 0] == pytest.approx([marginal_a(a), marginal_b(taken(a))], abs=0.1)
    assert found.paid_fees.sum() == pytest.approx(-4.0 * taken(a) + 3.0 * (a + taken(a)), abs=0.01)


@every
def test_who_sells_to_one_who_also_buys_from_the_operator(method: str) -> None:
    """b lacks more than a has: its next MWh comes from the interface at 3, so that a, at 4, gets one less."""
    found = usual(method)
    # What a gives less what b takes is the operator's; a's next MWh spares b's 3 and pays 4.
    a = given(lambda e: marginal_a(e) + 1.0, 0.4, 50.0, -1.0)
    b = given(lambda e: marginal_b(e) - 3.0, 0.6, 50.0, -1.0)
    assert -b > a > 0.0
    assert found.exchanged_mw[:, 0] == pytest.approx([a, b], abs=2e-3)
    at = found.settled.network.price("active_balance")[found.market.buses][:, 0]
    assert found.prices[:, 0] == pytest.approx([at[0] - 1.0, at[1] + 3.0], abs=1e-3)
    assert found.trades.pair[0, 1, 0] == pytest.approx(a, abs=2e-3)
    assert found.trades.buy[1, 0] == pytest.approx(-b - a, abs=2e-3)
    assert found.paid_fees.sum() == pytest.approx(4.0 * a + 3.0 * (-b - a), abs=0.02)
    # a and b share the 4; b pays the 3 alone.
    assert found.paid_fees == pytest.approx([2.0 * a, 2.0 * a + 3.0 * (-b - a)], abs=0.02)


@every
def test_fees_that_eat_the_gain_stop_the_trade(method: str) -> None:
    """a is worth 40 inside and b 80: at 25 to the grid and 45 to each other neither sells nor buys, at most b buys."""
    found = trade(charged(35.0, 45.0), method)
    assert found.exchanged_mw[:, 0] == pytest.approx([0.0, 0.0], abs=1e-4)
    assert found.two.why and not found.two.cents.any()


@every
def test_the_operator_bears_them(method: str) -> None:
    """Its cost is what it buys at the interface and the fees; what it earns and what it bears are the same."""
    found = usual(method)
    fees, network = float(found.paid_fees.sum()), found.settled.network.solution.cost
    assert found.welfare.fee_cost == pytest.approx(fees, abs=1e-9)
    assert found.welfare.operator == pytest.approx(network + fees, abs=1e-9)
    assert found.two.roles.kept[-1] == 0.0
    assert found.two.gains[-1] == pytest.approx(0.0, abs=1e-9)
    assert found.welfare.total == pytest.approx(central(found.market).cost, rel=1e-7)


def test_the_same_fees_as_a_transfer_leave_the_dispatch_alone() -> None:
    free, paid = trade(two_makers()), trade(charged(3.0, 4.0, "transfer"))
    assert paid.exchanged_mw == pytest.approx(free.exchanged_mw, abs=1e-6)
    assert paid.welfare.total == pytest.approx(free.welfare.total, rel=1e-9)
    assert paid.paid_fees.sum() > 2.0


RULES: dict[str, dict[str, Any]] = {
    "flat": {"pair_fee_per_mwh": 2.0, "grid_fee_per_mwh": 3.0},
    "distance": {"fee_rule": "distance", "pair_fee_per_mwh": 0.5, "fee_per_mwh_km": 0.2, "grid_fee_per_mwh": 2.0},
    "no fee between": {"pair_fee_per_mwh": 0.0, "grid_fee_per_mwh": 3.0},
    "nothing": {"pair_fee_per_mwh": 0.0, "grid_fee_per_mwh": 0.0},
    "no market between": {"pair_fee_per_mwh": 9.0, "grid_fee_per_mwh": 3.0},
}


@pytest.mark.parametrize(
    "name", [name if name in ("flat", "distance") else pytest.param(name, marks=pytest.mark.campaign) for name in RULES]
)
def test_several_under_every_rule_as_the_central_program(name: str) -> None:
    case = gp.synthetic_microgrids(4, seed=2, steps=2)
    rule = {"fee_rule": "flat", "fee_per_mwh_km": 0.0, **RULES[name]}
    row = case.tables["network_operator"].assign(fee_kind="cost", **rule)
    case = case.with_table("network_operator", row).marked_validated()
    found = trade(case, "cf_admm" if name in ("flat", "nothing") else "atc")
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert found.welfare.bound <= best.cost + 1e-7 * best.cost
    assert certified(found)


def certified(found: Trade) -> bool:
    return uncertified(found) == {}
