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
from gridpact.report.figures.planning.look import scaled
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

HEIGHT, NAMED = 4.4, 25  # inches, moves that are named
FAR = 0.6  # of the way from the first to the best plan: how far below it a plan still has its place
LEGENDS = 2


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
    _points(axes, moves, number_of, surplus / factor, low)
    _levels(axes, record, factor)
    _schemes(axes, moves, number_of)
    axes.set_ylim(bottom=low - 0.06 * (axes.get_ylim()[1] - low))
    axes.set_xlim(0.5, len(moves) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=16))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_ylabel(f"{word}{record.case.currency} per year")
    axes.set_xlabel("plan, in the order in which they were looked at")
    canvas.legend_above(axes, columns=3)
    return figure


def _low(best: Floats, bound: float) -> float:
    """The lowest surplus that has its own place."""
    known = best[np.isfinite(best)]
    first = float(known.min()) if known.size else 0.0
    top = bound if np.isfinite(bound) else float(known.max(initial=first))
    return first - FAR * max(top - first, 1e-6)


def _points(axes: Axes, moves: pd.DataFrame, at: Floats, surplus: Floats, low: float) -> None:
    """Full dots for what was taken, crosses for what was left; an arrow where a plan lies below the axis."""
    taken = moves["taken"].to_numpy(dtype=np.bool_)
    drawn = np.maximum(np.where(np.isfinite(surplus), surplus, -np.inf), low)
    axes.plot(at[taken], drawn[taken], "o", color=canvas.BLUE, markersize=6, label="taken", zorder=4)
    axes.plot(at[~taken], drawn[~taken], "X", color=canvas.VERMILLION, markersize=7, label="left: the gain is less",
              zorder=4)  # fmt: skip
    below = (surplus < low) | ~np.isfinite(surplus)
    if len(moves) > NAMED:
        return
    for place, (who, y) in enumerate(zip(moves["who"].astype(str), drawn.tolist(), strict=True)):
        name = canvas.short(who or ("begins" if moves["why"].iloc[place] == "begins" else "all"))
        axes.annotate(
            f"{name} ↓" if below[place] else name, (at[place], y), xytext=(5.0, -4.0), textcoords="offset points",
            ha="left", va="top", fontsize=canvas.SMALL,
        )  # fmt: skip


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
