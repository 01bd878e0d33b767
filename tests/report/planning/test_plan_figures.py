"""Figures of a plan: the numbers behind them, and that their texts do not run into each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gridpact.report.drawing import LOOK
from gridpact.report.figures.layout import layout
from gridpact.report.figures.planning import bounds, costs, dispatch, duration, loads, sites, symbols, values, year
from gridpact.report.planning import profiles
from gridpact.report.planning.facts import by_step, heaviest, weights
from gridpact.report.planning.sections import DAYS, STANDS, plan_sections
from gridpact.results.families import kinds_of
from gridpact.results.record import Record
from tests.report.planning.made_up import COSTS, NAMES, plan_record, without
from tests.report.planning.made_up import year as year_of_hours
from tests.report.test_figures import _overlap, _undrawn

RECORDS = {
    "33 nodes, 8 days": plan_record(),
    "33 nodes, 1 day": plan_record(33, 1),
    "141 nodes, 12 days": plan_record(141, 12),
    "33 nodes, 30 days": plan_record(33, 30),
    "curves of series alone": without(plan_record(), "scenario_days"),
}
WHOLE = ("33 nodes, 8 days", "141 nodes, 12 days")  # the others differ in their typical days alone
PANELS = [panel for section in plan_sections(plan_record()) for panel in section.panels]
SHOWN = [(name, one) for name in RECORDS for one in (PANELS if name in WHOLE else [*STANDS, *DAYS])]


def drawn(draw, record):  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = draw(record)
        if figure is not None:
            FigureCanvasAgg(figure).draw()
    return figure


def panel(name: str):  # type: ignore[no-untyped-def]
    (found,) = [one for one in PANELS if one.name == name]
    return found


def changed(record: Record, name: str, table: pd.DataFrame) -> Record:
    return replace(record, tables={**record.tables, name: table})


@pytest.mark.parametrize(("name", "shown"), SHOWN, ids=lambda one: one if isinstance(one, str) else one.name)
def test_texts_do_not_overlap_and_stay_inside(name: str, shown) -> None:  # type: ignore[no-untyped-def]
    figure = drawn(shown.draw, RECORDS[name])
    renderer, undrawn = figure.canvas.get_renderer(), _undrawn(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text not in undrawn}
    visible = {text: box for text, box in boxes.items() if box.width}
    assert [(a.get_text(), b.get_text()) for a, b in combinations(visible, 2) if _overlap(visible[a], visible[b])] == []
    inside = figure.bbox.padded(2)
    assert [
        t.get_text() for t, box in visible.items() if not (inside.containsx(box.x0) and inside.containsx(box.x1))
    ] == []
    assert [
        t.get_text() for t, box in visible.items() if not (inside.containsy(box.y0) and inside.containsy(box.y1))
    ] == []


@pytest.mark.parametrize("shown", PANELS, ids=lambda panel: panel.name)
def test_there_is_no_figure_without_its_tables(shown) -> None:  # type: ignore[no-untyped-def]
    assert drawn(shown.draw, replace(plan_record(), tables={})) is None


def test_the_map_says_how_many_units_are_built() -> None:
    """Plants with units in their symbols, all of them: 3 of 4 wind and PV plants, 2 of 3 storages."""
    record = plan_record()
    built = record.tables["investments"].query("units > 0 and kind in ['wind', 'pv', 'storage', 'generator']")
    figure = drawn(panel("plan-map").draw, record)
    told = [text.get_text() for text in figure.axes[0].texts if text.get_fontsize() == 7.0]
    assert sorted(told) == sorted(str(units) for units in built["units"])


def test_places_of_candidates_are_found() -> None:
    """Devices stand a quarter of the way from the end that they protect, ties between buses of any name."""
    case = plan_record().case
    plan = layout(case)
    points = np.column_stack([plan.x, plan.y])
    table = pd.DataFrame(
        {"asset": ["fuse-1", "breaker-1", "b", "c"], "kind": ["fuse", "breaker", "tie", "wind"],
         "place": [case.ids("lines")[13], case.ids("lines")[5], "9 - 21", "nowhere"], "units": [1, 0, 1, 1]}
    )  # fmt: skip
    found = sites.sites(case, table, points, plan.ends)
    assert [(site.kind, site.units) for site in found] == [("fuse", 1), ("breaker", 0)]
    start, end = points[plan.ends[13]]
    np.testing.assert_allclose(found[0].point, start + 0.25 * (end - start))
    new, could = sites.ties(case, table)
    assert new.tolist() == [[8, 20]] and could.size == 0


def test_ends_of_ties_may_contain_the_sign_between_them() -> None:
    buses = {"a - b": 0, "c": 1, "a": 2, "x - y": 3}
    assert sites._ends("a - b - c", buses) == (0, 1)
    assert sites._ends("c - x - y", buses) == (1, 3)
    assert sites._ends("a - nowhere", buses) is None


def test_symbols_cover_no_other_symbol() -> None:
    """Twelve at one point and one at each of its neighbours; the first stands where it belongs."""
    points = np.array([[2.0, 2.0]] * 12 + [[2.2, 2.0], [1.8, 2.0]])
    radii = [0.09] * len(points)
    middles = symbols.placed(points, radii, points[11:], np.array([4.0, 4.0]))
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2) + np.eye(len(points))
    assert apart.min() >= 0.18
    np.testing.assert_array_equal(middles[0], points[0])


def test_bars_of_costs_are_those_of_the_table() -> None:
    record = plan_record()
    axes = drawn(costs.draw, record).axes[0]
    widths = [patch.get_width() for patch in axes.patches]
    told = {name: pair for name, pair in COSTS.items() if any(pair)}
    before, after = (np.array([pair[side] for pair in told.values()]) for side in (0, 1))
    np.testing.assert_allclose(widths, [*before, before.sum(), *after, after.sum()])
    assert min(widths) == -38_500.0  # sales are earned


def test_bounds_below_the_axis_are_said_and_not_drawn() -> None:
    record = plan_record()
    above, below = drawn(bounds.draw, record).axes
    labels = [text.get_text() for text in above.get_legend().get_texts()]
    assert labels[1].endswith("(the first is below the axis)")
    table = record.tables["convergence"]
    np.testing.assert_allclose(above.lines[0].get_ydata(), table["upper_bound"] / 1e3)
    np.testing.assert_allclose(above.lines[1].get_ydata()[1:], table["lower_bound"][1:] / 1e3)
    np.testing.assert_allclose(below.lines[0].get_ydata()[1:], 100.0 * table["gap"][1:])


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ([-np.inf, -np.inf], [np.inf, np.inf]),
        ([np.nan, 5.0], [np.inf, 5.0]),
        ([5.0], [5.0]),
        ([-1e12, -7.0], [-6.0, -7.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_bounds_of_any_kind_are_drawn(lower: list[float], upper: list[float]) -> None:
    """No bound, no plan, a gap of zero, costs that are earnings."""
    gap = [abs(u - low) / max(abs(u), 1e-9) for low, u in zip(lower, upper, strict=True)]
    count = np.arange(len(lower))
    table = pd.DataFrame(
        {"iteration": count, "lower_bound": lower, "upper_bound": upper, "gap": gap, "seconds": 1.0 * count}
    )
    figure = drawn(bounds.draw, changed(plan_record(), "convergence", table))
    for axes in figure.axes:
        assert np.isfinite(axes.get_ylim()).all()
        assert np.diff(axes.get_ylim()) > 0.0
    assert figure.axes[1].get_ylim()[0] > 0.0


def test_duration_curves_of_families_are_those_of_the_hours() -> None:
    record = plan_record()
    every, typical = profiles.of_year(record), profiles.typical(record)
    assert every is not None and typical is not None
    found = duration.of_days(weights(record), every, typical)
    assert list(found) == ["demand", "wind", "PV", "price"]
    hours, counted = year_of_hours(), record.tables["scenario_profiles"]
    weight = counted["scenario"].map(weights(record)).to_numpy(dtype=np.float64)
    for name, (_, (real, ends), (typical_values, shares)) in zip(NAMES, found.values(), strict=True):
        np.testing.assert_allclose(real, np.sort(hours[name])[::-1])
        np.testing.assert_allclose(ends, 100.0 * np.arange(8761) / 8760)
        # The area below the curve is the weighted mean of the hours.
        mean = np.average(counted[name], weights=weight)
        assert (typical_values * np.diff(shares)).sum() / 100.0 == pytest.approx(mean)
        assert np.diff(typical_values).max() <= 0.0


def test_added_curves_of_single_series_are_those_of_their_sum() -> None:
    """With one series per family both ways must tell the same, but for weights that are no whole days."""
    record = plan_record()
    every, typical = profiles.of_year(record), profiles.typical(record)
    assert every is not None and typical is not None
    by_hour = duration.of_days(weights(record), every, typical)
    added = duration.of_series(record.tables["duration_curves"], kinds_of(record.case))
    for name, (unit, (real, _), (falling, shares)) in by_hour.items():
        assert added[name][0] == unit
        np.testing.assert_allclose(added[name][1][0], real)
        np.testing.assert_allclose(added[name][2][0], np.repeat(falling, np.diff(87.6 * shares).round().astype(int)))


def test_days_of_the_year_go_to_their_scenario() -> None:
    """A day that summer time makes longer stands for nothing here, and its hours are nobody's."""
    record = plan_record()
    every = profiles.of_year(record)
    assert every is not None
    of_demand = every[every["family"] == "demand"]
    assert len(of_demand) == 365 * 24
    days = of_demand.groupby("day")["scenario"].first().to_list()
    assert days == record.tables["scenario_days"]["scenario"].to_list()
    berlin = replace(record.case, timezone="Europe/Berlin", start=pd.Timestamp("2020-01-01", tz="Europe/Berlin"))
    shifted = profiles.of_year(replace(record, case=berlin))
    assert shifted is not None
    assert shifted["day"].nunique() == 363


def test_powers_of_sixty_loads_add_up_and_prices_are_averaged() -> None:
    names = [*(f"loads/{k}/p_mw" for k in range(60)), "interfaces/a/price_per_mwh", "interfaces/b/price_per_mwh"]
    value = np.array([2.0, 1.0])
    curves = pd.concat(
        [
            pd.DataFrame({"series": name, "hour": [0, 1], "value": k % 3 * value, "represented": value})
            for k, name in enumerate(names)
        ]
    )
    found = duration.of_series(curves)
    np.testing.assert_allclose(found["demand"][1][0], 60.0 * value)  # 0 + 1 + 2, twenty times
    np.testing.assert_allclose(found["price"][1][0], 0.5 * value)  # the sixtieth has none of it, the next one all
    assert found["price"][0] == "{currency}/MWh"


def test_only_the_days_that_stand_for_most_have_a_panel() -> None:
    record = RECORDS["33 nodes, 30 days"]
    assert len(drawn(dispatch.draw, record).axes) == 12
    chosen = heaviest(weights(record), 12)
    least = min(weights(record)[name] for name in chosen)
    assert all(weight <= least for name, weight in weights(record).items() if name not in chosen)
    assert chosen == sorted(chosen, key=int)
    assert len(drawn(panel("plan-clusters").draw, record).axes) == 12 * 4


def test_sources_and_load_of_the_typical_days_balance() -> None:
    """Without losses, what is fed in and what is taken out add up to the load in every hour."""
    record = plan_record()
    (up, down), load = dispatch.by_source(record.tables["dispatch"], dispatch.kinds(record))
    assert list(up) == ["grid", "wind", "PV", "storage"]
    np.testing.assert_allclose(sum(up.values()) + sum(down.values()), load, atol=1e-9)
    assert load.size == 8 * 24


def test_a_plan_without_renewables_has_no_wind() -> None:
    record = plan_record()
    table = record.tables["dispatch"]
    (up, _), _ = dispatch.by_source(table[table["kind"].isin(["interface", "load"])], {})
    assert list(up) == ["grid"]


def test_voltages_are_the_lowest_and_highest_of_every_hour_and_bus() -> None:
    record = plan_record()
    table = record.tables["buses"]
    hourly, along = drawn(panel("plan-voltage").draw, record).axes
    by_hour = table.groupby("snapshot", sort=False)["vm_pu"]
    np.testing.assert_allclose(hourly.patches[2].get_data().values, by_hour.min())
    np.testing.assert_allclose(hourly.patches[1].get_data().values, by_hour.max())
    np.testing.assert_allclose(along.lines[1].get_ydata(), table.groupby("bus", sort=False)["vm_pu"].min())
    assert by_step(table, "vm_pu").shape == (33, 8 * 24)


def test_load_points_are_sorted_by_what_they_were() -> None:
    record = plan_record()
    found = loads.hours(record.tables["reliability_loads"], record.tables["reliability_loads_before"])
    assert found["before"].is_monotonic_decreasing
    np.testing.assert_allclose(found["after"], 0.4 * found["before"])
    alone = loads.hours(record.tables["reliability_loads"], None)
    assert alone["after"].is_monotonic_decreasing and alone["before"].isna().all()


def test_candidates_not_built_are_sorted_by_their_value() -> None:
    found = values.unbuilt(plan_record().tables["investments"])
    assert found["marginal_value_per_year"].is_monotonic_decreasing
    assert (found["units"] == 0).all()
    assert len(drawn(values.draw, plan_record()).axes[0].patches) == len(found)
    assert "(the best 30 of" in drawn(values.draw, RECORDS["141 nodes, 12 days"]).get_suptitle()


def test_worst_days_are_those_without_an_operation_then_the_dearest() -> None:
    found = year.worst(plan_record().tables["year"])
    assert [f"{at:%d %b}" for at in found["snapshot"][:3]] == ["01 Feb", "02 Feb", "19 Jul"]
    assert found["excess"][2:].is_monotonic_decreasing


def test_a_year_without_a_dearer_day_has_no_worst() -> None:
    table = plan_record().tables["year"].assign(status="cleared")
    table["cost"] = table["estimated_cost"] - 1.0
    assert year.worst(table).empty
    drawn(year.draw, changed(plan_record(), "year", table))


def test_days_of_the_year_pay_for_carbon_like_the_typical_ones() -> None:
    """20 a tonne on 0.4 t/MWh make every hour of the year dearer by 8, as they made those of the typical days."""
    record = plan_record()
    grid = record.case.tables["interfaces"].assign(interface="grid", emissions_t_per_mwh=0.4)
    emitting = record.case.with_table("interfaces", grid)
    taxed = replace(record, case=emitting, settings=record.settings | {"carbon_price_per_t": 20.0})
    found, plain = profiles.of_year(taxed), profiles.of_year(record)
    assert found is not None and plain is not None
    dear, cheap = (table.loc[table["family"] == "price", "value"].to_numpy() for table in (found, plain))
    np.testing.assert_allclose(dear, cheap + 8.0)
