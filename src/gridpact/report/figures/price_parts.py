"""What the price is made of, at the bus that is furthest from the price at the root."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats, matrix
from gridpact.results.record import Record

PARTS = {
    "loss_per_mwh": ("losses", canvas.ORANGE),
    "reactive_loss_per_mwh": ("reactive losses", canvas.SKY),
    "voltage_per_mwh": ("voltage limits", canvas.GREEN),
    "congestion_per_mwh": ("congestion", canvas.VERMILLION),
    "interface_per_mwh": ("interface limits", canvas.PURPLE),
}
COLOURS = dict(PARTS.values())
VISIBLE = 0.01  # of the largest part


def draw(record: Record) -> Figure | None:
    prices = record.tables.get("electricity_prices")
    if prices is None:
        return None
    bus = furthest_bus(prices, record)
    of_bus = prices[prices["bus"] == bus]
    return _bars(record, bus, of_bus) if record.case.steps == 1 else _lines(record, bus, of_bus)


def furthest_bus(prices: pd.DataFrame, record: Record) -> str:
    """The bus whose price differs most from the price at the root, on average over time."""
    price, root = (matrix(prices, column, record.case.steps) for column in ("price_per_mwh", "energy_per_mwh"))
    distance = np.nan_to_num(np.abs(price - root)).mean(axis=1)
    return record.case.ids("buses")[int(distance.argmax())]


def parts_of(prices: pd.DataFrame) -> dict[str, Floats]:
    """The parts that are large enough to be seen, by name; shape (steps,) each."""
    parts = {name: np.nan_to_num(prices[column].to_numpy(dtype=np.float64)) for column, (name, _) in PARTS.items()}
    largest = max(float(np.abs(part).max()) for part in parts.values())
    return {name: part for name, part in parts.items() if np.abs(part).max() > max(VISIBLE * largest, 1e-6)}


def _lines(record: Record, bus: str, prices: pd.DataFrame) -> Figure:
    """Above: the price and the price at the root. Below: the parts between the two."""
    figure = canvas.sheet(f"What makes the price at bus {bus}", 5.2)
    above, below = canvas.panels(figure, rows=2)
    moments, unit = canvas.edges(record.case), f"{record.case.currency}/MWh"
    total, root = (prices[column].to_numpy(dtype=np.float64) for column in ("price_per_mwh", "energy_per_mwh"))
    above.stairs(root, moments, baseline=None, color=canvas.GREY, linewidth=1.6, label="energy: price at the root")
    above.stairs(total, moments, baseline=None, color=canvas.BLUE, linewidth=1.8, label=f"price at bus {bus}")
    parts = parts_of(prices)
    if parts:
        upwards = {name: part.clip(min=0.0) for name, part in parts.items()}
        downwards = {name: part.clip(max=0.0) for name, part in parts.items()}
        canvas.stack(below, moments, [upwards, downwards], COLOURS)
    below.stairs(
        total - root, moments, baseline=None, color=canvas.BLACK, linewidth=1.4, label="difference from the root"
    )
    for axes in (above, below):
        axes.set_ylabel(unit)
        canvas.legend_above(axes)
    canvas.local_time(below, record.case)
    return figure


def _bars(record: Record, bus: str, prices: pd.DataFrame) -> Figure:
    parts = {name: float(part[0]) for name, part in parts_of(prices).items()}
    energy, total = (float(prices[column].iloc[0]) for column in ("energy_per_mwh", "price_per_mwh"))
    values = {"energy (root)": energy, **parts, "price": total}
    colours = {"energy (root)": canvas.GREY, **COLOURS, "price": canvas.BLUE}
    figure = canvas.sheet(f"What makes the price at bus {bus}", 1.0 + 0.32 * len(values))
    numbers = np.array(list(values.values()))
    canvas.bars(figure, list(values), numbers, [colours[name] for name in values], f"{record.case.currency}/MWh")
    return figure
