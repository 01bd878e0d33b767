"""Devices by hand: what a rational owner does at known prices."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.markets.outcome import outcome_tables
from gridpact.markets.pool import clear_pool
from tests.districts import bus, district, interface, line, load, two_buses

PRICE = "interfaces/grid/price_per_mwh"


def at_bus_1(profiles=None, **more):
    """A grid and devices at one bus, a line that carries nothing: prices are the grid's."""
    parts = {"buses": [bus("1"), bus("2")], "lines": [line("a", "1", "2")], "interfaces": [interface(sell_ratio=1.0)]}
    return outcome_tables(clear_pool(district(profiles, **(parts | more))))


def test_storage_buys_low_and_sells_high() -> None:
    """Buy 1 MWh at 20, lose 10 % in and 10 % out, sell 0.81 MWh at 60."""
    tables = at_bus_1(
        {PRICE: [20.0, 60.0]},
        steps=2,
        storages=[
            {
                "storage": "s",
                "bus": "1",
                "energy_mwh": 5.0,
                "charge_mw": 1.0,
                "discharge_mw": 5.0,
                "efficiency_charge": 0.9,
                "efficiency_discharge": 0.9,
                "initial_mwh": 0.0,
            }
        ],
    )
    assert tables["storages"]["charge_mw"].to_numpy() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert tables["storages"]["discharge_mw"].to_numpy() == pytest.approx([0.0, 0.81], abs=1e-6)
    assert tables["storages"]["energy_mwh"].to_numpy() == pytest.approx([0.9, 0.0], abs=1e-6)
    paid = tables["settlement"].set_index(["participant", "carrier"]).loc[("s", "electricity"), "payment"]
    assert paid == pytest.approx(20.0 - 0.81 * 60.0, abs=1e-4)


def test_storage_loses_energy_with_time_in_half_hours() -> None:
    """(1 - 0.19)^(1/2) = 0.9 per half hour: 1 MWh is 0.81 MWh after two steps, all of it sold at the end."""
    tables = at_bus_1(
        {PRICE: [0.0, 10.0]},
        steps=2,
        step_minutes=30,
        storages=[
            {
                "storage": "s",
                "bus": "1",
                "energy_mwh": 5.0,
                "charge_mw": 0.0,
                "discharge_mw": 5.0,
                "efficiency_charge": 1.0,
                "efficiency_discharge": 1.0,
                "initial_mwh": 1.0,
                "final_mwh": 0.0,
                "loss_per_hour": 0.19,
                "wear_cost_per_mwh": 1.0,
            }
        ],
    )
    assert tables["storages"]["discharge_mw"].to_numpy() == pytest.approx([0.0, 0.81 / 0.5], abs=1e-5)


def test_bids_are_taken_where_the_benefit_exceeds_the_price() -> None:
    bids = [
        {"bid": "high", "load": "load-1", "p_mw": 0.3, "benefit_per_mwh": 70.0, "q_mvar_per_mw": 0.5},
        {"bid": "low", "load": "load-1", "p_mw": 0.4, "benefit_per_mwh": 40.0},
    ]
    tables = at_bus_1(loads=[load("1", 0.2, 0.1)], bids=bids)
    assert tables["demand"].iloc[0][["fixed_mw", "bid_mw"]].tolist() == pytest.approx([0.2, 0.3], abs=1e-6)
    taken = tables["dispatch"].set_index("kind").loc["load"]
    assert taken[["p_mw", "q_mvar"]].tolist() == pytest.approx([-0.5, -0.25], abs=1e-6)


def test_shiftable_energy_goes_to_the_cheapest_steps_of_its_window() -> None:
    """3 MWh at no more than 2 MW; the cheapest step lies outside the window."""
    tables = at_bus_1(
        {PRICE: [10.0, 30.0, 20.0, 40.0], "shiftable/load-1/max_p_mw": [0.0, 2.0, 2.0, 2.0]},
        steps=4,
        loads=[load("1", 0.1)],
        shiftable=[{"load": "load-1", "energy_mwh": 3.0, "max_p_mw": 2.0}],
    )
    assert tables["demand"]["shifted_mw"].to_numpy() == pytest.approx([0.0, 1.0, 2.0, 0.0], abs=1e-5)


def test_offer_blocks_fill_in_the_order_of_their_cost() -> None:
    offers = [
        {"offer": "second", "generator": "g", "p_mw": 1.0, "cost_per_mwh": 45.0},
        {"offer": "first", "generator": "g", "p_mw": 0.5, "cost_per_mwh": 20.0},
        {"offer": "never", "generator": "g", "p_mw": 1.0, "cost_per_mwh": 90.0},
    ]
    generator = {"generator": "g", "bus": "1", "max_p_mw": 2.0}
    tables = at_bus_1(loads=[load("1", 5.0)], generators=[generator], offers=offers)
    assert tables["dispatch"].set_index("device").loc["g", "p_mw"] == pytest.approx(1.5, abs=1e-6)


def test_quadratic_generator_runs_where_marginal_cost_meets_price() -> None:
    """10 + 2 x 4 p = 50: p = 5."""
    generator = {"generator": "g", "bus": "1", "max_p_mw": 9.0, "cost_per_mwh": 10.0, "cost_per_mw2h": 4.0}
    tables = at_bus_1(loads=[load("1", 5.0)], generators=[generator])
    assert tables["dispatch"].set_index("device").loc["g", "p_mw"] == pytest.approx(5.0, abs=1e-5)


def test_inverter_splits_its_rating_between_active_and_reactive_power() -> None:
    """No reactive import: 0.6 Mvar must come from the inverter of 1 MVA, which leaves 0.8 MW of its 1 MW."""
    tables = at_bus_1(
        interfaces=[interface(min_q_mvar=0.0, max_q_mvar=0.0, sell_ratio=1.0)],
        loads=[load("1", 2.0, 0.6)],
        renewables=[{"renewable": "pv", "bus": "1", "kind": "pv", "p_mw": 1.0, "sn_mva": 1.0}],
    )
    plant = tables["dispatch"].set_index("device").loc["pv"]
    assert plant[["p_mw", "q_mvar"]].tolist() == pytest.approx([0.8, 0.6], abs=1e-5)
    # One more Mvarh costs the active power it displaces: 50 x 0.6 / 0.8.
    assert tables["electricity_prices"]["reactive_price_per_mvarh"].iloc[0] == pytest.approx(50.0 * 0.75, rel=1e-4)


def test_must_take_power_is_taken_at_a_negative_price() -> None:
    plants = [
        {"renewable": "must", "bus": "1", "kind": "wind", "p_mw": 0.4, "curtailable": False},
        {"renewable": "may", "bus": "1", "kind": "wind", "p_mw": 0.4, "curtailable": True},
    ]
    tables = at_bus_1({PRICE: [-10.0]}, renewables=plants, loads=[load("1", 1.0)])
    power = tables["dispatch"].set_index("device")["p_mw"]
    assert power[["must", "may"]].tolist() == pytest.approx([0.4, 0.0], abs=1e-6)


def test_shunt_draws_with_the_squared_voltage() -> None:
    case = two_buses(
        interfaces=[interface() | {"vm_pu": 1.05}],
        loads=[load("2", 0.0)],
        shunts=[{"shunt": "s", "bus": "1", "p_mw": 0.2, "q_mvar": -0.4}],
    )
    row = outcome_tables(clear_pool(case))["dispatch"].set_index("device").loc["s"]
    assert row[["p_mw", "q_mvar"]].tolist() == pytest.approx([-0.2 * 1.1025, 0.4 * 1.1025], abs=1e-8)


def test_open_switch_and_line_out_of_service_carry_nothing() -> None:
    """Three ways to bus 2, one of which is left."""
    case = two_buses(
        lines=[line("a", "1", "2"), line("b", "1", "2", in_service=False), line("c", "1", "2")],
        switches=[{"switch": "s", "line": "c", "closed": False}],
    )
    flows = outcome_tables(clear_pool(case))["branches"].set_index("branch")["p_mw"]
    assert flows[["b", "c"]].tolist() == [0.0, 0.0]
    assert flows["a"] > 2.0


def test_line_charging_feeds_reactive_power() -> None:
    """An open cable at nominal voltage: 2 pi 50 x 1000 nF x (10 kV)^2 = 31.4 kvar flow back into the grid."""
    case = two_buses(lines=[line("a", "1", "2", r=1e-6, x=1e-6, c_nf_per_km=1000.0)], loads=[load("1", 0.1)])
    row = outcome_tables(clear_pool(case))["branches"].iloc[0]
    assert row["q_mvar"] == pytest.approx(-2 * np.pi * 50 * 1e-6 * 100.0, rel=1e-4)


def test_committable_generator_runs_only_where_it_pays() -> None:
    """At least 1 MW at 40 plus 15 per hour against the grid's 50: it runs if p (50 - 40) > 15, here for 2 MW."""
    generator = {
        "generator": "g",
        "bus": "1",
        "min_p_mw": 1.0,
        "max_p_mw": 3.0,
        "cost_per_mwh": 40.0,
        "cost_per_h": 15.0,
        "committable": True,
    }
    case = district(
        {"loads/load-1/p_mw": [1.2, 2.0]},
        steps=2,
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2")],
        interfaces=[interface(max_export_mw=0.0)],
        loads=[load("1", 1.0)],
        generators=[generator],
    )
    cleared = clear_pool(case)
    assert cleared.commitment is not None
    assert cleared.commitment.tolist() == [[0.0, 1.0]]
    assert cleared.solution.cost == pytest.approx(1.2 * 50.0 + 2.0 * 40.0 + 15.0, rel=1e-6)
    assert cleared.bound == pytest.approx(cleared.solution.cost, rel=1e-4)
    # With the commitment held the generator is marginal in the second step.
    assert cleared.price("active_balance")[0] == pytest.approx([50.0, 40.0], rel=1e-6)
