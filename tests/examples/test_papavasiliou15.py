"""The 15-node feeder: units convert back, and the lossless clearing is what a hand calculation says."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
VARIANTS = {"papavasiliou15": "Pd_pu_variantA_Kim", "papavasiliou15-b": "Pd_pu_variantB_Mieth"}
BEHIND = {"papavasiliou15": ["12"], "papavasiliou15-b": ["8", "9", "10", "11", "12"]}


@pytest.mark.parametrize("name", VARIANTS)
def test_lines_convert_back_to_per_unit(name: str, table: Table, source: Callable[[str], pd.DataFrame]) -> None:
    lines, published = table(name, "lines"), source("papavasiliou15/branch.csv").astype(float)
    impedance = 12.66**2 / 1.0
    np.testing.assert_allclose(lines["length_km"] * lines["r_ohm_per_km"] / impedance, published["r_pu"], rtol=1e-15)
    np.testing.assert_allclose(lines["length_km"] * lines["x_ohm_per_km"] / impedance, published["x_pu"], rtol=1e-15)
    np.testing.assert_allclose(math.sqrt(3.0) * 12.66 * lines["max_i_ka"], published["s_max_pu"], rtol=1e-15)


@pytest.mark.parametrize("name", VARIANTS)
def test_shunts_are_capacitors_and_counted_once(name: str, table: Table, source: Callable[[str], pd.DataFrame]) -> None:
    published = source("papavasiliou15/bus.csv")["shunt_Bs_pu"].astype(float)
    assert table(name, "shunts")["q_mvar"].sum() == pytest.approx(-published.sum(), abs=1e-15)
    assert table(name, "shunts")["q_mvar"].max() < 0.0
    assert "c_nf_per_km" not in table(name, "lines")


def test_the_variants_differ_in_one_load_only(table: Table) -> None:
    for name in ("buses", "lines", "interfaces", "generators", "shunts"):
        pd.testing.assert_frame_equal(table("papavasiliou15", name), table("papavasiliou15-b", name))
    a, b = (table(name, "loads").set_index("bus")["p_mw"] for name in VARIANTS)
    assert (a - b)[a != b].to_dict() == {"8": pytest.approx(0.0219 + 0.1969)}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_lossless_clearing_by_hand(name: str, table: Table, expected: Expected) -> None:
    """The generator at 10 serves what is behind the full section and 0.256 MW through it; the root at 50 the rest."""
    demand = table(name, "loads").set_index("bus")["p_mw"]
    generator = 0.256 + demand[BEHIND[name]].sum()
    assert generator < table(name, "generators")["max_p_mw"].item()
    lossless = expected(name)["lossless"]
    assert lossless["generator_mw"] == pytest.approx(generator, abs=1e-12)
    cost = 50.0 * (demand.sum() - generator) + 10.0 * generator
    assert lossless["objective"] == pytest.approx(cost, abs=1e-9)
    assert expected(name)["load_mw"] == pytest.approx(demand.sum(), abs=1e-12)


@pytest.mark.parametrize("name", VARIANTS)
def test_losses_cost_something_and_soften_the_step_of_the_price(name: str, expected: Expected) -> None:
    lossless, soc = expected(name)["lossless"], expected(name)["soc"]
    assert 0.0 < soc["objective"] - lossless["objective"] < 0.01 * lossless["objective"]
    steps = np.array(list(soc["price_per_mwh"].values())) - np.array(list(lossless["price_per_mwh"].values()))
    assert np.abs(steps).max() < 1.7


def test_two_powers_published_for_a_variant_with_two_generators_follow_from_the_loads(table: Table) -> None:
    """SOURCES.txt: root 1.1833 MW, generators 0.2288 MW together, sections 2-3 and 3-4 full at 0.256 MW."""
    demand = table("papavasiliou15-b", "loads").set_index("bus")["p_mw"]
    before = demand[["2", "13", "14", "15"]].sum()
    assert round(before - 0.256, 4) == 1.1833
    assert round(demand.sum() - before + 0.256, 4) == 0.2288
