"""What the figures show: the numbers behind them, and that their texts do not run into each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import num2date
from matplotlib.text import Text

from gridpact.report.drawing import LOOK
from gridpact.report.figures import canvas, dispatch, price_map, price_parts, settlement, storage, voltage
from gridpact.report.panels import PANELS
from tests.report.synthetic import make_case, make_record


def drawn(draw, record):  # type: ignore[no-untyped-def]
    with rc_context(LOOK):
        figure = draw(record)
        FigureCanvasAgg(figure).draw()
    return figure


CASES = {
    "day": make_case(),
    "many buses": make_case(300),
    "one step": make_case(40, 1),
    "quarter hours of a week": make_case(12, 672, minutes=15.0),
    "autumn": make_case(12, 25, "2026-10-25T00:00"),
}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("name", CASES)
def test_texts_do_not_overlap_and_stay_inside(panel, name: str) -> None:  # type: ignore[no-untyped-def]
    figure = drawn(panel.draw, make_record(CASES[name]))
    renderer = figure.canvas.get_renderer()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    undrawn = _undrawn(figure)
    boxes = {text: text.get_window_extent(renderer) for text in texts}
    shown = {text: box for text, box in boxes.items() if box.width and text not in undrawn}
    assert [
        a.get_text() + " | " + b.get_text() for a, b in combinations(shown, 2) if _overlap(shown[a], shown[b])
    ] == []
    assert [text.get_text() for text, box in shown.items() if not figure.bbox.padded(2).fully_containsx(box.x1)] == []


def _undrawn(figure) -> set[Text]:  # type: ignore[no-untyped-def]
    """Labels of ticks beyond the ends of their axis: they exist, but are not drawn."""
    ticks = [
        (axis, tick) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()
    ]
    ends = {axis: sorted(axis.get_view_interval()) for axis, _ in ticks}
    beyond = [tick for axis, tick in ticks if not ends[axis][0] <= tick.get_loc() <= ends[axis][1]]
    return {label for tick in beyond for label in (tick.label1, tick.label2)}


def _overlap(a, b) -> bool:  # type: ignore[no-untyped-def]
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 1.0 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.0


def test_time_axis_has_a_long_day_in_autumn_and_a_short_one_in_spring() -> None:
    for start, steps in (("2026-10-25T00:00", 25), ("2026-03-29T00:00", 23)):
        moments = canvas.edges(make_case(3, steps, start))
        assert moments[-1] - moments[0] == pytest.approx(steps / 24.0, abs=1e-9)
        zone = "Europe/Berlin"
        ends = [num2date(moment).astimezone(pd.Timestamp(start, tz=zone).tz) for moment in moments[[0, -1]]]
        assert [end.hour for end in ends] == [0, 0]  # from midnight to midnight by the clock


def test_matrix_puts_components_in_rows_and_steps_in_columns() -> None:
    record = make_record(make_case(3, 2))
    table = record.tables["electricity_prices"]
    values = canvas.matrix(table, "price_per_mwh", 2)
    assert values.shape == (3, 2)
    for row, bus in enumerate(("b0", "b1", "b2")):
        np.testing.assert_array_equal(values[row], table.loc[table["bus"] == bus, "price_per_mwh"])


@given(st.integers(1, 5000), st.integers(2, 60))
def test_thinned_labels_keep_the_first_and_never_exceed_their_number(count: int, most: int) -> None:
    names = [f"b{number}" for number in range(count)]
    places, labels = canvas.thinned(names, most)
    assert 1 <= len(places) <= most
    assert places[0] == 0
    assert labels == [names[place] for place in places]
    assert len(set(np.diff(places))) <= 1


def test_map_shows_the_difference_only_where_there_is_one() -> None:
    record = make_record()
    assert len(drawn(price_map.draw, record).axes) == 4  # two maps, two colour bars
    root = record.tables["electricity_prices"]["energy_per_mwh"].to_numpy()
    same = record.tables["electricity_prices"].assign(price_per_mwh=root)
    flat = make_record()
    flat.tables["electricity_prices"] = same  # type: ignore[index]
    assert len(drawn(price_map.draw, flat).axes) == 2


def test_signed_prices_get_colours_centred_at_zero() -> None:
    image = drawn(price_map.draw, make_record(prices=np.linspace(-20.0, 80.0, 6 * 24).reshape(6, 24))).axes[0].images[0]
    assert image.norm.vmin == pytest.approx(-80.0)
    assert image.norm.vmax == pytest.approx(80.0)
    positive = drawn(price_map.draw, make_record()).axes[0].images[0]
    assert positive.get_cmap().name == "cividis"


def test_parts_are_of_the_bus_furthest_from_the_root_and_add_up() -> None:
    record = make_record()
    prices = record.tables["electricity_prices"]
    assert price_parts.furthest_bus(prices, record) == "b5"
    own = prices[prices["bus"] == "b5"]
    parts = price_parts.parts_of(own)
    assert set(parts) == {"losses", "voltage limits"}
    np.testing.assert_allclose(sum(parts.values()), own["price_per_mwh"] - own["energy_per_mwh"], atol=1e-12)


def test_parts_cope_with_a_bus_without_root() -> None:
    record = make_record()
    prices = record.tables["electricity_prices"]
    prices.loc[prices["bus"] == "b5", "energy_per_mwh"] = np.nan
    assert price_parts.furthest_bus(prices, record) == "b4"


def test_dispatch_balances_by_source() -> None:
    record = make_record()
    supply, withdrawal = dispatch.by_source(record.tables["dispatch"], record)
    load = dispatch.load_of(record.tables["dispatch"], record)
    assert set(supply) == {"grid", "generators", "wind", "PV", "storage"}
    assert set(withdrawal) == {"storage"}
    np.testing.assert_allclose(load, 6.0)  # six loads of 1 MW
    np.testing.assert_allclose(sum(supply.values()) + sum(withdrawal.values()), load + 0.1)  # and 0.1 MW of losses


def test_dispatch_counts_devices_of_one_kind_on_both_sides() -> None:
    """One storage charges while another discharges: neither hides the other."""
    record = make_record(make_case(3, 1))
    table = record.tables["dispatch"]
    cell = table[table["kind"] == "storage"]
    both = pd.concat([table, cell.assign(device="second", p_mw=0.3), cell.assign(device="third", p_mw=0.2)])
    supply, withdrawal = dispatch.by_source(both, record)
    assert supply["storage"] == pytest.approx([0.5])
    assert withdrawal["storage"] == pytest.approx([-0.5])


def test_voltage_limits_leave_out_the_held_bus() -> None:
    case = make_case()
    case.tables["buses"].loc[0, ["vm_min_pu", "vm_max_pu"]] = [0.5, 1.5]
    assert voltage.widest_limits(case) == (0.9, 1.1)
    everywhere = make_case(3)
    held = [everywhere.tables["interfaces"].assign(interface=bus, bus=bus) for bus in ("b0", "b1", "b2")]
    everywhere.tables["interfaces"] = pd.concat(held, ignore_index=True)  # type: ignore[index]
    assert voltage.widest_limits(everywhere) == (0.9, 1.1)


def test_storage_levels_start_at_the_initial_energy_and_sum_where_many() -> None:
    case = make_case(3, 3)
    paths, capacities = storage.levels(case, np.array([[1.5, 2.0, 0.5]]))
    np.testing.assert_array_equal(paths["cell"], [1.0, 1.5, 2.0, 0.5])
    assert capacities == {"cell": 2.0}
    crowd = pd.concat([case.tables["storages"].assign(storage=f"s{number}") for number in range(9)], ignore_index=True)
    case.tables["storages"] = crowd  # type: ignore[index]
    paths, capacities = storage.levels(case, np.ones((9, 3)))
    assert capacities == {"all 9 storages": 18.0}
    np.testing.assert_array_equal(paths["all 9 storages"], [9.0, 9.0, 9.0, 9.0])


def test_settlement_adds_carriers_keeps_namesakes_apart_and_the_operator_last() -> None:
    rows = [
        ("a", "load", 3.0),
        ("a", "load", 1.0),
        ("a", "generator", -1.0),
        ("z", "load", 9.0),
        ("network", "operator", -12.0),
    ]
    payments = settlement.totals(pd.DataFrame(rows, columns=["participant", "kind", "payment"]))
    assert payments.to_dict() == {"z": 9.0, "a (load)": 4.0, "a (generator)": -1.0, "network operator": -12.0}
    assert payments.index[-1] == "network operator"


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=200))
def test_settlement_figure_loses_no_money(amounts: list[float]) -> None:
    frame = pd.DataFrame(
        {"participant": [f"p{number}" for number in range(len(amounts))], "kind": "load", "payment": amounts}
    )
    payments = settlement.totals(frame)
    assert payments.sum() == pytest.approx(sum(amounts), abs=1e-3)
    assert len(payments) <= settlement.MOST + 3
