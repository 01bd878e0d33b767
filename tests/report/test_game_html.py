"""The report of a game: what leading is worth comes first, the district follows, nothing is shown as what it is not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.cli import main
from gridpact.report.comparison.html import render_comparison
from gridpact.report.game.facts import at_edges, open_prices
from gridpact.report.game.tables import lacks
from gridpact.report.html import render
from gridpact.report.panels import panels_of, svg_files
from gridpact.report.text import number
from gridpact.results.record import Record
from tests.report.game_runs import small_game
from tests.report.game_synthetic import GAINS, game_record, several_leaders, without
from tests.report.synthetic import certificate
from tests.report.test_html import Reader, assert_whole

UNDESIGNED = without(game_record(4), "designs", "design_hours", "claims", summary=tuple(GAINS))


@pytest.fixture(scope="module")
def page() -> str:
    return small_game().report()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_game().save(tmp_path_factory.mktemp("games") / "small")


def test_is_whole_self_contained_and_in_order(page: str) -> None:
    assert_whole(page)
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles[:8] == [
        "What leading is worth",
        "The game in words",
        "What leading changes",
        "Price and power at the boundary",
        "Supporting and pass-through prices",
        "The transmission market",
        "How it was found and proven",
        "Summary of the district, one of 20 feeders",
    ]


def test_money_of_the_page_is_that_of_the_summary(page: str) -> None:
    text, summary = Reader(page).text, small_game().summary
    for name in ("leader_cost", "leader_lower_bound", "tie_cost", *GAINS):
        assert number(abs(summary[name])) in text
    others = summary["gain_to_leader"] - summary["gain_to_all"]
    assert number(others) in text


def test_the_wedge_is_called_so_and_no_interface_price_is_called_the_root(page: str) -> None:
    drawn = page[page.index('id="price-parts-') :].split("</figure>")[0]
    assert "energy: price at the boundary (LMP)" in drawn and "leader's wedge" in drawn
    assert "price at the root" not in drawn and "interface limits" not in drawn
    text = Reader(page).text
    assert "upper end of the price step, or the import limit" in text


def test_claims_and_designs_are_in_the_page() -> None:
    text = re.sub(r"\s+", " ", Reader(render(game_record())).text)
    assert re.search(r"leading lowers the cost of all \(cost of both networks\), EUR ✓ yes 80\.00 ✗ no −20\.00", text)
    assert re.search(r"Cost of all, EUR 5 600\.00 5 500\.00 5 500\.00 5 520\.00 \+20\.00", text)
    assert "Leading, the district imports 50.0 MWh over the horizon, taking prices it would import 80.0 MWh" in text
    assert "In 24 of them the import stands at the end of a price step" in text


def test_tied_powers_stand_on_no_price_steps() -> None:
    """What is said of the hours in which several prices are right must fit a market that has no steps to tell of."""
    record = without(game_record(4), "price_steps", "leaves", "scan")
    text = re.sub(r"\s+", " ", Reader(render(record)).text)
    assert "no power has price steps of its own" in text
    assert "In 4 of them more than one LMP is right for what is imported." in text
    assert re.findall("[^.]*(?:end of a price step|on its price step)[^.]*", text) == []


def test_a_price_range_without_an_end_is_one_of_several_prices() -> None:
    table = game_record(4).tables["equilibrium"]
    for high, count in ((30.0, 0), (45.0, 4), (np.nan, 4)):
        tables = {"equilibrium": table.assign(lmp_high_per_mwh=high)}
        assert open_prices(replace(game_record(4), tables=tables)) == count


def test_the_wedge_is_told_for_either_sign() -> None:
    """Who sells holds back so that prices do not fall: a MWh is then worth less than the LMP, not more."""
    record = game_record(4)
    sold = record.tables["equilibrium"].assign(boundary_mw=-20.0, root_price_per_mwh=26.0, wedge_per_mwh=-4.0)
    text = re.sub(r"\s+", " ", Reader(render(replace(record, tables={**record.tables, "equilibrium": sold}))).text)
    assert "one MWh more is worth 4.00 less than that on average" in text
    assert "Where it is negative, one MWh more sold would cost less than the LMP" in text
    assert "one MWh more is worth 16.00 more than that" in Reader(render(record)).text


def test_headers_above_numbers_may_wrap(page: str) -> None:
    """With seven columns whose headers stay on one line, what units earn is cut off in a window of 1200 pixels."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", page[page.index("<style>") : page.index("</style>")])
    of_headers = [style for which, style in rules if re.search(r"\.numbers th(:nth-child\(n\+3\))?(,|\s*$)", which)]
    assert of_headers
    assert [style for style in of_headers if "nowrap" in style] == []


def test_who_stands_at_the_end_of_a_step() -> None:
    """At the end several prices are right, just inside but one; where prices rise with the import there is no step."""
    record = game_record()
    table = record.tables["equilibrium"]
    narrow = table.assign(lmp_high_per_mwh=30.0)
    for changed, count in (
        (table, 24),
        (narrow.assign(boundary_mw=50.0 - 5e-5), 24),
        (narrow.assign(boundary_mw=30.0), 0),
        (narrow.assign(step_from_mw=50.0 - 5e-5, step_to_mw=50.0 + 5e-5), 0),
    ):
        assert at_edges(replace(record, tables={**record.tables, "equilibrium": changed})) == count


def test_participants_lack_only_what_is_more_than_a_cent() -> None:
    """The sun lacks 0.4 cents. What load-b1 pays is no loss of its own: only what it would gain otherwise counts."""
    found = lacks(game_record().tables["make_whole"])
    assert found["participant"].tolist() == ["chp", "load-b1"]
    assert found["make_whole"].sum() == 12.5
    text = re.sub(r"\s+", " ", Reader(render(game_record())).text)
    assert "chp generator −12.50 12.50 13.00 load-b1 load – – 0.75 all 2 12.50 13.75" in text


def test_nobody_lacks_anything_is_said() -> None:
    record = game_record()
    none = record.tables["make_whole"].assign(make_whole=0.0, lost_opportunity=0.0)
    assert "Here nobody lacks more than a cent." in render(
        replace(record, tables={**record.tables, "make_whole": none})
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (UNDESIGNED, "Designs without a leader were not asked for"),
        (without(game_record(4), "price_steps", "leaves", "scan"), "no power has price steps of its own"),
        (game_record(1), "one of 20 feeders"),
        (game_record(4, 5), "(the first 3 of 5 connections)"),
        (without(game_record(4), "bounds", "make_whole", "pass_through_prices"), "The transmission market"),
        (several_leaders(5), "no district could gain more than"),
        (replace(without(game_record(4), "transmission_prices"), transmission=None), "How it was found"),
    ],
    ids=["no designs", "tied", "one step", "connections", "tables left out", "several", "no network"],
)
def test_any_game_has_a_report(record: Record, said: str) -> None:
    reader = Reader(render(record))
    assert reader.open == []
    assert said in reader.text


def test_several_leaders_stand_side_by_side() -> None:
    text = re.sub(r"\s+", " ", Reader(render(several_leaders(2))).text)
    assert "village-1 20 100.00 100.00 0.00 village-2 20 100.00 98.75 1.25" in text
    assert "Summary of the districts, one feeder of each" in text
    assert "Several districts lead, the transmission market follows" in text
    assert "not a number" not in text and "nan" not in text.split()


def test_quadratic_offers_and_exports_are_drawn() -> None:
    """Prices that rise within a step, and a district that sells."""
    record = game_record(4)
    rising = record.tables["price_steps"].assign(price_to_per_mwh=lambda table: table["price_from_per_mwh"] + 5.0)
    sold = record.tables["equilibrium"].assign(boundary_mw=-20.0, import_mw=-1.0, step_from_mw=-50.0, step_to_mw=0.0)
    changed = replace(record, tables={**record.tables, "price_steps": rising, "equilibrium": sold})
    assert 'id="price-steps-' in render(changed)


def test_a_failed_certificate_leaves_no_plain_money() -> None:
    record = replace(game_record(), certificate=certificate(failed=("cone_gap",)))
    page = render(record)
    words = re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)
    text = Reader(words).text
    for amount in ("1\u2009000.00", "999.98", "77.25", "+200.00", "5\u2009520.00", "12.50"):
        assert amount in words and amount not in text
    assert "✓ yes" in words and "✓ yes" not in text
    stamped = {name for name, svg in svg_files(record).items() if "NOT CERTIFIED" in svg}
    drawn = {f"{panel.name}.svg" for panel in panels_of(record) if panel.shows_money}
    assert stamped - {"exactness.svg"} == drawn & set(svg_files(record))
    assert {"designs.svg", "gains.svg", "price-steps.svg", "wedge.svg", "transmission-prices.svg"} <= stamped


def test_names_cannot_inject_markup() -> None:
    hostile = "<script>alert(1)</script>"
    record = game_record(2)
    tables = {name: _renamed(table, hostile) for name, table in record.tables.items()}
    network = record.transmission
    assert network is not None
    connected = network.tables["connections"].assign(connection=hostile, district=hostile)
    record = replace(record, tables=tables, transmission=network.with_table("connections", connected))
    reader = Reader(render(replace(record, case=replace(record.case, currency='"><img src=x>'))))
    assert not {"script", "img"} & set(reader.tags)
    assert hostile in reader.text


def _renamed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.assign(connection=name) if "connection" in table else table


def test_every_figure_is_a_file_of_its_own(tmp_path: Path) -> None:
    names = {path.stem for path in small_game().figures(tmp_path / "figures")}
    expected = {"gains", "designs", "price-steps", "price-functions", "boundary-lmp", "wedge", "transmission-prices"}
    assert expected | {"transmission-dispatch", "scan", "price-map", "settlement"} <= names
    assert ("course" in names) == (len(small_game().table("bounds")) > 1)


def test_the_card_of_a_notebook_begins_with_the_game() -> None:
    run = small_game()
    text = Reader(run._repr_html_()).text
    gain = number(run.summary["gain_to_leader"])
    assert text.index("Leader's cost") < text.index(gain) < text.index("Cost less benefit")
    assert "of one of 20 feeders" in text
    assert repr(run).startswith("Run(stackelberg 'test': certified")


def test_two_games_compare_in_money() -> None:
    run = small_game()
    dearer = replace(run.record, summary={**run.summary, "leader_cost": run.summary["leader_cost"] + 12.5})
    table = gp.compare({"a": run, "b": gp.Run(dearer)}, differences=True)
    assert table.loc["leader_cost", "b less a"] == pytest.approx(12.5)
    text = re.sub(r"\s+", " ", Reader(render_comparison({"a": run.record, "b": dearer})).text)
    assert re.search(r"leader's cost, all feeders EUR [\d .]+ \+12\.50", text)
    assert "gain to the district by leading" in text


def test_money_of_a_failed_game_does_not_compare() -> None:
    run = small_game()
    failed = replace(run.record, summary={**run.summary, "verdict": "failed"})
    table = gp.compare({"a": run, "b": gp.Run(failed)}, differences=True)
    for name in ("objective", "leader_cost", "leader_lower_bound", "tie_cost", "transmission_cost", *GAINS):
        assert np.isnan(table.loc[name, "b less a"])
    assert table.loc["leader_gap", "b less a"] == 0.0


def test_commands_show_report_export_and_compare(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(kept), "-o", str(tmp_path / "page.html"), "--svg", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / "price-steps.svg").exists()
    assert main(["show", str(kept), "designs"]) == 0
    assert "stackelberg" in capsys.readouterr().out
    assert main(["compare", str(kept), str(kept), "-o", str(tmp_path / "two.html")]) == 0
    assert "gain_to_leader" in capsys.readouterr().out
    for form, name in (("csv", "tables"), ("xlsx", "book.xlsx")):
        assert main(["export", str(kept), "--format", form, "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "book.xlsx").exists()
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == (kept / "report.html").read_text(encoding="utf-8")
