"""A metric for a program with ranges in which its slacks and multipliers are of one size.

    G s   stands for s,   G^-1 z for z,   with G of ``projections`` for  s + e_s  and  z + e_z

so that rows that bind weigh much and rows that do not weigh little, the more so the better s and z are known: e_s and
e_z are what they may still be wrong by, in the direction of the cones' axes. Where neither s nor z is known to be
positive the weight G'G is rho = e_z / e_s, the one penalty of the usual method. Equalities weigh as if their multiplier
were ``STRONGER`` times as uncertain: 1e3 as in Stellato et al., Mathematical Programming Computation 12, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.boxed import Boxed
from gridpact.programs.projections import cone_scalings, nearest_in_cones

Floats = NDArray[np.float64]
STRONGER = 1e3
# Heaviest weight of a row, and the least share of a cone's axis that its points are moved inside by: beyond them the
# factorisation loses too many digits.
HEAVIEST = 1e6
INSIDE = 1e-4


@dataclass(frozen=True, eq=False)
class Metric:
    """G as ``forth`` and its inverse as ``back``, and the program's rows and ranges in the metric."""

    forth: sp.csr_array
    back: sp.csr_array
    A: sp.csr_array
    transposed: sp.csr_array
    b: Floats
    width: Floats
    cones: tuple[tuple[int, int], ...]

    def nearest(self, w: Floats) -> Floats:
        """The slack nearest to ``w``, both in this metric."""
        s, at = np.empty_like(w), self.width.size
        np.clip(w[:at], 0.0, self.width, out=s[:at])
        for size, count in self.cones:
            end = at + size * count
            s[at:end] = nearest_in_cones(w[at:end].reshape(size, count)).ravel()
            at = end
        return s


def metric(program: Boxed, s: Floats, z: Floats, e_s: float, e_z: float) -> Metric:
    """The metric of a slack and a multiplier within their ranges and cones, known to ``e_s`` and ``e_z``."""
    weights = np.sqrt(_weights(program, s, z, e_s, e_z))
    forth, back = ([sp.csr_array(sp.diags_array(diagonal))] for diagonal in (weights, 1.0 / weights))
    for slack, dual in zip(program.by_cone(s), program.by_cone(z), strict=True):
        blocks = cone_scalings(_inside(slack, np.maximum(e_s, dual[0] / HEAVIEST)), _inside(dual, e_z))
        forth.append(_spread(blocks[0]))
        back.append(_spread(blocks[1]))
    G = sp.csr_array(sp.block_diag(forth))
    A = sp.csr_array(G @ program.A)
    inverse = sp.csr_array(sp.block_diag(back))
    return Metric(G, inverse, A, sp.csr_array(A.T), G @ program.b, weights * program.width, program.cones)


def _weights(program: Boxed, s: Floats, z: Floats, e_s: float, e_z: float) -> Floats:
    """(|z| + e_z) / (s + e_s) of ranges, s being the distance from the nearer end."""
    many = program.width.size
    room = np.minimum(s[:many], program.width - s[:many])
    unsure = np.where(np.arange(many) < program.equalities, STRONGER * e_z, e_z)
    return np.minimum((np.abs(z[:many]) + unsure) / (room + e_s), HEAVIEST)


def _inside(points: Floats, error: Floats | float) -> Floats:
    """Points of cones moved inside along the axis."""
    moved = points.copy()
    moved[0] += np.maximum(error, INSIDE * points[0])
    return moved


def _spread(blocks: Floats) -> sp.csr_array:
    """Blocks (cones, size, size) as a matrix over rows (size, cones) in C order."""
    count, size = blocks.shape[:2]
    places = np.arange(size)[None, :, None] * count + np.arange(count)[:, None, None]
    rows, columns = np.broadcast_to(places, blocks.shape), np.broadcast_to(places.swapaxes(1, 2), blocks.shape)
    return sp.csr_array((blocks.ravel(), (rows.ravel(), columns.ravel())), shape=(size * count, size * count))
