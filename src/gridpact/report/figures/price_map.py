"""Prices of all buses and steps: a map over time, or a profile along the buses for a single step."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from gridpact.report.figures.canvas import (
    BLUE,
    GREY,
    Floats,
    edges,
    label_buses,
    legend_above,
    local_time,
    matrix,
    panels,
    sheet,
    thinned,
)
from gridpact.results.record import Record

SAME = 0.005  # currency/MWh; differences below half a cent are no differences to look at


def draw(record: Record) -> Figure | None:
    prices = record.tables.get("electricity_prices")
    if prices is None:
        return None
    values = matrix(prices, "price_per_mwh", record.case.steps)
    excess = values - matrix(prices, "energy_per_mwh", record.case.steps)
    return _profile(record, values, excess) if record.case.steps == 1 else _map(record, values, excess)


def _map(record: Record, values: Floats, excess: Floats) -> Figure:
    """Price at the left, its difference from the root price at the right where there is one."""
    buses = record.case.ids("buses")
    figure = sheet("Price of electricity by bus and time", float(np.clip(1.6 + 0.15 * len(buses), 3.0, 7.0)))
    numbers = {"price": values}
    if np.nanmax(np.abs(excess), initial=0.0) > SAME:
        numbers["difference from the energy price"] = excess
    grid = figure.subplots(1, len(numbers), sharey=True, squeeze=False)[0]
    for axes, (title, shown) in zip(grid, numbers.items(), strict=True):
        _panel(axes, record, shown, title)
    places, names = thinned(buses, 40)
    grid[0].set_yticks(places, names, fontsize=8)
    grid[0].set_ylabel("bus")
    return figure


def _panel(axes: Axes, record: Record, numbers: Floats, title: str) -> None:
    moments, signed = edges(record.case), bool((numbers < -SAME).any())
    image = axes.imshow(
        numbers,
        aspect="auto",
        interpolation="antialiased",
        extent=(moments[0], moments[-1], len(numbers) - 0.5, -0.5),
        cmap="PuOr_r" if signed else "cividis",
        norm=CenteredNorm() if signed else None,
    )
    axes.set_title(title)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    local_time(axes, record.case, ticks=6)
    unit = f"{record.case.currency}/MWh"
    axes.figure.colorbar(image, ax=axes, location="right", fraction=0.05, aspect=40, pad=0.02, label=unit)


def _profile(record: Record, values: Floats, excess: Floats) -> Figure:
    buses = record.case.ids("buses")
    figure = sheet("Price of electricity by bus", 3.2)
    (axes,) = panels(figure)
    axes.plot((values - excess)[:, 0], color=GREY, drawstyle="steps-mid", label="price at the root")
    axes.plot(values[:, 0], "o", markersize=5 if len(buses) < 100 else 2, color=BLUE, label="price at the bus")
    label_buses(axes, buses)
    axes.set_ylabel(f"{record.case.currency}/MWh")
    legend_above(axes)
    return figure
