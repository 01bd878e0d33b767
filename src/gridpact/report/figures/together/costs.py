"""What a year costs each owner, alone and together, and what it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import look
from gridpact.report.figures.planning.look import scaled
from gridpact.report.figures.trade.sheet import DIAMOND
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST = 15
PARTS = {"building": canvas.BLUE, "operation": canvas.ORANGE, "payments": canvas.PURPLE}
CALLED = {
    "building": "building and maintenance",
    "operation": "operation, alone with tariffs",
    "payments": "payments to others",
}
PAIR, BAR = 0.62, 0.36  # inches of an owner, share of it of a bar


def draw(record: Record) -> Figure | None:
    """Two bars of parts for each owner; the diamond is all of it together."""
    if facts.table(record, "owners") is None:
        return None
    kept, some = facts.shown(record, np.abs(facts.column(record, "alone_cost")), MOST)
    sides = {side: {name: row[kept] for name, row in parts.items()} for side, parts in amounts(record).items()}
    word, factor = scaled(np.concatenate([row for parts in sides.values() for row in parts.values()]))
    names = [canvas.short(facts.owners(record)[place]) for place in kept]
    figure = canvas.sheet(f"What a year costs each owner, alone and together{some}", 1.3 + PAIR * len(names))
    left = max(canvas.text_width(name, 9.5) for name in names) + canvas.text_width("together", canvas.SMALL) + 0.4
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.05)
    for side, shift in (("alone", -0.5), ("together", 0.5)):
        at: Floats = np.asarray(np.arange(len(names)) + shift * 1.1 * BAR, dtype=np.float64)
        stacked(axes, {name: row / factor for name, row in sides[side].items()}, at, BAR)
        canvas.label_rows(axes, at.tolist(), [side] * len(names), canvas.SMALL)
    _names(axes, names, left)
    _finish(axes, f"{word}{record.case.currency} per year", len(names))
    return figure


def amounts(record: Record) -> dict[str, dict[str, Floats]]:
    """Parts of the cost of a year by owner, (owners,) each, alone and together; their sums are the costs."""
    building = facts.column(record, "alone_building_cost")
    alone = {"building": building, "operation": facts.column(record, "alone_cost") - building}
    built = facts.column(record, "capex_per_year") + facts.column(record, "maintenance_per_year")
    own = {"building": built, "operation": facts.column(record, "operation_cost")}
    return {"alone": alone, "together": own | {"payments": -facts.column(record, "receipt")}}


def stacked(axes: Axes, parts: dict[str, Floats], at: Floats, height: float) -> None:
    """Parts side by side from zero, those below it to the left, and a diamond where they come to."""
    right, left = np.zeros(at.size), np.zeros(at.size)
    for name, row in parts.items():
        start = np.where(row >= 0.0, right, left)
        axes.barh(at, row, left=start, height=height, color=PARTS[name])
        right, left = right + np.maximum(row, 0.0), left + np.minimum(row, 0.0)
    axes.plot(np.sum(list(parts.values()), axis=0), at, zorder=4, **DIAMOND)


def _names(axes: Axes, names: list[str], left: float) -> None:
    width = canvas.WIDTH - left - canvas.RIGHT
    for place, name in enumerate(names):
        axes.text(-(left - 0.1) / width, place, name, transform=axes.get_yaxis_transform(), va="center", fontsize=9.5)
        if place:
            axes.axhline(place - 0.5, color=look.FAINT, linewidth=0.8)


def _finish(axes: Axes, unit: str, rows: int) -> None:
    axes.set_ylim(rows - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.margins(x=0.04)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_xlabel(unit)
    whole: dict[str, Any] = DIAMOND
    handles = [Patch(color=colour, label=CALLED[name]) for name, colour in PARTS.items()]
    handles_all = [*handles, Line2D([], [], label="all together", **whole)]
    axes.legend(handles=handles_all, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.3)
