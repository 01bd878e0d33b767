"""The clusters: all days of each faintly, the day that stands for them in bold, family by family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import days, look
from gridpact.report.planning.facts import heaviest

ROWS = 4  # families
GAP, UP, HIGH = 0.1, 0.17, 1.1  # inches: between panels beside and above each other, of one
BELOW, HEAD = 0.38, 0.42  # inches: for hours and label, for the titles
WIDEST, WIDE = 2.2, 1.2  # inches: of a panel at most; from here on there is room for more hours
NOTE = "; faint: days of the cluster, bold: the day that stands for them"
MANY, FAINT = 20, "#c3c8cd"  # days of a cluster that are drawn, evenly out of all, and their colour


def draw(
    weights: Mapping[str, float], every: pd.DataFrame | None, typical: pd.DataFrame | None, currency: str
) -> Figure | None:
    """Columns are the days that stand for most, at most twelve; rows are families, at most four.

    ``every`` and ``typical`` as ``family_tables`` makes them.
    """
    if typical is None or typical.empty or not set(weights) <= set(typical["scenario"]) or not weights:
        return None
    shown = heaviest(dict(weights), days.MOST)
    names = [str(name) for name in dict.fromkeys(typical["family"])][:ROWS]
    some = "" if len(shown) == len(weights) else f" (the {len(shown)} that stand for most, of {len(weights)})"
    figure = canvas.sheet(
        f"The typical days and the days they stand for{some}", canvas.TITLE + HEAD + len(names) * (HIGH + UP) + BELOW
    )
    for row, name in enumerate(names):
        own = typical[typical["family"] == name]
        of = None if every is None else every[every["family"] == name]
        cells = [_cell(figure, row, column, len(names), len(shown)) for column in range(len(shown))]
        _row(cells, shown, own, of, look.family(name, row))
        unit = str(own["unit"].iloc[0]).replace("{currency}", currency)
        cells[0].set_ylabel(f"{canvas.short(name)}\n{unit}".strip())
        cells[0].yaxis.set_label_coords(-0.42 / (cells[0].get_position().width * canvas.WIDTH), 0.5)
    _titles(figure, shown, weights, "" if every is None else NOTE)
    return figure


def _cell(figure: Figure, row: int, column: int, rows: int, columns: int) -> Axes:
    wide = min((canvas.WIDTH - canvas.LEFT - canvas.RIGHT + GAP) / columns, WIDEST)
    left = canvas.LEFT + column * wide
    below = BELOW + UP + (rows - 1 - row) * (HIGH + UP)
    return canvas.axes_at(
        figure, left, below, canvas.WIDTH - left - wide + GAP, canvas.TITLE + HEAD + row * (HIGH + UP)
    )


def _row(cells: list[Axes], shown: list[str], typical: pd.DataFrame, every: pd.DataFrame | None, colour: str) -> None:
    """One family, on one vertical axis."""
    low, high = np.inf, -np.inf
    for axes, name in zip(cells, shown, strict=True):
        bold = _profiles(typical[typical["scenario"] == name])
        faint = np.empty((0, 1)) if every is None else _profiles(every[every["scenario"] == name])
        _draw(axes, bold, faint, colour)
        both = np.append(bold, faint)
        low, high = min(low, float(both.min())), max(high, float(both.max()))
    room = 0.06 * max(high - low, 1e-9)
    for axes in cells:
        axes.set_ylim(low - room, high + room)
        axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
        axes.tick_params(axis="y", labelleft=axes is cells[0], length=3 if axes is cells[0] else 0)


def _profiles(rows: pd.DataFrame) -> Floats:
    """Shape (days, hours)."""
    hours = rows["hour"].nunique() or 1
    return rows["value"].to_numpy(dtype=np.float64).reshape(-1, hours)


def _draw(axes: Axes, bold: Floats, faint: Floats, colour: str) -> None:
    faint = faint[np.unique(np.linspace(0, len(faint) - 1, min(len(faint), MANY)).round().astype(np.int64))]
    if faint.size:
        gap = np.full((len(faint), 1), np.nan)
        moments = np.append(_middles(faint), np.nan)
        along, across = np.broadcast_to(moments, (len(faint), moments.size)), np.hstack([faint, gap])
        axes.plot(along.ravel(), across.ravel(), color=FAINT, linewidth=0.6, zorder=2)
    for profile in bold:
        axes.plot(_middles(bold), profile, color="white", linewidth=3.4, zorder=3)
        axes.plot(_middles(bold), profile, color=colour, linewidth=2.0, zorder=4)
    days.hours(axes, few=axes.get_position().width * canvas.WIDTH < WIDE)


def _middles(profiles: Floats) -> Floats:
    """Hours in the middle of the steps of a day."""
    count = profiles.shape[1]
    middles: Floats = (np.arange(count) + 0.5) * 24.0 / count
    return middles


def _titles(figure: Figure, shown: list[str], weights: Mapping[str, float], note: str) -> None:
    """Number and weight above each column, hours below the last row."""
    count = len(shown)
    for place, axes in enumerate(figure.axes):
        row, column = divmod(place, count)
        if row == 0:
            axes.set_title(f"day {canvas.short(shown[column])}\n{look.days(weights[shown[column]])}", fontsize=8.0)
        if place + count < len(figure.axes):
            axes.tick_params(axis="x", labelbottom=False, length=0)
    below = figure.axes[-count]
    below.annotate(f"hour of the day{note}", (0.0, 0.0),
                   xytext=(0.0, -24.0), textcoords="offset points", va="top", fontsize=9.0, color="#3a3f44",
                   xycoords="axes fraction")  # fmt: skip
