"""The examples as a user meets them: named, described, complete, and rebuilt by their script byte for byte."""

import runpy
import tomllib
from pathlib import Path

import pytest

from gridpact import examples
from gridpact.case.schema import HEADER, SCHEMA
from gridpact.errors import InputError
from gridpact.io.folder import validate


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_promised_examples_exist() -> None:
    assert {"ieee33-day", "papavasiliou15", "pjm5-dc"} <= set(examples.names())


def test_every_folder_is_a_named_example(project: Path) -> None:
    folders = {path.parent.name for path in (project / "src/gridpact/examples").glob("*/study.toml")}
    assert folders == set(examples.names())


# The keys of a study that name a case, by its question.
CASES = {
    "clear": ("case",),
    "plan": ("case",),
    "plan_together": ("case",),
    "reliability": ("case",),
    "stackelberg": ("case", "transmission"),
    "trade": ("case",),
}


@pytest.mark.parametrize("name", examples.names())
def test_an_example_has_its_study_its_cases_and_its_sources(name: str) -> None:
    folder = examples.path(name)
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    assert study.keys() - {"question", "settings"} == set(CASES[study["question"]])
    for key in CASES[study["question"]]:
        header = tomllib.loads((folder / study[key] / "case.toml").read_text(encoding="utf-8"))
        assert header["name"] == (name if key == "case" else f"{name}-{key}")
        assert {column.name for column in HEADER.columns if column.required} <= header.keys()
        assert validate(folder / study[key]) == []
    assert (folder / "SOURCES.txt").read_text(encoding="utf-8").startswith(f"{name}: ")


@pytest.mark.parametrize("name", examples.names())
def test_an_example_has_only_tables_and_columns_of_the_schema(name: str) -> None:
    for path in examples.path(name).glob("*/*.csv"):
        columns = set(path.read_text(encoding="utf-8").splitlines()[0].split(","))
        if path.stem == "profiles":
            replaced = {tuple(column.split("/"))[::2] for column in columns - {"snapshot"}}
            assert all(SCHEMA[table].column(column).profile for table, column in replaced)
        else:
            required = {column.name for column in SCHEMA[path.stem].columns if column.required}
            assert required <= columns <= {column.name for column in SCHEMA[path.stem].columns}


@pytest.mark.parametrize("name", examples.names())
def test_a_description_is_one_line(name: str) -> None:
    assert 20 < len(examples.describe(name)) < 110
    assert "\n" not in examples.describe(name)


@pytest.mark.parametrize("ask", [examples.path, examples.describe])
def test_an_unknown_name_is_bad_input_that_lists_the_names(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(InputError) as caught:
        ask("ieee34")
    assert caught.value.exit_code == 2
    assert caught.value.issues[0].value == "ieee34"
    assert all(name in str(caught.value) for name in examples.names())


def test_the_script_builds_the_committed_folders(project: Path, tmp_path: Path) -> None:
    runpy.run_path(str(project / "scripts/make_examples.py"))["make"](tmp_path)
    built = files(tmp_path)
    assert "src/gridpact/examples/ieee33-day/case/profiles.csv" in built
    different = [name for name, content in built.items() if (project / name).read_bytes() != content]
    assert different == []


def test_the_script_writes_every_case_file_there_is(project: Path, tmp_path: Path) -> None:
    runpy.run_path(str(project / "scripts/make_examples.py"))["make"](tmp_path)
    folders = ("src/gridpact/examples/*/case/*", "src/gridpact/examples/*/transmission/*", "tests/cases/*/case/*")
    committed = [path for pattern in folders for path in project.glob(pattern)]
    assert len(committed) > 30
    assert [path for path in committed if not (tmp_path / path.relative_to(project)).exists()] == []
