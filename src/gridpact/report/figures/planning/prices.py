"""Prices of the plan held fixed, hour by hour of the typical days: from the lowest to the highest bus."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.planning import days
from gridpact.report.planning.facts import by_step, table, weights
from gridpact.results.record import Record


def draw(record: Record) -> Figure | None:
    prices = table(record, "electricity_prices")
    if prices is None or not np.isfinite(prices["price_per_mwh"]).any():
        return None
    price = by_step(prices, "price_per_mwh")
    figure = canvas.sheet("Prices of electricity with the plan", 3.3)
    (axes,) = canvas.panels(figure)
    low, high, moments = price.min(axis=0), price.max(axis=0), np.arange(price.shape[1] + 1, dtype=np.float64)
    axes.stairs(high, moments, baseline=low, fill=True, color=canvas.SKY, alpha=0.45, linewidth=0, label="all buses")
    axes.stairs(price.mean(axis=0), moments, baseline=None, color=canvas.BLUE, linewidth=1.6, label="mean of the buses")
    if low.min() < 0.0:
        axes.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.set_ylabel(f"{record.case.currency}/MWh")
    days.beside(axes, weights(record), price.shape[1])
    canvas.legend_above(axes)
    return figure
