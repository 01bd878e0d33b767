"""The report of a trade: the deal comes first, every number is that of a table, names do no harm."""

from __future__ import annotations

import re
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from gridpact.report.html import render
from gridpact.report.panels import panels_of, svg_files
from gridpact.report.standing import Standing, standing_of
from gridpact.report.trade import disclosed, fee_words, money_tables, tables
from gridpact.report.trade.numbers import energies
from gridpact.report.trade.sections import trade_sections
from gridpact.results.record import Record
from tests.report.synthetic import certificate, make_record
from tests.report.test_html import Reader, assert_whole
from tests.report.trade.made_up import WHY, changed, many, trade_record, without, without_deal

TITLES = [
    "What the trade is worth",
    "The trade in words",
    "Who trades with whom",
    "Prices",
    "Exchange and its limits",
    "Network fees",
    "What it is worth to whom",
    "Who pays whom",
    "How it was found",
    "What each party disclosed",
    "The network",
    "Inside the microgrids",
    "What was asked, and with what",
]
# What a section cannot do without.
NEEDS = {
    "Who pays whom": ("sheet",),
    "How it was found": ("convergence", "bargaining_convergence", "reference", "regrets"),
    "What each party disclosed": ("disclosures",),
    "Inside the microgrids": ("microgrids_dispatch",),
}
# Of many microgrids a figure is not drawn, and another one is.
FEW, MANY = {"trade-price-spread"}, {"trade-price-map", "trade-limits-map"}
HOSTILE = "<script>alert('x')</script>&\"$"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", Reader(page).text.replace("\u2009", ""))


def told(record: Record) -> str:
    """The words of the page, whose figures are left out."""
    with patch("gridpact.report.html.drawn", lambda *_: ""):
        return words(render(record))


@pytest.fixture(scope="module")
def page() -> str:
    return render(trade_record())


def test_is_whole_self_contained_and_in_order(page: str) -> None:
    assert_whole(page)
    assert re.findall("<h2>(.*?)</h2>", page) == TITLES


def test_every_panel_is_there_and_says_what_it_is(page: str) -> None:
    names = {panel.name for panel in panels_of(trade_record())}
    assert page.count("<figure") == len(names - MANY)
    labels = re.findall('role="img" aria-label="(.*?)"', page)
    assert len(set(labels)) == len(labels)
    drawn = svg_files(trade_record())
    assert {name.removesuffix(".svg") for name in drawn} == names - MANY


def test_cards_say_what_trading_is_worth(page: str) -> None:
    summary, text = trade_record().summary, words(page)
    for value in (summary["objective"], summary["cost_before"], summary["surplus"], summary["fee_revenue"]):
        assert f"{value:.2f}" in text
    assert f"{summary['traded_mwh']:.2f}" in text
    saved = summary["cost_before"] - summary["objective"]
    assert saved == pytest.approx(223.0, abs=0.5)  # as SOURCES.txt of the example says, with its 8 %
    assert f"{saved:.2f} USD less (8.0 %)" in text


def test_the_settlement_is_exact_to_the_cent(page: str) -> None:
    sheet, text = trade_record().tables["sheet"], words(page)
    for name in ("energy", "fee", "lump", "total"):
        assert sheet[f"{name}_cents"].sum() == 0
    for row in sheet.itertuples():
        cents = [row.energy_cents, row.fee_cents, row.lump_cents, row.total_cents]
        assert " ".join(money_tables.exact(int(value)) for value in cents) in text
    assert "all 0.000 0.00 0.00 0.00 0.00" in text


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "−0.05"), (123456789, "1\u2009234\u2009567.89"), (-100, "−1.00"),
     (2**53 + 1, "90\u2009071\u2009992\u2009547\u2009409.93")],
)  # fmt: skip
def test_cents_are_written_without_floats(cents: int, text: str) -> None:
    assert money_tables.exact(cents) == text


def test_without_a_deal_that_is_said_first() -> None:
    page = render(without_deal(trade_record()))
    text = words(page)
    assert page.index("No deal") < page.index("What the trade is worth")
    assert f"No deal T{WHY[1:]}." in text
    assert "Everybody stays at the disagreement point: no fee and no payment is due." in text
    assert "nobody pays anybody anything" in text
    assert "Who would gain how much by which rule" not in page
    assert "would be" in text and "had they traded" in text


def test_money_of_a_failed_trade_is_struck_out_and_its_figures_stamped() -> None:
    record = replace(trade_record(), certificate=certificate(failed=("cone_gap",)))
    page = render(record)
    head = words(page).split("Who trades with whom")[0]
    summary = record.summary
    for value in (summary["objective"], summary["cost_before"], summary["surplus"], summary["fee_revenue"]):
        assert f"{value:.2f}" not in head
    shown = [panel for panel in panels_of(record) if panel.shows_money and panel.name not in MANY]
    assert page.count("NOT CERTIFIED") == page.count('<figure class="void">') == len(shown)
    sheet = words(page).split("Who pays whom")[1].split("How it was found")[0]
    assert str(abs(int(record.tables["sheet"]["total_cents"].iloc[0]))) not in sheet.replace(".", "")


def test_a_price_of_a_microgrid_that_is_not_certified_voids_the_run() -> None:
    table = trade_record().tables["microgrids_electricity_prices"]
    spoilt = changed(trade_record(), "microgrids_electricity_prices", table.assign(certified=False))
    assert f"{len(table)} prices are marked as not certified" in told(spoilt)


@pytest.mark.parametrize("title", NEEDS)
def test_absent_tables_leave_their_section_out(title: str) -> None:
    text = render(without(trade_record(), *NEEDS[title]))
    assert re.findall("<h2>(.*?)</h2>", text) == [one for one in TITLES if one != title]


def test_a_record_without_tables_is_still_a_page() -> None:
    page = render(replace(trade_record(), tables={}))
    assert Reader(page).open == []
    assert re.findall("<h2>(.*?)</h2>", page)[:2] == TITLES[:2]


def test_a_hundred_microgrids_are_a_page_too() -> None:
    page = render(many(100))
    assert Reader(page).open == []
    assert re.findall("<h2>(.*?)</h2>", page) == TITLES
    assert "90 others" in page
    text = words(page)
    assert "100 microgrids sell each other" in text
    assert "88 more" in text  # twelve rows in the open, the others folded away
    assert "100 microgrids coordinator exchange (answer) p.u. 1700 40800" in text


def hostile() -> Record:
    """Every text that a user can give is an attack."""
    record = trade_record()
    spoilt = {
        name: table.assign(
            **{
                column: table[column].astype(str) + HOSTILE
                for column in ("microgrid", "seller", "buyer", "payer", "payee", "participant", "coalition", "sender",
                               "recipient", "kind", "quantity", "unit", "method")
                if column in table
            }
        )
        for name, table in record.tables.items()
        if not name.startswith(("microgrids_", "before_")) and "device" not in table and "bus" not in table
    }  # fmt: skip
    grids = record.case.tables["microgrids"]
    case = record.case.with_table("microgrids", grids.assign(microgrid=grids["microgrid"] + HOSTILE))
    case = replace(case, name=HOSTILE, currency=f"E{HOSTILE}")
    summary = {**record.summary, "operator": f"network{HOSTILE}", "deal": False, "deal_why": HOSTILE}
    summary |= {"fee_rule": HOSTILE, "method": HOSTILE}
    spoilt = {name: table for name, table in spoilt.items() if name != "energy_flows"}
    return replace(record, case=case, tables={**record.tables, **spoilt}, summary=summary)


def test_hostile_names_do_no_harm() -> None:
    page = render(hostile())
    assert "<script" not in page
    assert "script" not in Reader(page).tags
    assert Reader(page).open == []
    assert "&lt;script&gt;alert(" in page


def test_who_trades_what_is_told_by_the_trades(page: str) -> None:
    table, text = trade_record().tables["trades"], words(page)
    own = table[(table["seller"] == "farm") & (table["buyer"] != "network")]
    mean = np.average(
        table.loc[table["seller"] == "farm", "seller_price_per_mwh"],
        weights=table.loc[table["seller"] == "farm", "p_mw"],
    )
    assert f"farm 22 {own['p_mw'].sum():.2f}" in text
    assert f"{mean:.2f}" in text
    assert "In 18 of 24 steps some microgrid serves another." in text  # as SOURCES.txt of the example says


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "there is no market between peers"), (1.0, "at all times"), (0.25, "In 25.0 % of the hours of all pairs")],
)
def test_whether_there_is_a_market_between_peers_is_said(share: float, said: str) -> None:
    record = trade_record()
    assert said in fee_words.peers(replace(record, summary={**record.summary, "fee_share_peer": share}))


@pytest.mark.parametrize("rule", ["flat", "distance", "zone", "network"])
@pytest.mark.parametrize(("kind", "said"), [("transfer", "They are a transfer"), ("cost", "They are a true cost")])
def test_fees_are_explained(rule: str, kind: str, said: str) -> None:
    record = trade_record()
    text = fee_words.paragraph(replace(record, summary={**record.summary, "fee_rule": rule, "fee_kind": kind}))
    assert f"by the rule {rule}: energy" in text
    assert said in text
    assert "the buyer bears 50 % and the seller the rest" in text


def test_an_operator_that_bargains_is_said_to() -> None:
    record = trade_record()
    table = record.tables["bargaining"].assign(bargains=True, weight=0.25, gain=60.0)
    spoilt = changed(record, "bargaining", table)
    text = told(replace(spoilt, summary={**record.summary, "operator_role": "party", "surplus": 240.0}))
    assert (
        "4 parties gain 60.00 USD each. The operator network bargains as the microgrids do and gains 60.00 USD" in text
    )


def test_what_can_be_inferred_is_said(page: str) -> None:
    text = words(page)
    assert "a receipt is weight times gain less benefit" in text
    assert "The operator knows every microgrid's exchange anyway" in text
    assert "Numbers under masks" in text
    assert "was given all data of everybody" not in text
    record = replace(trade_record(), summary={**trade_record().summary, "method": "central"})
    assert "was given all data of everybody" in told(record)


def test_the_ledger_is_added_up_where_parties_are_alike() -> None:
    record = many(100)
    table = record.tables["disclosures"]
    rows = disclosed.alike(record, table)
    assert len(rows) == 10  # three quantities each to microgrids and to the operator, two answers, receipts, masks
    for name in ("messages", "numbers", "bytes"):
        assert rows[name].sum() == table[name].sum()


@pytest.mark.parametrize(
    ("excess", "said"), [(-3.0, "The gains are in the core"), (4.0, "The gains are not in the core")]
)
def test_whether_anyone_would_rather_leave_is_said(excess: float, said: str) -> None:
    table = trade_record().tables["coalitions"].assign(excess=excess)
    text = money_tables.bargaining(changed(trade_record(), "coalitions", table), _valid())
    assert said in text
    assert f"{abs(excess):.2f} USD" in text


@pytest.mark.parametrize("why", ["a disagreement cost is given", "more than 4 parties bargain: ask for all", ""])
def test_why_coalitions_are_not_known_is_said(why: str) -> None:
    record = without(trade_record(), "coalitions")
    record = replace(record, summary={**record.summary, "coalitions_why": why})
    assert f"is not known: {why or 'it was not computed'}." in money_tables.bargaining(record, _valid())
    assert "is not known" not in money_tables.bargaining(without(without_deal(trade_record()), "coalitions"), _valid())


def test_rules_by_which_some_would_lose_are_named() -> None:
    table = trade_record().tables["shares"]
    assert "worse off" not in money_tables.shares(trade_record(), _valid())
    losing = (table["rule"] == "shapley") & table["participant"].isin(["homes", "baths"])
    spoilt = changed(trade_record(), "shares", table.assign(gain=table["gain"].mask(losing, -5.0)))
    text = money_tables.shares(spoilt, _valid())
    assert "By the rule Shapley value 2 would be worse off than without a deal." in text


def test_limits_that_bind_are_named() -> None:
    record = trade_record()
    assert "No exchange is at its limit" in tables.limits(record, _valid())
    table = record.tables["exchanges"].copy()
    table.loc[table.index[table["microgrid"] == "farm"][:2], "p_mw"] = 0.6
    assert "farm (2.0 h)" in tables.limits(changed(record, "exchanges", table), _valid())


def _valid() -> Standing:
    return standing_of(trade_record())


def test_energies_are_those_of_network_and_microgrids() -> None:
    """All loads of the case, whose energy the clearing by one hand serves too; 0.9 MWh of cars and bids included."""
    record = trade_record()
    told = {fact.title: fact.value for fact in energies(record)}
    assert told["Demand served"] == f"{record.summary['load_mwh']:.2f}"
    assert told["Generators"] == f"{record.summary['generation_mwh']:.2f}"
    assert told["Wind and PV"] == f"{record.summary['renewable_mwh']:.2f}"
    assert told["Line losses"] == f"{record.summary['loss_mwh']:.3f}"


def test_messages_without_numbers_are_counted_and_not_listed() -> None:
    table = trade_record().tables["disclosures"]
    asked = table.head(2).assign(kind="share_masks", quantity="", unit="", messages=3, numbers=0, bytes=0)
    spoilt = changed(trade_record(), "disclosures", pd.concat([table, asked], ignore_index=True))
    text = disclosed.disclosed(spoilt, _valid())
    assert "6 more messages only asked or confirmed" in text
    assert "share_masks" not in text


def test_other_questions_have_no_section_of_a_trade() -> None:
    assert trade_sections(make_record()) == ()
    assert "What the trade is worth" not in render(make_record())
