"""Exchanges by the hour: of all microgrids on each other, and of each with its partners."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.trade import look
from gridpact.report.trade import facts
from gridpact.results.record import Record

SEEN = 1e-6  # MW
Sides = tuple[dict[str, Floats], dict[str, Floats]]


def draw_exchange(record: Record) -> Figure | None:
    """Sales of all microgrids upwards, purchases downwards; the line is what is left for the network."""
    if facts.table(record, "exchanges") is None:
        return None
    exchange = facts.by_microgrid(record, "p_mw")
    shown = look.crowd(record, np.abs(exchange).sum(axis=1))
    sides = _sides(shown, np.vstack([exchange, np.zeros(record.case.steps)]))
    names = [*shown.names[:-1], "what the network takes"]
    rows = look.rows_of(names)
    figure = canvas.sheet("What microgrids give and take, hour by hour", 3.7 + (rows - 1) * canvas.LEGEND)
    (axes,), moments = canvas.panels(figure, legend_rows=rows), canvas.edges(record.case)
    canvas.stack(axes, moments, sides, dict(zip(shown.names, shown.colours, strict=True)))
    axes.stairs(exchange.sum(axis=0), moments, baseline=None, color=canvas.BLACK, linewidth=1.8, label=names[-1])
    axes.set_ylabel("MW")
    canvas.legend_above(axes, columns=-(-len(names) // rows))
    canvas.local_time(axes, record.case)
    return figure


def _sides(shown: look.Crowd, power: Floats) -> Sides:
    """Sales and purchases (negative) of those that are shown, shape (steps,) each."""
    up, down = shown.summed(np.maximum(power, 0.0)), shown.summed(np.minimum(power, 0.0))
    sold, bought = (
        {name: row for name, row in zip(shown.names, side, strict=True) if np.abs(row).max() > SEEN}
        for side in (up, down)
    )
    return sold, bought


def draw_partners(record: Record) -> Figure | None:
    """Of each microgrid the partners it sells to, upwards, and buys from, downwards."""
    if facts.table(record, "trades") is None:
        return None
    power, names = facts.power(record), facts.microgrids(record)
    kept, some = look.ranked(record, facts.moved(facts.energy(record))[:-1])
    shown = look.crowd(record)
    rows = look.rows_of(shown.names)
    figure, places = multiples(
        f"With whom each microgrid trades{some}", len(kept), look.BETWEEN, canvas.LEGEND * rows + 0.05
    )
    for axes, party in zip(places, kept, strict=True):
        _partners(axes, record, shown, power[party] - power[:, party])
        axes.set_title(canvas.short(names[party]))
    labelled(places, "local time", "MW")
    look.legend(figure, rows, shown.names)
    return figure


def _partners(axes: Axes, record: Record, shown: look.Crowd, power: Floats) -> None:
    """``power`` sold to everyone less that bought, shape (parties, steps)."""
    colours = dict(zip(shown.names, shown.colours, strict=True))
    canvas.stack(axes, canvas.edges(record.case), _sides(shown, power), colours)
    look.small_time(axes, record.case)
