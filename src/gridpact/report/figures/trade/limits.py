"""What each microgrid exchanges, between the limits of its exchange, and what it would without a deal."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.price_map import BAR, BAR_GAP, BAR_ROOM
from gridpact.report.figures.trade import look
from gridpact.report.trade import facts
from gridpact.results.record import Record

AT = 1e-3  # of a limit, within which the exchange stands at it
NAMES, TOP = 40, canvas.TITLE + 0.25


def draw(record: Record) -> Figure | None:
    """A panel for each of the microgrids that trade most."""
    if facts.table(record, "exchanges") is None:
        return None
    now, before = (facts.by_microgrid(record, name) for name in ("p_mw", "before_mw"))
    sell, buy = facts.limits(record)
    kept, some = look.ranked(record, np.abs(now).sum(axis=1))
    figure, places = multiples(
        f"Exchange of each microgrid and its limits{some}", len(kept), look.BETWEEN, canvas.LEGEND + 0.05
    )
    for axes, party in zip(places, kept, strict=True):
        _lines(axes, record, now[party], before[party], sell[party], -buy[party])
        axes.set_title(canvas.short(facts.microgrids(record)[party]))
    labelled(places, "local time", "MW")
    look.legend(figure)
    return figure


def _lines(axes: Axes, record: Record, now: Floats, before: Floats, high: Floats, low: Floats) -> None:
    """Filled from zero; a limit that is not there, or far off, has no line."""
    moments = canvas.edges(record.case)
    axes.stairs(now, moments, baseline=0.0, fill=True, color=canvas.BLUE, alpha=0.55, linewidth=0, label="exchange")
    axes.stairs(before, moments, baseline=None, color=canvas.BLACK, linewidth=1.3, label="without a deal")
    for limit in (high, low):
        if np.isfinite(limit).any():
            axes.stairs(
                limit, moments, baseline=None, color=canvas.VERMILLION, linewidth=1.3, linestyle="--", label="limits"
            )
    axes.axhline(0.0, color=canvas.BLACK, linewidth=0.6)
    axes.margins(y=0.1)
    look.small_time(axes, record.case)


def draw_map(record: Record) -> Figure | None:
    """Exchange of all microgrids over time and how much of its limit it is, where they are many."""
    names = facts.microgrids(record)
    if len(names) <= look.PANELS or facts.table(record, "exchanges") is None:
        return None
    now, share = facts.by_microgrid(record, "p_mw"), 100.0 * used(record)
    shown = {"exchange": (now, colours.scale_of(now), "MW")}
    if np.isfinite(share).any():
        shown["share of its limit"] = (share, colours.Scale(-100.0, 100.0, -100.0, 100.0, signed=True), "%")
    figure = canvas.sheet("Exchange of all microgrids", float(np.clip(1.6 + 0.15 * len(names), 3.0, 7.0)))
    places, told = canvas.thinned(names, NAMES)
    left = max(canvas.text_width(name, 8.0) for name in told) + 0.2
    width = (canvas.WIDTH - left - len(shown) * BAR_ROOM) / len(shown)
    for column, (title, (values, scale, unit)) in enumerate(shown.items()):
        start = left + column * (width + BAR_ROOM)
        name = f"{title} ({scale.note})" if scale.note else title
        colour_map(figure, record.case, values, scale, start, width).set_title(name)
        colour_bar(figure, scale, unit, start + width)
    canvas.label_rows(figure.axes[0], places, told, 8.0)
    return figure


def used(record: Record) -> Floats:
    """Exchange over the limit on its side, shape (microgrids, steps); below zero where it buys, NaN without a limit."""
    now, (sell, buy) = facts.by_microgrid(record, "p_mw"), facts.limits(record)
    limit = np.where(now >= 0.0, sell, buy)
    shares: Floats = np.divide(now, limit, out=np.full(now.shape, np.nan), where=limit > 0.0)
    return shares


def at_limit(record: Record) -> Floats:
    """In how many hours each microgrid exchanges as much as it may, shape (microgrids,)."""
    full = np.nan_to_num(np.abs(used(record))) >= 1.0 - AT
    return np.asarray(record.case.hours * full.sum(axis=1), dtype=np.float64)


def colour_map(figure: Figure, case: Case, values: Floats, scale: colours.Scale, start: float, width: float) -> Axes:
    """Rows over time, from ``start`` inches on."""
    axes = canvas.axes_at(figure, start, canvas.BELOW, canvas.WIDTH - start - width, TOP)
    moments = canvas.edges(case)
    extent = (float(moments[0]), float(moments[-1]), len(values) - 0.5, -0.5)
    axes.imshow(values, aspect="auto", interpolation="none", extent=extent, cmap=scale.map, norm=scale.norm)
    axes.grid(visible=False)
    axes.set_yticks([])
    canvas.local_time(axes, case, ticks=6)
    return axes


def colour_bar(figure: Figure, scale: colours.Scale, unit: str, end: float) -> None:
    """Beside a map that ends there, with the unit on top."""
    beside = canvas.axes_at(figure, end + BAR_GAP, canvas.BELOW, canvas.WIDTH - end - BAR_GAP - BAR, TOP)
    colours.bar(beside, scale)
    beside.set_title(unit, loc="center", fontsize=8.5, pad=16)
