"""Runs side by side: differences by hand, what is left out, and figures of what is there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context

import gridpact as gp
from gridpact.report.comparison.html import render_comparison, settlement_changes
from gridpact.report.comparison.measures import MEASURES, difference, entries, payments, value
from gridpact.report.drawing import LOOK
from gridpact.report.figures import compare
from gridpact.results.record import Record
from gridpact.run import Run
from tests.report.synthetic import certificate, make_case, make_record
from tests.report.test_figures import _overlap
from tests.report.test_html import Reader

COST = next(measure for measure in MEASURES if measure.key == "objective")
LOSS = next(measure for measure in MEASURES if measure.key == "loss_mwh")


def run(cost: float, verdict: str = "certified", currency: str = "EUR", **changes: object) -> Record:
    """A record whose summary is that of a real run."""
    failed = ("cone_gap",) if verdict == "failed" else ()
    case = replace(make_case(), currency=currency)
    record = replace(make_record(case, certificate(verdict, failed)), **changes)  # type: ignore[arg-type]
    named = {"currency": currency, "verdict": verdict, "price_mean_per_mwh": 50.0}
    return replace(record, summary={**record.summary, "objective": cost, **named})


def test_differences_are_those_of_the_summaries() -> None:
    table = gp.compare({"a": Run(run(1000.0)), "b": Run(run(1010.5))}, differences=True)
    assert list(table.columns) == ["a", "b", "b less a"]
    assert table.loc["objective", "b less a"] == pytest.approx(10.5)
    assert table.loc["load_mwh", "b less a"] == 0.0
    assert math.isnan(table.loc["formulation", "b less a"])


@pytest.mark.parametrize("other", [run(900.0, verdict="failed"), run(900.0, currency="USD")])
def test_money_that_does_not_compare_has_no_difference(other: Record) -> None:
    table = gp.compare([Run(run(1000.0)), Run(other)], differences=True)
    assert math.isnan(table.loc["objective", "run 2 less run 1"])
    assert math.isnan(table.loc["price_mean_per_mwh", "run 2 less run 1"])
    assert table.loc["load_mwh", "run 2 less run 1"] == 0.0
    first, second = entries({"a": run(1000.0), "b": other})
    assert math.isnan(difference(first, second, COST))


def test_losses_of_a_lossless_model_are_not_zero_but_unknown() -> None:
    exact, linear = entries({"a": run(1.0), "b": run(1.0, settings={"formulation": "lindistflow"})})
    assert value(exact, LOSS) == 2.0
    assert math.isnan(value(linear, LOSS))


def test_mean_price_and_duration_by_hand() -> None:
    """Two buses, two steps: 10, 30 in the first and 20, 40 in the second."""
    record = make_record(make_case(4, 2), prices=np.array([[10.0, 20.0], [10.0, 20.0], [30.0, 40.0], [30.0, 40.0]]))
    np.testing.assert_array_equal(compare.mean_price(record), [20.0, 30.0])
    duration = compare.price_duration(record)
    assert (duration[0], duration[-1]) == (40.0, 10.0)
    assert (np.diff(duration) <= 0.0).all()
    assert duration[200] == pytest.approx(25.0)  # half of all lie above the median of 10, 10, 20, 20, 30, 30, 40, 40


def test_settlement_changes_by_hand() -> None:
    frame = pd.DataFrame(
        {1: [100.0, -60.0, -40.0, 5.0], 2: [110.0, -75.0, -40.0, np.nan]},
        index=pd.MultiIndex.from_tuples([("load", "a"), ("generator", "a"), ("interface", "grid"), ("load", "b")]),
    )
    changes = settlement_changes(frame, [1])
    assert changes[1].to_dict() == {"a (generator)": -15.0, "a (load)": 10.0, "b": -5.0}


def test_payments_of_a_failed_run_are_left_out() -> None:
    good, bad = entries({"a": run(1.0), "b": run(1.0, verdict="failed")})
    assert payments(good).sum() == pytest.approx(0.0, abs=1e-9)
    assert payments(bad).empty


def test_page_has_verdicts_first_units_and_differences() -> None:
    page = render_comparison({"first": run(1000.0), "second": run(1010.5, "approximate")})
    text = Reader(page).text
    assert page.index("Certified") < page.index("Approximate") < page.index("Summary") < page.index("<svg")
    assert "+10.50" in text and "EUR/MWh" in text
    assert "2: second (approximate)" in text
    assert page.count("<figure") == 2  # nobody's payment differs


def test_page_with_different_payments_shows_them() -> None:
    other = run(1.0)
    dearer = other.tables["settlement"].assign(payment=other.tables["settlement"]["payment"] * 1.5)
    page = render_comparison({"a": run(1.0), "b": replace(other, tables={**other.tables, "settlement": dearer})})
    assert page.count("<figure") == 3
    assert "+300.75" in page  # six loads of 100.25, half as much again


def test_a_failed_run_shows_no_money() -> None:
    for runs in ({"a": run(777.0, "failed"), "b": run(1.0)}, {"a": run(777.0, "failed")}):
        page = render_comparison(runs)
        assert "777.00" not in page
        assert "1: a" not in Reader(page).text.replace("Run 1: a", "")  # in no legend
        assert "The money of runs that are not certified is left out." in page


def test_page_is_self_contained_and_names_are_harmless() -> None:
    reader = Reader(render_comparison({"<script>x</script>": run(1.0), "b": run(2.0)}))
    assert "script" not in reader.tags
    assert [place for place in reader.fetched if not place.startswith(("#", "data:image/"))] == []
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))


def test_more_than_eight_runs_are_in_the_tables_but_not_in_the_figures() -> None:
    page = render_comparison({f"run-{k}": run(float(k)) for k in range(9)})
    text = Reader(page).text
    assert "The figures show the first 8 of 9 runs." in text
    assert "9 less 1" in text and "8: run-7" in text and "9: run-8" not in text.replace("Run 9: run-8", "")


@pytest.mark.parametrize("count", [1, 2, 8])
def test_texts_of_the_figures_do_not_overlap(count: int) -> None:
    lines = [compare.Line(f"{k + 1}: {'long name ' * 4}", k, run(float(k))) for k in range(count)]
    changes = pd.DataFrame({k: np.arange(12.0) * (k + 1) for k in range(count)}, index=[f"load-{k}" for k in range(12)])
    with rc_context(LOOK):
        figures = [
            compare.mean_prices(lines, same_horizon=True),
            compare.mean_prices(lines, same_horizon=False),
            compare.durations(lines),
            compare.settlement_changes(lines, changes),
        ]
        for figure in figures:
            figure.canvas.draw_idle()
            legend = figure.axes[0].get_legend()
            assert legend is not None
            box, title = legend.get_window_extent(), figure._suptitle.get_window_extent()  # type: ignore[attr-defined]
            assert not _overlap(box, title)
            assert box.x1 <= figure.bbox.x1
            assert not _overlap(box, figure.axes[0].get_window_extent())


def test_different_horizons_are_said_and_drawn_from_their_starts() -> None:
    week = replace(run(1.0), case=make_case(6, 24, "2026-06-08T00:00"))
    page = render_comparison({"a": run(1.0), "b": week})
    assert "different horizons" in page
    assert "hours since the start" in page
