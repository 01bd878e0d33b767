"""Where the symbols of a map stand: at their point if it is free, else beside it on a line that leads there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.layout import Flags

AIR, DOT = 0.02, 0.05  # inches: between symbols, radius of the dot of a bus
RINGS = (0.2, 0.3, 0.42, 0.56, 0.72)  # inches from the point
ANGLES = np.radians([90.0, 0.0, 180.0, 270.0, 45.0, 135.0, 315.0, 225.0])
OFFSETS = np.vstack([[[0.0, 0.0]], *(radius * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]) for radius in RINGS)])


def placed(points: Floats, radii: Sequence[float], buses: Floats, paper: Floats) -> Floats:
    """Middles of the symbols of these points, in order of importance; inches, shape (symbols, 2).

    No symbol covers another one, as long as there is any place for it, nor the dot of another bus where that can be.
    ``paper`` is the width and height there is.
    """
    middles = np.empty((0, 2))
    for point, radius in zip(points, radii, strict=True):
        places = point + OFFSETS
        gaps = np.array(radii[: len(middles)]) + radius + AIR
        room: Flags = _inside(places, radius, paper) & _apart(places, middles, gaps)
        others = buses[np.abs(buses - point).sum(axis=1) > 1e-6]
        best: Flags = room & _apart(places, others, np.full(len(others), radius + DOT))
        chosen = int((best if best.any() else room).argmax())
        middles = np.vstack([middles, places[chosen]])
    return middles


def _inside(places: Floats, radius: float, paper: Floats) -> Flags:
    return np.asarray(((places >= radius) & (places <= paper - radius)).all(axis=1), dtype=np.bool_)


def _apart(places: Floats, others: Floats, least: Floats) -> Flags:
    """Which places are at least so far from each of the others."""
    distance = np.linalg.norm(places[:, None] - others[None], axis=2)
    return np.asarray((distance >= least).all(axis=1), dtype=np.bool_)
