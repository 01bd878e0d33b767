"""The report of days: what was not cleared is named and blank, sums by month by hand, ten days and a year alike."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gridpact.case.case import Case
from gridpact.report import days as told
from gridpact.report.card import run_card
from gridpact.report.comparison.html import render_comparison
from gridpact.report.comparison.measures import entries, settings
from gridpact.report.drawing import LOOK
from gridpact.report.figures import compare, days, network_map
from gridpact.report.html import render
from gridpact.report.once import Once, read_once
from gridpact.report.panels import DAYS, svg_files
from gridpact.results.days import FIGURES, frame_of_days
from gridpact.results.record import Record
from tests.report.synthetic import make_case, make_record
from tests.report.test_figures import _overlap, _undrawn
from tests.report.test_html import Reader

REASON = "No dispatch satisfies all limits.\nlines/max_i_ka of '<1-2>': +0.5 kA at 2026-06-03T18:00:00+02:00"


def checks(failed: tuple[str, ...] = ()) -> dict[str, Any]:
    names = ("days_cleared", "sum_of_days", "cone_gap")
    blank = {"required": True, "value": 1.0, "tolerance": 0.0, "where": "", "description": "what is compared"}
    found = [{"name": name, "passed": name not in failed, **blank} for name in names]
    return {"verdict": "failed" if failed else "certified", "checks": found}


def make_days(count: int = 4, missing: tuple[int, ...] = (), case: Case | None = None) -> Record:
    """A run of days of 24 steps; day k costs k + 1, and what was not cleared has no rows in any table."""
    case = (case or make_case(6, 24 * count)).with_window("day")
    first = np.append(np.flatnonzero(case.begins), case.steps)
    starts, steps = case.snapshots[first[:-1]], np.diff(first)
    number = np.arange(len(starts), dtype=np.float64)
    columns = dict.fromkeys(FIGURES, number + 1.0) | {"lowest_vm_pu": np.full(len(starts), 0.95)}
    table = frame_of_days(starts, steps, columns)
    table.loc[list(missing), ["status"]] = "infeasible"
    table.loc[list(missing), list(FIGURES)] = np.nan
    whole = make_record(case)
    lost = np.isin(np.searchsorted(first, np.arange(case.steps), side="right") - 1, missing)
    gone = case.snapshots[lost]
    tables = {
        name: rows[~rows["snapshot"].isin(gone)] if "snapshot" in rows else rows for name, rows in whole.tables.items()
    }
    if len(missing) == len(starts):
        tables = {}
    summary = {
        **whole.summary,
        "days": len(starts),
        "days_cleared": len(starts) - len(missing),
        "days_left": {starts[day].isoformat(): REASON for day in missing},
    }
    document = checks(("days_cleared",) if missing else ())
    return replace(
        whole, question="clear_days", tables={**tables, "days": table}, summary=summary, certificate=document
    )


def test_a_report_has_the_figures_of_days_and_words_for_the_question() -> None:
    page = render(make_days())
    assert page.count("<figure") == len(DAYS)
    assert "Clearing of the electricity market, day by day" in page
    assert "could not be cleared" not in page
    assert "4 of 4" in page and "<s " not in page
    assert Reader(page).open == []


def test_days_that_could_not_be_cleared_are_told_in_full_and_the_others_shown() -> None:
    """Only the days that are missing fail: the others are certified, and are neither struck out nor stamped."""
    page = render(make_days(missing=(2,)))
    text = Reader(page).text
    assert page.index("Not certified") < page.index("Days that could not be cleared") < page.index("<svg")
    assert "1 of 4 days could not be cleared" in text and "not of the whole horizon" in text
    assert "03 Jun 2026" in text
    assert "lines/max_i_ka of &#x27;&lt;1-2&gt;&#x27;: +0.5 kA at 03 Jun 18:00" in page
    assert "over the 3 days cleared" in text and "3 of 4" in text
    assert "<s " not in page and "NOT CERTIFIED" not in page
    assert page.count("<figure") == len(DAYS)
    assert 'aria-label="Price of electricity by day"' in page and ">not cleared</text>" in page


def test_where_more_than_days_failed_all_money_is_struck_out() -> None:
    record = make_days(missing=(2,))
    page = render(replace(record, certificate=checks(("days_cleared", "cone_gap"))))
    stamped = [name for name, svg in svg_files(replace(record, certificate=checks(("cone_gap",)))).items()
               if "NOT CERTIFIED" in svg]  # fmt: skip
    assert sorted(stamped) == sorted(f"{panel.name}.svg" for panel in DAYS if panel.shows_money)
    assert page.count(">NOT CERTIFIED</text>") == len(stamped)
    assert "1\u2009234.50" not in Reader(page).text
    months = page[page.index("By month") :]
    assert '<s class="void" title="not certified">7.00</s>' in months  # the cost of days 1, 2 and 4


def test_uncertified_prices_are_not_shown_as_certified() -> None:
    record = make_days(missing=(2,))
    record.tables["electricity_prices"].loc[3, "certified"] = False
    assert not told.standings(record)[1].valid


def test_a_run_of_which_nothing_was_cleared_has_a_report_a_card_and_no_figures() -> None:
    record = make_days(3, missing=(0, 1, 2))
    blank = dict.fromkeys(("price_mean_per_mwh", "lowest_vm_pu", "highest_loading_percent"))
    record = replace(record, summary={**record.summary, "objective": 0.0, **blank})
    page = render(record)
    assert "3 of 3 days could not be cleared" in page and "<figure" not in page and "Figures" not in page
    assert page.count("+0.5 kA") == 3
    assert "not a number" not in page and "By month" not in page
    assert "0 of 3" in run_card(record)
    assert svg_files(record) == {}
    assert "Comparison" in render_comparison({"a": record, "b": make_days()})


def test_many_reasons_are_folded() -> None:
    page = told.left(make_days(25, missing=tuple(range(1, 25))))
    assert "<summary>4 more</summary>" in page and page.count("+0.5 kA") == 24


def test_months_by_hand() -> None:
    """Days 30 May (cost 1), 31 May (2), 1 June (not cleared), 2 June (4)."""
    sums = told.by_month(make_days(missing=(2,), case=make_case(6, 96, "2026-05-30T00:00")).tables["days"])
    assert list(sums["month"]) == ["May 2026", "Jun 2026"]
    assert list(sums["objective"]) == [3.0, 4.0]
    assert list(sums["price_mean_per_mwh"]) == [1.5, 4.0]
    assert list(sums["price_max_per_mwh"]) == [2.0, 4.0]
    assert [f"{row.cleared} of {row.days}" for row in sums.itertuples()] == ["2 of 2", "1 of 2"]


def test_the_mean_of_a_month_counts_steps() -> None:
    """A day of 24 steps at 10 and one of 12 at 40: 20."""
    frame = make_days(2).tables["days"].assign(steps=[24, 12], price_mean_per_mwh=[10.0, 40.0])
    assert told.by_month(frame)["price_mean_per_mwh"].tolist() == [20.0]


def test_price_by_hour_and_day() -> None:
    """The price at every step is its number: row h of column d is 24 d + h, blank for the day that is missing."""
    case = make_case(6, 72)
    record = make_days(3, missing=(1,), case=case)
    number = case.snapshots.get_indexer(pd.DatetimeIndex(record.tables["electricity_prices"]["snapshot"]))
    values = days.by_hour(record, record.tables["electricity_prices"].assign(price_per_mwh=number))
    assert values.shape == (24, 3)
    np.testing.assert_array_equal(values[:, 0], np.arange(24.0))
    assert np.isnan(values[:, 1]).all()
    np.testing.assert_array_equal(values[:, 2], np.arange(48.0, 72.0))


@pytest.mark.parametrize(("start", "steps", "hour", "first"), [("2026-10-25", 25, 2, 2.5), ("2026-03-29", 23, 3, 2.0)])
def test_hours_of_the_day_when_the_clock_is_changed(start: str, steps: int, hour: int, first: float) -> None:
    """In autumn steps 2 and 3 are both hour 2: their mean; in spring hour 2 is blank and step 2 is hour 3."""
    case = make_case(6, steps, f"{start}T00:00")
    record = make_days(case=case)
    number = np.repeat(np.arange(steps), 6)
    values = days.by_hour(record, record.tables["electricity_prices"].assign(price_per_mwh=number))
    assert values.shape == (24, 1)
    assert values[hour, 0] == first
    assert np.isnan(values[2, 0]) == (steps == 23)
    assert values[23, 0] == steps - 1


def test_days_stand_at_their_local_midnights_also_where_the_clock_is_changed() -> None:
    case = make_case(6, 24 + 25 + 24, "2026-10-24T00:00")
    moments = days.edges(make_days(case=case))
    np.testing.assert_allclose(np.diff(moments), [1.0, 1.0, 1.0])


def test_the_network_is_shown_at_the_step_when_prices_differ_most_of_those_cleared() -> None:
    """The largest difference, at 18:00 of every day, of the first day that is there."""
    record = make_days(3, missing=(0,))
    moment = network_map.moment_of(record, record.tables["electricity_prices"], record.tables["branches"])
    spread = record.tables["electricity_prices"].groupby("snapshot")["price_per_mwh"].agg(np.ptp)
    assert record.case.snapshots[moment.step] == spread.idxmax()
    assert moment.step >= 24


@pytest.mark.parametrize("panel", DAYS, ids=lambda panel: panel.name)
@pytest.mark.parametrize(("count", "missing"), [(1, ()), (10, (4,)), (365, (0, 100, 101, 364))])
def test_texts_do_not_overlap(panel, count: int, missing: tuple[int, ...]) -> None:  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = panel.draw(make_days(count, missing))
        FigureCanvasAgg(figure).draw()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    undrawn, renderer = _undrawn(figure), figure.canvas.get_renderer()
    boxes = {text: text.get_window_extent(renderer) for text in texts if text not in undrawn}
    shown = {text: box for text, box in boxes.items() if box.width}
    assert [(a.get_text(), b.get_text()) for a, b in combinations(shown, 2) if _overlap(shown[a], shown[b])] == []
    assert [text.get_text() for text, box in shown.items() if not figure.bbox.padded(2).fully_containsx(box.x1)] == []


def test_a_network_without_limits_and_voltages_has_no_figure_of_its_state() -> None:
    record = make_days()
    record.tables["days"]["highest_loading_percent"] = np.nan
    assert days.network(replace(record, settings={"formulation": "dc"})) is None
    assert days.network(record) is not None


def test_every_table_is_read_once() -> None:
    read: list[str] = []

    class Counting(dict[str, pd.DataFrame]):
        def __getitem__(self, name: str) -> pd.DataFrame:
            read.append(name)
            return super().__getitem__(name)

    record = make_days()
    render(replace(record, tables=Counting(record.tables)))
    assert read and len(read) == len(set(read))
    assert isinstance(read_once(record).tables, Once)
    assert list(Once(record.tables)) == list(record.tables) and len(Once({})) == 0


def test_daily_mean_price_of_a_comparison_by_hand() -> None:
    """Two days, one of 25 steps: the means of 0 to 24 and of 25 to 48."""
    case = make_case(6, 49, "2026-10-25T00:00")
    record = make_record(case, prices=np.tile(np.arange(49.0), (6, 1)))
    price, ends = compare.daily_mean(record)
    assert price.tolist() == [12.0, 36.5]
    assert ends.tolist() == [0.0, 25.0, 49.0]


def test_a_comparison_of_years_is_by_the_day_and_names_what_is_missing() -> None:
    year = replace(make_days(70), settings={"formulation": "soc", "window": "day"})
    page = render_comparison({"a": year, "b": make_record()})
    assert "Mean price of all buses by day" in page
    assert ">nan<" not in page and "<td>–</td>" in page[page.index("What was asked") :]


def test_letters_that_the_font_lacks_are_no_warning() -> None:
    case = make_case()
    named = case.tables["buses"].assign(bus=["変電所", *case.tables["buses"]["bus"][1:]])
    lines = case.tables["lines"].replace("b0", "変電所")
    feeder = case.tables["interfaces"].replace("b0", "変電所")
    loads = case.tables["loads"].replace("b0", "変電所")
    tables = {**case.tables, "buses": named, "lines": lines, "interfaces": feeder, "loads": loads}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = render(make_record(replace(case, tables=tables)))
    assert "変電所" in page


def test_settings_that_no_run_has_are_not_listed() -> None:
    first, second = ({"cluster": "", "left": {}, "workers": 1}, {"left": {}, "probes": 0})
    found = settings(
        entries({"a": replace(make_record(), settings=first), "b": replace(make_record(), settings=second)})
    )
    assert sorted(found.index) == ["case", "probes", "workers"]
    assert found.loc["probes"].tolist() == ["–", 0]


def test_weeks_are_called_weeks() -> None:
    """Two weeks: the one that was cleared costs 1, and counts in the month in which it begins."""
    case = make_case(6, 24 * 14).with_window("week")
    record = make_days(14, tuple(range(7, 14)))
    first = record.tables["days"].iloc[[0, 7]].assign(steps=7 * 24).reset_index(drop=True)
    summary = {**record.summary, "days": 2, "days_cleared": 1}
    page = render(replace(record, case=case, summary=summary, tables={**record.tables, "days": first}))
    text = Reader(page).text
    assert "1 of 2 weeks could not be cleared" in text and "Weeks cleared" in text
    assert "week by week" in text and "MWh per week" in text
    assert "A week counts in the month in which it begins" in text
