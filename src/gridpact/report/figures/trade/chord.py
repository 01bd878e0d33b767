"""Who sells to whom over the day: a ribbon for every pair, as wide as its energy, in the colour of who sells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Wedge
from matplotlib.path import Path

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade import look
from gridpact.report.figures.trade.chord_layout import Chords, along, at, bend, chords, spread
from gridpact.report.text import number
from gridpact.report.trade import facts
from gridpact.results.record import Record

RADIUS, RIM, AWAY = 2.3, 0.13, 0.32  # inches: of the circle, of the arcs, to the names
HEIGHT, APART = 5.7, 0.4  # inches: of the figure, between names
GIVE, TAKE = 0.03, 0.17  # inches that ribbons leave at the arc of who sells, and of who buys
SEEN = 1e-3  # of all energy


def draw(record: Record) -> Figure | None:
    if facts.table(record, "trades") is None:
        return None
    shown = look.crowd(record)
    energy = shown.joined(facts.energy(record))
    if not energy.sum() > facts.LEAST:
        return None
    kept = np.flatnonzero(facts.moved(energy) > SEEN * energy.sum())
    energy, names = energy[np.ix_(kept, kept)], [shown.names[place] for place in kept]
    colours = [shown.colours[place] for place in kept]
    figure = canvas.sheet(f"Who sells to whom: {number(float(energy.sum()))} MWh in all", HEIGHT)
    axes = _ground(figure)
    found = chords(energy)
    _ribbons(axes, found, energy, colours)
    _arcs(axes, found, colours)
    _names(axes, found, energy, names)
    return figure


def _ground(figure: Figure) -> Axes:
    """Axes that count inches from the middle of the circle."""
    axes = canvas.axes_at(figure, 0.0, 0.0, 0.0, canvas.TITLE)
    across, up = canvas.WIDTH / 2.0, (HEIGHT - canvas.TITLE) / 2.0
    axes.set(xlim=(-across, across), ylim=(-up, up))
    axes.axis("off")
    return axes


def _ribbons(axes: Axes, found: Chords, energy: Floats, colours: list[str]) -> None:
    """The widest first, so that the narrow ones lie on top."""
    order = np.argsort(-energy, axis=None, kind="stable")
    for seller, buyer in zip(*np.unravel_index(order, energy.shape), strict=True):
        if energy[seller, buyer] > facts.LEAST:
            path = ribbon(found.sold[seller, buyer], found.bought[seller, buyer])
            axes.add_patch(PathPatch(path, facecolor=colours[seller], edgecolor="white", linewidth=0.4, alpha=0.72))


def ribbon(sold: Floats, bought: Floats) -> Path:
    """From the span on the arc of who sells to that on the arc of who buys, and back; bent towards the middle."""
    inner = RADIUS - RIM
    give, take = along(sold, inner - GIVE), along(bought, inner - TAKE)
    there, back = (bend(sold[end], bought[1 - end], inner)[None] for end in (1, 0))
    points = np.concatenate([give, there, take, back, give[:1]])
    line, curve = [Path.LINETO] * (len(give) - 1), [Path.CURVE3, Path.CURVE3]
    return Path(points, [Path.MOVETO, *line, *curve, *line, *curve])


def _arcs(axes: Axes, found: Chords, colours: list[str]) -> None:
    for (start, end), colour in zip(found.arcs.tolist(), colours, strict=True):
        first, last = 90.0 - np.degrees(end), 90.0 - np.degrees(start)
        axes.add_patch(Wedge((0.0, 0.0), RADIUS, first, last, width=RIM, color=colour, linewidth=0))


def _names(axes: Axes, found: Chords, energy: Floats, names: list[str]) -> None:
    """Beside the middle of each arc, moved apart where they would overlap."""
    middle = found.arcs.mean(axis=1)
    points, right = at(middle, RADIUS + AWAY), np.sin(middle) >= 0.0
    top = (HEIGHT - canvas.TITLE) / 2.0 - 0.22
    for side in (True, False):
        places = np.flatnonzero(right == side)
        heights = spread(points[places, 1], APART, -top, top)
        for place, height in zip(places.tolist(), heights.tolist(), strict=True):
            _name(axes, at(middle[place], RADIUS + 0.03), height, side, names[place], _told(energy, place))


def _told(energy: Floats, place: int) -> str:
    return f"sells {number(float(energy[place].sum()))}, buys {number(float(energy[:, place].sum()))} MWh"


def _name(axes: Axes, tip: Floats, height: float, right: bool, name: str, told: str) -> None:
    """At its height, outside the circle, with a line to its arc."""
    sign = 1.0 if right else -1.0
    clear = np.sqrt(max((RADIUS + AWAY) ** 2 - height**2, 0.0))
    x, side = sign * max(float(clear), 0.35), "left" if right else "right"
    axes.plot([tip[0], x - 0.05 * sign], [tip[1], height], color=look.FAINT, linewidth=0.8)
    axes.text(x, height + 0.08, canvas.short(name), ha=side, va="center", fontsize=9.5, weight="bold")
    axes.text(x, height - 0.09, told, ha=side, va="center", fontsize=8.0, color=look.INK)
