"""The indices of reliability before and after, each in its own unit, with the limit where there is one."""

from __future__ import annotations

from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.game.multiples import multiples
from gridpact.report.figures.planning import look
from gridpact.report.planning.facts import INDICES, Index, indices
from gridpact.report.text import number
from gridpact.results.record import Record

DRAWN = ("saifi", "saidi_h", "caidi_h", "eens_mwh", "aens_kwh")  # ASAI is 1 but for its fourth digit
NAMES = ("as it is", "with the plan")
GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}


def draw(record: Record) -> Figure | None:
    """Two bars per index and its limit."""
    found = [one for one in indices(record) if one.key in DRAWN]
    if not found:
        return None
    figure, places = multiples("Reliability before and after", len(found), 0.9, 0.32)
    for axes, one in zip(places, found, strict=True):
        _pair(axes, one)
    handles = [
        Patch(color=look.BEFORE, label=NAMES[0]),
        Patch(color=look.AFTER, label=NAMES[1]),
        Line2D([], [], color=look.LIMIT, linestyle="--", label="limit"),
    ]
    limited = any(np.isfinite(one.limit) for one in found)
    figure.legend(
        handles=handles if limited else handles[:2], loc="upper left", ncols=3, borderaxespad=0.0,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
    )  # fmt: skip
    return figure


def _pair(axes: Axes, one: Index) -> None:
    name, unit, decimals = INDICES[one.key]
    values = (one.before, one.after)
    for row, (value, colour) in enumerate(zip(values, (look.BEFORE, look.AFTER), strict=True)):
        if np.isfinite(value):
            axes.barh(row, value, color=colour, height=0.66)
    most = max(value for value in (*values, one.limit, 1e-9) if np.isfinite(value))
    for row, value in enumerate(values):
        text = number(value, decimals) if np.isfinite(value) else "not known"
        beside = offset_copy(axes.transData, cast(Figure, axes.figure), x=5.0, units="points")
        axes.text(max(value, 0.0) if np.isfinite(value) else 0.0, row, text, transform=beside, ha="left", va="center",
                  fontsize=canvas.SMALL, zorder=5, bbox=GROUND)  # fmt: skip
    if np.isfinite(one.limit):
        axes.axvline(one.limit, color=look.LIMIT, linestyle="--", linewidth=1.4)
    axes.set_xlim(0.0, 1.35 * most)
    axes.set_ylim(1.6, -0.6)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_title(name)
    axes.set_xlabel(unit)
