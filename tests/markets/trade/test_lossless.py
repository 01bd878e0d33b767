"""A tank that loses nothing, at no cost of wear: what it does is one way, and all else stays what it was."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import How, traded
from gridpact.markets.trade.lossless import netted
from gridpact.markets.trade.market import trade_market
from gridpact.markets.trade.one_way import require_one_way
from tests.markets.trade.small import METHODS, uncertified
from tests.markets.trade.test_heat import warm

TANK = {"heat_storage": "tank", "node": "A", "energy_mwh": 0.4, "charge_mw": 0.2, "discharge_mw": 0.2}


@pytest.mark.parametrize("method", METHODS)
def test_a_tank_without_losses_goes_one_way(method: str) -> None:
    found = traded(trade_market(warm(heat_storages=[TANK]), "steady"), How(method=method))
    side = found.settled.microgrids
    charge, discharge = (
        side.megawatts("heat_charge", "heat_storages"),
        side.megawatts("heat_discharge", "heat_storages"),
    )
    assert charge.max() > 0.01
    assert np.minimum(charge, discharge).max() < 1e-9
    require_one_way(found.market, found.settled)
    assert found.welfare.total == pytest.approx(central(found.market).cost, rel=1e-6)
    assert uncertified(found, "steady") == {}


@pytest.mark.parametrize("more", [{"efficiency_charge": 0.9}, {"wear_cost_per_mwh": 1.0}])
def test_what_loses_or_wears_is_left_as_it_is(more: dict[str, float]) -> None:
    found = traded(trade_market(warm(heat_storages=[TANK | more]), "steady"), How(method="central"))
    assert netted(found.settled.microgrids) is found.settled.microgrids
