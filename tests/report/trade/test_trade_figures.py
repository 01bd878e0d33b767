"""Figures of a trade: the numbers behind them, and that their texts do not run into each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import PathPatch, Wedge
from matplotlib.text import Text

from gridpact.report.drawing import LOOK
from gridpact.report.figures.trade import (
    bars,
    chord,
    coalitions,
    course,
    fees,
    hours,
    inside,
    limits,
    look,
    matrix,
    money,
    prices,
    sheet,
)
from gridpact.report.figures.trade.chord_layout import TURN, bend, chords, spread
from gridpact.report.trade import facts
from gridpact.report.trade.sections import trade_sections
from gridpact.report.trade.sides import inside as inside_of
from gridpact.report.trade.sides import network_side
from gridpact.results.record import Record
from tests.report.test_figures import _overlap, _undrawn
from tests.report.trade.made_up import changed, many, trade_record, without, without_deal

RECORDS = {
    "3 microgrids": trade_record(),
    "no deal": without_deal(trade_record()),
    "10 microgrids": many(10),
    "100 microgrids": many(100),
    "one step": many(4, 1),
}
PANELS = [panel for section in trade_sections(trade_record()) for panel in section.panels]
MONEY = {"trade-gains", "trade-shares", "trade-coalitions", "trade-sheet"}
SHOWN = [(name, one) for name in RECORDS for one in PANELS if name != "no deal" or one.name in MONEY]


def drawn(draw, record):  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = draw(record)
        if figure is not None:
            FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize(("name", "shown"), SHOWN, ids=lambda one: one if isinstance(one, str) else one.name)
def test_texts_do_not_overlap_and_stay_inside(name: str, shown) -> None:  # type: ignore[no-untyped-def]
    figure = drawn(shown.draw, RECORDS[name])
    if figure is None:
        return
    renderer, undrawn = figure.canvas.get_renderer(), _undrawn(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text not in undrawn}
    visible = {text: box for text, box in boxes.items() if box.width}
    assert [(a.get_text(), b.get_text()) for a, b in combinations(visible, 2) if _overlap(visible[a], visible[b])] == []
    wide = figure.bbox.padded(2)
    assert [t.get_text() for t, box in visible.items() if not (wide.containsx(box.x0) and wide.containsx(box.x1))] == []
    assert [t.get_text() for t, box in visible.items() if not (wide.containsy(box.y0) and wide.containsy(box.y1))] == []


@pytest.mark.parametrize("shown", PANELS, ids=lambda panel: panel.name)
def test_there_is_no_figure_without_its_tables(shown) -> None:  # type: ignore[no-untyped-def]
    assert drawn(shown.draw, replace(trade_record(), tables={})) is None


SQUARES = st.integers(2, 8).flatmap(
    lambda n: arrays(np.float64, (n, n), elements=st.floats(0.0, 10.0, allow_subnormal=False))
)


@given(SQUARES)
def test_arcs_are_as_long_as_what_is_moved_and_ribbons_fill_them(energy: np.typing.NDArray[np.float64]) -> None:
    if not energy.sum() > 1e-3:
        return
    found = chords(energy)
    wide = np.diff(found.arcs, axis=1).ravel()
    scale = wide.sum() / (2.0 * energy.sum())
    np.testing.assert_allclose(wide, scale * (energy.sum(axis=0) + energy.sum(axis=1)), atol=1e-12)
    for spans in (found.sold, found.bought):  # both ends of a ribbon are as wide as its energy
        np.testing.assert_allclose(np.diff(spans, axis=2)[..., 0], scale * energy, atol=1e-12)
    assert (found.arcs[1:, 0] > found.arcs[:-1, 1]).all()
    assert found.arcs[-1, 1] < TURN
    for party in range(len(energy)):
        ends = np.concatenate([found.sold[party], found.bought[:, party]])
        ends = ends[np.argsort(ends.sum(axis=1))]
        np.testing.assert_allclose(ends[1:, 0], ends[:-1, 1], atol=1e-9)
        assert (ends[0, 0], ends[-1, 1]) == pytest.approx(tuple(found.arcs[party]))


def test_neighbours_on_the_circle_are_neighbours_on_the_arc() -> None:
    """Three parties that all trade alike: what the first moves with the next one lies at the end towards it."""
    found = chords(np.ones((3, 3)) - np.eye(3))
    assert found.sold[0, 1].mean() > found.sold[0, 2].mean()
    assert found.bought[0, 1].mean() < found.bought[2, 1].mean()


def test_curves_across_the_circle_bend_through_its_middle() -> None:
    np.testing.assert_allclose(bend(0.3, 0.3 + np.pi, 2.0), [0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(bend(0.1, TURN - 0.1, 2.0)[0], 0.0, atol=1e-12)  # the short way, over the top
    assert bend(0.1, TURN - 0.1, 2.0)[1] > 0.0


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=9))
def test_names_are_moved_apart_and_keep_their_order(heights: list[float]) -> None:
    placed = spread(np.array(heights), 0.4, -2.0, 2.0)
    assert (np.abs(placed) <= 2.0 + 1e-9).all()
    order = np.argsort(-np.array(heights), kind="stable")
    assert (np.diff(placed[order]) <= -0.4 + 1e-9).all()
    lone = np.abs(np.subtract.outer(heights, heights)) + 9.0 * np.eye(len(heights))
    if lone.min() >= 0.4:  # nothing is moved that needs not be
        np.testing.assert_allclose(placed, heights, atol=1e-9)


def test_more_names_than_there_is_room_for_are_spread_evenly() -> None:
    np.testing.assert_allclose(spread(np.zeros(5), 1.0, -1.0, 1.0), [1.0, 0.5, 0.0, -0.5, -1.0])


def test_ribbons_and_arcs_are_those_of_the_trades() -> None:
    record = trade_record()
    axes = drawn(chord.draw, record).axes[0]
    energy = facts.energy(record)
    assert len([patch for patch in axes.patches if isinstance(patch, Wedge)]) == 4
    assert len([patch for patch in axes.patches if isinstance(patch, PathPatch)]) == int((energy > 0.0).sum())
    told = [text.get_text() for text in axes.texts]
    sold, bought = energy.sum(axis=1), energy.sum(axis=0)
    assert f"sells {sold[1]:.2f}, buys {bought[1]:.2f} MWh" in told
    table = record.tables["trades"]
    assert sold[1] == pytest.approx(table.loc[table["seller"] == "farm", "p_mw"].sum())  # steps of an hour


def test_others_are_added_up() -> None:
    """Of 100 microgrids ten have names; nothing is lost in the others."""
    record = many(100)
    shown, energy = look.crowd(record), facts.energy(record)
    assert shown.names[10:] == ["90 others", "network"]
    joined = shown.joined(energy)
    assert joined.sum() == pytest.approx(energy.sum())
    assert joined[-1].sum() == pytest.approx(energy[-1].sum())
    kept = [facts.microgrids(record).index(name) for name in shown.names[:10]]
    np.testing.assert_allclose(facts.moved(joined)[:10], facts.moved(energy)[kept])
    assert facts.moved(energy)[kept].min() >= np.sort(facts.moved(energy)[:-1])[-10]
    means = shown.averaged(np.append(np.arange(100.0), 7.0))
    assert means[-2:].tolist() == pytest.approx([(4950.0 - sum(kept)) / 90.0, 7.0])
    assert shown.each[10] == "mean of 90 others"


@pytest.mark.parametrize(("count", "names"), [(7, 8), (11, 12), (12, 12), (30, 12)])
def test_an_other_is_never_alone(count: int, names: int) -> None:
    assert len(look.crowd(many(count, 2)).names) == names


def test_colours_tell_parties_apart() -> None:
    shades = look.crowd(many(10)).colours
    assert len(set(shades)) == len(shades) == 11


def test_the_matrix_shows_the_energy_of_every_pair() -> None:
    record = trade_record()
    axes = drawn(matrix.draw_energy, record).axes[0]
    shown = np.asarray(axes.images[0].get_array().filled(0.0))
    np.testing.assert_allclose(shown, facts.energy(record), atol=5e-4)
    told = {text.get_text() for text in axes.texts}
    assert f"{facts.energy(record)[1, 0]:.2f}" in told


def test_fees_that_are_all_alike_need_no_map() -> None:
    assert drawn(matrix.draw_fees, many(10)) is None
    axes = drawn(matrix.draw_fees, trade_record()).axes[0]
    shown = axes.images[0].get_array()
    assert shown[0, 1] == pytest.approx(2.0 + 0.2 * 8)  # homes and farm, 8 sections of line apart
    assert shown[2, 3] == pytest.approx(9.0 + 0.2 * 13)  # baths and the substation


def test_partners_add_up_to_the_exchange() -> None:
    """What is stacked above zero less what is below is what the microgrid exchanges, in every step."""
    record = trade_record()
    power, shown = facts.power(record), look.crowd(record)
    exchange = facts.by_microgrid(record, "p_mw")
    for party in range(3):
        sold, bought = hours._sides(shown, power[party] - power[:, party])
        np.testing.assert_allclose(sum(sold.values()) + sum(bought.values()), exchange[party], atol=1e-7)
        assert all((row >= 0.0).all() for row in sold.values())


def test_the_line_of_exchanges_is_what_is_left_for_the_network() -> None:
    record = trade_record()
    axes = drawn(hours.draw_exchange, record).axes[0]
    (line,) = [patch for patch in axes.patches if patch.get_label() == "what the network takes"]
    np.testing.assert_allclose(line.get_data().values, facts.by_microgrid(record, "p_mw").sum(axis=0))
    power = facts.power(record)
    np.testing.assert_allclose(line.get_data().values, power[:, -1].sum(axis=0) - power[-1].sum(axis=0), atol=1e-7)


def test_prices_are_those_of_the_tables() -> None:
    record = trade_record()
    axes = drawn(prices.draw, record).axes[2]
    lines = {patch.get_label(): patch.get_data().values for patch in axes.patches}
    own = record.tables["exchanges"].query("microgrid == 'baths'")
    np.testing.assert_allclose(lines[prices.NETWORK], own["price_per_mwh"])
    np.testing.assert_allclose(lines[prices.INSIDE], own["inside_price_per_mwh"])
    root = record.tables["electricity_prices"].query("bus == '33'")["energy_per_mwh"]
    np.testing.assert_allclose(lines[prices.ROOT], root)
    added = drawn(prices.draw_spread, record).axes[0].patches[2].get_data().values
    np.testing.assert_allclose(added, own["price_per_mwh"].to_numpy() - root.to_numpy())


def test_exchanges_at_their_limits_are_counted() -> None:
    record = trade_record()
    assert limits.at_limit(record).tolist() == [0.0, 0.0, 0.0]
    table = record.tables["exchanges"].copy()
    rows = table.index[table["microgrid"] == "farm"][:3]
    table.loc[rows, "p_mw"] = [0.6, -0.4, 0.59]  # sells up to 0.6 MW and buys up to 0.4
    spoilt = changed(record, "exchanges", table)
    assert limits.at_limit(spoilt).tolist() == [0.0, 2.0, 0.0]
    assert limits.used(spoilt)[1, :3] == pytest.approx([1.0, -1.0, 0.59 / 0.6])


def test_bars_of_gains_are_those_of_the_table() -> None:
    record = trade_record()
    costs, gains = drawn(money.draw_gains, record).axes
    table = record.tables["bargaining"]
    widths = [patch.get_width() for patch in costs.patches]
    before, cost, receipt = (table[name].to_numpy() for name in ("disagreement_cost", "cost", "receipt"))
    np.testing.assert_allclose(widths, [*before, *cost, *-receipt])
    np.testing.assert_allclose([patch.get_width() for patch in gains.patches], table["gain"])


def test_without_a_deal_there_are_costs_and_no_payments() -> None:
    record = without_deal(trade_record())
    (axes,) = drawn(money.draw_gains, record).axes
    assert len(axes.patches) == 8
    assert drawn(sheet.draw, record) is None
    assert drawn(money.draw_shares, record) is None


def test_a_bar_that_dwarfs_the_others_is_cut_and_says_so() -> None:
    assert bars.reach_of(np.array([[1.0, 2.0, 15.9], [0.5, 0.5, -1.0]])) == np.inf
    assert bars.reach_of(np.array([[1.0, -2.0, 16.1]])) == pytest.approx(2.0 * bars.CUT)
    assert bars.reach_of(np.array([[0.0, 0.0, 5.0]])) == np.inf
    costs, _ = drawn(money.draw_gains, many(100)).axes
    told = [text.get_text() for text in costs.texts]
    assert "900.00 →" in told
    assert max(patch.get_width() for patch in costs.patches) < 300.0


def test_shares_leave_out_who_does_not_bargain() -> None:
    record = trade_record()
    (axes,) = drawn(money.draw_shares, record).axes
    assert len(axes.patches) == 12  # three microgrids by four rules
    found = record.tables["shares"].query("rule == 'shapley' and participant != 'network'")["gain"]
    np.testing.assert_allclose([patch.get_width() for patch in axes.patches[9:]], found)


def test_sampled_shares_have_their_error() -> None:
    record = many(100)
    (axes,) = drawn(money.draw_shares, record).axes
    (lines,) = [one for container in axes.containers for one in getattr(container, "lines", ([], [], []))[2]]
    error = record.tables["shares"]["error_bound"].max()
    spans = [segment[1, 0] - segment[0, 0] for segment in lines.get_segments()]
    np.testing.assert_allclose(spans, 2.0 * error)


def test_coalitions_are_named_by_who_is_missing_where_that_is_shorter() -> None:
    everybody = ["a", "b", "c", "d"]
    assert coalitions.called("a + b + c", everybody) == "all but d"
    assert coalitions.called("a", everybody) == "a"
    assert coalitions.called("a + b", everybody) == "a + b"
    names = [f"microgrid-with-a-long-name-{number}" for number in range(9)]
    told = coalitions.called(" + ".join(names[:4]), names)
    assert told == "microgrid-with-a-long-n… and 3 more"


def test_the_coalition_with_most_reason_to_leave_comes_first() -> None:
    found = coalitions.ranked(trade_record().tables["coalitions"], 3)
    assert len(found) == 6  # all of all is no coalition that leaves
    assert len(coalitions.ranked(found, 3)) == 6  # it need not be told
    assert found["excess"].is_monotonic_decreasing


def test_parts_of_the_settlement_stack_up_to_the_total() -> None:
    paid = sheet.payments(trade_record())
    np.testing.assert_allclose(sum(paid[name] for name in sheet.PARTS), paid["total"], atol=1e-9)
    parts = {"energy": np.array([3.0, 3.0]), "fee": np.array([2.0, -2.0]), "lump": np.array([-1.0, 1.0])}
    assert sheet.beneath(parts, "fee").tolist() == [3.0, 0.0]
    assert sheet.beneath(parts, "lump").tolist() == [0.0, 3.0]


def test_fees_of_the_many_are_their_mean() -> None:
    record = many(100)
    figure = drawn(fees.draw, record)
    paid = record.tables["fees"]["amount"]
    assert f"{paid.sum():.2f}" in figure.get_suptitle()
    widths = np.array([patch.get_width() for patch in figure.axes[0].patches])
    assert widths[:-1].sum() + 90.0 * widths[-1] == pytest.approx(paid.sum())


def test_residuals_stand_beside_the_tolerance() -> None:
    record = trade_record()
    above, below = drawn(course.draw, record).axes
    table = record.tables["convergence"]
    np.testing.assert_allclose(above.lines[0].get_ydata(), table["primal_residual"])
    np.testing.assert_allclose(above.lines[1].get_ydata(), table["dual_residual"])
    assert set(above.lines[2].get_ydata()) == {1e-4}
    np.testing.assert_allclose(below.lines[0].get_ydata(), table["penalty"])
    assert above.get_yscale() == below.get_yscale() == "log"
    assert set(above.lines[3].get_xdata()) == {15.5}  # the last of 16 settles exactly


def test_a_course_without_penalties_or_rounds_is_drawn_too() -> None:
    """The central program has no rounds; both sides are settled all the same."""
    table = trade_record().tables["convergence"].tail(1).assign(penalty=0.0, primal_residual=0.0, dual_residual=0.0)
    above, below = drawn(course.draw, changed(trade_record(), "convergence", table)).axes
    assert np.isfinite([*above.get_ylim(), *below.get_ylim()]).all()
    assert len(above.lines) == 3


def test_residuals_of_zero_are_drawn_all_the_same() -> None:
    table = trade_record().tables["bargaining_convergence"].assign(primal_residual=0.0)
    axes = drawn(course.draw_bargaining, changed(trade_record(), "bargaining_convergence", table)).axes[0]
    assert axes.get_ylim()[0] > 0.0


def test_devices_belong_to_the_microgrid_at_their_bus() -> None:
    side = inside_of(trade_record())
    assert side is not None
    owners = inside.owners_of(side.case)
    assert owners["storage", "homes-battery"] == owners["interface", "homes"] == 0
    assert owners["generator", "farm-biogas"] == 1
    assert owners["storage", "baths-battery"] == 2


def test_inside_each_microgrid_powers_balance() -> None:
    """Devices and exchange, heat's share of power included, serve the load in every step."""
    side = inside_of(trade_record())
    assert side is not None
    sums = inside.by_owner(side).groupby(["owner", "snapshot"])["p_mw"].sum()
    assert sums.loc[[0, 1, 2]].abs().max() < 1e-5


def test_the_side_of_the_network_has_the_microgrids_as_devices() -> None:
    record = trade_record()
    side = network_side(record)
    assert side is not None
    own = side.tables["dispatch"].query("kind == 'microgrid'")
    np.testing.assert_allclose(own["p_mw"], record.tables["exchanges"]["p_mw"], atol=1e-9)
    assert set(own["device"]) == {"homes", "farm", "baths"}
    assert not [name for name in side.tables if name.startswith(("microgrids_", "before_"))]


def test_microgrids_are_marked_on_the_map() -> None:
    (panel,) = [one for one in PANELS if one.name == "network-map"]
    told = [text.get_text() for text in drawn(panel.draw, trade_record()).axes[0].texts]
    assert {"homes", "farm", "baths"} <= set(told)
    assert not {"25", "22", "33"} & set(told)


def test_who_does_not_trade_has_no_arc() -> None:
    record = trade_record()
    table: pd.DataFrame = record.tables["trades"].query("seller != 'farm' and buyer != 'farm'")
    axes = drawn(chord.draw, changed(record, "trades", table)).axes[0]
    assert "farm" not in [text.get_text() for text in axes.texts]
    assert drawn(chord.draw, changed(record, "trades", table.iloc[:0])) is None


def test_runs_without_devices_of_microgrids_have_no_figure_of_them() -> None:
    record: Record = without(trade_record(), "microgrids_dispatch")
    assert drawn(inside.draw, record) is None
