"""Studies of two cases: every mistake in cases/bad/pairing.toml is found where it is, and nothing else is."""

import dataclasses
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.pairing import leading_issues, pairing_issues
from gridpact.cli import main
from gridpact.study import QUESTIONS, validate_study

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"
MISTAKES: list[dict[str, Any]] = tomllib.loads((BAD / "pairing.toml").read_text(encoding="utf-8"))["mistake"]
STUDY = 'question = "play"\ncase = "case"\ntransmission = "transmission"\n'
# The units and capacitors of base/ are switched, those of a district that leads are not.
CONVEX = {
    "generators.csv": "generator,bus,max_p_mw,cost_per_mwh\ndiesel,Nord,1,80\nbiogas,Süd,2,\n",
    "capacitors.csv": "capacitor,bus,q_mvar\nbank,Dorf,0.05\n",
    "controllable.csv": "load,max_p_mw,benefit_per_mwh\nfarm,0.1,60\n",
}
CONNECTED = "connection,bus,interface,feeders\nto-town,Mitte,grid,12\n"


def play(case: gp.Case, transmission: gp.Case, *, formulation: str = "soc", progress: bool = False) -> gp.Run:
    """A question of two cases: nothing but the clearing of the first, with the second in the record."""
    issues = leading_issues(case) + pairing_issues(case, transmission)
    if issues:
        raise gp.InputError(issues)
    run = gp.clear(case, formulation=formulation, price_probes=0)
    record = dataclasses.replace(run.record, question="play", transmission=transmission)
    return gp.Run(dataclasses.replace(record, settings={"formulation": formulation}))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question of two cases among the others."""
    monkeypatch.setitem(QUESTIONS, "play", play)


def put(folder: Path, files: dict[str, str]) -> None:
    """Files in the place of others; an empty one takes its place away."""
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
        if not content:
            (folder / name).unlink()


def spoiled(mistake: dict[str, Any], folder: Path) -> Path:
    """The study with the mistake in it, beside its two cases."""
    shutil.copytree(BAD / "base", folder / "case")
    shutil.copytree(BAD / "transmission", folder / "transmission")
    put(folder / "case", CONVEX | mistake.get("case", {}))
    put(folder / "transmission", {"connections.csv": CONNECTED, **mistake.get("transmission", {})})
    (folder / "study.toml").write_text(mistake.get("study", STUDY), encoding="utf-8")
    return folder / "study.toml"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"])
def test_mistake_is_found_alone(mistake: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = spoiled(mistake, tmp_path)
    issues = validate_study(study)
    files = [Path(issue.file) for issue in issues]
    files = [file.relative_to(tmp_path) if file.is_absolute() else file for file in files]
    found = [(file.as_posix(), issue.row, issue.column, issue.value) for file, issue in zip(files, issues, strict=True)]
    assert found == [tuple(item[:4]) for item in mistake["found"]]
    assert all(part in issue.message for issue, (*_, part) in zip(issues, mistake["found"], strict=True))
    assert mistake.get("fix", "") in " ".join(issue.fix for issue in issues)
    for command in ("validate", "run"):
        assert main([command, str(study)]) == 2
        assert mistake["found"][0][4] in capsys.readouterr().err


def test_there_are_enough_mistakes() -> None:
    assert len({mistake["name"] for mistake in MISTAKES}) == len(MISTAKES) >= 12


def test_two_cases_without_mistakes_are_carried_out_kept_and_asked_again(tmp_path: Path) -> None:
    study = spoiled({}, tmp_path)
    assert validate_study(study) == []
    assert main(["validate", str(tmp_path)]) == 0
    run = gp.run_study(study, out=tmp_path / "run", formulation="lindistflow")
    assert run.record.transmission is not None and run.record.transmission.name == "Übertragung"
    assert 'transmission = "transmission"' in (tmp_path / "run" / "study.toml").read_text(encoding="utf-8")
    again = gp.verify(tmp_path / "run", deep=True)
    assert again.record.transmission is not None and again.record.settings == {"formulation": "lindistflow"}
    kept = {check["name"]: check["passed"] for check in again.certificate.checks}
    assert kept["cleared again"], "the question was asked again, of both cases"


def test_the_cases_of_a_study_may_be_workbooks(tmp_path: Path) -> None:
    study = spoiled({"study": STUDY.replace('n"\n', 'n.xlsx"\n')}, tmp_path)
    network = gp.read_case(tmp_path / "transmission")
    gp.write_case(network, tmp_path / "transmission.xlsx")
    assert validate_study(study) == []
    wrong = network.tables["connections"].assign(bus="Mite")
    (tmp_path / "transmission.xlsx").unlink()
    gp.write_case(network.with_table("connections", wrong), tmp_path / "transmission.xlsx")
    assert [issue.file for issue in validate_study(study)] == ["transmission.xlsx [connections]"]


def test_leaders_behind_one_heat_network_are_not_separate() -> None:
    """Two networks of electricity with one of heat in between: what one of them does, the other feels."""
    case = gp.read_case(gp.examples.path("ieee33-dhn32") / "case")
    lines, interfaces = case.tables["lines"], case.tables["interfaces"]
    second = interfaces.assign(interface="north", bus="23")
    case = case.with_table("lines", lines.assign(in_service=lines["line"] != "3-23"))
    case = case.with_table("interfaces", pd.concat([interfaces, second], ignore_index=True))
    network = gp.read_case(BAD / "transmission")
    both = network.tables["connections"].iloc[:2].assign(interface=["substation", "north"], district=["a", "b"])
    network = network.with_table("connections", both)
    found = [issue for issue in pairing_issues(case, network) if issue.column == "district"]
    assert [(issue.row, issue.value) for issue in found] == [(3, "b")]
    bare = {name: table.iloc[:0] for name, table in case.tables.items() if name in ("electric_boilers", "chps")}
    bare["heat_sources"] = case.tables["heat_sources"].assign(bus="")
    for name, table in bare.items():
        case = case.with_table(name, table)
    assert [issue for issue in pairing_issues(case, network) if issue.column == "district"] == []
