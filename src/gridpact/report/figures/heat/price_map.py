"""Prices of heat of all nodes and steps, as those of electricity are drawn."""

from __future__ import annotations

from matplotlib.figure import Figure

from gridpact.report.figures import price_map, price_parts
from gridpact.report.figures.carrier import HEAT
from gridpact.results.record import Record


def draw(record: Record) -> Figure | None:
    return price_map.draw(record, HEAT)


def draw_parts(record: Record) -> Figure | None:
    return price_parts.draw(record, HEAT)
