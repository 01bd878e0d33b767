"""The command line as a user meets it: words, exit codes, JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.cli import main


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "run"
    assert main(["run", "papavasiliou15", "--out", str(folder)]) == 0
    return folder


def test_examples_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "examples")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} == {
        "barry-island",
        "collaborative-planning",
        "ieee30-district",
        "ieee33-day",
        "ieee33-dhn32",
        "ieee33-planning",
        "oberrhein-day",
        "papavasiliou15",
        "papavasiliou15-b",
        "pjm5-dc",
        "pjm5-ieee33",
        "rbts2-reliability",
        "reverse-flow",
        "three-microgrids",
    }


def test_from_init_to_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A newcomer's path: copy an example, check it, run it, look at it."""
    mine = tmp_path / "mine"
    assert told(capsys, "init", str(mine), "--example", "papavasiliou15")[0] == 0
    assert told(capsys, "validate", str(mine / "case"))[0] == 0
    code, out, _ = told(capsys, "run", str(mine / "study.toml"), "--out", str(tmp_path / "run"))
    assert code == 0
    assert "CERTIFIED" in out
    assert told(capsys, "verify", str(tmp_path / "run"))[0] == 0
    assert told(capsys, "report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html"))[0] == 0
    assert (tmp_path / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "run", "pjm5-dc", "--json")
    document = json.loads(out)
    assert code == 0
    assert err == ""
    assert document["summary"]["objective"] == pytest.approx(17479.89690, rel=1e-8)
    assert document["certificate"]["verdict"] == "approximate"
    assert document["run"] is None


def test_schema_names_every_table_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "schema", "--json")
    document = json.loads(out)
    assert code == 0
    assert {"case", "buses", "lines", "profiles"} - set(document) == {"profiles"}
    required = {column["name"] for column in document["interfaces"] if column["required"]}
    assert required == {"interface", "bus", "vm_pu", "price_per_mwh"}


def test_schema_of_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "schema", "heat_pumps")
    assert code == 0
    assert out.startswith("heat_pumps\n")
    assert "carnot_share" in out
    assert "generator" not in out
    code, _, err = told(capsys, "schema", "heatpumps")
    assert code == 2
    assert "there is no table 'heatpumps'" in err


def test_show_prints_a_table(capsys: pytest.CaptureFixture[str], kept: Path) -> None:
    code, out, err = told(capsys, "show", str(kept), "electricity_prices")
    assert code == 0
    assert err == ""
    assert "price_per_mwh" in out
    assert len(out.splitlines()) == 1 + 15 * 4


def test_show_json_keeps_all_digits(capsys: pytest.CaptureFixture[str], kept: Path) -> None:
    import gridpact as gp

    _, out, _ = told(capsys, "show", str(kept), "electricity_prices", "--json")
    rows = json.loads(out)["rows"]
    assert rows[3]["price_per_mwh"] == pytest.approx(
        gp.open_run(kept).table("electricity_prices")["price_per_mwh"].iloc[3], rel=1e-13
    )


def test_compare_two_runs(capsys: pytest.CaptureFixture[str], kept: Path) -> None:
    code, out, _ = told(capsys, "compare", str(kept), str(kept))
    assert code == 0
    assert "objective" in out


def test_out_onto_something_is_refused_before_any_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    code, _, err = told(capsys, "run", "pjm5-dc", "--out", str(tmp_path))
    assert code == 2
    assert "not empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "no-such-example"),
        ("run", "missing/study.toml"),
        ("validate", "missing"),
        ("init", "x", "--example", "y"),
    ],
)
def test_bad_input_is_exit_2_without_traceback(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, _, err = told(capsys, *arguments)
    assert code == 2
    assert "Traceback" not in err
    assert err.startswith("InputError")


def study(folder: Path, text: str) -> str:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return str(folder / "study.toml")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('question = "clear"\n', "case is missing"),
        ('question = "guess"\ncase = "case"\n', "question"),
        ('question = "clear"\ncase = "case"\n[settings]\nfromulation = "dc"\n', "fromulation"),
        ('question = "clear"\ncase = "case"\n[settings]\nprice_probes = "many"\n', "price_probes"),
        ('question = "clear"\ncase = "case"\ncolour = "red"\n', "colour"),
        ("question = \n", "cannot be read"),
        ('question = "clear"\ncase = "nowhere"\n', "nowhere"),
    ],
)
def test_bad_studies_say_what_is_wrong(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, word: str
) -> None:
    code, _, err = told(capsys, "run", study(tmp_path, text))
    assert code == 2
    assert word in err


def edited(tmp_path: Path, file: str, old: str, new: str) -> str:
    folder = tmp_path / "edited"
    assert main(["init", str(folder), "--example", "papavasiliou15"]) == 0
    path = folder / "case" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(folder / "study.toml")


def test_infeasible_is_exit_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = told(capsys, "run", edited(tmp_path, "loads.csv", "0.7936", "79.36"))
    assert code == 3
    assert "loads at bus/p_mw of '2'" in err, "80 MW over a feeder of 1.6: the demand itself is named"


def test_infeasible_json_has_the_diagnosis(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = edited(tmp_path, "loads.csv", "0.7936", "79.36")
    capsys.readouterr()
    code, out, _ = told(capsys, "run", file, "--json")
    assert code == 3
    records = json.loads(out)["diagnosis"]
    assert {record["constraint"] for record in records} == {"loads at bus/p_mw"}
    assert len(records) == 4, "one for every step"


def test_settings_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "run", "papavasiliou15", "--set", "formulation=lindistflow", "--set", "price_probes=1")
    assert code == 0
    assert "formulation = lindistflow" in out
    assert told(capsys, "run", "papavasiliou15", "--set", "formulatoin=dc")[0] == 2


def test_validate_takes_a_study_and_sees_its_loops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert told(capsys, "init", str(folder), "--example", "ieee33-day")[0] == 0
    assert told(capsys, "validate", str(folder))[0] == 0
    switches = folder / "case" / "switches.csv"
    switches.write_text(switches.read_text(encoding="utf-8").replace("false", "true"), encoding="utf-8")
    assert told(capsys, "validate", str(folder / "case"))[0] == 0
    code, _, err = told(capsys, "validate", str(folder))
    assert code == 2
    assert "5 loop(s)" in err


def test_a_case_in_place_of_a_study_is_cleared_with_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    from gridpact import examples

    case = examples.path("papavasiliou15") / "case"
    code, out, _ = told(capsys, "run", str(case), "--set", "price_probes=1")
    assert code == 0
    assert "formulation = soc" in out
    assert told(capsys, "run", str(case), "--set", "colour=red")[0] == 2


def test_failed_certificate_is_exit_4_and_shows_no_price(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A negative price makes the relaxation burn power: the cone is not tight."""
    file = edited(tmp_path, "interfaces.csv", "50.0", "-50.0")
    code, out, _ = told(capsys, "run", file, "--out", str(tmp_path / "run"))
    assert code == 4
    assert "FAILED" in out
    assert "USD per MWh" not in out
    code, out, _ = told(capsys, "show", str(tmp_path / "run"), "electricity_prices")
    assert code == 4
    assert out.startswith("NOT CERTIFIED")


def test_tampered_run_is_exit_4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert main(["run", "pjm5-dc", "--out", str(folder)]) == 0
    with (folder / "tables" / "buses.parquet").open("ab") as file:
        file.write(b"x")
    code, _, err = told(capsys, "verify", str(folder))
    assert code == 4
    assert "buses.parquet" in err


def test_json_error_lists_the_issues(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = edited(tmp_path, "buses.csv", ",0.9,", ",nine,")
    capsys.readouterr()
    code, out, _ = told(capsys, "run", file, "--json")
    document = json.loads(out)
    assert code == 2
    assert document["issues"][0]["column"] == "vm_min_pu"
    assert document["issues"][0]["row"] == 2


def test_a_bug_of_ours_is_exit_1_without_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("sample")

    monkeypatch.setattr("gridpact.examples.names", broken)
    code, _, err = told(capsys, "examples")
    assert code == 1
    assert "bug in GridPact: ZeroDivisionError" in err


def test_interrupt_is_exit_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gridpact.examples.names", interrupted)
    assert told(capsys, "examples")[0] == 130


def test_as_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gridpact.cli", "run", "pjm5-dc", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["summary"]["case"] == "pjm5-dc"
    assert done.stderr == ""
