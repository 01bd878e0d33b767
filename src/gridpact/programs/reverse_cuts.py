"""Half-spaces that keep a second-order cone from being loose, over a box.

A tight cone is u l = |w|^2 with (u + l, u - l, 2 w) = b - A x. Over u in [u-, u+], l in [l-, l+], w in [w-, w+]

    u l   >=  u- l + l- u - u- l-,    u l  >=  u+ l + l+ u - u+ l+          (McCormick)
    w_i^2 <=  (w_i- + w_i+) w_i - w_i- w_i+                                 (secant)

so that every tight point of the box satisfies the two linear cuts "lower estimate of u l <= sum of secants". A cone
with an infinite box has none. Source: McCormick, Mathematical Programming 10, 1976.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Factors:
    """u, l, w of k cones as d - F x; entry (c, j) stands in row c k + j, c = 0 for u, 1 for l, then w."""

    F: sp.csr_array
    d: Floats
    parts: int
    cones: int

    def values(self, x: Floats) -> Floats:
        """Shape (2 + parts of w, k)."""
        return np.asarray(self.d - self.F @ x).reshape(self.parts, self.cones)

    def gap(self, x: Floats) -> Floats:
        """u l - |w|^2 of every cone."""
        y = self.values(x)
        return np.asarray(y[0] * y[1] - (y[2:] ** 2).sum(axis=0))

    def combined(self, weights: Floats, constant: Floats) -> tuple[sp.csr_array, Floats]:
        """G, h of G x <= h for: sum over c of weights[c, j] y[c, j] <= constant[j]."""
        parts, k = weights.shape
        columns = (np.arange(parts)[None, :] * k + np.arange(k)[:, None]).ravel()
        W = sp.csr_array((weights.T.ravel(), columns, np.arange(k + 1) * parts), shape=(k, parts * k))
        return sp.csr_array(-(W @ self.F)), constant - W @ self.d


@dataclass(frozen=True, eq=False)
class Box:
    """Bounds of the factors, shape (2 + parts of w, k); infinite where unknown."""

    low: Floats
    high: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Cones with finite bounds throughout."""
        return np.asarray((np.isfinite(self.low) & np.isfinite(self.high)).all(axis=0), dtype=np.bool_)

    def cut(self, factor: int, cone: int, low: float, high: float) -> Box:
        """The part of the box with one factor of one cone between ``low`` and ``high``."""
        lows, highs = self.low.copy(), self.high.copy()
        lows[factor, cone], highs[factor, cone] = low, high
        return Box(lows, highs)


def errors(box: Box) -> Floats:
    """How far u l (shared by u and l) and each w^2 can be from their estimates; shape of the box, in units of u l."""
    wide = box.high - box.low
    with np.errstate(invalid="ignore"):
        product = np.where(wide[0] * wide[1] >= 0.0, wide[0] * wide[1], np.inf)
    return np.concatenate([[product, product], wide[2:] ** 2]) / 4.0


def factors(form: StandardForm, tight: Ints) -> Factors:
    """u, l, w of the cones with the rows ``tight``, shape (2 + parts of w, k)."""
    A = sp.csr_array(form.A)
    one, two, b = A[tight[0]], A[tight[1]], form.b[tight]
    rows = [(one + two) / 2.0, (one - two) / 2.0, *(A[row] / 2.0 for row in tight[2:])]
    d = np.concatenate([(b[0] + b[1]) / 2.0, (b[0] - b[1]) / 2.0, b[2:].ravel() / 2.0])
    F = sp.csr_array(sp.vstack(rows))
    F.eliminate_zeros()
    return Factors(F, d, *tight.shape)


def unbounded_box(cones: Factors) -> Box:
    """All of space, u and l not negative."""
    shape = (cones.parts, cones.cones)
    low = np.full(shape, -np.inf)
    low[:2] = 0.0
    return Box(low, np.full(shape, np.inf))


def reverse_cuts(cones: Factors, box: Box) -> tuple[sp.csr_array, Floats]:
    """G, h with G x <= h at every tight point of the box: two rows for every cone with a finite box."""
    known = box.known
    low, high = np.where(known, box.low, 0.0), np.where(known, box.high, 0.0)
    found = [_cut(cones, edge, low, high) for edge in (low, high)]
    keep = np.tile(known, 2)
    return sp.csr_array(sp.vstack([G for G, _ in found]))[keep], np.concatenate([h for _, h in found])[keep]


def _cut(cones: Factors, edge: Floats, low: Floats, high: Floats) -> tuple[sp.csr_array, Floats]:
    """u* l + l* u - u* l* <= sum of secants, (u*, l*) being one edge of the box."""
    weights = np.concatenate([[edge[1], edge[0]], -(low[2:] + high[2:])])
    constant = edge[0] * edge[1] - (low[2:] * high[2:]).sum(axis=0)
    return cones.combined(weights, constant)


def box_rows(cones: Factors, box: Box) -> tuple[sp.csr_array, Floats]:
    """G, h of the box itself, G x <= h, where it is finite."""
    low, high = box.low.ravel(), box.high.ravel()
    below, above = np.isfinite(low), np.isfinite(high)
    G = sp.csr_array(sp.vstack([cones.F[below], -cones.F[above]]))
    return G, np.concatenate([(cones.d - low)[below], (high - cones.d)[above]])


def propagated(box: Box) -> Box:
    """The box after u l = |w|^2 has been applied to it by interval arithmetic, once for every factor."""
    low, high = box.low.copy(), box.high.copy()
    least, most = _squares(low[2:], high[2:])
    with np.errstate(divide="ignore", invalid="ignore"):
        for one, other in ((1, 0), (0, 1)):
            ceiling = np.where(low[other] > 0, most.sum(axis=0) / low[other], np.inf)
            high[one] = np.fmin(high[one], ceiling)
            floor = np.where(high[other] > 0, least.sum(axis=0) / high[other], 0.0)
            low[one] = np.fmax(low[one], floor)
        product = np.where(np.isfinite(high[:2]).all(axis=0), high[0] * high[1], np.inf)
    for part in range(least.shape[0]):
        others = least.sum(axis=0) - least[part]
        reach = np.sqrt(np.maximum(product - others, 0.0))
        low[2 + part], high[2 + part] = np.fmax(low[2 + part], -reach), np.fmin(high[2 + part], reach)
    return Box(low, high)


def _squares(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Least and largest square over [low, high]."""
    inside = (low <= 0.0) & (high >= 0.0)
    least = np.where(inside, 0.0, np.minimum(low**2, high**2))
    return least, np.maximum(low**2, high**2)


def with_rows(form: StandardForm, G: sp.csr_array, h: Floats) -> StandardForm:
    """The form with inequalities G x <= h after its own; rows of cones move down, names are lost."""
    first = sum(size for kind, size in form.cones if kind != "second_order")
    A = sp.csr_array(form.A)
    linear = [cone for cone in form.cones if cone[0] != "second_order"]
    conic = [cone for cone in form.cones if cone[0] == "second_order"]
    return replace(
        form,
        A=sp.csc_array(sp.vstack([A[:first], G, A[first:]])),
        b=np.concatenate([form.b[:first], h, form.b[first:]]),
        cones=(*linear, ("nonnegative", h.size), *conic) if h.size else form.cones,
        rows={},
    )
