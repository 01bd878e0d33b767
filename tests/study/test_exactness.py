"""The setting ``exactness`` from outside: what each value does, through windows, days and integers; remedies compared.

A feeder of three buses with more reactance than resistance; at noon there is more PV than its voltage cap lets through.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact import bench
from gridpact.cli import main
from gridpact.errors import InfeasibleError, InputError
from tests.districts import bus, district, interface, line, load, two_buses

REPAIRED = "multipliers of an AC-feasible local optimum"
BATTERY = {
    "storage": "cell", "bus": "2", "energy_mwh": 2.0, "charge_mw": 0.5, "discharge_mw": 0.5,
    "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.5, "wear_cost_per_mwh": 1.0,
}  # fmt: skip

PV = {"renewable": "pv", "bus": "3", "kind": "pv", "p_mw": 4.0}


def sunny(days: int = 1, **more: object) -> gp.Case:
    """Days of 24 hours, the second one with half of the sun; hours of the night are tight."""
    hour = np.arange(24 * days)
    sun = 4.0 * np.maximum(0.0, np.sin(np.pi * (hour % 24 - 6) / 12)) * np.where(hour < 24, 1.0, 0.5)
    price = 40.0 + 25.0 * np.cos(hour / 3.0)
    parts: dict[str, object] = {
        "buses": [bus("1"), bus("2", 0.9, 1.03), bus("3", 0.9, 1.03)],
        "lines": [line("a", "1", "2", 0.6, 1.0), line("b", "2", "3", 0.6, 1.0)],
        "interfaces": [interface(sell_ratio=0.9)],
        "loads": [load("2", 0.2, 0.1)],
        "renewables": [PV],
        "storages": [BATTERY],
    }
    profiles = {"renewables/pv/p_mw": sun.tolist(), "interfaces/grid/price_per_mwh": price.tolist()}
    return district(profiles, steps=24 * days, **{name: part for name, part in (parts | more).items() if part})


@pytest.fixture(scope="module")
def repaired() -> gp.Run:
    return gp.clear(sunny(), price_probes=2)


def test_a_day_is_repaired(repaired: gp.Run) -> None:
    assert repaired.certificate.verdict == "certified", repaired.certificate.failures()
    assert repaired.summary["price_basis"] == REPAIRED
    assert repaired.summary["relaxed_objective"] <= repaired.summary["objective"]
    assert set(repaired.table("exactness")["branch"]) <= {"a", "b"}
    hours = {at.hour for at in repaired.table("exactness")["snapshot"]}
    assert hours
    assert hours <= set(range(6, 19))  # nothing is loose where there is no sun


def test_check_fails_and_marks_nothing(repaired: gp.Run) -> None:
    """The relaxation as it is, refused: no price counts, and the cost is what the repaired run says of it."""
    run = gp.clear(sunny(), exactness="check", price_probes=0)
    assert run.certificate.verdict == "failed"
    assert "cone_gap" in {entry["name"] for entry in run.certificate.failures()}
    assert not run.table("electricity_prices")["certified"].any()
    assert run.summary["price_mean_per_mwh"] is None
    assert run.summary["objective"] == pytest.approx(repaired.summary["relaxed_objective"], rel=1e-9)


def test_off_is_approximate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken as it is, and said so: no failure, and no certified price."""
    gp.write_case(sunny(), tmp_path / "case")
    (tmp_path / "study.toml").write_text('question = "clear"\ncase = "case"\n[settings]\nexactness = "off"\n')
    code = main(["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "run")])
    assert "approximate" in capsys.readouterr().out
    assert code == 0
    assert not gp.open_run(tmp_path / "run").table("electricity_prices")["certified"].any()


def test_what_is_tight_stays_as_it_is() -> None:
    """The same bits whatever the setting; only "off" takes the certificate back."""
    runs = {name: gp.clear(two_buses(), exactness=name) for name in ("off", "check", "repair", "certify")}
    assert [run.certificate.verdict for run in runs.values()] == ["approximate", *["certified"] * 3]
    first = runs["check"]
    for run in runs.values():
        for table, column in (("electricity_prices", "price_per_mwh"), ("settlement", "payment"), ("buses", "vm_pu")):
            assert (run.table(table)[column] == first.table(table)[column]).all()
        assert run.summary["objective"] == first.summary["objective"]
        assert run.summary["price_basis"] == "multipliers"
    assert len(runs["repair"].table("exactness")) == 0


def test_certify_proves_a_gap(repaired: gp.Run) -> None:
    run = gp.clear(sunny(), exactness="certify", price_probes=0)
    assert run.certificate.verdict == "certified"
    assert 0.0 <= run.summary["optimality_gap"] <= 5e-3
    assert run.summary["objective_lower_bound"] >= run.summary["relaxed_objective"]
    assert run.summary["objective"] <= repaired.summary["objective"] + 1e-6


def test_windows_are_repaired_as_if_alone() -> None:
    case = sunny(2, window="day")
    run = gp.clear(case, price_probes=1)
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["price_basis"] == REPAIRED
    alone = [gp.clear(case.steps_between(first, first + 24), price_probes=0) for first in (0, 24)]
    assert run.summary["objective"] == pytest.approx(sum(day.summary["objective"] for day in alone), rel=1e-6)


def test_days_are_repaired(tmp_path: Path, repaired: gp.Run) -> None:
    run = gp.clear_days(sunny(2), out=tmp_path / "days")
    days = run.table("days")
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert days["status"].tolist() == ["cleared"] * 2
    assert days["objective"].to_numpy()[0] == pytest.approx(repaired.summary["objective"], rel=1e-6)
    assert gp.verify(tmp_path / "days").certificate.verdict == "certified"


def test_a_day_without_a_dispatch_is_left(tmp_path: Path) -> None:
    """PV that must be taken: too much on the first day, which only the relaxation would pass; the second one stands."""
    case = sunny(2, renewables=[{**PV, "curtailable": False}], storages=None)
    assert gp.clear(case.steps_between(0, 24), exactness="off", price_probes=0).summary["objective"] < 0.0
    run = gp.clear_days(case, out=tmp_path / "days")
    assert run.certificate.verdict == "failed"
    assert run.table("days")["status"].tolist() == ["infeasible", "cleared"]
    assert list(run.summary["days_left"]) == ["2030-01-01T00:00:00+00:00"]
    assert set(run.table("electricity_prices")["snapshot"].dt.day) == {2}
    with pytest.raises(InfeasibleError) as raised:
        gp.clear(case.with_window("day"), price_probes=0)
    assert {entry["snapshot"].day for entry in raised.value.diagnosis} == {1}


def test_a_commitment_is_held() -> None:
    """A unit whose cost lies between the prices runs for the hours that the mixed-integer relaxation chose."""
    unit = {"generator": "unit", "bus": "2", "min_p_mw": 0.3, "max_p_mw": 0.6, "min_q_mvar": -0.2, "max_q_mvar": 0.2,
            "cost_per_mwh": 45.0, "committable": True, "min_up_h": 4, "start_cost": 3.0}  # fmt: skip
    case = sunny(generators=[unit], storages=[BATTERY])
    run, relaxed = (gp.clear(case, exactness=name, price_probes=2) for name in ("repair", "check"))
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["price_basis"] == f"{REPAIRED} with the commitment held"
    on = run.table("commitment")["on"]
    assert 0 < on.sum() < len(on)
    assert (on == relaxed.table("commitment")["on"]).all()


def test_an_unknown_setting() -> None:
    with pytest.raises(InputError, match="exactness"):
        gp.clear(two_buses(), exactness="maybe")


def test_remedies_side_by_side() -> None:
    """3 hours whose optimum is the same for all that find it: the smallest and the largest are one in 10,000 apart."""
    case = sunny().steps_between(11, 14)
    table = gp.compare_remedies(case).set_index("remedy")
    assert table.columns.tolist() == [
        "status", "cost", "above_best_percent", "largest_gap_pu", "programs", "seconds",
    ]  # fmt: skip
    assert table.loc["relaxed", "status"] == "open"
    assert table.loc["relaxed", "largest_gap_pu"] > 1.0
    closed = table.drop("relaxed")
    assert closed["status"].isin(["exact", "unpriced"]).all()
    assert (table.loc[["sequential", "ipopt", "all"], "status"] == "exact").all()
    assert closed["largest_gap_pu"].max() <= 1e-6
    assert closed["above_best_percent"].min() == 0.0
    assert table.loc["relaxed", "above_best_percent"] < 0.0
    assert table.loc[["sequential", "ipopt", "all"], "above_best_percent"].max() <= 0.01
    assert (table["programs"] >= 1).all()
    run = gp.clear(case, price_probes=0)
    assert table.loc["all", "cost"] == pytest.approx(run.summary["objective"], rel=1e-9)
    assert table.loc["relaxed", "cost"] == pytest.approx(run.summary["relaxed_objective"], rel=1e-9)


def test_shares_are_of_what_is_at_stake() -> None:
    """Cost over the cheapest closed point, over the larger of its cost and its trade, recalculated from the run."""
    case = sunny().steps_between(11, 14)
    table = gp.compare_remedies(case, ["relaxed", "all"]).set_index("remedy")
    assert table.index.tolist() == ["relaxed", "all"]
    run = gp.clear(case, price_probes=0)
    traded = run.table("interface")["import_mw"].abs().to_numpy()
    gross = float((traded * case.series("interfaces", "price_per_mwh")[0]).sum())
    scale = max(abs(run.summary["objective"]), gross)
    share = 100.0 * (table.loc["relaxed", "cost"] - table.loc["all", "cost"]) / scale
    assert table.loc["relaxed", "above_best_percent"] == pytest.approx(share, rel=1e-9)


def test_remedies_of_what_is_tight() -> None:
    table = gp.compare_remedies(two_buses())
    assert table.loc[table["remedy"].isin(["relaxed", "all"]), "status"].tolist() == ["tight", "tight"]
    assert table["status"].isin(["tight", "exact", "unpriced"]).all()
    assert table["above_best_percent"].abs().max() <= 1e-5


def test_remedies_where_no_dispatch_is() -> None:
    """PV of 4 MW that must be taken: no remedy closes the gaps, and the proof is told."""
    case = sunny(renewables=[{**PV, "curtailable": False}], storages=None).steps_between(12, 13)
    table = gp.compare_remedies(case).set_index("remedy")
    assert table.loc["all", "status"] == "infeasible"
    assert np.isnan(table.loc["all", "cost"])
    assert table["above_best_percent"].isna().all()
    assert set(table.drop("all")["status"]) <= {"open", "stopped"}


@pytest.mark.parametrize("remedies", [[], ["magic"], ["cuts", "magic"], "cuts"])
def test_remedies_that_are_none(remedies: list[str]) -> None:
    with pytest.raises(InputError, match="remedies"):
        gp.compare_remedies(two_buses(), remedies)


def test_shares_of_the_benchmark_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relaxed 0.1 s; the first check does not count, of 2, 4 and 9 ms the median is 4 %; of 3, 5 and 2 times 0.1 s the
    median is 3 and the largest 5."""
    seconds = iter([1.0, 0.002, 0.009, 0.004, *[0.3] * 3, *[0.5] * 3, *[0.2] * 3])
    monkeypatch.setattr(bench, "_exact", lambda case: (0.1, next(seconds)))
    figures = bench._exactness(3)
    assert figures["exactness check of a tight day, s"] == pytest.approx(0.004)
    assert figures["exactness check over the clearing"] == pytest.approx(0.04)
    assert figures["repair of a day below zero, s"] == pytest.approx(0.5)
    assert figures["repair of a day over its relaxed clearing, median"] == pytest.approx(3.0)
    assert figures["repair of a day over its relaxed clearing, largest"] == pytest.approx(5.0)


def test_hard_days_of_the_benchmark_are_hard() -> None:
    """Valid, inexact in many branches and hours, and repaired: the one at the cap is cleared here."""
    days = bench.hard_days()
    assert len(days) == 3
    assert [issue for case in days.values() for issue in gp.validate(case)] == []
    run = gp.clear(days["at a voltage cap"], price_probes=0)
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["price_basis"] == REPAIRED
    assert len(run.table("exactness")) > 20
