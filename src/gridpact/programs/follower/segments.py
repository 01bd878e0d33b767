"""The product of a price and a quantity, piece by piece of the quantity's range: a relaxation with a known error.

    z = sum_j z_j,   price = sum_j l_j,   sum_j d_j = 1,   d_j 0 or 1          with edges e_0 < ... < e_n of z
    e_(j-1) d_j <= z_j <= e_j d_j,   lo_j d_j <= l_j <= hi_j d_j
    p within the sum of the McCormick envelopes of l_j z_j over [lo_j, hi_j] x [e_(j-1), e_j]

Within a piece the envelope is off by at most (hi_j - lo_j)(e_j - e_(j-1)) / 4, in the middle of the box.
Source: McCormick, Mathematical Programming 10, 1976; Karuppiah and Grossmann, "Global optimization for the synthesis
of integrated water systems in chemical processes", Computers and Chemical Engineering 30, 2006.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.single_level import Part, equalities, inequalities

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Coefficients below are nothing to a solver, and the row that they stand in says something else: 1e-9 in SCIP.
SMALL = 1e-8


@dataclass(frozen=True, eq=False)
class Boxes:
    """Pieces of ``count`` quantities one after the other: ``of`` which quantity, ranges of quantity and price."""

    count: int
    of: Ints
    z_low: Floats
    z_high: Floats
    price_low: Floats
    price_high: Floats

    @property
    def error(self) -> Floats:
        """By how much the product may be off, (quantities,)."""
        most = np.zeros(self.count)
        np.maximum.at(most, self.of, (self.z_high - self.z_low) * (self.price_high - self.price_low) / 4.0)
        return most

    def groups(self) -> dict[str, int]:
        """The columns that the pieces need: products, quantities, prices and choices."""
        return {"product": self.count} | dict.fromkeys(("z_part", "price_part", "d"), self.of.size)

    def values(self, z: Floats, price: Floats) -> dict[str, Floats]:
        """Those columns at given quantities and prices, (quantities,) each, on the piece that fits both best."""
        outside = np.maximum(self.z_low - z[self.of], z[self.of] - self.z_high)
        dearer = np.maximum(self.price_low - price[self.of], price[self.of] - self.price_high)
        order = np.lexsort((np.maximum(outside, 0.0) + np.maximum(dearer, 0.0), self.of))
        d = np.zeros(self.of.size)
        d[order[np.searchsorted(self.of, np.arange(self.count))]] = 1.0
        return {"product": price * z, "z_part": d * z[self.of], "price_part": d * price[self.of], "d": d}


def equal_boxes(z_low: Floats, z_high: Floats, price_low: Floats, price_high: Floats, pieces: int) -> Boxes:
    """Pieces of equal length; the range of the price is one for a quantity (k,) or one for each piece (k, pieces).

    Raises ``InputError`` for less than one piece and for ranges that are empty or not finite.
    """
    _refuse(z_low, z_high, price_low, price_high, pieces)
    share = np.arange(pieces + 1) / pieces
    edges = z_low[:, None] + share * (z_high - z_low)[:, None]
    shape = (z_low.size, pieces)
    prices = (np.broadcast_to(price.reshape(z_low.size, -1), shape).ravel() for price in (price_low, price_high))
    of = np.repeat(np.arange(z_low.size), pieces)
    return Boxes(z_low.size, of, edges[:, :-1].ravel(), edges[:, 1:].ravel(), *prices)


def _refuse(z_low: Floats, z_high: Floats, price_low: Floats, price_high: Floats, pieces: int) -> None:
    issues = []
    if pieces < 1:
        issues.append(Issue(f"segments must be at least 1, not {pieces}", "Choose more for a smaller error."))
    for low, high, what in ((z_low, z_high, "quantities"), (price_low, price_high, "prices")):
        if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high)) and np.all(low <= high)):
            issues.append(Issue(f"the range of the {what} is empty or not finite", "Give finite lows below the highs."))
    if issues:
        raise InputError(issues)


def step_boxes(steps: Sequence[PriceSteps], pieces: int) -> Boxes:
    """At most ``pieces`` for each quantity, cut at the edges of its price steps: those of one step have no error.

    Where there are more steps than pieces, neighbours become one, those first that make the smallest box. Where there
    are fewer, the piece with the largest box is halved, as long as any has an error: the price rises along it.
    """
    ranges = [_ranges(one, pieces) for one in steps]
    of = np.repeat(np.arange(len(steps)), [len(low) for low, *_ in ranges])
    return Boxes(len(steps), of, *(np.concatenate(parts) for parts in zip(*ranges, strict=True)))


def _ranges(steps: PriceSteps, pieces: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Ends of quantity and price on every piece."""
    edges = np.where(np.abs(steps.edges) > SMALL, steps.edges, 0.0)
    ends = np.column_stack([edges[:-1], edges[1:], steps.first, steps.last])
    while len(ends) > pieces:
        joined = np.column_stack([ends[:-1, 0], ends[1:, 1], ends[:-1, 2], ends[1:, 3]])
        at = int(_areas(joined).argmin())
        ends = np.vstack([ends[:at], joined[at], ends[at + 2 :]])
    while len(ends) < pieces and _areas(ends).any():
        at = int(_areas(ends).argmax())
        ends = np.vstack([ends[:at], _halves(ends[at]), ends[at + 1 :]])
    return ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3]


def _areas(ends: Floats) -> Floats:
    areas: Floats = (ends[:, 1] - ends[:, 0]) * (ends[:, 3] - ends[:, 2])
    return areas


def _halves(ends: Floats) -> Floats:
    """A piece along which the price rises evenly, as two; one that joins steps is never halved."""
    low, high, first, last = ends
    middle, price = (low + high) / 2.0, (first + last) / 2.0
    return np.array([[low, middle, first, price], [middle, high, price, last]])


def piece_parts(boxes: Boxes, linking: sp.csr_array, price_of: sp.csr_array) -> list[Part]:
    """Rows that tie the pieces to z = ``linking @ v`` and the price ``price_of @ u``, and the envelopes."""
    count, pieces = boxes.count, np.arange(boxes.of.size)
    total = sp.csr_array((np.ones(pieces.size), (boxes.of, pieces)), shape=(count, pieces.size))
    names, zero = np.arange(count), np.zeros(count)
    return [
        equalities({"d": total}, np.ones(count), {"one piece": names}),
        equalities({"z_part": total, "follower": -linking}, zero, {"pieces of the quantity": names}),
        equalities({"price_part": total, "u": -price_of}, zero, {"pieces of the price": names}),
        *_within("z_part", boxes.z_low, boxes.z_high),
        *_within("price_part", boxes.price_low, boxes.price_high),
        *_envelopes(boxes, total),
    ]


def _within(group: str, low: Floats, high: Floats) -> Iterator[Part]:
    """low d <= part <= high d."""
    names, zero, one = np.arange(low.size), np.zeros(low.size), sp.eye_array(low.size)
    below = {group: -one, "d": sp.diags_array(low)}
    above = {group: one, "d": sp.diags_array(-high)}
    yield inequalities(below, zero, {f"{group} at least": names})
    yield inequalities(above, zero, {f"{group} at most": names})


def _envelopes(boxes: Boxes, total: sp.csr_array) -> Iterator[Part]:
    """p above (+1) or below (-1) the sum of price z_j + z l_j - price z d_j, at two corners each."""
    count = boxes.count
    corners = (
        (1.0, boxes.price_low, boxes.z_low),
        (1.0, boxes.price_high, boxes.z_high),
        (-1.0, boxes.price_high, boxes.z_low),
        (-1.0, boxes.price_low, boxes.z_high),
    )
    for number, (sign, price, z) in enumerate(corners):
        matrices = {
            "product": -sign * sp.eye_array(count),
            "z_part": sign * total @ sp.diags_array(price),
            "price_part": sign * total @ sp.diags_array(z),
            "d": -sign * total @ sp.diags_array(price * z),
        }
        yield inequalities(matrices, np.zeros(count), {f"envelope {number}": np.arange(count)})
