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
    assert cleared.held is not None
    assert cleared.held["on"].tolist() == [[0.0, 1.0]]
    assert cleared.solution.cost == pytest.approx(1.2 * 50.0 + 2.0 * 40.0 + 15.0, rel=1e-6)
    assert cleared.bound == pytest.approx(cleared.solution.cost, rel=1e-4)
    # With the commitment held the generator is marginal in the second step.
    assert cleared.price("active_balance")[0] == pytest.approx([50.0, 40.0], rel=1e-6)


def unit(**more):
    """A generator of 1 to 3 MW at 40, always cheaper than the grid at 50."""
    return {"generator": "g", "bus": "1", "min_p_mw": 1.0, "max_p_mw": 3.0, "cost_per_mwh": 40.0, **more}


def test_ramps_hold_between_steps() -> None:
    """Up 0.5 MW per hour, down 1 MW per hour, half-hour steps; prices pull it up, then down."""
    tables = at_bus_1(
        {PRICE: [10.0, 60.0, 60.0, 10.0]},
        steps=4,
        step_minutes=30,
        generators=[unit(min_p_mw=0.0, ramp_up_mw_per_h=0.5, ramp_down_mw_per_h=1.0)],
        loads=[load("1", 9.0)],
    )
    power = tables["dispatch"].query("device == 'g'")["p_mw"].to_numpy()
    # It enters as high as the descent to zero in the last step allows, and gains on the way.
    assert np.diff(power)[:2] == pytest.approx([0.25, 0.25], abs=1e-5)
    assert np.diff(power)[2] >= -0.5 - 1e-6


def committed(price, **more):
    """On and off of the unit at the given grid prices, and the cost."""
    case = district(
        {PRICE: price},
        steps=len(price),
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2")],
        interfaces=[interface(max_export_mw=0.0)],
        loads=[load("1", 1.0)],
        generators=[unit(committable=True, **more)],
    )
    cleared = clear_pool(case)
    return cleared.held["on"][0].tolist(), cleared.solution.cost


def test_minimum_up_time_keeps_a_started_unit_running() -> None:
    """One dear hour in the middle: started for it, the unit must run on at 40 against 35."""
    price = [10.0, 90.0, 35.0, 35.0, 35.0]
    assert committed(price)[0] == [0, 1, 0, 0, 0]
    state, cost = committed(price, min_up_h=3.0)
    assert sum(state) == 3
    assert state[1] == 1
    assert cost == pytest.approx(10.0 + 3 * 40.0 + 35.0, rel=1e-6)


def test_minimum_down_time_keeps_a_stopped_unit_off() -> None:
    """Cheap for one hour only: with a minimum of three hours off, stopping does not pay."""
    price = [60.0, 30.0, 50.0, 50.0]
    assert committed(price)[0] == [1, 0, 1, 1]
    assert committed(price, min_down_h=3.0)[0] == [1, 1, 1, 1]


def test_start_cost_is_weighed_against_the_gain() -> None:
    """The hour at 60 gains 20: worth a start at 15, not at 25."""
    price = [10.0, 60.0, 30.0]
    assert committed(price, start_cost=15.0) == ([0, 1, 0], pytest.approx(10.0 + 40.0 + 15.0 + 30.0, rel=1e-6))
    assert committed(price, start_cost=25.0)[0] == [0, 0, 0]


def test_controllable_load_follows_the_price_within_its_ramp() -> None:
    """Worth 50: it takes all it can at 30 and would take nothing at 60, but falls by 0.5 MW per hour only."""
    tables = at_bus_1(
        {PRICE: [30.0, 60.0, 60.0]},
        steps=3,
        loads=[load("1", 0.2)],
        controllable=[
            {
                "load": "load-1",
                "max_p_mw": 1.0,
                "benefit_per_mwh": 50.0,
                "ramp_down_mw_per_h": 0.5,
                "q_mvar_per_mw": 0.1,
            }
        ],
    )
    taken = tables["demand"]["controlled_mw"].to_numpy()
    # The last half MW of the first hour gains 20 and costs 10 in the second: it takes all.
    assert taken == pytest.approx([1.0, 0.5, 0.0], abs=1e-5)
    assert tables["dispatch"].query("kind == 'load'")["q_mvar"].to_numpy() == pytest.approx(-0.1 * taken, abs=1e-6)


def test_controllable_load_may_be_off_below_its_lowest_power() -> None:
    """At least 0.5 MW while it runs: off at 60."""
    tables = at_bus_1(
        {PRICE: [30.0, 60.0]},
        steps=2,
        loads=[load("1", 0.2)],
        controllable=[
            {"load": "load-1", "min_p_mw": 0.5, "max_p_mw": 1.0, "benefit_per_mwh": 45.0, "committable": True}
        ],
    )
    assert tables["demand"]["controlled_mw"].to_numpy() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert tables["commitment"]["on"].tolist() == [True, False]


def test_demand_stays_unserved_at_its_price_only() -> None:
    """Import limited to 1.5 of 2 MW: half a MW at 1000 sets the price; its reactive power goes with it."""
    tables = at_bus_1(
        interfaces=[interface(max_import_mw=1.5)],
        loads=[load("1", 2.0, 0.8)],
        unserved=[{"load": "load-1", "price_per_mwh": 1000.0}],
    )
    assert tables["demand"]["unserved_mw"].item() == pytest.approx(0.5, abs=1e-6)
    assert tables["electricity_prices"]["price_per_mwh"].iloc[0] == pytest.approx(1000.0, rel=1e-6)
    row = tables["dispatch"].set_index("kind").loc["load"]
    assert row[["p_mw", "q_mvar"]].tolist() == pytest.approx([-1.5, -0.6], abs=1e-6)


def far_load(**more):
    """A load of 2 MW and 1.5 Mvar behind an inductive line, and a substation without reactive power."""
    parts = {
        "buses": [bus("1"), bus("2")],
        "lines": [line("a", "1", "2", r=0.2, x=1.0)],
        "interfaces": [interface(max_q_mvar=1.0, min_q_mvar=-1.0)],
        "loads": [load("2", 2.0, 1.5)],
    }
    return outcome_tables(clear_pool(district(**(parts | more))))


def test_compensator_gives_what_the_substation_cannot() -> None:
    tables = far_load(compensators=[{"compensator": "svc", "bus": "2", "min_q_mvar": -1.0, "max_q_mvar": 2.0}])
    q = tables["dispatch"].set_index("device").loc["svc", "q_mvar"]
    loss_q = tables["branches"]["loss_mw"].item() * 5.0
    assert q + tables["interface"]["import_mvar"].item() == pytest.approx(1.5 + loss_q, abs=1e-6)
    # The least loss is where the line carries no reactive power: its price is zero there.
    assert tables["electricity_prices"]["reactive_price_per_mvarh"].iloc[1] == pytest.approx(0.0, abs=1e-3)


def test_capacitor_gives_at_most_its_size_times_squared_voltage() -> None:
    tables = far_load(capacitors=[{"capacitor": "c", "bus": "2", "q_mvar": 0.9}])
    vm = tables["buses"]["vm_pu"].iloc[1]
    assert tables["dispatch"].set_index("device").loc["c", "q_mvar"] == pytest.approx(0.9 * vm**2, abs=1e-6)


def test_capacitor_steps_are_whole_and_the_best() -> None:
    """Four steps of 0.5 Mvar: brute force over the same bank as a shunt finds the same cost."""
    bank = {"capacitor": "c", "bus": "2", "q_mvar": 2.0, "steps": 4}
    tables = far_load(capacitors=[bank])
    vm = tables["buses"]["vm_pu"].iloc[1]
    steps = tables["dispatch"].set_index("device").loc["c", "q_mvar"] / (0.5 * vm**2)
    losses = {}
    for n in range(2, 5):  # one step is not enough for the 1.5 Mvar and 1 Mvar of import
        shunts = [{"shunt": "c", "bus": "2", "p_mw": 0.0, "q_mvar": -0.5 * n}]
        losses[n] = far_load(shunts=shunts)["branches"]["loss_mw"].item()
    best = min(losses, key=losses.__getitem__)
    assert steps == pytest.approx(best, abs=1e-5)
    assert tables["branches"]["loss_mw"].item() == pytest.approx(losses[best], abs=1e-7)


def test_transformer_ratio_and_losses_by_hand() -> None:
    """No load behind a ratio of 0.95: 1/0.95 p.u., and the iron losses of 5 kW at 1 p.u. grow with its square."""
    case = district(
        buses=[bus("1", vn_kv=20.0), bus("2", vn_kv=0.4)],
        transformers=[
            {
                "transformer": "t",
                "from_bus": "1",
                "to_bus": "2",
                "r_ohm": 1e-9,
                "x_ohm": 1e-9,
                "g_us": 0.005 / 0.4**2 * 1e6,
                "ratio": 0.95,
                "max_s_mva": 1.0,
            }
        ],
        interfaces=[interface()],
        loads=[load("2", 0.0)],
    )
    tables = outcome_tables(clear_pool(case))
    assert tables["buses"]["vm_pu"].iloc[1] == pytest.approx(1 / 0.95, abs=1e-7)
    assert tables["branches"]["loss_mw"].item() == pytest.approx(0.005 / 0.95**2, abs=1e-8)
