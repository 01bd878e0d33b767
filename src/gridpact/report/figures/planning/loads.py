"""Hours without supply of every load point, before and after; the worst first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.planning import look
from gridpact.report.planning.facts import table
from gridpact.results.record import Record

FEW = 100


def draw(record: Record) -> Figure | None:
    """A mark for what was and one for what is; a line between them."""
    after = table(record, "reliability_loads")
    if after is None:
        return None
    points = hours(after, table(record, "reliability_loads_before"))
    names, at = [str(name) for name in points["load"]], np.arange(len(points))
    figure = canvas.sheet("Hours without supply by load point, the worst first", 3.4)
    (axes,) = canvas.panels(figure)
    size = 5.5 if len(points) < FEW else 2.5
    before, now = (points[name].to_numpy(dtype=np.float64) for name in ("before", "after"))
    if np.isfinite(before).any():
        axes.vlines(at, now, before, color=look.BEFORE, linewidth=1.2 if size > 3.0 else 0.7)
        axes.plot(at, before, "o", markersize=1.5 * size, color="white", markeredgecolor=look.INK, label="as it is")
    axes.plot(at, now, "o", markersize=size, color=look.AFTER, label="with the plan")
    axes.set_ylim(0.0, 1.08 * max(float(np.nanmax(np.append(before, now))), 1e-6))
    axes.set_xlim(-0.8, len(points) - 0.2)
    axes.set_ylabel("h per year")
    canvas.label_buses(axes, names, "load point")
    canvas.legend_above(axes)
    return figure


def hours(after: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """load, before and after in hours per year, by falling hours before; NaN where it is not known what was."""
    now = after[["load", "hours_per_year"]].rename(columns={"hours_per_year": "after"})
    if before is None:
        points = now.assign(before=np.nan)
    else:
        was = before[["load", "hours_per_year"]].rename(columns={"hours_per_year": "before"})
        points = now.merge(was, on="load", how="left")
    by = "after" if before is None else "before"
    ranked: pd.DataFrame = points.sort_values(by, ascending=False, kind="stable", ignore_index=True)
    return ranked
