"""The decision graph: how crowded every day is, and how far the next more crowded one; the chosen days marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.planning import look

HEIGHT, NAMED = 3.6, 16


def draw(graph: pd.DataFrame | None) -> Figure | None:
    """``graph`` has day, density, distance and centre."""
    if graph is None:
        return None
    figure = canvas.sheet("Decision graph: how crowded days are, and how far from a more crowded one", HEIGHT)
    (axes,) = canvas.panels(figure)
    centre = graph["centre"].to_numpy(dtype=np.bool_)
    points = graph[["density", "distance"]].to_numpy(dtype=np.float64)
    axes.plot(*points[~centre].T, "o", markersize=4, color=canvas.GREY, alpha=0.6, label="day", markeredgewidth=0)
    axes.plot(*points[centre].T, "D", markersize=7, color=look.LIMIT, markeredgecolor="#1d2329",
              label="day that stands for others")  # fmt: skip
    axes.grid(visible=True, axis="both")
    axes.margins(x=0.05, y=0.1)
    axes.set_xlabel("density: days nearby, the nearer the more they count")
    axes.set_ylabel("distance")
    canvas.legend_above(axes)
    _names(figure, graph, points, centre)
    return figure


def _names(figure: Figure, graph: pd.DataFrame, points: canvas.Floats, centre: canvas.Floats) -> None:
    """The chosen days by name, as many as there is room for."""
    (axes,) = figure.axes
    figure.draw_without_rendering()
    box = axes.get_position()
    size = np.array([box.width * canvas.WIDTH, box.height * HEIGHT])
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    inches = (points - low) / (high - low) * size
    chosen = np.flatnonzero(centre)[:NAMED]
    texts = [canvas.short(str(graph["day"].iloc[place])) for place in chosen]
    widths = np.array([canvas.text_width(text) for text in texts])
    marks = dict.fromkeys(range(len(texts)), 0.1)
    boxes = placed(inches[chosen], widths, Box(0.0, 0.0, *size.tolist()), inches, marks)
    for text, found in zip(texts, boxes, strict=True):
        if found is not None:
            x, y = np.array([found.left, found.bottom]) / size * (high - low) + low
            axes.text(x, y, text, fontsize=canvas.SMALL, va="bottom")
