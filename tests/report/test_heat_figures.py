"""Figures of heat: the numbers behind them, and that their texts do not run into each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import PathPatch, Polygon
from matplotlib.text import Text

from gridpact.report.drawing import LOOK
from gridpact.report.figures import canvas
from gridpact.report.figures import dispatch as electric
from gridpact.report.figures.heat import (
    dispatch,
    network_map,
    operating,
    prices,
    route,
    sankey,
    sankey_layout,
    settlement,
    stored,
    structures,
)
from gridpact.report.figures.labels import Box, placed
from gridpact.report.heat.energy import arrows, entering, split
from gridpact.report.heat.network import heat_layout, references, stations
from gridpact.report.heat.sections import HEAT, PAYMENTS, STRUCTURES, TOGETHER
from tests.report.heat_synthetic import CORNERS, FLOWS, heat_case, heat_record, powers
from tests.report.test_figures import _overlap, _undrawn

CASES = {
    "day": heat_case(32),
    "two nodes, four steps": heat_case(2, 4),
    "many nodes": heat_case(400),
    "one step": heat_case(32, 1),
    "quarter hours of a week": heat_case(8, 672, 15.0),
}


def drawn(draw, record):  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = draw(record)
        if figure is not None:
            FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("panel", [*TOGETHER, *STRUCTURES, *HEAT, PAYMENTS], ids=lambda panel: panel.name)
@pytest.mark.parametrize("name", CASES)
def test_texts_do_not_overlap_and_stay_inside(panel, name: str) -> None:  # type: ignore[no-untyped-def]
    figure = drawn(panel.draw, heat_record(CASES[name]))
    if figure is None:
        assert (panel.name, name) == ("heat-stored", "one step")
        return
    renderer, undrawn = figure.canvas.get_renderer(), _undrawn(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text not in undrawn}
    shown = {text: box for text, box in boxes.items() if box.width}
    assert [(a.get_text(), b.get_text()) for a, b in combinations(shown, 2) if _overlap(shown[a], shown[b])] == []
    inside = figure.bbox.padded(2)
    out = [
        text.get_text() for text, box in shown.items() if not (inside.containsx(box.x0) and inside.containsx(box.x1))
    ]
    assert out == []


def test_no_figure_of_heat_without_heat() -> None:
    from tests.report.synthetic import make_record

    assert [panel.name for panel in (*TOGETHER, *STRUCTURES, *HEAT) if drawn(panel.draw, make_record())] == []


def test_a_column_over_time_has_gaps_where_steps_are_lacking() -> None:
    record = heat_record(heat_case(3, 4))
    table, moments = record.tables["heat_prices"], record.case.snapshots
    found = canvas.over_time(record.case, table[table["snapshot"] != moments[2]], "price_per_mwh")
    np.testing.assert_array_equal(found, [[30, 30, np.nan, 30], [31, 31, np.nan, 31], [32, 32, np.nan, 32]])


def test_the_tree_grows_from_the_reference_station_and_one_pipe_closes_the_loop() -> None:
    case = heat_case(8)
    plan = heat_layout(case)
    assert references(case) == [0] and stations(case) == [0, 7]
    assert plan.x[0] == 0.0 and not plan.mapped
    assert plan.tree.sum() == 7 and not plan.tree[6]  # n3 to n7: from n0 it is fewer steps by the long pipe


def test_the_map_shows_mean_prices_and_widths_by_flow() -> None:
    record = heat_record()
    np.testing.assert_allclose(network_map.mean_prices(record), 30.0 + np.arange(8))
    np.testing.assert_allclose(network_map.mean_flows(record), [4.0] * 7 + [-1.0])
    figure = drawn(network_map.draw, record)
    tree = figure.axes[0].collections[2].get_linewidth()  # p0 to p5, and p7: two pipes to n7 are fewer than three
    assert tree[-1] == pytest.approx(0.9 + (tree[0] - 0.9) / 4.0)
    named = {text.get_text() for text in figure.axes[0].texts}
    assert "n0: steam, engine, kettle, pump and 2 more" in named
    assert figure.axes[1].get_xlabel() == "mean price of heat at the nodes, EUR/MWh"


def test_a_name_beside_a_mark_is_moved_until_it_is_on_the_paper() -> None:
    point = np.array([[0.3, 1.0]])
    plain, marked = (placed(point, np.array([1.0]), Box(0, 0, 5, 2), point, away)[0] for away in (None, {0: 0.2}))
    assert plain is not None and plain.left > 0.3  # at the right of its point
    assert marked is not None and (marked.left, marked.bottom) == (0.0, 1.2)


def test_dispatch_adds_up_and_tanks_count_on_their_side() -> None:
    record = heat_record(heat_case(4, 3))
    supply, withdrawal = dispatch.by_kind(record)
    np.testing.assert_allclose(supply["combined heat and power"], [2.2, 1.0, 2.2])
    np.testing.assert_allclose(supply["tanks"], [0.0, 0.125, 0.125])
    np.testing.assert_allclose(withdrawal["tanks"], [-0.25, 0.0, 0.0])
    assert "gas boilers" not in supply  # it never runs
    np.testing.assert_allclose(dispatch.demand(record), 3.0)
    np.testing.assert_allclose(dispatch.lost(record), 0.04)


def test_couplers_stand_in_the_dispatch_of_electricity_too() -> None:
    record = heat_record(heat_case(4, 2))
    supply, withdrawal = electric.by_source(record.tables["dispatch"], record)
    np.testing.assert_allclose(supply["combined heat and power"], [1.35, 0.35])
    np.testing.assert_allclose(withdrawal["electric boilers"], -0.5 / 0.98)
    np.testing.assert_allclose(withdrawal["heat pumps"], -0.4)


def test_pipes_store_against_their_mean_and_steady_pipes_are_not_shown() -> None:
    record = heat_record()
    assert abs(stored.pipe_change(record).mean()) < 1e-12
    assert len(drawn(stored.draw, record).axes) == 2
    flat = record.tables["pipes"].assign(stored_mwh=1.0)
    steady = replace(record, tables={**record.tables, "pipes": flat})
    assert drawn(stored.draw, steady).get_suptitle() == "Heat stored in tanks"
    bare = {name: table for name, table in steady.tables.items() if name != "heat_storages"}
    assert drawn(stored.draw, replace(steady, tables=bare)) is None


def test_periodic_stores_begin_as_they_end() -> None:
    record = heat_record()
    pipes, tank = (axes.lines[0].get_xydata() for axes in drawn(stored.draw, record).axes)
    assert len(pipes) == len(tank) == 25
    assert pipes[0, 1] == pipes[-1, 1] and tank[0, 1] == tank[-1, 1]


def test_polygons_and_points_are_those_of_the_plants() -> None:
    record = heat_record()
    figure = drawn(operating.draw, record)
    steam = figure.axes[0]
    (polygon,) = [patch for patch in steam.patches if isinstance(patch, Polygon)]
    np.testing.assert_allclose(polygon.get_xy()[:4], np.column_stack([CORNERS["heat_mw"], CORNERS["p_mw"]]))
    points = steam.collections[0]
    np.testing.assert_allclose(points.get_offsets(), [[1.0, 0.35]] * 24)
    np.testing.assert_allclose(points.get_array(), np.arange(24.0))  # hours of the day
    engine = figure.axes[1].patches[0].get_xy()
    np.testing.assert_allclose(engine[:2], [[0.0, 0.0], [1.2, 1.0]])
    assert [axes.get_title("left") for axes in figure.axes[:5]] == [
        "steam (extraction)", "engine (engine)", "kettle (electric boiler)", "pump (heat pump)", "flame (gas boiler)",
    ]  # fmt: skip


def test_of_many_units_those_with_most_heat_are_shown() -> None:
    record = heat_record(heat_case(3, 4))
    (unit, *_) = operating.operated(record)
    many = [replace(unit, name=str(number), heat=np.array([float(number % 20)])) for number in range(20)]
    assert [unit.name for unit in operating.largest(many)] == [str(number) for number in range(8, 20)]


def test_prices_have_their_range_and_gaps() -> None:
    record = heat_record()
    low, mean, high = prices.band(record, "heat")
    assert (low[0], mean[0], high[0]) == (30.0, 33.5, 37.0)
    figure = drawn(prices.draw, record)
    assert [axes.get_ylabel() for axes in figure.axes] == ["EUR/MWh", "", "EUR/MWh"]
    np.testing.assert_array_equal(np.unique(figure.axes[1].images[0].get_array()[0]), [2.0])  # steam ties throughout


def test_route_panels_are_the_routes_by_hand() -> None:
    record = heat_record()
    figure = drawn(route.draw, record)
    (axes,) = figure.axes
    supply = axes.lines[[line.get_label() for line in axes.lines].index("supply, coldest")]
    # From n0 by n1 and n3 to n7: 300 m, less than the 1000 m of the pipe that closes the loop.
    np.testing.assert_allclose(supply.get_xdata(), [0.0, 100.0, 200.0, 300.0])
    np.testing.assert_allclose(supply.get_ydata(), 88.0 - 20.0 * np.array([0, 1, 3, 7]) / 8.0)
    assert axes.get_title("left") == "to the farthest, and coldest, consumer: from node n0 to node n7, 300 m"


def test_payments_of_both_carriers_by_hand() -> None:
    record = heat_record(heat_case(4))
    paid = settlement.payments(record.tables["settlement"])
    assert paid.loc["steam"].to_dict() == {"electricity": -4.0, "heat": -4.0}
    assert paid.loc["kettle"].to_dict() == {"electricity": 4.0, "heat": -3.0}
    assert paid.loc["h-n1"].to_dict() == {"electricity": 0.0, "heat": 10.0}
    assert list(paid.index[-2:]) == ["electricity network operator", "heat network operator"]
    assert paid.loc["heat network operator", "heat"] == -23.0
    assert paid["heat"].sum() == pytest.approx(0.0, abs=1e-12)


def test_a_crowd_of_consumers_of_heat_loses_no_money() -> None:
    record = heat_record(heat_case(100))
    paid = settlement.payments(record.tables["settlement"])
    assert len(paid) < 30
    whole = record.tables["settlement"]
    assert paid["heat"].sum() == pytest.approx(whole.loc[whole["carrier"] == "heat", "payment"].sum())
    assert any("others who pay" in str(name) for name in paid.index)


def test_structures_say_how_much_more_they_cost() -> None:
    figure = drawn(structures.draw, heat_record())
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "1\u2009012.50 (+1.25 %)" in texts and "1\u2009000.00" in texts
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "what the district costs, EUR", "mean prices, EUR/MWh", "what is left for, EUR",
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- Sankey


def test_energy_that_enters_by_hand_and_tiny_arrows_apart() -> None:
    record = heat_record()
    flows = arrows(record)
    assert entering(flows) == pytest.approx(26.0)  # 10 of fuel, 14 bought, 2 ambient
    thick, tiny = split(flows)
    assert len(thick) == len(FLOWS) - 1
    assert tiny.to_numpy().tolist() == [["electricity network", "circulation pumps", 0.015]]
    texts = [text.get_text() for text in drawn(sankey.draw, record).findobj(Text)]
    assert any("electricity network to circulation pumps 0.015 MWh" in text for text in texts)
    assert "heat demand\n8.50 MWh" in texts and "fuel\n10.0 MWh" in texts


def test_windows_are_added_up_and_backward_arrows_turned() -> None:
    record = heat_record()
    both = pd.DataFrame([("a", "b", 2.0), ("a", "b", 1.0), ("heat network", "tanks", -0.5)],
                        columns=["source", "target", "energy_mwh"])  # fmt: skip
    found = arrows(replace(record, tables={**record.tables, "energy_flows": both}))
    assert found.to_numpy().tolist() == [["a", "b", 3.0], ["tanks", "heat network", 0.5]]


def test_sources_stand_left_and_sinks_right() -> None:
    rank = sankey_layout.ranks(FLOWS)
    assert {name for name, place in rank.items() if place == 0} == {"fuel", "transmission network", "ambient heat"}
    sinks = {"electric demand", "circulation pumps", "heat demand", "pipe losses", "conversion losses"}
    assert {name for name, place in rank.items() if place == max(rank.values())} == sinks
    assert rank["electricity network"] < rank["heat pumps"] < rank["heat network"]


def test_bands_are_as_high_as_their_energy_and_start_at_their_boxes() -> None:
    record = heat_record()
    axes = drawn(sankey.draw, record).axes[0]
    bands = [patch.get_path().vertices for patch in axes.patches if isinstance(patch, PathPatch)]
    heights = sorted(float(band[0, 1] - band[-1, 1]) for band in bands)
    scale = heights[-1] / 15.985
    wanted = sorted(value for _, _, value in FLOWS if value > 0.015)
    np.testing.assert_allclose(np.array(heights) / scale, wanted, rtol=1e-9)


FLOW = st.floats(0.01, 100.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(5, 7), FLOW), min_size=1, max_size=12),
       st.lists(st.tuples(st.integers(5, 7), st.integers(8, 14), FLOW), min_size=1, max_size=12))  # fmt: skip
def test_no_box_covers_another_whatever_flows(first, second) -> None:  # type: ignore[no-untyped-def]
    whole: dict[tuple[str, str], float] = {}
    for a, b, value in [*first, *second]:
        whole[str(a), str(b)] = whole.get((str(a), str(b)), 0.0) + value
    listed = [(a, b, value) for (a, b), value in whole.items()]
    height = 8.0
    plan = sankey_layout.arranged(listed, height, lambda name: 0.4)
    for column in plan.columns:
        spans = [(box.middle + (box.tall(plan.scale) - box.above) / 2.0 + box.above,
                  box.middle - (box.tall(plan.scale) - box.above) / 2.0) for box in column]  # fmt: skip
        assert all(below[0] <= above[1] + 1e-6 for above, below in pairwise(spans))
        assert all(top <= height + 1e-6 and bottom >= -1e-6 for top, bottom in spans)
    for column in plan.columns:
        for box in column:
            for side in (box.before, box.after):
                assert not side or sum(piece.value for piece in side) <= box.value * (1.0 + 1e-9)


def test_power_points_are_those_of_the_dispatch() -> None:
    case = heat_case(3, 4)
    found = {unit.name: unit for unit in operating.operated(heat_record(case))}
    for name, (heat, power) in powers(case).items():
        np.testing.assert_allclose(found[name].heat, heat)
        np.testing.assert_allclose(found[name].power, np.abs(power))
