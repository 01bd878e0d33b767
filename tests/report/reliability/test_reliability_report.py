"""The report of a reliability study: indices first, then where supply fails and by what; nothing that is not valid."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact.report.comparison.html import render_comparison
from gridpact.report.figures.reliability import faults, feeders, loads, network, years
from gridpact.report.html import render
from gridpact.report.panels import svg_files
from gridpact.report.reliability import facts
from gridpact.results.record import Record
from gridpact.run import judged
from tests.radial import chain, device, failing, point, radial, tie
from tests.report.test_html import Reader, assert_whole

FIGURES = {"reliability-map", "reliability-loads", "reliability-feeders", "reliability-faults", "reliability-years"}


@cache
def rbts() -> gp.Run:
    return gp.run_study(gp.examples.path("rbts2-reliability") / "study.toml", monte_carlo_years=500)


@cache
def small() -> gp.Run:
    """Three sections on one feeder, a breaker, two sectionalisers, a tie after 2 h; a repair takes 4 h."""
    devices = [device("a", "from", "breaker"), *(device(line, "from", "sectionaliser", 1.0) for line in ("b", "c"))]
    back = [failing("back", "4", "1", 0.0)]
    return gp.assess_reliability(chain(protection=devices, switches=[tie("back", 2.0)], more_lines=back))


def with_lie(record: Record) -> Record:
    system = record.tables["reliability_system"].assign(saidi_h=1.0)
    return judged(replace(record, tables={**record.tables, "reliability_system": system}))


def test_the_page_is_whole_self_contained_and_in_order() -> None:
    page = rbts().report()
    assert_whole(page)
    reader = Reader(page)
    assert re.findall("<h2>(.*?)</h2>", page) == [
        "Summary",
        "Where supply fails",
        "Feeders",
        "What fails",
        "Years drawn at random",
        "What was asked, and with what",
    ]
    for text in ("3.613", "14.555", "37.746", "transformer of LP1", "line 18", "Reliability of supply"):
        assert text in reader.text
    assert "Cost less benefit" not in reader.text and 'class="void"' not in page


def test_every_figure_is_a_file_of_its_own(tmp_path: Path) -> None:
    assert {path.stem for path in rbts().figures(tmp_path / "figures")} == FIGURES
    assert {name.removesuffix(".svg") for name in svg_files(small().record)} == FIGURES - {
        "reliability-feeders",  # there is but one
        "reliability-years",  # none were drawn
    }


def test_hours_of_a_load_are_those_of_its_causes() -> None:
    """Of the three sections each fails 0.1 times a year (tests/planning/reliability/test_by_hand.py has the hours)."""
    found = facts.hours(small().record)
    assert found is not None
    rate = small().table("reliability_faults")["failures_per_year"].to_numpy()
    by_load = dict(zip(found.loads, zip(*found.causes.values(), strict=True), strict=True))
    first = by_load[small().record.case.ids("loads")[0]]
    assert first == pytest.approx((4.0 * rate[0], 1.0 * rate[1] + 1.0 * rate[2], 0.0), abs=1e-12)
    told = small().table("reliability_loads").set_index("load")["hours_per_year"]
    np.testing.assert_allclose(found.total, told.loc[found.loads], rtol=1e-12)
    assert (np.diff(found.total) <= 1e-12).all()


def test_own_transformers_are_told_apart() -> None:
    found = facts.hours(rbts().record)
    assert found is not None
    own = dict(zip(found.loads, found.causes[facts.OWN], strict=True))
    assert own["LP1"] == pytest.approx(0.015 * 200.0) and own["LP8"] == 0.0
    kinds = facts.faults(rbts().record).set_index("fault")["kind"]
    assert (kinds["transformer of LP1"], kinds["18"]) == (facts.OWN, facts.LINE)


def test_the_worst_come_first() -> None:
    ranked = facts.faults(rbts().record)["saidi_h"].to_numpy()
    assert (np.diff(ranked) <= 0.0).all()
    figure = faults.draw(rbts().record)
    assert figure is not None
    assert figure.get_suptitle() == "Faults that add most to SAIDI: the 15 of 56, 89 % of it"
    values = [patch.get_width() for patch in figure.axes[0].patches]
    np.testing.assert_allclose(values, 60.0 * ranked[:15], rtol=1e-12)


def test_buses_and_lines_of_the_map_have_their_numbers() -> None:
    record = rbts().record
    hours, added = facts.bus_hours(record), facts.line_saidi(record)
    buses = record.case.ids("buses")
    assert np.isnan(hours[buses.index("station")])
    told = rbts().table("reliability_loads").set_index("load")["hours_per_year"]
    assert hours[buses.index("LP9")] == told["LP9"]
    own = rbts().table("reliability_faults")["fault"].str.startswith("transformer of")
    assert added.sum() == pytest.approx(rbts().table("reliability_faults")["saidi_h"][~own].sum(), rel=1e-12)
    figure = network.draw(record)
    assert figure is not None and any("worst bus: LP12" in text.get_text() for text in figure.texts)


def test_equal_hours_have_one_colour() -> None:
    """Rounding differs from load to load: no scale may be made of that."""
    scale = network.scale_of_hours(np.array([25.0, 25.0 + 1e-12]))
    assert (scale.low, scale.high) == (0.0, 25.0 + 1e-12)
    assert network.scale_of_hours(np.array([1.0, 2.0])).low == 1.0
    assert network.scale_of_hours(np.zeros(3)).high == 1.0


def test_arcs_bend_to_the_middle() -> None:
    """A line along the top bends down, one along the bottom up, whichever way it is written."""
    for start, end in ((0.0, 4.0), (4.0, 0.0)):
        top, bottom = np.array([[start, 5.0], [end, 5.0]]), np.array([[start, 1.0], [end, 1.0]])
        turned = network.inward(np.stack([top, bottom]), 6.0)
        assert network.bent(turned)[0, 7, 1] < 5.0 and network.bent(turned)[1, 7, 1] > 1.0


def test_many_load_points_are_cut_to_the_worst() -> None:
    names = [str(number) for number in range(2, 102)]
    points = [point(name, 1.0, 0.01) for name in names]
    lines = [failing(f"l{name}", str(int(name) - 1), name, 0.01) for name in names]
    run = gp.assess_reliability(radial(points, lines, protection=[device(f"l{n}", "from", "breaker") for n in names]))
    figure = loads.draw(run.record)
    assert figure is not None
    assert figure.get_suptitle() == "Hours without supply by load point, the worst 60 of 100"
    assert len(figure.axes[0].patches) == 60
    assert "75 more load points" in run.report()


def test_feeders_without_customers_have_no_bar() -> None:
    """Two feeders, one of which serves nobody: its means have nothing to divide by."""
    points = [point("2", 10.0, 0.1), point("3", 0.0, 0.2)]
    run = gp.assess_reliability(radial(points, [failing("a", "1", "2"), failing("b", "1", "3")]))
    assert run.certificate.verdict == "certified"
    figure = feeders.draw(run.record)
    assert figure is not None
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "none" in texts
    assert "–" in Reader(run.report()).text


def test_the_random_years_stand_beside_the_indices() -> None:
    figure = years.draw(rbts().record)
    assert figure is not None
    assert len(figure.axes) == 3
    assert [axes.get_title() for axes in figure.axes] == ["SAIFI", "SAIDI", "EENS"]
    assert years.draw(small().record) is None


def test_what_is_not_certified_is_struck_out_and_stamped() -> None:
    record = with_lie(rbts().record)
    page = render(record)
    assert "these hours and indices are not valid" in page
    assert page.count("NOT CERTIFIED") >= len(FIGURES)
    assert '<s class="void" title="not certified">3.613</s>' in page
    assert "Prices and payments" not in page
    text = str(gp.Run(record))
    assert "the indices are not valid and not shown" in text and "SAIDI  " not in text


@pytest.mark.parametrize("name", ["reliability_loads", "reliability_faults", "reliability_system"])
def test_a_run_that_lacks_something_shows_what_failed_and_no_more(name: str) -> None:
    record = rbts().record
    lacking = judged(replace(record, tables={key: table for key, table in record.tables.items() if key != name}))
    page = render(lacking)
    assert "reliability complete" in page and "Where supply fails" not in page
    assert svg_files(lacking) == {}
    assert "not shown" in str(gp.Run(lacking))


def test_where_nothing_fails_the_page_says_so() -> None:
    run = gp.assess_reliability(radial([point("2", 1.0, 0.2)], [failing("a", "1", "2", 0.0)]))
    page = Reader(run.report()).text
    assert "none" in page and "Faults that add most" not in page


def test_the_card_of_a_notebook_has_the_indices() -> None:
    text = Reader(rbts()._repr_html_()).text
    assert text.index("SAIFI") < text.index("SAIDI") < text.index("EENS")
    assert "3.613" in text and "on 4 feeders, 22 load points" in text


def test_less_than_an_hour_is_told_in_minutes_too() -> None:
    """One line that fails 0.1 times a year for 4 h."""
    run = gp.assess_reliability(radial([point("2", 10.0, 0.1)], [failing("a", "1", "2", 0.1)]))
    assert run.summary["saidi_h"] == pytest.approx(0.4)
    assert "24.0 minutes" in Reader(run._repr_html_()).text
    assert "minutes" not in Reader(rbts()._repr_html_()).text


def test_names_of_a_case_are_harmless() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    record = rbts().record
    tables = {
        name: table.assign(**{column: hostile for column in ("load", "feeder", "fault") if column in table})
        for name, table in record.tables.items()
    }
    reader = Reader(render(replace(record, tables=tables)))
    assert not {"script", "img"} & set(reader.tags)


def test_two_studies_compare_on_one_page() -> None:
    better = gp.assess_reliability(
        rbts().record.case.with_table("loads", rbts().record.case.tables["loads"].assign(transformer_repair_h=10.0))
    )
    text = Reader(render_comparison({"as it is": rbts().record, "replaced": better.record})).text
    assert "SAIDI" in text and "energy not supplied" in text
    difference = better.summary["saidi_h"] - rbts().summary["saidi_h"]
    assert f"{abs(difference):.4f}" in text
