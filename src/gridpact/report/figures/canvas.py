"""What the figures have in common: colours, axes in local time, stacks, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.report.text import number

Floats = NDArray[np.float64]

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILLION, PURPLE, GREY = "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999"

WIDTH = 10.0  # inches; 960 pixels on a page
LONGEST = 24  # letters of a name
ROOM = 120  # letters below a horizontal axis
MINUTES_PER_DAY = 1440.0


def sheet(title: str, height: float) -> Figure:
    """An empty figure with its title at the left."""
    figure = Figure(figsize=(WIDTH, height))
    figure.suptitle(title, x=0.005, ha="left")
    return figure


def panels(figure: Figure, rows: int = 1) -> list[Axes]:
    """Axes below each other on one horizontal axis, with some air above and below what is drawn."""
    column: list[Axes] = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    for axes in column:
        axes.use_sticky_edges = False
        axes.margins(y=0.08)
    return column


def matrix(table: pd.DataFrame, column: str, steps: int) -> Floats:
    """A column of a tidy table (ordered by snapshot, then component) as an array of shape (components, steps)."""
    return table[column].to_numpy(dtype=np.float64).reshape(steps, -1).T


def edges(case: Case) -> Floats:
    """Starts of all steps and the end of the last one, as numbers of a time axis; shape (steps + 1,)."""
    start = dates.date2num(case.start.tz_convert("UTC").tz_localize(None).to_datetime64())
    return np.asarray(start + np.arange(case.steps + 1) * case.step_minutes / MINUTES_PER_DAY, dtype=np.float64)


def local_time(axes: Axes, case: Case, ticks: int = 9) -> None:
    """Make the horizontal axis one of local time, from the first to the last moment of the horizon."""
    zone = ZoneInfo(case.timezone)
    locator = dates.AutoDateLocator(tz=zone, minticks=3, maxticks=ticks)
    hours = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
    starts = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        dates.ConciseDateFormatter(locator, tz=zone, formats=hours, zero_formats=starts, show_offset=False)
    )
    moments = edges(case)
    axes.set_xlim(moments[0], moments[-1])
    first, last = case.snapshots[0].date(), case.snapshots[-1].date()
    days = f"{first:%d %b %Y}" if first == last else f"{first:%d %b %Y} to {last:%d %b %Y}"
    axes.set_xlabel(f"local time in {case.timezone}, {days}")


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
    axes: Axes, names: Sequence[str], values: Floats, colours: Sequence[str], unit: str, decimals: int = 2
) -> None:
    """Horizontal bars from zero, first name on top, each with its value at its end."""
    rows = np.arange(len(names))
    drawn = axes.barh(rows, values, color=list(colours), height=0.7)
    axes.bar_label(drawn, [number(value, decimals) for value in values], padding=3, fontsize=8.5)
    axes.set_yticks(rows, [short(name) for name in names])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=BLACK, linewidth=0.8)
    axes.margins(x=0.12)
    axes.set_xlabel(unit)


def short(name: str) -> str:
    """A name that leaves room for the figure."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def thinned(names: Sequence[str], most: int) -> tuple[list[int], list[str]]:
    """Evenly spaced positions and names, at most so many: labels that do not overlap."""
    every = max(1, -(-len(names) // most))
    places = list(range(0, len(names), every))
    return places, [short(names[place]) for place in places]


def label_buses(axes: Axes, names: Sequence[str]) -> None:
    """Names of buses below a horizontal axis, as many as there is room for."""
    longest = max(len(short(name)) for name in names)
    axes.set_xticks(*thinned(names, ROOM // (longest + 2)))
    axes.set_xlabel("bus")
