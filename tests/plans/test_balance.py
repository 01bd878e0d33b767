"""Few typical days against many: time, error and regret; and their page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gridpact as gp

CASE = Path(__file__).parents[1] / "cases" / "planning-small" / "case"


@pytest.fixture(scope="module")
def case() -> gp.Case:
    return gp.read_case(CASE)


def test_all_days_have_neither_error_nor_regret_beyond_the_gap(case: gp.Case) -> None:
    """Four typical days of four are the year itself: the cost that is told is the cost there is, and none is less."""
    gap = 1e-5
    table = gp.compare_typical_days(case, (1, 4), extreme_days=False, workers=1, gap=gap).set_index("typical_days")
    assert table["scenarios"].tolist() == [1, 4]
    assert abs(table["error_percent"][4]) <= 1e-6
    assert table["regret_percent"].min() == 0.0
    assert table["regret_percent"][4] <= 100.0 * gap
    assert (table["days_left"] == 0).all() and (table["verdict"] == "certified").all()
    assert (table["solve_seconds"] <= table["total_seconds"]).all()
    known = gp.plan(case, typical_days=4, extreme_days=False, workers=1, year_rounds=0, gap=gap)
    assert table["objective"][4] == pytest.approx(known.summary["objective"], rel=1e-9)


def test_the_error_of_one_day_is_what_its_plan_costs_in_the_year_too_much(case: gp.Case) -> None:
    run = gp.plan(case, typical_days=1, extreme_days=False, workers=1, year_rounds=1)
    year, costs = run.table("year"), run.table("annual_costs").set_index("item")["after"]
    found = costs["investment"] + costs["maintenance"] + 365.0 / 4.0 * year["cost"].sum()
    table = gp.compare_typical_days(case, [1], extreme_days=False, workers=1)
    assert table["year_cost"].item() == pytest.approx(found, rel=1e-9)
    error = 100.0 * (run.summary["objective"] - found) / found
    assert table["error_percent"].item() == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("name", ["typical_days", "year_rounds", "out"])
def test_what_a_comparison_sets_itself_is_refused(case: gp.Case, name: str) -> None:
    with pytest.raises(gp.InputError, match=name):
        gp.compare_typical_days(case, (1, 2), **{name: 1})


def test_typical_days_have_a_page_with_every_figure(case: gp.Case, tmp_path: Path) -> None:
    days = gp.typical_days(case, 2)
    html = gp.report_typical_days(days, tmp_path / "days.html", case=case)
    assert (tmp_path / "days.html").read_text(encoding="utf-8") == html
    assert html.count("<svg") >= 3 and "planning-small" in html
    assert np.isclose(days.weights.sum(), 4.0)
