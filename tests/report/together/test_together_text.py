"""A joint plan as plain text, as a card, and beside another one."""

from __future__ import annotations

from dataclasses import replace

from gridpact.report.card import run_card
from gridpact.report.comparison.html import render_comparison
from gridpact.report.overview import overview
from gridpact.run import Run
from tests.report.synthetic import certificate
from tests.report.together.made_up import WHY, plan_record, without_deal


def test_numbers_are_those_of_the_run() -> None:
    record = plan_record()
    text = overview(record)
    for name in ("objective", "objective_alone", "objective_lower_bound", "surplus", "investment"):
        assert f"{record.summary[name]:.2f} {record.case.currency}" in text
    for owner in record.tables["owners"].itertuples():
        assert f"{owner.receipt_cents / 100.0:.2f}" in text and f"{owner.gain_exact:.2f}" in text
    assert "all answer at once, by itself: gains" in text
    assert "by changing its own plan alone no owner gains more than 2" in text
    assert str(Run(record)) == text


def test_what_is_built_alone_or_together_is_listed() -> None:
    text, name = overview(plan_record()), plan_record().case.ids("microgrids")[0]
    assert f"{name}-storage" in text and "cable-1" in text
    assert "cable-2" not in text  # built neither alone nor together


def test_no_deal_is_said() -> None:
    text = overview(without_deal(plan_record()))
    assert f"NO DEAL: {WHY}." in text
    assert "gain to be shared" not in text and "receives" not in text


def test_a_failed_run_shows_no_money() -> None:
    record = plan_record()
    spoilt = replace(
        record, summary={**record.summary, "verdict": "failed"}, certificate=certificate(failed=("cone_gap",))
    )
    text = overview(spoilt)
    assert "FAILED" in text and "who builds what" in text
    assert "who gains what" not in text and "cost per year" not in text


def test_many_owners_are_cut() -> None:
    text = overview(plan_record(40))
    assert "... and 10 more owners" in text and "more in the table investments" in text
    assert len(text.splitlines()) < 90


def test_the_card_says_what_it_is_worth() -> None:
    card = run_card(plan_record())
    assert "All gain by planning together" in card and "Owners plan their investments together" in card


def test_two_joint_plans_are_compared() -> None:
    record = plan_record()
    table = record.tables["investments"]
    other = replace(record, tables={**record.tables, "investments": table.assign(units=table["max_units"])})
    page = render_comparison({"one": record, "other": other})
    assert "What the plans build" in page and "gain that is shared" in page and "cost where each plans alone" in page
    assert "Mean price of all buses" not in page  # prices of typical days are no prices of the horizon
