"""Plans side by side: items and units of each, and no prices of days that count for many."""

from __future__ import annotations

import re
from dataclasses import replace

from gridpact.report.comparison.html import render_comparison
from tests.report.planning.made_up import plan_record
from tests.report.synthetic import certificate, make_record
from tests.report.test_html import Reader


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", Reader(page).text)


def test_costs_and_units_stand_side_by_side() -> None:
    one, other = plan_record(), plan_record(33, 4)
    table = other.tables["investments"].assign(units=lambda rows: rows["units"].where(rows["asset"] != "wind-4", 1))
    costs = other.tables["annual_costs"].assign(after=lambda rows: 2.0 * rows["after"])
    other = replace(other, tables={**other.tables, "investments": table, "annual_costs": costs})
    page = render_comparison({"a": one, "b": other})
    assert Reader(page).open == []
    assert re.findall("<h2>(.*?)</h2>", page) == [
        "Summary",
        "What a year costs with the plans",
        "What the plans build",
        "What was asked",
    ]
    text = text_of(page)
    assert "purchase 520 000 1 040 000" in text and "sales −38 500 −77 000" in text
    assert "wind-4 3 1" in text and "pv-8 3 3" in text


def test_money_of_a_failed_plan_is_left_out() -> None:
    failed = replace(plan_record(), certificate=certificate(failed=("cone_gap",)))
    page = render_comparison({"a": failed})
    assert "What a year costs with the plans" not in page and "What the plans build" in page


def test_a_plan_beside_a_clearing_has_no_prices() -> None:
    page = render_comparison({"a": plan_record(), "b": make_record()})
    assert "What the plans build" in page and page.count("<figure") == 2
    assert "What the plans build" not in render_comparison({"b": make_record()})
