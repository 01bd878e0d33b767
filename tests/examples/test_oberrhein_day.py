"""The day on mv_oberrhein: the network is pandapower's, the day adds up, and one transformer is full in one hour."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandapower.networks

Table = Callable[[str, str], pd.DataFrame]
NAME = "oberrhein-day"


@pytest.fixture(scope="module")
def run() -> gp.Run:
    return gp.clear(gp.examples.path(NAME) / "case", price_probes=0)


def test_the_network_is_that_of_pandapower(project: Path) -> None:
    """With loads and PV at their installed power, which the file has in place of pandapower's scaling."""
    net = pandapower.networks.mv_oberrhein()
    net.load["scaling"] = net.sgen["scaling"] = 1.0
    fresh = gp.from_pandapower(net, tell=str)
    kept = gp.from_pandapower(project / "scripts/data/oberrhein/network.json", tell=str)
    for name in gp.SCHEMA:
        assert fresh.tables[name].equals(kept.tables[name]), name


def test_the_example_has_the_network(project: Path) -> None:
    kept = gp.from_pandapower(project / "scripts/data/oberrhein/network.json", tell=str)
    case = gp.read_case(gp.examples.path(NAME) / "case")
    for name in ("lines", "transformers", "switches", "shunts"):
        assert case.tables[name].equals(kept.tables[name]), name


def test_loads_and_sun_follow_their_shapes(table: Table, source: Callable[[str], pd.DataFrame]) -> None:
    weather = source("rts_gmlc/day_ahead_2020-07-15_pu.csv").astype(float)
    day = table(NAME, "profiles")
    loads = table(NAME, "loads").set_index("load")
    # The six customers at medium voltage have 0.5 MW each.
    customers = day[[f"loads/load-{number}/p_mw" for number in range(141, 147)]].sum(axis=1)
    expected = 0.86 * 3.0 * weather["load_R3"] / weather["load_R3"].max()
    np.testing.assert_allclose(customers, expected, atol=6 * 5e-7)
    active = [name for name in day if name.startswith("loads/") and name.endswith("/p_mw")]
    assert day[active].max().sum() == pytest.approx(0.86 * loads["p_mw"].sum(), abs=1e-4)
    sun = day[[name for name in day if name.startswith("renewables/")]]
    assert (sun[weather["pv_all"] == 0.0] == 0.0).all().all()


def test_the_day_is_certified(run: gp.Run) -> None:
    assert run.certificate.verdict == "certified"
    balance = [run.summary[name] for name in ("import_mwh", "generation_mwh", "renewable_mwh")]
    storage = run.table("dispatch").query("kind == 'storage'")["p_mw"].sum()
    used = run.summary["load_mwh"] + run.summary["loss_mwh"]
    assert sum(balance) + storage == pytest.approx(used, abs=1e-5)


def test_only_the_eastern_transformer_is_full_and_only_at_17(run: gp.Run) -> None:
    limits = run.table("limits")
    network = limits[limits["constraint"].str.startswith(("lines/", "transformers/", "buses/"))]
    assert network[["constraint", "component"]].to_numpy().tolist() == [["transformers/max_s_mva", "trafo-142"]]
    assert network["snapshot"].iloc[0].hour == 17
    loading = run.table("branches").set_index(["snapshot", "branch"])["loading_percent"]
    assert loading.max() == pytest.approx(100.0, abs=1e-5)


def test_both_substations_pay_the_price_of_the_day(run: gp.Run) -> None:
    prices = run.table("electricity_prices").pivot(index="snapshot", columns="bus", values="price_per_mwh")
    bought = run.table("interface").pivot(index="snapshot", columns="interface", values="lmp_per_mwh")
    np.testing.assert_allclose(prices[["58", "318"]], bought[["ext_grid-0", "ext_grid-1"]], rtol=1e-6)
