"""The band in which the voltages lie, between their limits."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record


def draw(record: Record) -> Figure | None:
    """Nothing for the DC approximation, which has no voltage magnitudes."""
    buses = record.tables.get("buses")
    if buses is None or record.settings.get("formulation") == "dc":
        return None
    voltage = canvas.matrix(buses, "vm_pu", record.case.steps)
    return _profile(record.case, voltage[:, 0]) if record.case.steps == 1 else _band(record.case, voltage)


def widest_limits(case: Case) -> tuple[float, float]:
    """Lowest and highest permitted voltage anywhere but at the interfaces, whose voltage is held."""
    free = np.ones(case.count("buses"), dtype=np.bool_)
    free[case.positions("interfaces", "bus")] = False
    free |= not free.any()
    return float(case.column("buses", "vm_min_pu")[free].min()), float(case.column("buses", "vm_max_pu")[free].max())


def limits(axes: Axes, case: Case) -> None:
    """The limits as lines, and the unit of the axis."""
    low, high = widest_limits(case)
    axes.axhline(high, color=canvas.VERMILLION, linestyle="--", linewidth=1.2, zorder=3, label="limits")
    axes.axhline(low, color=canvas.VERMILLION, linestyle="--", linewidth=1.2, zorder=3)
    axes.set_ylabel("p.u.")


def _band(case: Case, voltage: Floats) -> Figure:
    figure = canvas.sheet("Voltages: from the lowest to the highest bus", 3.2)
    (axes,), moments = canvas.panels(figure), canvas.edges(case)
    low, high = voltage.min(axis=0), voltage.max(axis=0)
    axes.stairs(high, moments, baseline=low, fill=True, color=canvas.SKY, alpha=0.35, linewidth=0, label="all buses")
    axes.stairs(high, moments, baseline=None, color=canvas.SKY, linewidth=1.6, label="highest")
    axes.stairs(low, moments, baseline=None, color=canvas.BLUE, linewidth=1.6, label="lowest")
    limits(axes, case)
    canvas.legend_above(axes)
    canvas.local_time(axes, case)
    return figure


def _profile(case: Case, voltage: Floats) -> Figure:
    figure = canvas.sheet("Voltage by bus", 3.2)
    (axes,), names = canvas.panels(figure), case.ids("buses")
    axes.plot(voltage, "o", markersize=5 if len(names) < 100 else 2, color=canvas.BLUE, label="voltage")
    limits(axes, case)
    canvas.label_buses(axes, names)
    canvas.legend_above(axes)
    return figure
