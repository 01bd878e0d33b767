"""Districts behind a transmission market: data that convert back, and prices that the import of the districts moves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.pairing import pairing_issues
from gridpact.cli import main

Source = Callable[[str], pd.DataFrame]
GAMES = ("pjm5-ieee33", "ieee30-district")
FOLDERS = {"pjm5-ieee33": ("case5", 230.0), "ieee30-district": ("case30", 135.0)}


def case_of(name: str, folder: str) -> gp.Case:
    return gp.read_case(gp.examples.path(name) / folder)


def prices_with(network: gp.Case, power: np.ndarray) -> np.ndarray:
    """Prices at the bus of the only connection where so much is taken there, MW by step; the market without games."""
    bus = network.tables["connections"]["bus"].iloc[0]
    loads = network.tables["loads"]
    taken = loads.iloc[:1].assign(load="districts", bus=bus, p_mw=0.0)
    with_districts = network.with_table("loads", pd.concat([loads, taken], ignore_index=True))
    run = gp.clear(
        with_districts.with_profiles({"loads/districts/p_mw": power}), formulation="dc", exactness="off", price_probes=0
    )
    assert run.certificate.verdict == "approximate"
    prices = run.table("electricity_prices")
    return prices.loc[prices["bus"] == bus, "price_per_mwh"].to_numpy()


@pytest.mark.parametrize("name", GAMES)
def test_district_and_transmission_network_fit(name: str) -> None:
    assert pairing_issues(case_of(name, "case"), case_of(name, "transmission")) == []


@pytest.mark.parametrize("name", GAMES)
def test_lines_and_limits_convert_back(name: str, source: Source) -> None:
    folder, vn = FOLDERS[name]
    lines, published = case_of(name, "transmission").tables["lines"], source(f"{folder}/branch.csv").astype(float)
    ohm = vn**2 / 100.0
    np.testing.assert_allclose(lines["x_ohm_per_km"] / ohm, published["x_pu"], rtol=1e-14)
    np.testing.assert_allclose(lines["r_ohm_per_km"] / ohm, published["r_pu"], rtol=1e-14, atol=1e-18)
    limit = (np.sqrt(3.0) * vn * lines["max_i_ka"]).fillna(0.0)
    np.testing.assert_allclose(limit, published["rateA_MVA_0_means_unlimited"], rtol=1e-12)


def test_offers_of_the_five_units_lie_about_their_published_costs(source: Source) -> None:
    """Equal blocks at 0.85, 0.95, 1.05 and 1.15 of the cost: their mean is the cost itself."""
    offers, units = case_of("pjm5-ieee33", "transmission").tables["offers"], source("case5/gen.csv").astype(float)
    by_unit = offers.groupby("generator", sort=False)
    np.testing.assert_allclose(by_unit["p_mw"].sum(), units["Pmax_MW"])
    np.testing.assert_allclose(by_unit["cost_per_mwh"].mean(), units["c1_per_MWh"])


def test_blocks_of_the_thirty_bus_units_cost_what_their_quadratic_cost_does(source: Source) -> None:
    """Priced at the marginal cost of its middle, a block costs exactly what the quadratic does over it."""
    offers, units = case_of("ieee30-district", "transmission").tables["offers"], source("case30/gen.csv").astype(float)
    cost = (offers["p_mw"] * offers["cost_per_mwh"]).groupby(offers["generator"], sort=False).cumsum().to_numpy()
    power = offers["p_mw"].groupby(offers["generator"], sort=False).cumsum().to_numpy()
    linear, quadratic = np.repeat(units["c1_per_MWh"], 4), np.repeat(units["c2_per_MW2h"], 4)
    np.testing.assert_allclose(cost, 12.0 * (linear * power + quadratic * power**2), rtol=1e-4)  # prices: four digits
    np.testing.assert_allclose(power[3::4], units["Pmax_MW"])


@pytest.mark.parametrize(("name", "as_in"), [("pjm5-ieee33", "ieee33-day"), ("ieee30-district", "ieee33-dhn32")])
def test_the_district_is_one_of_the_others_at_another_interface(name: str, as_in: str) -> None:
    ours, theirs = case_of(name, "case"), gp.read_case(gp.examples.path(as_in) / "case")
    priced = {"interfaces"} | ({"generators", "offers", "bids"} if name == "pjm5-ieee33" else set())
    for table in gp.SCHEMA.keys() - priced:
        pd.testing.assert_frame_equal(ours.tables[table], theirs.tables[table])
    shared = [path for path in ours.profiles.columns if not path.startswith("interfaces/")]
    pd.testing.assert_frame_equal(ours.profiles[shared], theirs.profiles[shared])
    for table, column in (("generators", "cost_per_mwh"), ("bids", "benefit_per_mwh"), ("offers", "cost_per_mwh")):
        level = 0.75 if name == "pjm5-ieee33" else 1.0
        np.testing.assert_allclose(ours.column(table, column), level * theirs.column(table, column))


@pytest.mark.parametrize("name", GAMES)
def test_the_transmission_market_serves_every_import_and_its_price_rises_with_it(name: str) -> None:
    case, network = case_of(name, "case"), case_of(name, "transmission")
    most = network.column("connections", "feeders")[0] * case.series("interfaces", "max_import_mw")[0]
    nothing, some, all_of_it = (prices_with(network, share * most) for share in (0.0, 0.5, 1.0))
    # A price may fall back by the solver's rounding where both stand on one step.
    assert (nothing <= some + 1e-6).all() and (some <= all_of_it + 1e-6).all()
    assert (all_of_it > nothing + 1.0).all(), "the districts move the price in every hour"


@pytest.mark.parametrize("name", GAMES)
def test_price_steps_lie_within_reach_of_the_usual_import(name: str) -> None:
    """Between 0.7 and 1.3 of what the district imports at its own price, in two hours of three or more."""
    case, network = case_of(name, "case"), case_of(name, "transmission")
    alone = gp.clear(case, exactness="off", price_probes=0).table("interface")["import_mw"].to_numpy()
    usual = network.column("connections", "feeders")[0] * np.maximum(alone, 1.0)
    below, above = (prices_with(network, share * usual) for share in (0.7, 1.3))
    assert (above > below + 0.1).sum() >= 16


def test_init_copies_both_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "mine"), "--example", "pjm5-ieee33"]) == 0
    assert gp.read_case(tmp_path / "mine" / "transmission").count("connections") == 1
    assert gp.read_case(tmp_path / "mine" / "case").name == "pjm5-ieee33"
    assert "edit case/" in capsys.readouterr().out
