"""Hours without supply of every load point, by what they last for; the worst first."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.reliability.look import CAUSES
from gridpact.report.reliability.facts import hours
from gridpact.results.record import Record

MOST = 60


def draw(record: Record) -> Figure | None:
    found = hours(record)
    if found is None or not found.total.any():
        return None
    shown = min(len(found.loads), MOST)
    some = f", the worst {shown} of {len(found.loads)}" if shown < len(found.loads) else ", the worst first"
    figure = canvas.sheet(f"Hours without supply by load point{some}", 3.4)
    (axes,) = canvas.panels(figure)
    at, base = np.arange(shown), np.zeros(shown)
    for name, values in found.causes.items():
        if values.any():
            axes.bar(at, values[:shown], bottom=base, width=0.75, color=CAUSES[name], label=name)
            base = base + values[:shown]
    axes.set_ylim(0.0, 1.08 * float(base.max()))
    axes.set_xlim(-0.7, shown - 0.3)
    axes.set_ylabel("hours per year")
    canvas.label_buses(axes, found.loads[:shown], "load point")
    canvas.legend_above(axes)
    return figure
