"""What coalitions could gain by themselves, by hand and by trading without the others."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.markets.bargaining.coalitions import members
from gridpact.markets.trade.coalitions import coalition_game
from gridpact.markets.trade.deal import Trade
from tests.districts import interface, load
from tests.markets.trade.small import sent, star, trade, unit

FREE = [interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=1.0)]
SHUT = [interface(max_import_mw=0.0, max_export_mw=0.0, sell_ratio=1.0)]


def three(**more: Any) -> Case:
    """a makes at 20 + 20 p, b at 40 + 40 p, c at 30 + 40 p; each needs 1 MW."""
    parts: dict[str, Any] = {
        "generators": [unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0), unit("gc", "4", 30.0, 20.0)],
        "loads": [load("2", 1.0), load("3", 1.0), load("4", 1.0)],
    }
    return star((0.4, 0.6, 0.5), **(parts | more))


def values(found: Trade, bargains: bool = False) -> dict[str, float]:
    """Of every coalition, by its members' letters; the operator, where it is a player, is o."""
    names = [*"abc"[: len(found.market.parts)], *(["o"] if bargains else [])]
    rows = members(len(names))
    game = coalition_game(found.market, found.start, bargains, found.two.surplus)
    return {"".join(np.array(names)[row]): float(value) for row, value in zip(rows, game(rows), strict=True)}


@cache
def plain() -> Trade:
    return trade(three())


def saved(cost: float, square: float, ohm: float) -> float:
    """What one gains by trade with the interface at 50: the area between, less the losses of its line."""
    best = np.linspace(-1.0, 1.0, 200_001)
    made = 1.0 + best
    r = ohm / 100.0
    left = (1.0 - np.sqrt(1.0 + 4.0 * r * best)) / (2.0 * r)
    assert left[0] == pytest.approx(sent(ohm, -1.0))
    return float((cost + square - (cost * made + square * made**2) - 50.0 * left).max())


def test_at_one_price_for_all_nobody_needs_the_others() -> None:
    """With the interface at 50 each gains what it would alone: the game is additive."""
    found = values(plain())
    alone = {"a": saved(20.0, 10.0, 0.4), "b": saved(40.0, 20.0, 0.6), "c": saved(30.0, 20.0, 0.5)}
    for name, value in found.items():
        assert value == pytest.approx(sum(alone[one] for one in name), abs=1e-4), name


def test_among_themselves_two_are_needed() -> None:
    """With a shut interface nobody gains alone; a pair gains what it gains in a market of its own."""
    found = values(trade(three(interfaces=SHUT)))
    assert [found[one] for one in ("", "a", "b", "c")] == pytest.approx([0.0] * 4, abs=1e-4)
    pair = trade(
        star(
            (0.4, 0.6),
            interfaces=SHUT,
            generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)],
            loads=[load("2", 1.0), load("3", 1.0)],
        )
    )
    assert found["ab"] == pytest.approx(pair.two.surplus, abs=1e-3)
    assert found["abc"] > max(found["ab"], found["ac"], found["bc"])


def test_without_the_operator_there_is_no_network() -> None:
    found = values(trade(three(network_operator=[{"operator": "dso", "role": "party"}])), bargains=True)
    assert all(value == 0.0 for name, value in found.items() if "o" not in name)
    free = values(plain())
    assert found["abo"] == pytest.approx(free["ab"], abs=1e-4)
    assert found["o"] == pytest.approx(0.0, abs=1e-6)


def test_fees_are_what_an_operator_keeps_of_it() -> None:
    """At 2 per MWh of trade with the grid, in the dispatch that costs least: all of a's 0.49 MWh."""
    paid = trade(three(network_operator=[{"operator": "dso", "grid_fee_per_mwh": 2.0, "pair_fee_per_mwh": 5.0}]))
    free = values(plain())
    assert values(paid)["a"] == pytest.approx(free["a"] - 2.0 * paid.exchanged_mw[0, 0], abs=1e-3)


def test_who_would_lose_falls_back() -> None:
    """At 60 per MWh no coalition has anything to gain, and none loses."""
    dear = [{"operator": "dso", "grid_fee_per_mwh": 60.0, "pair_fee_per_mwh": 200.0}]
    found = values(trade(three(network_operator=dear)))
    assert all(value == 0.0 for name, value in found.items() if name != "abc")


def test_true_costs_are_spared_by_each_coalition() -> None:
    """Trade of a alone costs 2 per MWh: it sells until 20 + 20 p + 2 is what the line leaves of 50."""
    found = values(
        trade(three(network_operator=[{"operator": "dso", "fee_kind": "cost", "grid_fee_per_mwh": 2.0,
                                       "pair_fee_per_mwh": 5.0}]))
    )  # fmt: skip
    assert found["a"] == pytest.approx(saved(20.0 + 2.0, 10.0, 0.4), abs=1e-4)


def test_others_keep_to_what_they_do_without_a_deal() -> None:
    """b buys 0.6 at its tariff while a trades alone: a gains as ever, and b's tariff is the operator's."""
    tariff = {"disagreement": "tariff", "tariff_buy_per_mwh": 56.0, "tariff_sell_per_mwh": 10.0}
    found = trade(three(microgrids=[{}, tariff, {}], interfaces=FREE))
    assert values(found)["a"] == pytest.approx(values(plain())["a"], abs=1e-3)
    assert values(found)["b"] == pytest.approx(values(plain())["b"] - tariff_gain(), abs=1e-2)


@pytest.mark.parametrize("kind", ["cost", "transfer"])
def test_who_exchanges_at_a_tariff_without_a_deal_pays_no_fee(kind: str) -> None:
    """b's 0.6 MWh are in both, at 56: a and c gain what they gain beside one who exchanges nothing."""
    paid = [{"operator": "dso", "fee_kind": kind, "grid_fee_per_mwh": 2.0, "pair_fee_per_mwh": 5.0}]
    tariff = {"disagreement": "tariff", "tariff_buy_per_mwh": 56.0, "tariff_sell_per_mwh": 10.0}
    found = trade(three(microgrids=[{}, tariff, {}], network_operator=paid))
    assert found.start.exchanged[0][:, 0] == pytest.approx([0.0, -0.6, 0.0], abs=1e-6)
    own, alone = values(found), values(trade(three(network_operator=paid)))
    for name in ("a", "c", "ac"):
        assert own[name] == pytest.approx(alone[name], abs=1e-4), name
    if kind == "cost":
        by_hand = {"a": saved(20.0 + 2.0, 10.0, 0.4), "c": saved(30.0 - 2.0, 20.0, 0.5)}
        assert [own[name] for name in by_hand] == pytest.approx([*by_hand.values()], abs=1e-4)
        assert own["b"] == 0.0, "what it could buy beyond its 0.6 MWh is worth less than the fees of all of it"


def tariff_gain() -> float:
    """What b's trade at its tariff is worth to b and the operator together: 0.6 MW at 50 in place of its own."""
    own = 60.0 - (40.0 * 0.4 + 20.0 * 0.16)
    return own - 50.0 * sent(0.6, -0.6)
