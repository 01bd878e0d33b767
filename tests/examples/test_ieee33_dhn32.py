"""Electricity and heat of a town: what ties the two prices in the hours in which a coupler is between its limits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from tests.examples.district import (
    column,
    heat,
    heat_left,
    inside,
    power,
    power_price,
    reactive_price,
    station_price,
    unbalanced,
)

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
NAME = "ieee33-dhn32"
# Currency per MWh; prices come from an interior-point solution.
CLOSE = 2e-3
EFFICIENCY, TAN_PHI = 0.98, 0.1


@pytest.fixture(scope="module")
def run() -> Any:
    return gp.clear(gp.examples.path(NAME) / "case", price_probes=0)


# --- the data ---


@pytest.mark.parametrize("name", ["buses", "lines", "switches", "loads", "storages", "offers", "bids", "shiftable"])
def test_the_feeder_is_that_of_ieee33_day(table: Table, name: str) -> None:
    pd.testing.assert_frame_equal(table(NAME, name), table("ieee33-day", name))


@pytest.mark.parametrize("name", ["heat_networks", "heat_nodes", "pipes", "heat_loads"])
def test_the_heat_network_is_that_of_barry_island(table: Table, name: str) -> None:
    pd.testing.assert_frame_equal(table(NAME, name), table("barry-island", name))


def test_a_gas_turbine_takes_the_place_of_a_generator(table: Table) -> None:
    before, after = (table(name, "generators")["generator"].tolist() for name in ("ieee33-day", NAME))
    assert [name for name in before if name not in after] == ["gas-24"]
    assert table(NAME, "chps").set_index("chp")["bus"].to_dict() == {"gas-turbine-24": "24", "steam-turbine-6": "6"}


def test_totals_of_the_day(expected: Expected) -> None:
    data, case = expected(NAME)["data"], gp.read_case(gp.examples.path(NAME) / "case")
    taken = case.series("heat_loads", "heat_mw").sum(axis=0)
    assert taken.sum() == pytest.approx(data["heat_mwh"], abs=1e-9)
    assert taken.max() == pytest.approx(data["design_heat_mw"], abs=1e-9)
    assert int(taken.argmax()) == data["peak_hour"]
    assert case.series("loads", "p_mw").sum() == pytest.approx(data["load_mwh"], abs=1e-9)
    assert case.series("loads", "q_mvar").sum() == pytest.approx(data["load_mvarh"], abs=1e-9)
    assert case.series("renewables", "p_mw").sum() == pytest.approx(data["renewable_mwh"], abs=1e-9)
    assert case.series("interfaces", "price_per_mwh").mean() == pytest.approx(data["mean_price_per_mwh"])


# --- the market ---


def test_it_is_certified(run: Any, expected: Expected) -> None:
    kept = expected(NAME)["certified"]
    assert run.certificate.verdict == "certified"
    assert run.summary["objective"] == pytest.approx(kept["objective"], rel=kept["objective_tolerance_relative"])
    assert run.summary["heat_loss_mwh"] == pytest.approx(kept["heat_loss_mwh"], abs=1e-3)
    assert run.summary["pump_mwh"] == pytest.approx(kept["pump_mwh"], abs=1e-3)


def test_energy_balances_with_the_heat_in_pipes(run: Any) -> None:
    np.testing.assert_allclose(heat_left(run), 0.0, atol=1e-6)
    flows, sinks = run.table("energy_flows"), ("electricity network", "heat network", "heat pumps", "electric boilers")
    for name in (*sinks, "combined heat and power"):
        assert abs(unbalanced(flows, name)) < 1e-6


@pytest.mark.parametrize(
    ("boiler", "bus", "node", "most"), [("boiler-23", "23", "1", 0.6), ("boiler-6", "6", "31", 0.5)]
)
def test_a_boiler_ties_the_prices(run: Any, boiler: str, bus: str, node: str, most: float) -> None:
    """Price of power + tan(phi) x reactive price = efficiency x price of heat inside; above it where the boiler is
    off, below it where it is full."""
    paid = power_price(run, bus) + TAN_PHI * reactive_price(run, bus)
    earned, given = EFFICIENCY * station_price(run, node), heat(run, boiler)
    sets = inside(given, 0.0, most)
    assert sets.sum() >= 3
    np.testing.assert_allclose(paid[sets], earned[sets], atol=CLOSE)
    assert (paid[given < 1e-4 * most] > earned[given < 1e-4 * most] - CLOSE).all()
    assert (paid[given > (1.0 - 1e-4) * most] < earned[given > (1.0 - 1e-4) * most] + CLOSE).all()


def test_the_gas_turbine_ties_the_prices(run: Any) -> None:
    """Price of power + 1.3 x price of heat = marginal cost 3.2 x 30 + 2 x 5 p."""
    p = power(run, "gas-turbine-24")
    sets = inside(p, 0.0, 0.6)
    assert sets.sum() >= 15
    earned = power_price(run, "24") + 1.3 * station_price(run, "1")
    np.testing.assert_allclose(earned[sets], (96.0 + 10.0 * p)[sets], atol=CLOSE)


def test_along_its_edge_the_steam_turbine_gains_nothing(run: Any) -> None:
    """From the corner of least to that of most live steam with heat: d(revenue) = d(cost); at the corner more."""
    p, h = power(run, "steam-turbine-6"), heat(run, "steam-turbine-6")
    low, high = np.array([0.2 - 0.2 / 8.1, 0.2]), np.array([0.6 - 0.55 / 8.1, 0.55])
    along = high - low
    share = (h - low[1]) / along[1]
    np.testing.assert_allclose(p, low[0] + share * along[0], atol=1e-5)  # on the edge in all hours
    revenue = power_price(run, "6") * along[0] + station_price(run, "31") * along[1]
    cost = (20.0 * 3.6 + 30.0 * p) * along[0] + 20.0 * 3.6 / 8.1 * along[1]
    sets = inside(share, 0.0, 1.0)
    assert sets.sum() >= 8
    np.testing.assert_allclose(revenue[sets], cost[sets], atol=CLOSE)
    assert (revenue[share > 1.0 - 1e-4] > cost[share > 1.0 - 1e-4] - CLOSE).all()


def test_the_heat_pump_gives_what_the_ideal_one_would_times_its_share(run: Any) -> None:
    """COP = 0.45 (70 + 273.15) / (70 - 8) = 2.49; it is always full, since its heat is worth more than its power."""
    given, taken = heat(run, "heat-pump-14"), -power(run, "heat-pump-14")
    cop = 0.45 * (70.0 + 273.15) / (70.0 - 8.0)
    np.testing.assert_allclose(given, cop * taken, rtol=1e-9)
    np.testing.assert_allclose(given, 0.25, atol=1e-5)
    assert (station_price(run, "32") * cop > power_price(run, "14")).all()


def test_heat_in_the_tank_becomes_dearer_by_what_the_tank_loses(run: Any) -> None:
    """While it is neither empty nor full, and gives (or takes) in both hours, the price rises by 1 / 0.995 an hour."""
    energy = column(run, "heat_storages", "heat_storage", "tank-31", "energy_mwh")
    given = heat(run, "tank-31")
    between = inside(energy, 0.0, 2.0)[:-1] & (given[:-1] * given[1:] > 1e-4)
    assert between.sum() >= 10
    price = station_price(run, "31")
    # A discharged MWh also costs 0.2.
    worth = price - np.where(given > 0.0, 0.2, 0.0)
    np.testing.assert_allclose(worth[1:][between], (worth[:-1] / 0.995)[between], atol=CLOSE)


def test_the_two_prices_move_against_each_other_at_the_gas_turbine_and_together_at_the_boilers(run: Any) -> None:
    """In the evening power is dearest and heat at node 1 cheapest; at night boilers make it about as dear as power."""
    electricity, warm = power_price(run, "24"), station_price(run, "1")
    assert electricity[17:22].min() > electricity[:6].max() + 10.0
    assert warm[17:22].max() < warm[:5].min() - 4.0


def test_heat_first_costs_more_and_agreement_does_not() -> None:
    run = gp.clear(gp.examples.path(NAME) / "case", price_probes=0, structures=True)
    assert run.certificate.verdict == "certified"
    table = run.table("structures").set_index("structure")
    assert table.loc["sequential", "above_joint_percent"] == pytest.approx(0.69, abs=0.02)
    assert abs(table.loc["separate", "above_joint_percent"]) < 0.01
    assert table.loc["joint", "coupler_profit"] == pytest.approx(247.6, abs=0.2)
    assert table.loc["sequential", "coupler_profit"] == pytest.approx(216.9, abs=0.5)
    np.testing.assert_allclose(table["payments_sum"], 0.0, atol=0.005)


def test_payments_add_up(run: Any) -> None:
    sums = run.table("settlement").groupby("carrier")["payment_cents"].sum()
    assert sums.to_dict() == {"electricity": 0, "heat": 0, "reactive": 0}
    assert (run.table("couplers")["profit"] > -0.01).all()
