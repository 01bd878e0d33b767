"""The network at the step in which prices differ most: buses coloured by price, branches by loading."""

from __future__ import annotations

from collections.abc import Mapping
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
from gridpact.report.figures.layout import Flags, Layout, layout
from gridpact.report.figures.plan import SIDE, bent, dots, ground, names, spacing, subtitle
from gridpact.report.text import instant, number
from gridpact.results.record import Record

ABOVE, BARS = 0.95, 0.85  # inches: title with legend, colour bars
THIN = 0.9  # points
PIXELS_FROM = 600  # buses: drawn as pixels from here on
RINGS, MICROGRID = 40, "#332288"  # microgrids that have wide rings and names; their colour
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


def draw(record: Record, marked: Mapping[int, str] | None = None) -> Figure | None:
    """``marked`` are names of the microgrids at some buses."""
    prices, branches = record.tables.get("electricity_prices"), record.tables.get("branches")
    if prices is None or branches is None or prices.empty:
        return None
    plan, moment = layout(record.case), moment_of(record, prices, branches)
    figure, (x, y), axes = ground(plan, _title(record, moment), ABOVE, BARS)
    between = spacing(plan, x, y)
    _branches(axes, plan, np.column_stack([x, y]), moment, between)
    dots(axes, x, y, moment.price, between)
    _interfaces(axes, record.case, x, y)
    own = dict(marked or {})
    _microgrids(axes, list(own), x, y)
    told = own if len(own) <= RINGS else {}
    first = [*told, *_order(record.case, moment.price)]
    names(axes, record.case.ids("buses"), plan, np.column_stack([x, y]), first, told)
    subtitle(figure, _range(record, moment))
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


def _range(record: Record, moment: Moment) -> str:
    """Where the price is lowest and highest."""
    buses, price, unit = record.case.ids("buses"), moment.price, f"{record.case.currency}/MWh"
    low, high = int(np.nanargmin(price)), int(np.nanargmax(price))
    if price[high] - price[low] <= SAME:
        return f"the price is {number(float(price[low]))} {unit} everywhere"
    ends = [f"{number(float(price[bus]))} at bus {canvas.short(buses[bus])}" for bus in (low, high)]
    return f"prices from {ends[0]} to {ends[1]}, {unit}"


def _branches(axes: Axes, plan: Layout, points: Floats, moment: Moment, spacing: float) -> None:
    """Branches of the tree straight, those that close loops dashed and bent, those that carry nothing dotted."""
    widest = float(np.clip(22.0 * spacing, 1.2, 5.0))
    straight = points[plan.ends]
    closing = plan.carrying & ~plan.tree
    axes.add_collection(
        LineCollection(list(straight[~plan.carrying]), colors=OPEN, linewidths=1.0, linestyles=(0, (1, 2)), zorder=1)
    )
    arcs = bent(straight[closing])
    axes.add_collection(_coloured(arcs, moment, closing, 0.7 * widest, zorder=2, linestyles=(0, (3, 1))))
    axes.add_collection(_coloured(straight[plan.tree], moment, plan.tree, widest, zorder=3, capstyle="round"))


def _coloured(segments: Floats, moment: Moment, chosen: Flags, widest: float, **options: Any) -> LineCollection:
    """Lines in the colour and width of their load; grey where there is no limit."""
    load = moment.load[chosen]
    share = np.nan_to_num(load / moment.load_most)
    shades = LOADS(share)
    shades[~np.isfinite(load)] = to_rgba(NO_LIMIT)
    return LineCollection(list(segments), colors=shades, linewidths=THIN + (widest - THIN) * share, **options)


def _order(case: Case, price: Floats) -> list[int]:
    """The buses whose names matter most."""
    return [*case.positions("interfaces", "bus").tolist(), int(np.nanargmax(price)), int(np.nanargmin(price))]


def _interfaces(axes: Axes, case: Case, x: Floats, y: Floats) -> None:
    """A square around every bus at which the network is fed."""
    at = np.unique(case.positions("interfaces", "bus"))
    if len(at):
        axes.scatter(
            x[at], y[at], s=190.0, marker="s", facecolors="none", edgecolors=canvas.BLACK, linewidths=1.4, zorder=6,
            label="interface with the grid",
        )  # fmt: skip


def _microgrids(axes: Axes, at: list[int], x: Floats, y: Floats) -> None:
    """A ring around every bus at which a microgrid stands."""
    if at:
        axes.scatter(
            x[at], y[at], s=130.0 if len(at) <= RINGS else 70.0, marker="D", facecolors="none", edgecolors=MICROGRID,
            linewidths=1.6, zorder=6, label="microgrid",
        )  # fmt: skip


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
