"""The band in which voltages lie with the plan: by the hour of the typical days, and bus by bus."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import days, look
from gridpact.report.figures.voltage import widest_limits
from gridpact.report.planning.facts import by_step, table, weights
from gridpact.results.record import Record

HEIGHT, ABOVE = 2.1, canvas.LEGEND + 0.08  # inches of a panel, of the legend above it


def draw(record: Record) -> Figure | None:
    buses = table(record, "buses")
    if buses is None or "vm_pu" not in buses or not np.isfinite(buses["vm_pu"]).any():
        return None
    voltage = by_step(buses, "vm_pu")
    figure = canvas.sheet("Voltages with the plan", canvas.TITLE + 2 * (ABOVE + HEIGHT) + 2 * canvas.BELOW + 0.15)
    lower = canvas.BELOW + HEIGHT + ABOVE + 0.15
    hourly = canvas.axes_at(figure, canvas.LEFT, lower + canvas.BELOW, canvas.RIGHT, canvas.TITLE + ABOVE)
    along = canvas.axes_at(
        figure, canvas.LEFT, canvas.BELOW, canvas.RIGHT, canvas.TITLE + 2 * ABOVE + HEIGHT + canvas.BELOW + 0.15
    )
    _by_hour(hourly, record, voltage)
    _by_bus(along, record.case, [str(bus) for bus in dict.fromkeys(buses["bus"])], voltage)
    for axes in (hourly, along):
        axes.set_ylabel("p.u.")
        axes.margins(y=0.08)
        canvas.legend_above(axes)
    return figure


def _by_hour(axes: Axes, record: Record, voltage: Floats) -> None:
    low, moments = days.stepped(voltage.min(axis=0))
    high = voltage.max(axis=0)
    axes.stairs(high, moments, baseline=low, fill=True, color=canvas.SKY, alpha=0.35, linewidth=0, label="all buses")
    axes.stairs(high, moments, baseline=None, color=canvas.SKY, linewidth=1.4, label="highest bus")
    axes.stairs(low, moments, baseline=None, color=canvas.BLUE, linewidth=1.4, label="lowest bus")
    lowest, highest = widest_limits(record.case)
    axes.axhline(highest, color=look.LIMIT, linestyle="--", linewidth=1.2, zorder=3, label="limits")
    axes.axhline(lowest, color=look.LIMIT, linestyle="--", linewidth=1.2, zorder=3)
    days.beside(axes, weights(record), low.size)


def _by_bus(axes: Axes, case: Case, names: list[str], voltage: Floats) -> None:
    """From the lowest to the highest voltage of any hour, within the limits of each bus."""
    at = np.arange(len(names))
    size = 5.0 if len(names) < 100 else 2.0
    axes.vlines(at, voltage.min(axis=1), voltage.max(axis=1), color=canvas.SKY, linewidth=0.7 * size, alpha=0.6,
                label="all hours")  # fmt: skip
    axes.plot(at, voltage.max(axis=1), "^", markersize=size, color=canvas.SKY, label="highest hour")
    axes.plot(at, voltage.min(axis=1), "v", markersize=size, color=canvas.BLUE, label="lowest hour")
    if names == case.ids("buses"):
        for column, label in (("vm_max_pu", "limits"), ("vm_min_pu", None)):
            limit = case.column("buses", column)
            axes.plot(at, limit, color=look.LIMIT, linestyle="--", linewidth=1.2, drawstyle="steps-mid", label=label)
    axes.set_xlim(-0.8, len(names) - 0.2)
    canvas.label_buses(axes, names)
