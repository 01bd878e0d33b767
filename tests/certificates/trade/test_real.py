"""Trades as the market makes them, under every method, rule and role: certified, and for what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_before
from gridpact.certificates.trade.judge import certify_trade
from gridpact.results.record import Record
from tests.certificates.spoil import check, failed
from tests.certificates.trade.made import operator, trading_case, unit
from tests.certificates.trade.test_mutations import unseen
from tests.certificates.trade.variants import AT_BUSES, ZONES, tariffs

METHODS = ("atc", "cf_admm", "central")


def reactive_case() -> Case:
    """A generator and an inverter whose reactive power is free, so that it is exchanged as well."""
    gas = {**unit("gas", "3", 55.0), "min_q_mvar": -0.3, "max_q_mvar": 0.3}
    wind = {"renewable": "wind", "bus": "5", "kind": "wind", "p_mw": 0.5, "sn_mva": 1.0}
    return trading_case(generators=[gas, unit("diesel", "4", 75.0), unit("biogas", "5", 35.0)], renewables=[wind])


def limited_case() -> Case:
    """One may not sell all that it would, another not buy."""
    ends = {**AT_BUSES[0], "max_buy_mw": 0.1}, {**AT_BUSES[2], "max_sell_mw": 0.4}
    return trading_case(microgrids=[ends[0], AT_BUSES[1], ends[1]])


def given_case() -> Case:
    """What two of them have without a deal is a number; the third stays alone."""
    costs = (80.0, 150.0)
    given = [
        {**one, "disagreement": "given", "disagreement_cost": cost} for one, cost in zip(AT_BUSES, costs, strict=False)
    ]
    return trading_case(microgrids=[*given, AT_BUSES[2]])


def zone_case() -> Case:
    zones = ("hill", "dale", "dale")
    return trading_case(
        microgrids=[{**one, "zone": zone} for one, zone in zip(AT_BUSES, zones, strict=True)],
        network_operator=[operator(fee_rule="zone")],
        zone_fees=ZONES,
    )


def under(**rule: Any) -> Case:
    return trading_case(network_operator=[operator(**rule)])


CASES = {
    "flat": trading_case,
    "party": lambda: under(role="party", weight=2.0),
    "distance": lambda: under(fee_rule="distance", fee_per_mwh_km=1.0),
    "network": lambda: trading_case(network_operator=[{"operator": "company", "fee_rule": "network"}]),
    "zone": zone_case,
    "cost": lambda: under(fee_kind="cost", grid_fee_per_mwh=2.0, pair_fee_per_mwh=1.0),
    "limits": limited_case,
    "reactive": reactive_case,
    "tariff": lambda: trading_case(microgrids=tariffs(80.0, 30.0)),
    "given": given_case,
    "no deal": lambda: trading_case(
        microgrids=tariffs(60.0, 40.0), network_operator=[operator(grid_fee_per_mwh=20.0, pair_fee_per_mwh=20.0)]
    ),
    "weights": lambda: trading_case(
        microgrids=[{**one, "weight": w} for one, w in zip(AT_BUSES, (1.0, 3.0, 0.5), strict=True)]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_trade_is_certified(name: str) -> None:
    run = gp.trade(CASES[name]())
    assert failed(run.record.certificate) == set()
    assert run.certificate.verdict == "certified"
    assert run.summary["deal"] == (name != "no deal")
    paid = [run.summary[figure] for figure in ("traded_mwh", "network_mwh", "fee_revenue")]
    assert (sum(paid) > 0.0) == run.summary["deal"] == bool(run.table("trades")["agreed"].all())
    assert run.table("fees")["amount"].any() == bool(run.table("sheet")["fee_payment"].any())


def paid_to_take() -> Case:
    """At a tariff of -20 a storage would charge and discharge at once, to lose as much as it can."""
    store = {
        "storage": "store", "bus": "4", "energy_mwh": 0.6, "charge_mw": 0.3, "discharge_mw": 0.3,
        "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.2,
    }  # fmt: skip
    return trading_case(microgrids=tariffs(-20.0, -25.0), storages=[store])


def test_a_fallback_whose_storages_are_held_one_way_is_proven() -> None:
    """The bound is the one that a clearing of the microgrids at their tariffs has of itself."""
    run = gp.trade(paid_to_take(), coalitions="none")
    assert "before_microgrids_storage_modes" in run.record.tables
    assert run.certificate.failures() == []
    alone = gp.clear(microgrids_before(run.record.case).marked_validated(), price_probes=0)
    bound = run.summary["before_microgrids_objective_bound"]
    assert bound == pytest.approx(alone.summary["objective_bound"], rel=1e-6)
    assert "before_network_objective_bound" not in run.summary
    for lie in (bound - 0.1, None, "least"):
        told = {**run.record.summary, "before_microgrids_objective_bound": lie}
        found = certify_trade(replace(run.record, summary=told))
        assert failed(found) == {"before microgrids: integer_gap"}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_certified_and_finds_the_same(method: str) -> None:
    """The cost of one hand, to a millionth of what is drawn."""
    run = gp.trade(reactive_case(), method=method)
    assert failed(run.record.certificate) == set()
    assert check(run.record.certificate, "trade near central")["value"] < 1e-6


def test_a_relaxation_taken_as_it_is_is_approximate() -> None:
    run = gp.trade(trading_case(), exactness="off")
    assert run.certificate.verdict == "approximate"


def test_without_reference_and_coalitions() -> None:
    run = gp.trade(trading_case(), reference=False, coalitions="none")
    assert run.certificate.verdict == "certified"
    names = [entry["name"] for entry in run.record.certificate["checks"]]
    assert "trade near central" not in names and "trade shapley" not in names


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["reactive", "cost", "limits", "given"])
def test_numbers_of_real_trades_are_judged(name: str) -> None:
    record: Record = gp.trade(CASES[name]()).record
    assert list(unseen(record, seed=3, share=1.0)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("method", METHODS)
def test_the_example_is_certified(method: str) -> None:
    """With heat, storages, demand that may be shifted, and limits that bind."""
    run = gp.trade(gp.examples.path("three-microgrids") / "case", method=method)
    assert failed(run.record.certificate) == set()
    assert check(run.record.certificate, "trade gap")["value"] < 1e-5
