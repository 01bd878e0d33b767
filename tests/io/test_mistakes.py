"""Every mistake listed in tests/cases/bad for the files of a case is found, where it is, and nothing else is."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gridpact.cli import main
from gridpact.errors import InputError, Issue
from gridpact.io.folder import read_case, validate

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"


def mistakes(file: str, base: str) -> list[dict[str, Any]]:
    """The mistakes of a file, each with the case that it is made in."""
    listed = tomllib.loads((BAD / file).read_text(encoding="utf-8"))["mistake"]
    return [mistake | {"base": base} for mistake in listed]


MISTAKES = mistakes("mistakes.toml", "base")
OF_HEAT = mistakes("heat.toml", "heat")
OF_CONNECTIONS = mistakes("connections.toml", "transmission")
OF_RELIABILITY = mistakes("reliability.toml", "reliability")
OF_PLANNING = mistakes("planning.toml", "planning")
OF_TRADING = mistakes("trading.toml", "trading")
EVERYTHING = MISTAKES + OF_HEAT + OF_CONNECTIONS + OF_RELIABILITY + OF_PLANNING + OF_TRADING


def spoiled(mistake: dict[str, Any], folder: Path) -> Path:
    """The case with the mistake in it."""
    shutil.copytree(BAD / mistake["base"], folder)
    path = folder / mistake["file"]
    text = mistake["put"]
    if "find" in mistake:
        before = path.read_text(encoding="utf-8")
        assert before.count(mistake["find"]) == 1, "the mistake must be made at one place"
        text = before.replace(mistake["find"], mistake["put"])
    for name, content in {mistake["file"]: text, **mistake.get("with", {})}.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return folder


def place(issue: Issue) -> tuple[str, int, str, str]:
    return issue.file, issue.row, issue.column, issue.value


@pytest.mark.parametrize("base", ["base", "heat", "transmission", "reliability", "planning", "trading"])
def test_the_case_without_mistakes_is_fine(base: str) -> None:
    assert validate(BAD / base) == []


def test_there_are_enough_mistakes_of_heat() -> None:
    assert len(OF_HEAT) == len({mistake["name"] for mistake in OF_HEAT}) >= 40


def test_there_are_enough_mistakes_of_reliability() -> None:
    assert len(OF_RELIABILITY) == len({mistake["name"] for mistake in OF_RELIABILITY}) >= 10


def test_there_are_enough_mistakes_of_planning() -> None:
    assert len(OF_PLANNING) == len({mistake["name"] for mistake in OF_PLANNING}) >= 30


def test_there_are_enough_mistakes_of_trading() -> None:
    assert len(OF_TRADING) == len({mistake["name"] for mistake in OF_TRADING}) >= 30


@pytest.mark.parametrize("mistake", EVERYTHING, ids=lambda mistake: mistake["name"])
def test_mistake_is_found_alone(mistake: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = spoiled(mistake, tmp_path / "case")
    assert main(["validate", str(folder), "--json"]) == 2
    issues = [Issue(**issue) for issue in json.loads(capsys.readouterr().out)["issues"]]
    assert [place(issue) for issue in issues] == [tuple(found[:4]) for found in mistake["found"]]
    assert [issue.message for issue in issues if not any(found[4] in issue.message for found in mistake["found"])] == []
    assert mistake.get("fix", "") in " ".join(issue.fix for issue in issues)


def test_reading_raises_all_that_validation_finds(tmp_path: Path) -> None:
    folder = spoiled(
        next(mistake for mistake in MISTAKES if mistake["name"] == "text among numbers"), tmp_path / "case"
    )
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert len(caught.value.issues) == 5
    assert caught.value.issues == validate(folder)


def test_mistakes_in_several_files_come_out_at_once(tmp_path: Path) -> None:
    names = ["unknown time zone", "line without impedance", "doubled profile", "flag that is none", "file of no table"]
    chosen = [mistake for mistake in MISTAKES if mistake["name"] in names]
    folder = spoiled(chosen[0], tmp_path / "case")
    for number, mistake in enumerate(chosen[1:]):
        shutil.copy(spoiled(mistake, tmp_path / str(number)) / mistake["file"], folder)
    found = {(*found[:4],) for mistake in chosen for found in mistake["found"]}
    assert len(chosen) == len(names)
    assert {place(issue) for issue in validate(folder)} == found
