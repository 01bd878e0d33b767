"""Prices of all buses (or nodes) and steps: a map over time, or a profile along the buses for a single step."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import ELECTRICITY, Carrier
from gridpact.report.figures.colours import SAME
from gridpact.results.record import Record

NAMES = 40
PIXELS = 250_000
BAR, BAR_GAP, BAR_ROOM = 0.14, 0.1, 0.75  # inches: width, distance from the map, room with its numbers


def draw(record: Record, carrier: Carrier = ELECTRICITY) -> Figure | None:
    if carrier.table not in record.tables:
        return None
    values = carrier.matrix(record, "price_per_mwh")
    excess = values - carrier.matrix(record, "energy_per_mwh")
    make = _profile if record.case.steps == 1 else _map
    return make(record, carrier, values, excess)


def _map(record: Record, carrier: Carrier, values: Floats, excess: Floats) -> Figure:
    """Price at the left, its difference from the root price at the right where there is one."""
    buses = record.case.ids(carrier.places)
    title = f"Price of {carrier.name} by {carrier.noun} and time"
    figure = canvas.sheet(title, float(np.clip(1.6 + 0.15 * len(buses), 3.0, 7.0)))
    shown = {"price": values}
    if np.nanmax(np.abs(excess), initial=0.0) > SAME:
        shown[carrier.excess] = excess
    places, names = canvas.thinned(buses, NAMES)
    left = max(canvas.text_width(name, 8.0) for name in names) + 0.4
    width = (canvas.WIDTH - left - len(shown) * BAR_ROOM) / len(shown)
    for column, (title, numbers) in enumerate(shown.items()):
        start = left + column * (width + BAR_ROOM)
        _panel(figure, record, numbers, title, start, start + width)
    first = figure.axes[0]
    canvas.label_rows(first, places, names, 8.0)
    first.set_ylabel(carrier.noun)
    first.yaxis.set_label_coords((carrier.label - left) / width, 0.5)
    return figure


def _panel(figure: Figure, record: Record, numbers: Floats, title: str, start: float, end: float) -> None:
    """One map from ``start`` to ``end`` inches, and its colour bar with the unit on top."""
    top, below = canvas.TITLE + 0.25, canvas.BELOW
    axes = canvas.axes_at(figure, start, below, canvas.WIDTH - end, top)
    moments, scale = canvas.edges(record.case), colours.scale_of(numbers)
    axes.imshow(
        numbers,
        aspect="auto",
        interpolation="none" if numbers.size < PIXELS else "antialiased",
        extent=(moments[0], moments[-1], len(numbers) - 0.5, -0.5),
        cmap=scale.map,
        norm=scale.norm,
    )
    axes.set_title(f"{title} ({scale.note})" if scale.note else title)
    axes.grid(visible=False)
    axes.set_yticks([])
    canvas.local_time(axes, record.case, ticks=6)
    beside = canvas.axes_at(figure, end + BAR_GAP, below, canvas.WIDTH - end - BAR_GAP - BAR, top)
    colours.bar(beside, scale)
    unit = beside.set_title(f"{record.case.currency}/MWh", loc="center", fontsize=8.5)
    if scale.extend in ("max", "both"):
        unit.set_y(1.0 + colours.ARROW / (float(figure.get_size_inches()[1]) - top - below))


def _profile(record: Record, carrier: Carrier, values: Floats, excess: Floats) -> Figure:
    buses = record.case.ids(carrier.places)
    figure = canvas.sheet(f"Price of {carrier.name} by {carrier.noun}", 3.2)
    (axes,) = canvas.panels(figure)
    axes.plot(
        (values - excess)[:, 0],
        color=canvas.GREY,
        drawstyle="steps-mid",
        label=f"price of energy, {carrier.feed}",
    )
    size, label = 5 if len(buses) < 100 else 2, f"price at the {carrier.noun}"
    axes.plot(values[:, 0], "o", markersize=size, color=canvas.BLUE, label=label)
    canvas.label_buses(axes, buses, carrier.noun)
    axes.set_ylabel(f"{record.case.currency}/MWh")
    canvas.legend_above(axes)
    return figure
