"""Prices of heat against differences of cost, and against the marginal source where nothing else makes a price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.markets.pool import clear_pool

STEP_MW = 1e-3
EXAMPLES = ("barry-island", "ieee33-dhn32")
# Nodes with consumers behind each station, on the loop and at ends; hours of night, morning, noon and evening.
PLACES = (("3", 2), ("10", 7), ("18", 13), ("30", 19), ("24", 23))


@pytest.fixture(scope="module", params=EXAMPLES)
def run(request: pytest.FixtureRequest) -> Any:
    return gp.clear(gp.examples.path(request.param) / "case", price_probes=0)


@pytest.mark.parametrize(("node", "hour"), PLACES)
def test_a_price_is_the_change_of_the_cost(run: Any, node: str, hour: int) -> None:
    costs = [_cost(run.record.case, node, hour, change) for change in (-STEP_MW, STEP_MW)]
    prices = run.table("heat_prices").pivot(index="snapshot", columns="node", values="price_per_mwh")
    price = float(prices[node].iloc[hour])
    assert (costs[1] - costs[0]) / (2.0 * STEP_MW) == pytest.approx(price, rel=5e-5)
    # The cost is convex in the demand: the price lies between the differences on either side.
    left, right = (run.summary["objective"] - costs[0]) / STEP_MW, (costs[1] - run.summary["objective"]) / STEP_MW
    assert left - 5e-3 <= price <= right + 5e-3


def _cost(case: gp.Case, node: str, hour: int, change: float) -> float:
    heat = case.series("heat_loads", "heat_mw")[case.ids("heat_loads").index(f"heat-{node}")].copy()
    heat[hour] += change
    changed = case.with_profiles({f"heat_loads/heat-{node}/heat_mw": heat})
    return clear_pool(changed).solution.cost


def test_without_losses_and_limits_heat_costs_what_the_marginal_source_asks() -> None:
    """A boiler of 0.3 MW with fuel at 15 is full in all hours; the others set 25 / 0.9 at every node."""
    case = gp.read_case(gp.examples.path("barry-island") / "case")
    wide = {"supply_min_degc": 0.0, "supply_max_degc": 250.0, "return_max_degc": 250.0, "return_min_degc": 0.0}
    stations = case.tables["heat_sources"]["node"].tolist()
    boilers = pd.DataFrame({"gas_boiler": stations, "node": stations, "max_heat_mw": [5.0, 5.0, 0.3]})
    tables = {
        "heat_nodes": case.tables["heat_nodes"].assign(**wide),
        "pipes": case.tables["pipes"].assign(heat_transfer_w_per_mk=1e-6),
        "gas_boilers": boilers.assign(efficiency=0.9, fuel_price_per_mwh=[25.0, 25.0, 15.0]),
        **{name: case.tables[name].iloc[:0] for name in ("chps", "chp_points", "heat_storages")},
    }
    for name, table in tables.items():
        case = case.with_table(name, table)
    run = gp.clear(case, price_probes=0)
    assert run.certificate.verdict == "certified"
    prices = run.table("heat_prices")
    np.testing.assert_allclose(prices["price_per_mwh"], 25.0 / 0.9, atol=1e-3)
    np.testing.assert_allclose(prices["source_price_per_mwh"], 25.0 / 0.9, atol=1e-3)
    assert prices[["loss_per_mwh", "delay_per_mwh", "temperature_per_mwh"]].abs().max().max() < 1e-2
