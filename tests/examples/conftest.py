"""Reading what the tests of the examples compare: raw tables and expected numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.fixture
def table(project: Path) -> Callable[[str, str], pd.DataFrame]:
    """Table of an example (or of a case of the tests) as its file has it; ids are texts."""

    def read(name: str, table_name: str) -> pd.DataFrame:
        example = project / "src/gridpact/examples" / name
        folder = example if example.is_dir() else project / "tests/cases" / name
        ids = dict.fromkeys(("bus", "from_bus", "to_bus", "line", "load", "generator"), str)
        return pd.read_csv(folder / "case" / f"{table_name}.csv", dtype=ids, float_precision="round_trip")

    return read


@pytest.fixture
def expected(project: Path) -> Callable[[str], dict[str, Any]]:
    """The expected numbers of a case."""

    def read(name: str) -> dict[str, Any]:
        return dict(json.loads((project / "tests/cases" / name / "expected.json").read_text(encoding="utf-8")))

    return read


@pytest.fixture
def source(project: Path) -> Callable[[str], pd.DataFrame]:
    """A table of the source data, every cell as text."""

    def read(path: str) -> pd.DataFrame:
        return pd.read_csv(project / "scripts/data" / path, dtype=str)

    return read
