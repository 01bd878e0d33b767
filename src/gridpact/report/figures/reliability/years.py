"""The indices beside the mean of years drawn at random, with its 99 % interval."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gridpact.report.figures import canvas
from gridpact.report.figures.game.multiples import multiples
from gridpact.report.figures.reliability.look import BAR, WHOLE
from gridpact.report.reliability.facts import NAMES, index
from gridpact.report.text import number
from gridpact.results.record import Record

GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}


def draw(record: Record) -> Figure | None:
    table = record.tables.get("reliability_monte_carlo")
    if table is None or table.empty:
        return None
    years = number(float(record.settings["monte_carlo_years"]), 0)
    figure, places = multiples(f"The indices and {years} years drawn at random", len(table), 0.7, 0.32)
    for axes, row in zip(places, table.to_dict("records"), strict=True):
        _index(axes, record, pd.Series(row))
    handles = [
        Line2D([], [], color=BAR, marker="o", linewidth=2.2, label="mean of the random years, 99 % interval"),
        Line2D([], [], color=WHOLE, linestyle="--", label="index of this run"),
    ]
    figure.legend(
        handles=handles, loc="upper left", ncols=2, borderaxespad=0.0,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
    )  # fmt: skip
    return figure


def _index(axes: Axes, record: Record, row: pd.Series) -> None:
    name = str(row["index"])
    title, unit, decimals = NAMES[name]
    low, mean, high, told = (float(row["low"]), float(row["mean"]), float(row["high"]), index(record, name))
    axes.plot([low, high], [0.0, 0.0], color=BAR, linewidth=2.2, solid_capstyle="butt")
    axes.plot([low, high], [0.0, 0.0], color=BAR, linestyle="", marker="|", markersize=12)
    axes.plot([mean], [0.0], "o", color=BAR, markersize=7)
    axes.axvline(told, color=WHOLE, linestyle="--", linewidth=1.4)
    ends, reach = (min(low, told), max(high, told)), max(abs(told), 1e-9)
    room = max(0.25 * (ends[1] - ends[0]), 1e-3 * reach)
    axes.set_xlim(ends[0] - room, ends[1] + room)
    axes.set_ylim(-1.0, 1.0)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.locator_params(axis="x", nbins=5)
    for value, height, colour in ((mean, 0.42, BAR), (told, -0.55, WHOLE)):
        axes.text(value, height, number(value, decimals), ha="center", va="center", fontsize=canvas.SMALL,
                  color=colour, zorder=5, bbox=GROUND)  # fmt: skip
    axes.spines["left"].set_visible(False)
    axes.set_title(title)
    axes.set_xlabel(unit)
