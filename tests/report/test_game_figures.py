"""Figures of the game: the numbers behind them, and that their texts do not run into each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.text import Text

from gridpact.report.drawing import LOOK
from gridpact.report.figures.game import boundary, designs, look, market, search, steps
from gridpact.report.game import facts
from gridpact.report.game.market import transmission_clearing
from gridpact.report.game.sections import BOUNDARY, CHANGES, MARKET, SEARCH
from tests.report.game_runs import small_game
from tests.report.game_synthetic import FREE, GAINS, LED, PRICES, game_record, without
from tests.report.synthetic import make_record
from tests.report.test_figures import _overlap, _undrawn

PANELS = (*CHANGES, *BOUNDARY, *MARKET, *SEARCH)
RECORDS = {
    "day": game_record(),
    "quarter hours": game_record(96, minutes=15.0),
    "one step": game_record(1),
    "five connections": game_record(4, 5),
    "many buses": game_record(4, 1, 300),
    "tied powers": without(game_record(), "price_steps"),
    "real": small_game().record,
}


def drawn(draw, record):  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = draw(record)
        if figure is not None:
            FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("name", RECORDS)
def test_texts_do_not_overlap_and_stay_inside(panel, name: str) -> None:  # type: ignore[no-untyped-def]
    figure = drawn(panel.draw, RECORDS[name])
    if figure is None:
        none = {"tied powers": ("price-steps", "price-functions"), "real": ("boundary-power", "course")}
        assert panel.name in none.get(name, ("boundary-power",)), "a search that ends where it began has no course"
        return
    renderer, undrawn = figure.canvas.get_renderer(), _undrawn(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text not in undrawn}
    shown = {text: box for text, box in boxes.items() if box.width}
    assert [(a.get_text(), b.get_text()) for a, b in combinations(shown, 2) if _overlap(shown[a], shown[b])] == []
    inside = figure.bbox.padded(2)
    assert [text.get_text() for text, box in shown.items() if not inside.containsx(box.x1)] == []


def test_the_map_draws_every_reachable_step_with_its_price() -> None:
    """One field per row of price_steps: as high as the step is wide, in the colour of its price."""
    record = small_game().record
    table = record.tables["price_steps"]
    (fields,) = [one for one in drawn(steps.draw_map, record).findobj(PolyCollection) if one.get_array() is not None]
    heights = [np.ptp(path.vertices[:, 1]) for path in fields.get_paths()]
    np.testing.assert_allclose(heights, table["to_mw"] - table["from_mw"], rtol=1e-9)
    np.testing.assert_array_equal(fields.get_array(), table["price_from_per_mwh"])
    assert len(heights) >= 2 * record.case.steps  # else nothing could be led


def test_steps_stand_in_their_own_time() -> None:
    corners, price = steps.fields(game_record(3), "boundary-1")
    hours = 24.0 * (corners[..., 0] - corners[0, 0, 0])
    np.testing.assert_allclose(hours.min(axis=1), np.repeat([0.0, 1.0, 2.0], len(PRICES)), atol=1e-6)
    np.testing.assert_allclose(np.ptp(hours, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(price, np.tile(PRICES, 3))


def test_a_rising_price_is_drawn_in_parts_whose_mean_is_its_own() -> None:
    """From 20 to 28 in eight parts, each a currency unit dearer: 20.5, 21.5, ... 27.5."""
    record = game_record(1)
    table = record.tables["price_steps"].head(1).assign(price_from_per_mwh=20.0, price_to_per_mwh=28.0)
    corners, price = steps.fields(replace(record, tables={**record.tables, "price_steps": table}), "boundary-1")
    np.testing.assert_allclose(price, 20.5 + np.arange(8.0))
    np.testing.assert_allclose(corners[:, 0, 1], -50.0 + 6.25 * np.arange(8))
    assert corners[-1, 2, 1] == pytest.approx(0.0)


def test_imports_are_those_of_the_designs() -> None:
    powers = steps.imports(game_record(2), "boundary-1")
    assert {design: power.tolist() for design, (_, power) in powers.items()} == {
        "uncoordinated": [60.0, 60.0],
        "competitive": [FREE, FREE],
        "stackelberg": [LED, LED],
    }
    assert powers["competitive"][0] == "competitive and cooperative"  # the same dispatch has one line


def test_a_cooperative_design_that_differs_has_its_own_line() -> None:
    record = game_record()
    table = record.tables["designs"].copy()
    table.loc[2, "welfare_cost"] -= 5.0
    assert list(look.named(replace(record, tables={**record.tables, "designs": table}))) == list(look.NAMES)


def test_step_functions_are_those_in_which_leading_changes_most() -> None:
    record = game_record(24)
    hours = record.tables["design_hours"].copy()
    free = np.flatnonzero(hours["design"] == "competitive")
    hours.loc[free[[3, 5, 7, 9, 11, 20]], "boundary_mw"] = 90.0
    changed = replace(record, tables={**record.tables, "design_hours": hours})
    assert steps.telling_steps(changed, "boundary-1") == [3, 5, 7, 9, 11, 20]


def test_without_designs_the_steps_with_most_wedge_are_shown() -> None:
    record = without(game_record(24), "designs", "design_hours", "claims", summary=tuple(GAINS))
    table = record.tables["equilibrium"].copy()
    table.loc[[2, 4, 6, 8, 10, 12], "wedge_per_mwh"] = 30.0
    record = replace(record, tables={**record.tables, "equilibrium": table})
    assert steps.telling_steps(record, "boundary-1") == [2, 4, 6, 8, 10, 12]
    assert drawn(designs.draw, _undesigned()) is None
    assert drawn(boundary.draw_lmp, _undesigned()) is None
    assert drawn(steps.draw_map, _undesigned()) is not None


def _undesigned():  # type: ignore[no-untyped-def]
    return without(game_record(4), "designs", "design_hours", "claims", summary=tuple(GAINS))


def test_bars_of_gains_add_up() -> None:
    names, values = designs.gains(game_record())
    assert values[:-1].sum() == values[-1] == -20.0
    assert names[0] == "the district, who leads"


def test_several_connections_say_how_many_are_not_shown() -> None:
    figure = drawn(boundary.draw_wedge, game_record(4, 5))
    assert figure.get_suptitle().endswith("(the first 3 of 5 connections)")
    assert len(figure.axes) == 3


def test_units_of_the_transmission_network_are_the_largest_and_the_rest() -> None:
    """Ten units of 40 to 49 MW: the seven largest by name, the others 40 + 41 + 42 MW."""
    clearing = transmission_clearing(game_record(2))
    assert clearing is not None
    units = market.by_unit(clearing)
    assert list(units) == [f"unit-{k}" for k in range(10, 3, -1)] + ["others"]
    np.testing.assert_allclose(units["others"], 123.0)
    whole, rest = market.demand(clearing)
    np.testing.assert_allclose(whole - rest, LED)
    np.testing.assert_allclose(whole, sum(units.values()))


def test_the_course_ends_with_the_proven_gap() -> None:
    """Bounds are of one feeder in the table, and of all in the figure: 20 x 50 = 1000."""
    above, below = drawn(search.draw_course, game_record()).axes
    best, bound = (line.get_ydata()[-1] for line in above.lines)
    assert (best, bound) == (pytest.approx(1000.0), pytest.approx(999.98))
    assert below.lines[0].get_ydata()[-1] == pytest.approx(100.0 * 0.001 / 50.0)


@pytest.mark.parametrize("lower", [[53.0, 49.5, 49.2, 49.0], [48.0, 49.0, 49.9, 49.999], [0.0, 10.0, 20.0, 49.0]])
@pytest.mark.parametrize("asked", [0.0, 0.03, 1e-4])
def test_the_gap_is_numbered_at_powers_of_ten_alone(lower: list[float], asked: float) -> None:
    """Within one decade matplotlib would number minor ticks by formulas, which figures show as they are written."""
    record = game_record()
    bounds = record.tables["bounds"].assign(lower=lower)
    record = replace(record, tables={**record.tables, "bounds": bounds}, settings={"gap": asked})
    _, below = drawn(search.draw_course, record).axes
    told = [float(text.get_text()) for text in below.get_yticklabels(which="both") if text.get_text()]
    low, high = below.get_ylim()
    shown = [value for value in told if 0.999 * low <= value <= 1.001 * high]
    assert len(shown) >= 2, "else nobody can read the axis"
    np.testing.assert_allclose(np.log10(shown), np.round(np.log10(shown)), atol=1e-9)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_no_text_is_a_formula(panel) -> None:  # type: ignore[no-untyped-def]
    """Names may hold a dollar, so that figures show formulas as they are written; here no name does."""
    record = game_record()
    narrow = record.tables["bounds"].assign(lower=[53.0, 49.5, 49.2, 49.0])
    records = (replace(record, tables={**record.tables, "bounds": narrow}, settings={"gap": 0.03}), *RECORDS.values())
    figures = [figure for figure in (drawn(panel.draw, one) for one in records) if figure is not None]
    assert figures
    assert [text.get_text() for one in figures for text in one.findobj(Text) if "$" in text.get_text()] == []


def test_one_node_is_no_course() -> None:
    record = game_record()
    bounds = record.tables["bounds"].head(1)
    assert drawn(search.draw_course, replace(record, tables={**record.tables, "bounds": bounds})) is None


def test_no_point_of_the_scan_lies_below_the_equilibrium() -> None:
    run = small_game()
    assert run.table("scan")["leader_cost"].min() >= run.summary["leader_cost"] * (1.0 - 1e-4)


def test_no_figure_of_a_game_without_one() -> None:
    assert not facts.is_game(make_record())
