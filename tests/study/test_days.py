"""A long horizon day by day: kept in parts, resumed, judged, and what cannot be cleared named."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.days import clear_part, part_name
from gridpact.errors import ArchiveError, InputError
from tests.districts import bus, district, interface, line

STEPS = 24 * 10


def _ten_days(worst: float = 1.0) -> gp.Case:
    """Ten summer days of two buses with a storage; ``worst`` scales the load of the fourth day."""
    hour = np.arange(STEPS)
    load = 1.0 + 0.4 * np.sin(hour / 5.0)
    load[72:96] *= worst
    return district(
        profiles={
            "loads/town/p_mw": load.tolist(),
            "interfaces/grid/price_per_mwh": (40.0 + 15.0 * np.cos(hour / 7.0)).tolist(),
        },
        start="2026-06-01T00:00:00+02:00",
        timezone="Europe/Berlin",
        steps=STEPS,
        buses=[bus("1"), bus("2")],
        lines=[line("1-2", "1", "2")],
        interfaces=[interface()],
        loads=[{"load": "town", "bus": "2", "p_mw": 1.0, "q_mvar": 0.2}],
        storages=[{"storage": "cell", "bus": "2", "energy_mwh": 1.0, "charge_mw": 0.4, "discharge_mw": 0.4,
                   "efficiency_charge": 0.95, "efficiency_discharge": 0.95, "initial_mwh": 0.5,
                   "wear_cost_per_mwh": 1.0}],
    )  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("days") / "run"
    gp.clear_days(_ten_days(), out=out)
    return out


def test_days_are_what_one_clearing_of_all_windows_gives(kept: Path) -> None:
    run, whole = gp.open_run(kept), gp.clear(_ten_days().with_window("day"), price_probes=0)
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["days"] == run.summary["days_cleared"] == 10
    assert run.summary["objective"] == pytest.approx(whole.summary["objective"], rel=1e-8)
    for figure in ("load_mwh", "import_mwh", "loss_mwh", "lowest_vm_pu", "highest_vm_pu", "price_mean_per_mwh"):
        assert run.summary[figure] == pytest.approx(whole.summary[figure], rel=1e-6), figure
    own, once = (each.table("electricity_prices") for each in (run, whole))
    assert own["snapshot"].equals(once["snapshot"])
    assert (own["price_per_mwh"] - once["price_per_mwh"]).abs().max() < 1e-4


def test_the_table_of_days_adds_up(kept: Path) -> None:
    """Energy of a day by hand from the dispatch: what the load takes and what the interface brings."""
    run = gp.open_run(kept)
    days, dispatch = run.table("days"), run.table("dispatch")
    loads = dispatch[dispatch["kind"] == "load"]["p_mw"].to_numpy().reshape(10, 24).sum(axis=1)
    assert days["load_mwh"].to_numpy() == pytest.approx(-loads)
    bought = run.table("interface")["import_mw"].to_numpy().reshape(10, 24).sum(axis=1)
    assert days["import_mwh"].to_numpy() == pytest.approx(bought)
    assert days["objective"].sum() == pytest.approx(run.summary["objective"])
    assert list(days["snapshot"].dt.strftime("%d")) == [f"{day:02}" for day in range(1, 11)]


def test_every_part_is_a_run_of_its_own(kept: Path) -> None:
    parts = sorted((kept / "parts").iterdir())
    assert [part.name for part in parts] == [f"2026-06-{day:02}" for day in (1, 3, 5, 7, 9)]
    assert all(gp.verify(part).certificate.verdict == "certified" for part in parts)


def test_verify_judges_every_part_anew(kept: Path) -> None:
    assert gp.verify(kept).certificate.verdict == "certified"


def test_two_workers_give_the_same_bits(kept: Path, tmp_path: Path) -> None:
    run = gp.clear_days(_ten_days(), out=tmp_path / "two", workers=2)
    pd.testing.assert_frame_equal(run.table("days"), gp.open_run(kept).table("days"), check_exact=True)


def test_a_day_that_cannot_be_cleared_is_named_and_the_others_finish(tmp_path: Path) -> None:
    run = gp.clear_days(_ten_days(worst=40.0), out=tmp_path / "run")
    days = run.table("days")
    assert days["status"].tolist() == ["cleared"] * 3 + ["infeasible"] + ["cleared"] * 6
    assert list(run.summary["days_left"]) == ["2026-06-04T00:00:00+02:00"]
    assert run.certificate.verdict == "failed"
    assert [check["name"] for check in run.certificate.failures()] == ["days_cleared"]
    assert run.table("electricity_prices")["snapshot"].nunique() == STEPS - 24
    assert "2026-06-04" in str(run)
    assert gp.verify(tmp_path / "run").certificate.verdict == "failed"


def test_an_interrupted_run_goes_on_where_it_stopped(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after two parts; the second call clears the other three only."""
    done: list[str] = []

    def counting(part: object) -> object:
        if len(done) == 2 and stop:
            raise KeyboardInterrupt
        done.append(part_name(part.case))  # type: ignore[attr-defined]
        return clear_part(part)  # type: ignore[arg-type]

    monkeypatch.setattr("gridpact.days.clear_part", counting)
    stop = True
    with pytest.raises(KeyboardInterrupt):
        gp.clear_days(_ten_days(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    stop = False
    run = gp.clear_days(_ten_days(), out=tmp_path / "run")
    assert done == [f"2026-06-{day:02}" for day in (1, 3, 5, 7, 9)]
    pd.testing.assert_frame_equal(run.table("days"), gp.open_run(kept).table("days"), check_exact=True)
    assert not (tmp_path / "run.unfinished").exists()


def test_an_end_that_was_not_reached_is_written_again(kept: Path, tmp_path: Path) -> None:
    """Killed after the last part and before the folder got its name."""
    shutil.copytree(kept, tmp_path / "run.unfinished")
    run = gp.clear_days(_ten_days(), out=tmp_path / "run")
    assert run.summary["objective"] == gp.open_run(kept).summary["objective"]
    assert gp.verify(tmp_path / "run").certificate.verdict == "certified"


def test_a_part_that_was_spoilt_before_the_end_is_cleared_again(kept: Path, tmp_path: Path) -> None:
    """As a loss of power may leave it."""
    shutil.copytree(kept, tmp_path / "run.unfinished")
    (tmp_path / "run.unfinished" / "parts" / "2026-06-03" / "tables" / "dispatch.parquet").write_bytes(b"")
    run = gp.clear_days(_ten_days(), out=tmp_path / "run")
    assert run.certificate.verdict == "certified"
    pd.testing.assert_frame_equal(run.table("days"), gp.open_run(kept).table("days"), check_exact=True)


def test_an_unfinished_run_of_something_else_is_not_mixed_in(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "run.unfinished")
    with pytest.raises(InputError, match="another run was begun here"):
        gp.clear_days(_ten_days(worst=0.9), out=tmp_path / "run")
    with pytest.raises(InputError, match="another run was begun here"):
        gp.clear_days(_ten_days(), out=tmp_path / "run", formulation="lindistflow")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run.unfinished").mkdir()
    (tmp_path / "run.unfinished" / "thesis.txt").write_text("three years of work")
    with pytest.raises(InputError, match="not empty"):
        gp.clear_days(_ten_days(), out=tmp_path / "run")
    assert (tmp_path / "run.unfinished" / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({}, "out"), ({"window": "month"}, "window"), ({"workers": 0}, "workers"), ({"exactness": "hope"}, "exactness")],
)
def test_wrong_arguments_are_named(tmp_path: Path, arguments: dict[str, object], word: str) -> None:
    given = {"out": tmp_path / "run", **arguments} if arguments else {}
    with pytest.raises(InputError, match=word):
        gp.clear_days(_ten_days(), **given)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("victim", ["tables/buses.parquet", "summary.json", "manifest.json"])
def test_a_part_that_was_changed_is_found(kept: Path, tmp_path: Path, victim: str) -> None:
    shutil.copytree(kept, tmp_path / "run")
    path = tmp_path / "run" / "parts" / "2026-06-03" / victim
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ArchiveError):
        gp.verify(tmp_path / "run")


def test_a_part_that_is_missing_is_found(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "parts" / "2026-06-05")
    with pytest.raises(ArchiveError, match="2026-06-05"):
        gp.open_run(tmp_path / "run")


SCRIPT = """
import sys
import gridpact as gp
gp.clear_days(sys.argv[1], out=sys.argv[2], workers=int(sys.argv[3]))
"""


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.campaign)])
def test_a_killed_run_loses_nothing(kept: Path, tmp_path: Path, workers: int) -> None:
    """Kill the process when its first part is there; the next call finishes with the same bits."""
    gp.write_case(_ten_days(), tmp_path / "case")
    out = tmp_path / "run"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "case"), str(out), str(workers)]
    process = subprocess.Popen(command, start_new_session=True)
    until = time.monotonic() + 60.0
    while time.monotonic() < until and process.poll() is None and not _parts(tmp_path / "run.unfinished"):
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    run = gp.open_run(out) if out.exists() else gp.clear_days(tmp_path / "case", out=out)
    pd.testing.assert_frame_equal(run.table("days"), gp.open_run(kept).table("days"), check_exact=True)
    assert gp.verify(out).certificate.verdict == "certified"


def _parts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("parts/[0-9]*")]


def test_a_study_asks_for_days(tmp_path: Path) -> None:
    gp.write_case(_ten_days(), tmp_path / "case")
    (tmp_path / "study.toml").write_text('question = "clear_days"\ncase = "case"\n[settings]\nwindow = "week"\n')
    run = gp.run_study(tmp_path / "study.toml", out=tmp_path / "run")
    assert run.summary["days"] == 2  # Monday to Sunday, then three days
    document = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert document["question"] == "clear_days"
    with pytest.raises(InputError, match="kept already"):
        run.save(tmp_path / "again")


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [("objective", 0, 1e3), ("lowest_vm_pu", 1, 1.0), ("price_max_per_mwh", 2, 1.0), ("load_mwh", 3, 0.0)],
)
def test_a_forged_table_of_days_fails(kept: Path, tmp_path: Path, column: str, row: int, value: float) -> None:
    """Moved between two days of a part, so that its sum stays, and hashed anew: the parts' own tables say otherwise."""
    from gridpact.io.archive import read_run
    from gridpact.io.manifest import write_manifest

    shutil.copytree(kept, tmp_path / "run")
    table = gp.open_run(kept).table("days")
    other = row + 1 if row % 2 == 0 else row - 1
    table.loc[other, column] += table.loc[row, column] - value
    table.loc[row, column] = value
    table.to_parquet(tmp_path / "run" / "tables" / "days.parquet", index=False)
    provenance = read_run(kept).provenance
    (tmp_path / "run" / "manifest.json").unlink()
    write_manifest(tmp_path / "run", provenance, {})
    verdict = gp.verify(tmp_path / "run").certificate
    assert verdict.verdict == "failed"
    assert "rows_of_days" in [check["name"] for check in verdict.failures()]


def test_two_runs_cannot_grow_in_one_folder(tmp_path: Path) -> None:
    from gridpact.io.aside import locked, resumable

    growing = resumable(tmp_path / "run")
    with locked(growing), pytest.raises(InputError, match="another run grows here"):
        gp.clear_days(_ten_days(), out=tmp_path / "run")


def test_a_part_of_another_case_is_cleared_again(kept: Path, tmp_path: Path) -> None:
    """Laid into the unfinished folder: its days are the same, its loads are not."""
    gp.clear_days(_ten_days(worst=1.1), out=tmp_path / "other")
    shutil.copytree(kept, tmp_path / "run.unfinished")
    shutil.rmtree(tmp_path / "run.unfinished" / "parts" / "2026-06-03")
    shutil.copytree(tmp_path / "other" / "parts" / "2026-06-03", tmp_path / "run.unfinished" / "parts" / "2026-06-03")
    run = gp.clear_days(_ten_days(), out=tmp_path / "run")
    pd.testing.assert_frame_equal(run.table("days"), gp.open_run(kept).table("days"), check_exact=True)
    assert gp.verify(tmp_path / "run").certificate.verdict == "certified"


def test_nothing_cleared_is_still_a_run_that_can_be_read(tmp_path: Path) -> None:
    case = _ten_days().with_table("loads", _ten_days().tables["loads"].assign(q_mvar=90.0))
    run = gp.clear_days(case.steps_between(0, 48), out=tmp_path / "run")
    assert run.table("days")["status"].tolist() == ["infeasible"] * 2
    assert "2 of 2 days could not be cleared" in str(run)
    again = gp.verify(tmp_path / "run")
    assert again.certificate.verdict == "failed"


def test_days_without_a_midnight_have_names(tmp_path: Path) -> None:
    """Cuba's clock goes from 0:00 to 1:00 on 8 March 2026, and twice through 0:00 on 1 November."""
    for start in ("2026-03-07T00:00:00-05:00", "2026-10-31T00:00:00-04:00"):
        case = _ten_days().steps_between(0, 72)
        from dataclasses import replace

        there = replace(
            case, timezone="America/Havana", start=pd.Timestamp(start).tz_convert("America/Havana"),
            profiles=case.profiles.iloc[:0],
        )  # fmt: skip
        there = there.with_profiles({name: case.profiles[name].to_numpy() for name in case.profiles})
        run = gp.clear_days(there, out=tmp_path / start[:4] / start[5:7])
        assert run.certificate.verdict == "certified"


def test_payments_of_all_parts_are_added_up(kept: Path) -> None:
    """One row per participant and carrier, and zero cents in all."""
    table = gp.open_run(kept).table("settlement")
    assert not table.duplicated(["participant", "kind", "carrier"]).any()
    assert table["payment_cents"].sum() == 0


def test_a_window_too_short_for_shiftable_energy_is_refused(tmp_path: Path) -> None:
    """Five hours of 0.1 MW at the end hold 0.5 MWh, not the one that every day needs."""
    case = _ten_days().steps_between(0, 53)
    demand = (
        case.tables["shiftable"]
        .reindex(range(1))
        .assign(load="town", min_p_mw=0.0, max_p_mw=0.1, energy_mwh=1.0, q_mvar_per_mw=0.0)
    )
    with pytest.raises(InputError, match="2026-06-03"):
        gp.clear_days(case.with_table("shiftable", demand).marked_validated(), out=tmp_path / "run")
