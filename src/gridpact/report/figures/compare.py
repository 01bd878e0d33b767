"""Figures of several runs: mean price by time, price duration, differences of the settlement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import ELECTRICITY, Carrier
from gridpact.results.record import Record

COLOURS = (
    canvas.BLUE,
    canvas.ORANGE,
    canvas.GREEN,
    canvas.VERMILLION,
    canvas.PURPLE,
    canvas.SKY,
    canvas.BLACK,
    canvas.GREY,
)
DASHES = ("-", "-", "--", "--", "-.", "-.", ":", ":")
MOST = len(COLOURS)
PARTICIPANTS = 15
MANY_STEPS = 1500
SHARES = np.linspace(0.0, 1.0, 401)


@dataclass(frozen=True, eq=False)
class Line:
    """A run in a figure: its name there and its place in the comparison, which chooses its colour."""

    label: str
    place: int
    record: Record

    @property
    def style(self) -> dict[str, Any]:
        return {"color": COLOURS[self.place], "linestyle": DASHES[self.place], "label": self.label}


def mean_price(record: Record, carrier: Carrier = ELECTRICITY) -> Floats:
    """Mean over the buses (or nodes), shape (steps,)."""
    prices = canvas.matrix(record.tables[carrier.table], "price_per_mwh", record.case.steps)
    mean: Floats = np.nanmean(prices, axis=0)
    return mean


def daily_mean(record: Record, carrier: Carrier = ELECTRICITY) -> tuple[Floats, Floats]:
    """Mean price of every local day, shape (days,), and the steps at which days begin and the last ends (days + 1)."""
    case = record.case
    dates = case.snapshots.tz_localize(None).normalize()
    first = np.append(0, np.flatnonzero(dates[1:] != dates[:-1]) + 1)
    ends = np.append(first, case.steps)
    return np.add.reduceat(mean_price(record, carrier), first) / np.diff(ends), ends.astype(np.float64)


def price_duration(record: Record) -> Floats:
    """The price that is exceeded in each of ``SHARES`` of all bus-steps, from the highest to the lowest."""
    prices = record.tables["electricity_prices"]["price_per_mwh"].to_numpy(dtype=np.float64)
    exceeded: Floats = np.nanquantile(prices, 1.0 - SHARES)
    return exceeded


def mean_prices(lines: Sequence[Line], same_horizon: bool, carrier: Carrier = ELECTRICITY) -> Figure:
    """Over local time where all runs have the same steps, else over the hours since each run's start; by the day where
    steps are too many to be told apart."""
    daily = max(line.record.case.steps for line in lines) > MANY_STEPS
    figure, axes = _sheet(f"{_what(carrier)} by {'day' if daily else 'time'}", lines)
    for line in lines:
        case = line.record.case
        price, ends = mean_price(line.record, carrier), np.arange(case.steps + 1.0)
        price, ends = daily_mean(line.record, carrier) if daily else (price, ends)
        moments = canvas.edges(case)[ends.astype(np.int64)] if same_horizon else ends * case.hours
        axes.stairs(price, moments, baseline=None, linewidth=1.2 if daily else 1.8, **line.style)
    canvas.legend_above(axes, columns=2)
    if same_horizon:
        canvas.local_time(axes, lines[0].record.case)
    else:
        axes.set_xlabel("hours since the start of the run")
    return figure


def _what(carrier: Carrier) -> str:
    return (
        "Mean price of all buses" if carrier is ELECTRICITY else f"Mean price of {carrier.name} of all {carrier.noun}s"
    )


def durations(lines: Sequence[Line]) -> Figure:
    """How often the price is how high."""
    figure, axes = _sheet("Price duration: how often the price is at least so high", lines)
    for line in lines:
        axes.plot(100.0 * SHARES, price_duration(line.record), linewidth=1.8, **line.style)
    canvas.legend_above(axes, columns=2)
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of all buses and times")
    return figure


def _sheet(title: str, lines: Sequence[Line]) -> tuple[Figure, Axes]:
    rows = -(-len(lines) // 2)
    figure = canvas.sheet(title, 3.2 + canvas.LEGEND * rows)
    (axes,) = canvas.panels(figure, legend_rows=rows)
    axes.set_ylabel(f"{lines[0].record.case.currency}/MWh")
    return figure, axes


def settlement_changes(lines: Sequence[Line], changes: pd.DataFrame) -> Figure:
    """Differences of payments from the first run: a row per participant, a point per run.

    ``changes``: one column per line, one row per participant.
    """
    rows = -(-len(lines) // 2)
    figure = canvas.sheet("Who pays more (right) or less (left) than in run 1", 1.4 + 0.27 * (len(changes) + rows))
    names = [canvas.short(str(name)) for name in changes.index]
    left = max(canvas.text_width(name, 9.0) for name in names) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND * rows + 0.08)
    axes.set_ylim(len(names) - 0.4, -0.6)
    for line in lines:
        values = changes[line.place].to_numpy(dtype=np.float64)
        style = line.style | {"linestyle": ""}
        axes.plot(values, np.arange(len(names)), marker="o", markersize=7, alpha=0.85, **style)
    canvas.label_rows(axes, range(len(names)), names, 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.margins(x=0.06)
    axes.set_xlabel(lines[0].record.case.currency)
    canvas.legend_above(axes, columns=2)
    return figure
