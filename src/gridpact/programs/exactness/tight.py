"""Cones that must be tight, and what is linear in them.

    g(x) = l - |w|^2 / u                      with (u, l, w) linear in x: concave and homogeneous
    its tangent at a point with w / u = a:    l - 2 a'w + |a|^2 u  =  g(x) + |w - a u|^2 / u

The tangent depends on the ratios a alone, has no constant of its own, and exceeds g by an exact square: it is a
supporting half-space of the cone and the first-order model of the equality g = 0 at once. With a = 0 it is l.
Sources: Farivar and Low, IEEE Trans. Power Systems 28(3), 2013; Lipp and Boyd, Optimization and Engineering 17, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.programs.exactness.gap import factors, gap
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tight:
    """Cones of a form that must be tight: ``rows`` of shape (k, n); ``A`` and ``b`` are those rows, part by part.

    ``rest`` are all other rows, ``rest_A``, ``rest_b`` and ``rest_cones`` what they say.
    """

    form: StandardForm
    rows: Ints
    A: sp.csr_array
    b: Floats
    rest: Ints
    rest_A: sp.csr_array
    rest_b: Floats
    rest_cones: tuple[Cone, ...]

    @property
    def size(self) -> int:
        """How many cones there are."""
        return int(self.rows.shape[1])

    def slack(self, x: Floats) -> Floats:
        """Slack of the cones at x, shape (k, n)."""
        return np.asarray(self.b - (self.A @ x).reshape(self.rows.shape))

    def gap(self, x: Floats) -> Floats:
        """l - |w|^2 / u of every cone, shape (n,)."""
        return gap(self.slack(x))

    def ratios(self, x: Floats) -> Floats:
        """a = w / u of every cone, shape (k - 2, n); zero where u is not positive."""
        u, _, w = factors(self.slack(x))
        return np.divide(w, u, out=np.zeros_like(w), where=u > 0.0)

    def tangent(self, a: Floats) -> tuple[sp.csr_array, Floats]:
        """G, h with h - G x = l - 2 a'w + |a|^2 u."""
        weights = tangent_weights(a)
        return self._combined(weights), np.asarray((weights * self.b).sum(axis=0))

    def factor_u(self) -> tuple[sp.csr_array, Floats]:
        """U, v with v - U x = u of every cone."""
        half = np.zeros(self.rows.shape)
        half[:2] = 0.5
        return self._combined(half), np.asarray((half * self.b).sum(axis=0))

    def deviations(self, a: Floats) -> sp.csr_array:
        """D with D d = dw - a du, one row per entry of w and cone, shape ((k - 2) n, columns)."""
        parts = a.shape[0]
        each = np.zeros((self.rows.shape[0], parts, self.size))
        each[0] = each[1] = a / 2.0
        each[2 + np.arange(parts), np.arange(parts)] = -0.5
        return self._combined(each.reshape(self.rows.shape[0], -1), np.tile(np.arange(self.size), parts))

    def _combined(self, weights: Floats, cones: Ints | None = None) -> sp.csr_array:
        """The rows of cones (of every one, or those given) added up with weights of shape (k, ...)."""
        parts, count = weights.shape
        of = np.arange(count) if cones is None else cones
        places = (np.arange(parts)[None, :] * self.size + of[:, None]).ravel()
        ends = np.arange(count + 1) * parts
        chosen = sp.csr_array((weights.T.ravel(), places, ends), shape=(count, parts * self.size))
        return sp.csr_array(chosen @ self.A)


def tangent_weights(a: Floats) -> Floats:
    """The tangent as a weighting of the rows of a cone, shape (k, n): s -> (1+|a|^2)/2 s0 - (1-|a|^2)/2 s1 - a's2."""
    square = (a**2).sum(axis=0)
    return np.concatenate([[(1.0 + square) / 2.0, (square - 1.0) / 2.0], -a])


def multipliers_of(tight: Tight, x: Floats, z: Floats) -> Floats:
    """Multipliers of the tangents at x, from those of all rows if a cone's are a multiple of its tangent's weights."""
    return np.asarray(z[tight.rows[0]] / tangent_weights(tight.ratios(x))[0])


def tight_cones(form: StandardForm, rows: Ints) -> Tight:
    """The cones with these rows, shape (k, ...): entries of -1 stand for no cone.

    Raises ``InputError`` where the rows are not those of second-order cones of k rows each.
    """
    flat = present(rows)
    _check(form, flat)
    other = np.ones(form.b.size, dtype=np.bool_)
    other[flat] = False
    rest = np.flatnonzero(other)
    A = sp.csr_array(form.A)
    cones = _other_cones(form.cones, flat[0])
    return Tight(form, flat, A[flat.ravel()], form.b[flat], rest, A[rest], form.b[rest], cones)


def linearised(tight: Tight, a: Floats) -> StandardForm:
    """The form with every tight cone replaced by its tangent as an equality.

    Rows keep their names and order; those of the tight cones are -1, their tangents stand at the end as ``tight``.
    """
    G, h = tight.tangent(a)
    place = np.full(tight.form.b.size + 1, -1, dtype=np.int64)  # the last entry is for rows that are -1 already
    place[tight.rest] = np.arange(tight.rest.size)
    rows = {name: place[numbers] for name, numbers in tight.form.rows.items()}
    return replace(
        tight.form,
        A=sp.csc_array(sp.vstack([tight.rest_A, G])),
        b=np.concatenate([tight.rest_b, h]),
        cones=(*tight.rest_cones, ("zero", tight.size)),
        rows=rows | {"tight": tight.rest.size + np.arange(tight.size, dtype=np.int64)},
    )


def cost_unit(form: StandardForm) -> float:
    """What prices on losses and gaps are measured by: the largest entry of q; one where nothing has a cost."""
    return float(np.abs(form.q).max(initial=0.0)) or 1.0


def present(rows: Ints) -> Ints:
    """The rows (k, ...) of cones that are there, shape (k, n): entries of -1 stand for no cone."""
    flat = rows.reshape(rows.shape[0], -1)
    return np.asarray(flat[:, flat[0] >= 0])


def _check(form: StandardForm, rows: Ints) -> None:
    starts, sizes = _starts(form.cones)
    curved = np.array([kind == "second_order" for kind, _ in form.cones], dtype=np.bool_)
    fits = np.isin(rows[0], starts[curved & (sizes == rows.shape[0])])
    consecutive = rows == rows[0] + np.arange(rows.shape[0])[:, None]
    if not (rows.shape[0] > 2 and fits.all() and consecutive.all()):
        raise InputError("the rows that must be tight are not those of second-order cones of the program")


def _starts(cones: tuple[Cone, ...]) -> tuple[Ints, Ints]:
    sizes = np.array([size for _, size in cones], dtype=np.int64)
    return np.cumsum(sizes) - sizes, sizes


def _other_cones(cones: tuple[Cone, ...], first: Ints) -> tuple[Cone, ...]:
    starts, _ = _starts(cones)
    kept = ~np.isin(starts, first) | np.array([kind != "second_order" for kind, _ in cones])
    return tuple(cone for cone, keep in zip(cones, kept, strict=True) if keep)
