"""The folder form: what is written is read back exactly, and what is no case is refused without harm."""

import codecs
import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError
from gridpact.io import folder as folder_module
from gridpact.io.folder import read_case, validate, write_case
from tests.case.test_planned_heat import shared
from tests.io.made import assert_same_case, cases
from tests.warm import with_all

BASE = Path(__file__).resolve().parents[1] / "cases" / "bad" / "base"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A copy of a valid case."""
    return Path(shutil.copytree(BASE, tmp_path / "case"))


def messages(path: Path) -> list[str]:
    return [str(issue) for issue in validate(path)]


def test_values_are_those_of_the_files() -> None:
    case = read_case(BASE)
    assert (case.name, case.currency, case.steps, case.hours, case.frequency_hz) == ("Kleinstadt", "EUR", 4, 1.0, 50.0)
    assert case.ids("buses") == ["station", "Süd", "Nord", "Dorf"]
    assert case.column("lines", "length_km").tolist() == [1.5, 2.5, 2.5]
    assert np.isnan(case.column("lines", "max_i_ka")).tolist() == [False, True, True]
    assert case.lines_in_service().tolist() == [True, True, False]  # the switch in L3 is open
    assert case.positions("lines", "to_bus").tolist() == [1, 2, 0]
    assert case.flags("renewables", "curtailable").tolist() == [False]
    assert case.series("loads", "p_mw").tolist() == [[0.9, 0.8, 0.8, 1.0], [0.3] * 4]  # farm has no profile
    assert case.column("storages", "wear_cost_per_mwh").tolist() == [0.0]  # default of an absent column
    assert [moment.isoformat() for moment in case.snapshots[1:3]] == [
        "2024-03-31T01:00:00+01:00",
        "2024-03-31T03:00:00+02:00",  # the clock goes from two to three
    ]


def test_case_toml_names_its_folder() -> None:
    assert_same_case(read_case(BASE / "case.toml"), read_case(BASE))


def test_byte_order_mark_and_windows_line_ends_change_nothing(case: Path) -> None:
    for path in case.iterdir():
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\n", b"\r\n"))
    assert_same_case(read_case(case), read_case(BASE))


def test_blank_rows_notes_and_subfolders_are_left_alone(case: Path) -> None:
    with (case / "loads.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n,,,\n")
    (case / "README.md").write_text("notes", encoding="utf-8")
    (case / ".hidden.csv").write_text("x", encoding="utf-8")
    (case / "old").mkdir()
    assert_same_case(read_case(case), read_case(BASE))


def test_rows_are_counted_as_an_editor_does(case: Path) -> None:
    text = (BASE / "loads.csv").read_text(encoding="utf-8")
    (case / "loads.csv").write_text(text.replace("farm,Nord,0.3", "\n\nfarm,Nord,x"), encoding="utf-8")
    assert [(issue.row, issue.value) for issue in validate(case)] == [(5, "x")]


def test_snapshots_may_all_be_in_utc(case: Path) -> None:
    text = (case / "profiles.csv").read_text(encoding="utf-8")
    for local, utc in (
        ("31T00:00:00+01:00", "30T23:00Z"),
        ("31T01:00:00+01:00", "31T00:00Z"),
        ("31T03:00:00+02:00", "31 01:00+0000"),
        ("31T04:00:00+02:00", "31T02:00:00.000Z"),
    ):
        text = text.replace(local, utc)
    (case / "profiles.csv").write_text(text, encoding="utf-8")
    assert_same_case(read_case(case), read_case(BASE))


@settings(max_examples=25)
@given(cases())
def test_read_after_write_is_the_identity(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, folder)
        assert_same_case(read_case(folder), case)
    assert validate(case) == []


@pytest.mark.campaign
@settings(max_examples=3000)
@given(cases())
def test_read_after_write_is_the_identity_at_length(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, folder)
        assert_same_case(read_case(folder), case)


@pytest.mark.parametrize("target", ["case", "case.xlsx"])
def test_read_after_write_is_the_identity_for_every_table(target: str, tmp_path: Path) -> None:
    names = ("base", "heat", "transmission", "reliability", "planning", "trading")
    bases = [*(read_case(BASE.parent / name) for name in names), with_all(), shared()]
    assert all(sum(case.count(name) for case in bases) for name in SCHEMA)
    for number, case in enumerate(bases):
        write_case(case, tmp_path / str(number) / target)
        assert_same_case(read_case(tmp_path / str(number) / target), case)


def test_defaults_and_empty_tables_are_not_written(tmp_path: Path) -> None:
    case = read_case(BASE)
    tables = {**case.tables, "shunts": case.tables["shunts"].iloc[:0], "bids": case.tables["bids"].iloc[:0]}
    write_case(dataclasses.replace(case, tables=tables), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"shunts.csv", "bids.csv"}.isdisjoint(names) and {"loads.csv", "profiles.csv"} <= names
    header = (tmp_path / "storages.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert "min_mwh" in header  # 0.1, the default is 0
    assert {"final_mwh", "loss_per_hour", "wear_cost_per_mwh"}.isdisjoint(header)


@pytest.mark.parametrize("occupied", ["file", "folder"])
def test_nothing_is_written_over(occupied: str, tmp_path: Path) -> None:
    target = tmp_path / "there"
    if occupied == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        target.mkdir()
        (target / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        write_case(read_case(BASE), target)
    assert [path.name for path in target.rglob("*")] == (["mine"] if occupied == "folder" else [])


def test_neither_folder_nor_file() -> None:
    assert "no such folder" in messages(BASE / "absent")[0]
    assert "this is no folder" in messages(BASE / "lines.csv")[0]
    with pytest.raises(InputError, match="no such folder"):
        read_case(str(BASE / "absent"))


def test_folder_without_case_toml(tmp_path: Path) -> None:
    found = messages(tmp_path)
    assert found[0].startswith("case.toml: file is missing")
    assert "'buses' is missing" in found[1]


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("latin-1", "row 3: file is not in UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "row 1: file contains a NUL byte"),
    ],
)
def test_other_encodings_are_named(encoding: str, message: str, case: Path) -> None:
    text = (case / "buses.csv").read_text(encoding="utf-8")
    (case / "buses.csv").write_bytes(text.encode(encoding))
    found = messages(case)
    assert len(found) == 1, "the references to the unreadable buses are not to blame"
    assert found[0].startswith("buses.csv") and message in found[0]
    assert "UTF-8" in found[0]


def test_nul_byte_is_named_with_its_row(case: Path) -> None:
    data = (case / "lines.csv").read_bytes()
    (case / "lines.csv").write_bytes(data.replace(b"L2", b"L\0"))
    assert [(issue.file, issue.row) for issue in validate(case)] == [("lines.csv", 3)]


def test_link_out_of_the_folder_is_not_followed(case: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("load,bus\nsecret,Nord\n", encoding="utf-8")
    (case / "loads.csv").unlink()
    (case / "loads.csv").symlink_to(tmp_path / "secret.csv")
    found = messages(case)
    assert len(found) == 1 and found[0].startswith("loads.csv: link leads out of the folder")


def test_link_within_the_folder_is_followed(case: Path) -> None:
    (case / "loads.csv").rename(case / "demand.txt")
    (case / "loads.csv").symlink_to("demand.txt")
    assert_same_case(read_case(case), read_case(BASE))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipe_and_folder_in_place_of_files_are_refused_without_waiting(case: Path) -> None:
    for name in ("loads.csv", "shunts.csv"):
        (case / name).unlink()
    os.mkfifo(case / "loads.csv")
    (case / "shunts.csv").mkdir()
    assert [(i.file, i.message) for i in validate(case)] == [
        (n, "is not a regular file") for n in ("loads.csv", "shunts.csv")
    ]


def test_oversized_file_is_not_read(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_module.MOST_BYTES == 64 * 2**20
    monkeypatch.setattr(folder_module, "MOST_BYTES", 2**20)
    with (case / "profiles.csv").open("r+b") as stream:
        stream.truncate(2**20 + 1)
    found = messages(case)
    assert len(found) == 1 and found[0].startswith("profiles.csv: file is too large")


def test_very_long_cell_and_header_without_end(case: Path) -> None:
    (case / "loads.csv").write_text(f"load,bus\n{'x' * 200_000},Nord\n", encoding="utf-8")
    (case / "case.toml").write_text(f"name = {'[' * 100_000}", encoding="utf-8")
    found = messages(case)
    assert [text.split(":")[0] for text in found] == ["case.toml", "loads.csv, row 2"]


def test_many_mistakes_of_one_kind_are_summed_up(case: Path) -> None:
    rows = "".join(f"l{number},Nord,x\n" for number in range(1000))
    (case / "loads.csv").write_text(f"load,bus,p_mw\ntown,Süd,1\nfarm,Nord,1\n{rows}", encoding="utf-8")
    issues = validate(case)
    assert [issue.row for issue in issues] == list(range(4, 24))
    assert "980 more rows, the last one row 1003" in issues[-1].message


def test_case_in_memory_goes_through_the_same_rules() -> None:
    case = read_case(BASE)
    lines = case.tables["lines"].assign(x_ohm_per_km=[0.1, np.nan, np.inf], to_bus=["Süd", "Nort", ""], surplus=1.0)
    profiles = case.profiles.rename(columns={"loads/town/p_mw": "loads/tow/p_mw"}).tz_localize(None)
    profiles.iloc[2, 0] = np.nan
    spoiled = dataclasses.replace(
        case, tables={**case.tables, "lines": lines, "wires": lines}, profiles=profiles, timezone="Mars"
    )
    found = {(issue.file, issue.row, issue.column, issue.value): issue.message for issue in validate(spoiled)}
    assert found == {
        ("case", 0, "timezone", "Mars"): "there is no such time zone",
        ("wires", 0, "", ""): "there is no table 'wires'",
        ("lines", 1, "surplus", ""): "there is no column 'surplus' in lines",
        ("lines", 3, "x_ohm_per_km", "nan"): "number is not finite",
        ("lines", 4, "x_ohm_per_km", "inf"): "number is not finite",
        ("lines", 3, "to_bus", "Nort"): "there is no such id in buses",
        ("lines", 4, "to_bus", ""): "required value is missing",
        ("profiles", 1, "loads/tow/p_mw", ""): "there is no id 'tow' in loads",
        ("profiles", 4, "interfaces/grid/price_per_mwh", "nan"): "number is not finite",
    }


def test_naive_case_in_memory() -> None:
    case = read_case(BASE)
    start = pd.Timestamp("2024-03-31")
    found = [issue.message for issue in validate(dataclasses.replace(case, start=start))]
    assert found == ["time has no offset from UTC"]
