"""Both stages together: money that adds up, gains by hand, and why there is no deal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.trade.deal import Trade
from tests.districts import load
from tests.markets.trade.small import METHODS, sent, star, trade, two_makers, unit


def tariff(buy: float, sell: float) -> dict[str, Any]:
    return {"disagreement": "tariff", "tariff_buy_per_mwh": buy, "tariff_sell_per_mwh": sell}


@pytest.mark.parametrize("method", METHODS)
def test_gains_are_half_of_what_the_trade_saves(method: str) -> None:
    """Alone 30 and 60; the areas between 50 and what each MWh costs are 10 x 0.5^2 and 20 x 0.75^2, less losses."""
    found = trade(two_makers(), method)
    a, b = found.exchanged_mw[:, 0]
    own = [20.0 * (1 + a) + 10.0 * (1 + a) ** 2, 40.0 * (1 + b) + 20.0 * (1 + b) ** 2]
    bought = 50.0 * (sent(0.4, a) + sent(0.6, b))
    saved = 90.0 - sum(own) - bought
    assert saved == pytest.approx(13.75 - 50.0 * (0.004 * a**2 + 0.006 * b**2), abs=0.01)
    assert found.welfare.costs == pytest.approx(own, rel=1e-6)
    assert found.two.benefits == pytest.approx([30.0 - own[0], 60.0 - own[1], -bought], abs=1e-3)
    assert found.two.gains == pytest.approx([saved / 2.0, saved / 2.0, 0.0], abs=1e-3)
    assert found.two.receipts == pytest.approx(found.two.gains - found.two.benefits, abs=1e-6)
    # The operator gets back what it paid at the interface: to the cent, and not less.
    assert found.two.cents[-1] == math.ceil(100.0 * bought - 1e-2)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 3.0), (5.0, 1.0)])
def test_weights_of_the_case(weights: tuple[float, float]) -> None:
    found = trade(two_makers(microgrids=[{"weight": weight} for weight in weights]))
    share = np.array(weights) / sum(weights)
    assert found.two.gains[:2] == pytest.approx(share * found.two.surplus, abs=1e-5)
    party = trade(
        two_makers(
            microgrids=[{"weight": weight} for weight in weights],
            network_operator=[{"operator": "dso", "role": "party", "weight": 2.0}],
        )
    )
    assert party.two.gains == pytest.approx(
        np.array([*weights, 2.0]) / (sum(weights) + 2.0) * party.two.surplus, abs=1e-5
    )


def adds_up(found: Trade) -> None:
    """Money in each part of the sheet, energy and cents come to nothing in sum; nobody ends below its fallback."""
    two = found.two
    assert two.cents.sum() == 0
    assert (two.sheet.sum(axis=1) == 0).all() and np.array_equal(two.sheet.sum(axis=0), two.cents)
    assert abs(two.receipts.sum()) < 1e-9 * max(1.0, np.abs(two.receipts).max())
    gains = two.benefits + two.cents / 100.0
    if two.deal:
        assert (gains >= -1e-12).all()
        assert two.gains.sum() == pytest.approx(two.benefits.sum(), abs=1e-6)
    everybody = found.start.costs.sum() + found.start.operator
    assert two.benefits.sum() == pytest.approx(everybody - found.welfare.total, abs=1e-6)


@pytest.mark.parametrize("role", ["fee_only", "party"])
@pytest.mark.parametrize("rule", ["flat", "distance", "network"])
def test_money_adds_up(rule: str, role: str) -> None:
    case = gp.synthetic_microgrids(5, seed=6, steps=1)
    row = case.tables["network_operator"].assign(fee_rule=rule, role=role, fee_per_mwh_km=0.3 * (rule == "distance"))
    if rule == "network":
        row = row.assign(grid_fee_per_mwh=0.0, pair_fee_per_mwh=0.0)
    found = trade(case.with_table("network_operator", row).marked_validated())
    assert found.two.deal
    adds_up(found)
    # The sheet has energy at nodal prices and fees, within a cent of what they are.
    hours = found.market.case.hours
    at_bus = found.settled.network.price("active_balance")[found.market.buses]
    energy = hours * (at_bus * found.exchanged_mw).sum(axis=1)
    assert found.two.sheet[0][:-1] / 100.0 == pytest.approx(energy, abs=0.01)
    assert -found.two.sheet[1][:-1] / 100.0 == pytest.approx(found.paid_fees, abs=0.01)


def twins(**more: Any) -> Case:
    """Two alike whose next MWh costs each 50, which is what it costs at the interface: nobody has anything to gain."""
    parts = {"generators": [unit("ga", "2", 30.0), unit("gb", "3", 30.0)], "loads": [load("2", 1.0), load("3", 1.0)]}
    return star((0.4, 0.4), **(parts | more))


@pytest.mark.parametrize("method", METHODS)
def test_who_are_alike_have_nothing_to_gain(method: str) -> None:
    """Trade of next to nothing, a surplus of next to nothing, no deal, and all payments zero."""
    found = trade(twins(), method)
    assert found.exchanged_mw == pytest.approx(np.zeros((2, 1)), abs=2e-3)
    assert found.two.surplus == pytest.approx(0.0, abs=1e-4)
    assert not found.two.deal and found.two.why
    for amounts in (found.two.cents, found.two.sheet, found.two.gains, found.two.receipts):
        assert not amounts.any()
    adds_up(found)


def test_less_than_a_cent_cannot_be_shared() -> None:
    """One whose next MWh costs 50.3 gains 0.3^2 / 40: less than half a cent, which nobody can be paid."""
    found = trade(twins(generators=[unit("ga", "2", 30.3), unit("gb", "3", 30.0)]), tolerance=1e-6)
    assert 0.0 < found.two.benefits.sum() < 0.01
    assert not found.two.deal and "cents" in found.two.why
    assert not found.two.cents.any()


def test_tariffs_better_than_the_market_leave_nothing_to_agree_on() -> None:
    """Selling at 60 and buying at 40 are gifts of the operator's, which a fee-only operator need not go on making."""
    found = trade(two_makers(microgrids=[tariff(41.0, 40.9), tariff(41.0, 40.0)]))
    assert found.two.benefits.sum() == pytest.approx(
        found.start.costs.sum() + found.start.operator - found.welfare.total, abs=1e-6
    )
    adds_up(found)


def test_a_bad_disagreement_makes_a_good_deal() -> None:
    """The whole gain grows by what b would have had to pay, and is shared."""
    bad = {"disagreement": "given", "disagreement_cost": 160.0}
    free, found = trade(two_makers()), trade(two_makers(microgrids=[{}, bad]))
    assert found.two.gains[:2] - free.two.gains[:2] == pytest.approx([50.0, 50.0], abs=1e-4)
    good = {"disagreement": "given", "disagreement_cost": 10.0}
    assert not trade(two_makers(microgrids=[{}, good])).two.deal
