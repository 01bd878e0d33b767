"""Four owners on one feeder: what tariffs make each build alone is not what all need, and two must move together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.owners import owner_of
from gridpact.report.html import render

NAME = "collaborative-planning"
OWNERS = ["homes", "farm", "workshop", "network"]
ALONE = {"homes-pv": 6, "homes-battery": 2, "farm-pv": 2, "farm-wind": 1, "workshop-pv": 5, "workshop-engine": 1}
TOGETHER = {"homes-pv": 6, "farm-pv": 2, "workshop-pv": 5, "farm-wind": 4, "cable-20-21": 1, "cable-21-22": 1}


@pytest.fixture(scope="module")
def run() -> Any:
    return gp.run_study(gp.examples.path(NAME) / "study.toml")


@pytest.fixture(scope="module")
def case(run: Any) -> Case:
    found: Case = run.record.case
    return found


def test_the_plan_is_certified_and_proven(run: Any) -> None:
    assert run.certificate.verdict == "certified"
    assert run.summary["gap_closed"] and run.summary["deal"]
    assert run.summary["objective"] >= run.summary["objective_lower_bound"] * (1.0 - 1e-6)


def test_who_builds_what(run: Any) -> None:
    built = run.table("investments").query("units > 0")
    assert dict(zip(built["asset"], built["units"], strict=True)) == TOGETHER
    alone = run.table("alone_investments").query("units > 0")
    assert dict(zip(alone["asset"], alone["units"], strict=True)) == ALONE
    assert len(run.table("investments")) == 13


def test_what_is_not_built_would_not_pay(run: Any) -> None:
    left = run.table("investments").query("units == 0")
    assert len(left) == 7
    assert (left["marginal_value_per_year"] < 0.0).all()


def test_a_year_costs_a_ninth_less(run: Any) -> None:
    assert run.summary["objective_alone"] == pytest.approx(1_414_542.0, rel=1e-4)
    assert run.summary["surplus"] == pytest.approx(157_334.0, rel=1e-3)
    owners = run.table("owners").set_index("participant")
    assert list(owners.index) == OWNERS
    assert owners["gain"].to_numpy() == pytest.approx(run.summary["surplus"] * np.array([2.0, 2.0, 2.0, 1.0]) / 7.0)
    assert owners["receipt_cents"].sum() == 0
    assert (owners["net_present_value"] > 0.0).all()


def test_farm_and_operator_must_move_together(run: Any) -> None:
    """A cable is worth nothing without turbines, and turbines nothing without cables."""
    schemes = run.table("schemes")
    surplus = schemes.drop_duplicates("scheme").set_index("scheme")["surplus"]
    assert surplus["alternating (baseline)"] < 0.2 * run.summary["surplus"]
    assert surplus["in_turn"] < 0.8 * run.summary["surplus"]
    assert surplus["all together"] == pytest.approx(run.summary["surplus"], rel=1e-5)
    better = run.table("moves").query("taken and why != 'begins'").iloc[-1]
    assert better["scheme"] == "all together" and schemes["scheme"].iloc[-2] == "in_turn"  # and nobody moves after it


def test_the_cables_are_needed_and_the_old_lines_suffice_elsewhere(run: Any) -> None:
    highest = run.table("branches").groupby("branch")["i_ka"].max()
    assert (highest[["20-21", "21-22"]] > 0.06).all()
    assert (highest[["24-25", "32-33"]] <= 0.04 * (1.0 + 1e-6)).all()


def test_nobody_gains_by_another_plan_of_its_own(run: Any) -> None:
    deviations = run.table("deviations")
    assert (deviations[["held_gain", "rebargained_gain"]].to_numpy() < 20.0).all()


def test_characters_of_the_microgrids(case: Case) -> None:
    """By what may be built at whose bus: sun and batteries, wind, an engine."""
    kinds = {
        name: {OWNERS[owner] for owner in owner_of(case, name)}
        for name in ("renewable_candidates", "generator_candidates", "line_candidates", "storage_candidates")
    }
    assert kinds["renewable_candidates"] == {"homes", "farm", "workshop"}
    assert kinds["generator_candidates"] == {"workshop"}
    assert kinds["line_candidates"] == {"network"}
    assert kinds["storage_candidates"] == {"homes", "workshop", "network"}
    load = case.series("loads", "p_mw")[owner_of(case, "loads") == 2][0].reshape(28, 24)
    assert (load[5::7] == load[6::7]).all() and (load[::7].max(axis=1) > 4.0 * load[5::7].max(axis=1)).all()


def test_the_report_tells_the_same(run: Any) -> None:
    page = render(run.record).replace("\u2009", "")
    assert f"{run.summary['surplus']:.0f}" in page and "farm-wind</b> (farm, 1 → 4)" in page
    assert page.count("<figure") > 15
    assert "who builds what" in str(run)
