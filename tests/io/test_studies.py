"""Every mistake in cases/bad/studies.toml is found where it is, and nothing else is."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gridpact.cli import main
from gridpact.study import validate_study

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"
MISTAKES: list[dict[str, Any]] = tomllib.loads((BAD / "studies.toml").read_text(encoding="utf-8"))["mistake"]


def spoiled(mistake: dict[str, Any], folder: Path) -> Path:
    """The study with the mistake in it, beside the case of base/."""
    shutil.copytree(BAD / "base", folder / "case")
    for name, content in mistake.get("with", {}).items():
        (folder / "case" / name).write_text(content, encoding="utf-8")
    (folder / "study.toml").write_text(mistake["study"], encoding="utf-8")
    return folder / "study.toml"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"])
def test_mistake_is_found_alone(mistake: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = spoiled(mistake, tmp_path)
    issues = validate_study(study)
    found = [(Path(issue.file).name, issue.row, issue.column, issue.value) for issue in issues]
    assert found == [tuple(item[:4]) for item in mistake["found"]]
    assert all(part in issue.message for issue, (*_, part) in zip(issues, mistake["found"], strict=True))
    assert mistake.get("fix", "") in " ".join(issue.fix for issue in issues)
    for command in ("validate", "run"):
        assert main([command, str(study)]) == 2
        assert mistake["found"][0][4] in capsys.readouterr().err


def test_study_without_mistakes_is_fine(tmp_path: Path) -> None:
    assert validate_study(spoiled({"study": 'question = "clear"\ncase = "case"\n'}, tmp_path)) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_only_a_byte_order_mark_is_accepted(encoding: str, tmp_path: Path) -> None:
    study = spoiled({"study": ""}, tmp_path)
    study.write_text('question = "clear"\ncase = "case"  # größer\n', encoding=encoding)
    assert (validate_study(study) == []) == (encoding == "utf-8-sig")


@pytest.mark.parametrize("key", ["question", "case", "settings", "settings.solver", "x"])
def test_keys_nested_without_end_are_refused(key: str, tmp_path: Path) -> None:
    study = spoiled({"study": f"{key}{'.x' * 7000} = 1\n"}, tmp_path)
    assert [issue.message.split(":")[0] for issue in validate_study(study)] == ["the study cannot be read"]


def test_case_in_a_workbook_serves_a_study(tmp_path: Path) -> None:
    from gridpact.io.folder import read_case, write_case

    study = spoiled({"study": 'question = "clear"\ncase = "case.xlsx"\n'}, tmp_path)
    write_case(read_case(tmp_path / "case"), tmp_path / "case.xlsx")
    assert validate_study(study) == []
