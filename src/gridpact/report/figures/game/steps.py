"""The price at the boundary over the import: every step of every hour, with what the designs import.

A map over the day: each column is an hour, each field a price step from one boundary power to another, coloured by its
price. Small multiples: the step function itself in the hours in which leading changes the import most.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.game import look
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.price_map import BAR, BAR_GAP, BAR_ROOM
from gridpact.report.game import facts
from gridpact.report.text import instant
from gridpact.results.record import Record

SLICES = 8  # of a piece on which the price rises
MANY = 3000  # fields that stay lines and areas
HOURS, FEW = 6, 48


def draw_map(record: Record) -> Figure | None:
    """Price steps over the day, one map per connection."""
    if not facts.has_step_function(record):
        return None
    names = facts.shown(record)
    figure = canvas.sheet(
        look.title(record, "Price at the boundary by time and power, and what is imported"), 0.9 + 3.1 * len(names)
    )
    scale = colours.scale_of(_prices(record.tables["price_steps"]))
    each = (figure.get_size_inches()[1] - canvas.TITLE) / len(names)
    for row, name in enumerate(names):
        above, below = canvas.TITLE + row * each, (len(names) - 1 - row) * each
        _map(figure, record, name, scale, canvas.BELOW + below, above + canvas.LEGEND + 0.08)
    return figure


def _prices(steps: pd.DataFrame) -> Floats:
    return steps[["price_from_per_mwh", "price_to_per_mwh"]].to_numpy(dtype=np.float64)


def _map(figure: Figure, record: Record, name: str, scale: colours.Scale, below: float, above: float) -> None:
    axes = canvas.axes_at(figure, canvas.LEFT, below, BAR_ROOM + 0.1, above)
    corners, price = fields(record, name)
    drawn = PolyCollection(
        list(corners),
        array=price,
        cmap=scale.map,
        norm=scale.norm,
        edgecolors="white",
        linewidths=0.4 if record.case.steps <= FEW else 0.2,
        zorder=2,
    )
    drawn.set_rasterized(len(corners) > MANY)
    axes.add_collection(drawn)
    axes.grid(visible=False)
    _imports(axes, record, name)
    low, high = float(corners[..., 1].min()), float(corners[..., 1].max())
    axes.set_ylim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    axes.set_ylabel(f"{look.at(record, name)}MW")
    canvas.local_time(axes, record.case)
    canvas.legend_above(axes)
    end = canvas.WIDTH - BAR_ROOM - 0.1
    beside = canvas.axes_at(figure, end + BAR_GAP, below, canvas.WIDTH - end - BAR_GAP - BAR, above)
    colours.bar(beside, scale)
    beside.set_title(f"{record.case.currency}/MWh", loc="center", fontsize=canvas.SMALL, pad=16)


def fields(record: Record, connection: str) -> tuple[Floats, Floats]:
    """Corners of the fields, shape (fields, 4, 2), and their prices: one per step, several where the price rises."""
    steps = facts.of_connection(record.tables["price_steps"], connection)
    pieces = _sliced(steps)
    moments = canvas.edges(record.case)
    at = record.case.snapshots.get_indexer(pd.DatetimeIndex(steps["snapshot"]))[pieces["row"].astype(int)]
    left, right = moments[at], moments[at + 1]
    low, high = pieces["low"].to_numpy(), pieces["high"].to_numpy()
    corners = np.stack([[left, low], [right, low], [right, high], [left, high]]).transpose(2, 0, 1)
    return np.asarray(corners, dtype=np.float64), pieces["price"].to_numpy(dtype=np.float64)


def _sliced(steps: pd.DataFrame) -> pd.DataFrame:
    """``row`` of the step, ``low``, ``high`` and mean ``price`` of each part of it."""
    first, last = _prices(steps).T
    count = np.where(np.abs(last - first) > colours.SAME, SLICES, 1)
    row = np.repeat(np.arange(len(steps)), count)
    part = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    low, high = (steps[column].to_numpy(dtype=np.float64)[row] for column in ("from_mw", "to_mw"))
    share, many = part / count[row], count[row]
    price = first[row] + (share + 0.5 / many) * (last - first)[row]
    wide = (high - low) / many
    return pd.DataFrame({"row": row, "low": low + share * (high - low), "high": low + share * (high - low) + wide,
                         "price": price})  # fmt: skip


def imports(record: Record, connection: str) -> dict[str, tuple[str, Floats]]:
    """Name and boundary power (steps,) of every design to draw; of the leader alone where no design was asked for."""
    led = facts.series(facts.equilibrium(record), connection, "boundary_mw")
    names = look.named(record) or {facts.LED: look.NAMES[facts.LED]}
    hours = record.tables.get("design_hours")
    return {
        design: (name, led if hours is None else facts.series(hours, connection, "boundary_mw", design))
        for design, name in names.items()
    }


def _imports(axes: Axes, record: Record, connection: str) -> None:
    """The leader's import and that of who takes the price, on white so that they stand out from all colours."""
    moments = canvas.edges(record.case)
    for design, (name, power) in imports(record, connection).items():
        if design in (facts.LED, facts.FREE):
            axes.stairs(power, moments, baseline=None, linewidth=4.4, color="white", zorder=4)
            axes.stairs(power, moments, baseline=None, linewidth=2.2, zorder=4, **look.style(design, name))


def draw_hours(record: Record) -> Figure | None:
    """The step function in the hours in which leading changes the import most; of the first connection."""
    if not facts.has_step_function(record):
        return None
    name = facts.connections(record)[0]
    steps = telling_steps(record, name)
    of = f" at connection {name}" if len(facts.connections(record)) > 1 else ""
    figure, places = multiples(f"The price as a function of the import{of}", len(steps), 0.35, 0.3)
    for axes, step in zip(places, steps, strict=True):
        _function(axes, record, name, step)
    labelled(places, "MW", f"{record.case.currency}/MWh")
    _legend(figure)
    return figure


def telling_steps(record: Record, connection: str) -> list[int]:
    """At most six steps, in order of time: where leader and price taker differ most, else those with most wedge."""
    powers = imports(record, connection)
    wedge = np.abs(facts.series(facts.equilibrium(record), connection, "wedge_per_mwh"))
    free = powers.get(facts.FREE)
    far = wedge if free is None else np.abs(powers[facts.LED][1] - free[1])
    return sorted(np.argsort(-far, kind="stable")[:HOURS].tolist())


def _function(axes: Axes, record: Record, connection: str, step: int) -> None:
    """Price over boundary power in one step, with a mark at what each design imports."""
    steps = facts.of_connection(record.tables["price_steps"], connection)
    own = steps[steps["snapshot"] == record.case.snapshots[step]]
    power = own[["from_mw", "to_mw"]].to_numpy(dtype=np.float64).ravel()
    axes.plot(power, _prices(own).ravel(), color=canvas.BLACK, linewidth=1.6)
    for design, (name, imported) in imports(record, connection).items():
        axes.axvline(imported[step], linewidth=1.8, **look.style(design, name))
    led = facts.of_connection(facts.equilibrium(record), connection).iloc[step]
    colour = look.COLOURS[facts.LED]
    axes.plot([led["boundary_mw"]], [led["lmp_per_mwh"]], "o", color=colour, markersize=6, zorder=5)
    axes.margins(x=0.03, y=0.12)
    axes.set_title(instant(record.case.snapshots[step], record.case))


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        [f"import: {label}" for label in labels],
        loc="upper left",
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
        ncols=4,
        borderaxespad=0.0,
    )
