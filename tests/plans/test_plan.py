"""A plan as a study: settings, limits that cannot be met, the year that it is checked on, what is kept and resumed."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.io.manifest import write_manifest
from gridpact.plans.progress import Found, keep, kept
from gridpact.programs.benders import Cuts, Progress

CASE = Path(__file__).parents[1] / "cases" / "planning-small" / "case"
QUICK = {"extreme_days": False, "workers": 1}


@pytest.fixture(scope="module")
def case() -> gp.Case:
    return gp.read_case(CASE)


@pytest.fixture(scope="module")
def checked(case: gp.Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[gp.Run, Path]:
    """Two typical days of four, checked on all four."""
    out = tmp_path_factory.mktemp("plan") / "run"
    return gp.plan(case, typical_days=2, out=out, year_tolerance=1e-9, saidi_limit_h=3.0, **QUICK), out


WRONG = [
    ("typical_days", 0, "from 1 to 366"),
    ("typical_days", 2.5, "from 1 to 366"),
    ("typical_days", True, "from 1 to 366"),
    ("representation", "mean", "energy_medoid"),
    ("extreme_days", "yes", "true or false"),
    ("discount_rate", -0.01, "0.08 for 8 %"),
    ("discount_rate", "8 %", "0.08 for 8 %"),
    ("budget", -1.0, "most that may be invested"),
    ("budget", math.nan, "most that may be invested"),
    ("max_penetration", -0.5, "over demand"),
    ("saidi_limit_h", 0.0, "hours without supply"),
    ("saidi_limit_h", -1, "hours without supply"),
    ("saifi_limit", -1.0, "interruptions of a customer"),
    ("eens_limit_mwh", -1.0, "in MWh"),
    ("interruption_cost_per_mwh", -5.0, "price of energy"),
    ("carbon_price_per_t", -5.0, "tonne of CO2"),
    ("carbon_price_per_t", math.inf, "tonne of CO2"),
    ("gap", -1e-3, "0.1 %"),
    ("time_limit_s", 0.0, "seconds"),
    ("year_rounds", -1, "from 0 to 20"),
    ("year_tolerance", 0.0, "share of the cost of a year"),
    ("workers", 0, "from 1 to 1000"),
    ("method", "simplex", "benders"),
    ("method", np.array([1, 2]), "benders"),
    ("budget", np.array([1, 2]), "most that may be invested"),
    ("budget", 10**400, "most that may be invested"),
    ("carbon_price_per_t", 1e308, "tonne of CO2"),
    ("gap", pd.NA, "0.1 %"),
    ("workers", np.array([1, 2]), "from 1 to 1000"),
    ("representation", np.array(["medoid", "centroid"]), "energy_medoid"),
    ("cluster", None, "tls://host:port"),
    ("cluster", 5, "tls://host:port"),
]


@pytest.mark.parametrize(("name", "value", "fix"), WRONG)
def test_wrong_settings_are_named_with_what_to_do(case: gp.Case, name: str, value: object, fix: str) -> None:
    with pytest.raises(gp.InputError) as caught:
        gp.plan(case, **{name: value})
    assert len(caught.value.issues) == 1
    assert name in caught.value.issues[0].message
    assert fix in str(caught.value)


def test_a_place_that_is_no_path_is_refused(case: gp.Case) -> None:
    with pytest.raises(gp.InputError, match="out = 5 is not possible"):
        gp.plan(case, out=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [gp.InfeasibleError, gp.NotConverged])
def test_a_plan_whose_days_cannot_be_cleared_is_named(
    case: gp.Case, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """The market of the days is stronger than the relaxation that the search knows: its refusal names the plan."""

    def refused(planned: gp.Case) -> None:
        raise kind("The days are too much.")

    monkeypatch.setattr("gridpact.planning.investment.operation.operated", refused)
    with pytest.raises(kind, match=r"a plan \(.*pv-4: 3.*could not be cleared. The days are too much"):
        gp.plan(case, year_rounds=0, **QUICK)  # type: ignore[arg-type]


def test_a_case_without_candidates_has_nothing_to_plan() -> None:
    with pytest.raises(gp.InputError, match="nothing to plan"):
        gp.plan(gp.examples.path("ieee33-day") / "case")


# The least SAIDI of the small case, 2.364 h, takes both devices, 33,000 in all: found by building everything.
UNREACHABLE = [
    ({"saidi_limit_h": 0.5}, ["saidi_limit_h = 0.5 cannot be met", "2.364 h/a"], {"saidi_limit_h": 1.864}),
    ({"saidi_limit_h": 3.0, "budget": 5000.0}, ["budget = 5000", "33000"], {"budget": 28000.0, "saidi_limit_h": 1.0}),
    ({"saifi_limit": 0.01}, ["saifi_limit = 0.01 cannot be met", "0.76 1/a"], {"saifi_limit": 0.75}),
]


@pytest.mark.parametrize(("limits", "texts", "relax"), UNREACHABLE)
def test_limits_that_cannot_be_met_are_told_with_what_it_would_take(
    case: gp.Case, limits: dict[str, float], texts: list[str], relax: dict[str, float]
) -> None:
    with pytest.raises(gp.InfeasibleError) as caught:
        gp.plan(case, year_rounds=0, **QUICK, **limits)  # type: ignore[arg-type]
    assert all(text in str(caught.value) for text in texts)
    told = {row["constraint"]: row["relax_by"] for row in caught.value.diagnosis}
    assert told == pytest.approx(relax, rel=1e-3)


def test_a_plan_that_was_checked_on_its_year_is_certified_and_opens_again(checked: tuple[gp.Run, Path]) -> None:
    run, out = checked
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["year_days"] == 4
    assert run.summary["year_days_left"] == 0
    assert run.summary["saidi_h"] <= 3.0 < run.summary["saidi_h_before"]
    assert run.table("annual_costs")["after"].sum() == pytest.approx(run.summary["objective"], rel=1e-12)
    again = gp.verify(out)
    assert again.certificate.verdict == "certified"
    assert "year" in {check["name"] for check in again.certificate.checks}
    year = gp.open_run(out / "year")
    assert year.summary["objective"] == pytest.approx(run.table("year")["cost"].sum(), rel=1e-12)


def test_days_that_stand_for_themselves_cost_what_they_are_said_to(checked: tuple[gp.Run, Path]) -> None:
    """A day that joined as it is has the same program in the year: the same cost, up to the two solvers' tolerances."""
    run, _ = checked
    year, scenarios = run.table("year"), run.table("scenarios")
    joined = scenarios.loc[scenarios["kind"] == "worst day of the year", "scenario"]
    assert len(joined) >= 1
    own = year[year["scenario"].isin(joined)]
    assert own["cost"].to_numpy() == pytest.approx(own["estimated_cost"].to_numpy(), rel=1e-6)


def test_a_kept_year_that_was_changed_is_no_run_any_more(checked: tuple[gp.Run, Path], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(checked[1], copy)
    summary = copy / "year" / "summary.json"
    summary.write_text(summary.read_text(encoding="utf-8").replace("1", "2"), encoding="utf-8")
    with pytest.raises(gp.ArchiveError, match=r"summary\.json"):
        gp.verify(copy)


def test_time_that_is_up_leaves_a_plan_with_true_bounds(case: gp.Case) -> None:
    """Any time will do for the first plan; the bound below it is one for the plan found without haste too."""
    hasty = gp.plan(case, time_limit_s=1e-3, gap=0.0, year_rounds=0, **QUICK)
    best = gp.plan(case, gap=1e-6, year_rounds=0, **QUICK)
    assert hasty.summary["objective_lower_bound"] <= best.summary["objective"] * (1 + 1e-9)
    assert hasty.summary["objective"] >= best.summary["objective_lower_bound"] * (1 - 1e-9)


def test_progress_is_read_as_it_was_written(tmp_path: Path) -> None:
    cuts = Cuts(np.array([0, 1]), np.array([1.0, 2.0]), np.array([[0.5, -1.0], [0.0, 3.0]]))
    state = Progress(5.0, cuts, np.ones((1, 3)), np.ones((1, 2)), np.array([True]), np.array([9.0]), 3, 1.5)
    found = Found(state, added=(7,), checked=np.array([0.0, 2.0, 1.0])).after(state)
    keep(tmp_path, found)
    again = kept(tmp_path)
    assert again is not None
    assert again.history == found.history == ((1.0, 3.0, 5.0, 9.0, 4.0 / 9.0, 1.5),)
    assert again.added == (7,) and again.checked is not None
    assert np.array_equal(again.checked, found.checked)
    assert (again.last.upper, again.last.lower, again.last.iteration) == (9.0, 5.0, 3)
    assert np.array_equal(again.last.cuts.slope, cuts.slope)


def test_progress_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    (tmp_path / "progress.npz").write_bytes(b"PK\x03\x04 half of a file")
    assert kept(tmp_path) is None


SCRIPT = """
import sys
import gridpact as gp
from gridpact.plans import rounds
whole = rounds.keep
def slow(folder, found):
    whole(folder, found)
    print("kept", flush=True)
    if len(sys.argv) > 3:
        import time
        time.sleep(60)
rounds.keep = slow
if __name__ == "__main__":
    run = gp.plan(sys.argv[1], out=sys.argv[2], gap=1e-7, extreme_days=False, workers=1, year_rounds=0)
    print(run.summary["iterations"], run.summary["objective"], run.certificate.verdict)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_plan_that_was_killed_goes_on_with_its_bounds(how: signal.Signals, tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(script), str(CASE), str(out)]
    process = subprocess.Popen([*command, "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "kept"
    time.sleep(0.2)
    process.send_signal(how)
    process.communicate(timeout=60)
    before = kept(out.with_name("out.unfinished"))
    assert before is not None
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.splitlines()[-1].endswith("certified")
    table = gp.open_run(out).table("convergence")
    first = before.history[0]
    assert tuple(table.iloc[0][["lower_bound", "upper_bound"]]) == (first[2], first[3])
    assert table["lower_bound"].is_monotonic_increasing
    assert not out.with_name("out.unfinished").exists()


def test_another_plan_is_refused_where_one_grows(case: gp.Case, tmp_path: Path) -> None:
    growing = tmp_path / "out.unfinished"
    growing.mkdir()
    (growing / "request.json").write_text("{}", encoding="utf-8")
    with pytest.raises(gp.InputError, match="another run was begun here"):
        gp.plan(case, out=tmp_path / "out", **QUICK)


def test_demand_that_no_plan_can_serve_is_told_with_its_energy(case: gp.Case) -> None:
    """Imports limited to 0.1 MW: what candidates cannot give in the night stays unserved, and no price helps."""
    narrow = case.with_table("interfaces", case.tables["interfaces"].assign(max_import_mw=0.1))
    with pytest.raises(gp.InfeasibleError, match="No plan serves all demand") as caught:
        gp.plan(narrow, year_rounds=0, **QUICK)
    assert all(row["unit"] == "MWh" and row["relax_by"] > 0.1 for row in caught.value.diagnosis)


def test_a_plan_whose_end_was_cut_off_goes_on(
    case: gp.Case, checked: tuple[gp.Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space is left when the manifest is written: rounds and year are still known, and nothing is in the way."""
    out, asked = tmp_path / "run", {"typical_days": 2, "year_tolerance": 1e-9, "saidi_limit_h": 3.0, **QUICK}

    def full(folder: Path, *rest: Any) -> None:
        if folder.name == "run.unfinished":
            raise OSError(28, "No space left on device")
        write_manifest(folder, *rest)

    with monkeypatch.context() as patched:
        patched.setattr("gridpact.io.archive.write_manifest", full)
        with pytest.raises(OSError, match="No space"):
            gp.plan(case, out=out, **asked)
    growing = out.with_name("run.unfinished")
    begun = kept(growing)
    assert begun is not None and begun.added and (growing / "year").exists()
    run = gp.plan(case, out=out, **asked)
    assert run.certificate.verdict == "certified" and len(run.table("convergence")) == len(begun.history)
    assert gp.open_run(out).summary["objective"] == run.summary["objective"] == checked[0].summary["objective"]
    assert not (out / "progress.npz").exists()


def test_reliability_without_customers_is_no_limit(case: gp.Case) -> None:
    """Indices are averages over customers: a limit or a price of them would be kept by nothing."""
    alone = case.with_table("loads", case.tables["loads"].assign(customers=0.0))
    for asked in ({"saidi_limit_h": 2.0}, {"saifi_limit": 1.0}, {"interruption_cost_per_mwh": 2000.0}):
        with pytest.raises(gp.InputError, match="no load has customers"):
            gp.plan(alone, year_rounds=0, **asked, **QUICK)


def test_a_feeder_with_two_supplies_is_refused_before_the_search(
    case: gp.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its faults cannot be followed, and the tables of reliability belong to every plan of customers."""
    monkeypatch.setattr("gridpact.plans.study.planned_in_rounds", None)
    other = case.tables["interfaces"].assign(interface="other", bus="4")
    twice = case.with_table("interfaces", pd.concat([case.tables["interfaces"], other], ignore_index=True))
    with pytest.raises(gp.InputError, match=r"several interfaces \(value: '1'\)"):
        gp.plan(twice, year_rounds=0, **QUICK)
