"""What the price is made of, at the bus (or node) that is furthest from the price at the root."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.carrier import ELECTRICITY, Carrier
from gridpact.results.record import Record

VISIBLE = 0.01  # of the largest part


def draw(record: Record, carrier: Carrier = ELECTRICITY) -> Figure | None:
    if carrier.table not in record.tables:
        return None
    bus = furthest_bus(record.tables[carrier.table], record, carrier)
    of_bus = prices_at(record, carrier, bus)
    make = _bars if record.case.steps == 1 else _lines
    return make(record, carrier, bus, of_bus)


def furthest_bus(prices: pd.DataFrame, record: Record, carrier: Carrier = ELECTRICITY) -> str:
    """The bus whose price differs most from the price at the root, on average over time."""
    price, root = (over_time(record.case, prices, column) for column in ("price_per_mwh", "energy_per_mwh"))
    distance = np.nan_to_num(np.abs(price - root)).mean(axis=1)
    return record.case.ids(carrier.places)[int(distance.argmax())]


def prices_at(record: Record, carrier: Carrier, bus: str) -> pd.DataFrame:
    """Prices and parts at one bus over the whole horizon: one row per step."""
    prices = record.tables[carrier.table]
    of_bus = prices[prices[carrier.noun] == bus]
    if len(of_bus) == record.case.steps:
        return of_bus
    whole: pd.DataFrame = of_bus.set_index("snapshot").reindex(record.case.snapshots).reset_index()
    return whole


def parts_of(prices: pd.DataFrame, carrier: Carrier = ELECTRICITY) -> dict[str, Floats]:
    """The parts that are large enough to be seen, by name; shape (steps,) each."""
    named = carrier.parts.items()
    parts = {name: np.nan_to_num(prices[column].to_numpy(dtype=np.float64)) for column, (name, _) in named}
    largest = max(float(np.abs(part).max()) for part in parts.values())
    return {name: part for name, part in parts.items() if np.abs(part).max() > max(VISIBLE * largest, 1e-6)}


def _lines(record: Record, carrier: Carrier, bus: str, prices: pd.DataFrame) -> Figure:
    """Above: the price and the price at the root. Below: the parts between the two."""
    figure = canvas.sheet(_title(carrier, bus), 5.2)
    above, below = canvas.panels(figure, rows=2)
    moments, unit = canvas.edges(record.case), f"{record.case.currency}/MWh"
    total, root = (prices[column].to_numpy(dtype=np.float64) for column in ("price_per_mwh", "energy_per_mwh"))
    above.stairs(
        root, moments, baseline=None, color=canvas.GREY, linewidth=1.6, label=f"energy: price at the {carrier.root}"
    )
    name = f"price at {carrier.noun} {bus}"
    above.stairs(total, moments, baseline=None, color=canvas.BLUE, linewidth=1.8, label=name)
    parts = parts_of(prices, carrier)
    if parts:
        upwards = {name: part.clip(min=0.0) for name, part in parts.items()}
        downwards = {name: part.clip(max=0.0) for name, part in parts.items()}
        canvas.stack(below, moments, [upwards, downwards], dict(carrier.parts.values()))
    name = f"difference from the {carrier.root}"
    below.stairs(total - root, moments, baseline=None, color=canvas.BLACK, linewidth=1.4, label=name)
    for axes in (above, below):
        axes.set_ylabel(unit)
        canvas.legend_above(axes)
    canvas.local_time(below, record.case)
    return figure


def _title(carrier: Carrier, bus: str) -> str:
    what = "price" if carrier.name == ELECTRICITY.name else f"price of {carrier.name}"
    return f"What makes the {what} at {carrier.noun} {bus}"


def _bars(record: Record, carrier: Carrier, bus: str, prices: pd.DataFrame) -> Figure:
    parts = {name: float(part[0]) for name, part in parts_of(prices, carrier).items()}
    energy, total = (float(prices[column].iloc[0]) for column in ("energy_per_mwh", "price_per_mwh"))
    first = f"energy ({carrier.root})" if carrier.name == ELECTRICITY.name else "energy"
    values = {first: energy, **parts, "price": total}
    colours = {first: canvas.GREY, **dict(carrier.parts.values()), "price": canvas.BLUE}
    figure = canvas.sheet(_title(carrier, bus), 1.0 + 0.32 * len(values))
    numbers = np.array(list(values.values()))
    canvas.bars(figure, list(values), numbers, [colours[name] for name in values], f"{record.case.currency}/MWh")
    return figure
