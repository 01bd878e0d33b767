"""Exported results: the same values to other readers, complete or absent, and nothing overwritten."""

import dataclasses
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pandas as pd
import pytest

from gridpact.cli import main
from gridpact.errors import InputError
from gridpact.io.archive import write_run
from gridpact.io.export import export_run
from gridpact.io.folder import read_case
from gridpact.results.record import Record
from gridpact.run import Run
from tests.io.made import record

NAMES = ("name", "required", "passed", "value", "tolerance", "where", "description")
ROWS = (("gap", True, True, 1e-12, 1e-6, "", "d"), ("cone", False, False, None, 1e-6, "Süd", ""))
CHECKS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


@pytest.fixture(scope="module")
def made() -> Record:
    """A small record; its snapshots cross a change of the clock."""
    case = read_case(Path(__file__).resolve().parents[1] / "cases" / "bad" / "base")
    small = record(case)
    summary = {"case": "1/3 Süd", "verdict": "certified", "price_per_mwh": None, "steps": 4} | small.summary
    return dataclasses.replace(small, summary=summary, certificate={"verdict": "certified", "checks": CHECKS})


def sheet(path: Path, name: str) -> list[list[object]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[name].iter_rows()]


def test_csv_files_read_back_bit_by_bit(made: Record, tmp_path: Path) -> None:
    export_run(made, tmp_path / "out", "csv")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "summary.csv",
        "certificate.csv",
        "electricity_prices.csv",
        "settlement.csv",
        "limits.csv",
    }
    table, prices = made.tables["electricity_prices"], pd.read_csv(tmp_path / "out" / "electricity_prices.csv")
    assert list(prices) == list(table)
    texts = pd.read_csv(tmp_path / "out" / "electricity_prices.csv", dtype=str)["price_per_mwh"]
    assert [float(text).hex() for text in texts] == [value.hex() for value in table["price_per_mwh"]]
    assert prices["certified"].tolist() == table["certified"].tolist()
    assert (pd.to_datetime(prices["snapshot"], utc=True) == table["snapshot"].dt.tz_convert("UTC")).all()
    assert (tmp_path / "out" / "limits.csv").read_text(encoding="utf-8") == "bus,multiplier\n"


def test_workbook_has_numbers_and_times_with_their_offset(made: Record, tmp_path: Path) -> None:
    export_run(made, tmp_path / "out.xlsx", "xlsx")
    assert openpyxl.load_workbook(tmp_path / "out.xlsx").sheetnames == [
        "summary",
        "certificate",
        "electricity_prices",
        "settlement",
        "limits",
    ]
    table, rows = made.tables["electricity_prices"], sheet(tmp_path / "out.xlsx", "electricity_prices")
    assert rows[0] == list(table)
    np.testing.assert_array_equal([row[2] for row in rows[1:]], table["price_per_mwh"])
    assert [row[3] for row in rows[1:]] == table["certified"].tolist()
    # Two in the morning does not exist on that day: the local times jump, the offsets say why.
    times = [datetime.fromisoformat(str(row[0])) for row in rows[1:]]
    assert [time.isoformat()[11:] for time in times[::4]][1:3] == ["01:00:00+01:00", "03:00:00+02:00"]
    assert [time.astimezone(ZoneInfo("UTC")) for time in times] == [time.to_pydatetime() for time in table["snapshot"]]


def test_summary_and_certificate_go_along(made: Record, tmp_path: Path) -> None:
    export_run(made, tmp_path / "out.xlsx", "xlsx")
    assert sheet(tmp_path / "out.xlsx", "summary") == [
        ["figure", "value"],
        ["case", "1/3 Süd"],
        ["verdict", "certified"],
        ["price_per_mwh", None],
        ["steps", 4],
        ["objective", 0.1 + 0.2],
        ["currency", "EUR"],
        ["gap", None],
        ["counts", "[1, 2]"],
    ]
    names, first, second = sheet(tmp_path / "out.xlsx", "certificate")
    assert names == list(NAMES)
    assert first == ["gap", True, True, 1e-12, 1e-6, None, "d"]
    assert second == ["cone", False, False, None, 1e-6, "Süd", None]
    export_run(made, tmp_path / "out", "csv")
    lines = (tmp_path / "out" / "certificate.csv").read_text(encoding="utf-8").splitlines()
    assert lines[2] == "cone,false,false,,1e-06,Süd,"


def test_numbers_that_are_not_finite_stay_readable(made: Record, tmp_path: Path) -> None:
    """Infinity is no number to a spreadsheet program and would make it reject the file."""
    table = pd.DataFrame({"x": [1.0, np.nan, np.inf], "step": [1, 2, 3]})
    export_run(dataclasses.replace(made, tables={"odd": table}), tmp_path / "out.xlsx", "xlsx")
    assert sheet(tmp_path / "out.xlsx", "odd") == [["x", "step"], [1, 1], [None, 2], [None, 3]]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_nothing_is_written_over(form: str, made: Record, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (target, target / "mine"):
        with pytest.raises(InputError):
            export_run(made, path, form)
    if form == "xlsx":
        with pytest.raises(InputError, match="exists"):
            export_run(made, tmp_path / "link", form)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link", "mine", "there"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_failure_leaves_nothing(form: str, made: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space left"):
        export_run(made, tmp_path / "out", form)
    assert list(tmp_path.iterdir()) == []


def test_tables_that_no_sheet_holds_are_refused_before_anything_is_written(made: Record, tmp_path: Path) -> None:
    long = pd.DataFrame({"flag": np.zeros(1_048_576, dtype=bool)})  # with its header one row too many
    run = Run(dataclasses.replace(made, tables={"long": long}))
    with pytest.raises(InputError, match="1048577 rows"):
        run.export(tmp_path / "out.xlsx", "xlsx")
    assert list(tmp_path.iterdir()) == []


def test_unknown_format_is_refused(made: Record, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="csv, xlsx"):
        Run(made).export(tmp_path / "out", "ods")


def test_table_whose_name_leads_out_of_the_folder_is_not_written(made: Record, tmp_path: Path) -> None:
    stray = dataclasses.replace(made, tables={"../stray": pd.DataFrame({"x": [1]})})
    with pytest.raises(ValueError, match="no name for a file"):
        export_run(stray, tmp_path / "out", "csv")
    assert list(tmp_path.iterdir()) == []


def test_command(made: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(made, tmp_path / "run")
    for form, name in (("csv", "out"), ("xlsx", "out.xlsx")):
        command = ["export", str(tmp_path / "run"), "--format", form, "-o", str(tmp_path / name)]
        assert main(command) == 0
        assert "offset" in capsys.readouterr().out
        assert main(command) == 2  # there already
        assert "nothing is overwritten" in capsys.readouterr().err or form == "csv"
    assert (tmp_path / "out" / "summary.csv").is_file()
    assert main(["export", str(tmp_path / "none"), "--format", "csv", "-o", str(tmp_path / "x")]) == 2
