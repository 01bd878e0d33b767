"""Cash of planning together less that of planning alone, added up over the years."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gridpact.report.figures import canvas
from gridpact.report.figures.planning.look import scaled
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST = 8
DASHES = ("-", "--", "-.", ":")
BACK = "what was spent more has come back"


def draw(record: Record) -> Figure | None:
    """A line for each owner; the dot is the year in which what was spent more has come back."""
    if facts.table(record, "cash_flow") is None:
        return None
    whole, payback = facts.cash(record, "cumulative"), facts.column(record, "payback_years")
    kept, some = facts.shown(record, np.abs(whole).max(axis=1), MOST)
    word, factor = scaled(whole)
    names, colours = facts.owners(record), facts.colours(record)
    labels = [canvas.short(names[place]) for place in kept]
    rows = canvas.legend_rows([*labels, BACK])
    figure = canvas.sheet(f"Cash of each owner: together less alone, added up{some}", 3.6 + canvas.LEGEND * (rows - 1))
    (axes,) = canvas.panels(figure, legend_rows=rows)
    for line, (place, label) in enumerate(zip(kept, labels, strict=True)):
        years, cash = np.arange(whole.shape[1]), whole[place] / factor
        axes.plot(years, cash, color=colours[place], linestyle=DASHES[line % 4], linewidth=1.8, label=label, zorder=3)
        if np.isfinite(payback[place]) and payback[place] > 0.0:
            year = int(payback[place])
            axes.plot([year], [cash[year]], "o", color=colours[place], markeredgecolor="#1d2329", zorder=4)
    _finish(axes, f"{word}{record.case.currency}", whole.shape[1], -(-(len(labels) + 1) // rows))
    return figure


def _finish(axes: Axes, unit: str, years: int, columns: int) -> None:
    axes.plot([], [], "o", color="white", markeredgecolor="#1d2329", label=BACK)
    axes.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.set_xlim(0, years - 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_ylabel(unit)
    axes.set_xlabel("year")
    canvas.legend_above(axes, columns=columns)
