"""The report of a plan: what it is worth comes first, every number is that of a table, names do no harm."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.report.html import render
from gridpact.report.panels import panels_of, svg_files
from gridpact.report.planning.sections import plan_sections
from gridpact.report.text import number
from gridpact.results.record import Record
from tests.report.planning.made_up import COSTS, INDEX, plan_record, without
from tests.report.synthetic import certificate, make_record
from tests.report.test_html import Reader, assert_whole

TITLES = [
    "What the plan is worth",
    "What is built where",
    "What a year costs",
    "How it was found and proven",
    "Voltages",
    "The typical days",
    "Reliability",
    "What was not built",
    "All days of the year",
    "What was asked, and with what",
]
# What a section cannot do without.
NEEDS = {
    "What is built where": ("investments",),
    "What a year costs": ("annual_costs",),
    "How it was found and proven": ("convergence",),
    "Voltages": ("buses",),
    "Reliability": ("reliability", "reliability_loads"),
    "What was not built": ("investments",),
    "All days of the year": ("year",),
}
HOSTILE = "<script>alert('x')</script>&\"$"


def slim() -> Record:
    """A record whose page is soon drawn."""
    return without(plan_record(), "scenario_profiles", "scenario_days", "dispatch", "electricity_prices")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", Reader(page).text)


@pytest.fixture(scope="module")
def page() -> str:
    return render(plan_record())


def test_is_whole_self_contained_and_in_order(page: str) -> None:
    assert_whole(page)
    assert re.findall("<h2>(.*?)</h2>", page) == TITLES


def test_every_panel_is_there_and_says_what_it_is(page: str) -> None:
    names = [panel.name for panel in panels_of(plan_record())]
    assert page.count("<figure") == len(names) == 13
    labels = re.findall('role="img" aria-label="(.*?)"', page)
    assert len(set(labels)) == len(names)
    for section in plan_sections(plan_record()):
        for panel in section.panels:
            assert panel.caption in page
    drawn = svg_files(slim())
    assert set(names) - {name.removesuffix(".svg") for name in drawn} == {
        "plan-clusters",
        "plan-dispatch",
        "plan-prices",
    }


def test_money_of_the_page_is_that_of_the_tables(page: str) -> None:
    text = words(page)
    before, after = (sum(pair[side] for pair in COSTS.values()) for side in (0, 1))
    for amount in (before, after, before - after):
        assert number(amount, 0).replace("\u2009", " ") in text
    built = plan_record().tables["investments"].query("units > 0")
    for name in ("investment", "capex_per_year", "maintenance_per_year"):
        assert number(float(built[name].sum()), 0).replace("\u2009", " ") in text
    assert f"all {len(built)}" in text


def test_what_a_year_costs_is_told_item_by_item(page: str) -> None:
    table = page[page.index("<h2>What a year costs</h2>") :].split("</table>")[0]
    rows = re.findall("<tr><td>(.*?)</td></tr>", table)
    assert len(rows) == sum(any(pair) for pair in COSTS.values()) + 1
    told = {row.split("</td><td>")[0]: row.split("</td><td>")[1:] for row in rows}
    assert told["sales"] == ["0", "−38\u2009500", "−38\u2009500"]
    assert told["purchase"] == ["1\u2009400\u2009000", "520\u2009000", "−880\u2009000"]


def test_indices_stand_beside_their_limits(page: str) -> None:
    text = words(page)
    before, value, limit = INDEX["saidi_h"]
    assert (
        f"SAIDI of {value:.3f} hours per customer and year (as it is {before:.3f}) keeps its limit of {limit:.3f}"
        in text
    )
    assert re.search(r"SAIDI hours per customer and year 4\.200 1\.250 1\.260 ✓ kept", text)
    assert re.search(r"ASAI share of the time with supply 0\.999520 0\.999860 –", text)


def test_a_limit_that_is_not_kept_is_said() -> None:
    record = slim()
    table = record.tables["reliability"].assign(limit=[np.nan, 1.2, np.nan, np.nan, np.nan, np.nan])
    text = words(render(replace(record, tables={**record.tables, "reliability": table})))
    assert "does not keep its limit of 1.200" in text and "limit 1.200: NOT kept" in text and "✗ not kept" in text


@pytest.mark.parametrize("title", NEEDS)
def test_absent_tables_leave_their_section_out(title: str) -> None:
    record = slim()
    text = render(without(record, *NEEDS[title]))
    assert f"<h2>{title}</h2>" not in text
    kept = [one for one in TITLES if one != title and not set(NEEDS.get(one, ())) & set(NEEDS[title])]
    assert [one for one in TITLES if f"<h2>{one}</h2>" in text] == kept


def test_typical_days_are_shown_as_far_as_they_are_known() -> None:
    names = ("scenarios", "scenario_profiles", "scenario_days", "duration_curves", "decision_graph", "dispatch",
             "electricity_prices", "scenario_quality")  # fmt: skip
    assert "<h2>The typical days</h2>" not in render(without(plan_record(), *names))
    text = render(without(plan_record(), "scenario_profiles", "scenario_days"))
    assert "plan-clusters" not in text and "plan-durations" in text


def test_a_record_without_tables_is_still_a_page() -> None:
    page = render(replace(plan_record(), tables={}))
    assert Reader(page).open == []
    assert re.findall("<h2>(.*?)</h2>", page) == [TITLES[0], TITLES[-1]]


def test_nothing_built_is_said() -> None:
    record = slim()
    table = record.tables["investments"].assign(units=0, investment=0.0, capex_per_year=0.0, maintenance_per_year=0.0)
    text = words(render(replace(record, tables={**record.tables, "investments": table})))
    assert "Of 31 candidates none is worth building" in text and "Nothing is built." in text


def test_a_network_that_could_not_be_operated_before_has_no_cost_before() -> None:
    record = slim()
    table = record.tables["annual_costs"].assign(before=np.nan)
    text = words(render(replace(record, tables={**record.tables, "annual_costs": table})))
    assert "what a year costs without the plan is not known" in text
    assert "The plan saves" not in text and " nan" not in text.lower()


def hostile() -> Record:
    """Every text that a user can give is an attack."""
    record = plan_record()
    tables = {
        name: table.assign(**{column: table[column].astype(str) + HOSTILE for column in columns if column in table})
        for name, columns in {
            "investments": ("asset", "place"),
            "scenarios": ("source_day", "kind"),
            "scenario_quality": ("series",),
            "duration_curves": ("series",),
            "decision_graph": ("day",),
            "reliability_loads": ("load",),
            "reliability_loads_before": ("load",),
            "year": ("status",),
        }.items()
        for table in (record.tables[name],)
    }
    feeders = pd.DataFrame({"feeder": [f"a{HOSTILE}", "b"], "customers": 1.0, "saifi": 0.1})
    tables |= {"reliability_feeders": feeders}
    case = replace(record.case, name=HOSTILE, currency=f"E{HOSTILE}")
    return replace(record, case=case, tables={**record.tables, **tables})


def test_hostile_names_do_no_harm() -> None:
    page = render(hostile())
    assert "<script" not in page
    assert "script" not in Reader(page).tags
    assert Reader(page).open == []
    assert "&lt;script&gt;alert(" in page


def test_money_of_a_failed_plan_is_struck_out_and_its_figures_stamped() -> None:
    page = render(replace(plan_record(), certificate=certificate(failed=("cone_gap",))))
    head = words(page).split("What is built where")[0]
    assert "What the plan is worth" in head and "USD per year" in head
    for amount in ("1 164 750", "673 250", "6 000 000"):
        assert amount not in head.replace("\u2009", " ")
    money = [panel.name for panel in panels_of(plan_record()) if panel.shows_money]
    assert page.count("NOT CERTIFIED") == len(money)
    assert page.count('<figure class="void">') == len(money)


def test_the_year_is_told_in_a_sentence(page: str) -> None:
    """What is not cleared is left out of both sums; day 200 costs 2500 more than its typical day says."""
    text, year = words(page), plan_record().tables["year"]
    done = year[year["status"] == "cleared"]
    assert len(year) - len(done) == 2
    assert f"costs {number(float(done['cost'].sum()), 0)} USD".replace("\u2009", " ") in text
    assert "On 2 days no operation was found. 0.400 MWh of demand stay unserved." in text
    assert "The worst days: 01 Feb 2020, 02 Feb 2020, 19 Jul 2020" in text


def test_other_questions_have_no_section_of_a_plan() -> None:
    assert plan_sections(make_record()) == ()
    assert "What the plan is worth" not in render(make_record())
