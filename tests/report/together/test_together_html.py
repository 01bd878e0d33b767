"""The report of a joint plan: what it is worth comes first, every number is that of a table, names do no harm."""

from __future__ import annotations

import re
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from gridpact.report.html import render
from gridpact.report.panels import panels_of, svg_files
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.report.together.sections import together_sections
from gridpact.results.record import Record
from tests.report.planning.made_up import reliability_tables
from tests.report.synthetic import certificate, make_record
from tests.report.test_html import Reader, assert_whole
from tests.report.together.made_up import WHY, plan_record, without, without_deal

TITLES = [
    "What planning together is worth",
    "The plan in words",
    "Who builds what, and why",
    "What a year costs each owner",
    "Who gains how much",
    "Who pays whom",
    "Who bears the network's own building",
    "Who trades with whom",
    "Cash over the years",
    "How it was found and proven",
    "Whether anyone would rather build something else",
    "The typical days",
    "What each owner disclosed",
    "What was asked, and with what",
]
# What a section cannot do without.
NEEDS = {
    "Who builds what, and why": ("investments",),
    "Who bears the network's own building": ("reinforcements",),
    "Who trades with whom": ("trades",),
    "Cash over the years": ("cash_flow",),
    "How it was found and proven": ("moves", "schemes", "convergence"),
    "Whether anyone would rather build something else": ("deviations",),
    "What each owner disclosed": ("plan_disclosures",),
}
HOSTILE = "<script>alert('x')</script>&\"$"
# There is no year of hours behind the made-up days.
YEAR = {"plan-durations"}
RELIABILITY = {"plan-indices", "plan-load-points"}


def words(page: str) -> str:
    return re.sub(r"\s+", " ", Reader(page).text.replace("\u2009", ""))


def told(record: Record) -> str:
    """The words of the page, whose figures are left out."""
    with patch("gridpact.report.html.drawn", lambda *_: ""):
        return words(render(record))


def money(value: float, decimals: int = 0) -> str:
    return number(value, decimals).replace("\u2009", "")


@pytest.fixture(scope="module")
def page() -> str:
    return render(plan_record())


def test_is_whole_self_contained_and_in_order(page: str) -> None:
    assert_whole(page)
    assert re.findall("<h2>(.*?)</h2>", page) == TITLES


def test_every_panel_is_there_and_says_what_it_is(page: str) -> None:
    names = {panel.name for panel in panels_of(plan_record())} - YEAR - RELIABILITY
    assert page.count("<figure") == len(names)
    labels = re.findall('role="img" aria-label="(.*?)"', page)
    assert len(set(labels)) == len(labels)
    assert {name.removesuffix(".svg") for name in svg_files(plan_record())} == names
    for section in together_sections(plan_record()):
        for panel in section.panels:
            assert panel.name in YEAR | RELIABILITY or panel.caption in page


def test_limits_of_reliability_are_told_where_there_are_some() -> None:
    record = plan_record()
    limited = replace(record, tables={**record.tables, **reliability_tables(record.case)})
    assert set(svg_files(limited)) - set(svg_files(record)) == {f"{name}.svg" for name in RELIABILITY}
    page, titles = render(limited), [*TITLES]
    titles.insert(TITLES.index("The typical days"), "Reliability")
    assert re.findall("<h2>(.*?)</h2>", page) == titles
    assert "Limits of reliability:" in words(page)
    assert_whole(page)


def test_cards_say_what_planning_together_is_worth(page: str) -> None:
    summary, text = plan_record().summary, words(page)
    assert f"A year costs, together {money(summary['objective'])}" in text
    assert f"where each plans alone: {money(summary['objective_alone'])}" in text
    assert f"All gain by planning together {money(summary['surplus'])}" in text
    assert f"no plan gains more than {money(summary['surplus_upper_bound'])}" in text


def test_every_owner_has_its_costs_and_its_gain(page: str) -> None:
    text, owners = words(page), plan_record().tables["owners"]
    for place, name in enumerate(owners["participant"]):
        row = owners.iloc[place]
        costs = row["capex_per_year"], row["maintenance_per_year"], row["operation_cost"]
        cells = (row["alone_cost"], row["alone_building_cost"], *costs, -row["receipt"], sum(costs) - row["receipt"])
        assert " ".join([name, *(money(value) for value in (*cells, row["gain"]))]) in text


def test_payments_are_whole_cents_that_add_up(page: str) -> None:
    text, owners = words(page), plan_record().tables["owners"]
    assert "all 0.00 0.00 0.00 0.00" in text
    for receipt in owners["receipt_cents"]:
        assert money(-receipt / 100.0, 2) in text


def test_who_builds_what_stands_beside_what_it_would_build_alone(page: str) -> None:
    text, name = words(page), plan_record().case.ids("microgrids")[0]
    assert f"{name}-wind {name} wind trade makes more of it pay 1 3 of 4" in text
    assert f"{name}-storage {name} storage pays alone, not together 2 0 of 4" in text
    assert f"{name}-pv {name} PV pays alone and together 4 4 of 4" in text
    assert f"{name}-wind ({name}, 1 → 3)" in text


def test_weights_share_the_same_gain() -> None:
    record = plan_record()
    text, surplus = told(record), float(record.summary["surplus"])
    assert (
        "Weights as given (this run)" in text
        and "Weights equal" in text
        and "Weights by the cost of each alone" in text
    )
    assert money(surplus / len(record.tables["owners"])) in text
    for share in facts.weights_by(record).values():
        assert share.sum() == pytest.approx(1.0)
    stand_alone = facts.weights_by(record)["stand_alone"]
    assert money(surplus * float(stand_alone[-1])) in text


def test_what_costs_nobody_anything_is_no_weight() -> None:
    record = plan_record()
    owners = record.tables["owners"].assign(alone_cost=0.0)
    assert "stand_alone" not in facts.weights_by(replace(record, tables={**record.tables, "owners": owners}))


def test_what_was_told_depends_on_who_searched() -> None:
    record = plan_record()
    assert "one hand that was given all data" in told(record)
    assert "the payments alone were agreed by messages" in told(record)
    traded = replace(record, settings={**record.settings, "trade": "atc"})
    assert "was then agreed by these messages" in told(traded)
    apart = replace(record, settings={**record.settings, "upper": "atc"})
    assert "one hand that was given all data" not in told(apart)
    assert "data and devices never left their owner" in told(apart)


def test_fees_that_are_paid_within_change_no_gain() -> None:
    record = plan_record()
    text = told(record)
    assert "whatever the fees are, the plan and the gains are the same" in text
    paid = facts.payments(record)
    assert money(float(paid["lump"][0] - paid["fee"][0])) in text  # with fees twice as high
    assert money(float(paid["lump"][0] + paid["fee"][0])) in text  # with none


def test_fees_that_are_costs_decide_the_plan() -> None:
    record = plan_record()
    row = record.case.tables["network_operator"]
    row = row.assign(fee_kind="cost") if len(row) else row
    case = record.case.with_table("network_operator", row)
    if not len(row):
        case = record.case.with_rows("network_operator", {"operator": ["network"], "fee_kind": ["cost"]})
    text = told(replace(record, case=case))
    assert "Other fees may lead to another plan" in text and "With no fees" not in text


def test_schemes_and_plans_looked_at_are_told(page: str) -> None:
    text = words(page)
    assert "15 % of this gain would have been found" in text
    assert "All 6 plans that were looked at" in text
    assert "1 one owner at a time – begins taken" in text


def test_no_deal_stands_first_and_nothing_is_paid() -> None:
    text = told(without_deal(plan_record()))
    assert text.index("No deal") < text.index("What planning together is worth")
    assert WHY[0].upper() + WHY[1:] in text
    assert "nobody pays anybody anything" in text
    assert "Lump sum" not in text and "A year would cost" in text


@pytest.mark.parametrize("title", NEEDS)
def test_absent_tables_leave_their_section_out(title: str) -> None:
    text = render(without(plan_record(), *NEEDS[title], "plan-map"))
    assert f"<h2>{title}</h2>" not in text


def test_what_is_not_certified_is_struck_out() -> None:
    record = replace(plan_record(), certificate=certificate(failed=("cone_gap",)))
    page = render(record)
    gain = money(float(record.summary["surplus"]))
    assert gain not in words(page) and gain in re.sub("\u2009", "", page)
    assert page.count('<figure class="void"') == sum(panel.shows_money for panel in panels_of(record))


def test_names_do_no_harm() -> None:
    record = plan_record()
    tables = dict(record.tables)
    for name, column in (("investments", "asset"), ("alone_investments", "asset"), ("reinforcements", "asset")):
        tables[name] = tables[name].assign(**{column: HOSTILE + tables[name][column].astype(str)})
    page = render(replace(record, tables=tables))
    assert_whole(page)
    assert "<script>" not in page


def test_many_owners_fit_on_the_page() -> None:
    record = plan_record(30)
    page = render(record)
    assert_whole(page)
    assert "(the 15 largest of 31)" in page and "(40 of 93 candidates)" in page
    assert len(page) < 3_000_000


def test_a_run_of_another_question_has_no_such_section() -> None:
    assert together_sections(make_record()) == ()


def test_energy_of_a_year_is_that_of_the_days_as_often_as_they_come() -> None:
    record = plan_record()
    days = facts.energy_by_day(record)
    power = record.tables["trades"]
    first = power[power["snapshot"] < record.case.snapshots[24]]
    assert days[0].sum() == pytest.approx(record.case.hours * first["p_mw"].sum())
    year = facts.of_year(record).tables["trades"]["p_mw"].sum() * record.case.hours
    assert year == pytest.approx(np.array(list(facts.weights(record).values())) @ days.sum(axis=(1, 2)))
