"""What kind of polygon corners make, in the order in which they are given."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gridpact.case.case import Floats

Shape = Literal["point", "line", "convex", "not in order", "not convex"]
# Relative room for corners that are on a line on paper.
ROUNDING = 1e-9


def shape_of(corners: Floats) -> tuple[Shape, int]:
    """What the corners, shape (k, 2), make; and the corner to blame where they are not convex, else 0.

    Corners on a line make a line, in whatever order. "not in order": another order makes them convex.
    """
    size = np.abs(corners - corners[0]).max(initial=0.0)
    if size == 0.0:
        return "point", 0
    if _flat(corners, size):
        return "line", 0
    turns, around = _turns(corners, size)
    if (turns >= 0.0).all() and abs(around) == 1:
        return "convex", 0
    order = _by_angle(corners)
    turns, _ = _turns(corners[order], size)
    return ("not in order", 0) if (turns >= 0.0).all() else ("not convex", int(order[turns.argmin()]))


def _flat(corners: Floats, size: float) -> bool:
    """Whether all corners lie on one line: that from the first to the one farthest from it."""
    away = (corners - corners[0]) / size
    far = away[np.hypot(*away.T).argmax()]
    return bool((np.abs(away[:, 0] * far[1] - away[:, 1] * far[0]) <= ROUNDING).all())


def _turns(corners: Floats, size: float) -> tuple[Floats, int]:
    """Turn at each corner, positive in the direction of most of the way; and how often the way goes around in all."""
    edge = (np.roll(corners, -1, axis=0) - corners) / size
    before = np.roll(edge, 1, axis=0)
    cross = before[:, 0] * edge[:, 1] - before[:, 1] * edge[:, 0]
    turn = np.arctan2(cross, (before * edge).sum(axis=1))
    turn[np.abs(cross) <= ROUNDING] = np.where((before * edge).sum(axis=1) < 0.0, np.pi, 0.0)[np.abs(cross) <= ROUNDING]
    around = int(np.rint(turn.sum() / (2.0 * np.pi)))
    return np.asarray(turn * (1 if turn.sum() >= 0.0 else -1), dtype=np.float64), around


def _by_angle(corners: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The corners in order around their middle."""
    away = corners - corners.mean(axis=0)
    return np.argsort(np.arctan2(away[:, 1], away[:, 0]), kind="stable")
