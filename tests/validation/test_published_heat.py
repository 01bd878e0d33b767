"""The heat network of Barry Island at its published operating point, with flows that follow from temperatures.

Stations supply at 70 degC, consumers return at 30 degC, the plants at nodes 1 and 32 give the heat that was published
(X. Liu, J. Wu, N. Jenkins, A. Bagdanavicius, Applied Energy 162, 2016); the plant at node 31 gives what is left.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp

SUPPLY, RETURN, CAPACITY = 70.0, 30.0, 4182.0
FIELDS = ("name", "currency", "timezone", "start", "step_minutes", "frequency_hz")


@pytest.fixture(scope="module")
def heats(project: Path) -> dict[str, float]:
    """Published heat by node, MW."""
    coupling = json.loads((project / "scripts/data/barry_island/coupling.json").read_text(encoding="utf-8"))
    return {str(coupling[name]["node"]): coupling[name]["heat_MW"] for name in ("source_1", "source_3")}


@pytest.fixture(scope="module")
def run(heats: dict[str, float]) -> Any:
    """Stations pump what makes their heat the published one, found in rounds: it depends on their return water."""
    case, back = _one_hour(), dict.fromkeys(heats, RETURN)
    for _ in range(5):
        flows = {node: 1e6 * heat / (CAPACITY * (SUPPLY - back[node])) for node, heat in heats.items()}
        stations = case.tables["heat_sources"]
        given = stations["node"].map(flows)
        pumped = case.with_table("heat_sources", stations.assign(flow_share=np.nan, flow_kg_per_s=given))
        cleared = gp.clear(pumped, heat_flow="variable", heat_dynamics="steady", price_probes=0)
        nodes = cleared.table("heat_nodes").set_index("node")
        back = {node: float(nodes.loc[node, "return_degc"]) for node in heats}
    return cleared


def _one_hour() -> gp.Case:
    """The published network with a boiler at every station and temperatures as published."""
    example = gp.read_case(gp.examples.path("barry-island") / "case")
    parts = {name: getattr(example, name) for name in FIELDS}
    case = gp.Case(**parts, tables=example.tables, steps=1, profiles=example.profiles.iloc[:1][[]])
    for table in ("chps", "chp_points", "heat_storages"):
        case = case.with_table(table, case.tables[table].iloc[:0])
    stations = case.tables["heat_sources"]["node"].tolist()
    boilers = pd.DataFrame({"gas_boiler": stations, "node": stations, "max_heat_mw": 5.0, "fuel_price_per_mwh": 25.0})
    nodes = case.tables["heat_nodes"]
    held = nodes["node"].isin(stations)
    low, high = np.where(held, SUPPLY, 0.0), np.where(held, SUPPLY, 250.0)
    nodes = nodes.assign(supply_min_degc=low, supply_max_degc=high, return_max_degc=250.0)
    loads = case.tables["heat_loads"].assign(return_degc=RETURN)
    return case.with_table("gas_boilers", boilers).with_table("heat_nodes", nodes).with_table("heat_loads", loads)


def test_it_is_certified(run: Any) -> None:
    assert run.certificate.verdict == "certified"


def test_heats_of_the_plants(run: Any, heats: dict[str, float]) -> None:
    given = run.table("heat_nodes").set_index("node")["heat_mw"]
    assert given["1"] == pytest.approx(heats["1"], abs=1e-5)
    assert given["32"] == pytest.approx(heats["32"], abs=1e-5)
    loss = run.table("pipes")["loss_mw"].sum()
    assert loss == pytest.approx(0.0810, abs=5e-5)
    assert given["31"] == pytest.approx(2.164 + loss - heats["1"] - heats["32"], abs=1e-6)
    assert given["31"] == pytest.approx(1.0554, abs=5e-5)


# Flows of a public data file on this network (Energy-Hub-Market-Operation, SysDHN32), there rounded to 0.01 kg/s; pipes
# next to consumers that the file puts at other nodes are left out.
FLOWS = {
    "1": 4.8, "2": 0.65, "3": 0.88, "4": 3.27, "5": 0.67, "6": 0.88, "7": 0.66, "8": 0.66, "9": 0.66, "10": 3.48,
    "11": 0.66, "12": 4.19, "13": 4.19, "14": 1.0, "15": 0.5, "16": 0.5, "18": 2.19, "19": 0.5, "20": 0.5, "21": 1.19,
    "24": 0.15, "27": 1.46, "28": 0.65, "29": 0.65, "30": 2.76,
}  # fmt: skip


def test_flows_are_those_of_a_public_data_file(run: Any) -> None:
    flow = run.table("pipes").set_index("pipe")["flow_kg_per_s"].abs()
    np.testing.assert_allclose(flow[list(FLOWS)], list(FLOWS.values()), rtol=0.0, atol=0.011)


def test_water_at_the_consumers_returns_at_30_degrees(run: Any) -> None:
    back = run.table("heat_nodes")["consumer_return_degc"].dropna()
    assert len(back) == 21
    np.testing.assert_allclose(back, RETURN, atol=1e-4)
