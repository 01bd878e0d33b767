"""The example of reverse flow: what its text says of the relaxation and of the repair is so."""

from typing import Any

import numpy as np
import pytest

import gridpact as gp

NAME = "reverse-flow"
RELAXED, REPAIRED, LOWEST = 1061.67, 1079.45, 1078.14


@pytest.fixture(scope="module")
def run() -> Any:
    return gp.clear(gp.examples.path(NAME) / "case", price_probes=0)


def test_it_is_repaired_and_certified(run: Any) -> None:
    assert run.certificate.verdict == "certified"
    assert run.summary["price_basis"] == "multipliers of an AC-feasible local optimum"
    assert run.summary["relaxed_objective"] == pytest.approx(RELAXED, abs=0.01)
    assert run.summary["objective"] == pytest.approx(REPAIRED, abs=0.01)
    assert run.table("branches")["cone_gap"].max() <= 1e-6


def test_every_known_cause_occurs_at_its_hours(run: Any) -> None:
    table = run.table("exactness")
    because = table["because"].groupby(table["snapshot"].dt.hour).agg(lambda causes: set(causes))
    cap, full, paid = "buses/vm_max_pu 18", "interfaces/max_export_mw substation", "interfaces/max_import_mw substation"
    wanted = {hour: {cap} for hour in (9, 10, 15, 16)} | {11: {full}, 12: {full}, 13: {paid}, 14: {paid}}
    assert because.to_dict() == wanted


def test_the_relaxation_claims_a_voltage_that_its_set_points_would_not_have(run: Any) -> None:
    relaxed = run.table("relaxed_buses").set_index("bus").loc["18"]
    assert relaxed["vm_pu"].max() == pytest.approx(1.03, abs=1e-6)
    assert relaxed["ac_vm_pu"].max() == pytest.approx(1.057, abs=5e-4)
    assert run.table("buses")["vm_pu"].max() <= 1.03 + 1e-6


def test_power_that_is_curtailed_is_worth_nothing_where_the_relaxation_had_a_price(run: Any) -> None:
    prices, relaxed = run.table("electricity_prices"), run.table("relaxed_buses")
    noon = (prices["bus"] == "18") & prices["snapshot"].dt.hour.between(9, 16)
    np.testing.assert_allclose(prices.loc[noon, "price_per_mwh"], 0.0, atol=1e-3)
    assert relaxed.loc[relaxed["bus"] == "18", "price_per_mwh"].iloc[9] == pytest.approx(12.44, abs=0.01)


def test_no_dispatch_costs_a_thousandth_less() -> None:
    run = gp.clear(gp.examples.path(NAME) / "case", price_probes=0, exactness="certify")
    assert LOWEST - 0.01 <= run.summary["objective_lower_bound"] <= REPAIRED
    assert run.summary["optimality_gap"] <= 2e-3
