"""The plan of a network on paper: room for it, points coloured by price, arcs that close loops, names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.layout import Layout

SIDE = 0.12  # inches: air at the sides
LOWEST, HIGHEST, PER_ROW = 3.4, 8.0, 0.34  # inches of the figure
NAMED = 60  # buses: all have names up to here
ROOM, MARK = 0.3, 0.2  # inches: for names at the edges, from the middle of a mark to its name


def subtitle(figure: Figure, text: str) -> None:
    figure.text(0.005, 1.0 - 0.36 / figure.get_size_inches()[1], text, va="top", fontsize=9.5, color="#3a3f44")


def ground(
    plan: Layout, title: str, above: float, below: float, room: float = ROOM
) -> tuple[Figure, tuple[Floats, Floats], Axes]:
    """The figure, the buses in inches on its axes, and these axes, which count inches.

    ``above`` and ``below`` the network are so many inches for legends, and ``room`` around it for names.
    """
    width = canvas.WIDTH - 2 * SIDE
    wide, tall = max(float(np.ptp(plan.x)), 1e-12), float(np.ptp(plan.y))
    wanted = width * tall / wide if plan.mapped else PER_ROW * (tall + 1.0)
    figure = canvas.sheet(title, float(np.clip(wanted + above + below, LOWEST, HIGHEST)))
    height = float(figure.get_size_inches()[1]) - above - below
    axes = canvas.axes_at(figure, SIDE, below, SIDE, above)
    axes.set(xlim=(0.0, width), ylim=(0.0, height))
    axes.axis("off")
    scale = np.array([(width - 2 * room) / wide, (height - 2 * room) / max(tall, 1e-12)])
    scale = np.full(2, scale.min()) if plan.mapped else scale
    middle = np.array([plan.x.min() + plan.x.max(), plan.y.min() + plan.y.max()]) / 2.0
    x, y = ((np.column_stack([plan.x, plan.y]) - middle) * scale + np.array([width, height]) / 2.0).T
    return figure, (x, y), axes


def spacing(plan: Layout, x: Floats, y: Floats) -> float:
    """How far neighbours stand apart, in inches: steps of a tree; on a map somewhat less than if spread evenly."""
    if plan.mapped:
        return float(0.35 * np.sqrt(np.ptp(x) * np.ptp(y) / len(x))) or 0.05
    steps = [float(np.ptp(x)) / max(np.ptp(plan.x), 1.0), float(np.ptp(y)) / max(np.ptp(plan.y), 1.0)]
    return min((step for step in steps if step > 0.0), default=1.0)


def dots(axes: Axes, x: Floats, y: Floats, price: Floats, between: float) -> None:
    """The buses, coloured by price; ``between`` is their spacing."""
    scale = colours.scale_of(price)
    size = float(np.clip(38.0 * between, 3.0, 10.0))
    axes.scatter(
        x, y, s=size**2, c=price, cmap=scale.map, norm=scale.norm, zorder=5,
        edgecolors="#1d2329", linewidths=0.7 if size > 4.0 else 0.0,
    )  # fmt: skip


def bent(segments: Floats) -> Floats:
    """Arcs beside the straight lines, so that they pass beside the buses between; shape (lines, 15, 2)."""
    along = np.linspace(0.0, 1.0, 15)[None, :, None]
    start, span = segments[:, None, 0], segments[:, None, 1] - segments[:, None, 0]
    across = np.stack([-span[..., 1], span[..., 0]], axis=-1)
    bent: Floats = start + along * span + 0.8 * along * (1.0 - along) * across
    return bent


def names(
    axes: Axes,
    called: Sequence[str],
    plan: Layout,
    points: Floats,
    first: Sequence[int],
    texts: Mapping[int, str] | None = None,
) -> None:
    """Names of the buses that matter most, and of as many others as there is room for where buses are few.

    ``texts`` says what stands instead of a name, beside a mark.
    """
    ends = np.bincount(plan.ends[plan.carrying].ravel(), minlength=len(called))
    rest = np.argsort(ends, kind="stable").tolist() if len(called) <= NAMED else []
    order = list(dict.fromkeys([*first, *rest]))
    marked = dict(texts or {})
    shown = [marked.get(bus, canvas.short(called[bus])) for bus in order]
    widths = np.array([canvas.text_width(text) for text in shown])
    away = {place: MARK for place, bus in enumerate(order) if bus in marked}
    boxes = placed(points[order], widths, Box(0.0, 0.0, axes.get_xlim()[1], axes.get_ylim()[1]), points, away)
    for text, box in zip(shown, boxes, strict=True):
        if box is not None:
            axes.text(box.left, box.bottom, text, fontsize=canvas.SMALL, va="bottom", zorder=7)
