"""Fees by hand, who pays them, and when microgrids have a reason to trade with each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.trade.distances import distances
from gridpact.markets.trade.fees import fee_rates, peer_savings, peer_share, tariff
from gridpact.markets.trade.pairs import least_fee_trades
from gridpact.markets.trade.rates import FeeRates, fee_payments
from tests.districts import bus, district, interface, line, load

Floats = NDArray[np.float64]
INF = np.inf
OFF = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])


def market(
    zones: tuple[str, ...] = ("", "", ""), fees: list[tuple[str, str, float]] | None = None, **more: Any
) -> Case:
    """Microgrids a, b, c at buses 2, 3, 4 of a feeder of 1, 2 and 4 km, two steps; ``more`` is the operator's row."""
    case = district(
        steps=2,
        buses=[bus(name) for name in "1234"],
        lines=[
            line("x", "1", "2", length_km=1.0),
            line("y", "2", "3", length_km=2.0),
            line("z", "2", "4", length_km=4.0),
        ],
        interfaces=[interface()],
        loads=[load("4", 0.1)],
    )
    case = case.with_rows("microgrids", {"microgrid": list("abc"), "bus": list("234"), "zone": list(zones)})
    rows = fees or []
    if rows:
        columns = dict(zip(("from_zone", "to_zone", "fee_per_mwh"), map(list, zip(*rows, strict=True)), strict=True))
        case = case.with_rows("zone_fees", {"zone_fee": [str(k) for k in range(len(rows))], **columns})
    return (
        case.with_rows("network_operator", {"operator": ["dso"], **{k: [v] for k, v in more.items()}}) if more else case
    )


def test_without_a_row_the_operator_takes_no_fees() -> None:
    rates = fee_rates(market())
    assert tariff(market()).fee_rule == "flat" and rates.buyer_share == 0.5
    assert rates.pair.shape == (3, 3, 2) and not rates.table.any()
    assert peer_share(rates) == 0.0


def test_flat() -> None:
    rates = fee_rates(market(pair_fee_per_mwh=4.0, grid_fee_per_mwh=3.0, buyer_share=0.25))
    for step in range(2):
        assert rates.pair[:, :, step].tolist() == (4.0 * OFF).tolist()
    assert rates.sell.tolist() == rates.buy.tolist() == [[3.0, 3.0]] * 3
    assert rates.buyer_share == 0.25
    assert rates.table[:, :, 1].tolist() == [[0, 4, 4, 3], [4, 0, 4, 3], [4, 4, 0, 3], [3, 3, 3, 0]]


def test_by_distance() -> None:
    """2 per MWh and 0.5 per kilometre: a and b are 2 km apart, a and c 4, b and c 6; the interface is 1, 3, 5 away."""
    case = market(fee_rule="distance", pair_fee_per_mwh=2.0, grid_fee_per_mwh=1.0, fee_per_mwh_km=0.5)
    rates = fee_rates(case)
    assert rates.pair[:, :, 0].tolist() == [[0.0, 3.0, 4.0], [3.0, 0.0, 5.0], [4.0, 5.0, 0.0]]
    assert rates.sell[:, 1].tolist() == rates.buy[:, 0].tolist() == [1.5, 2.5, 3.5]


def test_only_a_fee_per_kilometre_needs_a_way_to_an_interface() -> None:
    """Without the line to c nobody can trade with it past the operator, whatever the rule."""
    rule = {"fee_rule": "distance", "pair_fee_per_mwh": 2.0}
    case = market(**rule, fee_per_mwh_km=0.5)
    cut = case.with_table("lines", case.tables["lines"].assign(in_service=[True, True, False]))
    with pytest.raises(InputError, match="joins microgrid c and any interface"):
        fee_rates(cut)
    for free in (market(**rule), market(pair_fee_per_mwh=2.0)):
        broken = free.with_table("lines", cut.tables["lines"])
        assert fee_rates(broken).pair[:, :, 0].tolist() == [[0.0, 2.0, INF], [2.0, 0.0, INF], [INF, INF, 0.0]]


@pytest.mark.parametrize("turned", [False, True])
def test_by_zone_in_either_direction(turned: bool) -> None:
    """North to south 6, within the north 1, and pairs without a row pay 5."""
    ends = ("south", "north") if turned else ("north", "south")
    fees = [(*ends, 6.0), ("north", "north", 1.0)]
    rates = fee_rates(
        market(("north", "north", "south"), fees, fee_rule="zone", pair_fee_per_mwh=5.0, grid_fee_per_mwh=2.0)
    )
    assert rates.pair[:, :, 0].tolist() == [[0.0, 1.0, 6.0], [1.0, 0.0, 6.0], [6.0, 6.0, 0.0]]
    assert rates.sell.tolist() == rates.buy.tolist() == [[2.0, 2.0]] * 3
    other = fee_rates(market(("north", "east", ""), fees, fee_rule="zone", pair_fee_per_mwh=5.0))
    assert other.pair[:, :, 0].tolist() == (5.0 * OFF).tolist()


def test_by_the_prices_of_the_network() -> None:
    """From 40 to 43 the network charges 3, and pays as much for the other direction."""
    prices = np.array([[40.0, 50.0], [43.0, 50.0], [39.0, 52.0]])
    root = np.array([[38.0, 51.0]] * 3)
    rates = fee_rates(market(fee_rule="network"), prices, root)
    assert rates.pair[:, :, 0].tolist() == [[0.0, 3.0, -1.0], [-3.0, 0.0, -4.0], [1.0, 4.0, 0.0]]
    assert rates.sell[:, 0].tolist() == [-2.0, -5.0, -1.0] and rates.buy[:, 1].tolist() == [-1.0, -1.0, 1.0]
    with pytest.raises(InputError, match="nodal prices"):
        fee_rates(market(fee_rule="network"), prices)


@pytest.fixture(scope="module")
def priced() -> Case:
    return market(fee_rule="network", buyer_share=0.3)


@given(seed=st.integers(0, 10**6))
def test_by_prices_every_split_pays_the_same(priced: Case, seed: int) -> None:
    """All by the operator, or the shortest ways: prices are passed on, sum of (pi_0 - pi_i) e_i is paid in all."""
    random = np.random.default_rng(seed)
    prices, root = random.uniform(20.0, 60.0, (3, 2)), random.uniform(20.0, 60.0, 2) * np.ones((3, 1))
    exchange, km = random.normal(size=(3, 2)), random.uniform(0.0, 5.0, (4, 4))
    rates = fee_rates(priced, prices, root)
    trades = [least_fee_trades(rates.table, exchange, ways) for ways in (None, km, km.T)]
    totals = [fee_payments(rates, found, 0.5).sum() for found in trades]
    assert totals == pytest.approx([0.5 * ((root - prices) * exchange).sum()] * 3, abs=1e-8)
    assert peer_share(rates) == 0.0, "nobody saves anything by trading past the operator"


def test_payments_by_hand() -> None:
    """Half-hours. a sells 2 to b for a fee of 4, of which b pays a quarter; then b buys 1 from the operator for 3."""
    rates = fee_rates(market(pair_fee_per_mwh=4.0, grid_fee_per_mwh=3.0, buyer_share=0.25))
    trades = least_fee_trades(rates.table, np.array([[2.0, 0.0], [-2.0, -1.0], [0.0, 0.0]]))
    assert fee_payments(rates, trades, 0.5).tolist() == pytest.approx([0.5 * 6.0, 0.5 * (2.0 + 3.0), 0.0])


@given(seed=st.integers(0, 10**6))
def test_what_microgrids_pay_is_the_fee_of_all_trades(seed: int) -> None:
    random = np.random.default_rng(seed)
    rates = FeeRates(*(random.uniform(-1.0, 5.0, shape) for shape in ((4, 4, 3), (4, 3), (4, 3))), random.uniform())
    trades = least_fee_trades(rates.table, random.normal(size=(4, 3)))
    whole = rates.table[trades.seller, trades.buyer, trades.step] @ trades.p_mw
    assert fee_payments(rates, trades, 0.25).sum() == pytest.approx(0.25 * whole, abs=1e-9)


def test_a_peer_market_exists_where_a_pair_pays_less_than_both_with_the_operator() -> None:
    """All ways meet at bus 2: past the interface is 2 km shorter, 0.5 each, and its fixed fee 3 dearer than 1 + 1."""
    case = market(fee_rule="distance", pair_fee_per_mwh=3.0, grid_fee_per_mwh=1.0, fee_per_mwh_km=0.5)
    rates = fee_rates(case)
    assert peer_savings(rates)[:, :, 0].tolist() == [[0.0, 0.0, 0.0]] * 3
    assert peer_share(rates) == 0.0
    cheaper = FeeRates(
        np.concatenate([rates.pair[:, :, :1], rates.pair[:, :, 1:] - 1e-3], axis=2), rates.sell, rates.buy
    )
    assert peer_share(cheaper) == 0.5
    first = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])[:, :, None]
    assert peer_share(FeeRates(rates.pair - first, rates.sell, rates.buy)) == pytest.approx(1.0 / 6.0)
    assert peer_share(FeeRates(np.zeros((1, 1, 2)), np.ones((1, 2)), np.ones((1, 2)))) == 0.0


def test_a_true_cost_must_not_be_less_by_way_of_others() -> None:
    """From a by b to c is 1 + 1, straight 5: resold energy would be cheaper, and no split resells."""
    zones, rule = ("west", "middle", "east"), {"fee_rule": "zone", "grid_fee_per_mwh": 9.0}
    fees = [("west", "middle", 1.0), ("middle", "east", 1.0), ("west", "east", 5.0)]
    with pytest.raises(InputError, match="from a to c costs less by way of b: 2 instead of 5"):
        fee_rates(market(zones, fees, **rule, fee_kind="cost"))
    assert fee_rates(market(zones, fees, **rule)).pair[0, 2].tolist() == [5.0, 5.0]
    # By the operator both pay 2 at most, so that nobody would trade straight or go round.
    near = fee_rates(market(zones, fees, fee_rule="zone", grid_fee_per_mwh=1.0, fee_kind="cost"))
    assert near.pair[0, 2, 0] == 5.0


def test_distances_leave_no_cheaper_detour() -> None:
    case = market(fee_rule="distance", pair_fee_per_mwh=1.0, fee_per_mwh_km=0.7, grid_fee_per_mwh=3.0, fee_kind="cost")
    rates, km = fee_rates(case), distances(case)
    assert rates.pair[:, :, 0] == pytest.approx((1.0 + 0.7 * km.pair) * OFF)
