"""Designs side by side, in money, and what leading gains whom."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.game import look
from gridpact.report.game import facts
from gridpact.report.text import number
from gridpact.results.record import Record

GAINS, LOSES = canvas.BLUE, canvas.ORANGE
HEIGHT = 0.2  # inches of a bar


def amounts(record: Record) -> dict[str, str]:
    """The columns to draw, with their titles: heat only where there is any."""
    table = record.tables["designs"]
    heat = bool((table["dhn_cost"].abs() > 0.005).any())
    return {name: title for name, title in facts.AMOUNTS.items() if heat or name not in ("adn_cost", "dhn_cost")}


def draw(record: Record) -> Figure | None:
    """Groups of bars, one group per amount and one bar per design."""
    designs = look.named(record)
    if not designs:
        return None
    titles = amounts(record)
    rows = [[facts.design_figure(record, design, name) for design in designs] for name in titles]
    values: Floats = np.array(rows, dtype=np.float64)
    figure = canvas.sheet("The designs side by side", 1.35 + len(titles) * (HEIGHT * len(designs) + 0.14))
    left = max(canvas.text_width(title, 9.0) for title in titles.values()) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.05)
    thick = HEIGHT / (HEIGHT * len(designs) + 0.14)
    for place, (design, label) in enumerate(designs.items()):
        at = np.arange(len(titles)) + (place - (len(designs) - 1) / 2.0) * thick
        axes.barh(at, values[:, place], height=0.88 * thick, color=look.COLOURS[design], label=label)
        _ends(figure, values[:, place].tolist(), at.tolist())
    axes.set_ylim(len(titles) - 0.45, -0.55)
    canvas.label_rows(axes, range(len(titles)), list(titles.values()), 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.margins(x=0.14)
    axes.set_xlabel(f"{record.case.currency} over the horizon, all feeders together")
    canvas.legend_above(axes)
    return figure


def _ends(figure: Figure, values: list[float], rows: list[float]) -> None:
    """The value at the end of each bar."""
    axes = figure.axes[0]
    for value, row in zip(values, rows, strict=True):
        sign = 1.0 if value >= 0.0 else -1.0
        beside = offset_copy(axes.transData, figure, x=3.0 * sign, units="points")
        side = "left" if sign > 0.0 else "right"
        axes.text(value, row, number(value, 2), transform=beside, ha=side, va="center", fontsize=7.5)


def gains(record: Record) -> tuple[list[str], Floats]:
    """Who gains how much by leading, against taking the price, and all together at the end."""
    names = [*facts.GAINS.values(), "all together"]
    return names, np.array([facts.figure(record, name) for name in (*facts.GAINS, facts.WHOLE)])


def draw_gains(record: Record) -> Figure | None:
    if not facts.has_gains(record):
        return None
    names, values = gains(record)
    figure = canvas.sheet("What leading gains whom, against taking the price", 1.3 + 0.32 * len(names))
    colours = [GAINS if value >= 0.0 else LOSES for value in values]
    axes = canvas.bars(figure, names, values, colours, record.case.currency, legend_rows=1)
    axes.axhline(len(names) - 1.5, color=canvas.GREY, linewidth=0.8)
    axes.legend(
        handles=[Patch(color=GAINS, label="gains"), Patch(color=LOSES, label="loses")],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        borderaxespad=0.3,
    )
    return figure
