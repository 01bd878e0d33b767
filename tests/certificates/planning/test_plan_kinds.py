"""Plans of other kinds are certified: days chosen in other ways, summer time, kept in a folder and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.certificates.planning.plan_judge import certify_plan
from gridpact.certificates.planning.plan_scenarios import days_of
from gridpact.io.archive import read_run, write_run
from gridpact.io.folder import read_case
from gridpact.planning.scenarios.reading import read_days
from gridpact.plans.study import plan
from tests.certificates.planning.plans import SMALL, failed, given, reduced, with_column


def moved(start: str, zone: str, steps: int) -> Case:
    """The small case on other days of the calendar."""
    case = read_case(SMALL)
    other = replace(case, start=pd.Timestamp(start).tz_convert(zone), timezone=zone, steps=steps)
    return replace(other, profiles=case.profiles.iloc[:steps].set_axis(other.snapshots, axis=0))


@pytest.mark.parametrize("made", [given, reduced])
def test_what_was_archived_is_certified_again(made: object, tmp_path: Path) -> None:
    record = given() if made is given else reduced()
    write_run(record, tmp_path / "run")
    again = read_run(tmp_path / "run")
    assert certify_plan(again)["verdict"] == "certified"
    assert [check["name"] for check in certify_plan(again)["checks"]] == [
        check["name"] for check in certify_plan(record)["checks"]
    ]


@pytest.mark.parametrize("representation", ["medoid", "centroid"])
def test_days_represented_in_other_ways_are_certified(representation: str) -> None:
    run = plan(SMALL, typical_days=2, extreme_days=False, representation=representation, year_rounds=0, workers=1)
    assert run.certificate.verdict == "certified"
    table = run.record.tables["scenario_profiles"]["loads/load-3/p_mw"].to_numpy() + np.eye(1, 48)[0] * 1e-6
    assert "plan profiles" in failed(with_column(run.record, "scenario_profiles", "loads/load-3/p_mw", table))


def test_hardly_more_days_than_typical_and_extreme_ones_are_all_taken() -> None:
    run = plan(SMALL, typical_days=1, year_rounds=0, workers=1)
    assert run.table("scenarios")["weight_days"].tolist() == [91.25] * 4
    assert run.certificate.verdict == "certified"


def test_a_day_of_23_hours_counts_by_its_hours() -> None:
    """Both days stand for as many hours of the year as they have: 47 hours, 8760 / 47 times each."""
    record = plan(moved("2030-03-30T00:00:00+01:00", "Europe/Berlin", 47), workers=1).record
    assert record.tables["scenarios"]["weight_days"].tolist() == pytest.approx([365 * 24 / 47, 365 * 23 / 47])
    assert certify_plan(record)["verdict"] == "certified"


@pytest.mark.parametrize(("start", "steps"), [("2030-03-30T00:00:00+01:00", 71), ("2030-10-26T00:00:00+02:00", 73)])
def test_days_of_the_clock_are_read_as_the_plan_reads_them(start: str, steps: int) -> None:
    case = moved(start, "Europe/Berlin", steps)
    known = read_days(case)
    dates, values = days_of(case)
    assert tuple(dates) == known.dates
    assert np.abs(values.transpose(0, 2, 1) - known.values).max() <= 1e-12
