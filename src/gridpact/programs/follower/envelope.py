"""The payment price(z) x z over a range of price steps, and its lower convex envelope.

On a step the payment is linear in z; where the price rises linearly from piece to piece it is convex in z on each of
them. The envelope over several pieces is the lower hull of the payments at their ends. A rising piece enters it by
tangents, whose corners lie below the payment: the hull stays a lower bound, and is exact on a single piece, where
the square itself is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.follower.price_steps import PriceSteps

Floats = NDArray[np.float64]
TANGENTS = 8


@dataclass(frozen=True, eq=False)
class Envelope:
    """Payment >= max over rows of ``slopes x z + offsets`` + ``square x z^2`` for ``low`` <= z <= ``high``."""

    low: float
    high: float
    slopes: Floats
    offsets: Floats
    square: float = 0.0

    def at(self, z: float) -> float:
        return float((self.slopes * z + self.offsets).max() + self.square * z * z)


def envelope(steps: PriceSteps, first: int, last: int) -> Envelope:
    """Lower convex envelope of the payment over the pieces ``first`` to ``last``."""
    low, high = float(steps.edges[first]), float(steps.edges[last + 1])
    if first == last:
        rise = float(steps.slope()[first])
        price = steps.first[first] - rise * low
        return Envelope(low, high, np.array([price]), np.zeros(1), rise)
    z, payment = _lower_hull(*_corners(steps, first, last))
    slopes = np.diff(payment) / np.diff(z)
    return Envelope(low, high, slopes, payment[:-1] - slopes * z[:-1])


def _corners(steps: PriceSteps, first: int, last: int) -> tuple[Floats, Floats]:
    """Points on or below the payment whose hull is a lower bound of it: ends of pieces, corners of tangents."""
    begin, end = steps.edges[first : last + 1], steps.edges[first + 1 : last + 2]
    rise = steps.slope()[first : last + 1]
    price = steps.first[first : last + 1] - rise * begin
    touched = begin[:, None] + (end - begin)[:, None] * np.linspace(0.0, 1.0, TANGENTS)
    corners = 0.5 * (touched[:, 1:] + touched[:, :-1])
    below = price[:, None] * corners + rise[:, None] * touched[:, 1:] * touched[:, :-1]
    ends = np.column_stack([begin, end])
    payments = price[:, None] * ends + rise[:, None] * ends**2
    curved = np.abs(rise) * (end - begin) > 0.0
    return (
        np.concatenate([ends.ravel(), corners[curved].ravel()]),
        np.concatenate([payments.ravel(), below[curved].ravel()]),
    )


def _lower_hull(z: Floats, payment: Floats) -> tuple[Floats, Floats]:
    """Corners of the lower convex hull, from left to right (Andrew's monotone chain)."""
    order = np.lexsort((payment, z))
    hull: list[int] = []
    for point in order.tolist():
        if hull and z[point] - z[hull[-1]] <= 0.0:
            continue
        while len(hull) > 1 and _turns_down(z, payment, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return z[hull], payment[hull]


def _turns_down(z: Floats, payment: Floats, one: int, two: int, three: int) -> bool:
    """Whether ``two`` lies on or above the line from ``one`` to ``three``."""
    cross = (z[two] - z[one]) * (payment[three] - payment[one]) - (payment[two] - payment[one]) * (z[three] - z[one])
    return bool(cross <= 0.0)
