"""The network: buses by the hours that their worst load is without supply, lines by what their faults add to SAIDI."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gridpact.case.case import Case
from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.colours import Scale
from gridpact.report.figures.layout import Layout, layout
from gridpact.report.figures.plan import SIDE, bent, ground, names, spacing, subtitle
from gridpact.report.figures.reliability.look import CLEARING, DEVICES
from gridpact.report.reliability.facts import MINUTES, bus_hours, line_saidi
from gridpact.report.text import number
from gridpact.results.record import Record

SAME = 1e-6  # hours
ABOVE, BARS = 0.95, 0.85  # inches: title with legend, colour bars
OPEN, NONE, PIXELS_FROM = "#7b858e", "#b7bec5", 600
ADDED = LinearSegmentedColormap.from_list("added", ["#d3d8dc", canvas.ORANGE, canvas.VERMILLION, "#5c1a00"])
ALONG = {"from": 0.22, "to": 0.78}


def draw(record: Record) -> Figure | None:
    case, hours, added = record.case, bus_hours(record), MINUTES * line_saidi(record)
    if not np.isfinite(hours).any():
        return None
    plan = layout(case)
    figure, (x, y), axes = ground(plan, "The network: where supply fails, and by what", ABOVE, BARS)
    points, between = np.column_stack([x, y]), spacing(plan, x, y)
    _branches(axes, plan, points, added, between)
    scale = scale_of_hours(hours[np.isfinite(hours)])
    _dots(axes, points, hours, scale, between)
    _devices(axes, case, points[plan.ends], between)
    _fed(axes, case, points)
    worst = int(np.nanargmax(hours))
    names(axes, case.ids("buses"), plan, points, [*case.positions("interfaces", "bus").tolist(), worst])
    subtitle(figure, f"worst bus: {canvas.short(case.ids('buses')[worst])}, {number(hours[worst])} hours per year")
    _legend(axes, case, plan)
    _bars(figure, scale, float(added.max(initial=0.0)))
    if len(x) > PIXELS_FROM:
        for artist in axes.collections:
            artist.set_rasterized(True)
    return figure


def scale_of_hours(hours: Floats) -> Scale:
    """From the least to the most; from zero where all are the same, so that rounding gets no colour."""
    most = float(hours.max())
    return colours.scale_of(hours) if np.ptp(hours) > SAME else Scale(0.0, most or 1.0, 0.0, most or 1.0)


def inward(segments: Floats, height: float) -> Floats:
    """The segments turned so that their arcs bend towards the middle of the paper, where none is cut off."""
    rise = segments[:, 1, 0] - segments[:, 0, 0]  # an arc bends to the left of its way
    middle = segments[:, :, 1].mean(axis=1)
    away = np.abs(middle + 0.2 * rise - height / 2.0) > np.abs(middle - 0.2 * rise - height / 2.0)
    turned: Floats = np.where(away[:, None, None], segments[:, ::-1], segments)
    return turned


def _branches(axes: Axes, plan: Layout, points: Floats, added: Floats, between: float) -> None:
    """By what their faults add; lines that stand open are dashed and bent."""
    widest, most = float(np.clip(22.0 * between, 1.6, 5.0)), float(added.max(initial=0.0)) or 1.0
    share, straight = added / most, points[plan.ends]
    arcs = bent(inward(straight[~plan.carrying], axes.get_ylim()[1]))
    axes.add_collection(LineCollection(list(arcs), colors=OPEN, linewidths=1.3, linestyles=(0, (3, 2))))
    there = plan.carrying
    widths = 1.2 + (widest - 1.2) * share[there]
    style: dict[str, Any] = {"capstyle": "round", "zorder": 3}
    axes.add_collection(LineCollection(list(straight[there]), colors=ADDED(share[there]), linewidths=widths, **style))


def _dots(axes: Axes, points: Floats, hours: Floats, scale: Scale, between: float) -> None:
    """Buses with loads in the colour of their hours, those without as small hollow dots."""
    size, loaded = float(np.clip(38.0 * between, 3.0, 10.0)), np.isfinite(hours)
    x, y = points.T
    axes.scatter(x[~loaded], y[~loaded], s=(0.45 * size) ** 2, color="white", edgecolors="#1d2329", zorder=4,
                 linewidths=0.7)  # fmt: skip
    axes.scatter(
        x[loaded], y[loaded], s=size**2, c=hours[loaded], cmap=scale.map, norm=scale.norm, zorder=5,
        edgecolors="#1d2329", linewidths=0.7 if size > 4.0 else 0.0,
    )  # fmt: skip


def _devices(axes: Axes, case: Case, segments: Floats, between: float) -> None:
    """Where faults are cleared or isolated: shapes by kind, filled where the device clears."""
    table = case.tables["protection"]
    along = np.array([ALONG[end] for end in table["end"]]).reshape(-1, 1)
    start, end = segments[case.positions("protection", "line")].transpose(1, 0, 2)
    at, size = start + along * (end - start), float(np.clip(22.0 * between, 2.5, 6.0))
    for kind, marker in DEVICES.items():
        chosen = (table["kind"] == kind).to_numpy()
        axes.scatter(
            at[chosen, 0], at[chosen, 1], s=size**2, marker=marker, zorder=6, edgecolors=canvas.BLACK, linewidths=0.9,
            facecolors=canvas.BLACK if kind in CLEARING else "white",
        )  # fmt: skip


def _fed(axes: Axes, case: Case, points: Floats) -> None:
    """A square around every bus at which the network is fed."""
    at = np.unique(case.positions("interfaces", "bus"))
    axes.scatter(points[at, 0], points[at, 1], s=190.0, marker="s", facecolors="none", edgecolors=canvas.BLACK,
                 linewidths=1.4, zorder=6)  # fmt: skip


def _legend(axes: Axes, case: Case, plan: Layout) -> None:
    kinds = set(case.tables["protection"]["kind"])
    handles = [
        Line2D([], [], linestyle="", marker=marker, markersize=6, markeredgecolor=canvas.BLACK, label=kind,
               markerfacecolor=canvas.BLACK if kind in CLEARING else "white")
        for kind, marker in DEVICES.items()
        if kind in kinds
    ]  # fmt: skip
    if (~plan.carrying).any():
        handles.append(Line2D([], [], color=OPEN, linestyle=(0, (3, 2)), label="open or out of service"))
    handles.append(
        Line2D([], [], linestyle="", marker="s", markersize=10, markerfacecolor="none",
               markeredgecolor=canvas.BLACK, label="interface with the grid")
    )  # fmt: skip
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=6, borderaxespad=0.0,
                handletextpad=0.4)  # fmt: skip


def _bars(figure: Figure, scale: Scale, most: float) -> None:
    half, height = canvas.WIDTH / 2.0, float(figure.get_size_inches()[1])
    hours = canvas.axes_at(figure, SIDE + 0.2, 0.48, half + 0.2, height - 0.6)
    colours.bar(hours, scale, across=True)
    note = f" ({scale.note})" if scale.note else ""
    hours.set_xlabel(f"buses: hours without supply per year{note}")
    added = canvas.axes_at(figure, half + 0.2, 0.48, SIDE + 0.2, height - 0.6)
    colours.bar(added, Scale(0.0, most or 1.0, 0.0, most or 1.0, plain=ADDED), across=True)
    added.set_xlabel("lines: minutes that their faults add to SAIDI")
