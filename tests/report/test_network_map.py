"""The drawing of the network: which step, which colours, what is drawn as pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import rc_context

from gridpact.report.drawing import LOOK, inline
from gridpact.report.figures import network_map
from gridpact.results.record import Record
from tests.report.synthetic import make_case, make_record


def with_branches(record: Record, **columns: object) -> Record:
    branches = record.tables["branches"].assign(**columns)
    return replace(record, tables={**record.tables, "branches": branches})


def moment(record: Record) -> network_map.Moment:
    return network_map.moment_of(record, record.tables["electricity_prices"], record.tables["branches"])


def test_shows_the_step_in_which_prices_differ_most() -> None:
    prices = np.full((6, 24), 50.0)
    prices[4, 7], prices[2, 9] = 53.0, 48.0  # spreads of 3 and 2
    shown = moment(make_record(prices=prices))
    assert shown.step == 7
    np.testing.assert_array_equal(shown.price, [50, 50, 50, 50, 53, 50])
    assert shown.reason == "when prices differ most"


def test_without_differences_shows_the_highest_load() -> None:
    record = make_record(prices=np.full((6, 24), 50.0))
    loading = np.full((24, 5), 20.0)
    loading[5, 3] = 70.0
    shown = moment(with_branches(record, loading_percent=loading.ravel()))
    assert shown.step == 5
    assert shown.load[3] == 70.0
    assert "load" in shown.reason


def test_overloads_extend_the_scale_and_the_limit_is_its_least_end() -> None:
    assert moment(make_record()).load_most == 100.0
    assert moment(with_branches(make_record(), loading_percent=130.0)).load_most == 130.0


def test_power_takes_the_place_of_loading_where_nothing_has_a_limit() -> None:
    shown = moment(with_branches(make_record(), loading_percent=np.nan, p_mw=-3.0))
    assert "MW" in shown.load_name
    assert shown.load_most == 3.0


def test_colours_of_the_buses_are_their_prices() -> None:
    record = make_record()
    with rc_context(LOOK):
        figure = network_map.draw(record)
    assert figure is not None
    buses = figure.axes[0].collections[3]
    np.testing.assert_allclose(buses.get_array(), moment(record).price)
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == [
        "price at the buses, EUR/MWh",
        "loading of the branches, % of the limit",
    ]


@pytest.mark.parametrize(("buses", "pixels"), [(5, False), (500, False), (3000, True)])
def test_many_buses_are_pixels(buses: int, pixels: bool) -> None:
    svg = inline(network_map.draw, make_record(make_case(buses, 2)), "network")
    assert (svg.count("<use") < buses) == pixels
    assert len(svg) < 600_000
