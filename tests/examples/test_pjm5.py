"""PJM 5-bus: units convert back, and the published optimum solves the equations exactly, in rational numbers."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

Table = Callable[[str, str], pd.DataFrame]
Expected = Callable[[str], dict[str, Any]]
Source = Callable[[str], pd.DataFrame]
NAME = "pjm5-dc"


def test_lines_convert_back_to_per_unit(table: Table, source: Source) -> None:
    lines, published = table(NAME, "lines"), source("case5/branch.csv").astype(float)
    impedance = 230.0**2 / 100.0
    for column, name in (("r_pu", "r_ohm_per_km"), ("x_pu", "x_ohm_per_km")):
        np.testing.assert_allclose(lines[name] * lines["length_km"] / impedance, published[column], rtol=1e-15)
    charging = 2.0 * math.pi * 60.0 * 1e-9 * lines["c_nf_per_km"] * impedance
    np.testing.assert_allclose(charging, published["b_pu"], rtol=1e-14)


def test_limits_convert_back_to_megavoltampere(table: Table) -> None:
    limits = math.sqrt(3.0) * 230.0 * table(NAME, "lines").set_index("line")["max_i_ka"]
    assert limits["1-2"] == pytest.approx(400.0, rel=1e-12)
    assert limits["4-5"] == pytest.approx(240.0, rel=1e-12)
    assert limits.drop(["1-2", "4-5"]).isna().all()


def test_generators_and_loads(table: Table) -> None:
    generators = table(NAME, "generators").set_index("generator")
    assert generators["max_p_mw"].tolist() == [40.0, 170.0, 520.0, 200.0, 600.0]
    assert generators["cost_per_mwh"].tolist() == [14.0, 15.0, 30.0, 40.0, 10.0]
    assert generators.index[generators["slack"]].tolist() == ["sundance"]
    assert table(NAME, "loads").set_index("bus")["p_mw"].to_dict() == {"2": 300.0, "3": 300.0, "4": 400.0}


@pytest.fixture
def exact(source: Source) -> tuple[list[Fraction], list[Fraction]]:
    """Flow on line 4-5 per MW put in at each bus and taken out at bus 4 (shift factors), and the demand of each bus."""
    branches = source("case5/branch.csv")
    ends = [(int(a) - 1, int(b) - 1) for a, b in zip(branches["from"], branches["to"], strict=True)]
    weight = [1 / Fraction(x) for x in branches["x_pu"]]
    laplacian = [[Fraction(0)] * 5 for _ in range(5)]
    for (i, j), w in zip(ends, weight, strict=True):
        for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
            laplacian[a][b] += sign * w
    kept = [0, 1, 2, 4]
    shift = [Fraction(0)] * 5
    for bus in kept:
        angles = solve([[laplacian[a][b] for b in kept] for a in kept], [Fraction(int(a == bus)) for a in kept])
        shift[bus] = -weight[5] * angles[kept.index(4)]
    demand = [Fraction(d) for d in source("case5/bus.csv")["Pd_MW"]]
    return shift, demand


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss and Jordan, without rounding."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for j in set(range(len(rows))) - {i}:
            rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


def test_the_dispatch_and_its_cost_exactly(exact: tuple[list[Fraction], list[Fraction]], expected: Expected) -> None:
    """Alta and Park City at their limits, Sundance off, line 4-5 full: two equations for Solitude and Brighton."""
    shift, demand = exact
    base = 210 * shift[0] - sum(s * d for s, d in zip(shift, demand, strict=True))
    solitude, brighton = solve([[Fraction(1), Fraction(1)], [shift[2], shift[4]]], [Fraction(790), -240 - base])
    cost = 14 * 40 + 15 * 170 + 30 * solitude + 10 * brighton
    numbers = expected(NAME)
    assert numbers["exact"]["generator_mw"]["solitude"] == pytest.approx(float(solitude), rel=1e-15)
    assert numbers["exact"]["generator_mw"]["brighton"] == pytest.approx(float(brighton), rel=1e-15)
    assert numbers["exact"]["objective"] == pytest.approx(float(cost), rel=1e-15)
    published = numbers["published"]
    assert published["objective"] == pytest.approx(float(cost), rel=published["objective_tolerance_relative"])


def test_the_prices_exactly(exact: tuple[list[Fraction], list[Fraction]], expected: Expected) -> None:
    """Price = energy - shift factor x congestion, with 30 at Solitude and 10 at Brighton, which are marginal."""
    shift, _ = exact
    one = Fraction(1)
    energy, congestion = solve([[one, -shift[2]], [one, -shift[4]]], [Fraction(30), Fraction(10)])
    prices = [float(energy - s * congestion) for s in shift]
    np.testing.assert_allclose(list(expected(NAME)["exact"]["price_per_mwh"].values()), prices, rtol=1e-14)
    np.testing.assert_allclose(list(expected(NAME)["published"]["price_per_mwh"].values()), prices, atol=5.1e-5)
