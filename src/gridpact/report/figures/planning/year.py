"""The plan on every day of the year: what a day costs beside what its typical day says, and the worst days by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.planning import look
from gridpact.report.planning.facts import table
from gridpact.results.days import CLEARED
from gridpact.results.record import Record

WORST, HEIGHT = 5, 5.0
FAILED = canvas.VERMILLION


def draw(record: Record) -> Figure | None:
    """Above: actual and estimated cost day by day. Below: the difference, days without an operation crossed."""
    year = table(record, "year")
    if year is None:
        return None
    figure = canvas.sheet("All days of the year: actual cost and that of the typical day", HEIGHT)
    above, below = canvas.panels(figure, rows=2)
    cost, estimate = (year[name].to_numpy(dtype=np.float64) for name in ("cost", "estimated_cost"))
    word, factor = look.scaled(np.append(cost, estimate))
    moments = _edges(year, record.case.timezone)
    above.stairs(estimate / factor, moments, baseline=None, color=canvas.ORANGE, linewidth=1.2, label="its typical day")
    above.stairs(cost / factor, moments, baseline=None, color=canvas.BLUE, linewidth=1.0, label="the day itself")
    _difference(below, year, (cost - estimate) / factor, moments)
    for axes in (above, below):
        axes.set_ylabel(f"{word}{record.case.currency} per day")
        canvas.legend_above(axes)
    _time(below, moments, record.case.timezone)
    _names(figure, below, year, (cost - estimate) / factor, moments)
    return figure


def worst(year: pd.DataFrame, most: int = WORST) -> pd.DataFrame:
    """The days without an operation, then those that cost most above their estimate; with their ``excess``."""
    excess = year["cost"] - year["estimated_cost"]
    failed = (year["status"] != CLEARED) | year["cost"].isna()
    ranked = year.assign(excess=excess, failed=failed)
    ordered = ranked.sort_values(["failed", "excess"], ascending=False, kind="stable")
    found: pd.DataFrame = ordered[ordered["failed"] | (ordered["excess"] > 0.0)].head(most)
    return found


def _edges(year: pd.DataFrame, timezone: str) -> Floats:
    """Starts of the days and the end of the last, as numbers of a time axis."""
    starts = pd.DatetimeIndex(pd.to_datetime(year["snapshot"], utc=True)).tz_convert(timezone)
    clock = starts.tz_localize(None)
    return np.asarray(date2num(clock.append(clock[-1:] + pd.Timedelta(days=1)).to_numpy()), dtype=np.float64)


def _difference(axes: Axes, year: pd.DataFrame, excess: Floats, moments: Floats) -> None:
    middles = 0.5 * (moments[1:] + moments[:-1])
    known = np.nan_to_num(excess)
    for part, colour, word in ((known.clip(min=0.0), canvas.BLUE, "more"), (known.clip(max=0.0), look.BEFORE, "less")):
        label = f"costs {word} than its typical day"
        axes.stairs(part, moments, baseline=0.0, fill=True, color=colour, linewidth=0, label=label)
    axes.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
    failed = ((year["status"] != CLEARED) | year["cost"].isna()).to_numpy(dtype=np.bool_)
    if failed.any():
        axes.plot(middles[failed], np.zeros(failed.sum()), "X", color=FAILED, markersize=7, linestyle="",
                  label="no operation found")  # fmt: skip


def _time(axes: Axes, moments: Floats, timezone: str) -> None:
    """The ticks of a time axis, on the clock of the days."""
    places, names = canvas.time_ticks(float(moments[0]), float(moments[-1]), "UTC", 12)
    axes.set_xticks(places, names)
    axes.set_xlim(moments[0], moments[-1])
    axes.set_xlabel(f"day, {timezone}")


def _names(figure: Figure, axes: Axes, year: pd.DataFrame, excess: Floats, moments: Floats) -> None:
    """The days that cost most above their estimate, where there is room."""
    axes.margins(y=0.25)
    figure.draw_without_rendering()
    box, rows = axes.get_position(), [year.index.get_loc(day) for day in worst(year).index]
    size = np.array([box.width * canvas.WIDTH, box.height * HEIGHT])
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    middles = 0.5 * (moments[1:] + moments[:-1])
    inches = (np.column_stack([middles, np.nan_to_num(excess)]) - low) / (high - low) * size
    texts = [at.strftime("%d %b") for at in worst(year)["snapshot"]]
    widths = np.array([canvas.text_width(text) for text in texts])
    paper = Box(0.0, 0.0, *size.tolist())
    for text, found in zip(texts, placed(inches[rows], widths, paper, inches), strict=True):
        if found is not None:
            x, y = np.array([found.left, found.bottom]) / size * (high - low) + low
            axes.text(x, y, text, fontsize=canvas.SMALL, va="bottom")
