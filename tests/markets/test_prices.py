"""Prices against finite differences, hand calculations, a second solver and the laws they obey."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridpact as gp
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.pool import clear_pool
from gridpact.markets.prices import nodal_prices
from gridpact.markets.probes import price_probes
from tests.districts import bus, district, interface, line, load, random_feeder, two_buses

EXAMPLES = ["ieee33-day", "papavasiliou15", "papavasiliou15-b", "pjm5-dc"]


def example_cleared(name: str, solver: str = "clarabel"):
    case = gp.read_case(gp.examples.path(name) / "case")
    return clear_pool(case, "dc" if name == "pjm5-dc" else "soc", solver)


def brackets(cleared, count: int) -> pd.DataFrame:
    """Probes with the price and its one-sided difference quotients."""
    prices = outcome_tables(cleared)["electricity_prices"]
    probes = price_probes(cleared, {"electricity_prices": prices}, count, "clarabel")
    energy = probes["step_mw"] * cleared.case.hours
    names = {"electricity": "price_per_mwh", "reactive": "reactive_price_per_mvarh"}
    at = prices.set_index(["snapshot", "bus"])
    price = [at.loc[(row.snapshot, row.bus), names[row.carrier]] for row in probes.itertuples()]
    left = (probes["cost"] - probes["cost_minus"]) / energy
    right = (probes["cost_plus"] - probes["cost"]) / energy
    return probes.assign(price=price, left=left, right=right)


@pytest.mark.parametrize("name", EXAMPLES)
def test_prices_lie_between_the_differences_of_cost(name: str) -> None:
    found = brackets(example_cleared(name), 20)
    assert len(found.drop_duplicates(["snapshot", "bus"])) == 20
    slack = 1e-3 * found["price"].abs().clip(lower=1.0)
    assert (found["left"] - slack <= found["price"]).all()
    assert (found["price"] <= found["right"] + slack).all()


def test_probes_cover_binding_limits_and_reactive_prices() -> None:
    """Every part of the price is non-zero at some probe of the example, and so is the reactive price."""
    cleared = example_cleared("ieee33-day")
    prices = outcome_tables(cleared)["electricity_prices"].set_index(["snapshot", "bus"])
    probes = price_probes(cleared, {"electricity_prices": prices.reset_index()}, 20, "clarabel")
    probed = prices.loc[list(zip(probes["snapshot"], probes["bus"], strict=True))].abs().max()
    for part in ("loss", "voltage", "congestion", "interface"):
        assert probed[f"{part}_per_mwh"] > 0.5, part
    assert probed["reactive_price_per_mvarh"] > 0.5
    assert probed["reactive_loss_per_mwh"] > 1e-4


def two_sided(cleared, prices, balance: str, bus_index: int, step: int) -> tuple[float, float]:
    from gridpact.markets.probes import STEP, _cost

    row = int(cleared.form.rows[balance][bus_index, step])
    money = STEP * cleared.network.base_mva * cleared.case.hours
    low, high = (_cost(cleared, row, sign * STEP, "clarabel") for sign in (-1.0, 1.0))
    return (cleared.solution.cost - low) / money, (high - cleared.solution.cost) / money


@pytest.mark.parametrize("name", EXAMPLES)
def test_second_conic_solver_agrees(name: str) -> None:
    ours, theirs = example_cleared(name), example_cleared(name, "qoco")
    assert theirs.solution.cost == pytest.approx(ours.solution.cost, rel=1e-6)
    for balance in ("active_balance", "reactive_balance"):
        if balance not in ours.form.rows:
            continue
        a, b = ours.price(balance), theirs.price(balance)
        apart = np.argwhere(np.abs(a - b) > 1e-4 * np.maximum(np.abs(a), 1.0))
        # Where the two differ, the price must be a matter of choice: the one-sided differences disagree.
        for n, t in apart[:: max(1, len(apart) // 10)]:
            left, right = two_sided(ours, a, balance, int(n), int(t))
            assert right - left > 1e-4 * max(abs(a[n, t]), 1.0), (name, balance, n, t, a[n, t], b[n, t])


def test_two_buses_by_hand() -> None:
    """Loss price of a single line: d(loss)/d(demand) by differences of the quadratic in the current."""
    case = two_buses()
    cleared = clear_pool(case)
    tables = outcome_tables(cleared)

    def loss(p: float, q: float = 1.0) -> float:
        # v2 solves v2^2 + v2 (2 (r p + x q) - 1) + (r^2 + x^2)(p^2 + q^2) = 0 in per unit of 1 MVA and 10 kV
        r, x = 0.5 / 100.0, 0.4 / 100.0
        half = 0.5 - (r * p + x * q)
        v2 = half + np.sqrt(half**2 - (r**2 + x**2) * (p**2 + q**2))
        return r * (p**2 + q**2) / v2

    assert tables["branches"]["loss_mw"].item() == pytest.approx(loss(2.0), abs=1e-9)
    slope = (loss(2.0 + 1e-5) - loss(2.0 - 1e-5)) / 2e-5
    reactive = (loss(2.0, 1.0 + 1e-5) - loss(2.0, 1.0 - 1e-5)) / 2e-5
    at_load = tables["electricity_prices"].iloc[1]
    assert at_load["price_per_mwh"] == pytest.approx(50.0 * (1.0 + slope), rel=1e-6)
    # Multipliers of an interior-point solution: the accuracy asked of prices between two solvers.
    assert at_load["loss_per_mwh"] == pytest.approx(50.0 * slope, abs=1e-4)
    assert at_load["reactive_price_per_mvarh"] == pytest.approx(50.0 * reactive, abs=1e-4)
    assert at_load["energy_per_mwh"] == pytest.approx(50.0, rel=1e-8)


def test_import_limit_has_its_own_part() -> None:
    """Imports limited to 1.5 of 2 MW: the generator at 80 sets the price, 30 of it are the interface's scarcity."""
    case = two_buses(
        interfaces=[interface(max_import_mw=1.5)],
        generators=[{"generator": "g", "bus": "1", "max_p_mw": 3.0, "cost_per_mwh": 80.0}],
    )
    prices = outcome_tables(clear_pool(case))["electricity_prices"].iloc[0]
    assert prices["price_per_mwh"] == pytest.approx(80.0, rel=1e-7)
    assert prices["interface_per_mwh"] == pytest.approx(30.0, rel=1e-6)
    assert prices["energy_per_mwh"] == pytest.approx(50.0, rel=1e-8)


@pytest.mark.parametrize("price", [40.0, 0.0, -15.0])
def test_no_sign_of_the_price_makes_a_money_pump(price: float) -> None:
    """Nothing to serve: buying in order to sell must not pay, so nothing moves and nothing is earned."""
    case = two_buses(
        interfaces=[interface(price, sell_ratio=0.5, max_import_mw=5.0, max_export_mw=5.0)],
        loads=[load("2", 0.0)],
    )
    cleared = clear_pool(case)
    interface_row = outcome_tables(cleared)["interface"].iloc[0]
    assert min(interface_row["buy_mw"], interface_row["sell_mw"]) == pytest.approx(0.0, abs=1e-6)
    if price > 0:
        assert cleared.solution.cost == pytest.approx(0.0, abs=1e-6)


def test_equal_prices_leave_one_variable() -> None:
    case = two_buses(interfaces=[interface(sell_ratio=1.0)])
    row = outcome_tables(clear_pool(case))["interface"].iloc[0]
    assert row["sell_mw"] == 0.0
    assert row["buy_mw"] == row["import_mw"]


def test_surplus_is_sold_at_the_selling_price() -> None:
    case = two_buses(
        interfaces=[interface(50.0, sell_ratio=0.8)],
        loads=[load("2", 0.1)],
        renewables=[{"renewable": "w", "bus": "1", "kind": "wind", "p_mw": 1.0}],
    )
    tables = outcome_tables(clear_pool(case))
    assert tables["electricity_prices"]["price_per_mwh"].iloc[0] == pytest.approx(40.0, rel=1e-7)
    sold = tables["settlement"].set_index("participant").loc["grid"]
    assert sold["payment"] == pytest.approx(40.0 * sold["energy_mwh"], rel=1e-9)


def test_lindistflow_and_dc_have_no_losses_and_one_price() -> None:
    for formulation in ("lindistflow", "dc"):
        tables = outcome_tables(clear_pool(two_buses(), formulation))
        assert tables["branches"]["loss_mw"].item() == 0.0
        assert tables["electricity_prices"]["price_per_mwh"].to_numpy() == pytest.approx([50.0, 50.0], rel=1e-8)


def test_lindistflow_voltage_by_hand() -> None:
    """v2 = 1 - 2 (r p + x q) with r = 0.005, x = 0.004 per unit."""
    tables = outcome_tables(clear_pool(two_buses(), "lindistflow"))
    assert tables["buses"]["vm_pu"].iloc[1] == pytest.approx(np.sqrt(1 - 2 * (0.005 * 2.0 + 0.004 * 1.0)), abs=1e-8)


def test_congestion_part_in_dc_by_hand() -> None:
    """Three equal lines in a ring, 30 at bus 1 and 60 at bus 2, load 3 MW at bus 3, line 1-3 limited to 1.5 MW.

    p1 = 1.5 and p2 = 1.5 meet the limit: flow(1-3) = (2 p1 + p2) / 3. Raising the demand at 3 by one needs
    d(2 p1 + p2) = 0 with d(p1 + p2) = 1: p1 falls by one, p2 rises by two, price 2 x 60 - 30 = 90.
    """
    ring = [line("12", "1", "2"), line("13", "1", "3", max_i_ka=1.5 / (np.sqrt(3.0) * 10.0)), line("23", "2", "3")]
    case = district(
        buses=[bus("1"), bus("2"), bus("3")],
        lines=ring,
        generators=[
            {"generator": "a", "bus": "1", "max_p_mw": 9.0, "cost_per_mwh": 30.0, "slack": True},
            {"generator": "b", "bus": "2", "max_p_mw": 9.0, "cost_per_mwh": 60.0},
        ],
        loads=[load("3", 3.0)],
    )
    prices = outcome_tables(clear_pool(case, "dc"))["electricity_prices"]
    assert prices["price_per_mwh"].to_numpy() == pytest.approx([30.0, 60.0, 90.0], rel=1e-6)
    assert prices["energy_per_mwh"].to_numpy() == pytest.approx([30.0] * 3, rel=1e-6)
    assert prices["congestion_per_mwh"].to_numpy() == pytest.approx([0.0, 30.0, 60.0], abs=1e-5)


def test_loops_are_refused_where_the_formulation_is_radial() -> None:
    ring = [line("12", "1", "2"), line("13", "1", "3"), line("23", "2", "3"), line("23b", "2", "3")]
    case = district(buses=[bus("1"), bus("2"), bus("3")], lines=ring, interfaces=[interface()], loads=[load("3", 1.0)])
    with pytest.raises(gp.InputError, match=r"2 loop\(s\)"):
        clear_pool(case)
    assert clear_pool(case, "dc").solution.cost == pytest.approx(50.0, rel=1e-7)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 100_000))
def test_parts_add_up_and_money_is_conserved(seed: int) -> None:
    cleared = clear_pool(random_feeder(seed))
    prices = nodal_prices(cleared)
    whole = sum(prices.parts.values())
    assert whole == pytest.approx(prices.active, abs=1e-4 * max(1.0, np.abs(prices.active).max()))
    settlement = outcome_tables(cleared)["settlement"]
    assert settlement["payment_cents"].sum() == 0
    assert settlement["payment"].sum() == pytest.approx(0.0, abs=1e-9 * settlement["payment"].abs().sum())


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 100_000))
def test_random_feeders_have_true_prices(seed: int) -> None:
    found = brackets(clear_pool(random_feeder(seed)), 4)
    slack = 1e-3 * found["price"].abs().clip(lower=1.0)
    assert (found["left"] - slack <= found["price"]).all()
    assert (found["price"] <= found["right"] + slack).all()
