"""Heat inside a microgrid, and heat of the operator: who trades sees nothing of it but what it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.markets.trade.before import before
from gridpact.markets.trade.central import central
from gridpact.markets.trade.costs import own_and_paid
from gridpact.markets.trade.deal import How, Trade, traded
from gridpact.markets.trade.market import trade_market
from gridpact.markets.trade.programs import microgrid_program
from tests.certificates.heat_cases import heat_district, heat_load, node, pipe
from tests.districts import bus, line, load
from tests.markets.trade.small import METHODS, factor, star, trade, uncertified, unit

every = pytest.mark.parametrize("method", METHODS[:2])
PRICES = [20.0, 60.0, 80.0]


def warm(at: str = "3", profiles: dict[str, list[float]] | None = None, **more: Any) -> Case:
    """b at bus 3 keeps houses warm with 0.4 MW, by gas at 40 / 0.8 = 50 per MWh of heat or by power at efficiency 1."""
    parts: dict[str, Any] = {
        "steps": 3,
        "generators": [unit("ga", "2", 40.0)],
        "loads": [load("2", 0.5), load("3", 0.3)],
        "heat_networks": [{"heat_network": "town", "ambient_degc": 8.0}],
        "heat_nodes": [node("A"), node("C")],
        "pipes": [pipe("A", "C", 400.0, 100.0)],
        "heat_sources": [{"heat_source": "works", "node": "A", "bus": at}],
        "heat_loads": [heat_load("C", 0.4)],
        "gas_boilers": [
            {"gas_boiler": "flame", "node": "A", "max_heat_mw": 1.0, "efficiency": 0.8, "fuel_price_per_mwh": 40.0}
        ],
        "electric_boilers": [
            {"electric_boiler": "kettle", "bus": at, "node": "A", "max_heat_mw": 1.0, "efficiency": 1.0}
        ],
        "microgrids": [{}, {"disagreement": "given", "disagreement_cost": 100.0}],
    }
    return star(profiles={"interfaces/grid/price_per_mwh": PRICES, **(profiles or {})}, **(parts | more))


def steady(case: Case, method: str = "atc") -> Trade:
    return traded(trade_market(case, "steady"), How(method=method))


def boiler(found: Trade) -> Any:
    """Power that the electric boiler takes, MW."""
    return -sum(
        values * found.market.base
        for name, values in found.settled.microgrids.values().items()
        if name.startswith("electric_boiler") and name.endswith("p")
    )


@every
def test_power_makes_heat_where_it_is_cheaper_than_gas(method: str) -> None:
    """At 20 the boiler takes what the houses and the pipe need; at 60 and 80 gas at 50 does, and b takes its load."""
    found = steady(warm(), method)
    gives = found.exchanged_mw[1]
    pump = found.settled.microgrids.heat
    assert pump is not None
    pumped = pump.pump_mw[0]
    assert gives[1:] == pytest.approx(-0.3 - pumped[1:], abs=1e-5)
    assert -0.46 < gives[0] + 0.3 + pumped[0] < -0.40  # 0.4 MW of heat, and what 400 m of pipe lose
    assert found.prices[1] == pytest.approx([p * factor(0.6, e) for p, e in zip(PRICES, gives, strict=True)], rel=1e-3)
    heat = -(gives[0] + 0.3 + pumped[0])
    own = 2 * 50.0 * heat  # gas in two hours; power is bought, which is not its own cost
    assert found.welfare.costs[1] == pytest.approx(own, rel=1e-4)
    assert found.welfare.total == pytest.approx(central(found.market).cost, rel=1e-6)
    assert uncertified(found, "steady") == {}


@every
def test_water_that_takes_its_time(method: str) -> None:
    found = trade(warm(), method)
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert found.prices == pytest.approx(best.prices, rel=1e-3)
    assert uncertified(found) == {}


def test_costs_are_those_of_who_owns_the_devices() -> None:
    """Gas is b's and the generator's fuel is a's, though b is not the first."""
    found = steady(warm())
    side = found.settled.microgrids
    own, paid = own_and_paid(side, np.zeros(2))
    made = 0.5 + found.exchanged_mw[0]
    assert own[0] == pytest.approx((40.0 * made + 10.0 * made**2).sum(), rel=1e-6)
    assert own.sum() + paid.sum() == pytest.approx(side.solution.cost, rel=1e-9)
    inside = side.case.series("interfaces", "price_per_mwh")
    assert paid == pytest.approx(-(inside * found.exchanged_mw).sum(axis=1), rel=1e-6)


def test_who_is_warm_alone_has_water_as_asked_for() -> None:
    """In the disagreement point too, heat is steady or takes its time as the trade has it.

    Gas is enough for the mean of the demand, which hot water carries from hour to hour, and not for its peak.
    """
    case = warm(
        profiles={"heat_loads/house-C/heat_mw": [0.1, 0.7, 0.2]},
        microgrids=[{}, {"disagreement": "islanded"}],
        generators=[unit("ga", "2", 40.0), unit("gb", "3", 55.0)],
        pipes=[pipe("A", "C", 3000.0, 200.0)],
        gas_boilers=[
            {"gas_boiler": "flame", "node": "A", "max_heat_mw": 0.5, "efficiency": 0.8, "fuel_price_per_mwh": 40.0}
        ],
    )
    costs = {}
    for dynamics in ("steady", "quasi_dynamic"):
        market = trade_market(case, dynamics)
        constants = np.array([microgrid_program(part, market.base, dynamics).form.constant for part in market.parts])
        start = before(market, constants, "repair")
        assert start.microgrids is not None and start.microgrids.heat is not None
        costs[dynamics] = start.costs
    assert costs["steady"][0] == pytest.approx(costs["quasi_dynamic"][0], rel=1e-9)
    assert abs(costs["steady"][1] - costs["quasi_dynamic"][1]) > 1e-3


def district_of_one() -> Case:
    """The district with every kind of device of heat, all at bus 2, which is a microgrid; another at bus 3."""
    return heat_district(
        electric_boilers=[
            {"electric_boiler": "kettle", "bus": "2", "node": "D", "max_heat_mw": 0.3, "efficiency": 0.98}
        ],
        heat_pumps=[{"heat_pump": "pump", "bus": "2", "node": "E", "max_heat_mw": 0.1, "sink_degc": 60.0}],
        heat_sources=[
            {"heat_source": "works", "node": "A", "bus": "2"},
            {"heat_source": "yard", "node": "D", "bus": "2", "flow_share": 0.3, "pressure_drop_bar": 0.1},
        ],
        generators=[unit("gb", "3", 45.0)],
        unserved=[{"load": "load-2", "price_per_mwh": 300.0}],
        microgrids=[
            {"microgrid": "town", "bus": "2", "disagreement": "islanded"},
            {"microgrid": "village", "bus": "3"},
        ],
    )


def test_every_kind_of_device_of_heat_inside() -> None:
    """A plant whose heat and power hang together, with reactive power of its own, a tank, a pump, two boilers."""
    found = trade(district_of_one())
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert found.prices == pytest.approx(best.prices, rel=1e-3)
    assert uncertified(found) == {}


def test_heat_of_the_operator() -> None:
    """A town that no microgrid owns is dispatched by the operator, who buys from the microgrid what pays."""
    whole = heat_district(
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[
            line("a", "1", "2", r=0.3, x=0.4),
            line("b", "2", "3", r=0.4, x=0.4),
            line("c", "3", "4", r=0.2, x=0.2),
        ],
        loads=[load("2", 0.8, 0.2), load("3", 0.5, 0.1), load("4", 0.2)],
        generators=[unit("gb", "4", 30.0)],
        microgrids=[{"microgrid": "mill", "bus": "4"}],
    )
    found = trade(replace(whole).marked_validated())
    assert found.settled.network.heat is not None and found.settled.microgrids.heat is None
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert uncertified(found) == {}


@pytest.mark.parametrize("method", METHODS)
def test_heat_that_has_nothing_to_do_with_power_is_paid_by_whose_it_is(method: str) -> None:
    """b burns gas alone: 0.4 MW of heat and what the pipe loses, at 50 per MWh, three hours; a makes power at 40."""
    case = warm()
    case = case.with_table("electric_boilers", case.tables["electric_boilers"].iloc[:0])
    found = steady(case, method)
    assert 3 * 0.4 * 50.0 < found.welfare.costs[1] < 3 * 0.46 * 50.0
    power = 0.5 + found.exchanged_mw[0]
    assert found.welfare.costs[0] == pytest.approx(float((40.0 * power + 10.0 * power**2).sum()), rel=1e-6)
    assert uncertified(found, "steady") == {}
