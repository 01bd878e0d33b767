"""The product of a price and a quantity, piece by piece of the quantity's range: a relaxation with a known error.

    z = sum_j z_j,   price = sum_j l_j,   sum_j d_j = 1,   d_j 0 or 1          with edges e_0 < ... < e_n of z
    e_(j-1) d_j <= z_j <= e_j d_j,   lo_j d_j <= l_j <= hi_j d_j
    p within the sum of the McCormick envelopes of l_j z_j over [lo_j, hi_j] x [e_(j-1), e_j]

Within a piece the envelope is off by at most (hi_j - lo_j)(e_j - e_(j-1)) / 4, in the middle of the box.
Source: McCormick, Mathematical Programming 10, 1976; Karuppiah and Grossmann, "Global optimization for the synthesis
of integrated water systems in chemical processes", Computers and Chemical Engineering 30, 2006.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.single_level import Part, equalities, inequalities

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Ranges of quantity and price, each (quantities, pieces)."""

    z_low: Floats
    z_high: Floats
    price_low: Floats
    price_high: Floats

    @property
    def error(self) -> Floats:
        """By how much the product may be off, (quantities,)."""
        area = (self.z_high - self.z_low) * (self.price_high - self.price_low)
        return np.asarray(area.max(axis=1, initial=0.0) / 4.0)

    def groups(self) -> dict[str, int]:
        """The columns that the pieces need: products, quantities, prices and choices."""
        count, pieces = self.z_low.shape
        return {"product": count, "z_part": count * pieces, "price_part": count * pieces, "d": count * pieces}


def equal_boxes(z_low: Floats, z_high: Floats, price_low: Floats, price_high: Floats, pieces: int) -> Boxes:
    """Pieces of equal length; the range of the price is one for a quantity (k,) or one for each piece (k, pieces)."""
    share = np.arange(pieces + 1) / pieces
    edges = z_low[:, None] + share * (z_high - z_low)[:, None]
    shape = (z_low.size, pieces)
    low, high = (np.broadcast_to(price.reshape(z_low.size, -1), shape) for price in (price_low, price_high))
    return Boxes(edges[:, :-1], edges[:, 1:], low, high)


def piece_prices(
    edges: Floats, first: Floats, last: Floats, ends: tuple[float, float], pieces: int
) -> tuple[Floats, Floats]:
    """The least and largest price on each of some pieces of equal length between ``ends``, (pieces,) each.

    The price is known: it rises with z, from ``first[k]`` to ``last[k]`` between ``edges[k]`` and ``edges[k+1]``.
    """
    cuts = np.linspace(*ends, pieces + 1)
    before = np.clip(np.searchsorted(edges, cuts, side="left") - 1, 0, first.size - 1)
    after = np.clip(np.searchsorted(edges, cuts, side="right") - 1, 0, first.size - 1)
    rise = (last - first) / np.diff(edges)
    low, high = (first[at] + rise[at] * (np.clip(cuts, edges[0], edges[-1]) - edges[at]) for at in (before, after))
    return low[:-1], high[1:]


def piece_parts(boxes: Boxes, linking: sp.csr_array, price_of: sp.csr_array) -> list[Part]:
    """Rows that tie the pieces to z = ``linking @ v`` and the price ``price_of @ u``, and the envelopes."""
    count, pieces = boxes.z_low.shape
    total = sp.csr_array(sp.kron(sp.eye_array(count), np.ones((1, pieces))))
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
    below = {group: -one, "d": sp.diags_array(low.ravel())}
    above = {group: one, "d": sp.diags_array(-high.ravel())}
    yield inequalities(below, zero, {f"{group} at least": names})
    yield inequalities(above, zero, {f"{group} at most": names})


def _envelopes(boxes: Boxes, total: sp.csr_array) -> Iterator[Part]:
    """p above (+1) or below (-1) the sum of price z_j + z l_j - price z d_j, at two corners each."""
    count = boxes.z_low.shape[0]
    corners = (
        (1.0, boxes.price_low, boxes.z_low),
        (1.0, boxes.price_high, boxes.z_high),
        (-1.0, boxes.price_high, boxes.z_low),
        (-1.0, boxes.price_low, boxes.z_high),
    )
    for number, (sign, price, z) in enumerate(corners):
        matrices = {
            "product": -sign * sp.eye_array(count),
            "z_part": sign * total @ sp.diags_array(price.ravel()),
            "price_part": sign * total @ sp.diags_array(z.ravel()),
            "d": -sign * total @ sp.diags_array((price * z).ravel()),
        }
        yield inequalities(matrices, np.zeros(count), {f"envelope {number}": np.arange(count)})
