"""The nearest point of a cone or a range, in closed form.

    range    0 <= s <= width                    nearest: s clipped
    cone     s_0 >= |s_1|, second-order         nearest:  s                          where |s_1| <= s_0
                                                          0                          where |s_1| <= -s_0
                                                          (r, r s_1 / |s_1|)         else, with r = (s_0 + |s_1|) / 2

Cones stand side by side as the columns of an array, one array for each size: s_0 is its first row. With J = diag(1, -1,
..., -1) the cone is its own dual and |s|_J = (s'Js)^(1/2). For two interior points s and z its symmetric matrix

    G = (|z|_J / |s|_J)^(1/2) [[w_0, -w_1'], [-w_1, 1 + w_1 w_1' / (1 + w_0)]]

    w = (s/|s|_J + J z/|z|_J) / (2 g),   g^2 = (1 + s'z / (|s|_J |z|_J)) / 2

maps the cone onto itself and makes both equal, G s = G^-1 z, so that the nearest point in the metric |G s| is the
Euclidean one of G s. For ranges G is (z/s)^(1/2). Nesterov and Todd, SIAM Journal on Optimization 8(2), 1998; formulas
as in Vandenberghe, The CVXOPT linear and quadratic cone program solvers, 2010, section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def nearest_in_cones(points: Floats) -> Floats:
    """Euclidean projection of every column of ``points``, (size, cones), onto the second-order cone."""
    first, radius = points[0], _length(points[1:])
    r = np.where(radius <= first, first, np.maximum(0.5 * (first + radius), 0.0))
    share = np.where(radius <= first, 1.0, r / np.where(radius > 0.0, radius, 1.0))
    return np.concatenate([r[None], share * points[1:]])


def cone_scalings(s: Floats, z: Floats) -> tuple[Floats, Floats]:
    """G and G^-1 of interior points s and z, each (size, cones); shapes (cones, size, size)."""
    both = norm_of_cone(s), norm_of_cone(z)
    unit_s, unit_z = s / both[0], z / both[1]
    g = np.sqrt(0.5 * (1.0 + (unit_s * unit_z).sum(axis=0)))
    w = np.concatenate([unit_s[:1] + unit_z[:1], unit_s[1:] - unit_z[1:]]) / (2.0 * g)
    stretch = np.sqrt(both[1] / both[0])[:, None, None]
    return stretch * _boost(w[0], -w[1:]), _boost(w[0], w[1:]) / stretch


def norm_of_cone(s: Floats) -> Floats:
    """|s|_J of the columns of ``s``, interior points."""
    radius = _length(s[1:])
    return np.asarray(np.sqrt((s[0] - radius) * (s[0] + radius)))


def _boost(first: Floats, rest: Floats) -> Floats:
    """[[w_0, w_1'], [w_1, 1 + w_1 w_1' / (1 + w_0)]] of every column (w_0, w_1) with |w|_J = 1."""
    size = len(rest) + 1
    matrices = np.zeros((first.size, size, size))
    matrices[:, 0, 0] = first
    matrices[:, 0, 1:] = matrices[:, 1:, 0] = rest.T
    outer = rest.T[:, :, None] * rest.T[:, None, :]
    matrices[:, 1:, 1:] = np.eye(size - 1) + outer / (1.0 + first)[:, None, None]
    return matrices


def _length(rest: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(rest).sum(axis=0)))
