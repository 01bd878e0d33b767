"""What a MWh is worth to each microgrid: at its bus in the network, inside it, and where the grid feeds in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, price_map
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import ELECTRICITY
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.trade import look
from gridpact.report.trade import facts
from gridpact.results.record import Record

MICROGRIDS = replace(
    ELECTRICITY,
    table="exchanges",
    places="microgrids",
    noun="microgrid",
    excess="less where the grid feeds in",
    label=0.19,
)
NETWORK, INSIDE, ROOT = "at its bus in the network", "inside the microgrid", "where the grid feeds in"


def draw(record: Record) -> Figure | None:
    """A panel for each of the microgrids that trade most."""
    if facts.table(record, "exchanges") is None:
        return None
    network, inside = (facts.by_microgrid(record, f"{side}price_per_mwh") for side in ("", "inside_"))
    root = facts.root_price(record) if "electricity_prices" in record.tables else np.full(network.shape, np.nan)
    kept, some = look.ranked(record, np.abs(facts.by_microgrid(record, "p_mw")).sum(axis=1))
    figure, places = multiples(
        f"Price of electricity for each microgrid{some}", len(kept), look.BETWEEN, canvas.LEGEND + 0.05
    )
    names = facts.microgrids(record)
    for axes, party in zip(places, kept, strict=True):
        _lines(axes, record, root[party], network[party], inside[party])
        axes.set_title(canvas.short(names[party]))
    look.same_scale(places)
    labelled(places, "local time", f"{record.case.currency}/MWh")
    look.legend(figure)
    return figure


def _lines(axes: Axes, record: Record, root: Floats, network: Floats, inside: Floats) -> None:
    """The price inside lies on that of the network where the two agree: a thin line on a wide one."""
    moments = canvas.edges(record.case)
    axes.stairs(root, moments, baseline=None, color=canvas.GREY, linewidth=1.4, label=ROOT)
    axes.stairs(network, moments, baseline=None, color=canvas.SKY, linewidth=3.4, label=NETWORK)
    axes.stairs(inside, moments, baseline=None, color=canvas.BLACK, linewidth=1.2, linestyle="--", label=INSIDE)
    look.small_time(axes, record.case)


def draw_spread(record: Record) -> Figure | None:
    """What the network adds to the price where the grid feeds in, a line for each microgrid; where they are few."""
    names = facts.microgrids(record)
    if (
        len(names) > look.PANELS
        or facts.table(record, "exchanges") is None
        or "electricity_prices" not in record.tables
    ):
        return None
    added, moments = facts.by_microgrid(record, "price_per_mwh") - facts.root_price(record), canvas.edges(record.case)
    figure = canvas.sheet("What the network adds to the price where the grid feeds in", 3.2)
    (axes,) = canvas.panels(figure)
    for name, row, colour in zip(names, added, look.palette(len(names)), strict=True):
        axes.stairs(row, moments, baseline=None, color=colour, linewidth=1.8, label=canvas.short(name))
    axes.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.set_ylabel(f"{record.case.currency}/MWh")
    canvas.legend_above(axes)
    canvas.local_time(axes, record.case)
    return figure


def draw_map(record: Record) -> Figure | None:
    """All microgrids over time, where they are too many for a panel each."""
    if len(facts.microgrids(record)) <= look.PANELS or facts.table(record, "exchanges") is None:
        return None
    root = facts.root_price(record).T.reshape(-1)
    exchanges = record.tables["exchanges"].assign(energy_per_mwh=root)
    return price_map.draw(replace(record, tables={"exchanges": exchanges}), MICROGRIDS)
