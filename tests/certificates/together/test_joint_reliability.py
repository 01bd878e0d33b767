"""A joint plan with limits of reliability is certified, and fails where an index, a limit or the form is another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.planning.plan_complete import INDEXED
from gridpact.certificates.planning.plan_form import FORM, INDICES, PARTS
from gridpact.certificates.together.equilibrium import growths
from gridpact.certificates.together.view import JointView
from gridpact.cli import main
from gridpact.errors import InfeasibleError, InputError
from gridpact.io.folder import write_case
from gridpact.results.record import Record
from gridpact.together.study import plan_together
from tests.certificates.spoil import Change, plus, with_array, with_cells, with_table
from tests.certificates.together.made import failed, feeder, joint, limited, with_setting, with_summary
from tests.planning.together.reliable import failing_case

Forge = Callable[[Record], Record]


def cells(table: str, column: str, change: Change, **where: object) -> Forge:
    return lambda record: with_cells(record, table, column, change, **where)


def without_form(record: Record) -> Record:
    return replace(record, solution={k: v for k, v in record.solution.items() if not k.startswith(FORM)})


def with_loop(record: Record) -> Record:
    """The first and the last bus of the main line joined."""
    lines = record.case.tables["lines"]
    loop = lines.iloc[[0]].assign(line="loop", from_bus="2", to_bus="18")
    return replace(record, case=record.case.with_table("lines", pd.concat([lines, loop], ignore_index=True)))


FORGED: dict[str, tuple[Forge, str]] = {
    "a limit that is not kept": (lambda record: with_setting(record, saidi_limit_h=7.0), "plan reliability limits"),
    "a limit that was not asked for": (
        cells("reliability", "limit", plus(1.0), index="saidi_h"),
        "plan limits told",
    ),
    "an index": (cells("reliability", "value", plus(-0.1), index="saidi_h"), "plan reliability"),
    "an index before": (cells("reliability", "before", plus(0.1), index="eens_mwh"), "plan reliability"),
    "an index of the summary": (lambda record: with_summary(record, saidi_h=1.0), "plan reliability"),
    "hours of a load": (cells("reliability_loads", "hours_per_year", plus(0.1)), "plan reliability_loads"),
    "no form": (without_form, "plan master"),
    "a form that understates": (
        lambda record: with_array(record, f"{FORM}saidi_h", lambda array: np.asarray(array) * 0.9),
        "plan linear form",
    ),
    "less alone": (
        cells("alone_investments", "units", lambda _: 0, asset="recloser-6-7"),
        "joint plan alone limits",
    ),
    "a loop": (with_loop, "plan network"),
}


def test_a_plan_with_a_limit_is_certified() -> None:
    record = limited()
    assert record.certificate["verdict"] == "certified"
    assert failed(record) == []
    assert record.summary["saidi_h"] <= 9.0 < record.summary["saidi_h_before"]


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_limit_fails(name: str) -> None:
    forge, check = FORGED[name]
    assert check in failed(forge(limited()))


def test_an_owner_is_held_to_the_limits_as_well() -> None:
    """Without the rows of reliability the operator would seem to gain by building no recloser."""
    record = limited()
    operator = JointView(record).operator
    assert growths(JointView(record))[operator] <= 1.0
    assert growths(JointView(without_form(record)))[operator] > 1000.0


@pytest.mark.parametrize("change", ["gone", "empty", "no columns", "texts"])
@pytest.mark.parametrize("name", INDEXED)
def test_tables_of_reliability_are_read_with_care(name: str, change: str) -> None:
    record, table = limited(), limited().tables[name]
    if change == "gone":
        tables = {key: one for key, one in record.tables.items() if key != name}
        assert "joint plan complete" in failed(replace(record, tables=tables))
        return
    forged = {"empty": table.iloc[:0], "no columns": table[[]], "texts": table.astype(str)}[change]
    assert failed(with_table(record, name, forged)) != []


@pytest.mark.parametrize("name", [f"{FORM}{name}" for name in (*PARTS, *INDICES)])
def test_the_form_is_read_with_care(name: str) -> None:
    assert name in limited().solution
    for spoiled in (np.zeros(0), np.full(3, np.nan), np.array(["a"])):
        assert failed(with_array(limited(), name, lambda _, one=spoiled: one)) != []


@pytest.mark.parametrize("value", [-1.0, float("nan"), "9", None, True])
def test_a_limit_that_is_no_number_fails(value: object) -> None:
    assert failed(with_setting(limited(), saidi_limit_h=value)) == ["joint plan complete"]


def test_nothing_is_told_of_reliability_without_limits() -> None:
    told = with_table(joint(), "reliability", limited().tables["reliability"])
    assert failed(told) == ["joint plan complete"]
    assert failed(with_summary(joint(), saidi_h=1.0)) == ["joint plan complete"]


@pytest.mark.parametrize("upper", ["atc", "cf_admm"])
def test_limits_need_one_hand(upper: str) -> None:
    with pytest.raises(InputError, match=f"upper = '{upper}' is not possible"):
        plan_together(failing_case(), upper=upper, saidi_limit_h=9.0)


def test_limits_need_customers_and_a_radial_network() -> None:
    with pytest.raises(InputError, match="no load has customers"):
        plan_together(feeder(), saidi_limit_h=9.0)
    looped = with_loop(limited()).case
    with pytest.raises(InputError, match="loop"):
        plan_together(looped, typical_days=1, saidi_limit_h=9.0)


def test_a_limit_where_nothing_fails_is_kept() -> None:
    case = failing_case()
    safe = case.with_table("lines", case.tables["lines"].assign(failures_per_km_year=0.0))
    run = plan_together(safe, typical_days=1, weights="equal", compare=False, saidi_limit_h=1.0)
    assert run.certificate.verdict == "certified"
    assert run.summary["saidi_h"] == 0.0 and not len(run.table("reliability_faults"))


def test_a_limit_that_no_plan_keeps_is_named_at_once() -> None:
    with pytest.raises(InfeasibleError, match=r"saidi_limit_h = 5 cannot be met: .* it takes 6\.6"):
        plan_together(failing_case(), typical_days=1, saidi_limit_h=5.0)


def test_a_study_is_validated_for_what_it_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(failing_case(), tmp_path / "case")
    study = tmp_path / "study.toml"
    study.write_text('question = "plan_together"\ncase = "case"\n')
    assert main(["validate", str(study)]) == 2
    told = capsys.readouterr()
    assert (told.out + told.err).count("only limits of reliability give this a value, and there are none") == 2
    study.write_text('question = "plan_together"\ncase = "case"\n[settings]\nsaidi_limit_h = 9.0\n')
    assert main(["validate", str(study)]) == 0
