"""What must not matter: the order of the microgrids, the unit of money, who does nothing, how powers are scaled."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import Trade
from tests.districts import bus, district, line, load
from tests.markets.trade.small import METHODS, trade, two_makers, unit

MONEY = {
    "interfaces": ("price_per_mwh",),
    "generators": ("cost_per_mwh", "cost_per_mw2h", "startup_cost"),
    "storages": ("wear_cost_per_mwh",),
    "microgrids": ("tariff_buy_per_mwh", "tariff_sell_per_mwh", "disagreement_cost"),
    "network_operator": ("grid_fee_per_mwh", "pair_fee_per_mwh", "fee_per_mwh_km", "disagreement_cost"),
    "unserved": ("price_per_mwh",),
    "renewables": ("cost_per_mwh",),
}


def dearer(case: Case, factor: float) -> Case:
    """All prices, costs and fees times a factor."""
    for name, columns in MONEY.items():
        table = case.tables[name]
        there = [column for column in columns if column in table]
        case = case.with_table(name, table.assign(**{column: table[column] * factor for column in there}))
    priced = [path for path in case.profiles.columns if path.split("/")[-1].endswith("_per_mwh")]
    return case.with_profiles({path: case.profiles[path] * factor for path in priced}).marked_validated()


@cache
def makers(method: str) -> Trade:
    return trade(two_makers(), method)


@cache
def three(method: str) -> Trade:
    return trade(gp.synthetic_microgrids(3, seed=5, steps=2), method)


@pytest.mark.parametrize("method", METHODS[:2])
@pytest.mark.parametrize("factor", [0.01, 1e4])
def test_the_unit_of_money(method: str, factor: float) -> None:
    """Another currency: the same exchanges, prices and gains times the rate."""
    own = three(method)
    other = trade(dearer(own.market.case, factor), method)
    assert other.exchanged_mw == pytest.approx(own.exchanged_mw, abs=5e-3)
    assert other.welfare.total == pytest.approx(factor * own.welfare.total, rel=1e-6)
    assert other.prices == pytest.approx(factor * own.prices, rel=1e-3)
    assert other.start.costs == pytest.approx(factor * own.start.costs, rel=1e-6)
    if factor > 1.0:  # cents of a small currency are coarse
        assert other.two.gains == pytest.approx(factor * own.two.gains, rel=1e-3, abs=1e-3 * factor)


@pytest.mark.parametrize("method", METHODS[:2])
def test_the_order_of_the_microgrids(method: str) -> None:
    case = gp.synthetic_microgrids(4, seed=7, steps=2)
    order = [2, 0, 3, 1]
    other = case.with_table("microgrids", case.tables["microgrids"].iloc[order].reset_index(drop=True))
    own, turned = trade(case, method), trade(other.marked_validated(), method)
    assert turned.market.names == [own.market.names[k] for k in order]
    assert turned.exchanged_mw == pytest.approx(own.exchanged_mw[order], abs=2e-3)
    assert turned.prices == pytest.approx(own.prices[order], rel=1e-3)
    assert turned.welfare.total == pytest.approx(own.welfare.total, rel=1e-7)
    assert turned.two.gains[:-1] == pytest.approx(own.two.gains[:-1][order], abs=1e-3)
    assert turned.paid_fees.sum() == pytest.approx(own.paid_fees.sum(), rel=1e-2)


@pytest.mark.parametrize("method", METHODS[:2])
def test_the_order_of_the_rows_of_every_table(method: str) -> None:
    own = three(method)
    case = own.market.case
    tables = {name: table.iloc[::-1].reset_index(drop=True) for name, table in case.tables.items()}
    turned = trade(replace(case, tables=tables).marked_validated(), method)
    assert turned.welfare.total == pytest.approx(own.welfare.total, rel=1e-7)
    assert turned.exchanged_mw == pytest.approx(own.exchanged_mw[::-1], abs=2e-3)


def idle(**more: Any) -> Case:
    """A third microgrid at a bus of its own, with a load of nothing: it exchanges nothing whatever the price."""
    parts: dict[str, Any] = {
        "buses": [bus(str(k)) for k in range(1, 5)],
        "lines": [line("to-a", "1", "2", 0.4, 0.0), line("to-b", "1", "3", 0.6, 0.0), line("to-c", "1", "4", 0.5, 0.0)],
        "loads": [load("2", 1.0), load("3", 1.0), load("4", 0.0)],
        "microgrids": [{"microgrid": name, "bus": at} for name, at in zip("abc", "234", strict=True)],
    }
    case = two_makers()
    kept = {name: case.tables[name].to_dict("records") for name in ("generators", "interfaces")}
    return district(**{**kept, **parts, **more})


@pytest.mark.parametrize("method", METHODS)
def test_who_does_nothing_changes_nothing(method: str) -> None:
    """But that the gain is shared by three: it has a part of it, as everybody who bargains with equal weight."""
    own, found = makers(method), trade(idle(), method)
    assert found.exchanged_mw[2] == pytest.approx([0.0], abs=1e-9)
    assert found.exchanged_mw[:2] == pytest.approx(own.exchanged_mw, abs=2e-3)
    assert found.prices[:2] == pytest.approx(own.prices, rel=1e-3)
    assert found.prices[2] == pytest.approx([50.0], abs=1e-3)
    assert found.welfare.total == pytest.approx(own.welfare.total, rel=1e-7)
    assert found.two.surplus == pytest.approx(own.two.surplus, abs=1e-4)
    assert found.two.gains[:3] == pytest.approx([own.two.surplus / 3.0] * 3, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_nobody_does_anything(method: str) -> None:
    """Two loads of nothing: agreed at once, and nothing to share."""
    found = trade(two_makers(generators=[unit("far", "1", 90.0)], loads=[load("2", 0.0), load("3", 0.0)]), method)
    assert not found.exchanged_mw.any() or np.abs(found.exchanged_mw).max() < 1e-9
    assert found.prices == pytest.approx(np.full((2, 1), 50.0), abs=1e-3)
    assert not found.two.deal and not found.two.cents.any()


@pytest.mark.parametrize("method", METHODS[:2])
def test_sizes(method: str) -> None:
    """A thousandth of all powers, at a thousand times the resistance: everything scales; costs are per MW alike."""
    small = 1e-3
    own = makers(method)
    case = two_makers(
        lines=[line("to-a", "1", "2", 0.4 / small, 0.0), line("to-b", "1", "3", 0.6 / small, 0.0)],
        loads=[load("2", small), load("3", small)],
        generators=[
            unit("ga", "2", 20.0, 10.0 / small, max_p_mw=3.0 * small),
            unit("gb", "3", 40.0, 20.0 / small, max_p_mw=3.0 * small),
        ],
    )
    found = trade(case, method)
    assert found.exchanged_mw == pytest.approx(small * own.exchanged_mw, rel=5e-3)
    assert found.prices == pytest.approx(own.prices, rel=1e-3)
    assert found.welfare.total == pytest.approx(small * own.welfare.total, rel=1e-6)
    assert found.welfare.total == pytest.approx(central(found.market).cost, rel=1e-6)
