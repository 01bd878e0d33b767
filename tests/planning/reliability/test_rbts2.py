"""RBTS bus 2 as published: case A within 1e-4, and the other classic cases in the direction they must go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.certificates.planning.reliability_check import monte_carlo_check, reliability_checks
from gridpact.io.folder import read_case
from gridpact.planning.reliability.indices import reliability

COLUMNS = {"SAIFI": "saifi", "SAIDI": "saidi_h", "CAIDI": "caidi_h", "ASAI": "asai", "N": "customers"}
ENERGY = {"ENS_MWh": "eens_mwh", "AENS_kWh": "aens_kwh"}


@pytest.fixture(scope="module")
def case_a(project: Path) -> Case:
    return read_case(project / "src/gridpact/examples/rbts2-reliability/case")


@pytest.fixture(scope="module")
def published(project: Path) -> dict[str, Any]:
    path = project / "scripts/data/rbts_bus2/reference.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["reference_case_A_system"])


def system(case: Case) -> pd.Series[Any]:
    return reliability(require_valid(case))["reliability_system"].iloc[0]


def with_columns(case: Case, table: str, **columns: object) -> Case:
    return case.with_table(table, case.tables[table].assign(**columns))


def without(case: Case, kind: str) -> Case:
    devices = case.tables["protection"]
    return case.with_table("protection", devices[devices["kind"] != kind].reset_index(drop=True))


def cases(case: Case) -> dict[str, Case]:
    """The classic variants of Allan and others; B to E count from A what they leave out or add."""
    return {
        "A": case,
        "no disconnectors": without(case, "sectionaliser"),
        "no fuses": without(case, "fuse"),
        "no alternative supply": with_columns(
            case, "lines", in_service=~case.tables["lines"]["line"].str.startswith("tie")
        ),
        "replacement": with_columns(case, "loads", transformer_repair_h=10.0),
    }


@pytest.mark.parametrize("index", [*COLUMNS, *ENERGY])
def test_case_a_is_as_published(case_a: Case, published: dict[str, Any], index: str) -> None:
    name = (COLUMNS | ENERGY)[index]
    assert system(case_a)[name] == pytest.approx(published[index], rel=1e-4)


def test_load_points_are_those_counted_by_hand(case_a: Case) -> None:
    """LP1: section 1 and lateral 2 for 5 h, sections 4, 7, 10 for 1 h, the transformer for 200 h; LP9 has none."""
    loads = reliability(case_a)["reliability_loads"].set_index("load")
    own, others = 0.065 * (0.75 + 0.6), 0.065 * (0.75 + 0.75 + 0.6)
    assert loads.loc["LP1", "failures_per_year"] == pytest.approx(own + others + 0.015, rel=1e-12)
    assert loads.loc["LP1", "hours_per_year"] == pytest.approx(5.0 * own + others + 0.015 * 200.0, rel=1e-12)
    own, others = 0.065 * (0.6 + 0.8), 0.065 * 0.75
    assert loads.loc["LP9", "failures_per_year"] == pytest.approx(own + others, rel=1e-12)
    assert loads.loc["LP9", "hours_per_year"] == pytest.approx(5.0 * own + others, rel=1e-12)
    assert loads.loc["LP9", "eens_mwh"] == pytest.approx(1.15 * (5.0 * own + others), rel=1e-12)


def test_feeders_and_faults_add_up_to_the_system(case_a: Case) -> None:
    tables = reliability(case_a)
    whole, feeders, faults = system(case_a), tables["reliability_feeders"], tables["reliability_faults"]
    assert feeders["customers"].tolist() == [652.0, 2.0, 632.0, 622.0]
    assert feeders["eens_mwh"].sum() == pytest.approx(whole["eens_mwh"], rel=1e-12)
    assert feeders["customers"] @ feeders["saidi_h"] == pytest.approx(1908.0 * whole["saidi_h"], rel=1e-12)
    assert len(faults) == 36 + 20
    for index in ("saifi", "saidi_h", "eens_mwh"):
        assert faults[index].sum() == pytest.approx(whole[index], rel=1e-12)


def test_what_is_left_out_makes_it_worse_and_replacement_better(case_a: Case) -> None:
    index = pd.DataFrame({name: system(case) for name, case in cases(case_a).items()}).T
    for name in ("no disconnectors", "no fuses", "no alternative supply"):
        assert index.loc[name, "saidi_h"] > index.loc["A", "saidi_h"]
        assert index.loc[name, "eens_mwh"] > index.loc["A", "eens_mwh"]
    assert index.loc["replacement", "saidi_h"] < index.loc["A", "saidi_h"]
    # Switching shortens interruptions and prevents none; without fuses whole feeders trip for their laterals.
    for name in ("no disconnectors", "no alternative supply", "replacement"):
        assert index.loc[name, "saifi"] == pytest.approx(index.loc["A", "saifi"], rel=1e-12)
    assert index.loc["no fuses", "saifi"] > 2.0 * index.loc["A", "saifi"]


def test_replacement_saves_190_hours_of_every_transformer(case_a: Case) -> None:
    saved = system(case_a)["saidi_h"] - system(cases(case_a)["replacement"])["saidi_h"]
    assert saved == pytest.approx(0.015 * 190.0 * 1906.0 / 1908.0, rel=1e-12)


def test_the_exact_simulator_agrees_in_all_classic_cases(case_a: Case) -> None:
    for case in cases(case_a).values():
        valid = require_valid(case)
        assert [check.name for check in reliability_checks(valid, reliability(valid)) if not check.passed] == []


def test_random_years_agree(case_a: Case) -> None:
    assert monte_carlo_check(case_a, reliability(case_a), years=20_000, seed=1).passed


def test_the_limit_of_an_open_point_counts(case_a: Case) -> None:
    """With no room at all it is as if there were no open point; with 1.0 MW the last load points still come back."""
    none, closed = (
        system(with_columns(case_a, "switches", transfer_mw=0.0)),
        system(cases(case_a)["no alternative supply"]),
    )
    np.testing.assert_allclose(none[list(COLUMNS.values())].astype(float), closed[list(COLUMNS.values())].astype(float))
    some = system(with_columns(case_a, "switches", transfer_mw=1.0))
    assert system(case_a)["saidi_h"] < some["saidi_h"] < closed["saidi_h"]
