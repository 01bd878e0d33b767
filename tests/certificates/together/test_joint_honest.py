"""Joint plans as they come out of the study are certified, also from a folder; a changed number is seen from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gridpact.cli import main
from gridpact.errors import InputError
from gridpact.io.archive import write_run
from gridpact.results.record import Record
from gridpact.together.study import plan_together
from tests.certificates.spoil import plus, with_cells
from tests.certificates.together.made import checks_of, failed, feeder, joint, no_deal


@pytest.mark.parametrize("made", [joint, no_deal])
def test_a_joint_plan_is_certified(made: Callable[[], Record]) -> None:
    assert made().certificate["verdict"] == "certified"
    assert failed(made()) == []
    assert failed(replace(made(), certificate={"verdict": "failed"})) != []  # prices claim more than the verdict


def test_there_is_what_the_tests_change() -> None:
    assert joint().summary["deal"]
    assert len(joint().tables["reinforcements"])
    assert len(joint().tables["moves"]) > 2
    assert not no_deal().summary["deal"]


def test_a_joint_plan_is_verified_from_its_folder(tmp_path: Path) -> None:
    write_run(joint(), tmp_path / "honest")
    assert main(["verify", str(tmp_path / "honest")]) == 0
    forged = with_cells(joint(), "owners", "lump_cents", plus(1), participant="network")
    write_run(forged, tmp_path / "forged")
    assert main(["verify", str(tmp_path / "forged")]) == 4
    table = tmp_path / "honest" / "tables" / "payments.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    assert main(["verify", str(tmp_path / "honest")]) == 4


def test_every_side_is_judged_as_a_market() -> None:
    names = set(checks_of(joint()))
    for side in ("network", "microgrids", "before network", "before microgrids"):
        assert f"{side}: cost_of_dispatch" in names
    assert {"network: complete", "network: ac_voltages"} <= names


@pytest.mark.parametrize("table", ["tie_candidates", "protection_candidates"])
def test_what_nothing_judges_is_refused(table: str) -> None:
    case = feeder()
    buses, line = case.ids("buses"), case.ids("lines")[0]
    rows = {
        "tie_candidates": {
            "candidate": ["tie"],
            "from_bus": [buses[2]],
            "to_bus": [buses[9]],
            "length_km": [1.0],
            "r_ohm_per_km": [0.3],
            "x_ohm_per_km": [0.2],
            "investment": [1e4],
            "lifetime_years": [30.0],
        },
        "protection_candidates": {
            "candidate": ["breaker"],
            "line": [line],
            "end": ["from"],
            "kind": ["breaker"],
            "investment": [1e4],
            "lifetime_years": [30.0],
        },
    }
    with pytest.raises(InputError) as error:
        plan_together(case.with_rows(table, rows[table]))
    assert [issue.file for issue in error.value.issues] == [table]
