"""What the figures have in common: colours, axes in local time, stacks, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.report.text import number

Floats = NDArray[np.float64]

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILLION, PURPLE, GREY = "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999"

# All lengths of a figure are in inches and given, not searched for: a layout that is found by drawing twice and
# measuring costs as much as all the rest of a report.
WIDTH = 10.0  # 960 pixels on a page
TITLE, LEGEND, BELOW, LEFT, RIGHT = 0.38, 0.27, 0.52, 0.78, 0.22
LABEL_LEFT, LABEL_BELOW = 0.56, 0.34  # from an axis to the middle of its label
FONT, SMALL = "DejaVu Sans", 8.5
POINTS_PER_INCH = 72.0
LONGEST = 24  # letters of a name
ROOM = 120  # letters below a horizontal axis
MINUTES_PER_DAY = 1440.0


def sheet(title: str, height: float) -> Figure:
    """An empty figure with its title at the left."""
    figure = Figure(figsize=(WIDTH, height))
    figure.suptitle(title, x=0.005, y=1.0 - 0.07 / height, ha="left", va="top")
    return figure


def axes_at(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """Axes that end so many inches from the edges of the figure."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    )
    _pin_labels(axes, width - left - right, height - bottom - top)
    return axes


def _pin_labels(axes: Axes, width: float, height: float) -> None:
    """Labels of the axes at a given distance: matplotlib then need not measure all tick labels."""
    axes.yaxis.set_label_coords(-LABEL_LEFT / width, 0.5)
    axes.xaxis.set_label_coords(0.5, -LABEL_BELOW / height)


def panels(figure: Figure, rows: int = 1, legend_rows: int = 1) -> list[Axes]:
    """Axes below each other on one horizontal axis, with some air above and below what is drawn.

    Above each is room for a legend of so many rows.
    """
    legend = LEGEND * legend_rows + 0.08
    each = (figure.get_size_inches()[1] - TITLE - BELOW - rows * legend) / rows + legend
    column = [
        axes_at(figure, LEFT, BELOW + (rows - 1 - row) * each, RIGHT, TITLE + legend + row * each)
        for row in range(rows)
    ]
    for axes in column:
        axes.use_sticky_edges = False
        axes.margins(y=0.08)
    for axes in column[:-1]:
        axes.sharex(column[-1])
        axes.tick_params(axis="x", labelbottom=False)
    return column


def text_width(text: str, size: float = SMALL) -> float:
    """Width in inches, in the font that all figures are laid out with."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(family=FONT, size=size), False)
    return float(width) / POINTS_PER_INCH


def matrix(table: pd.DataFrame, column: str, steps: int) -> Floats:
    """A column of a tidy table (ordered by snapshot, then component) as an array of shape (components, steps)."""
    return table[column].to_numpy(dtype=np.float64).reshape(steps, -1).T


def over_time(case: Case, table: pd.DataFrame, column: str) -> Floats:
    """A column of a tidy table over the whole horizon, shape (components, steps); NaN in steps that it lacks.

    Steps are lacking where a day could not be cleared.
    """
    moments = case.snapshots
    if not len(table):
        return np.empty((0, len(moments)))
    count = int((table["snapshot"] == table["snapshot"].iloc[0]).sum())
    found = table[column].to_numpy(dtype=np.float64).reshape(-1, count).T
    if found.shape[1] == len(moments):
        return found
    whole = np.full((count, len(moments)), np.nan)
    whole[:, moments.get_indexer(pd.DatetimeIndex(table["snapshot"].iloc[::count]))] = found
    return whole


def edges(case: Case) -> Floats:
    """Starts of all steps and the end of the last one, as numbers of a time axis; shape (steps + 1,)."""
    start = dates.date2num(case.start.tz_convert("UTC").tz_localize(None).to_datetime64())
    return np.asarray(start + np.arange(case.steps + 1) * case.step_minutes / MINUTES_PER_DAY, dtype=np.float64)


def local_time(axes: Axes, case: Case, ticks: int = 9) -> None:
    """Make the horizontal axis one of local time, from the first to the last moment of the horizon."""
    moments = edges(case)
    places, names = time_ticks(float(moments[0]), float(moments[-1]), case.timezone, ticks)
    axes.set_xticks(places, names)
    axes.set_xlim(moments[0], moments[-1])
    first, last = case.snapshots[0].date(), case.snapshots[-1].date()
    days = f"{first:%d %b %Y}" if first == last else f"{first:%d %b %Y} to {last:%d %b %Y}"
    axes.set_xlabel(f"local time in {case.timezone}, {days}")


@lru_cache(maxsize=16)
def time_ticks(first: float, last: float, timezone: str, most: int) -> tuple[list[float], list[str]]:
    """Places and texts of the ticks of a time axis, computed once for all figures of a run."""
    zone = ZoneInfo(timezone)
    locator = dates.AutoDateLocator(tz=zone, minticks=3, maxticks=most)
    hours = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
    starts = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
    formatter = dates.ConciseDateFormatter(locator, tz=zone, formats=hours, zero_formats=starts, show_offset=False)
    places = locator.tick_values(*dates.num2date([first, last], tz=zone))
    kept = [float(place) for place in places if first - 1e-9 <= place <= last + 1e-9]
    return kept, formatter.format_ticks(kept)


def legend_rows(names: Sequence[str]) -> int:
    """How many rows the entries of a legend above the axes need."""
    handle = 0.55  # inches of a patch with what is around it
    wide = sum(text_width(name) + handle for name in names)
    return max(1, int(np.ceil(wide / (WIDTH - LEFT - RIGHT))))


def legend_above(axes: Axes, columns: int = 8) -> None:
    """The legend in rows between title and axes, where it covers nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.3, handletextpad=0.5)


def stack(axes: Axes, moments: Floats, sides: Sequence[Mapping[str, Floats]], colours: Mapping[str, str]) -> None:
    """Steps stacked on each other from zero: one stack per side (upwards, downwards), one legend entry per name."""
    labelled: set[str] = set()
    for side in sides:
        base = np.zeros(len(moments) - 1)
        for name, part in side.items():
            label = None if name in labelled else name
            axes.stairs(base + part, moments, baseline=base, fill=True, color=colours[name], linewidth=0, label=label)
            labelled.add(name)
            base = base + part
    axes.axhline(0.0, color=BLACK, linewidth=0.8)


def bars(
    figure: Figure, names: Sequence[str], values: Floats, colours: Sequence[str], unit: str, legend_rows: int = 0
) -> Axes:
    """Horizontal bars from zero, first name on top, each with its value at its end."""
    named = [short(name) for name in names]
    left = max(text_width(name, 9.0) for name in named) + 0.25
    axes = axes_at(figure, left, BELOW, RIGHT, TITLE + LEGEND * legend_rows + 0.05)
    rows = np.arange(len(names))
    axes.barh(rows, values, color=list(colours), height=0.7)
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        beside = offset_copy(axes.transData, figure, x=3.0 * sign, units="points")
        for row in rows[(values >= 0.0) == (sign > 0.0)]:
            text = number(values[row], 2)
            axes.text(values[row], row, text, transform=beside, ha=side, va="center", fontsize=SMALL)
    axes.set_ylim(len(names) - 0.4, -0.6)
    label_rows(axes, rows.tolist(), named, 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    return axes


def label_rows(axes: Axes, places: Sequence[int], names: Sequence[str], size: float) -> None:
    """Names at the left of rows; plain texts, which are drawn ten times as fast as ticks."""
    axes.set_yticks([])
    beside = offset_copy(axes.get_yaxis_transform(), cast(Figure, axes.figure), x=-5.0, units="points")
    for place, name in zip(places, names, strict=True):
        axes.text(0.0, place, name, transform=beside, ha="right", va="center", fontsize=size, color="#3a3f44")


def short(name: str) -> str:
    """A name that leaves room for the figure."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def thinned(names: Sequence[str], most: int) -> tuple[list[int], list[str]]:
    """Evenly spaced positions and names, at most so many: labels that do not overlap."""
    every = max(1, -(-len(names) // most))
    places = list(range(0, len(names), every))
    return places, [short(names[place]) for place in places]


def label_buses(axes: Axes, names: Sequence[str], noun: str = "bus") -> None:
    """Names of buses (or whatever they are) below a horizontal axis, as many as there is room for."""
    longest = max(len(short(name)) for name in names)
    axes.set_xticks(*thinned(names, ROOM // (longest + 2)))
    axes.set_xlabel(noun)
