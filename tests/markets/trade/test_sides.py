"""Both sides of an agreement are clearings of their own, at the same exchanges and prices."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.errors import NotConverged
from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import Trade
from gridpact.markets.trade.programs import microgrid_program, operator_program
from gridpact.markets.trade.sides import price_gap
from gridpact.programs.solve import solve
from tests.districts import interface, line, load
from tests.markets.trade.small import METHODS, star, trade, two_makers, uncertified, unit

BATTERY = {
    "storage": "s", "energy_mwh": 0.5, "charge_mw": 1.0, "discharge_mw": 1.0,
    "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.25,
}  # fmt: skip
CASES: dict[str, Any] = {
    "two makers": two_makers,
    "a limit binds": lambda: two_makers(microgrids=[{"max_sell_mw": 0.2}, {"max_buy_mw": 0.3}]),
    "tariffs": lambda: two_makers(
        microgrids=[{"disagreement": "tariff", "tariff_buy_per_mwh": 80.0, "tariff_sell_per_mwh": 20.0}] * 2
    ),
    "true cost": lambda: two_makers(
        network_operator=[{"operator": "dso", "fee_kind": "cost", "grid_fee_per_mwh": 3.0, "pair_fee_per_mwh": 4.0}]
    ),
    "seven of them": lambda: gp.synthetic_microgrids(7, seed=1, steps=2),
}


@cache
def found_in(name: str, method: str = "atc") -> Trade:
    return trade(CASES[name](), method)


@pytest.mark.parametrize("name", CASES)
def test_all_clearings_of_a_trade_are_certified(name: str) -> None:
    assert uncertified(found_in(name)) == {}


@pytest.mark.parametrize("method", METHODS[:2])
@pytest.mark.parametrize("name", CASES)
def test_regrets_are_what_the_cost_is_above_the_bound(name: str, method: str) -> None:
    """The bound is below the central dispatch, and that is not above what was agreed."""
    found = found_in(name, method)
    best, own = central(found.market).cost, found.welfare
    assert own.total - own.bound == pytest.approx(own.regrets.sum(), abs=1e-9)
    assert (own.regrets >= 0.0).all()
    assert own.bound <= best + 1e-7 * abs(best)
    assert best <= own.total + 1e-7 * abs(best)
    assert own.total - best <= 1e-6 * abs(best)
    assert own.regrets.sum() <= 1e-4 * abs(best)


@pytest.mark.parametrize("name", CASES)
def test_the_sides_have_the_same_exchanges_and_prices(name: str) -> None:
    found = found_in(name)
    own, count = found.settled, len(found.market.parts)
    below = -own.microgrids.megawatts("buy", "interfaces")
    above = -own.network.case.series("loads", "p_mw")[-count:]
    assert below == pytest.approx(found.exchanged_mw, abs=1e-9)
    assert above == pytest.approx(found.exchanged_mw, abs=1e-7 * found.market.base)
    assert price_gap(found.market, found.parties.operator, own) <= 1e-3
    reactive = own.exchanged[1] * found.market.base
    assert -own.network.case.series("loads", "q_mvar")[-count:] == pytest.approx(reactive, abs=1e-7)
    assert -own.microgrids.megawatts("import_q", "interfaces") == pytest.approx(reactive, abs=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_what_is_injected_is_what_leaves(name: str) -> None:
    """Imports at the interface and what microgrids give are what the operator's loads take, and losses."""
    found = found_in(name)
    network = found.settled.network
    bought = network.megawatts("buy", "interfaces") - network.megawatts("sell", "interfaces")
    current = network.values()["current"]
    lost = (network.network.branches.r[:, None] * current).sum(axis=0) * found.market.base
    taken = found.market.operator.series("loads", "p_mw").sum(axis=0)
    assert bought.sum(axis=0) + found.exchanged_mw.sum(axis=0) == pytest.approx(taken + lost, abs=1e-6)


def negative(**more: Any) -> Case:
    """Two hours at -30 and 40 per MWh, a battery at a, and lines of 0.2 kA on which losses are paid for."""
    lines = [line(f"to-{k}", "1", end, 0.4, 0.0, max_i_ka=0.2) for k, end in (("a", "2"), ("b", "3"))]
    return star(
        steps=2,
        profiles={"interfaces/grid/price_per_mwh": [-30.0, 40.0]},
        interfaces=[interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=1.0)],
        lines=lines,
        loads=[load("3", 0.2), load("2", 0.1)],
        microgrids=[{"disagreement": "given", "disagreement_cost": 50.0}] * 2,
        **more,
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_invents_losses_is_made_exact_where_it_was_agreed(method: str) -> None:
    """At a price below zero the relaxation earns by losses that no flow explains. The repaired network has none."""
    found = trade(negative(), method)
    assert found.settled.network.relaxed is not None
    assert uncertified(found) == {}
    assert found.exchanged_mw == pytest.approx(-np.array([[0.1, 0.1], [0.2, 0.2]]), abs=1e-7)
    ohm, e = 0.4 / 100.0, np.array([0.1, 0.2])
    leaves = ((1.0 - np.sqrt(1.0 - 4.0 * ohm * e)) / (2.0 * ohm)).sum()
    assert found.welfare.total == pytest.approx((-30.0 + 40.0) * leaves, rel=1e-6)
    assert found.prices[0] == pytest.approx(np.array([-30.0, 40.0]) / np.sqrt(1.0 - 4.0 * ohm * 0.1), rel=1e-4)
    assert uncertified(found) == {}


def test_a_repaired_network_keeps_to_what_a_battery_does() -> None:
    """Prices of the repaired network differ from the relaxed ones; it is held there again."""
    battery = [{**BATTERY, "bus": "2", "wear_cost_per_mwh": 40.0}]  # enough not to charge and discharge at once
    found = trade(negative(storages=battery))
    stored = found.settled.microgrids.values()
    assert (stored["charge"] * stored["discharge"]).max() < 1e-6
    assert found.settled.away <= 1e-7
    assert found.settled.network.relaxed is not None
    assert uncertified(found) == {}


def test_a_storage_that_charges_and_discharges_at_once_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """At -30 per MWh losing energy in a battery earns; no convex program forbids it, but a trade and the judge do."""
    case = negative(storages=[{**BATTERY, "bus": "2"}])
    with pytest.raises(NotConverged, match="'s' of 'a' would charge and discharge at once in 1 step"):
        trade(case)
    monkeypatch.setattr("gridpact.markets.trade.deal.require_one_way", lambda *_: None)
    found = trade(case)
    stored = found.settled.microgrids.values()
    assert (stored["charge"] * stored["discharge"]).max() > 1e-3
    assert "storages" in uncertified(found)["microgrids"]


def test_sides_that_do_not_meet_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridpact.markets.trade.sides.MET", -1.0)
    monkeypatch.setattr("gridpact.markets.trade.sides.NEARLY", -1.0)
    with pytest.raises(NotConverged, match="do not meet"):
        trade(two_makers(), "central")


def test_the_operator_states_what_reactive_power_is_fixed() -> None:
    """A load's reactive power is a number, that of a unit with a range is not."""
    market = trade(two_makers()).market
    own = [microgrid_program(part, market.base) for part in market.parts]
    assert [one.reactive is not None for one in own] == [True, True]
    above = operator_program(market, [own[0].reactive, None])
    assert above.sizes == [1, 2]
    vector = np.array([1.0, 2.0, 3.0])
    active, reactive = above.exchanged(vector)
    assert active.tolist() == [[1.0], [2.0]] and reactive.tolist() == [[0.0], [3.0]]
    assert above.coupled(active, reactive).tolist() == vector.tolist()
    assert solve(above.form).cost <= 0.0
    assert unit("g", "2", 1.0)["generator"] == "g"


@pytest.mark.parametrize("method", METHODS)
def test_of_several_prices_that_hold_an_exchange_it_is_the_agreed_one(method: str) -> None:
    """a's battery joins an hour in which it sells all that it may to one in which it may do what it likes.

    Its unit at 45 is off in both, so that any price up to that holds what it does. In the second hour energy is worth
    what the network says, and in the first that over both efficiencies, and the wear: what the battery makes of it.
    """
    case = star(
        steps=2,
        profiles={"interfaces/grid/price_per_mwh": [80.0, 10.0], "renewables/pv/p_mw": [0.5, 0.3]},
        renewables=[{"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": 0.5}],
        generators=[unit("ga", "2", 45.0, 0.0), unit("gb", "3", 40.0, 20.0)],
        storages=[{**BATTERY, "bus": "2", "wear_cost_per_mwh": 1.0}],
        loads=[load("2", 0.5), load("3", 1.0)],
        microgrids=[{"max_sell_mw": 0.1}, {}],
    )
    found = trade(case, method)
    inside = found.settled.microgrids.case.series("interfaces", "price_per_mwh")[0]
    assert found.exchanged_mw[0, 0] == pytest.approx(0.1, abs=1e-6)
    assert -0.4 < found.exchanged_mw[0, 1] < -0.2
    assert inside[1] == pytest.approx(found.prices[0, 1], rel=1e-3)
    assert inside[0] == pytest.approx(found.prices[0, 1] / 0.81 + 1.0, rel=1e-3)
    assert uncertified(found) == {}


@pytest.mark.parametrize("method", METHODS)
def test_who_may_not_buy_enough_has_the_price_of_what_stays_unserved(method: str) -> None:
    """a's load of 0.6 MW and 0.2 Mvar gets 0.5: one more MWh is worth 500, though its reactive power comes with it."""
    case = star(
        loads=[load("2", 0.6, 0.2), load("3", 0.5)],
        unserved=[{"load": "load-2", "price_per_mwh": 500.0}],
        generators=[unit("gb", "3", 40.0, 20.0)],
        microgrids=[{"max_buy_mw": 0.5}, {}],
    )
    found = trade(case, method)
    assert found.exchanged_mw[0, 0] == pytest.approx(-0.5, abs=1e-6)
    assert (found.settled.exchanged[1] * found.market.base)[0, 0] == pytest.approx(-0.5 / 3.0, abs=1e-4)
    inside = found.settled.microgrids.case.series("interfaces", "price_per_mwh")
    assert inside[0, 0] == pytest.approx(500.0, abs=0.5)
    assert found.prices[0, 0] == pytest.approx(50.0, abs=1.0)
    assert found.welfare.regrets.sum() <= 1e-5 * found.welfare.total
    assert uncertified(found) == {}
