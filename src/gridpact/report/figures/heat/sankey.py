"""Where the energy of the district comes from and goes to: bands as wide as the energy, from sources to sinks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from gridpact.report.figures import canvas
from gridpact.report.figures.heat.look import ELECTRICITY, HEAT, SLATE
from gridpact.report.figures.heat.sankey_layout import PASSING, Arrow, Box, Plan, arranged, ranks
from gridpact.report.heat.energy import arrows, split
from gridpact.report.heat.network import has_heat
from gridpact.report.text import number
from gridpact.results.record import Record

POWER, WARM, FUEL, AMBIENT = "electricity network", "heat network", "fuel", "ambient heat"
CARRIERS = {
    "electricity": ELECTRICITY,
    "heat": HEAT,
    "fuel": "#7a7f85",
    "ambient heat": canvas.GREEN,
    "lost": "#b9bec4",
}
LOST = ("conversion losses", "network losses", "pipe losses")
SIDE, BAR, LINE = 1.75, 0.13, 0.165  # inches: labels at the sides, width of a box, height of a line of text
PER_BOX, LOWEST, HIGHEST = 0.5, 3.2, 6.5
CAPTION = 150  # letters of a line below the diagram
INK = "#1d2329"
Point = tuple[float, float]


def draw(record: Record) -> Figure | None:
    if not has_heat(record) or "energy_flows" not in record.tables:
        return None
    flows, tiny = split(arrows(record))
    if flows.empty:
        return None
    listed = [(str(a), str(b), float(value)) for a, b, value in flows.itertuples(index=False)]
    notes = _notes(tiny.itertuples(index=False))
    below = 0.2 + LINE * len(notes)
    height = _height(listed)
    figure = canvas.sheet(
        "Where the energy of the district comes from and goes to", canvas.TITLE + 0.42 + height + below
    )
    axes = canvas.axes_at(figure, 0.0, below, 0.0, canvas.TITLE + 0.42)
    axes.set(xlim=(0.0, canvas.WIDTH), ylim=(0.0, height))
    axes.axis("off")
    _diagram(axes, listed, height)
    _legend(axes, listed)
    for row, text in enumerate(notes):
        y = (below - 0.12 - row * LINE) / float(figure.get_size_inches()[1])
        figure.text(0.005, y, text, fontsize=canvas.SMALL, color=SLATE, va="top")
    return figure


def carrier(source: str, target: str) -> str:
    """What flows along an arrow."""
    if target in LOST:
        return "lost"
    if WARM in (source, target):
        return "heat"
    if POWER in (source, target):
        return "electricity"
    return AMBIENT if source == AMBIENT else "fuel" if source == FUEL else "electricity"


def _height(listed: Sequence[Arrow]) -> float:
    """Room for the labels of the fullest column."""
    columns = np.bincount(list(ranks(listed).values()))
    return float(np.clip(PER_BOX * columns.max() + 1.4, LOWEST, HIGHEST))


def _diagram(axes: Axes, listed: Sequence[Arrow], height: float) -> None:
    last = max(ranks(listed).values())
    between = (canvas.WIDTH - 2.0 * SIDE - BAR) / last
    plan = arranged(listed, height - 0.05, lambda name: LINE * len(_lines(name, 0.0, between)) + 0.05)
    left = {id(box): SIDE + box.rank * between for column in plan.columns for box in column}
    _bands(axes, plan, left)
    for column in plan.columns:
        for box in column:
            if box.name != PASSING:
                _box(axes, box, left[id(box)], plan.scale, between, last)


def _bands(axes: Axes, plan: Plan, left: dict[int, float]) -> None:
    """Every arrow as one band; its energy at its beginning where its ends have other bands too."""
    starts, ends = _corners(plan, starting=True), _corners(plan, starting=False)
    for (source, target), group in groupby(plan.pieces, key=lambda piece: (piece.first, piece.last)):
        pieces = list(group)
        first, half = pieces[0], pieces[0].value * plan.scale / 2.0
        way = [
            ((left[id(piece.start)] + BAR, starts[id(piece)]), (left[id(piece.end)], ends[id(piece)]))
            for piece in pieces
        ]
        colour = CARRIERS[carrier(source, target)]
        axes.add_patch(PathPatch(_band(way, half), facecolor=colour, alpha=0.5, linewidth=0.0, zorder=2))
        if len(first.start.after) > 1 and _inflows(plan, target) > 1 and 2.0 * half > LINE:
            x, y = way[0][0]
            axes.text(
                x + 0.06,
                y,
                number(first.value, 1 if first.value >= 10.0 else 2),
                fontsize=7.5,
                va="center_baseline",
                color=INK,
                zorder=5,
            )


def _inflows(plan: Plan, name: str) -> int:
    return sum(len(box.before) for column in plan.columns for box in column if box.name == name)


def _corners(plan: Plan, starting: bool) -> dict[int, float]:
    """Middle of every piece where it leaves (or reaches) its box: those to higher boxes above."""
    found: dict[int, float] = {}
    for column in plan.columns:
        for box in column:
            beside = box.after if starting else box.before
            beside = sorted(beside, key=lambda piece: -(piece.end if starting else piece.start).middle)
            top = box.middle + box.value * plan.scale / 2.0
            for piece in beside:
                found[id(piece)] = top - piece.value * plan.scale / 2.0
                top -= piece.value * plan.scale
    return found


def _band(way: Sequence[tuple[Point, Point]], half: float) -> Path:
    """A band of the same height everywhere that leaves and reaches boxes level, and passes others straight."""
    upper = [point for piece in way for point in _edge(*piece, half)]
    lower = [point for a, b in reversed(way) for point in _edge(b, a, -half)]
    curve = [Path.LINETO, *[Path.CURVE4] * 3]
    codes = np.array(curve * 2 * len(way), dtype=np.uint8)
    codes[0] = Path.MOVETO
    return Path(np.array([*upper, *lower]), codes)


def _edge(a: Point, b: Point, shift: float) -> list[Point]:
    middle = (a[0] + b[0]) / 2.0
    return [(a[0], a[1] + shift), (middle, a[1] + shift), (middle, b[1] + shift), (b[0], b[1] + shift)]


def _box(axes: Axes, box: Box, left: float, scale: float, between: float, last: int) -> None:
    """The box, with its label at the left of sources, at the right of sinks, and on top of all others."""
    tall = box.value * scale
    axes.add_patch(Rectangle((left, box.middle - tall / 2.0), BAR, tall, facecolor=SLATE, linewidth=0.0, zorder=3))
    style: dict[str, Any] = {"fontsize": canvas.SMALL, "zorder": 6, "linespacing": 1.15}
    if box.rank in (0, last):
        x, side = (left - 0.08, "right") if box.rank == 0 else (left + BAR + 0.08, "left")
        text = "\n".join(_lines(box.name, box.value, SIDE - 0.12))
        axes.text(x, box.middle, text, ha=side, va="center", **style)
        return
    text = "\n".join(_lines(box.name, box.value, between))
    axes.text(left + BAR / 2.0, box.middle + tall / 2.0 + 0.04, text, ha="center", va="bottom", **style)


def _lines(name: str, value: float, width: float) -> list[str]:
    """The name in lines no wider than so many inches where its words allow, and the energy."""
    lines = [""]
    for word in name.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if canvas.text_width(longer) <= width - 0.1 or not lines[-1] else [*lines, word]
    return [*lines, f"{number(value, 1 if value >= 10.0 else 2)} MWh"]


def _legend(axes: Axes, listed: Sequence[Arrow]) -> None:
    there = {carrier(source, target) for source, target, _ in listed}
    handles = [Patch(color=colour, alpha=0.5, label=name) for name, colour in CARRIERS.items() if name in there]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, borderaxespad=0.3)


def _notes(tiny: Iterable[Any]) -> list[str]:
    """What is too thin to be drawn, in lines."""
    told = [f"{source} to {target} {value:.3g} MWh" for source, target, value in tiny]
    lines: list[str] = []
    for text in told:
        first = "Not drawn, below 0.1 % of what enters: " if not lines else ""
        longer = f"{lines[-1]}; {text}" if lines else first + text
        lines = [*lines[:-1], longer] if len(longer) <= CAPTION else [*lines, text]
    return lines
