"""Where each unit operated: points of power and heat inside its polygon, or along its line."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.heat.network import UNITS, has_heat
from gridpact.report.heat.units import Unit, corners, gain, operated
from gridpact.results.record import Record

MOST, COLUMNS = 12, 3
TALL, ROOM, BAR = 2.0, 0.85, 0.85  # inches: height of a panel, title and axis of each, colour bar
ALLOWED, EDGE = "#eef1f4", "#5b646d"
HOURS = "twilight_shifted"
MANY = 200  # points of a panel: more are drawn as pixels


def draw(record: Record) -> Figure | None:
    if not has_heat(record):
        return None
    found = operated(record)
    if not found:
        return None
    shown, more = largest(found), ""
    if len(shown) < len(found):
        more = f": the {len(shown)} of {len(found)} units that make most heat"
    rows = -(-len(shown) // COLUMNS)
    timed = record.case.steps > 1
    figure = canvas.sheet(
        f"Where the units operate{more}", canvas.TITLE + rows * (TALL + ROOM) + (BAR if timed else 0.1)
    )
    for place, unit in enumerate(shown):
        _panel(_axes(figure, place), record, unit)
    if timed:
        _hours(figure)
    return figure


def largest(found: list[Unit]) -> list[Unit]:
    """Those that make most heat, in their order."""
    heat = np.array([np.nansum(unit.heat) for unit in found])
    kept = np.sort(np.argsort(-heat, kind="stable")[:MOST])
    return [found[place] for place in kept]


def _axes(figure: Figure, place: int) -> Axes:
    row, column = divmod(place, COLUMNS)
    each = canvas.WIDTH / COLUMNS
    height = float(figure.get_size_inches()[1])
    left, top = column * each + 0.78, canvas.TITLE + 0.3 + row * (TALL + ROOM)
    return canvas.axes_at(figure, left, height - top - TALL, canvas.WIDTH - (column + 1) * each + 0.12, top)


def _panel(axes: Axes, record: Record, unit: Unit) -> None:
    (_polygon if unit.kind == "chp" else _lines)(axes, record.case, unit)
    style: dict[str, Any] = {"color": canvas.BLUE}
    if record.case.steps > 1:
        clock = record.case.snapshots
        style = {"c": clock.hour + clock.minute / 60.0, "cmap": HOURS, "vmin": 0.0, "vmax": 24.0}
    axes.scatter(
        unit.heat, unit.power, s=24.0 if record.case.steps <= MANY else 9.0, zorder=4, edgecolors="#1d2329",
        linewidths=0.4, rasterized=record.case.steps > MANY, **style,
    )  # fmt: skip
    axes.set_title(f"{canvas.short(unit.name)} ({_kind(record.case, unit)})")
    axes.set_xlabel("heat, MW")
    axes.set_ylabel(f"{unit.takes}, MW")
    axes.grid(visible=True, axis="both")
    axes.use_sticky_edges = False
    axes.margins(0.08)
    axes.locator_params(nbins=4)


def _kind(case: Case, unit: Unit) -> str:
    if unit.kind != "chp":
        return UNITS[unit.kind]
    return str(case.tables["chps"]["kind"].iloc[unit.row]).replace("_", " ")


def _polygon(axes: Axes, case: Case, unit: Unit) -> None:
    """What a plant may do: its polygon, or its line."""
    power, heat = corners(case, unit.row).T
    axes.fill(heat, power, facecolor=ALLOWED, edgecolor=EDGE, linewidth=1.2, zorder=2)
    axes.plot(heat, power, "o", color=EDGE, markersize=3, zorder=3)
    if case.flags("chps", "committable")[unit.row]:
        axes.plot(0.0, 0.0, "x", color=EDGE, markersize=5, zorder=3)


def _lines(axes: Axes, case: Case, unit: Unit) -> None:
    """From the lowest to the highest heat, at the lowest and at the highest gain; the room between them shaded."""
    yields: Floats = gain(case, unit.kind)[unit.row]
    low = float(case.series(f"{unit.kind}s", "min_heat_mw")[unit.row].min())
    high = float(case.series(f"{unit.kind}s", "max_heat_mw")[unit.row].max())
    heat = np.array([low, high])
    ends = [heat / yields.max(), heat / yields.min()]
    axes.fill_between(heat, *ends, facecolor=ALLOWED, edgecolor=EDGE, linewidth=1.2, zorder=2)
    axes.plot(heat, ends[0], color=EDGE, linewidth=1.2, zorder=2)


def _hours(figure: Figure) -> None:
    """A colour bar of the hours of the day, whose end is like its beginning."""
    height = float(figure.get_size_inches()[1])
    axes = canvas.axes_at(figure, 2.5, 0.48, 2.5, height - 0.6)
    shades = colormaps.get_cmap(HOURS)(np.linspace(0.0, 1.0, 192))[None, :, :]
    axes.imshow(shades, aspect="auto", extent=(0.0, 24.0, 0.0, 1.0), interpolation="none")
    axes.grid(visible=False)
    axes.set_frame_on(False)
    axes.set_yticks([])
    axes.set_xticks([0, 6, 12, 18, 24], ["00:00", "06:00", "12:00", "18:00", "24:00"])
    axes.set_xlabel("hour of the day")
