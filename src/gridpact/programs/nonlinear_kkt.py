"""The KKT conditions of a program some of whose second-order cones must be tight, checked with plain algebra.

    P x + q + A'z = 0,  A x + s = b
    equalities s = 0;  inequalities s >= 0, z >= 0, s z = 0;  other cones s in K, z in K*, s'z = 0
    tight cones s0^2 = |s_rest|^2,  z = mu (-s0, s_rest) / 2,  mu of either sign

mu is the multiplier of u l - |w|^2 = 0 with (u + l, u - l, 2 w) = s, and of its gradient equality in the linearisation
at x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Residual:
    """How far a point is from the KKT conditions of the program with tight cones, each relative to its own terms.

    ``primal``: rows, cones and tightness; ``dual``: P x + q + A'z; ``sign``: z outside K*, or, on a tight cone, off the
    gradient; ``complementarity``: s z row by row, or s'z on a cone.
    """

    primal: float
    dual: float
    sign: float
    complementarity: float

    @property
    def worst(self) -> float:
        """The largest; NaN if one is not a number."""
        return float(np.max([self.primal, self.dual, self.sign, self.complementarity]))


def kkt_residual(form: StandardForm, tight: Ints, x: Floats, z: Floats) -> Residual:
    """How far (x, z) is from the KKT conditions of the program with the cones ``tight`` tight."""
    s = form.b - form.A @ x
    size = 1.0 + np.abs(form.q).max(initial=0.0)
    gaps, signs, products = _row_errors(form, s, z)
    for rows in loose_cones(form, tight):
        lengths = np.linalg.norm(s[rows[1:]], axis=0), np.linalg.norm(z[rows[1:]], axis=0)
        gaps, signs = np.append(gaps, lengths[0] - s[rows[0]]), np.append(signs, lengths[1] - z[rows[0]])
        products = np.append(products, (s[rows] * z[rows]).sum(axis=0))
    own, other = s[tight], z[tight]
    gaps = np.append(gaps, np.abs((own[0] - own[1]) * (own[0] + own[1]) - (own[2:] ** 2).sum(axis=0)) / 4.0)
    signs = np.append(signs, np.abs(other - gradient_multipliers(own, slopes(own, other))))
    dual = np.abs(form.P @ x + form.q + form.A.T @ z).max(initial=0.0)
    return Residual(
        float(gaps.max(initial=0.0) / (1.0 + np.abs(form.b).max(initial=0.0))),
        float(dual / size),
        float(signs.max(initial=0.0) / size),
        float(np.abs(products).max(initial=0.0) / size),
    )


def gradient_multipliers(s: Floats, mu: Floats) -> Floats:
    """z = mu (-s0, s_rest) / 2 on tight cones with slacks ``s``, shape (size, k)."""
    z: Floats = 0.5 * mu * s
    z[0] = -z[0]
    return z


def slopes(s: Floats, z: Floats) -> Floats:
    """mu of tight cones from their slacks and multipliers, shape (size, k) each; the nearest if z is off."""
    products = s * z
    mu: Floats = 2.0 * (products[1:].sum(axis=0) - products[0]) / np.maximum((s**2).sum(axis=0), 1e-12)
    return mu


def loose_cones(form: StandardForm, tight: Ints) -> list[Ints]:
    """Rows of the cones that need not be tight, one array (size, k) per size."""
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    conic = np.array([kind == "second_order" for kind, _ in form.cones], dtype=np.bool_)
    free = conic & ~np.isin(starts, tight[0])
    return [starts[free & (sizes == n)] + np.arange(n)[:, None] for n in np.unique(sizes[free]).tolist()]


def rows_of(form: StandardForm, kind: str) -> Ints:
    kinds = np.repeat([name for name, _ in form.cones], [size for _, size in form.cones])
    return np.flatnonzero(kinds == kind)


def _row_errors(form: StandardForm, s: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Violation, wrong signs and complementarity of the equalities and inequalities."""
    equal, less = rows_of(form, "zero"), rows_of(form, "nonnegative")
    return np.append(np.abs(s[equal]), -s[less]), -z[less], s[less] * z[less]
