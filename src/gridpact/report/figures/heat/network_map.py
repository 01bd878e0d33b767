"""The heat network: nodes coloured by their mean price, pipes as wide as their flow, units and stations marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import HEAT
from gridpact.report.figures.colours import SAME
from gridpact.report.figures.layout import Flags, Layout
from gridpact.report.figures.plan import SIDE, bent, dots, ground, names, spacing, subtitle
from gridpact.report.heat.network import heat_layout, stations, units_by_node
from gridpact.report.text import number
from gridpact.results.record import Record

ABOVE, BARS, ROOM = 0.95, 0.85, 0.6  # inches: title with legend, colour bar, names and marks around the network
THIN = 0.9  # points
ALL_ARROWS, MOST_ARROWS = 100, 30  # pipes: all have an arrow up to here; else that many of the widest
PIXELS_FROM = 600  # nodes: drawn as pixels from here on
WATER, DRY = "#7d93a8", "#c3c9cf"
STATION: dict[str, Any] = {"s": 190.0, "marker": "s", "facecolors": "none", "edgecolors": canvas.BLACK}
UNIT: dict[str, Any] = {"s": 330.0, "marker": "D", "facecolors": "none", "edgecolors": canvas.VERMILLION}


def draw(record: Record) -> Figure | None:
    if HEAT.table not in record.tables:
        return None
    case, price, flow = record.case, mean_prices(record), mean_flows(record)
    plan = heat_layout(case)
    figure, (x, y), axes = ground(plan, _title(record), ABOVE, BARS, ROOM)
    points, between = np.column_stack([x, y]), spacing(plan, x, y)
    _pipes(axes, plan, points, flow, between)
    dots(axes, x, y, price, between)
    _marks(axes, case, points)
    names(axes, case.ids("heat_nodes"), plan, points, _first(case, price), _texts(case))
    subtitle(figure, _range(record, price))
    _legend(axes, plan, flow, between)
    _bar(figure, record, price)
    if len(x) > PIXELS_FROM:
        for artist in axes.collections:
            artist.set_rasterized(True)
    return figure


def mean_prices(record: Record) -> Floats:
    """Price of every node, mean over all steps that were cleared, shape (heat_nodes,)."""
    mean: Floats = np.nanmean(HEAT.matrix(record, "price_per_mwh"), axis=1)
    return mean


def mean_flows(record: Record) -> Floats:
    """Water in every pipe, kg/s from from_node to to_node on the supply side, mean over time; shape (pipes,)."""
    flow = canvas.over_time(record.case, record.tables["pipes"], "flow_kg_per_s")
    mean: Floats = np.nan_to_num(np.nanmean(flow, axis=1)) if flow.size else np.zeros(0)
    return mean


def _title(record: Record) -> str:
    return (
        "The heat network: price and flow" if record.case.steps == 1 else "The heat network: mean price and mean flow"
    )


def _range(record: Record, price: Floats) -> str:
    """Where heat is cheapest and dearest on average."""
    nodes, unit = record.case.ids("heat_nodes"), f"{record.case.currency}/MWh"
    low, high = int(np.nanargmin(price)), int(np.nanargmax(price))
    if price[high] - price[low] <= SAME:
        return f"heat costs {number(float(price[low]))} {unit} everywhere"
    ends = [f"{number(float(price[node]))} at node {canvas.short(nodes[node])}" for node in (low, high)]
    return f"prices from {ends[0]} to {ends[1]}, {unit}; arrows: the way of the supply water"


def _widths(flow: Floats, between: float) -> Floats:
    """Points; the widest pipe has the highest flow."""
    widest = float(np.clip(26.0 * between, 2.0, 7.0))
    share = np.abs(flow) / max(float(np.abs(flow).max(initial=0.0)), 1e-12)
    return np.asarray(THIN + (widest - THIN) * share)


def _pipes(axes: Axes, plan: Layout, points: Floats, flow: Floats, between: float) -> None:
    """Pipes of the tree straight, those that close loops bent, those that carry nothing dotted."""
    straight, width = points[plan.ends], _widths(flow, between)
    closing, dry = plan.carrying & ~plan.tree, ~plan.carrying
    arcs = bent(straight)
    for chosen, lines, options in (
        (dry, straight, {"colors": DRY, "linewidths": 1.0, "linestyles": (0, (1, 2)), "zorder": 1}),
        (closing, arcs, {"colors": WATER, "linewidths": width[closing], "zorder": 2}),
        (plan.tree, straight, {"colors": WATER, "linewidths": width[plan.tree], "zorder": 3, "capstyle": "round"}),
    ):
        axes.add_collection(LineCollection(list(lines[chosen]), **options))  # type: ignore[arg-type]
    axes.add_collection(_arrows(straight, arcs, flow, plan.carrying & _told(flow), closing, between))


def _told(flow: Floats) -> Flags:
    """The pipes whose way of water is shown: of very many only those with most of it."""
    rank = np.argsort(np.argsort(-np.abs(flow), kind="stable"), kind="stable")
    return np.asarray((flow != 0.0) & ((rank < MOST_ARROWS) | (len(flow) <= ALL_ARROWS)))


def _arrows(
    straight: Floats, arcs: Floats, flow: Floats, chosen: Flags, closing: Flags, between: float
) -> PolyCollection:
    """A small triangle in the middle of every pipe, which points where the supply water flows."""
    middle = np.where(closing[:, None], arcs[:, arcs.shape[1] // 2], straight.mean(axis=1))[chosen]
    way = ((straight[:, 1] - straight[:, 0]) * np.sign(flow)[:, None])[chosen]
    long = np.hypot(*way.T)[:, None]
    way = way / np.maximum(long, 1e-12)
    size = np.minimum(float(np.clip(0.22 * between, 0.03, 0.09)), 0.3 * long)
    across = np.column_stack([-way[:, 1], way[:, 0]])
    corners = np.stack(
        [middle + size * way, middle - size * (way - 0.8 * across), middle - size * (way + 0.8 * across)], 1
    )
    return PolyCollection(list(corners), facecolors="#1d2329", linewidths=0.0, zorder=4)


def _marks(axes: Axes, case: Case, points: Floats) -> None:
    """A square around every station, a diamond around every node with units that make heat."""
    units = list(units_by_node(case, tanks=False))
    for at, style in ((stations(case), STATION), (units, UNIT)):
        if at:
            axes.scatter(*points[at].T, linewidths=1.4, zorder=6, **style)


def _texts(case: Case) -> dict[int, str]:
    """Nodes with units are named with them."""
    nodes = case.ids("heat_nodes")
    found = units_by_node(case)
    return {node: f"{canvas.short(nodes[node])}: {_few(units)}" for node, units in found.items()}


def _few(units: list[str]) -> str:
    shown = [canvas.short(name) for name in units[:4]]
    return ", ".join(shown) + (f" and {len(units) - 4} more" if len(units) > 4 else "")


def _first(case: Case, price: Floats) -> list[int]:
    """The nodes whose names matter most."""
    return [*units_by_node(case), *stations(case), int(np.nanargmax(price)), int(np.nanargmin(price))]


def _legend(axes: Axes, plan: Layout, flow: Floats, between: float) -> None:
    small = {"s": 60.0}
    axes.scatter([], [], label="station", **(STATION | small))
    axes.scatter([], [], label="units that make heat", **(UNIT | small))
    most = float(np.abs(flow).max(initial=0.0))
    for value in (most, 0.25 * most):
        width = float(_widths(np.array([most, value]), between)[1])
        axes.plot([], [], color=WATER, linewidth=width, label=f"{number(value, 1 if most >= 1.0 else 3)} kg/s of water")
    if (~plan.carrying).any():
        axes.plot([], [], color=DRY, linestyle=(0, (1, 2)), label="out of service")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, borderaxespad=0.0, handletextpad=0.8)


def _bar(figure: Figure, record: Record, price: Floats) -> None:
    scale, height = colours.scale_of(price), float(figure.get_size_inches()[1])
    axes = canvas.axes_at(figure, SIDE + 0.2, 0.48, canvas.WIDTH / 2.0 + 0.2, height - 0.6)
    colours.bar(axes, scale, across=True)
    note = f" ({scale.note})" if scale.note else ""
    mean = "" if record.case.steps == 1 else "mean "
    axes.set_xlabel(f"{mean}price of heat at the nodes, {record.case.currency}/MWh{note}")
