"""The network at the step in which prices differ most: buses coloured by price, branches by loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.colours import SAME, Scale
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.layout import Flags, Layout, layout
from gridpact.report.text import instant, number
from gridpact.results.record import Record

ABOVE, BARS, SIDE = 0.95, 0.85, 0.12  # inches: title with legend, colour bars, air at the sides
LOWEST, HIGHEST, PER_ROW = 3.4, 8.0, 0.34  # inches of the figure
THIN = 0.9  # points
NAMED, PIXELS_FROM = 60, 600  # buses: all have names up to here; drawn as pixels from here on
NO_LIMIT, OPEN = "#3a3f44", "#aab1b8"
LOADS = LinearSegmentedColormap.from_list("loading", ["#b7bec5", canvas.ORANGE, canvas.VERMILLION, "#5c1a00"])


@dataclass(frozen=True)
class Moment:
    """Prices of the buses, and what the branches are coloured by, at one step."""

    step: int
    reason: str
    price: Floats
    load: Floats
    load_name: str
    load_most: float


def draw(record: Record) -> Figure | None:
    prices, branches = record.tables.get("electricity_prices"), record.tables.get("branches")
    if prices is None or branches is None or prices.empty:
        return None
    plan, moment = layout(record.case), moment_of(record, prices, branches)
    figure, (x, y), axes = _ground(plan, _title(record, moment))
    spacing = _spacing(plan, x, y)
    _branches(axes, plan, np.column_stack([x, y]), moment, spacing)
    _buses(axes, x, y, moment, spacing)
    _interfaces(axes, record.case, x, y)
    _names(axes, record.case, plan, np.column_stack([x, y]), moment.price)
    _subtitle(figure, _range(record, moment))
    _legend(axes, plan, moment)
    _bars(figure, record, moment)
    if len(x) > PIXELS_FROM:
        for artist in axes.collections:
            artist.set_rasterized(True)
    return figure


def moment_of(record: Record, prices: pd.DataFrame, branches: pd.DataFrame) -> Moment:
    """The step with the largest difference between two prices; if they never differ, the one of the highest load.

    The tables may lack steps: those of days that could not be cleared.
    """
    buses = record.case.count("buses")
    steps = len(prices) // buses
    price = canvas.matrix(prices, "price_per_mwh", steps)
    load, name = loads(branches, steps)
    spread = np.nan_to_num(np.nanmax(price, axis=0) - np.nanmin(price, axis=0))
    highest = np.nan_to_num(load).max(axis=0, initial=0.0)
    differs = bool(spread.max() > SAME)
    step = int((spread if differs else highest).argmax())
    reason = "when prices differ most" if differs else "when the load of a branch is highest"
    most = float(np.nan_to_num(load[:, step]).max(initial=0.0))
    top = max(100.0, most) if name.startswith("loading") else most or 1.0
    place = int(record.case.snapshots.get_indexer(pd.DatetimeIndex(prices["snapshot"].iloc[[step * buses]]))[0])
    return Moment(place, reason, price[:, step], load[:, step], name, top)


def loads(branches: pd.DataFrame, steps: int) -> tuple[Floats, str]:
    """Loading in percent, or the power where not one branch has a limit; shape (branches, steps)."""
    loading = canvas.matrix(branches, "loading_percent", steps)
    if np.isfinite(loading).any() or "p_mw" not in branches:
        return loading, "loading of the branches, % of the limit"
    return np.abs(canvas.matrix(branches, "p_mw", steps)), "active power in the branches (none has a limit), MW"


def _title(record: Record, moment: Moment) -> str:
    if record.case.steps == 1:
        return "The network: prices and loading"
    when = instant(record.case.snapshots[moment.step], record.case)
    return f"The network at {when}, {moment.reason}"


def _subtitle(figure: Figure, text: str) -> None:
    figure.text(0.005, 1.0 - 0.36 / figure.get_size_inches()[1], text, va="top", fontsize=9.5, color="#3a3f44")


def _range(record: Record, moment: Moment) -> str:
    """Where the price is lowest and highest."""
    buses, price, unit = record.case.ids("buses"), moment.price, f"{record.case.currency}/MWh"
    low, high = int(np.nanargmin(price)), int(np.nanargmax(price))
    if price[high] - price[low] <= SAME:
        return f"the price is {number(float(price[low]))} {unit} everywhere"
    ends = [f"{number(float(price[bus]))} at bus {canvas.short(buses[bus])}" for bus in (low, high)]
    return f"prices from {ends[0]} to {ends[1]}, {unit}"


def _ground(plan: Layout, title: str) -> tuple[Figure, tuple[Floats, Floats], Axes]:
    """The figure, the buses in inches on its axes, and these axes, which count inches."""
    width = canvas.WIDTH - 2 * SIDE
    wide, tall = max(float(np.ptp(plan.x)), 1e-12), float(np.ptp(plan.y))
    wanted = width * tall / wide if plan.mapped else PER_ROW * (tall + 1.0)
    figure = canvas.sheet(title, float(np.clip(wanted + ABOVE + BARS, LOWEST, HIGHEST)))
    height = float(figure.get_size_inches()[1]) - ABOVE - BARS
    axes = canvas.axes_at(figure, SIDE, BARS, SIDE, ABOVE)
    axes.set(xlim=(0.0, width), ylim=(0.0, height))
    axes.axis("off")
    room = 0.3  # for names at the edges
    scale = np.array([(width - 2 * room) / wide, (height - 2 * room) / max(tall, 1e-12)])
    scale = np.full(2, scale.min()) if plan.mapped else scale
    middle = np.array([plan.x.min() + plan.x.max(), plan.y.min() + plan.y.max()]) / 2.0
    x, y = ((np.column_stack([plan.x, plan.y]) - middle) * scale + np.array([width, height]) / 2.0).T
    return figure, (x, y), axes


def _spacing(plan: Layout, x: Floats, y: Floats) -> float:
    """How far neighbours stand apart, in inches: steps of a tree; on a map somewhat less than if spread evenly."""
    if plan.mapped:
        return float(0.35 * np.sqrt(np.ptp(x) * np.ptp(y) / len(x))) or 0.05
    steps = [float(np.ptp(x)) / max(np.ptp(plan.x), 1.0), float(np.ptp(y)) / max(np.ptp(plan.y), 1.0)]
    return min((step for step in steps if step > 0.0), default=1.0)


def _branches(axes: Axes, plan: Layout, points: Floats, moment: Moment, spacing: float) -> None:
    """Branches of the tree straight, those that close loops dashed and bent, those that carry nothing dotted."""
    widest = float(np.clip(22.0 * spacing, 1.2, 5.0))
    straight = points[plan.ends]
    closing = plan.carrying & ~plan.tree
    axes.add_collection(
        LineCollection(list(straight[~plan.carrying]), colors=OPEN, linewidths=1.0, linestyles=(0, (1, 2)), zorder=1)
    )
    bent = _bent(straight[closing])
    axes.add_collection(_coloured(bent, moment, closing, 0.7 * widest, zorder=2, linestyles=(0, (3, 1))))
    axes.add_collection(_coloured(straight[plan.tree], moment, plan.tree, widest, zorder=3, capstyle="round"))


def _coloured(segments: Floats, moment: Moment, chosen: Flags, widest: float, **options: Any) -> LineCollection:
    """Lines in the colour and width of their load; grey where there is no limit."""
    load = moment.load[chosen]
    share = np.nan_to_num(load / moment.load_most)
    shades = LOADS(share)
    shades[~np.isfinite(load)] = to_rgba(NO_LIMIT)
    return LineCollection(list(segments), colors=shades, linewidths=THIN + (widest - THIN) * share, **options)


def _bent(segments: Floats) -> Floats:
    """Arcs beside the straight lines, so that they pass beside the buses between; shape (lines, 15, 2)."""
    along = np.linspace(0.0, 1.0, 15)[None, :, None]
    start, span = segments[:, None, 0], segments[:, None, 1] - segments[:, None, 0]
    across = np.stack([-span[..., 1], span[..., 0]], axis=-1)
    bent: Floats = start + along * span + 0.8 * along * (1.0 - along) * across
    return bent


def _buses(axes: Axes, x: Floats, y: Floats, moment: Moment, spacing: float) -> None:
    scale = colours.scale_of(moment.price)
    size = float(np.clip(38.0 * spacing, 3.0, 10.0))
    axes.scatter(
        x, y, s=size**2, c=moment.price, cmap=scale.map, norm=scale.norm, zorder=5,
        edgecolors="#1d2329", linewidths=0.7 if size > 4.0 else 0.0,
    )  # fmt: skip


def _interfaces(axes: Axes, case: Case, x: Floats, y: Floats) -> None:
    """A square around every bus at which the network is fed."""
    at = np.unique(case.positions("interfaces", "bus"))
    if len(at):
        axes.scatter(
            x[at], y[at], s=190.0, marker="s", facecolors="none", edgecolors=canvas.BLACK, linewidths=1.4, zorder=6,
            label="interface with the grid",
        )  # fmt: skip


def _names(axes: Axes, case: Case, plan: Layout, points: Floats, price: Floats) -> None:
    """Names of the buses that matter most, and of as many others as there is room for where buses are few."""
    buses = case.ids("buses")
    first = [*case.positions("interfaces", "bus").tolist(), int(np.nanargmax(price)), int(np.nanargmin(price))]
    ends = np.bincount(plan.ends[plan.carrying].ravel(), minlength=len(buses))
    rest = np.argsort(ends, kind="stable").tolist() if len(buses) <= NAMED else []
    order = list(dict.fromkeys([*first, *rest]))
    texts = [canvas.short(buses[bus]) for bus in order]
    widths = np.array([canvas.text_width(text) for text in texts])
    boxes = placed(points[order], widths, Box(0.0, 0.0, axes.get_xlim()[1], axes.get_ylim()[1]), points)
    for text, box in zip(texts, boxes, strict=True):
        if box is not None:
            axes.text(box.left, box.bottom, text, fontsize=canvas.SMALL, va="bottom", zorder=7)


def _legend(axes: Axes, plan: Layout, moment: Moment) -> None:
    entries = {
        "closes a loop": ((plan.carrying & ~plan.tree).any(), canvas.GREY, (0, (3, 1))),
        "carries nothing (open or out of service)": ((~plan.carrying).any(), OPEN, (0, (1, 2))),
        "without a limit": ((~np.isfinite(moment.load[plan.carrying])).any(), NO_LIMIT, "-"),
    }
    for name, (shown, colour, style) in entries.items():
        if shown:
            axes.plot([], [], color=colour, linestyle=style, label=name)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.0, handletextpad=0.5)


def _bars(figure: Figure, record: Record, moment: Moment) -> None:
    scale, half = colours.scale_of(moment.price), canvas.WIDTH / 2.0
    height = float(figure.get_size_inches()[1])
    price = canvas.axes_at(figure, SIDE + 0.2, 0.48, half + 0.2, height - 0.6)
    colours.bar(price, scale, across=True)
    note = f" ({scale.note})" if scale.note else ""
    price.set_xlabel(f"price at the buses, {record.case.currency}/MWh{note}")
    load = canvas.axes_at(figure, half + 0.2, 0.48, SIDE + 0.2, height - 0.6)
    most = moment.load_most
    colours.bar(load, Scale(0.0, most, 0.0, most, plain=LOADS), across=True)
    load.set_xlabel(moment.load_name)
