"""Figures of a joint plan: what is drawn is what the tables say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gridpact.report.figures.together import built, cash, costs, gains, moves, payments, reinforcements, trades
from gridpact.report.panels import panels_of
from gridpact.report.together import facts
from gridpact.results.record import Record
from tests.report.together.made_up import BASE, BOUND, plan_record, without, without_deal

Draw = Callable[[Record], Figure | None]


def drawn(draw: Draw, record: Record | None = None) -> Figure:
    figure = draw(record or plan_record())
    assert figure is not None
    return figure


def widths(axes: Axes) -> list[float]:
    return [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]


def test_bars_of_what_is_built_are_shares_of_what_may_be() -> None:
    found = facts.built(plan_record())
    assert found is not None
    (axes,) = drawn(built.draw).axes
    wanted = [*(found["before"] / found["max_units"]), *(found["units"] / found["max_units"])]
    assert np.allclose(widths(axes), 100.0 * np.array(wanted))
    names = [text.get_text() for text in axes.texts]
    assert set(facts.owners(plan_record())) <= set(names)


def test_parts_of_the_cost_add_up_to_what_a_year_costs() -> None:
    record = plan_record()
    found = costs.amounts(record)
    alone, together = (np.sum(list(found[side].values()), axis=0) for side in ("alone", "together"))
    assert np.allclose(alone, facts.column(record, "alone_cost"))
    assert np.allclose(alone - together, facts.column(record, "gain"))
    (axes,) = drawn(costs.draw).axes
    ends = np.concatenate([np.asarray(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) > 2])
    assert np.allclose(sorted(1e3 * ends), sorted([*alone, *together]))


def test_gains_are_weights_of_the_gain_of_all() -> None:
    record = plan_record()
    (axes,) = drawn(gains.draw).axes
    shares = gains.rules(record)
    assert list(shares) == ["given", "equal", "stand_alone"]
    assert np.allclose(widths(axes), record.summary["surplus"] * np.concatenate(list(shares.values())))
    assert np.allclose(record.summary["surplus"] * shares["given"], facts.column(record, "gain"))


def test_payments_come_to_what_is_received() -> None:
    record = plan_record()
    paid = facts.payments(record)
    assert np.allclose(sum(paid.values()), -record.tables["owners"]["receipt_cents"] / 100.0)
    (axes,) = drawn(payments.draw).axes
    (diamonds,) = [line for line in axes.lines if line.get_marker() == "D"]
    assert np.allclose(1e3 * np.asarray(diamonds.get_xdata()), sum(paid.values()))


def test_payments_of_the_days_add_up_to_those_of_the_year() -> None:
    record = plan_record()
    figure = drawn(payments.draw_days)
    for axes, name in zip(figure.axes, ("energy", "fee"), strict=True):
        bars = np.array(widths(axes)).reshape(2, -1)
        assert np.allclose(bars.sum(axis=0), facts.payments(record)[name])


def test_cash_is_added_up_over_the_years() -> None:
    record = plan_record()
    (axes,) = drawn(cash.draw).axes
    lines = {str(line.get_label()): line for line in axes.lines}
    for place, name in enumerate(facts.owners(record)):
        assert np.allclose(1e3 * np.asarray(lines[name].get_ydata()), facts.cash(record, "cumulative")[place])


def test_moves_are_told_with_the_bound_and_the_usual_scheme() -> None:
    record = plan_record()
    (axes,) = drawn(moves.draw).axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
    surplus = float(record.summary["surplus"])
    assert np.allclose(1e3 * lines["taken"], surplus * np.array([0.15, 0.6, 0.6, 1.0]))
    assert np.allclose(1e3 * lines["no plan gains more"], BOUND * surplus)
    assert np.allclose(1e3 * lines["all answer at once, by itself"], BASE * surplus)
    left = 1e3 * lines["left: the gain is less"]
    assert left[0] == pytest.approx(0.05 * surplus) and np.isfinite(left[1])  # one that serves not all has its place
    assert any("↓" in text.get_text() for text in axes.texts)


def test_reinforcements_are_borne_by_weight() -> None:
    record = plan_record()
    (axes,) = drawn(reinforcements.draw).axes
    wanted = np.outer(facts.column(record, "weight"), [5_250.0, 6_750.0])
    assert np.allclose(widths(axes), wanted.ravel())


def test_maps_of_the_days_have_the_energy_of_the_days() -> None:
    energy = facts.energy_by_day(plan_record())
    figure = drawn(trades.draw_days)
    for axes, day in zip(figure.axes, energy, strict=True):
        told = sorted(float(text.get_text()) for text in axes.texts if text.get_text().replace(".", "").isdigit())
        assert told == pytest.approx(sorted(day[day >= trades.SEEN]), abs=0.05)


def test_nothing_is_paid_without_a_deal() -> None:
    record = without_deal(plan_record())
    for draw in (gains.draw, payments.draw, payments.draw_days, reinforcements.draw):
        assert draw(record) is None


@pytest.mark.parametrize("count", [1, 3, 30])
def test_texts_stay_on_the_paper(count: int) -> None:
    record = plan_record(count)
    for panel in panels_of(record):
        figure = panel.draw(record) if panel.name.startswith("together") else None
        if figure is None:
            continue
        width, height = figure.get_size_inches() * figure.dpi
        figure.canvas.draw()
        texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
        for text in texts:
            box = text.get_window_extent()
            assert box.x0 > -1.0 and box.x1 < width + 1.0 and box.y0 > -1.0 and box.y1 < height + 1.0, panel.name


def test_absent_tables_draw_nothing() -> None:
    record = without(plan_record(), "investments", "moves", "cash_flow", "payments", "reinforcements", "trades")
    for draw in (built.draw, moves.draw, cash.draw, payments.draw_days, reinforcements.draw, trades.draw_year):
        assert draw(record) is None


def test_owners_keep_their_colours() -> None:
    record = plan_record()
    colours = facts.colours(record)
    assert len(set(colours)) == len(facts.owners(record))
    assert replace(record, summary={**record.summary, "deal": False}).tables is record.tables
