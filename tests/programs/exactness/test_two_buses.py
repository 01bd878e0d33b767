"""One line with PV at its end: optimum by brute force over the one control, prices by finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.exactness.gap import gap
from gridpact.programs.exactness.ladder import REMEDIES
from tests.programs.exactness.posing import R, X, posed, power_flow, sunny_pair


def best_by_brute_force(cap: float, price: float, pv: float) -> float:
    """Lowest cost over two million levels of the PV at which the voltage stays below the cap."""
    p = np.linspace(0.0, pv, 2_000_001) - 1.0
    imported, v = power_flow(p, -0.2)
    return float((price * imported)[v <= cap**2].min())


@pytest.mark.parametrize(("cap", "price", "pv"), [(1.03, 50.0, 10.0), (1.05, 80.0, 20.0), (1.04, -30.0, 5.0)])
def test_repair_finds_the_optimum_of_a_grid_search(cap: float, price: float, pv: float) -> None:
    """One level of the grid is worth 80 x 1e-5."""
    case = posed(sunny_pair(cap, price, pv))
    repaired = case.repaired()
    assert case.relaxed.cost < repaired.cost - 1.0, "the relaxation is not exact"
    assert repaired.cost == pytest.approx(best_by_brute_force(cap, price, pv), abs=1e-3)
    assert repaired.status == "exact"
    assert np.abs(repaired.gaps).max() <= 1e-8
    assert repaired.kkt_residual <= 1e-6


def test_the_repaired_point_is_a_power_flow() -> None:
    case = posed(sunny_pair())
    x, columns = case.repaired().x, case.form.columns
    sun = case.base_mva * x[columns["renewable_p"]].item()
    imported, v = power_flow(np.array(sun - 1.0), -0.2)
    assert x[columns["voltage"]].ravel() == pytest.approx([1.0, v], abs=1e-8)
    bought = case.base_mva * (x[columns["buy"]] - x[columns["sell"]]).item()
    assert bought == pytest.approx(imported, abs=1e-7)
    assert v == pytest.approx(1.03**2, abs=1e-8), "the cap binds"


@pytest.mark.parametrize("balance", ["active_balance", "reactive_balance"])
@pytest.mark.parametrize("bus", [0, 1])
def test_multipliers_are_finite_differences_of_the_repaired_cost(balance: str, bus: int) -> None:
    """A demand one part in ten thousand larger and smaller; central differences err by its square.

    The gap that the relaxation leaves to these prices is wide: with a fictitious current there is no cap to pay for.
    """
    case = posed(sunny_pair())
    row, step = int(case.form.rows[balance][bus, 0]), 1e-4
    repaired = case.repaired()
    assert repaired.multipliers is not None
    assert repaired.z is not None
    more, less = (case.shifted(row, sign * step).repaired().cost for sign in (-1.0, 1.0))
    price = (more - less) / (2.0 * step)
    assert repaired.multipliers[row] == pytest.approx(price, abs=1e-4)
    assert repaired.z[repaired.form.rows[balance][bus, 0]] == repaired.multipliers[row]


def test_the_price_at_the_cap_by_hand() -> None:
    """With the voltage fixed, demand at bus 2 lets the PV produce as much more: its price is the plant's cost, 0."""
    case = posed(sunny_pair())
    repaired = case.repaired()
    assert repaired.multipliers is not None
    prices = repaired.multipliers[case.form.rows["active_balance"]].ravel() / case.base_mva
    assert prices == pytest.approx([50.0, 0.0], abs=1e-4)


def test_multipliers_on_the_original_rows_satisfy_its_stationarity() -> None:
    """P x + q + A'z = 0 with the original matrices; a tight cone's part is m J s, m of either sign."""
    case = posed(sunny_pair())
    repaired, form = case.repaired(), case.form
    z, s = repaired.multipliers, form.b - form.A @ repaired.x
    assert z is not None
    assert form.P @ repaired.x + form.q + form.A.T @ z == pytest.approx(0.0, abs=1e-5)
    cone = case.rows[:, 0, 0]
    ratio = z[cone] / (s[cone] * [1.0, -1.0, -1.0, -1.0])
    assert ratio == pytest.approx(ratio[0], rel=1e-6)
    assert ratio[0] < 0.0, "a fictitious current would be welcome: that is why the relaxation invents it"


@pytest.mark.parametrize("remedy", REMEDIES)
def test_every_remedy_alone_makes_the_cone_tight(remedy: str) -> None:
    """Prices come from a KKT point only: other remedies leave the point without multipliers."""
    case = posed(sunny_pair())
    repaired = case.repaired((remedy,))
    slack = (case.form.b - case.form.A @ repaired.x)[case.rows]
    assert np.abs(gap(slack)).max() <= 1e-6
    assert repaired.status == ("exact" if remedy == "sequential" else "unpriced")
    assert (repaired.z is None) == (repaired.multipliers is None) == (remedy != "sequential")
    assert repaired.cost >= best_by_brute_force(1.03, 50.0, 10.0) - 1e-3
    assert repaired.remedies == (remedy,)


def test_what_cannot_be_met_ends_open() -> None:
    """PV that must be taken, 10 MW, would lift the voltage above the cap; only a fictitious current lowers it."""
    _, v = power_flow(np.array(9.0), -0.2)
    assert v > 1.03**2 + 2.0 * X * R, "no power flow is within the cap"
    case = posed(sunny_pair(curtailable=False))
    repaired = case.repaired()
    assert repaired.status == "open"
    assert repaired.z is None
    assert repaired.multipliers is None
    assert repaired.open_groups.tolist() == [0]
    assert not repaired.kkt_residual < 1.0
