"""Where a combined heat and power plant can operate: corners (p, h), and distances and best points of their polygon.

A polygon is walked round anticlockwise; two corners, or corners in a row, make a line with no width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Polygon:
    """``corners`` (k, 2) in order, the first not repeated, and their names; of a line its two ends."""

    corners: Floats
    names: list[str]

    @property
    def is_line(self) -> bool:
        return len(self.corners) == 2

    def edges(self) -> tuple[Floats, Floats]:
        """Starts and directions of the edges, (k, 2); a line has one, a corner that stands there twice none between."""
        ways = np.roll(self.corners, -1, axis=0) - self.corners
        long = np.any(ways != 0.0, axis=1) & (np.arange(len(ways)) < (1 if self.is_line else len(ways)))
        return self.corners[long], ways[long]


@dataclass(frozen=True)
class Edge:
    """A limit ``power`` p + ``heat`` h <= ``bound`` of a plant, MW; a unit normal that points outwards."""

    plant: int
    name: str
    power: float
    heat: float
    bound: float


def polygon(case: Case, plant: int) -> Polygon:
    """The operating polygon of one plant of the case, MW."""
    ratio = float(case.column("chps", "heat_per_power")[plant])
    if np.isfinite(ratio):
        power = np.array([case.column("chps", f"{end}_p_mw")[plant] for end in ("min", "max")])
        return Polygon(np.column_stack([power, ratio * power]), ["min_p_mw", "max_p_mw"])
    own = np.flatnonzero(case.positions("chp_points", "chp") == plant)
    points = np.column_stack([case.column("chp_points", name)[own] for name in ("p_mw", "heat_mw")])
    names = case.ids("chp_points")
    return _walked(points, [names[row] for row in own])


def _walked(points: Floats, names: list[str]) -> Polygon:
    after = np.roll(points, -1, axis=0)
    area = 0.5 * float((points[:, 0] * after[:, 1] - points[:, 1] * after[:, 0]).sum())
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    if abs(area) <= 1e-9 * float(apart.max()) ** 2:
        ends = [int(end) for end in np.unravel_index(int(np.argmax(apart)), apart.shape)]
        return Polygon(points[ends], [names[end] for end in ends])
    return Polygon(points, names) if area > 0.0 else Polygon(points[::-1], names[::-1])


def named_edges(case: Case, plant: int) -> list[Edge]:
    """The limits that the edges of a plant's polygon are; those along a line count from either end."""
    shape, name = polygon(case, plant), case.ids("chps")[plant]
    found = []
    for k, (start, end) in enumerate(zip(shape.corners, np.roll(shape.corners, -1, axis=0), strict=True)):
        length = float(np.hypot(*(end - start)))
        if length == 0.0:
            continue
        way, ends = (end - start) / length, (shape.names[k], shape.names[(k + 1) % len(shape.names)])
        if shape.is_line:
            words = [f"{name}: {side} to {ends[1]}" for side in ("up", "down")]
            found += [Edge(plant, word, way[0], way[1], float(way @ end)) for word in words]
        else:
            label = f"{name}: {ends[0]} to {ends[1]}"
            found.append(Edge(plant, label, way[1], -way[0], float(way[1] * start[0] - way[0] * start[1])))
    return found


def outside(shape: Polygon, p: Floats, h: Floats) -> Floats:
    """How far each point (p, h) is outside, MW."""
    starts, ways = shape.edges()
    length = np.maximum(np.hypot(*ways.T), 1e-300)[:, None]
    off_p, off_h = p[None] - starts[:, :1], h[None] - starts[:, 1:]
    across = (ways[:, 1:] * off_p - ways[:, :1] * off_h) / length
    if not shape.is_line:
        return np.asarray(np.maximum(across.max(axis=0), 0.0))
    along = (ways[:, :1] * off_p + ways[:, 1:] * off_h) / length
    beyond: Floats = np.maximum(np.maximum(-along, along - length), 0.0)
    return np.asarray(np.hypot(across, beyond)[0])


@dataclass(frozen=True, eq=False)
class Profit:
    """a p + b h - c p^2 - d h^2 - x p h of every step, concave; ``a`` and ``b`` (steps,), the others numbers."""

    a: Floats
    b: Floats
    c: float
    d: float
    x: float

    def at(self, p: Floats, h: Floats) -> Floats:
        """Profit at points whose last axis is that of the steps."""
        worth: Floats = self.a * p + self.b * h - self.c * p**2 - self.d * h**2 - self.x * p * h
        return worth


def best_profit(shape: Polygon, profit: Profit) -> Floats:
    """Most that can be earned in the polygon, (steps,): at a corner, on an edge or inside."""
    found = [profit.at(*point[:, None]) for point in shape.corners]
    for start, way in zip(*shape.edges(), strict=True):
        found.append(_on_edge(profit, start, way))
    if not shape.is_line:
        found.append(_inside(shape, profit))
    return np.asarray(np.max(found, axis=0))


def _on_edge(profit: Profit, start: Floats, way: Floats) -> Floats:
    """Best on start + t way, 0 <= t <= 1: slope - 2 bend t = 0."""
    bend = profit.c * way[0] ** 2 + profit.d * way[1] ** 2 + profit.x * way[0] * way[1]
    slope = profit.a * way[0] + profit.b * way[1]
    slope = slope - 2.0 * profit.c * start[0] * way[0] - 2.0 * profit.d * start[1] * way[1]
    slope = slope - profit.x * (start[0] * way[1] + start[1] * way[0])
    t = np.clip(slope / (2.0 * bend), 0.0, 1.0) if bend > 0.0 else np.where(slope > 0.0, 1.0, 0.0)
    return profit.at(start[0] + t * way[0], start[1] + t * way[1])


def _inside(shape: Polygon, profit: Profit) -> Floats:
    """Where both slopes are nothing, if that is inside the polygon."""
    nothing = np.full_like(profit.a, -np.inf)
    square = np.array([[2.0 * profit.c, profit.x], [profit.x, 2.0 * profit.d]])
    if np.linalg.det(square) <= 1e-12 * float(np.abs(square).max()) ** 2:
        return nothing
    p, h = np.linalg.solve(square, np.stack([profit.a, profit.b]))
    return np.where(outside(shape, p, h) == 0.0, profit.at(p, h), nothing)
