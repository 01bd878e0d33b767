"""What a year costs before and after, item by item; what is earned counts negative."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import look
from gridpact.report.planning.facts import table
from gridpact.report.text import number
from gridpact.results.record import Record

PAIR, BAR = 0.46, 0.36  # inches of a row, share of it for one bar
WHOLE = "all together"


def draw(record: Record) -> Figure | None:
    """Two bars per item, and at the end two of the sums."""
    costs = table(record, "annual_costs")
    if costs is None:
        return None
    names, values = amounts(costs)
    figure = canvas.sheet("What a year costs, before and after", 1.35 + PAIR * len(names))
    left = max(canvas.text_width(name, 9.0) for name in names) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.05)
    rows = np.arange(len(names))
    for side, (label, colour) in enumerate((("as it is", look.BEFORE), ("with the plan", look.AFTER))):
        at: Floats = np.asarray(rows + (side - 0.5) * 1.1 * BAR, dtype=np.float64)
        axes.barh(at, values[side], height=BAR, color=colour, label=label)
        _ends(figure, values[side], at)
    axes.set_ylim(len(names) - 0.45, -0.6)
    canvas.label_rows(axes, rows.tolist(), names, 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.axhline(len(names) - 1.5, color=canvas.GREY, linewidth=0.8)
    axes.margins(x=0.16)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_xlabel(f"{record.case.currency} per year")
    canvas.legend_above(axes)
    return figure


def amounts(costs: pd.DataFrame) -> tuple[list[str], Floats]:
    """Items that cost or earn anything and their sums: names, and amounts of shape (2, names), before and after."""
    values = costs[["before", "after"]].to_numpy(dtype=np.float64).T
    told = (np.abs(np.nan_to_num(values)) >= 0.005).any(axis=0)
    names = [str(name) for name in costs["item"][told]]
    sums = values.sum(axis=1)
    both: Floats = np.column_stack([values[:, told], sums])
    return [*names, WHOLE], both


def _ends(figure: Figure, values: Floats, rows: Floats) -> None:
    """The amount at the end of each bar."""
    axes = figure.axes[0]
    for value, row in zip(values.tolist(), rows.tolist(), strict=True):
        if not np.isfinite(value):
            continue
        sign = 1.0 if value >= 0.0 else -1.0
        beside = offset_copy(axes.transData, figure, x=3.0 * sign, units="points")
        side = "left" if sign > 0.0 else "right"
        axes.text(value, row, number(value, 0), transform=beside, ha=side, va="center", fontsize=7.5)
