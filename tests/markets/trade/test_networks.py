"""Networks of all kinds between those who trade: several, limits that bind, devices of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import Trade
from gridpact.markets.trade.fees import peer_share
from tests.districts import bus, interface, line, load
from tests.markets.trade.small import METHODS, VN_KV, factor, given, trade, two_makers, uncertified, unit

every = pytest.mark.parametrize("method", METHODS[:2])
mostly = pytest.mark.parametrize("method", ["atc", pytest.param("cf_admm", marks=pytest.mark.campaign)])
GRID = {"vm_pu": 1.0, "max_import_mw": 9.0, "max_export_mw": 9.0, "sell_ratio": 1.0}


def as_central(found: Trade, prices: bool = True) -> None:
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    if prices:
        assert found.prices == pytest.approx(best.prices, rel=1e-3)
    assert uncertified(found) == {}


def apart(**more: Any) -> Case:
    """a hangs on an interface at 50, b on another at 70; nothing joins the two."""
    parts: dict[str, Any] = {
        "buses": [bus(str(k)) for k in range(1, 5)],
        "lines": [line("to-a", "1", "2", 0.4, 0.0), line("to-b", "4", "3", 0.6, 0.0)],
        "interfaces": [
            {"interface": "first", "bus": "1", "price_per_mwh": 50.0, **GRID},
            {"interface": "second", "bus": "4", "price_per_mwh": 70.0, **GRID},
        ],
    }
    return two_makers(**(parts | more))


@every
def test_each_network_has_its_own_prices(method: str) -> None:
    found = trade(apart(), method)
    a = given(lambda e: 20.0 + 20.0 * (1.0 + e), 0.4, 50.0, -1.0)
    b = given(lambda e: 40.0 + 40.0 * (1.0 + e), 0.6, 70.0, -1.0)
    assert found.exchanged_mw[:, 0] == pytest.approx([a, b], abs=2e-3)
    assert found.prices[:, 0] == pytest.approx([50.0 * factor(0.4, a), 70.0 * factor(0.6, b)], abs=0.02)
    assert found.roots[:, 0] == pytest.approx([50.0, 70.0], abs=1e-6)
    assert found.market.transmission_price[:, 0].tolist() == [50.0, 70.0]
    as_central(found)


def test_network_fees_are_those_of_the_own_network() -> None:
    """What a pays for selling to the operator is what its own line loses of 50; the other's 70 have no say in it."""
    found = trade(apart(network_operator=[{"operator": "dso", "fee_rule": "network"}]))
    assert found.rates.sell[0, 0] == pytest.approx(50.0 - found.prices[0, 0], abs=1e-6)
    assert found.rates.buy[1, 0] == pytest.approx(found.prices[1, 0] - 70.0, abs=1e-6)


def charging(**rule: Any) -> Case:
    return apart(network_operator=[{"operator": "dso", "grid_fee_per_mwh": 6.0, "pair_fee_per_mwh": 3.0, **rule}])


def test_microgrids_of_two_networks_trade_with_the_operator_alone() -> None:
    """A pair would pay 3 where both pay 6 to the operator, but no line leads from one to the other."""
    found = trade(charging())
    a, b = found.exchanged_mw[:, 0]
    assert a > 0.2 > 0.0 > b
    assert found.trades.sell[:, 0] == pytest.approx([a, 0.0], abs=1e-9)
    assert found.trades.buy[:, 0] == pytest.approx([0.0, -b], abs=1e-9)
    assert found.paid_fees == pytest.approx([6.0 * a, -6.0 * b], rel=1e-9)
    assert peer_share(found.rates) == 0.0


@every
def test_at_true_cost_neither_spares_the_fee_of_the_other(method: str) -> None:
    """a sells until 20 + 20 p + 6 is what its line leaves of 50; b buys until 40 + 40 p - 6 is its price."""
    found = trade(charging(fee_kind="cost"), method)
    a = given(lambda e: 26.0 + 20.0 * (1.0 + e), 0.4, 50.0, -1.0)
    b = given(lambda e: 34.0 + 40.0 * (1.0 + e), 0.6, 70.0, -1.0)
    assert found.exchanged_mw[:, 0] == pytest.approx([a, b], abs=2e-3)
    assert found.welfare.fee_cost == pytest.approx(
        6.0 * (found.exchanged_mw[0, 0] - found.exchanged_mw[1, 0]), abs=1e-6
    )
    as_central(found)


def test_network_fees_add_up_within_each_network() -> None:
    """The sum of (root - own price) x exchange: a sale from the dear network to the cheap one spares nobody 20."""
    dear = [
        {"interface": "first", "bus": "1", "price_per_mwh": 70.0, **GRID},
        {"interface": "second", "bus": "4", "price_per_mwh": 50.0, **GRID},
    ]
    found = trade(apart(interfaces=dear, network_operator=[{"operator": "dso", "fee_rule": "network"}]))
    assert found.exchanged_mw[0, 0] > 0.0 > found.exchanged_mw[1, 0]
    paid = ((found.roots - found.at_bus) * found.exchanged_mw)[:, 0]
    assert found.paid_fees == pytest.approx(paid, abs=1e-9)
    assert not found.trades.pair.any()


def test_of_three_the_two_that_a_line_joins_trade() -> None:
    """c hangs on b's line: what b needs of c it has of it, and a trades with the operator."""
    case = apart(
        buses=[bus(str(k)) for k in range(1, 6)],
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "4", "3", 0.6, 0.0), line("on", "3", "5", 0.1, 0.0)],
        generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0), unit("gc", "5", 60.0)],
        network_operator=[{"operator": "dso", "grid_fee_per_mwh": 6.0, "pair_fee_per_mwh": 3.0}],
    )
    found = trade(case.with_rows("microgrids", {"microgrid": ["c"], "bus": ["5"]}))
    a, b, c = found.exchanged_mw[:, 0]
    assert a > 0.0 > b and c > 0.0
    most = min(c, -b)
    pair = np.zeros((3, 3))
    pair[2, 1] = most
    assert found.trades.pair[:, :, 0] == pytest.approx(pair, abs=1e-9)
    assert found.paid_fees.sum() == pytest.approx(6.0 * (a + c - b - 2.0 * most) + 3.0 * most, rel=1e-9)
    assert peer_share(found.rates) == pytest.approx(2.0 / 6.0)


def test_such_trades_are_certified_under_every_rule() -> None:
    prices = apart(network_operator=[{"operator": "dso", "fee_rule": "network"}])
    for case in (charging(), charging(fee_kind="cost"), prices):
        run = gp.trade(case)
        assert run.certificate.failures() == []
        assert run.certificate.verdict == "certified"
        pairs = run.table("fee_rates")[["seller", "buyer"]].to_numpy().tolist()
        assert pairs == [["a", "dso"], ["b", "dso"], ["dso", "a"], ["dso", "b"]]


@mostly
def test_two_interfaces_of_one_network(method: str) -> None:
    """The dearer one, at a's bus's end of a line, is not bought from; a sells there what the line to it carries."""
    case = two_makers(
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "1", "3", 0.6, 0.0), line("far", "2", "4", 0.3, 0.1)],
        interfaces=[
            {"interface": "first", "bus": "1", "price_per_mwh": 50.0, **GRID, "max_import_mw": 0.4},
            {"interface": "second", "bus": "4", "price_per_mwh": 53.0, **GRID, "max_import_mw": 0.3},
        ],
    )
    as_central(trade(case, method))


@every
def test_a_line_that_is_full_parts_the_prices(method: str) -> None:
    """0.02 kA at 10 kV are 0.3464 MVA at the interface: there a's marginal cost is what its energy is worth."""
    lines = [line("to-a", "1", "2", 0.4, 0.0, max_i_ka=0.02), line("to-b", "1", "3", 0.6, 0.0)]
    found = trade(two_makers(lines=lines), method)
    most = np.sqrt(3.0) * VN_KV * 0.02
    a = most + 0.4 / VN_KV**2 * most**2  # the line's current is that at its end at bus 1
    assert found.exchanged_mw[0, 0] == pytest.approx(a, abs=1e-4)
    assert found.prices[0, 0] == pytest.approx(20.0 + 20.0 * (1.0 + a), abs=0.02)
    assert found.prices[0, 0] < 48.0
    as_central(found)


@every
def test_a_voltage_that_is_at_its_limit_parts_the_prices(method: str) -> None:
    """Giving e lifts a's voltage: v = 1 + 2 r S' ..., held to 1.001 (1.00050 squared) it may give about 0.25 MW."""
    buses = [bus("1"), bus("2", 0.9, 1.001), bus("3")]
    found = trade(two_makers(buses=buses), method)
    r, squared = 0.4 / VN_KV**2, 1.001**2
    # From bus 1: v2 = 1 - 2 r S + r^2 S^2, with S = -s what comes back.
    back = (np.sqrt(squared) - 1.0) / r
    a = back + r * back**2
    assert found.exchanged_mw[0, 0] == pytest.approx(a, abs=1e-3)
    assert found.prices[0, 0] == pytest.approx(20.0 + 20.0 * (1.0 + a), abs=0.05)
    as_central(found)


@mostly
def test_a_battery_of_the_operator_joins_the_hours(method: str) -> None:
    """No hour of the network stands alone; it buys at 20, where a sells to it as well, and gives at 80."""
    battery = {
        "storage": "s", "bus": "4", "energy_mwh": 0.8, "charge_mw": 0.5, "discharge_mw": 0.5,
        "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.0,
    }  # fmt: skip
    case = two_makers(
        steps=3,
        profiles={"interfaces/grid/price_per_mwh": [20.0, 50.0, 80.0]},
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[line("to-a", "1", "2", 0.4, 0.1), line("to-b", "1", "3", 0.6, 0.1), line("on", "2", "4", 0.2, 0.1)],
        interfaces=[interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=0.9)],
        storages=[battery],
    )
    found = trade(case, method)
    stored = found.settled.network.values()
    assert stored["charge"][0, 0] * found.market.base == pytest.approx(0.5, abs=1e-3)
    assert (stored["charge"] * stored["discharge"]).max() < 1e-6
    as_central(found)


@mostly
def test_an_operator_with_devices_and_loads_of_its_own(method: str) -> None:
    """A unit, PV, a bid and a load on buses that are nobody's, a capacitor at a's bus, a transformer between."""
    case = two_makers(
        steps=2,
        profiles={"interfaces/grid/price_per_mwh": [40.0, 90.0], "renewables/pv/p_mw": [0.4, 0.1]},
        buses=[bus(str(k)) for k in range(1, 6)],
        lines=[line("to-a", "1", "2", 0.4, 0.3), line("to-b", "1", "3", 0.6, 0.3), line("on", "3", "4", 0.2, 0.1)],
        transformers=[{"transformer": "t", "from_bus": "4", "to_bus": "5", "r_ohm": 0.3, "x_ohm": 1.5}],
        loads=[load("2", 1.0, 0.2), load("3", 1.0, 0.1), load("4", 0.5, 0.2), load("5", 0.3, 0.1)],
        generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0), unit("own", "5", 60.0)],
        renewables=[{"renewable": "pv", "bus": "4", "kind": "pv", "p_mw": 0.4}],
        bids=[{"bid": "flexible", "load": "load-4", "p_mw": 0.2, "benefit_per_mwh": 70.0}],
        capacitors=[{"capacitor": "c", "bus": "2", "q_mvar": 0.2}],
    )
    as_central(trade(case, method))
