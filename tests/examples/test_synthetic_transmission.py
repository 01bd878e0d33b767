"""Synthetic transmission markets: what the docstring says of them, by numbers, and that they clear."""

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.network import island_labels
from gridpact.case.pairing import pairing_issues


def with_districts(network: gp.Case, power_mw: float) -> gp.Case:
    """The market with so much taken at its connection in every step, and without games."""
    bus = network.tables["connections"]["bus"].iloc[0]
    loads = network.tables["loads"]
    taken = loads.iloc[:1].assign(load="districts", bus=bus, p_mw=power_mw)
    return network.with_table("loads", pd.concat([loads, taken], ignore_index=True))


@pytest.mark.parametrize("buses", [5, 30, 118, 300])
def test_valid_meshed_connected_and_reproducible(buses: int) -> None:
    case = gp.synthetic_transmission(buses, seed=3)
    assert gp.validate(case) == []
    assert case.count("lines") == buses - 1 + round(0.5 * buses)
    assert (island_labels(case) == 0).all()
    again, other = gp.synthetic_transmission(buses, seed=3), gp.synthetic_transmission(buses, seed=4)
    for name, table in case.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    pd.testing.assert_frame_equal(case.profiles, again.profiles)
    assert not case.tables["lines"].equals(other.tables["lines"])


def test_four_blocks_each_a_reserve_and_a_connection_at_the_largest_load() -> None:
    case = gp.synthetic_transmission(118)
    blocks = case.tables["offers"].groupby("generator", sort=False)
    assert (blocks.size() == 4).all() and (blocks["cost_per_mwh"].diff().dropna() > 0.0).all()
    peak, connection = case.column("loads", "p_mw").sum(), case.tables["connections"].iloc[0]
    behind = 4.0 * connection["feeders"]
    assert behind == pytest.approx(0.08 * peak, rel=0.05)
    assert case.column("generators", "max_p_mw").sum() == pytest.approx(1.4 * (peak + behind), rel=0.01)
    largest = case.tables["loads"].set_index("bus")["p_mw"].idxmax()
    assert connection["bus"] == largest


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("buses", [30, 118])
def test_every_import_is_served_and_moves_the_price(buses: int, seed: int) -> None:
    network = gp.synthetic_transmission(buses, seed=seed)
    most = 4.0 * network.column("connections", "feeders")[0]
    runs = [
        gp.clear(with_districts(network, share * most), formulation="dc", price_probes=0) for share in (-0.5, 0.0, 1.0)
    ]
    assert {run.certificate.verdict for run in runs} == {"approximate"}
    bus = network.tables["connections"]["bus"].iloc[0]
    price = [run.table("electricity_prices").set_index("bus").loc[bus, "price_per_mwh"].to_numpy() for run in runs]
    assert (np.diff(price, axis=0) >= -1e-6).all()
    assert (price[2] > price[0] + 0.1).sum() >= 20, "the import spans several price steps in most hours"
    full = runs[2].table("branches").groupby("branch")["loading_percent"].max() > 99.99
    assert full.sum() >= 1, "some line is full"


def test_its_clock_may_be_that_of_a_district() -> None:
    district = gp.read_case(gp.examples.path("ieee33-day") / "case")
    assert pairing_issues(district, gp.synthetic_transmission(30, like=district)) == []
    quarters = gp.synthetic_feeder(33, steps=96, step_minutes=15.0)
    assert pairing_issues(quarters, gp.synthetic_transmission(30, steps=96, step_minutes=15)) == []


@pytest.mark.parametrize("buses", [4, -3, 10**6])
def test_size_out_of_range(buses: int) -> None:
    with pytest.raises(gp.InputError, match="5 to 3000"):
        gp.synthetic_transmission(buses)


@pytest.mark.campaign
def test_three_hundred_buses_clear_too() -> None:
    run = gp.clear(gp.synthetic_transmission(300), formulation="dc", price_probes=2)
    assert run.certificate.verdict == "approximate"
