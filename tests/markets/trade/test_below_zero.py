"""Prices below zero: the network's relaxation burns energy in lines, and storages would, which is not hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.errors import NotConverged
from gridpact.markets.pool import clear_pool
from gridpact.markets.trade.infeasible import diagnosed
from gridpact.markets.trade.market import trade_market
from tests.districts import line, load
from tests.markets.trade.small import METHODS, star, trade, uncertified, unit

TARIFF = {"disagreement": "tariff", "tariff_buy_per_mwh": 80.0, "tariff_sell_per_mwh": 30.0}
BATTERY = {"storage": "s", "energy_mwh": 2.0, "charge_mw": 1.0, "discharge_mw": 1.0, "efficiency_charge": 0.9,
           "efficiency_discharge": 0.9, "initial_mwh": 1.0, "wear_cost_per_mwh": 1.0}  # fmt: skip


def surplus(
    price: tuple[float, ...] = (50.0, -20.0), amperes: float | None = 300.0, own: Any = None, **more: Any
) -> Case:
    """a has 2 MW of sun and needs 0.6, b needs 1; the grid pays for taking energy in the second hour."""
    limit = {} if amperes is None else {"max_i_ka": amperes / 1000.0}
    parts: dict[str, Any] = {
        "steps": len(price),
        "lines": [line("to-a", "1", "2", 0.4, 0.0, **limit), line("to-b", "1", "3", 0.6, 0.0, **limit)],
        "renewables": [{"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": 2.0, "sn_mva": 3.0}],
        "generators": [unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)],
        "loads": [load("2", 0.6), load("3", 1.0)],
    }
    return star((0.4, 0.6), {"interfaces/grid/price_per_mwh": list(price)}, own or [TARIFF] * 2, **(parts | more))


@pytest.mark.parametrize("method", METHODS)
def test_the_settled_dispatch_is_one_that_the_network_can_have(method: str) -> None:
    """The relaxation is not exact; the repaired joint dispatch of the pool costs the same, and has the same prices.

    Fees are transfers. Both are local optima, of which this market has one.
    """
    case = surplus()
    relaxed, joint = clear_pool(case, exactness="off"), clear_pool(case)
    assert relaxed.solution.cost < joint.solution.cost - 1.0
    found = trade(case, method)
    assert found.welfare.total == pytest.approx(joint.solution.cost, rel=1e-6, abs=1e-6)
    assert found.at_bus == pytest.approx(joint.price("active_balance")[[1, 2]], abs=2e-3)
    inside = found.settled.microgrids.case.series("interfaces", "price_per_mwh")
    assert np.abs(inside - found.prices).max() <= 1e-3 * np.abs(found.prices).max()
    assert uncertified(found) == {}


def test_one_hand_is_approximate_and_not_failed() -> None:
    run = gp.trade(surplus(), method="central", coalitions="none", reference=False)
    assert run.certificate.verdict == "approximate"
    assert [check["name"] for check in run.certificate.checks if not check["passed"]] == ["trade bound proven"]


def test_rounds_that_lead_nowhere_begin_again_with_real_flows() -> None:
    """Lines without a limit, in which the relaxation burns hundreds of MW: its answers jump from round to round."""
    case = surplus((-20.0, -20.0), None)
    found = trade(case, "atc", rounds=60)
    assert found.agreement is not None and len(found.agreement.rounds) > 60
    assert found.agreement.within(1e-4)
    assert found.welfare.total == pytest.approx(clear_pool(case).solution.cost, rel=1e-6)


@pytest.mark.parametrize(("at", "owner"), [("3", "b"), ("1", "network")])
def test_a_storage_that_would_burn_energy_is_named(at: str, owner: str) -> None:
    case = surplus((-20.0, -20.0), storages=[{**BATTERY, "bus": at}])
    with pytest.raises(NotConverged) as caught:
        trade(case, "central")
    assert str(caught.value).startswith(f"'s' of {owner!r} would charge and discharge at once in ")
    assert "trade needs convex parties" in str(caught.value) and "wear_cost_per_mwh" in str(caught.value)


def test_the_fallback_may_hold_storages_one_way() -> None:
    """Without a deal b is paid 60 for every MWh it takes, so that its battery would burn some; at 50 it would not."""
    paid = {"disagreement": "tariff", "tariff_buy_per_mwh": -60.0, "tariff_sell_per_mwh": -60.0}
    case = surplus((50.0, 50.0), own=[TARIFF, paid], storages=[{**BATTERY, "bus": "3"}])
    run = gp.trade(case, coalitions="none", reference=False)
    assert "before_microgrids_storage_modes" in run.tables
    checks = {check["name"]: check["passed"] for check in run.certificate.checks}
    assert checks["before microgrids: integer_gap"]
    assert run.certificate.verdict == "certified"


def test_the_error_of_rounds_says_what_prices_do() -> None:
    error = diagnosed(trade_market(surplus((50.0, -20.0), None)), NotConverged("No agreement."))
    assert "not above zero in 1 step(s)" in str(error) and "max_i_ka" in str(error)
    error = NotConverged("No agreement.")
    assert diagnosed(trade_market(surplus((50.0, 50.0))), error) is error
