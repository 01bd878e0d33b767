"""Who sells to whom: over a year, and on each typical day; exchanges by the hour."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.colours import Scale
from gridpact.report.figures.game.multiples import multiples
from gridpact.report.figures.planning import days
from gridpact.report.figures.trade import chord, look
from gridpact.report.figures.trade.matrix import DARK, shades
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.report.trade import facts as trade
from gridpact.results.record import Record

CROWD = 6  # owners that a small map has room for
SEEN = 0.05  # MWh: what one decimal can say


def draw_year(record: Record) -> Figure | None:
    """A ribbon for every pair, as wide as its energy in a year."""
    return chord.draw(facts.of_year(record)) if known(record) else None


def known(record: Record) -> bool:
    return facts.table(record, "trades") is not None and facts.table(record, "scenario_profiles") is not None


def draw_days(record: Record) -> Figure | None:
    """A map for each typical day: rows sell, columns buy, MWh of that day; nothing for many owners."""
    names = [canvas.short(name) for name in facts.owners(record)]
    if not known(record) or len(names) > CROWD:
        return None
    often = facts.weights(record)
    kept = days.MOST if len(often) > days.MOST else len(often)
    energy, order = facts.energy_by_day(record), list(often)
    room = max(canvas.text_width(name, 8.0) for name in names)
    figure, places = multiples("Who sells to whom on the typical days, MWh of a day", kept, room + 0.3)
    scale = shades(np.where(energy >= SEEN, energy, np.nan))
    for place, axes in enumerate(places):
        _map(axes, energy[place], names, scale)
        axes.set_title(days.title(order[place], often[order[place]]))
    return figure


def _map(axes: Axes, energy: Floats, names: list[str], scale: Scale) -> None:
    values = np.where(energy >= SEEN, energy, np.nan)
    axes.imshow(values, aspect="auto", interpolation="none", cmap=scale.map, norm=scale.norm)
    axes.grid(visible=False)
    canvas.label_rows(axes, range(len(names)), names, 8.0)
    axes.set_xticks(range(len(names)), names, fontsize=8.0)
    axes.tick_params(length=0, pad=3)
    axes.set_xlabel("buys")
    red, green, blue, _ = colormaps.get_cmap(scale.map)(np.asarray(scale.norm(np.nan_to_num(values)))).T
    dark = (0.299 * red + 0.587 * green + 0.114 * blue < DARK).T
    for row, column in np.argwhere(np.isfinite(values)).tolist():
        ink = "white" if dark[row, column] else canvas.BLACK
        axes.text(column, row, number(values[row, column], 1), ha="center", va="center", fontsize=8.0, color=ink)


def draw_exchange(record: Record) -> Figure | None:
    """Sales of all microgrids upwards, purchases downwards, on the days one after the other; the line is the sum."""
    if facts.table(record, "exchanges") is None or not known(record):
        return None
    on_days = facts.on_days(record)
    exchange = trade.by_microgrid(on_days, "p_mw")
    crowd = look.crowd(on_days, np.abs(exchange).sum(axis=1))
    power = np.vstack([exchange, np.zeros(exchange.shape[1])])
    sides = [
        {name: row for name, row in zip(crowd.names, crowd.summed(side), strict=True) if np.abs(row).max() > 1e-6}
        for side in (np.maximum(power, 0.0), np.minimum(power, 0.0))
    ]
    names = [*crowd.names[:-1], "what the network takes"]
    rows = canvas.legend_rows(names)
    figure = canvas.sheet("What microgrids give and take on the typical days", 3.7 + (rows - 1) * canvas.LEGEND)
    (axes,) = canvas.panels(figure, legend_rows=rows)
    moments = np.arange(exchange.shape[1] + 1, dtype=np.float64)
    canvas.stack(axes, moments, sides, dict(zip(crowd.names, crowd.colours, strict=True)))
    axes.stairs(exchange.sum(axis=0), moments, baseline=None, color=canvas.BLACK, linewidth=1.6, label=names[-1])
    axes.set_ylabel("MW")
    days.beside(axes, facts.weights(record), exchange.shape[1])
    canvas.legend_above(axes, columns=-(-len(names) // rows))
    return figure
