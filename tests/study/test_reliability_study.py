"""The reliability of a network as a study: asked, kept, opened, judged again, compared, refused where it must be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.cli import main
from gridpact.errors import ArchiveError, InputError
from gridpact.io.manifest import write_manifest
from tests.radial import chain, device, failing, point, radial

STUDY = gp.examples.path("rbts2-reliability") / "study.toml"
# Allan, Billinton, Sjarief, Goel, So 1991, case A: in the digits of the publication.
PUBLISHED = {"saifi": 0.248, "saidi_h": 3.61, "caidi_h": 14.55, "eens_mwh": 37.746, "aens_kwh": 19.78}
DIGITS = {"saifi": 5e-4, "saidi_h": 5e-3, "caidi_h": 5e-3, "eens_mwh": 5e-4, "aens_kwh": 5e-3}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reliability") / "run"
    gp.run_study(STUDY, out=folder, monte_carlo_years=500)
    return folder


def test_the_published_indices_are_certified() -> None:
    run = gp.run_study(STUDY, monte_carlo_years=0)
    assert run.certificate.verdict == "certified"
    for name, value in PUBLISHED.items():
        assert run.summary[name] == pytest.approx(value, abs=DIGITS[name])
    assert (run.summary["customers"], run.summary["feeders"]) == (1908.0, 4)
    assert repr(run) == "Run(reliability 'rbts2-reliability': certified, SAIDI 3.613 h per year)"


def test_the_study_has_the_tables_of_reliability_and_its_indices() -> None:
    case = gp.read_case(STUDY.parent / "case")
    run, tables = gp.assess_reliability(case), gp.reliability(case)
    assert run.tables == [*tables, "reliability"]
    for name, table in tables.items():
        pd.testing.assert_frame_equal(run.table(name), table)
    told = run.table("reliability").set_index("index")["value"]
    assert told.to_dict() == {name: tables["reliability_system"][name][0] for name in told.index}
    assert "objective" not in run.summary  # there is no money in the question


def test_ten_thousand_random_years_hold_the_indices() -> None:
    """The example's own settings: seed 1 is one of the 99 in 100."""
    run = gp.run_study(STUDY)
    years = run.table("reliability_monte_carlo").set_index("index")
    for name in ("saifi", "saidi_h", "eens_mwh"):
        assert years.loc[name, "low"] < run.summary[name] < years.loc[name, "high"]
    assert all(check["passed"] for check in run.certificate.checks)
    assert run.record.provenance["seed"] == 1
    assert run.record.provenance.keys() == {"versions", "wall_seconds", "seed"}


def test_a_kept_run_opens_as_it_was(kept: Path) -> None:
    run, again = gp.open_run(kept), gp.run_study(STUDY, monte_carlo_years=500)
    assert run.summary == json.loads(json.dumps(again.summary, default=float))
    for name in again.tables:
        pd.testing.assert_frame_equal(run.table(name), again.table(name))
    for name, array in again.record.solution.items():
        assert np.array_equal(run.record.solution[name], array)


def test_verification_judges_again_and_deep_asks_again(kept: Path) -> None:
    shallow, deep = gp.verify(kept), gp.verify(kept, deep=True)
    assert shallow.certificate.verdict == deep.certificate.verdict == "certified"
    assert deep.certificate.checks[-1]["name"] == "assessed again"
    assert deep.certificate.checks[-1]["value"] == 0.0


def changed(kept: Path, folder: Path, name: str, old: str, new: str) -> Path:
    """The run with a file changed, and the manifest with it."""
    run = Path(shutil.copytree(kept, folder / "run"))
    text = (run / name).read_text(encoding="utf-8")
    assert old in text
    (run / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (run / "manifest.json").unlink()
    write_manifest(run, manifest["provenance"], manifest["packages"])
    return run


def test_a_case_changed_afterwards_fails(kept: Path, tmp_path: Path) -> None:
    """LP1 with 211 customers: mean figures of loads stay, all that counts customers does not."""
    run = gp.verify(changed(kept, tmp_path, "case/loads.csv", "210", "211"), deep=True)
    failed = {check["name"] for check in run.certificate.failures()}
    assert {"load points", "reliability_system", "reliability_feeders", "indices", "assessed again"} <= failed
    assert run.certificate.verdict == "failed"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("monte_carlo_years = 500", 'monte_carlo_years = "many"', "wrong type"),
        ("monte_carlo_years = 500", "monte_carlo_years = -1", "monte_carlo_years = -1 is not possible"),
        ("seed = 1", "seed = -1", "seed = -1 is not possible"),
        ("seed = 1", "seed = 1\nluck = 1", "setting 'luck' is unknown"),
    ],
)
def test_settings_that_were_never_possible_are_told(kept: Path, tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ArchiveError, match=told):
        gp.verify(changed(kept, tmp_path, "study.toml", old, new))


@pytest.mark.parametrize(
    "settings",
    [
        {"monte_carlo_years": -1},
        {"monte_carlo_years": 1},
        {"monte_carlo_years": 1_000_001},
        {"monte_carlo_years": 2.5},
        {"monte_carlo_years": True},
        {"monte_carlo_years": "2"},
        {"seed": -1},
        {"seed": None},
        {"seed": 2**63},
    ],
)
def test_impossible_settings_are_bad_input(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="is not possible") as caught:
        gp.assess_reliability(chain(), **settings)
    assert next(iter(settings)) in str(caught.value)


def test_unknown_settings_and_wrong_types_of_a_study_are_named() -> None:
    with pytest.raises(InputError, match="the setting 'solver' is unknown"):
        gp.run_study(STUDY, solver="clarabel")
    with pytest.raises(InputError, match="wrong type"):
        gp.run_study(STUDY, seed="one")


def test_a_case_that_cannot_be_asked_is_bad_input() -> None:
    loop = chain(more_lines=[failing("back", "4", "1")])
    with pytest.raises(InputError, match="radial"):
        gp.assess_reliability(loop)
    nobody = radial([point("2", 0.0, 0.2)], [failing("a", "1", "2")])
    with pytest.raises(InputError, match="no load has customers"):
        gp.assess_reliability(nobody)
    negative = chain().with_table("lines", chain().tables["lines"].assign(repair_h=-1.0))
    with pytest.raises(InputError, match="repair_h"):
        gp.assess_reliability(negative)


@pytest.mark.parametrize("wrong", ["loop", "nobody"])
def test_a_study_says_what_is_wrong_with_its_case_before_it_is_run(tmp_path: Path, wrong: str) -> None:
    case = {
        "loop": chain(more_lines=[failing("back", "4", "1")]),
        "nobody": radial([point("2", 0.0, 0.2)], [failing("a", "1", "2")]),
    }[wrong]
    gp.write_case(case, tmp_path / "case")
    (tmp_path / "study.toml").write_text('question = "reliability"\ncase = "case"\n', encoding="utf-8")
    issues = gp.validate_study(tmp_path / "study.toml")
    assert len(issues) == 1 and issues[0].fix
    assert gp.validate_study(STUDY) == []
    assert main(["validate", str(tmp_path)]) == 2


def test_runs_compare_by_their_indices_and_not_by_money() -> None:
    case = chain(protection=[device("a", "from", "breaker")])
    runs = {"as it is": gp.assess_reliability(chain()), "with a breaker": gp.assess_reliability(case)}
    table = gp.compare(runs, differences=True)
    assert "objective" not in table.index
    difference = runs["with a breaker"].summary["saidi_h"] - runs["as it is"].summary["saidi_h"]
    assert table.loc["saidi_h", "with a breaker less as it is"] == pytest.approx(difference, abs=1e-15)


def test_commands_run_verify_show_report_export_and_compare(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "rbts2-reliability", "--set", "monte_carlo_years=0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["saidi_h"] == pytest.approx(3.6126, abs=1e-4)
    assert main(["verify", str(kept), "--deep"]) == 0
    assert "assessed again" in capsys.readouterr().out
    assert main(["show", str(kept)]) == 0
    text = capsys.readouterr().out
    assert "SAIDI              3.613 hours per customer and year" in text
    assert "transformer of LP1" in text and "line 18" in text
    assert main(["show", str(kept), "reliability_feeders"]) == 0
    assert "saidi_h" in capsys.readouterr().out
    assert main(["report", str(kept), "-o", str(tmp_path / "page.html"), "--svg", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == (kept / "report.html").read_text(encoding="utf-8")
    assert main(["compare", str(kept), str(kept), "-o", str(tmp_path / "two.html")]) == 0
    assert "saidi_h" in capsys.readouterr().out
    assert "energy not supplied" in (tmp_path / "two.html").read_text(encoding="utf-8")
    for form, name in (("csv", "tables"), ("xlsx", "book.xlsx")):
        assert main(["export", str(kept), "--format", form, "-o", str(tmp_path / name)]) == 0
    exported = pd.read_csv(tmp_path / "tables" / "reliability.csv")
    assert exported["index"].tolist() == ["saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh"]


def test_where_nothing_fails_a_run_is_kept_and_read(tmp_path: Path) -> None:
    """CAIDI has nothing to divide by: it is blank everywhere, and not zero."""
    run = gp.assess_reliability(radial([point("2", 1.0, 0.2)], [failing("a", "1", "2", 0.0)]))
    run.save(tmp_path / "run")
    again = gp.verify(tmp_path / "run", deep=True)
    assert again.certificate.verdict == "certified"
    assert again.summary["caidi_h"] is None
    assert "CAIDI                  -" in str(again)
    assert "nothing fails that interrupts a customer" in str(again)
