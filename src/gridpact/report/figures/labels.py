"""Names beside points, as many as there is room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridpact.report.figures.canvas import Floats

TALL = 0.15  # inches of a line of text
AWAY = 0.09  # inches from the middle of a point to its name
AIR = 0.03


@dataclass(frozen=True)
class Box:
    """A rectangle, in inches."""

    left: float
    bottom: float
    right: float
    top: float


def placed(
    points: Floats, widths: Floats, paper: Box, others: Floats, away: Mapping[int, float] | None = None
) -> list[Box | None]:
    """For each point, in order of importance, the box of its name: above, below, right or left of it, else a little
    farther away, else none.

    ``points`` and ``others`` in inches, shape (names, 2) and (points, 2). A name covers no name before it, none of
    the ``others``, and stays on the paper. ``away`` gives the inches from a point to its name where there is a mark:
    such a name matters, and is moved sideways where the paper ends.
    """
    taken = np.empty((0, 4))
    boxes: list[Box | None] = []
    marks = away or {}
    for place, (point, width) in enumerate(zip(points, widths, strict=True)):
        around = _around(point, float(width), marks.get(place, AWAY))
        if place in marks:
            around[2:2] = [_within(box, paper) for box in around[:2]]
        free = (box for box in around if _fits(box, paper, taken, others))
        box = next(free, None)
        boxes.append(box)
        if box is not None:
            taken = np.vstack([taken, [box.left, box.bottom, box.right, box.top]])
    return boxes


def _around(point: Floats, width: float, away: float) -> list[Box]:
    x, y = point.tolist()
    corners = [
        (x + side, y + lift)
        for far in (away, away + 1.5 * AWAY)
        for side, lift in (
            (-width / 2.0, far),
            (-width / 2.0, -far - TALL),
            (far, -TALL / 2.0),
            (-far - width, -TALL / 2.0),
        )
    ]
    return [Box(left, bottom, left + width, bottom + TALL) for left, bottom in corners]


def _within(box: Box, paper: Box) -> Box:
    """The box moved sideways until it is on the paper."""
    shift = max(paper.left - box.left, 0.0) - max(box.right - paper.right, 0.0)
    return Box(box.left + shift, box.bottom, box.right + shift, box.top)


def _fits(box: Box, paper: Box, taken: Floats, others: Floats) -> bool:
    if box.left < paper.left or box.right > paper.right or box.bottom < paper.bottom or box.top > paper.top:
        return False
    apart = (taken[:, 0] > box.right + AIR) | (taken[:, 2] < box.left - AIR)
    apart |= (taken[:, 1] > box.top) | (taken[:, 3] < box.bottom)
    x, y = others.T
    near = AWAY - AIR
    covered = (x > box.left - near) & (x < box.right + near) & (y > box.bottom - near) & (y < box.top + near)
    return bool(apart.all()) and not covered.any()
