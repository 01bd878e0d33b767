"""Squared Euclidean distances, and ways through them that never hold more than a block.

|x - c|^2 = |x|^2 - 2 x'c + |c|^2
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.planning.scenarios.days import Floats

BLOCK = 4_000_000  # distances held at once: 32 MB


def squared_distances(points: Floats, others: Floats, own: Floats | None = None) -> Floats:
    """Between (n, d) points and (m, d) others; shape (n, m), never negative. ``own``: |x|^2 where it is known."""
    squares: Floats = points @ (-2.0 * others.T)
    squares += (squared_norms(points) if own is None else own)[:, None]
    squares += squared_norms(others)
    np.maximum(squares, 0.0, out=squares)
    return squares


def squared_norms(points: Floats) -> Floats:
    """|x|^2 of (n, d) points, shape (n,)."""
    return np.asarray(np.einsum("nd,nd->n", points, points))


def blocks(points: Floats) -> Iterator[tuple[slice, Floats]]:
    """Rows of the (n, n) squared distances, a block of rows at a time."""
    rows = max(1, BLOCK // max(1, len(points)))
    for begin in range(0, len(points), rows):
        part = slice(begin, min(begin + rows, len(points)))
        squares = squared_distances(points[part], points)
        squares[np.arange(part.stop - begin), np.arange(begin, part.stop)] = 0.0  # not what rounding leaves
        yield part, squares
