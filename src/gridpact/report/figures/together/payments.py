"""Who pays whom in a year: by owner for what, and energy and fees day by day."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning.look import days, scaled
from gridpact.report.figures.trade import bars
from gridpact.report.figures.trade.sheet import CALLED, DIAMOND, PARTS
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST, SHADES = 15, "cividis"
ROW = 0.42  # inches
ABOVE = canvas.TITLE + canvas.LEGEND + 0.1


def draw(record: Record) -> Figure | None:
    """Energy, fees and the lump sum of each owner; the diamond is all of it together."""
    if facts.table(record, "owners") is None or not facts.deal(record):
        return None
    paid = facts.payments(record)
    kept, some = facts.shown(record, np.abs(list(paid.values())).sum(axis=0), MOST)
    word, factor = scaled(np.concatenate(list(paid.values())))
    names = [canvas.short(facts.owners(record)[place]) for place in kept]
    figure = canvas.sheet(f"Who pays whom in a year{some}", ABOVE + ROW * len(names) + canvas.BELOW)
    axes = canvas.axes_at(figure, bars.room(names), canvas.BELOW, canvas.RIGHT, ABOVE)
    parts = np.array([paid[name][kept] / factor for name in PARTS])
    _stack(axes, parts, list(PARTS.values()))
    axes.plot(parts.sum(axis=0), np.arange(len(names)), zorder=4, **DIAMOND)
    _finish(axes, names, f"{word}{record.case.currency} per year; to the right it pays, to the left it receives")
    handles = [Patch(color=colour, label=CALLED[name]) for name, colour in PARTS.items()]
    whole = Line2D([], [], label="all together", **DIAMOND)
    axes.legend(handles=[*handles, whole], loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.3)
    return figure


def draw_days(record: Record) -> Figure | None:
    """Energy at the left, fees at the right, a part of the bar for each typical day."""
    if facts.table(record, "payments") is None or not facts.deal(record):
        return None
    money = [-facts.by_day(record, f"{name}_cents") / 100.0 for name in ("energy", "fee")]
    kept, some = facts.shown(record, np.abs(money).sum(axis=(0, 1)), MOST)
    names = [canvas.short(facts.owners(record)[place]) for place in kept]
    labels = [f"day {name}: {days(often)}" for name, often in facts.weights(record).items()]
    rows = canvas.legend_rows(labels)
    above = canvas.TITLE + canvas.LEGEND * (rows + 1) + 0.05
    figure = canvas.sheet(f"Energy and fees on the days of a year{some}", above + ROW * len(names) + canvas.BELOW)
    left, shades = bars.room(names), shades_of(len(labels))
    middle = left + 0.5 * (canvas.WIDTH - left)
    ends = ((left, canvas.WIDTH - middle + 0.15), (middle + 0.15, canvas.RIGHT))
    for (start, end), part, title in zip(ends, money, ("energy at nodal prices", "fees"), strict=True):
        axes = canvas.axes_at(figure, start, canvas.BELOW, end, above)
        word, factor = scaled(part)
        _stack(axes, part[:, kept] / factor, shades)
        _finish(axes, names if title.startswith("energy") else [], f"{word}{record.case.currency} per year")
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_title(f"{title}: pays to the right", fontsize=9.5, loc="left")
    figure.legend(
        handles=[Patch(color=shade, label=label) for shade, label in zip(shades, labels, strict=True)],
        loc="upper left", ncols=-(-len(labels) // rows), borderaxespad=0.0,
        bbox_to_anchor=(left / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
    )  # fmt: skip
    return figure


def shades_of(count: int) -> list[str]:
    """From dark to light, as many as days."""
    found = colormaps.get_cmap(SHADES)(np.linspace(0.05, 0.95, max(count, 1)))
    return ["#" + "".join(f"{round(255 * part):02x}" for part in shade[:3]) for shade in found]


def _stack(axes: Axes, parts: Floats, colours: list[str]) -> None:
    """Parts (parts, rows) side by side from zero, those below it to the left."""
    right, left = np.zeros(parts.shape[1]), np.zeros(parts.shape[1])
    for row, colour in zip(parts, colours, strict=True):
        axes.barh(np.arange(row.size), row, left=np.where(row >= 0.0, right, left), color=colour, height=0.62)
        right, left = right + np.maximum(row, 0.0), left + np.minimum(row, 0.0)


def _finish(axes: Axes, names: list[str], unit: str) -> None:
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.06)
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_xlabel(unit)
    axes.set_yticks([])
    if names:
        axes.set_ylim(len(names) - 0.5, -0.5)
        bars.named(axes, names)
