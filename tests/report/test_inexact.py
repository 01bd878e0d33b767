"""Where the relaxation was not exact: sums by hand, causes in words, no figure or section where it was exact."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gridpact.report.causes import causes
from gridpact.report.drawing import LOOK
from gridpact.report.figures import exactness
from gridpact.report.html import render
from gridpact.report.inexact import TITLE, section
from gridpact.report.overview import overview
from gridpact.report.panels import svg_files
from gridpact.report.standing import standing_of
from gridpact.results.record import Record, long_table
from tests.report.synthetic import certificate, make_case, make_record
from tests.report.test_html import Reader

BASIS = "multipliers of an AC-feasible local optimum"
CAUSES = (
    "buses/vm_max_pu <b5>",
    "interfaces/max_export_mw grid",
    "interfaces/max_import_mw grid",
    "lines/max_i_ka b0-b1",
    "buses/vm_min_pu b5",
    "energy is worth nothing",
    "interfaces/max_q_mvar grid",
    "ramps/up chp",
)


def repaired(steps: int = 24, document: Any = None, minutes: float = 60.0) -> Record:
    """Every step after the other one cause, 0.2 MW lost on one line; the last bus really stands at 1.15 p.u."""
    case = make_case(6, steps, minutes=minutes)
    record = make_record(case, document)
    buses, at = case.ids("buses"), case.snapshots
    shape = np.ones((len(buses), steps))
    real = shape.copy()
    real[-1] = 1.05 + 0.1 * (np.arange(steps) == steps // 2)
    lmp = np.where(np.arange(steps) == 2, -5.0, 50.0)
    because = [CAUSES[step % len(CAUSES)] for step in range(steps)]
    tables = {
        "exactness": pd.DataFrame(
            {"snapshot": at, "branch": "b0-b1", "gap_pu": 1.0, "relative_gap": 0.5, "phantom_loss_mw": 0.2,
             "phantom_cost_per_h": 3.0, "because": because}
        ),
        "relaxed_buses": long_table(at, "bus", buses, vm_pu=shape, ac_vm_pu=real, price_per_mwh=7.0 * shape),
        "interface": long_table(at, "interface", ["grid"], lmp_per_mwh=lmp[None]),
    }  # fmt: skip
    summary = {"relaxed_objective": 1200.0, "price_basis": BASIS, "remedies": "penalty, sequential"}
    totals = {"currency": "EUR", "steps": steps, "step_minutes": minutes, "start": "", "case": case.name}
    extremes = {"lowest_vm_pu": 0.95, "highest_vm_pu": 1.0, "highest_loading_percent": None, "verdict": "certified"}
    return replace(
        record, tables={**record.tables, **tables}, summary={**record.summary, **summary, **totals, **extremes}
    )


def test_losses_are_added_up_by_cause_and_step() -> None:
    losses = exactness.losses(repaired(16))
    assert len(losses) == exactness.MOST + 1
    assert sum(part.sum() for part in losses.values()) == pytest.approx(16 * 0.2)
    np.testing.assert_array_equal(np.flatnonzero(losses["upper voltage limit"]), [0, 8])
    # Two kinds without a colour of their own, and the two that lose least.
    np.testing.assert_array_equal(np.flatnonzero(losses[exactness.OTHERS]), [2, 6, 7, 10, 14, 15])


def test_an_import_limit_is_a_price_below_zero_where_the_price_is() -> None:
    kinds = causes(repaired(16))["kind"]
    assert np.flatnonzero(kinds == "price below zero").tolist() == [2]
    assert np.flatnonzero(kinds == "import limit").tolist() == [10]


def test_causes_in_words() -> None:
    words = causes(repaired(8))["words"].tolist()
    assert words == [
        "upper voltage limit of bus <b5>",
        "export limit of grid",
        "price below zero, up to the import limit of grid",
        "current limit of line b0-b1",
        "lower voltage limit of bus b5",
        "energy is worth nothing",
        "reactive limit of grid",
        "ramps/up of ramps chp",
    ]


def test_the_worst_voltage_is_the_one_farthest_beyond_its_limit() -> None:
    record = repaired()
    vm, claimed, bus, when = exactness.real_voltages(record)
    assert (vm, claimed, bus, when) == (pytest.approx(1.15), 1.0, "b5", record.case.snapshots[12])
    assert exactness.worst_bus(record) == 5
    assert exactness.excess(record).max() == pytest.approx(0.05)  # above 1.1


def test_without_a_power_flow_the_bus_is_one_that_has_a_voltage() -> None:
    record = repaired()
    table = record.tables["relaxed_buses"]
    lost = table.assign(ac_vm_pu=table["ac_vm_pu"].where(table["snapshot"] != record.case.snapshots[12]))
    record = replace(record, tables={**record.tables, "relaxed_buses": lost})
    assert exactness.worst_bus(record) == 5  # off by 0.05 p.u. elsewhere
    assert "In 1 steps no power flow has its set-points." in section(record, standing_of(record), "")


def test_the_section_tells_energy_money_voltage_and_basis() -> None:
    record = repaired(24, minutes=30.0)
    html = section(record, standing_of(record), "<hr>")
    text = Reader(html).text
    assert "In 24 of 24 steps" in text and "on 1 branches (24 pairs of branch and step)" in text
    assert "2.400 MWh" in text and "36.00 EUR" in text  # 24 x 0.2 MW x 0.5 h, 24 x 3 EUR/h x 0.5 h
    assert "bus b5 would have 1.1500 p.u. at 06:00, instead of the 1.0000 p.u." in text
    assert "34.50 EUR more (2.88 %)" in text  # 1234.50 against 1200
    assert BASIS in text and "a price on losses, sequential convex programming" in text
    assert "exactness = certify" in text
    assert "&lt;b5&gt;" in html and "<b5>" not in html
    assert "14 more are in the table exactness" in text


def test_what_is_proven_is_told() -> None:
    record = repaired()
    proven = {**record.summary, "objective_lower_bound": 1230.0, "optimality_gap": 0.0036}
    text = section(replace(record, summary=proven), standing_of(record), "")
    assert "no dispatch costs less than 1\u2009230.00 EUR" in text and "4.50 EUR above" in text and "0.36 %" in text
    assert "exactness = certify" not in text


def test_money_is_struck_out_without_a_certificate() -> None:
    record = repaired(document=certificate(failed=("tangents",)))
    text = Reader(section(record, standing_of(record), "")).text
    assert "1\u2009234.50" not in text and "34.50" not in text


@pytest.mark.parametrize("steps", [1, 24, 672])
def test_texts_of_the_figure_do_not_overlap(steps: int) -> None:
    with rc_context(LOOK):
        figure = exactness.draw(repaired(steps))
        assert figure is not None
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    # Titles, legends and labels of the axes; ticks are laid out as in all other figures.
    texts = [*figure.texts, *(axes.yaxis.label for axes in figure.axes), figure.axes[-1].xaxis.label]
    texts += [text for axes in figure.axes for text in axes.get_legend().findobj(Text)]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts if text.get_text().strip()]
    assert not [1 for a, b in combinations(boxes, 2) if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and a.overlaps(b)]
    assert all(figure.bbox.padded(2).fully_containsx(box.x1) for box in boxes)


@pytest.mark.parametrize("steps", [1, 24])
def test_report_files_and_overview_have_it(steps: int) -> None:
    record = repaired(steps)
    page = render(record)
    assert page.index(TITLE) < page.index("What limits the network")
    assert Reader(page).open == []
    assert "exactness.svg" in svg_files(record)
    told = overview(record)
    assert "relaxation claimed         1200.00 EUR" in told and f"prices are          {BASIS}" in told


def test_where_the_relaxation_was_exact_there_is_nothing() -> None:
    record = repaired()
    exact = replace(record, tables={**record.tables, "exactness": record.tables["exactness"].iloc[:0]})
    for one in (exact, make_record()):
        assert exactness.draw(one) is None
        assert section(one, standing_of(one), "") == ""
        assert TITLE not in render(one)
