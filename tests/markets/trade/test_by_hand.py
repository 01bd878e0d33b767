"""Markets small enough to be cleared by hand: exchanges, prices and costs of every method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from gridpact.markets.trade.deal import Trade
from tests.districts import interface, load
from tests.markets.trade.small import METHODS, factor, given, sent, star, trade, two_makers, unit

every = pytest.mark.parametrize("method", METHODS)
agreed = pytest.mark.parametrize("method", METHODS[:2])
# Prices and MW are as near as a relative tolerance of 1e-4 in the rounds makes them.
PRICE, POWER = 2e-2, 2e-3


def exchange(found: Trade) -> list[float]:
    return found.exchanged_mw[:, 0].tolist()


@every
def test_two_with_quadratic_costs_at_the_price_of_the_interface(method: str) -> None:
    """Each makes until its marginal cost is 50 less, or more, the losses of its own line."""
    a = given(lambda e: 20.0 + 20.0 * (1.0 + e), 0.4, 50.0, -1.0)
    b = given(lambda e: 40.0 + 40.0 * (1.0 + e), 0.6, 50.0, -1.0)
    assert (a, b) == (pytest.approx(0.48, abs=0.04), pytest.approx(-0.75, abs=0.02))
    found = trade(two_makers(), method)
    assert exchange(found) == pytest.approx([a, b], abs=POWER)
    assert found.prices[:, 0] == pytest.approx([50.0 * factor(0.4, a), 50.0 * factor(0.6, b)], abs=PRICE)
    made = 1.0 + np.array([a, b])
    own = [20.0 * made[0] + 10.0 * made[0] ** 2, 40.0 * made[1] + 20.0 * made[1] ** 2]
    assert found.welfare.total == pytest.approx(sum(own) + 50.0 * (sent(0.4, a) + sent(0.6, b)), rel=1e-7)
    # Alone, each makes its own MW.
    assert found.start.costs == pytest.approx([30.0, 60.0], abs=1e-6)
    assert found.start.operator == pytest.approx(0.0, abs=1e-6)


@every
def test_two_among_themselves(method: str) -> None:
    """An interface through which nothing passes: what a gives is what b takes and what both lines lose."""
    shut = interface(max_import_mw=0.0, max_export_mw=0.0, sell_ratio=1.0)
    found = trade(two_makers(interfaces=[shut]), method)

    def taken(a: float) -> float:
        return float(brentq(lambda b: sent(0.4, a) + sent(0.6, b), -1.0, 0.0, xtol=1e-13))

    def apart(a: float) -> float:
        """Both are paid the price at bus 1, which no one sees."""
        b = taken(a)
        return (20.0 + 20.0 * (1.0 + a)) / factor(0.4, a) - (40.0 + 40.0 * (1.0 + b)) / factor(0.6, b)

    a = brentq(apart, 0.1, 0.9, xtol=1e-13)
    assert a == pytest.approx(2.0 / 3.0, abs=0.01)  # without losses: 40 + 20 a = 80 - 40 a
    assert exchange(found) == pytest.approx([a, taken(a)], abs=POWER)
    assert found.prices[:, 0] == pytest.approx([40.0 + 20.0 * a, 80.0 + 40.0 * taken(a)], abs=0.1)
    assert found.roots[:, 0] == pytest.approx([(40.0 + 20.0 * a) / factor(0.4, a)] * 2, abs=0.1)
    assert found.trades.pair[0, 1, 0] == pytest.approx(-taken(a), abs=POWER)


@every
def test_at_a_kink_the_price_is_that_of_who_can_still_choose(method: str) -> None:
    """a makes for 30, neither sold to the interface (25) nor replaced by it (50): b pays 30 and both lines' losses."""
    case = star(
        interfaces=[interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=0.5)],
        generators=[unit("ga", "2", 30.0, 0.0)],
        loads=[load("2", 0.4), load("3", 0.6)],
        microgrids=[{}, {"disagreement": "given", "disagreement_cost": 100.0}],
    )
    found = trade(case, method)
    a = brentq(lambda e: sent(0.4, e) + sent(0.6, -0.6), 0.0, 1.0, xtol=1e-13)
    root = 30.0 / factor(0.4, a)
    assert exchange(found) == pytest.approx([a, -0.6], abs=POWER)
    assert found.prices[:, 0] == pytest.approx([30.0, root * factor(0.6, -0.6)], abs=0.05)
    assert found.welfare.total == pytest.approx(30.0 * (0.4 + a), rel=1e-6)


@agreed
def test_more_than_the_interface_pays_for(method: str) -> None:
    """The same with b in need of more than a has: 1 MW less 0.4 at 30, the rest at 50, and a earns what is between."""
    case = star(
        interfaces=[interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=0.5)],
        generators=[unit("ga", "2", 30.0, 0.0, max_p_mw=1.0)],
        loads=[load("2", 0.4), load("3", 1.0)],
        microgrids=[{}, {"disagreement": "given", "disagreement_cost": 100.0}],
    )
    found = trade(case, method)
    assert exchange(found) == pytest.approx([0.6, -1.0], abs=POWER)
    assert found.prices[:, 0] == pytest.approx([50.0 * factor(0.4, 0.6), 50.0 * factor(0.6, -1.0)], abs=0.05)
    assert found.welfare.total == pytest.approx(30.0 + 50.0 * (sent(0.4, 0.6) + sent(0.6, -1.0)), rel=1e-6)


@every
def test_who_has_nothing_but_a_load_pays_the_price_at_its_bus(method: str) -> None:
    """A rigid microgrid answers to no price; a single one trades with the operator alone."""
    case = star((0.6,), loads=[load("2", 0.8)], microgrids=[{"disagreement": "given", "disagreement_cost": 90.0}])
    found = trade(case, method)
    assert exchange(found) == pytest.approx([-0.8], abs=1e-6)
    assert found.prices[:, 0] == pytest.approx([50.0 * factor(0.6, -0.8)], abs=1e-3)
    assert found.welfare.total == pytest.approx(50.0 * sent(0.6, -0.8), rel=1e-7)
    assert found.trades.buy[0, 0] == pytest.approx(0.8, abs=1e-6)
    # It had 90 to pay, and the operator nothing to do: the gain is all of the microgrid's.
    assert found.two.gains == pytest.approx([90.0 - 50.0 * sent(0.6, -0.8), 0.0], abs=1e-4)


@agreed
def test_beyond_a_limit_of_selling_energy_is_worth_less_inside(method: str) -> None:
    """a may sell 0.2 only: inside it is worth what the next MW costs, 20 + 20 x 1.2, outside what the line leaves."""
    found = trade(two_makers(microgrids=[{"max_sell_mw": 0.2}, {}]), method)
    assert exchange(found)[0] == pytest.approx(0.2, abs=1e-5)
    inside = found.settled.microgrids.case.series("interfaces", "price_per_mwh")
    assert inside[0, 0] == pytest.approx(44.0, abs=PRICE)
    assert found.prices[0, 0] == pytest.approx(50.0 * factor(0.4, 0.2), abs=PRICE)
    assert inside[0, 0] < found.prices[0, 0] - 5.0
    assert inside[1, 0] == pytest.approx(found.prices[1, 0], rel=1e-3)


@agreed
def test_beyond_a_limit_of_buying_energy_is_worth_more_inside(method: str) -> None:
    """b may buy 0.3 only, and makes the rest itself: 40 + 40 x 0.7."""
    found = trade(two_makers(microgrids=[{}, {"max_buy_mw": 0.3}]), method)
    assert exchange(found)[1] == pytest.approx(-0.3, abs=1e-5)
    inside = found.settled.microgrids.case.series("interfaces", "price_per_mwh")
    assert inside[1, 0] == pytest.approx(68.0, abs=PRICE)
    assert found.prices[1, 0] == pytest.approx(50.0 * factor(0.6, -0.3), abs=PRICE)
    assert inside[1, 0] > found.prices[1, 0] + 15.0


@agreed
def test_a_battery_carries_energy_from_a_cheap_hour_to_a_dear_one(method: str) -> None:
    """It fills 0.5 MWh at 90 per cent both ways: buys 0.5 / 0.9 at 20, sells 0.45 at 80, and ends as empty."""
    battery = {
        "storage": "s", "bus": "2", "energy_mwh": 0.5, "charge_mw": 1.0, "discharge_mw": 1.0,
        "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.0,
    }  # fmt: skip
    case = star(
        steps=2, profiles={"interfaces/grid/price_per_mwh": [20.0, 80.0]}, storages=[battery], loads=[load("3", 0.2)],
        microgrids=[{}, {"disagreement": "given", "disagreement_cost": 50.0}],
    )  # fmt: skip
    found = trade(case, method)
    assert found.exchanged_mw[0] == pytest.approx([-0.5 / 0.9, 0.45], abs=POWER)
    assert found.exchanged_mw[1] == pytest.approx([-0.2, -0.2], abs=1e-6)
    bought = 20.0 * (sent(0.4, -0.5 / 0.9) + sent(0.6, -0.2)) + 80.0 * (sent(0.4, 0.45) + sent(0.6, -0.2))
    assert found.welfare.total == pytest.approx(bought, rel=1e-6)


@pytest.mark.parametrize("minutes", [15.0, 240.0])
def test_steps_of_another_length_cost_in_proportion(minutes: float) -> None:
    """Prices are per MWh and powers in MW, whatever the step; money is that of its hours."""
    hour, other = trade(two_makers()), trade(two_makers(step_minutes=minutes))
    assert other.exchanged_mw == pytest.approx(hour.exchanged_mw, abs=1e-5)
    assert other.prices == pytest.approx(hour.prices, abs=1e-3)
    assert other.welfare.total == pytest.approx(hour.welfare.total * minutes / 60.0, rel=1e-7)
    assert other.two.gains == pytest.approx(hour.two.gains * minutes / 60.0, rel=1e-4, abs=1e-6)
