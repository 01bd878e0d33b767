"""A plan as plain text and as a card: the same numbers, no money where the certificate failed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import gridpact as gp
from gridpact.report.card import run_card
from gridpact.report.overview import overview
from gridpact.report.planning import facts, words
from gridpact.report.standing import standing_of
from gridpact.results.planning import BASIS
from tests.report.planning.made_up import COSTS, plan_record, without
from tests.report.synthetic import certificate


def line(text: str, start: str) -> str:
    """The only line that begins so."""
    (found,) = [one for one in text.splitlines() if one.startswith(start)]
    return found


def test_money_in_the_text_is_that_of_the_tables() -> None:
    text = overview(plan_record())
    after = sum(after for _, after in COSTS.values())
    assert f"{after:.2f} USD" in line(text, "cost per year")
    assert f"{0.999 * after:.2f} USD: gap 0.1 % (0.1 % asked)" in line(text, "cannot be less than")
    assert line(text, "purchase").split()[-2:] == ["1400000.00", "520000.00"]
    assert line(text, "sales").split()[-2:] == ["0.00", "-38500.00"]
    assert line(text, "all together").split()[-2:] == ["1838000.00", "1164750.00"]


def test_assets_and_indices_are_told() -> None:
    record = plan_record()
    text, built = overview(record), record.tables["investments"].query("units > 0")
    assert line(text, "built:") == f"built: {len(built)} of 31 candidates"
    assert "  wind-4: wind at 4, 3 of 4 units, 0.75 MW" in text.splitlines()
    assert line(text, "SAIDI").split() == [
        "SAIDI",
        "4.200",
        "1.250",
        "1.260",
        "hours",
        "per",
        "customer",
        "and",
        "year",
        "kept",
    ]
    assert "2 days have no operation" in text and "worst days: 2020-02-01, 2020-02-02, 2020-07-19" in text
    assert max(map(len, text.splitlines()[2:])) <= 120


def test_many_assets_are_cut_short() -> None:
    text = overview(plan_record(141, 12))
    assert "more in the table investments" in text
    assert len(text.splitlines()) <= 75


def test_a_failed_plan_has_no_money() -> None:
    record = plan_record()
    failed = overview(
        replace(record, summary={**record.summary, "verdict": "failed"}, certificate=certificate(failed=("cone_gap",)))
    )
    for amount in ("1164750", "1838000", "520000", "6000000"):
        assert amount not in failed
    assert "built: 11 of 31 candidates" in failed  # what is built is no price


def test_absent_tables_leave_their_paragraph_out() -> None:
    record = replace(plan_record(), tables={})
    text = overview(record)
    assert "built:" not in text and "SAIDI" not in text and "worst days" not in text and "nan" not in text
    assert "1164750.00 USD" in text  # of the summary


def test_the_card_shows_what_a_planner_looks_for() -> None:
    card = run_card(plan_record())
    for title in (
        "Cost of a year with the plan",
        "The plan saves",
        "Investment",
        "Proven gap",
        "Built",
        "SAIDI with the plan",
    ):
        assert title in card
    assert "limit 1.260: kept" in card and "Typical days" in card
    assert "Cost less benefit" not in card


def test_a_plan_that_costs_more_says_so() -> None:
    record = plan_record()
    costs = record.tables["annual_costs"].assign(before=1000.0)
    card = run_card(replace(record, tables={**record.tables, "annual_costs": costs}))
    assert "The plan costs more by" in card


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    record = plan_record()
    costs = record.tables["annual_costs"].copy()
    costs.loc[0, "before"] = np.nan
    before, after = facts.annual(replace(record, tables={**record.tables, "annual_costs": costs}))
    assert np.isnan(before) and after == sum(pair[1] for pair in COSTS.values())
    assert np.isnan(facts.annual(without(record, "annual_costs"))[0])


def test_a_gap_that_is_all_but_zero_is_said_to_be_so() -> None:
    assert [facts.percent(share) for share in (0.0, 9e-6, 1e-3, 0.5)] == ["below 0.001", "below 0.001", "0.1", "50"]


def test_limits_are_kept_within_rounding() -> None:
    assert facts.Index("saidi_h", 4.0, 1.0 + 1e-9, 1.0).kept
    assert not facts.Index("saidi_h", 4.0, 1.001, 1.0).kept
    assert facts.Index("saidi_h", 4.0, 9.0, np.nan).kept


def test_how_far_the_year_is_off_stands_beside_what_was_allowed() -> None:
    record = plan_record()
    known = replace(
        record,
        summary=record.summary | {"year_off": 0.00856},
        settings=record.settings | {"year_tolerance": 0.015},
    )
    told = "0.856 % of the cost of a year, at most 1.5 % asked"
    assert line(overview(known), "they differ by") == f"they differ by {told}"
    assert "they differ by" not in overview(record)
    assert f"than the typical days say: {told}." in words.year(known)


def test_a_bound_by_the_linear_form_is_not_told_as_one_of_the_cost() -> None:
    record = plan_record()
    formed = replace(record, summary=record.summary | {"bound_basis": BASIS[True]})
    said = words.proven(formed, standing_of(formed))
    assert said.startswith("In the search a linear form stands for reliability") and "may lie below that bound" in said
    assert words.proven(record, standing_of(record)).startswith("No plan within the limits costs less than")


def test_a_plan_that_was_tried_on_no_other_days_says_so() -> None:
    told = "days stand for 365 days of a year; the plan was tried on no others"
    assert f"{len(plan_record().tables['scenarios'])} {told}" in overview(without(plan_record(), "year"))
    assert told not in overview(plan_record())


def test_a_comparison_has_the_gap_that_was_proven() -> None:
    """The setting has the name of the figure: 0.1 % were proven, whatever was asked for."""
    record = plan_record()
    asked = replace(record, settings=record.settings | {"gap": 0.02}, summary=record.summary | {"operation": {"a": 1}})
    table = gp.compare({"one": gp.Run(asked)})
    assert table.loc["gap", "one"] == 1e-3
    assert "operation" not in table.index
