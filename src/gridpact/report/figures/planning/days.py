"""The typical days side by side, and the axis on which they follow each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import look
from gridpact.report.figures.planning.look import FAINT

MOST = 12  # days that have a panel of their own
NAMED = 12  # days named below an axis on which all follow each other


def beside(axes: Axes, weights: Mapping[str, float], steps: int) -> None:
    """A horizontal axis of all typical days: a line between days, below each its number and how many it stands for."""
    count = max(len(weights), 1)
    each = steps / count
    starts = each * np.arange(count)
    for start in starts[1:]:
        axes.axvline(start, color=FAINT, linewidth=0.8, zorder=1)
    every = max(1, -(-count // NAMED))
    names = [f"{name}\n{look.days(weight)}" for name, weight in weights.items()] or ["1"]
    axes.set_xticks((starts + 0.5 * each)[::every], names[::every])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(0.0, steps)
    axes.grid(visible=False, axis="x")


def stepped(values: Floats) -> tuple[Floats, Floats]:
    """Values and the edges of their steps, for ``stairs``."""
    return values, np.arange(values.size + 1, dtype=np.float64)


def hours(axes: Axes, few: bool = False) -> None:
    """A horizontal axis of the hours of a day; with ``few`` numbers where it is short and another follows."""
    axes.set_xlim(0.0, 24.0)
    axes.set_xticks([0.0, 12.0] if few else [0.0, 6.0, 12.0, 18.0])


def title(name: str, weight: float) -> str:
    return f"day {canvas.short(name)}: {look.days(weight)}"
