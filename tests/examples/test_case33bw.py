"""The 33-node base case: totals, switches, and its published power flow found again by a fixed-point sweep."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
Complex = NDArray[np.complex128]


@pytest.fixture
def closed(table: Table) -> pd.DataFrame:
    """The lines that carry current."""
    switches = table("case33bw", "switches")
    lines = table("case33bw", "lines")
    return lines[~lines["line"].isin(switches.loc[~switches["closed"], "line"])]


@pytest.fixture
def flow(table: Table, closed: pd.DataFrame) -> tuple[Complex, Complex, complex]:
    """Voltages of buses 2 to 33 in p.u., line currents in p.u. on 1 MVA, and losses in MVA, at 12.66 kV.

    With the tree's incidence A (buses by lines, without bus 1): currents J = A^-1 conj(S / V), voltages
    V = 1 - A^-T (z J), repeated until they stand still (Shirmohammadi and others, IEEE Trans. Power Systems
    3(2), 1988).
    """
    loads = table("case33bw", "loads").set_index("bus")
    buses = table("case33bw", "buses")["bus"].to_numpy(dtype=str)[1:]
    demand = (loads["p_mw"] + 1j * loads["q_mvar"]).reindex(buses).to_numpy()
    z = (closed["r_ohm_per_km"] + 1j * closed["x_ohm_per_km"]).to_numpy() / 12.66**2
    ends = [np.equal.outer(buses, closed[end].to_numpy(dtype=str)).astype(float) for end in ("to_bus", "from_bus")]
    tree = ends[0] - ends[1]
    voltage: Complex = np.ones(len(buses), dtype=np.complex128)
    for _ in range(50):
        current = np.linalg.solve(tree, np.conj(demand / voltage))
        voltage = (1.0 - np.linalg.solve(tree.T, z * current)).astype(np.complex128)
    return voltage, current, complex(z @ np.abs(current) ** 2)


def test_the_loads_are_the_published_ones_in_megawatt(table: Table, expected: Expected) -> None:
    loads = table("case33bw", "loads")
    assert loads["p_mw"].sum() == pytest.approx(expected("case33bw")["load_mw"], abs=1e-12)
    assert loads["q_mvar"].sum() == pytest.approx(expected("case33bw")["load_mvar"], abs=1e-12)


def test_the_five_ties_are_open(closed: pd.DataFrame, table: Table) -> None:
    assert len(table("case33bw", "lines")) == 37
    assert len(closed) == 32
    assert not {"21-8", "9-15", "12-22", "18-33", "25-29"} & set(closed["line"])


def test_losses_are_the_published_ones(flow: tuple[Complex, Complex, complex], expected: Expected) -> None:
    loss = 1000.0 * flow[2]
    assert loss.real == pytest.approx(expected("case33bw")["loss_kw"], rel=1e-9)
    assert loss.imag == pytest.approx(expected("case33bw")["loss_kvar"], rel=1e-9)


def test_voltages_are_the_published_ones(flow: tuple[Complex, Complex, complex], expected: Expected) -> None:
    published = expected("case33bw")
    np.testing.assert_allclose(np.abs(flow[0]), list(published["vm_pu"].values())[1:], atol=6e-7)
    assert np.abs(flow[0]).min() == pytest.approx(published["vm_min_pu"], abs=1e-10)
    assert str(2 + int(np.argmin(np.abs(flow[0])))) == published["vm_min_bus"] == "18"


def test_the_expected_cost_is_the_bought_energy(flow: tuple[Complex, Complex, complex], expected: Expected) -> None:
    published = expected("case33bw")
    bought = published["load_mw"] + flow[2].real
    assert published["objective"] == pytest.approx(published["price_per_mwh"] * bought, rel=1e-9)


def test_the_weak_section_of_the_example_day_carries_the_base_case(
    flow: tuple[Complex, Complex, complex], closed: pd.DataFrame, table: Table
) -> None:
    limits = table("ieee33-day", "lines").set_index("line")["max_i_ka"]
    carried = pd.Series(np.abs(flow[1]) / (np.sqrt(3.0) * 12.66), index=closed["line"])
    assert (carried < limits[carried.index]).all()
    assert round(carried["23-24"], 3) == 0.044 and limits["23-24"] == 0.045
