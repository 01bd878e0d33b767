"""Barry Island: the published network, its one loop, its plants, and why heat costs what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from tests.examples.district import heat, heat_left, inside, power, power_price, station_price, unbalanced

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
NAME = "barry-island"


@pytest.fixture(scope="module")
def run() -> Any:
    return gp.clear(gp.examples.path(NAME) / "case", price_probes=0)


@pytest.fixture
def coupling(project: Path) -> dict[str, Any]:
    """The published plants."""
    return dict(json.loads((project / "scripts/data/barry_island/coupling.json").read_text(encoding="utf-8")))


# --- the data ---


def test_the_heat_network_is_the_published_one(table: Table, expected: Expected) -> None:
    data, pipes, nodes = expected(NAME)["data"], table(NAME, "pipes"), table(NAME, "heat_nodes")
    assert table(NAME, "heat_loads")["design_heat_mw"].sum() == pytest.approx(data["design_heat_mw"], abs=1e-12)
    assert pipes["length_m"].sum() == pytest.approx(data["pipe_length_m"], abs=1e-9)
    assert (len(nodes), len(pipes)) == (data["nodes"], data["pipes"]) == (32, 32)
    assert len(table(NAME, "heat_loads")) == data["consumers"]


def test_it_has_exactly_one_loop(table: Table, expected: Expected) -> None:
    """Loops = pipes - nodes + connected parts; without one of the ten pipes around it the network is a tree."""
    pipes = table(NAME, "pipes")
    nodes = table(NAME, "heat_nodes")["node"].astype(str)
    loops = {pipe: count_loops(nodes, pipes[pipes["pipe"] != pipe]) for pipe in pipes["pipe"]}
    assert count_loops(nodes, pipes) == expected(NAME)["data"]["loops"] == 1
    around = [pipe for pipe, count in loops.items() if count == 0]
    assert around == [6, 10, 12, 13, 18, 21, 24, 27, 30, 31]


def count_loops(nodes: pd.Series, pipes: pd.DataFrame) -> int:
    """By the rank of the incidence matrix."""
    ends = [np.equal.outer(pipes[end].astype(str).to_numpy(), nodes.to_numpy()) for end in ("from_node", "to_node")]
    incidence = ends[0].astype(float) - ends[1].astype(float)
    return len(pipes) - int(np.linalg.matrix_rank(incidence))


def test_totals_of_the_day(expected: Expected) -> None:
    data, case = expected(NAME)["data"], gp.read_case(gp.examples.path(NAME) / "case")
    taken = case.series("heat_loads", "heat_mw").sum(axis=0)
    assert taken.sum() == pytest.approx(data["heat_mwh"], abs=1e-9)
    assert taken.max() == pytest.approx(data["design_heat_mw"], abs=1e-9)
    assert int(taken.argmax()) == data["peak_hour"]
    assert case.series("loads", "p_mw").sum() == pytest.approx(data["load_mwh"], abs=1e-9)
    assert case.series("loads", "q_mvar").sum() == pytest.approx(data["load_mvarh"], abs=1e-9)
    assert case.series("interfaces", "price_per_mwh").mean() == pytest.approx(data["mean_price_per_mwh"])


def test_loads_have_their_published_means(table: Table, source: Callable[[str], pd.DataFrame]) -> None:
    published = source("barry_island/electric_loads.csv").astype({"P_MW_mean": float}).set_index("node")["P_MW_mean"]
    series = table(NAME, "profiles").filter(regex="^loads/.*/p_mw$")
    for name, mean in series.mean().items():
        assert mean == pytest.approx(published[str(name).split("/")[1].removeprefix("load-")], abs=1e-6)


def test_plants_have_their_published_ratios(table: Table, coupling: dict[str, Any]) -> None:
    plants = table(NAME, "chps").set_index("chp")
    assert plants.loc["gas-turbine", "heat_per_power"] == coupling["source_1"]["heat_to_power_ratio"]
    assert plants.loc["engine", "heat_per_power"] == coupling["source_3"]["heat_to_power_ratio"]
    assert plants["node"].tolist() == [coupling[f"source_{number}"]["node"] for number in (1, 2, 3)]
    corners = table(NAME, "chp_points").set_index("point")[["p_mw", "heat_mw"]]
    for cold, hot in (("b", "c"), ("a", "d")):
        fall = corners.loc[cold] - corners.loc[hot]
        assert -fall["heat_mw"] / fall["p_mw"] == pytest.approx(coupling["source_2"]["Z_ratio"], rel=1e-4)


# --- the market ---


def test_it_is_certified(run: Any, expected: Expected) -> None:
    kept = expected(NAME)["certified"]
    assert run.certificate.verdict == "certified"
    assert run.summary["objective"] == pytest.approx(kept["objective"], rel=kept["objective_tolerance_relative"])
    assert run.summary["heat_loss_mwh"] == pytest.approx(kept["heat_loss_mwh"], abs=1e-4)
    assert run.summary["pump_mwh"] == pytest.approx(kept["pump_mwh"], abs=1e-6)


def test_water_keeps_its_flow_and_adds_up(run: Any) -> None:
    """Flows follow from the design heat alone: 2.164 MW over 4182 J/(kg K) and 40 K are 12.94 kg/s."""
    flows = run.table("pipes").pivot(index="snapshot", columns="pipe", values="flow_kg_per_s")
    assert np.ptp(flows.to_numpy(), axis=0).max() < 1e-9
    total = 2.164e6 / (4182.0 * 40.0)
    assert flows["1"].iloc[0] == pytest.approx(0.36 * total, rel=1e-9)
    assert flows["32"].iloc[0] == pytest.approx(0.17 * total, rel=1e-9)
    assert flows["30"].iloc[0] + flows["31"].iloc[0] == pytest.approx(0.47 * total, rel=1e-9)


def test_energy_balances_with_the_heat_in_pipes(run: Any) -> None:
    np.testing.assert_allclose(heat_left(run), 0.0, atol=1e-6)
    flows = run.table("energy_flows")
    for name in ("electricity network", "heat network", "combined heat and power", "gas boilers"):
        assert abs(unbalanced(flows, name)) < 1e-6


def test_the_gas_turbine_ties_heat_at_node_1_to_power_at_bus_7(run: Any) -> None:
    """A MWh of its power comes with 1.3 MWh of heat and costs 3.2 x 25: price + 1.3 heat price = 80."""
    sets = inside(power(run, "gas-turbine"), 0.0, 0.8)
    assert sets.sum() >= 12
    heat_price = (80.0 - power_price(run, "7")) / 1.3
    np.testing.assert_allclose(station_price(run, "1")[sets], heat_price[sets], atol=1e-3)


def test_the_gas_boiler_sets_the_price_at_node_1_when_power_is_cheap(run: Any) -> None:
    sets = inside(heat(run, "gas-boiler-1"), 0.0, 0.8)
    assert np.flatnonzero(sets).tolist() == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14]
    np.testing.assert_allclose(station_price(run, "1")[sets], 25.0 / 0.9, atol=1e-3)
    assert (power_price(run, "7")[sets] < 80.0 - 1.3 * 25.0 / 0.9).all()


def test_the_price_at_node_31_hardly_moves(run: Any) -> None:
    """The steam turbine gives its 0.9 MW in all hours but those of the night; tank and pipes level the price."""
    price, given = station_price(run, "31"), heat(run, "steam-turbine")
    assert price.min() > 17.0 and price.max() < 19.0
    np.testing.assert_allclose(np.delete(given, range(1, 5)), 0.9, atol=1e-5)
    assert (given[1:5] < 0.45).all()


def test_node_3_is_the_coldest_consumer_in_most_hours(run: Any) -> None:
    nodes = run.table("heat_nodes")
    supply = nodes[nodes["consumer_return_degc"].notna()].pivot(index="snapshot", columns="node", values="supply_degc")
    assert supply.to_numpy().min() == pytest.approx(60.0, abs=1e-6)
    assert (supply["3"] < 60.0 + 1e-6).sum() >= 12
    assert nodes["supply_degc"].max() <= 90.0 + 1e-6


def test_consumers_pay_for_the_plants_and_the_losses(run: Any) -> None:
    settlement = run.table("settlement")
    sums = settlement.groupby("carrier")["payment_cents"].sum()
    assert sums.to_dict() == {"electricity": 0, "heat": 0, "reactive": 0}
    couplers = run.table("couplers").set_index("device")
    assert (couplers["profit"] >= -1e-6).all()
    assert couplers.loc["gas-boiler-1", "profit"] == pytest.approx(0.0, abs=1e-3)
