"""Temperatures along the way of the water, from the reference station to the farthest consumer and to the coldest."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.heat.look import RETURN, SUPPLY
from gridpact.report.heat.network import asked, has_heat, stations
from gridpact.report.heat.routes import Route, extreme_steps, routes
from gridpact.report.text import instant, number
from gridpact.results.record import Record

EACH, GAP = 2.7, 0.95  # inches: height of a panel, room for its axis and title
COLD, WARM = "--", "-"


def draw(record: Record) -> Figure | None:
    found = routes(record) if has_heat(record) else []
    if not found:
        return None
    height = canvas.TITLE + 0.3 + len(found) * (EACH + GAP)
    figure = canvas.sheet("Temperatures along the way of the water", height)
    for row, route in enumerate(found):
        top = canvas.TITLE + 0.3 + row * (EACH + GAP) + 0.3
        axes = canvas.axes_at(figure, canvas.LEFT, height - top - EACH, canvas.RIGHT, top)
        _panel(axes, record, route)
        if row == 0:
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.09), ncols=7, borderaxespad=0.3, handletextpad=0.4,
                        columnspacing=1.0)  # fmt: skip
    return figure


def _panel(axes: Axes, record: Record, route: Route) -> None:
    names = record.case.ids("heat_nodes")
    ends = [canvas.short(names[route.nodes[place]]) for place in (0, -1)]
    axes.set_title(
        f"to the {route.why} consumer: from node {ends[0]} to node {ends[1]}, {number(float(route.metres[-1]), 0)} m"
    )
    _limits(axes, record, route)
    supply, back = (_along(record, route, f"{side}_degc") for side in ("supply", "return"))
    coldest, warmest = extreme_steps(record, route)
    steps = {COLD: (coldest, "coldest"), WARM: (warmest, "warmest")}
    for style, (step, words) in steps.items() if coldest != warmest else [(WARM, (warmest, ""))]:
        for name, values, colour in (("supply", supply, SUPPLY), ("return", back, RETURN)):
            label = f"{name}, {words}" if words else name
            axes.plot(
                route.metres, values[:, step], color=colour, linestyle=style, marker="o", markersize=3, label=label
            )
    _stations(axes, record, route, supply[:, warmest])
    _nodes(axes, route, names)
    _finish(axes, record, route, coldest, warmest)


def _along(record: Record, route: Route, column: str) -> Floats:
    return over_time(record.case, record.tables["heat_nodes"], column)[route.nodes]


def _limits(axes: Axes, record: Record, route: Route) -> None:
    """A short line at every node that has a limit, and a band where neighbours have both."""
    for side, colour in (("supply", SUPPLY), ("return", RETURN)):
        low, high = (asked(record.case, f"{side}_{end}_degc")[route.nodes] for end in ("min", "max"))
        axes.fill_between(route.metres, low, high, color=colour, alpha=0.08, linewidth=0.0)
        label = f"{side} limits"
        for limit in (low, high):
            if np.isfinite(limit).any():
                axes.plot(
                    route.metres, limit, color=colour, linewidth=0.9, linestyle=(0, (1, 2)), marker="_", markersize=11,
                    zorder=2, label=label,
                )  # fmt: skip
                label = ""


def _stations(axes: Axes, record: Record, route: Route, supply: Floats) -> None:
    """Squares at stations on the way, where water joins."""
    at = np.isin(route.nodes, stations(record.case))
    axes.plot(route.metres[at], supply[at], "s", color=canvas.BLACK, markersize=8, fillstyle="none", label="station")


def _nodes(axes: Axes, route: Route, names: list[str]) -> None:
    """Names of the nodes below the upper edge, as many as there is room for."""
    inches = canvas.WIDTH - canvas.LEFT - canvas.RIGHT
    taken = -1.0
    for node, metres in zip(route.nodes.tolist(), route.metres.tolist(), strict=True):
        text = canvas.short(names[node])
        width = canvas.text_width(text, 7.5)
        left = (0.01 + 0.98 * metres / float(route.metres[-1])) * inches - width / 2.0
        left = min(max(left, 0.02), inches - width)
        if left > taken:
            axes.text(left / inches, 0.985, text, transform=axes.transAxes, fontsize=7.5, va="top", color="#5b646d")
            taken = left + width + 0.08


def _finish(axes: Axes, record: Record, route: Route, coldest: int, warmest: int) -> None:
    axes.set_ylabel("°C")
    axes.use_sticky_edges = False
    axes.margins(x=0.01, y=0.14)
    moments = [instant(record.case.snapshots[step], record.case) for step in (coldest, warmest)]
    when = f"coldest step {moments[0]}, warmest step {moments[1]}" if coldest != warmest else ""
    against = int((~route.forward.astype(bool)).sum())
    note = f"in {against} of {len(route.pipes)} pipes water flows towards the station" if against else ""
    axes.set_xlabel("; ".join(["m from the station", *filter(None, [when, note])]))
