"""What everybody falls back on: islanded, at tariffs, at a given cost; who cannot is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.errors import InfeasibleError
from gridpact.markets.trade.before import Before, before
from gridpact.markets.trade.market import trade_market
from gridpact.markets.trade.programs import microgrid_program
from tests.districts import bus, interface, line, load
from tests.markets.trade.small import sent, star, two_makers, unit


def fallback(case: Case) -> Before:
    market = trade_market(case)
    constants = np.array([microgrid_program(part, market.base).form.constant for part in market.parts])
    return before(market, constants, "repair")


def tariff(buy: float, sell: float, **more: Any) -> dict[str, Any]:
    return {"disagreement": "tariff", "tariff_buy_per_mwh": buy, "tariff_sell_per_mwh": sell, **more}


def test_islanded_each_makes_what_it_needs() -> None:
    """1 MW at 20 + 10 and at 40 + 20; the network stands still and costs nothing."""
    found = fallback(two_makers())
    assert found.costs == pytest.approx([30.0, 60.0], abs=1e-6)
    assert found.own == pytest.approx(found.costs) and not found.paid.any()
    assert found.exchanged[0].tolist() == [[0.0], [0.0]]
    assert found.operator == pytest.approx(0.0, abs=1e-6)


def test_at_tariffs_each_does_what_is_best_for_it() -> None:
    """a sells at 42 until 20 + 20 p is that: 0.1; b buys at 56 until 40 + 40 p is: 0.6. The operator pays the rest."""
    found = fallback(two_makers(microgrids=[tariff(90.0, 42.0), tariff(56.0, 10.0)]))
    assert found.exchanged[0][:, 0] == pytest.approx([0.1, -0.6], abs=1e-5)
    assert found.own == pytest.approx([20.0 * 1.1 + 10.0 * 1.21, 40.0 * 0.4 + 20.0 * 0.16], abs=1e-4)
    assert found.paid == pytest.approx([-4.2, 33.6], abs=1e-3)
    assert found.costs == pytest.approx(found.own + found.paid)
    grid = 50.0 * (sent(0.4, 0.1) + sent(0.6, -0.6))
    assert found.operator == pytest.approx(grid - (33.6 - 4.2), abs=1e-2)


def test_limits_hold_at_tariffs_as_well() -> None:
    found = fallback(two_makers(microgrids=[tariff(90.0, 42.0, max_sell_mw=0.05), tariff(56.0, 10.0, max_buy_mw=0.2)]))
    assert found.exchanged[0][:, 0] == pytest.approx([0.05, -0.2], abs=1e-6)


def test_tariffs_between_which_nobody_trades() -> None:
    found = fallback(two_makers(microgrids=[tariff(41.0, 39.0), tariff(81.0, 79.0)]))
    assert found.exchanged[0] == pytest.approx(np.zeros((2, 1)), abs=1e-6)
    assert found.costs == pytest.approx([30.0, 60.0], abs=1e-5)


def test_tariffs_may_change_by_the_hour() -> None:
    profiles = {"microgrids/a/tariff_sell_per_mwh": [10.0, 44.0], "microgrids/b/tariff_buy_per_mwh": [90.0, 60.0]}
    found = fallback(two_makers(steps=2, profiles=profiles, microgrids=[tariff(90.0, 10.0), tariff(90.0, 10.0)]))
    assert found.exchanged[0][0] == pytest.approx([0.0, 0.2], abs=1e-5)
    assert found.exchanged[0][1] == pytest.approx([0.0, -0.5], abs=1e-5)


def test_a_given_cost_is_taken_as_it_is() -> None:
    """And who has one exchanges nothing; its own devices are not dispatched."""
    found = fallback(two_makers(microgrids=[{"disagreement": "given", "disagreement_cost": 77.0}, {}]))
    assert found.costs == pytest.approx([77.0, 60.0], abs=1e-6)
    assert np.isnan(found.own[0]) and found.paid[0] == 0.0
    assert found.microgrids is not None and found.microgrids.case.ids("interfaces") == ["b"]


def test_nothing_is_dispatched_where_all_is_given() -> None:
    given = {"disagreement": "given", "disagreement_cost": 77.0}
    operator = {"operator": "dso", "role": "party", "disagreement_cost": 5.0}
    found = fallback(two_makers(microgrids=[given, given], network_operator=[operator]))
    assert (found.network, found.microgrids) == (None, None)
    assert found.costs.tolist() == [77.0, 77.0] and found.operator == 5.0


def test_the_operators_own_load_is_its_cost() -> None:
    """1.5 MW at a bus of its own, at 50 and the line's losses."""
    case = two_makers(
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "1", "3", 0.6, 0.0), line("on", "1", "4", 0.5, 0.0)],
        loads=[load("2", 1.0), load("3", 1.0), load("4", 1.5)],
    )
    assert fallback(case).operator == pytest.approx(50.0 * sent(0.5, -1.5), rel=1e-6)


def test_who_cannot_be_on_its_own_is_said() -> None:
    """b makes up to 3 MW in one hour, but its unit may change by 0.1 MW from hour to hour, and its load by 2."""
    case = two_makers(
        steps=2,
        profiles={"loads/load-3/p_mw": [0.5, 2.5]},
        generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0, ramp_up_mw_per_h=0.1, ramp_down_mw_per_h=0.1)],
    )
    with pytest.raises(
        InfeasibleError, match=r"Without a deal the microgrids on their own cannot be dispatched"
    ) as error:
        fallback(case)
    assert 'disagreement "given"' in str(error.value)
    assert error.value.diagnosis is not None


def test_a_network_that_cannot_carry_the_tariffs_is_said() -> None:
    """b takes 3 MW at its tariff, through an interface of 1 MW."""
    case = star(
        interfaces=[interface(max_import_mw=1.0, max_export_mw=1.0)],
        loads=[load("2", 0.2), load("3", 3.0)],
        unserved=[{"load": "load-3", "price_per_mwh": 500.0}],
        generators=[unit("ga", "2", 20.0)],
        microgrids=[{}, tariff(60.0, 10.0)],
    )
    with pytest.raises(
        InfeasibleError, match=r"Without a deal the network with what microgrids exchange by their tariffs"
    ):
        fallback(case)
