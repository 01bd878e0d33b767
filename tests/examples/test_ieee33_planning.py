"""The planning cases: a year whose base case holds in its worst hours, with something to decide."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.case.planned import planned_case
from gridpact.clearing import clear
from gridpact.io.folder import read_case
from gridpact.planning.reliability.indices import reliability

UNITS = ("renewable_candidates", "storage_candidates")


@pytest.fixture(scope="module")
def year() -> Case:
    project = Path(__file__).resolve().parents[2]
    return read_case(project / "src/gridpact/examples/ieee33-planning/case")


def test_the_year_has_365_days_of_24_hours(year: Case) -> None:
    assert year.steps == 8760 and year.window == "horizon"
    hours = pd.Series(1, index=year.snapshots).groupby(year.snapshots.date).sum()
    assert len(hours) == 365 and set(hours) == {24}


def test_26_integers_without_ties_and_protection(year: Case) -> None:
    kinds = year.tables["renewable_candidates"]["kind"].value_counts()
    assert dict(kinds) == {"pv": 6, "wind": 6} and year.count("storage_candidates") == 6
    assert sum(year.count(table) for table in (*UNITS, "line_candidates")) == 26
    assert year.count("tie_candidates") == 5 and year.count("protection_candidates") == 10
    assert all(2.0 <= most <= 4.0 for table in UNITS for most in year.column(table, "max_units"))
    assert year.flags("storage_candidates", "islanding").all()


def test_every_load_reaches_1_2_times_its_published_value_once_a_year(
    year: Case, source: Callable[[str], pd.DataFrame]
) -> None:
    """To the kW to which the profiles are rounded."""
    published = source("case33bw/bus.csv")["Pd_kW"].astype(float).to_numpy() / 1000.0
    highest = year.series("loads", "p_mw").max(axis=1)
    np.testing.assert_allclose(highest, 1.2 * published[published > 0.0], atol=5e-4)


def test_the_price_follows_the_load(year: Case, source: Callable[[str], pd.DataFrame]) -> None:
    """The formula that SOURCES.txt tells, from the data anew."""
    data = source("rts_gmlc/day_ahead_2020_pu.csv").astype(float)
    data = data[~((data["month"] == 2) & (data["day"] == 29))]
    regions = data[["load_R1", "load_R2", "load_R3"]].to_numpy()
    system = (regions / regions.max(axis=0)).mean(axis=1)
    system = (system / system.max()).reshape(365, 24)
    price = 30.0 + 60.0 * system + 170.0 * (system - system.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(year.series("interfaces", "price_per_mwh")[0], price.ravel(), atol=0.0501)


@pytest.mark.parametrize("extreme", ["highest", "lowest"])
def test_the_feeder_as_it_is_holds_in_the_worst_days(year: Case, extreme: str) -> None:
    """Limits hold on the days of the highest and the lowest load of bus 18, where the voltage is lowest."""
    load = year.series("loads", "p_mw")[year.ids("loads").index("load-18")].reshape(365, 24).max(axis=1)
    day = int(load.argmax() if extreme == "highest" else load.argmin())
    run = clear(planned_case(year, {}).steps_between(24 * day, 24 * day + 24))
    assert run.certificate.verdict == "certified"
    lowest = 0.938 if extreme == "highest" else 0.9905
    assert run.summary["lowest_vm_pu"] == pytest.approx(lowest, abs=5e-4)


def test_interruptions_of_the_feeder_as_it_is(year: Case) -> None:
    """By hand: 25 of the 32 sections have no fuse before them and hit everybody; 4 and 3 hit a lateral alone.

    SAIFI = 0.05 (25 N + 4 n_19 + 3 n_23) / N, every interruption lasting the 4 h of the repair.
    """
    customers = dict(zip(year.ids("loads"), year.column("loads", "customers"), strict=True))
    everyone = sum(customers.values())
    behind = [sum(customers[f"load-{bus}"] for bus in buses) for buses in ((19, 20, 21, 22), (23, 24, 25))]
    saifi = 0.05 * (25 * everyone + 4 * behind[0] + 3 * behind[1]) / everyone
    system = reliability(planned_case(year, {}))["reliability_system"].iloc[0]
    assert everyone == 1857 == system["customers"]
    assert system["saifi"] == pytest.approx(saifi, rel=1e-12)
    assert system["saidi_h"] == pytest.approx(4.0 * saifi, rel=1e-12)


def test_the_small_case_has_electric_candidates_of_every_kind(project: Path) -> None:
    case = read_case(project / "tests/cases/planning-small/case")
    counts = {table: case.count(table) for table in case.tables if table.endswith("_candidates")}
    assert {table: count for table, count in counts.items() if count} == {
        "renewable_candidates": 3,
        "storage_candidates": 1,
        "generator_candidates": 1,
        "line_candidates": 2,
        "tie_candidates": 1,
        "protection_candidates": 2,
    }
    assert (case.steps, case.count("buses")) == (96, 6)
