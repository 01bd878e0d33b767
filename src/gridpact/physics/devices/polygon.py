"""Operating polygons of combined heat and power plants as their edges.

An edge from one corner to the next, with the polygon at its left, allows  n . (p, h) <= b,  n the unit normal that
points outwards. A polygon without area is a line between its two farthest corners: an equality across it and two
limits along it. A fixed ratio is such a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Area over the square of the largest extent below which a polygon is a line.
FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class Edges:
    """``power`` p + ``heat`` h <= ``bound`` (MW) of the plants ``owner``; an equality where ``is_limit`` is false."""

    owner: Ints
    power: Floats
    heat: Floats
    bound: Floats
    is_limit: NDArray[np.bool_]
    names: list[str]


def corners(case: Case, plant: int) -> tuple[Floats, list[str]]:
    """(p, h) of the corners of a plant, shape (corners, 2), and their names."""
    ratio = case.column("chps", "heat_per_power")[plant]
    if np.isfinite(ratio):
        power = np.array([case.column("chps", name)[plant] for name in ("min_p_mw", "max_p_mw")])
        return np.column_stack([power, ratio * power]), ["min_p_mw", "max_p_mw"]
    own = np.flatnonzero(case.positions("chp_points", "chp") == plant)
    points = np.column_stack([case.column("chp_points", name)[own] for name in ("p_mw", "heat_mw")])
    names = case.ids("chp_points")
    return points, [names[row] for row in own]


def operating_edges(case: Case) -> Edges:
    """The edges of all plants; a loop over plants, each of which has a few corners."""
    parts = [_edges(plant, *corners(case, plant)) for plant in range(case.count("chps"))]
    plants = case.ids("chps")
    return Edges(
        owner=np.concatenate([part.owner for part in parts]),
        power=np.concatenate([part.power for part in parts]),
        heat=np.concatenate([part.heat for part in parts]),
        bound=np.concatenate([part.bound for part in parts]),
        is_limit=np.concatenate([part.is_limit for part in parts]),
        names=[f"{plants[part.owner[0]]}: {name}" for part in parts for name in part.names],
    )


def _edges(plant: int, points: Floats, names: list[str]) -> Edges:
    area = _area(points)
    if abs(area) <= FLAT * float(np.ptp(points, axis=0).max()) ** 2:
        return _line(plant, points, names)
    ordered, labels = (points, names) if area > 0 else (points[::-1], names[::-1])
    following = np.roll(ordered, -1, axis=0)
    along = following - ordered
    longer = np.hypot(*along.T) > 0.0
    normal = (np.column_stack([along[:, 1], -along[:, 0]])[longer].T / np.hypot(*along[longer].T)).T
    ends = [f"{first} to {last}" for first, last in zip(labels, [*labels[1:], labels[0]], strict=True)]
    kept = [name for name, keep in zip(ends, longer, strict=True) if keep]
    return _made(plant, normal, (normal * ordered[longer]).sum(axis=1), np.ones(len(kept), dtype=np.bool_), kept)


def _area(points: Floats) -> float:
    """Positive where the corners go round anticlockwise."""
    following = np.roll(points, -1, axis=0)
    return float(0.5 * (points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]).sum())


def _line(plant: int, points: Floats, names: list[str]) -> Edges:
    apart = np.hypot(*(points - points[0]).T)
    last = int(np.argmax(apart))
    first = int(np.argmax(np.hypot(*(points - points[last]).T)))
    along = (points[last] - points[first]) / np.hypot(*(points[last] - points[first]))
    across = np.array([along[1], -along[0]])
    normal = np.array([across, along, -along])
    bound = np.array([across @ points[first], along @ points[last], -along @ points[first]])
    labels = [f"{names[first]} to {names[last]}", f"up to {names[last]}", f"down to {names[first]}"]
    return _made(plant, normal, bound, np.array([False, True, True]), labels)


def _made(plant: int, normal: Floats, bound: Floats, is_limit: NDArray[np.bool_], names: list[str]) -> Edges:
    return Edges(np.full(bound.size, plant), normal[:, 0], normal[:, 1], bound, is_limit, names)
