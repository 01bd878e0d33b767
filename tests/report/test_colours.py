"""Colour scales: their ends are the extreme values, or quantiles where single values would spoil them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, price_map
from gridpact.report.figures.colours import Scale, bar, scale_of
from tests.report.synthetic import make_case, make_record
from tests.report.test_figures import drawn


def test_without_outliers_the_scale_ends_at_the_extremes() -> None:
    scale = scale_of(np.linspace(30.0, 70.0, 500))
    assert (scale.low, scale.high, scale.extend, scale.note) == (30.0, 70.0, "neither", "")


def test_a_single_outlier_does_not_spoil_the_scale() -> None:
    values = np.linspace(30.0, 70.0, 500)
    values[250] = 3000.0
    scale = scale_of(values)
    assert scale.high == pytest.approx(np.quantile(values, 0.99))
    assert scale.high < 71.0
    assert (scale.low, scale.extend) == (30.0, "max")
    assert scale.note == "arrow: few values beyond, highest 3\u2009000.00"


def test_outliers_at_both_ends() -> None:
    values = np.concatenate([np.linspace(30.0, 70.0, 500), [-400.0, 900.0]])
    scale = scale_of(values)
    assert scale.extend == "both"
    assert not scale.signed  # the few below zero are beyond the colours
    assert "lowest \u2212400.00" in scale.note and "highest 900.00" in scale.note


def test_a_scarce_hour_is_no_outlier() -> None:
    """One of 24 hours at ten times the price: a twenty-fourth of all values is shown as it is."""
    values = np.full((33, 24), 50.0) + np.linspace(0.0, 5.0, 33)[:, None]
    values[:, 19] = 500.0
    assert scale_of(values).extend == "neither"


def test_prices_of_both_signs_have_zero_in_the_middle_of_the_colours() -> None:
    scale = scale_of(np.linspace(-10.0, 60.0, 100))
    assert scale.signed
    assert scale.norm(0.0) == pytest.approx(0.5)
    assert (scale.low, scale.high) == (-10.0, 60.0)


@given(arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e6, 1e6)))
def test_the_scale_lies_within_the_values_and_holds_nearly_all(values: np.ndarray) -> None:
    scale = scale_of(values)
    assert values.min() <= scale.low <= scale.high <= values.max()
    assert ((values < scale.low) | (values > scale.high)).mean() <= 0.02 + 2.0 / len(values)


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("scale", [Scale(1.0, 1.0, 1.0, 1.0), Scale(-2.0, 6.0, -9.0, 9.0, signed=True)])
def test_a_bar_shows_the_ends_of_its_scale_and_arrows_beyond(scale: Scale, across: bool) -> None:
    figure = Figure()
    axes = canvas.axes_at(figure, 1.0, 1.0, 1.0, 1.0)
    bar(axes, scale, across)
    low, high = axes.get_xlim() if across else axes.get_ylim()
    assert (low <= scale.low <= scale.high <= high) and low < high
    assert len(axes.patches) == (2 if scale.extend == "both" else 0)


def test_the_map_says_what_its_colours_leave_out() -> None:
    prices = np.linspace(40.0, 60.0, 24) * np.ones((30, 1))
    prices[7, 3] = 2000.0
    figure = drawn(price_map.draw, make_record(make_case(30), prices=prices))
    assert "highest 2\u2009000.00" in figure.axes[0].get_title(loc="left")
    assert figure.axes[0].images[0].norm.vmax == pytest.approx(np.quantile(prices, 0.99))
