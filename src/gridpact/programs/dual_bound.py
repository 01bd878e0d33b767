"""What a multiplier proves: a lower bound of the cost, part by part, whatever the accuracy of the solver.

For z in K* and every feasible x, z'(b - A x) >= 0 and 1/2 x'Px >= g'x - 1/2 y'Py with g = P y at any y, so that

    cost(x)  >=  -b'z - 1/2 y'Py + (P y + q + A'z)'x

The last term is zero at an exact multiplier; what is left of it is paid for within ``REACH`` times the largest
coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.nonlinear_kkt import loose_cones, rows_of
from gridpact.programs.parts import Split
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
REACH = 100.0


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A relaxation with cuts: its point, the bound of every part and the sum, and the cost with coupling priced in."""

    x: Floats
    bounds: Floats
    constant: float
    cost: Floats
    half: Floats

    @property
    def lower(self) -> float:
        return float(self.bounds.sum() + self.constant)


def dual_bound(cut: StandardForm, form: StandardForm, split: Split, x: Floats, z: Floats, added: int) -> Relaxed:
    """The dual objective part by part, with z moved into K* and what then is left of P x + q + A'z paid for."""
    z = in_dual_cone(cut, z)
    Px = form.P @ x
    left = reach(x) * np.abs(Px + form.q + cut.A.T @ z)
    first = sum(size for kind, size in form.cones if kind != "second_order")
    own = np.concatenate([z[:first], z[first + added :]])
    count = split.count
    half = np.asarray(0.5 * np.bincount(split.of_column, x * Px, count), dtype=np.float64)
    coupling = split.of_row < 0
    bounds = -np.bincount(split.of_row[~coupling], (form.b * own)[~coupling], count) - half
    bounds -= np.bincount(split.of_column, left, count) + _added(cut, split, z, first, added)
    cost = Px + form.q + form.A[coupling].T @ own[coupling] if coupling.any() else Px + form.q
    return Relaxed(x, bounds, -float(form.b[coupling] @ own[coupling]), cost, half)


def reach(x: Floats) -> float:
    """No variable is taken to be larger than this at any point that counts."""
    return REACH * max(1.0, float(np.abs(x).max(initial=0.0)))


def _added(cut: StandardForm, split: Split, z: Floats, first: int, added: int) -> Floats:
    """h'z of the cuts, by the part of their first variable."""
    G = sp.csr_array(cut.A[first : first + added])
    filled = np.diff(G.indptr) > 0
    part = np.zeros(added, dtype=np.int64)
    part[filled] = split.of_column[G.indices[G.indptr[:-1][filled]]]
    products = cut.b[first : first + added] * z[first : first + added]
    return np.asarray(np.bincount(part, products, split.count), dtype=np.float64)


def in_dual_cone(form: StandardForm, z: Floats) -> Floats:
    z = z.copy()
    less = rows_of(form, "nonnegative")
    z[less] = np.maximum(z[less], 0.0)
    for rows in loose_cones(form, np.zeros((1, 0), dtype=np.int64)):
        z[rows[0]] = np.maximum(z[rows[0]], np.linalg.norm(z[rows[1:]], axis=0))
    return z
