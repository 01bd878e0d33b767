"""The example day: its totals, its clock, and choices that must fit each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
NAME = "ieee33-day"


@pytest.fixture
def profiles(table: Table) -> pd.DataFrame:
    return table(NAME, "profiles")


def columns(profiles: pd.DataFrame, table_name: str, column: str) -> pd.DataFrame:
    """The series of one column, named by component."""
    chosen = profiles.filter(regex=f"^{table_name}/[^/]+/{column}$")
    return chosen.rename(columns=lambda name: name.split("/")[1])


def test_totals(profiles: pd.DataFrame, expected: Expected) -> None:
    data = expected(NAME)["data"]
    load, reactive = columns(profiles, "loads", "p_mw"), columns(profiles, "loads", "q_mvar")
    assert load.to_numpy().sum() == pytest.approx(data["load_mwh"], abs=1e-9)
    assert reactive.to_numpy().sum() == pytest.approx(data["load_mvarh"], abs=1e-9)
    assert columns(profiles, "renewables", "p_mw").to_numpy().sum() == pytest.approx(data["renewable_mwh"], abs=1e-9)
    assert profiles["interfaces/substation/price_per_mwh"].mean() == pytest.approx(data["mean_price_per_mwh"])


def test_every_load_reaches_its_published_value_once_and_never_more(profiles: pd.DataFrame, table: Table) -> None:
    nominal = table("case33bw", "loads").set_index("load")
    for column in ("p_mw", "q_mvar"):
        highest = columns(profiles, "loads", column).max()
        pd.testing.assert_series_equal(highest, nominal.loc[highest.index, column], check_names=False, atol=1e-12)
    assert len(columns(profiles, "loads", "p_mw").columns) == len(nominal) == 32


def test_the_peak_of_the_feeder_is_its_published_load(profiles: pd.DataFrame, expected: Expected) -> None:
    data = expected(NAME)["data"]
    load = columns(profiles, "loads", "p_mw").sum(axis=1)
    assert load.max() == pytest.approx(data["peak_load_mw"], abs=1e-9)
    assert load.idxmax() == data["peak_hour"]


def test_the_snapshots_are_the_24_hours_of_the_day_in_phoenix(profiles: pd.DataFrame) -> None:
    snapshots = pd.to_datetime(profiles["snapshot"])
    day = pd.date_range("2020-07-15", periods=24, freq="h", tz="America/Phoenix")
    assert [stamp == hour for stamp, hour in zip(snapshots, day, strict=True)] == [True] * 24
    assert snapshots.iloc[0].isoformat() == "2020-07-15T00:00:00-07:00"


def test_prices_are_those_of_the_source(profiles: pd.DataFrame, source: Callable[[str], pd.DataFrame]) -> None:
    published = source("li2019/day24_energy_hub.csv")["lmp_usd_per_MWh"].astype(float)
    assert profiles["interfaces/substation/price_per_mwh"].tolist() == published.tolist()


def test_plants_never_exceed_their_rating_and_pv_sleeps_at_night(profiles: pd.DataFrame, table: Table) -> None:
    plants = table(NAME, "renewables").set_index("renewable")
    available = columns(profiles, "renewables", "p_mw")
    assert set(available.columns) == set(plants.index)
    assert (available.to_numpy() <= plants.loc[available.columns, "p_mw"].to_numpy()).all()
    assert available.loc[[0, 23], plants.index[plants["kind"] == "pv"]].to_numpy().max() == 0.0
    inverters = plants["sn_mva"].dropna()
    np.testing.assert_allclose(inverters, 1.1 * plants.loc[inverters.index, "p_mw"], rtol=1e-12)


def test_shiftable_energy_fits_into_its_window(profiles: pd.DataFrame, table: Table) -> None:
    needs = table(NAME, "shiftable").set_index("load")
    windows = columns(profiles, "shiftable", "max_p_mw")
    assert (needs["energy_mwh"] < windows.sum()[needs.index]).all()
    assert set(np.unique(windows.to_numpy())) == {0.0, 0.5}
    assert windows.index[windows["load-8"] > 0.0].tolist() == [0, 1, 2, 3, 4, 5, 19, 20, 21, 22, 23]
    assert windows.index[windows["load-25"] > 0.0].tolist() == list(range(8, 18))


def test_storage_starts_half_full_and_above_its_reserve(table: Table) -> None:
    storages = table(NAME, "storages")
    np.testing.assert_allclose(storages["initial_mwh"], 0.5 * storages["energy_mwh"])
    np.testing.assert_allclose(storages["min_mwh"], 0.1 * storages["energy_mwh"])


def test_offers_of_the_biogas_plant_cover_its_capacity(table: Table) -> None:
    generators = table(NAME, "generators").set_index("generator")
    offered = table(NAME, "offers").groupby("generator")["p_mw"].sum()
    assert offered["biogas-30"] == pytest.approx(generators.loc["biogas-30", "max_p_mw"])
    assert generators.loc["biogas-30", "cost_per_mwh"] == 0.0


def test_renewable_power_stays_below_the_load_so_that_reverse_flow_at_the_root_is_never_forced(
    profiles: pd.DataFrame,
) -> None:
    surplus = columns(profiles, "renewables", "p_mw").sum(axis=1) - columns(profiles, "loads", "p_mw").sum(axis=1)
    assert surplus.max() < -1.0
