"""Whether phase shifts matter in a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Degrees; vector groups and taps are given with a few decimals.
SAME_ANGLE = 1e-6


def shifts_matter(count: int, start: Ints, end: Ints, shift: Floats) -> bool:
    """Whether phase shifts (degrees, from start to end) add up to something other than zero around a loop.

    Where they do not, every node can be given an angle that takes them all up, and flows do not depend on them.
    """
    angle = _angles(count, start, end, shift)
    rest = angle[start] - angle[end] - shift
    return bool((np.abs((rest + 180.0) % 360.0 - 180.0) > SAME_ANGLE).any())


def _angles(count: int, start: Ints, end: Ints, shift: Floats) -> Floats:
    """Angles of the nodes that follow from the shifts along a tree through each component."""
    beside: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for first, last, turn in zip(start.tolist(), end.tolist(), shift.tolist(), strict=True):
        beside[first].append((last, -turn))
        beside[last].append((first, turn))
    angle = np.full(count, np.nan)
    for root in range(count):
        if np.isnan(angle[root]):
            angle[root] = 0.0
            waiting = [root]
            while waiting:
                node = waiting.pop()
                for other, turn in beside[node]:
                    if np.isnan(angle[other]):
                        angle[other] = angle[node] + turn
                        waiting.append(other)
    return angle
