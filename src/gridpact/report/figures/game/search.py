"""How the optimum was found and proven: the course of the search, and a look at other imports."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from gridpact.report.figures import canvas
from gridpact.report.figures.game import look
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.game.steps import telling_steps
from gridpact.report.game import facts
from gridpact.report.text import instant
from gridpact.results.record import Record

LEAST = 1e-7  # gap in percent that a logarithmic axis still shows


def draw_course(record: Record) -> Figure | None:
    """Best cost and proven bound from node to node, and the gap between them."""
    bounds = record.tables.get("bounds")
    if bounds is None or len(bounds) < 2:
        return None
    figure = canvas.sheet("Course of the search", 4.6)
    above, below = canvas.panels(figure, rows=2)
    node, count = bounds["node"].to_numpy(dtype=np.float64), facts.feeders(record)
    upper, lower = (count * bounds[name].to_numpy(dtype=np.float64) for name in ("upper", "lower"))
    above.fill_between(node, lower, upper, step="post", color=canvas.YELLOW, alpha=0.5, linewidth=0)
    styles = {"best cost found": (upper, look.COLOURS[facts.LED], "-"), "proven bound": (lower, canvas.BLUE, "--")}
    for label, (values, colour, dash) in styles.items():
        above.plot(node, values, drawstyle="steps-post", color=colour, linestyle=dash, label=label)
    above.set_ylabel(record.case.currency)
    gap = np.maximum(100.0 * (upper - lower) / np.maximum(np.abs(upper), count), LEAST)
    below.semilogy(node, gap, drawstyle="steps-post", color=canvas.BLACK, label="gap between the two")
    asked = 100.0 * float(record.settings.get("gap", 0.0))
    if asked > 0.0:
        below.axhline(asked, color=canvas.VERMILLION, linestyle="--", linewidth=1.2, label="gap that was asked for")
    _whole_decades(below, np.append(gap, asked if asked > 0.0 else gap[:1]))
    below.set_ylabel("% of the cost")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    below.set_xlabel("nodes of the search")
    for axes in (above, below):
        canvas.legend_above(axes)
    return figure


def _whole_decades(axes: Axes, values: canvas.Floats) -> None:
    """A logarithmic vertical axis around the values that begins and ends at powers of ten, the only ticks with numbers.

    Within a single decade there would be no number else; and numbers beside minor ticks are formulas to matplotlib.
    """
    axes.set_ylim(10.0 ** np.floor(np.log10(0.9 * values.min())), 10.0 ** np.ceil(np.log10(1.1 * values.max())))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_scan(record: Record) -> Figure | None:
    """The leader's cost at other imports, one step of time changed; in the steps of the step functions."""
    scan = record.tables.get("scan")
    if scan is None or scan.empty:
        return None
    name = facts.connections(record)[0]
    steps = telling_steps(record, name)
    figure, places = multiples("The leader's cost at other imports, one step changed at a time", len(steps), 0.75)
    for axes, step in zip(places, steps, strict=True):
        _cost(axes, record, name, step)
    labelled(places, "MW", record.case.currency)
    return figure


def _cost(axes: Axes, record: Record, connection: str, step: int) -> None:
    moment = record.case.snapshots[step]
    scan = facts.of_connection(record.tables["scan"], connection)
    own = scan[scan["snapshot"] == moment]
    power, cost = (own[name].to_numpy(dtype=np.float64) for name in ("boundary_mw", "leader_cost"))
    axes.plot(power, cost, color=canvas.BLUE, marker=".", linewidth=1.0)
    led = facts.series(facts.equilibrium(record), connection, "boundary_mw")[step]
    colour = look.COLOURS[facts.LED]
    axes.axhline(facts.figure(record, "leader_cost"), color=colour, linestyle="--", linewidth=1.0)
    axes.plot([led], [facts.figure(record, "leader_cost")], "o", color=colour, markersize=6)
    axes.margins(x=0.03, y=0.12)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_title(instant(moment, record.case))
