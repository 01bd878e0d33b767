"""The gain shared by other rules: values of coalitions as the table has them, Shapley by hand, samples beyond."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.markets.trade.deal import Trade
from gridpact.trading import shares
from gridpact.trading.shares import share_tables
from tests.districts import interface
from tests.markets.trade.small import NAMES, star, trade, two_makers, unit


def makers(count: int, **more: Any) -> Trade:
    """So many, at costs of 20, 30, ... and loads of 1 MW, among themselves."""
    at = [str(k + 2) for k in range(count)]
    return trade(
        star(
            tuple(0.3 + 0.1 * k for k in range(count)),
            interfaces=[interface(max_import_mw=0.0, max_export_mw=0.0, sell_ratio=1.0)],
            generators=[unit(f"g{k}", at[k], 20.0 + 10.0 * k) for k in range(count)],
            loads=[{"load": f"l{k}", "bus": at[k], "p_mw": 1.0, "q_mvar": 0.0} for k in range(count)],
            **more,
        )
    )


@pytest.fixture(scope="module")
def three() -> Trade:
    return makers(3)


def by_orders(coalitions: pd.DataFrame, whole: float, count: int) -> list[float]:
    """The mean over all orders of what each adds to those before it."""
    value = {frozenset(row.coalition.split(" + ")): row.value for row in coalitions.itertuples()}
    value |= {frozenset(): 0.0, frozenset(NAMES[:count]): whole}
    found = dict.fromkeys(NAMES[:count], 0.0)
    orders = list(permutations(NAMES[:count]))
    for order in orders:
        for place, name in enumerate(order):
            added = value[frozenset(order[: place + 1])] - value[frozenset(order[:place])]
            found[name] += added / len(orders)
    return list(found.values())


def test_shapley_by_all_orders(three: Trade) -> None:
    tables = share_tables(three, "auto", 0)
    rules = tables["shares"].set_index(["rule", "participant"])["gain"]
    expected = by_orders(tables["coalitions"], three.two.surplus, 3)
    assert rules["shapley"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert expected[0] > expected[1] and expected[2] > expected[1], "who is in the middle brings least"
    assert (tables["shares"]["error_bound"] == 0.0).all()


def test_rows_of_coalitions(three: Trade) -> None:
    table = share_tables(three, "all", 0)["coalitions"]
    assert table["coalition"].tolist() == ["a", "b", "a + b", "c", "a + c", "b + c"]
    assert table["members"].tolist() == [1, 1, 2, 1, 2, 2]
    assert table["gain"].to_numpy() == pytest.approx(table["members"] * three.two.surplus / 3.0, abs=1e-6)
    assert (table["excess"] == table["value"] - table["gain"]).all()
    assert table["value"][0] == pytest.approx(0.0, abs=1e-4)


def test_equal_and_proportional(three: Trade) -> None:
    """Who sells costs more than before: it brings nothing of itself, and would get nothing in proportion to that."""
    rules = share_tables(three, "none", 0)["shares"].set_index(["rule", "participant"])["gain"]
    assert rules["equal"].to_numpy() == pytest.approx([three.two.surplus / 3.0] * 3, abs=1e-6)
    assert rules["nash"].to_numpy() == pytest.approx(rules["equal"].to_numpy(), abs=1e-6)
    positive = np.maximum(three.two.benefits[:3], 0.0)
    assert rules["proportional"].to_numpy() == pytest.approx(positive / positive.sum() * three.two.surplus, abs=1e-6)


def test_asked_and_unasked(three: Trade) -> None:
    """Four bargaining parties unasked, an operator among them; none where nobody wants them."""
    assert share_tables(three, "none", 0)["coalitions"].empty
    party = makers(3, network_operator=[{"operator": "dso", "role": "party"}])
    assert len(share_tables(party, "auto", 0)["coalitions"]) == 2**4 - 2


@pytest.mark.campaign
def test_five_are_asked_for() -> None:
    five = makers(5)
    assert share_tables(five, "auto", 0)["coalitions"].empty
    tables = share_tables(five, "all", 0)
    assert len(tables["coalitions"]) == 2**5 - 2
    shapley = tables["shares"].query("rule == 'shapley'")["gain"]
    assert shapley.sum() == pytest.approx(five.two.surplus, abs=1e-6)
    assert shapley.to_numpy() == pytest.approx(by_orders(tables["coalitions"], five.two.surplus, 5), abs=1e-6)


def test_samples_beyond(three: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if three were too many: within the error bound of the exact value, which is told, and no coalitions."""
    exact = share_tables(three, "all", 0)["shares"].query("rule == 'shapley'")["gain"].to_numpy()
    monkeypatch.setattr(shares, "ALL", 2)
    monkeypatch.setattr(shares, "PAIRS", 6)
    tables = share_tables(three, "all", 3)
    found = tables["shares"].query("rule == 'shapley'")
    assert tables["coalitions"].empty
    assert found["gain"].sum() == pytest.approx(three.two.surplus, abs=1e-6)
    assert (np.abs(found["gain"].to_numpy() - exact) <= found["error_bound"].to_numpy() + 1e-9).all()


def test_given_costs_leave_no_coalitions() -> None:
    """Nothing is known of what the devices of who has a given cost would do."""
    given = {"disagreement": "given", "disagreement_cost": 80.0}
    found = trade(two_makers(microgrids=[given, {}]))
    tables = share_tables(found, "all", 0)
    assert tables["coalitions"].empty
    assert set(tables["shares"]["rule"]) == {"nash", "equal", "proportional"}


def test_no_deal_no_shares() -> None:
    found = trade(two_makers(generators=[unit("ga", "2", 30.0), unit("gb", "3", 30.0)]))
    assert not found.two.deal
    tables = share_tables(found, "all", 0)
    assert tables["coalitions"].empty and tables["shares"].empty


def test_excess_of_the_example() -> None:
    """Three microgrids of the example: the summary tells the largest excess, of which equal shares say nothing."""
    run = gp.trade(two_makers())
    assert run.summary["largest_excess"] == pytest.approx(run.table("coalitions")["excess"].max(), abs=1e-12)
    assert run.summary["largest_excess"] > 0.0  # b alone would gain 11.08, and has 6.77
