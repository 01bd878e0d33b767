"""The network with what is built where: symbols by kind, new lines and ties, and faint what could have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.labels import Box
from gridpact.report.figures.labels import placed as named
from gridpact.report.figures.layout import Layout, layout
from gridpact.report.figures.plan import NAMED, SIDE, bent, ground
from gridpact.report.figures.planning import look, symbols
from gridpact.report.figures.planning.sites import Site, sites, ties, types
from gridpact.report.planning.facts import KINDS, PLANTS, table
from gridpact.results.record import Record

BUILT, OPEN = 0.09, 0.055  # inches: radius of a symbol with units, and of one without
Dash = tuple[float, Sequence[float]]
DOTTED: Dash = (0.0, (1.0, 2.0))
DASHED: Dash = (0.0, (4.0, 1.5))
LONG: Dash = (0.0, (6.0, 3.0))
SOLID: Dash = (0.0, ())
BAND = "#cfe2f1"  # behind a line that could get another type


def draw(record: Record, called: Mapping[int, str] | None = None) -> Figure | None:
    """``called`` are names that some buses have instead of their own."""
    investments = table(record, "investments")
    if investments is None:
        return None
    plan, case = layout(record.case), record.case
    entries = _entries(investments, plan, case)
    rows = canvas.legend_rows(list(entries))
    figure, (x, y), axes = ground(plan, "What is built where", canvas.TITLE + canvas.LEGEND * rows + 0.05, SIDE, 0.4)
    points = np.column_stack([x, y])
    _lines(axes, plan, points)
    _types(axes, case, investments, points[plan.ends])
    _ties(axes, case, investments, points)
    found = sites(case, investments, points, plan.ends)
    middles = _symbols(axes, found, points)
    _buses(axes, case, points, found)
    tied = [*np.ravel(ties(case, investments)[0])]
    _names(
        axes, _called(case, called or {}), case.positions("interfaces", "bus").tolist(), points, middles, found, tied
    )
    columns = -(-len(entries) // rows)
    axes.legend(
        handles=list(entries.values()), labels=list(entries), loc="lower left", bbox_to_anchor=(0.0, 1.0),
        ncols=columns, borderaxespad=0.0, handletextpad=0.5,
    )  # fmt: skip
    return figure


def _lines(axes: Axes, plan: Layout, points: Floats) -> None:
    """What is there: lines of the tree straight, those that close loops dashed, open ones dotted."""
    straight = points[plan.ends]
    closing = plan.carrying & ~plan.tree
    for chosen, style, bend in ((plan.tree, SOLID, False), (closing, DASHED, True), (~plan.carrying, DOTTED, False)):
        segments = bent(straight[chosen]) if bend else straight[chosen]
        axes.add_collection(
            LineCollection(list(segments), colors=look.FAINT, linewidths=1.4, linestyles=style, zorder=2)
        )


def _types(axes: Axes, case: Case, investments: pd.DataFrame, segments: Floats) -> None:
    new, could = types(case, investments)
    axes.add_collection(LineCollection(list(segments[could]), colors=BAND, linewidths=5.0, zorder=1))
    axes.add_collection(
        LineCollection(list(segments[new]), colors=look.NEW_LINE, linewidths=3.6, zorder=3, capstyle="round")
    )


def _ties(axes: Axes, case: Case, investments: pd.DataFrame, points: Floats) -> None:
    new, could = ties(case, investments)
    axes.add_collection(
        LineCollection(
            list(arcs(points[could], paper_of(axes))), colors=look.FAINT, linewidths=1.0, linestyles=LONG, zorder=1
        )
    )
    axes.add_collection(
        LineCollection(
            list(arcs(points[new], paper_of(axes))), colors=look.NEW_TIE, linewidths=2.4, linestyles=DASHED, zorder=3
        )
    )


def arcs(segments: Floats, paper: Floats) -> Floats:
    """Arcs between points, each to the side on which it stays on the paper, if there is one."""
    both = np.stack([bent(segments), bent(segments[:, ::-1])])
    outside = np.maximum(-both, 0.0).sum(axis=(2, 3)) + np.maximum(both - paper, 0.0).sum(axis=(2, 3))
    chosen: Floats = np.where((outside[0] <= outside[1])[:, None, None], both[0], both[1])
    return chosen


def paper_of(axes: Axes) -> Floats:
    """Width and height of the axes, which count inches."""
    return np.array([axes.get_xlim()[1], axes.get_ylim()[1]])


def _symbols(axes: Axes, found: list[Site], points: Floats) -> Floats:
    """Symbols of what is built with its units, hollow ones of what is not; returns their middles."""
    at = np.array([site.point for site in found]).reshape(-1, 2)
    radii = [BUILT if site.units > 0 else OPEN for site in found]
    middles = symbols.placed(at, radii, points, paper_of(axes))
    for site, (x, y), radius in zip(found, middles.tolist(), radii, strict=True):
        symbol = look.SYMBOLS.get(site.kind, look.SYMBOLS["other"])
        if (x, y) != site.point:
            axes.plot([site.point[0], x], [site.point[1], y], color=look.FAINT, linewidth=0.7, zorder=4)
        there = site.units > 0
        axes.scatter(
            [x], [y], s=(2.0 * radius * canvas.POINTS_PER_INCH) ** 2, marker=symbol.marker, zorder=6 if there else 5,
            facecolors=symbol.colour if there else "white", linewidths=0.8 if there else 1.0,
            edgecolors="#1d2329" if there else look.FAINT,
        )  # fmt: skip
        if there and site.kind in PLANTS:
            lift = 0.02 if symbol.marker == "^" else 0.0
            axes.text(x, y - lift, str(site.units), fontsize=7.0, ha="center", va="center_baseline", zorder=7)
    return middles


def _buses(axes: Axes, case: Case, points: Floats, found: list[Site]) -> None:
    """Dots, and a square around every bus at which the network is fed."""
    size = 4.0 if len(points) <= 200 else 2.0
    axes.scatter(points[:, 0], points[:, 1], s=size**2, color=look.INK, zorder=4, linewidths=0.0)
    at = np.unique(case.positions("interfaces", "bus"))
    axes.scatter(
        points[at, 0], points[at, 1], s=190.0, marker="s", facecolors="none", edgecolors=canvas.BLACK, linewidths=1.4,
        zorder=4,
    )  # fmt: skip


def _called(case: Case, other: Mapping[int, str]) -> list[str]:
    """The names of all buses."""
    return [other.get(place, name) for place, name in enumerate(case.ids("buses"))]


def _names(
    axes: Axes,
    called: list[str],
    roots: list[int],
    points: Floats,
    middles: Floats,
    found: list[Site],
    tied: list[int],
) -> None:
    """Names of the buses where something is built, of the root, and of as many others as there is room for."""
    built = [site.bus for site in found if site.bus >= 0 and site.units > 0]
    rest = range(len(called)) if len(called) <= NAMED else []
    order = list(dict.fromkeys([*roots, *built, *tied, *rest]))
    texts = [canvas.short(called[bus]) for bus in order]
    widths = np.array([canvas.text_width(text) for text in texts])
    marks = {place: 0.14 for place, bus in enumerate(order) if bus in {*roots, *built}}
    paper = Box(0.0, 0.0, axes.get_xlim()[1], axes.get_ylim()[1])
    boxes = named(points[order], widths, paper, np.vstack([points, middles, *_around(middles)]), marks)
    for text, box in zip(texts, boxes, strict=True):
        if box is not None:
            axes.text(box.left, box.bottom, text, fontsize=canvas.SMALL, va="bottom", zorder=7)


def _around(middles: Floats) -> list[Floats]:
    """The corners of symbols, which names must not cover either."""
    return [middles + BUILT * np.array(corner) for corner in ((0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7))]


def _entries(investments: pd.DataFrame, plan: Layout, case: Case) -> dict[str, Line2D]:
    """The legend: kinds that are built, then what could be, then what is there."""
    built = set(investments.loc[investments["units"] > 0, "kind"].astype(str))
    could = set(investments.loc[investments["units"] <= 0, "kind"].astype(str))
    found = {KINDS[kind]: _mark(symbol, True) for kind, symbol in look.SYMBOLS.items() if kind in built}
    strokes = {
        "new line type": ("line" in built, _stroke(look.NEW_LINE, SOLID, 3.6)),
        "new tie line": ("tie" in built, _stroke(look.NEW_TIE, DASHED, 2.4)),
        "line type not built": ("line" in could, _stroke(BAND, SOLID, 5.0)),
        "tie line not built": ("tie" in could, _stroke(look.FAINT, LONG, 1.0)),
        "closes a loop": (bool((plan.carrying & ~plan.tree).any()), _stroke(look.FAINT, DASHED, 1.4)),
        "open": (bool((~plan.carrying).any()), _stroke(look.FAINT, DOTTED, 1.4)),
    }
    lines = {name: line for name, (shown, line) in strokes.items() if shown}
    hollow = {"candidate not built": _mark(look.Symbol(look.FAINT, "o"), False)} if could - {"line", "tie"} else {}
    fed = Line2D([], [], linestyle="", marker="s", markersize=10, markerfacecolor="none", markeredgecolor=canvas.BLACK)
    return {**found, **lines, **hollow, **({"interface with the grid": fed} if case.count("interfaces") else {})}


def _stroke(colour: str, dash: Dash, wide: float) -> Line2D:
    return Line2D([], [], color=colour, linestyle=dash, linewidth=wide)


def _mark(symbol: look.Symbol, built: bool) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=symbol.marker, markersize=9 if built else 7,
        markerfacecolor=symbol.colour if built else "white", markeredgecolor="#1d2329" if built else look.FAINT,
    )  # fmt: skip
