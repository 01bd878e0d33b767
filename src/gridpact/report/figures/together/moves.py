"""How the plan was found: the common surplus of every plan that was looked at, taken or left; the bound; the baseline.

A plan that is far worse than all that were taken is told at the edge.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.planning.look import scaled
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record
from gridpact.results.together import BEGINS

HEIGHT, NAMED, MARK = 4.4, 40, 0.11  # inches, moves that are named, inches from a dot to its name
FAR = 0.6  # of the way from the first to the best plan: how far below it a plan still has its place
LEGENDS, ROOM = 2, 0.06  # rows; share of the height below and above what is drawn


def draw(record: Record) -> Figure | None:
    """A step for each plan that was looked at; who moved beside it."""
    moves = facts.table(record, "moves")
    if moves is None:
        return None
    surplus, best = (moves[name].to_numpy(dtype=np.float64) for name in ("surplus", "best_surplus"))
    word, factor = scaled(np.append(best, facts.figure(record, "surplus_upper_bound")))
    figure = canvas.sheet("The gain of all by every plan that was looked at", HEIGHT)
    (axes,) = canvas.panels(figure, legend_rows=LEGENDS)
    number_of = moves["move"].to_numpy(dtype=np.float64)
    axes.step(number_of, best / factor, where="post", color=canvas.BLUE, linewidth=1.8, label="best so far")
    low = _low(best, facts.figure(record, "surplus_upper_bound")) / factor
    points = _points(axes, moves, number_of, surplus / factor, low)
    _levels(axes, record, factor)
    _schemes(axes, moves, number_of)
    top = float(axes.dataLim.y1)
    axes.set_ylim(low - ROOM * (top - low), top + 2.0 * ROOM * (top - low))
    axes.set_xlim(0.5, len(moves) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=16))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_ylabel(f"{word}{record.case.currency} per year")
    axes.set_xlabel("plan, in the order in which they were looked at")
    canvas.legend_above(axes, columns=3)
    if len(moves) <= NAMED:
        _names(figure, axes, moves, points, low)
    return figure


def _low(best: Floats, bound: float) -> float:
    """The lowest surplus that has its own place."""
    known = best[np.isfinite(best)]
    first = float(known.min()) if known.size else 0.0
    top = bound if np.isfinite(bound) else float(known.max(initial=first))
    return first - FAR * max(top - first, 1e-6)


def _points(axes: Axes, moves: pd.DataFrame, at: Floats, surplus: Floats, low: float) -> Floats:
    """Full dots for what was taken, crosses for what was left; where they are, what lies below the axis at its edge."""
    taken = moves["taken"].to_numpy(dtype=np.bool_)
    drawn = np.maximum(np.where(np.isfinite(surplus), surplus, -np.inf), low)
    axes.plot(at[taken], drawn[taken], "o", color=canvas.BLUE, markersize=6, label="taken", zorder=4)
    axes.plot(at[~taken], drawn[~taken], "X", color=canvas.VERMILLION, markersize=7, label="left: the gain is less",
              zorder=4)  # fmt: skip
    return np.column_stack([at, drawn])


def _names(figure: Figure, axes: Axes, moves: pd.DataFrame, points: Floats, low: float) -> None:
    """Who moved, beside each plan where there is room; those that were taken first."""
    begins = moves["why"] == BEGINS
    who = moves["who"].astype(str).where(moves["who"] != "", begins.map({True: BEGINS, False: "all"}))
    texts = [
        f"{canvas.short(name)} ↓" if y <= low else canvas.short(name) for name, y in zip(who, points[:, 1], strict=True)
    ]
    order = np.argsort(~moves["taken"].to_numpy(dtype=np.bool_), kind="stable")
    box = axes.get_position()
    size = np.array([box.width * canvas.WIDTH, box.height * HEIGHT])
    lower, upper = np.array([axes.get_xlim(), axes.get_ylim()]).T
    inches = (points - lower) / (upper - lower) * size
    widths = np.array([canvas.text_width(texts[place]) for place in order])
    marks = dict.fromkeys(range(len(texts)), MARK)
    levels = np.array([float(line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 2])  # type: ignore[arg-type, index]
    others = _along(inches, (levels - lower[1]) / (upper[1] - lower[1]) * size[1], float(size[0]))
    found = placed(inches[order], widths, Box(0.0, 0.0, *size.tolist()), others, marks)
    for place, one in zip(order.tolist(), found, strict=True):
        if one is not None:
            x, y = np.array([one.left, one.bottom]) / size * (upper - lower) + lower
            axes.text(x, y, texts[place], fontsize=canvas.SMALL, va="bottom")


def _along(points: Floats, levels: Floats, width: float) -> Floats:
    """Points on the line of the best plans and on the levels, which names must not cover either; inches."""
    best = np.maximum.accumulate(points[:, 1])
    corners = np.column_stack([np.repeat(points[:, 0], 2)[1:], np.repeat(best, 2)[:-1]])
    share = np.linspace(0.0, 1.0, 12)[:, None, None]
    line = (corners[:-1] + share * np.diff(corners, axis=0)).reshape(-1, 2)
    across = np.linspace(0.0, width, 100)
    flat = [np.column_stack([across, np.full(across.size, level)]) for level in levels.tolist()]
    return np.vstack([points, line, *flat])


def _levels(axes: Axes, record: Record, factor: float) -> None:
    """No plan gains more; and what the usual scheme comes to by itself."""
    bound, base = facts.figure(record, "surplus_upper_bound"), facts.baseline(record)
    if np.isfinite(bound):
        axes.axhline(bound / factor, color=canvas.BLACK, linestyle="--", linewidth=1.3, label="no plan gains more")
    if base is not None:
        axes.axhline(float(base["surplus"]) / factor, color=canvas.GREY, linestyle=":", linewidth=1.8,
                     label="all answer at once, by itself")  # fmt: skip


def _schemes(axes: Axes, moves: pd.DataFrame, at: Floats) -> None:
    """A line where another scheme goes on."""
    names = moves["scheme"].astype(str).to_numpy()
    for place in np.flatnonzero(names[1:] != names[:-1]).tolist():
        label = (
            "another scheme goes on" if "another scheme goes on" not in axes.get_legend_handles_labels()[1] else None
        )
        axes.axvline((at[place] + at[place + 1]) / 2.0, color=canvas.PURPLE, linestyle="-.", linewidth=1.2, label=label)
