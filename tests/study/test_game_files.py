"""Transmission networks with districts behind them: what a clearing makes of their connections."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

import gridpact as gp
from gridpact.errors import ArchiveError
from gridpact.io.manifest import write_manifest
from tests.report.game_runs import small_game

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"


def test_a_clearing_takes_no_notice_of_connections() -> None:
    case = gp.read_case(BAD / "transmission")
    bare = case.with_table("connections", case.tables["connections"].iloc[:0])
    bare = dataclasses.replace(bare, profiles=bare.profiles.iloc[:, :0])
    told, untold = (gp.clear(one, formulation="dc", price_probes=0) for one in (case, bare))
    assert told.summary["objective"] == untold.summary["objective"]
    assert told.certificate.verdict == "approximate"
    for name in untold.tables:
        assert_frame_equal(told.table(name), untold.table(name))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("game") / "run"
    small_game().save(folder)
    return folder


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gap = 0.0001", 'gap = "small"', "wrong type"),
        ("gap = 0.0001", "gap = -1.0", "gap = -1.0 is not possible"),
        ('tie_breaking = "optimistic"', 'tie_breaking = "hopeful"', "tie_breaking = 'hopeful' is not possible"),
        ("rounds = 20", "rounds = 0", "rounds = 0 is not possible"),
        ("rounds = 20", "rounds = 20\nluck = 1.0", "setting 'luck' is unknown"),
        ('question = "stackelberg"', 'question = "oracle"', "question 'oracle' is unknown"),
    ],
)
def test_settings_that_were_never_possible_are_told(kept: Path, tmp_path: Path, old: str, new: str, told: str) -> None:
    """Changed after the run, and the manifest with them."""
    run = Path(shutil.copytree(kept, tmp_path / "run"))
    study, manifest = run / "study.toml", run / "manifest.json"
    assert old in study.read_text(encoding="utf-8")
    study.write_text(study.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    before = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.unlink()
    write_manifest(run, before["provenance"], before["packages"])
    with pytest.raises(ArchiveError, match=told):
        gp.verify(run)
