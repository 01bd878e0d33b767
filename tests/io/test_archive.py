"""Run folders: what is written is read back exactly, whole or not at all, and no change goes unseen."""

import dataclasses
import errno
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gridpact.errors import ArchiveError, InputError
from gridpact.io import aside
from gridpact.io.archive import read_run, write_run
from gridpact.io.folder import read_case
from gridpact.io.manifest import digest, is_plain_name, json_text, plain
from gridpact.results.record import Record
from tests.io.made import assert_same_case, record

ROOT = Path(__file__).resolve().parents[2]
MADE = record(read_case(ROOT / "tests" / "cases" / "bad" / "base"))
REPORT = {"report.html": "<p>größer</p>\n"}
FILES = {
    "study.toml",
    "summary.json",
    "certificate.json",
    "solution.npz",
    "manifest.json",
    "report.html",
    "case/case.toml",
    "case/profiles.csv",
    "tables/electricity_prices.parquet",
    "tables/settlement.parquet",
    "tables/limits.parquet",
}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    write_run(MADE, folder, REPORT)
    return folder


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    """A run folder of one's own."""
    return Path(shutil.copytree(written, tmp_path / "run"))


def assert_same_record(left: Record, right: Record) -> None:
    for field in ("question", "settings", "summary", "provenance", "certificate"):
        assert getattr(left, field) == getattr(right, field), field
    assert_same_case(left.case, right.case)
    assert set(left.tables) == set(right.tables)
    for name, table in right.tables.items():
        assert_frame_equal(left.tables[name], table, check_exact=True)
    assert set(left.solution) == set(right.solution)
    for name, array in right.solution.items():
        assert left.solution[name].dtype == array.dtype and left.solution[name].shape == array.shape
        np.testing.assert_array_equal(left.solution[name], array)


def test_read_after_write_is_the_identity(written: Path) -> None:
    assert_same_record(read_run(written), MADE)
    assert names(written) >= FILES
    assert (written / "report.html").read_text(encoding="utf-8") == REPORT["report.html"]


def test_snapshots_keep_their_zone_over_the_change_of_the_clock(written: Path) -> None:
    """Two hours apart on the clock, one hour apart in time."""
    snapshots = read_run(written).tables["electricity_prices"]["snapshot"].drop_duplicates()
    assert [moment.isoformat() for moment in snapshots][1:3] == [
        "2024-03-31T01:00:00+01:00",
        "2024-03-31T03:00:00+02:00",
    ]
    assert snapshots.diff().dropna().unique().tolist() == [pd.Timedelta(hours=1)]
    assert str(snapshots.dt.tz) == "Europe/Berlin"


def test_same_record_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write_run(MADE, tmp_path / "again", REPORT)
    for name in names(written):
        assert (tmp_path / "again" / name).read_bytes() == (written / name).read_bytes(), name


def test_manifest_tells_what_was_run_with_what(written: Path) -> None:
    manifest = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["provenance"] == MADE.provenance
    assert manifest["packages"]["numpy"] == np.__version__ and manifest["packages"]["pandas"] == pd.__version__
    assert set(manifest["files"]) == names(written) - {"manifest.json"}
    report = (written / "report.html").read_bytes()
    assert manifest["files"]["report.html"] == {"bytes": len(report), "sha256": digest(report)}


def test_files_hold_no_nan(tmp_path: Path) -> None:
    nan, certificate = float("nan"), {"checks": [{"value": np.float64("inf")}, {"value": (1, np.nan)}]}
    write_run(
        dataclasses.replace(MADE, summary={"gap": nan}, certificate=certificate, provenance={"t": nan}),
        tmp_path / "run",
    )
    for name in ("summary.json", "certificate.json", "manifest.json"):
        assert "NaN" not in (tmp_path / "run" / name).read_text(encoding="utf-8")
    read = read_run(tmp_path / "run")
    assert read.summary == {"gap": None} and read.provenance == {"t": None}
    assert read.certificate == {"checks": [{"value": None}, {"value": [1, None]}]}


@pytest.mark.parametrize(
    "spoiled",
    [
        dataclasses.replace(MADE, solution={"x": np.array([{}])}),
        dataclasses.replace(MADE, summary={"x": object()}),
        dataclasses.replace(MADE, settings={"x": object()}),
        dataclasses.replace(MADE, tables={"../../x": MADE.tables["limits"]}),
    ],
    ids=["object array", "summary", "settings", "table name"],
)
def test_what_cannot_be_written_leaves_nothing(spoiled: Record, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_run(spoiled, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "summary.json", "case/case.toml", "/x", "", "a\\b", "a//b", "./x", "C:x"])
def test_further_files_stay_in_the_folder_and_replace_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name"):
        write_run(MADE, tmp_path / "run", {name: "x"})
    assert list(tmp_path.iterdir()) == []


def test_occupied_place_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    for out in (tmp_path, tmp_path / "mine"):
        with pytest.raises(InputError, match="not empty"):
            write_run(MADE, out)
    assert names(tmp_path) == {"mine"}
    (tmp_path / "empty").mkdir()
    write_run(MADE, tmp_path / "empty")
    write_run(MADE, str(tmp_path / "new" / "run"))
    assert_same_record(read_run(tmp_path / "empty"), read_run(tmp_path / "new" / "run"))


def test_place_taken_in_the_meantime_is_kept(tmp_path: Path) -> None:
    writing = aside.written_aside(tmp_path / "run")
    (writing.__enter__() / "x").write_text("x", encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        writing.__exit__(None, None, None)
    assert names(tmp_path) == {"run/mine"}


def test_writers_of_one_place_never_mix(tmp_path: Path) -> None:
    """The second writer leaves the first alone; who comes last is told that the place is taken."""
    first = aside.written_aside(tmp_path / "run")
    folder = first.__enter__()
    (folder / "first").write_text("x", encoding="utf-8")
    write_run(MADE, tmp_path / "run")
    with pytest.raises(InputError, match="not empty"):
        first.__exit__(None, None, None)
    assert_same_record(read_run(tmp_path / "run"), MADE)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_remains_of_killed_writers_are_removed_and_others_are_not(tmp_path: Path) -> None:
    dead, living = subprocess.Popen([sys.executable, "-c", ""]), os.getpid()
    dead.wait()
    remains = [f".run.partial-{dead.pid}-{16 * 'a'}"]
    others = [f".run.2.partial-{dead.pid}-{16 * 'a'}", f".run.partial-{living}-{16 * 'a'}", ".run.partial-mine"]
    for name in remains + others:
        (tmp_path / name / "tables").mkdir(parents=True)
        (tmp_path / name / "tables" / "x").write_text("x", encoding="utf-8")
    write_run(MADE, tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"run", *others}


def test_everything_is_on_disk_before_the_folder_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the rename every file and folder of the run has been forced to disk; afterwards its parent."""
    forced: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_fsync(handle: int) -> None:
        forced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def note_rename(path: Path, target: Path) -> Path:
        everything = {str(path), *map(str, path.rglob("*"))}
        assert everything <= set(forced)
        forced.append("renamed")
        return rename(path, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("open files have no names here")
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    write_run(MADE, tmp_path / "run")
    assert forced[-2:] == ["renamed", str(tmp_path)]


@pytest.mark.parametrize("call", [0, 5])
def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Files are forced to disk several at a time; whichever of them fails, the error is raised and no run appears."""
    calls, fsync = iter(range(10_000)), os.fsync

    def refuse(handle: int) -> None:
        if next(calls) == call:
            raise OSError(errno.EIO, "the disk refuses")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="the disk refuses"):
        write_run(MADE, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


# --- changed afterwards --------------------------------------------------------------------------------------


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def assert_flip_is_seen(run: Path, name: str, bit: int) -> None:
    flip(run / name, bit)
    with pytest.raises(ArchiveError, match=name.replace(".", r"\.")):
        read_run(run)
    flip(run / name, bit)


def test_any_flipped_bit_is_seen_and_its_file_named(run: Path) -> None:
    chance = random.Random(11)  # noqa: S311
    for name in sorted(names(run)):
        for _ in range(4):
            assert_flip_is_seen(run, name, chance.randrange(8 * (run / name).stat().st_size))
    assert_same_record(read_run(run), MADE)


@pytest.mark.campaign
def test_every_flipped_bit_of_the_manifest_is_seen(run: Path) -> None:
    for bit in range(8 * (run / "manifest.json").stat().st_size):
        assert_flip_is_seen(run, "manifest.json", bit)


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json"}))
def test_missing_and_shortened_files_are_named(name: str, run: Path) -> None:
    data = (run / name).read_bytes()
    (run / name).write_bytes(data[:-1])
    with pytest.raises(ArchiveError, match=f"{name} was changed"):
        read_run(run)
    (run / name).unlink()
    with pytest.raises(ArchiveError, match=f"{name} is missing"):
        read_run(run)


def test_surplus_file_is_named(run: Path) -> None:
    (run / "tables" / "extra.parquet").write_bytes(b"x")
    with pytest.raises(ArchiveError, match=r"tables/extra\.parquet does not belong to the run"):
        read_run(run)


def test_links_are_refused_even_where_their_content_is_right(run: Path, tmp_path: Path) -> None:
    (run / "summary.json").rename(tmp_path / "summary.json")
    (run / "summary.json").symlink_to(tmp_path / "summary.json")
    with pytest.raises(ArchiveError, match=r"summary\.json is a link"):
        read_run(run)


def test_linked_folder_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "tables").rename(tmp_path / "tables")
    (run / "tables").symlink_to(tmp_path / "tables")
    with pytest.raises(ArchiveError, match="tables is a link"):
        read_run(run)


@pytest.mark.parametrize("place", ["absent", "empty", "file"])
def test_no_run_folder(place: str, tmp_path: Path) -> None:
    if place == "empty":
        (tmp_path / place).mkdir()
    if place == "file":
        (tmp_path / place).write_text("x", encoding="utf-8")
    with pytest.raises(ArchiveError, match=place):
        read_run(tmp_path / place)


def reseal(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and give it its right hash again, as somebody who means harm would."""
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    del manifest["sha256"]
    change(manifest)
    manifest["sha256"] = digest(json_text(manifest).encode())
    (run / "manifest.json").write_text(json_text(manifest), encoding="utf-8")


def replace(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    reseal(run, lambda m: m["files"].update({name: {"bytes": len(content), "sha256": digest(content)}}))


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "tables/../../secret", "..\\secret"])
def test_manifest_cannot_lead_out_of_the_folder(name: str, run: Path) -> None:
    content = b"secret"
    (run.parent / "secret").write_bytes(content)
    reseal(run, lambda m: m["files"].update({name: {"bytes": len(content), "sha256": digest(content)}}))
    with pytest.raises(ArchiveError, match="leads out of the run folder"):
        read_run(run)


def test_manifest_of_another_format_is_refused(run: Path) -> None:
    reseal(run, lambda manifest: manifest.update(format=2))
    with pytest.raises(ArchiveError, match="format 2"):
        read_run(run)


def archive_with(entry: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(entry, content)
    return stream.getvalue()


def object_array() -> bytes:
    """An array file that would run code if it were unpickled; reading must refuse it."""
    stream = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (1,)}
    np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[arg-type]
    return archive_with("x.npy", stream.getvalue() + b"cos\nsystem\n(S'true'\ntR.")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("study.toml", b"question ="),
        ("study.toml", b'question = "clear"\n'),
        ("study.toml", b'question = "clear"\nsettings = 3\n'),
        ("summary.json", b"[1]"),
        ("certificate.json", b"{" * 100_000),
        ("certificate.json", b"\xff"),
        ("solution.npz", b"PK"),
        ("solution.npz", b""),
        ("solution.npz", archive_with("x.npy", b"no array")),
        ("solution.npz", object_array()),
        ("tables/limits.parquet", b"PAR1"),
        ("tables/limits.parquet", b"PAR1" + b"\0" * 64 + b"PAR1"),
    ],
)
def test_nonsense_under_a_right_hash_is_an_archive_error(name: str, content: bytes, run: Path) -> None:
    replace(run, name, content)
    with pytest.raises(ArchiveError, match=name):
        read_run(run)


def test_wrong_case_under_a_right_hash_is_an_archive_error(run: Path) -> None:
    replace(run, "case/loads.csv", b"load,bus\nx,nowhere\n")
    with pytest.raises(ArchiveError, match=r"loads\.csv, row 2, column bus"):
        read_run(run)


# --- with a transmission network -----------------------------------------------------------------------------

PLAYED = dataclasses.replace(MADE, transmission=read_case(ROOT / "tests" / "cases" / "bad" / "transmission"))
NETWORK = {"transmission/case.toml", "transmission/buses.csv", "transmission/connections.csv"}


@pytest.fixture
def game(tmp_path: Path) -> Path:
    """A run folder with a second case."""
    write_run(PLAYED, tmp_path / "game")
    return tmp_path / "game"


def test_a_transmission_network_is_kept_beside_the_case(game: Path, written: Path) -> None:
    read = read_run(game)
    assert_same_record(read, MADE)
    assert PLAYED.transmission is not None and read.transmission is not None
    assert_same_case(read.transmission, PLAYED.transmission)
    assert names(game) >= NETWORK
    assert read_run(written).transmission is None and not NETWORK & names(written)


@pytest.mark.parametrize("name", sorted(NETWORK))
def test_changed_and_missing_files_of_the_transmission_network_are_named(name: str, game: Path) -> None:
    content = (game / name).read_bytes()
    (game / name).write_bytes(content + b"\n")
    with pytest.raises(ArchiveError, match=f"{name} was changed"):
        read_run(game)
    (game / name).unlink()
    with pytest.raises(ArchiveError, match=f"{name} is missing"):
        read_run(game)


def test_a_wrong_transmission_network_under_a_right_hash_is_an_archive_error(game: Path) -> None:
    replace(game, "transmission/connections.csv", b"connection,bus,interface\nx,nowhere,grid\n")
    with pytest.raises(ArchiveError, match=r"folder transmission of the run(.|\n)*connections\.csv, row 2, column bus"):
        read_run(game)


def test_a_transmission_network_that_the_manifest_forgets_is_an_archive_error(game: Path) -> None:
    shutil.rmtree(game / "transmission")
    reseal(game, lambda m: m.update(files={k: v for k, v in m["files"].items() if not k.startswith("transmission/")}))
    with pytest.raises(ArchiveError, match=r"case\.toml: file is missing"):
        read_run(game)


def test_archive_without_a_solution_is_named(run: Path) -> None:
    (run / "solution.npz").unlink()
    reseal(run, lambda manifest: manifest["files"].pop("solution.npz"))
    with pytest.raises(ArchiveError, match=r"solution\.npz is missing"):
        read_run(run)


def test_page_checksums_are_in_the_tables(written: Path) -> None:
    """A changed byte in the values is seen by the reader of the table itself, without the manifest."""
    import pyarrow.parquet as pq

    data = bytearray((written / "tables" / "electricity_prices.parquet").read_bytes())
    price = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(2)
    end = price.data_page_offset + price.total_compressed_size
    for place in range(end - 80, end):  # the end of the twelve numbers
        data[place] ^= 1
        with pytest.raises(OSError, match="page integrity"):
            pq.read_table(io.BytesIO(data), page_checksum_verification=True)
        data[place] ^= 1


# --- values --------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(DOCUMENTS)
def test_documents_survive_json(document: object) -> None:
    text = json_text(document)
    assert json.loads(text) == document
    assert json_text(json.loads(text)) == text  # the canonical form is a fixed point


def test_values_of_numpy_and_pandas_become_plain() -> None:
    values = {
        "a": np.int64(3),
        "b": np.array([1.5, np.inf]),
        "c": pd.Timestamp("2024-06-01T12:00+02:00"),
        4: np.bool_(True),
    }
    assert plain(values) == {"a": 3, "b": [1.5, None], "c": "2024-06-01T12:00:00+02:00", "4": True}


@pytest.mark.parametrize("name", ["a", "a/b.csv", "tables/x.parquet", "ü"])
def test_plain_names(name: str) -> None:
    assert is_plain_name(name)


# --- killed --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def writer() -> Iterator["subprocess.Popen[str]"]:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.io.writer"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def order(writer: "subprocess.Popen[str]", out: Path, **when: float) -> int:
    """Have a child write a run, and perhaps be killed; its return code."""
    assert writer.stdin is not None and writer.stdout is not None
    writer.stdin.write(json.dumps({"out": str(out), **when}) + "\n")
    writer.stdin.flush()
    return int(writer.stdout.readline())


def kill_at_random(writer: "subprocess.Popen[str]", out: Path, times: int) -> set[bool]:
    """Kill so many writers of one place; whether each left a run there. What is there must be complete."""
    began = time.monotonic()
    assert order(writer, out) == 0
    duration, chance = time.monotonic() - began, random.Random(5)  # noqa: S311
    left = set()
    for _ in range(times):
        shutil.rmtree(out, ignore_errors=True)
        order(writer, out, seconds=chance.uniform(0.0, 1.3 * duration))
        left.add(out.exists())
        if out.exists():
            assert_same_record(read_run(out), MADE)
    return left


def test_killed_at_a_random_moment_a_run_is_absent_or_complete(writer: "subprocess.Popen[str]", tmp_path: Path) -> None:
    kill_at_random(writer, tmp_path / "run", 5)
    write_run(MADE, tmp_path / "other")
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    assert order(writer, tmp_path / "run") == 0
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other"}  # nothing of the killed ones remains


@pytest.mark.campaign
def test_killed_at_many_random_moments_a_run_is_absent_or_complete(
    writer: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert kill_at_random(writer, tmp_path / "run", 400) == {True, False}


def test_killed_at_any_step_to_the_disk_a_run_is_absent_or_complete(
    writer: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Every file and folder is forced to disk once, then comes the rename, and the parent folder last of all."""
    out = tmp_path / "run"
    assert order(writer, out) == 0
    last = len(list(out.rglob("*"))) + 1  # the files and folders in it, and itself
    for step in (0, 1, last // 2, last - 1):
        shutil.rmtree(out, ignore_errors=True)
        assert order(writer, out, step=step) == -signal.SIGKILL
        assert not out.exists()
        assert [path.name.startswith(".run.partial-") for path in tmp_path.iterdir()] == [True]
    assert order(writer, out, step=last) == -signal.SIGKILL
    assert_same_record(read_run(out), MADE)
    assert order(writer, tmp_path / "next", step=last + 1) == 0
