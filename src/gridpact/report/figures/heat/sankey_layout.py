"""Where the boxes and bands of a Sankey diagram stand: columns from sources to sinks, heights, no box over another.

A band that passes columns keeps a place in each of them, as a box without a name. Boxes are ordered by the mean place
of their neighbours, then moved towards these as far as there is room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 12
AIR = 0.14  # inches between boxes
END_LABEL = 0.36  # inches that the label beside a box takes
PASSING = ""  # the name of a box that is only passed


@dataclass(eq=False)
class Box:
    """A box of a column: its energy, the room above it for a label, and the middle of its bar in inches from below."""

    name: str
    rank: int
    value: float
    above: float = 0.0
    least: float = 0.0
    middle: float = 0.0
    before: list[Piece] = field(default_factory=list)
    after: list[Piece] = field(default_factory=list)

    def tall(self, scale: float) -> float:
        """The height it needs."""
        return max(self.value * scale, self.least) + self.above


@dataclass(eq=False)
class Piece:
    """A band between boxes of neighbouring columns; ``first`` and ``last`` name the arrow it is a piece of."""

    start: Box
    end: Box
    value: float
    first: str
    last: str


@dataclass(eq=False)
class Plan:
    """All boxes by column, from the top, all pieces, and inches per MWh."""

    columns: list[list[Box]]
    pieces: list[Piece]
    scale: float


Arrow = tuple[str, str, float]


def ranks(arrows: Sequence[Arrow]) -> dict[str, int]:
    """Column of each name: sources first, sinks last, all others one behind the last that flows into them."""
    names = list(dict.fromkeys(name for source, target, _ in arrows for name in (source, target)))
    rank = dict.fromkeys(names, 0)
    for _ in names:  # as many rounds as the longest way can have steps, so that a circle ends too
        for source, target, _ in arrows:
            rank[target] = min(max(rank[target], rank[source] + 1), len(names))
    sources = {source for source, _, _ in arrows}
    last = max(rank.values(), default=0)
    return {name: place if name in sources else last for name, place in rank.items()}


def arranged(arrows: Sequence[Arrow], height: float, above: Callable[[str], float]) -> Plan:
    """Boxes and bands for so many inches of height; ``above`` gives the room for the label on a box in the middle."""
    columns, pieces = _boxes(arrows, above)
    scale = _scale(columns, height)
    _order(columns)
    _place(columns, scale, height)
    return Plan(columns, pieces, scale)


def _boxes(arrows: Sequence[Arrow], above: Callable[[str], float]) -> tuple[list[list[Box]], list[Piece]]:
    rank = ranks(arrows)
    last = max(rank.values(), default=0)
    columns: list[list[Box]] = [[] for _ in range(last + 1)]
    boxes: dict[str, Box] = {}
    for name, place in rank.items():
        taken, given = (sum(value for *ends, value in arrows if ends[side] == name) for side in (1, 0))
        end = place in (0, last)
        boxes[name] = Box(name, place, max(taken, given), 0.0 if end else above(name), END_LABEL if end else 0.0)
        columns[place].append(boxes[name])
    pieces = [piece for arrow in arrows for piece in _pieces(arrow, boxes, columns)]
    return columns, pieces


def _pieces(arrow: Arrow, boxes: dict[str, Box], columns: list[list[Box]]) -> list[Piece]:
    """The arrow from column to column."""
    source, target, value = arrow
    way = [boxes[source]]
    for rank in range(boxes[source].rank + 1, boxes[target].rank):
        way.append(Box(PASSING, rank, value))
        columns[rank].append(way[-1])
    way.append(boxes[target])
    pieces = [Piece(a, b, value, source, target) for a, b in pairwise(way)]
    for piece in pieces:
        piece.start.after.append(piece)
        piece.end.before.append(piece)
    return pieces


def _scale(columns: list[list[Box]], height: float) -> float:
    """The largest number of inches per MWh at which every column fits."""
    low, high = 0.0, height / max(max(box.value for box in column) for column in columns)
    for _ in range(60):
        middle = (low + high) / 2.0
        fits = all(_needed(column, middle) <= height for column in columns)
        low, high = (middle, high) if fits else (low, middle)
    return low


def _needed(column: list[Box], scale: float) -> float:
    return sum(box.tall(scale) for box in column) + AIR * (len(column) - 1)


def _order(columns: list[list[Box]]) -> None:
    """By the mean place of the neighbours on one side, then on the other, some times over."""
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        place = {id(box): k / max(len(column), 1) for column in columns for k, box in enumerate(column)}
        for column in columns if forward else columns[::-1]:
            column.sort(key=lambda box: _mean(box, forward, place))
            place |= {id(box): k / max(len(column), 1) for k, box in enumerate(column)}


def _mean(box: Box, forward: bool, place: dict[int, float]) -> float:
    beside = [(piece.start, piece.value) for piece in box.before] if forward else []
    beside = beside or [(piece.end, piece.value) for piece in box.after]
    beside = beside or [(piece.start, piece.value) for piece in box.before]
    weight = sum(value for _, value in beside)
    return sum(place[id(other)] * value for other, value in beside) / weight


def _place(columns: list[list[Box]], scale: float, height: float) -> None:
    """Every column in the middle first; then towards the neighbours, keeping order and air."""
    for column in columns:
        _stack(column, scale, (height + _needed(column, scale)) / 2.0)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_wanted(box) for box in column]
            _settle(column, wanted, scale, height)


def _stack(column: list[Box], scale: float, top: float) -> None:
    for box in column:
        box.middle = top - box.above - (box.tall(scale) - box.above) / 2.0
        top -= box.tall(scale) + AIR


def _wanted(box: Box) -> float:
    beside = [(p.start.middle, p.value) for p in box.before] + [(p.end.middle, p.value) for p in box.after]
    return sum(middle * value for middle, value in beside) / sum(value for _, value in beside)


def _settle(column: list[Box], wanted: list[float], scale: float, height: float) -> None:
    """As near to the wanted places as order and room allow: pushed down from the top, then up from below."""
    ceiling = height
    for box, middle in zip(column, wanted, strict=True):
        bar = (box.tall(scale) - box.above) / 2.0
        box.middle = min(middle, ceiling - box.above - bar)
        ceiling = box.middle - bar - AIR
    floor = 0.0
    for box in reversed(column):
        bar = (box.tall(scale) - box.above) / 2.0
        box.middle = max(box.middle, floor + bar)
        floor = box.middle + bar + box.above + AIR
