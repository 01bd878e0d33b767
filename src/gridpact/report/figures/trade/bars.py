"""Horizontal bars in groups: one row per party, one bar per name, each with its value at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.text import number

TIGHT, LOOSE = 0.19, 0.16  # inches: of a bar, between groups
VALUE = 7.5  # points
DWARFS, CUT = 8.0, 1.25  # times the largest bar of the other rows: a row that dwarfs them, and where it is cut


def tall(rows: int, bars: int) -> float:
    """Inches that so many groups of bars need."""
    return rows * (TIGHT * bars + LOOSE)


def grouped(
    axes: Axes, values: Mapping[str, Floats], colours: Mapping[str, str], errors: Mapping[str, Floats] | None = None
) -> None:
    """Bars of ``values`` (rows,) by name, the first name on top of its group; errors where there are any."""
    count, rows = len(values), np.arange(len(next(iter(values.values()))))
    each, reach = TIGHT / (TIGHT * count + LOOSE), reach_of(np.array(list(values.values())))
    for place, (name, row) in enumerate(values.items()):
        at: Floats = np.asarray(rows + (place - (count - 1) / 2.0) * each, dtype=np.float64)
        drawn = np.clip(row, -reach, reach)
        error = np.zeros(row.shape) if errors is None else errors.get(name, np.zeros(row.shape))
        axes.barh(at, drawn, height=0.86 * each, color=colours[name], label=name)
        if np.nan_to_num(error).any():
            axes.errorbar(drawn, at, xerr=error, fmt="none", ecolor=canvas.BLACK, elinewidth=1.0, capsize=2.0)
        ends(axes, row, at, np.nan_to_num(error), reach)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)


def reach_of(values: Floats) -> float:
    """Where bars are cut, so that those of a single row, the last one, do not dwarf all others; shape (bars, rows)."""
    size = np.abs(np.nan_to_num(values)).max(axis=0)
    others = float(size[:-1].max(initial=0.0))
    return CUT * others if others > 0.0 and size[-1] > DWARFS * others else np.inf


def ends(axes: Axes, values: Floats, rows: Floats, beyond: Floats | None = None, reach: float = np.inf) -> None:
    """The value at the end of each bar, beyond its error; an arrow says that the bar is cut."""
    far = np.zeros(len(values)) if beyond is None else beyond
    for value, row, error in zip(values.tolist(), rows.tolist(), far.tolist(), strict=True):
        if np.isfinite(value):
            sign, side = (1.0, "left") if value >= 0.0 else (-1.0, "right")
            beside = offset_copy(axes.transData, cast(Figure, axes.figure), x=3.0 * sign, units="points")
            text = number(value, 2) + ("" if abs(value) <= reach else " →" if sign > 0.0 else " ←")
            end = sign * min(abs(value), reach) + sign * error
            axes.text(end, row, text, transform=beside, ha=side, va="center", fontsize=VALUE)


def separated(axes: Axes, rows: int) -> None:
    """Pale lines between the groups."""
    for row in range(1, rows):
        axes.axhline(row - 0.5, color="#e4e7ea", linewidth=0.8)


def named(axes: Axes, names: Sequence[str]) -> None:
    canvas.label_rows(axes, list(range(len(names))), [canvas.short(name) for name in names], 9.0)


def room(names: Sequence[str]) -> float:
    """Inches for the names at the left."""
    return max(canvas.text_width(canvas.short(name), 9.0) for name in names) + 0.25
