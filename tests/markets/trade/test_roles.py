"""Who earns the fees and who bargains: what transfers do to gains, rule by rule and role by role."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from gridpact.coordination.ledger import Ledger
from gridpact.markets.bargaining.nash import nash
from gridpact.markets.trade.deal import Trade
from gridpact.markets.trade.stage_two import KNOWN, Roles, StageTwo, stage_two
from tests.markets.trade.small import trade, two_makers

# Fees per MWh of trade with the grid, and between two.
LEVELS = {"none": (0.0, 0.0), "low": (2.0, 1.0), "high": (6.0, 8.0), "dear": (9.0, 30.0)}


def charged(grid: float, pair: float, **more: Any) -> Case:
    return two_makers(
        network_operator=[{"operator": "dso", "grid_fee_per_mwh": grid, "pair_fee_per_mwh": pair, **more}]
    )


@cache
def level(name: str, role: str) -> Trade:
    grid, pair = LEVELS[name]
    return trade(charged(grid, pair, role=role))


def outcome(
    benefits: list[float], fees: float, party: bool, weights: list[float] | None = None, true_cost: float = 0.0
) -> StageTwo:
    """Stage two of microgrids and an operator, last, with these benefits; fees are paid in equal parts."""
    count = len(benefits) - 1
    raw = np.array(weights or [1.0] * count + [1.0]) * np.append(np.ones(count), float(party))
    kept = np.append(np.zeros(count), 0.0 if party else max(0.0, fees - true_cost))
    who = Roles([*"abcdefg"[:count], "dso"], raw > 0.0, raw / raw.sum(), kept)
    paid = np.append(np.full(count, -fees / count), fees)
    return stage_two(who, np.array(benefits), np.array([np.zeros(count + 1), paid]), Ledger(), 0)


money = st.floats(-200.0, 200.0).map(lambda x: round(x, 4))


@settings(max_examples=40)
@given(st.lists(money, min_size=3, max_size=6), st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_between_parties_fees_change_nobodys_gain(benefits: list[float], one: float, other: float) -> None:
    """They are paid and given back as a lump sum."""
    first, second = (outcome(benefits, fees, party=True) for fees in (one, other))
    assert np.array_equal(first.gains, second.gains)
    assert np.array_equal(first.cents, second.cents)
    if first.deal:
        assert not np.array_equal(first.sheet[1], second.sheet[1]) or abs(one - other) < 1.0


@settings(max_examples=40)
@given(st.lists(money, min_size=3, max_size=6), st.floats(0.0, 500.0), st.floats(0.0, 100.0))
def test_who_only_earns_fees_has_them_and_never_less_than_nothing(
    benefits: list[float], fees: float, true_cost: float
) -> None:
    found = outcome(benefits, fees, party=False, true_cost=true_cost)
    earned, surplus = max(0.0, fees - true_cost), sum(benefits)
    if found.deal:
        assert found.gains[-1] == pytest.approx(earned, abs=1e-6)
        assert found.gains[:-1] == pytest.approx(
            [(surplus - earned) / (len(benefits) - 1)] * (len(benefits) - 1), abs=1e-5
        )
        assert surplus - earned > 0.0
    else:
        assert surplus - earned <= 0.01 * len(benefits)
        assert not found.gains.any() and found.why


@settings(max_examples=60)
@given(
    st.lists(money, min_size=3, max_size=6),
    st.floats(0.0, 100.0),
    st.booleans(),
    st.lists(st.floats(0.1, 10.0), min_size=6, max_size=6),
)
def test_cents_add_up_and_nobody_loses(benefits: list[float], fees: float, party: bool, weights: list[float]) -> None:
    """Exactly: in whole cents the sums are zero, and no gain is below zero in the benefits as doubles."""
    found = outcome(benefits, fees, party, weights[: len(benefits)])
    assert found.cents.sum() == 0
    assert (found.sheet.sum(axis=1) == 0).all()
    assert np.array_equal(found.sheet.sum(axis=0), found.cents)
    if found.deal:
        exact = found.benefits + found.cents / 100.0
        assert (exact >= -1e-12).all()
        assert np.abs(found.cents / 100.0 - found.receipts).max() <= 0.01 * len(benefits)
        who = found.roles
        assert found.gains == pytest.approx(nash(found.benefits, who.weights, who.kept, KNOWN).gains, abs=1e-5)


def test_weights_are_what_gains_are_in_proportion_to() -> None:
    """30 to be shared as 1 : 2 : 3."""
    found = outcome([50.0, -10.0, -10.0], 0.0, party=True, weights=[1.0, 2.0, 3.0])
    assert found.gains == pytest.approx([5.0, 10.0, 15.0], abs=1e-6)
    assert found.cents.tolist() == [-4500, 2000, 2500]


def test_one_microgrid_has_nobody_to_bargain_with() -> None:
    """It gains 7 where the operator loses 2 by what it asks: it pays that, and has the 5."""
    found = outcome([7.0, -2.0], 0.0, party=False)
    assert found.gains == pytest.approx([5.0, 0.0])
    assert found.cents.tolist() == [-200, 200]
    nothing = outcome([2.0, -7.0], 0.0, party=False)
    assert nothing.why and not nothing.cents.any()


@pytest.mark.parametrize("name", LEVELS)
def test_transfers_leave_the_dispatch_and_the_gains_of_parties_alone(name: str) -> None:
    """Of the market, too: with fees from none to more than trade is worth."""
    free, found = level("none", "party"), level(name, "party")
    assert found.exchanged_mw == pytest.approx(free.exchanged_mw, abs=1e-9)
    assert found.two.gains == pytest.approx(free.two.gains, abs=1e-6)
    assert np.array_equal(found.two.cents, free.two.cents)


@pytest.mark.parametrize("name", LEVELS)
def test_an_operator_that_earns_them(name: str) -> None:
    """Its gain are the fees; microgrids share what is left, in equal parts, or there is no deal."""
    found = level(name, "fee_only")
    fees, whole = found.paid_fees.sum(), found.two.benefits.sum()
    if name == "dear":
        # The pair fee is above both grid fees: all pay 9 to the operator, 0.48 + 0.75 MWh together.
        assert fees == pytest.approx(9.0 * np.abs(found.exchanged_mw).sum(), rel=1e-6)
    assert found.two.gains[-1] == pytest.approx(fees, abs=1e-9)
    assert found.two.gains[:-1] == pytest.approx([(whole - fees) / 2.0] * 2, abs=1e-6)
    assert found.two.deal


def test_what_fees_take_is_more_than_there_is_to_gain() -> None:
    """All trade is worth 13.6; at 20 per MWh of 1.24 MWh the operator would take more."""
    found = trade(charged(20.0, 45.0))
    assert found.paid_fees.sum() > found.two.benefits.sum() > 0.0
    assert not found.two.deal and found.two.why
    assert not found.two.gains.any() and not found.two.sheet.any()
    # As a party the operator gives them back, and there is a deal.
    assert trade(charged(20.0, 45.0, role="party")).two.deal


def test_shares_of_a_fee_between_two() -> None:
    """The buyer pays all of it, or none."""
    a, b = (trade(charged(6.0, 4.0, buyer_share=share)).paid_fees for share in (0.0, 1.0))
    assert a.sum() == pytest.approx(b.sum(), abs=1e-9)
    moved = trade(charged(6.0, 4.0)).trades.pair[0, 1, 0]
    assert a == pytest.approx([4.0 * moved, a.sum() - 4.0 * moved], abs=1e-9)
    assert b == pytest.approx([0.0, b.sum()], abs=1e-9)


@pytest.mark.parametrize("role", ["fee_only", "party"])
def test_network_fees_are_what_prices_differ_by(role: str) -> None:
    """All splits pay the same: each what its bus is off the price at bus 1, which is what lines lose at the margin.

    Half of that is lost and half is left over: 2 r S^2 of r S^2.
    """
    found = trade(charged(0.0, 0.0, fee_rule="network", role=role))
    expected = found.exchanged_mw[:, 0] * (50.0 - found.prices[:, 0])
    assert found.paid_fees.sum() == pytest.approx(expected.sum(), abs=1e-9)
    network = found.settled.network
    lost = (network.network.branches.r[:, None] * network.values()["current"]).sum() * found.market.base
    assert found.paid_fees.sum() == pytest.approx(2.0 * 50.0 * lost, rel=0.02)
    if role == "fee_only":
        assert found.two.gains[-1] == pytest.approx(found.paid_fees.sum(), abs=1e-9)


def test_fees_of_a_network_that_is_relieved_may_be_negative() -> None:
    """The operator's own load at b's bus hangs on the line to it: what b makes itself spares it losses, and is paid.

    a sells through an empty line and pays for its losses.
    """
    case = two_makers(
        network_operator=[{"operator": "dso", "fee_rule": "network"}],
        lines=[
            {
                "line": "to-a",
                "from_bus": "1",
                "to_bus": "2",
                "length_km": 1.0,
                "r_ohm_per_km": 0.4,
                "x_ohm_per_km": 0.0,
            },
            {
                "line": "to-b",
                "from_bus": "1",
                "to_bus": "3",
                "length_km": 1.0,
                "r_ohm_per_km": 0.6,
                "x_ohm_per_km": 0.0,
            },
            {"line": "on", "from_bus": "3", "to_bus": "4", "length_km": 1.0, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.0},
        ],
        buses=[{"bus": str(k), "vn_kv": 10.0, "vm_min_pu": 0.9, "vm_max_pu": 1.1} for k in range(1, 5)],
        loads=[
            {"load": "a", "bus": "2", "p_mw": 1.0, "q_mvar": 0.0},
            {"load": "b", "bus": "3", "p_mw": 0.1, "q_mvar": 0.0},
            {"load": "town", "bus": "4", "p_mw": 2.0, "q_mvar": 0.0},
        ],
        microgrids=[{"microgrid": "east"}, {"microgrid": "west"}],
    )
    found = trade(case)
    assert found.exchanged_mw[1, 0] > 0.1 and found.rates.sell[1, 0] < 0.0
    assert found.paid_fees[1] < 0.0 < found.paid_fees[0]
    # An operator that would lose by them keeps nothing, and is made whole.
    assert found.two.roles.kept[-1] == max(0.0, found.paid_fees.sum())
    assert found.two.gains[-1] == pytest.approx(max(0.0, found.paid_fees.sum()), abs=1e-9)
