"""How the plan was found: the best cost and the proven bound over time, and the gap between them.

The bound of a master program without cuts may lie anywhere. What lies further below the last cost than three times
what the search gained, or than a fifth of that cost, is beyond the axis. The axis spans a hundredth of the cost at
least: smaller gaps are told by their own figure.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import look
from gridpact.report.planning.facts import table
from gridpact.results.record import Record

LEAST = 1e-5  # percent that a logarithmic axis still shows
GAINED, SHARE, NARROWEST = 3.0, 0.2, 0.01


def draw(record: Record) -> Figure | None:
    found = table(record, "convergence")
    if found is None:
        return None
    seconds, lower, upper, gap = (
        found[name].to_numpy(dtype=np.float64) for name in ("seconds", "lower_bound", "upper_bound", "gap")
    )
    figure = canvas.sheet("How the plan was found and proven", 5.0)
    above, below = canvas.panels(figure, rows=2)
    _bounds(above, record, seconds, lower, upper)
    _gap(below, record, seconds, gap)
    if "round" in found:
        _rounds(above, seconds[np.flatnonzero(np.diff(found["round"])) + 1])
    below.set_xlabel("seconds")
    below.set_xlim(0.0, 1.03 * max(float(np.nanmax(seconds)), 1e-3))
    for axes in (above, below):
        canvas.legend_above(axes)
    return figure


def _bounds(axes: Axes, record: Record, seconds: Floats, lower: Floats, upper: Floats) -> None:
    word, factor = look.scaled(np.append(upper, record.summary.get("objective") or 0.0))
    lower, upper = lower / factor, upper / factor
    bottom, top = span(lower, upper)
    shown, best = np.maximum(lower, bottom - (top - bottom)), np.where(np.isfinite(upper), upper, np.nan)
    axes.fill_between(seconds, shown, best, step="post", color=canvas.YELLOW, alpha=0.4, linewidth=0)
    axes.plot(seconds, best, drawstyle="steps-post", color=canvas.VERMILLION, marker="o", markersize=3,
              label="cost of the best plan found")  # fmt: skip
    beyond = int((~(lower >= bottom)).sum())
    some = "the first is" if beyond == 1 else f"{beyond} are"
    note = f" ({some} below the axis)" if beyond else ""
    axes.plot(seconds, shown, drawstyle="steps-post", color=look.AFTER, linestyle="--", marker="s", markersize=3,
              label=f"proven bound: no plan costs less{note}")  # fmt: skip
    axes.set_ylim(bottom - 0.05 * (top - bottom), top + 0.05 * (top - bottom))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_ylabel(f"{word}{record.case.currency} per year")


def span(lower: Floats, upper: Floats) -> tuple[float, float]:
    """Bottom and top of the axis of the bounds."""
    known = upper[np.isfinite(upper)] if np.isfinite(upper).any() else lower[np.isfinite(lower)][-1:]
    best, top = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    least = best - max(GAINED * (top - best), SHARE * abs(best), 1e-6)
    near = lower[np.isfinite(lower) & (lower >= least)]
    bottom = float(near.min()) if near.size else least
    return min(bottom, top - max(NARROWEST * abs(top), 1e-6)), top


def _rounds(axes: Axes, moments: Floats) -> None:
    """Where days of the year have joined those that are planned with: the bounds then are those of more days."""
    for place, moment in enumerate(moments):
        label = "first bounds with days of the year added" if place == 0 else None
        axes.axvline(moment, color=look.INK, linestyle=":", linewidth=1.2, label=label)


def _gap(axes: Axes, record: Record, seconds: Floats, gap: Floats) -> None:
    """In percent, on a logarithmic axis; what is not known has no place, and none is as little as is shown."""
    percent = np.where(np.isfinite(gap), np.maximum(100.0 * np.abs(gap), LEAST), np.nan)
    asked = 100.0 * float(record.settings.get("gap") or 0.0)
    known = np.append(percent[np.isfinite(percent)], [asked] if asked > 0.0 else [1.0])
    low, high = np.floor(np.log10(0.9 * known.min())), np.ceil(np.log10(known.max()) + 1e-3)
    axes.set_yscale("log")
    axes.set_ylim(10.0**low, 10.0 ** max(high, low + 1.0))
    axes.plot(seconds, percent, drawstyle="steps-post", color=canvas.BLACK, marker="o", markersize=3,
              label="gap between the two")  # fmt: skip
    if asked > 0.0:
        axes.axhline(asked, color=look.LIMIT, linestyle="--", linewidth=1.2, label="gap that was asked for")
    axes.yaxis.set_major_locator(LogLocator(numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("% of the cost")
