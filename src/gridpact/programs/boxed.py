"""A program with ranges: two limits of one variable are one row, whose slack lies between 0 and their distance.

    minimise 1/2 x'Px + q'x   subject to   A x + s = b,   0 <= s <= width,   s in second-order cones

Equalities have the width 0, single inequalities an infinite one. The multiplier z of a range is positive at s = 0 and
negative at s = width, where it is that of the opposite limit. Rows are scaled to the length one, those of a cone alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.projections import nearest_in_cones
from gridpact.programs.standard_form import KINDS, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# By how much, relative, a lower limit may lie above the upper one: rounding.
CROSSED = 1e-12


@dataclass(frozen=True, eq=False)
class Boxed:
    """Rows in order: equalities, other ranges, cones; ``width`` of the first two, ``cones`` as arrays of one size.

    ``cones`` are pairs (size, how many), each a block of rows (size, how many) in C order, first rows of cones first.
    Row i is ``scale[i]`` times row ``place[i]`` of the ``form``; its opposite limit is row ``opposite[i]`` of the form,
    -1 where it has none, with ``factor[i]`` times its coefficients.
    """

    form: StandardForm
    A: sp.csr_array
    b: Floats
    width: Floats
    equalities: int
    cones: tuple[tuple[int, int], ...]
    scale: Floats
    place: Ints
    opposite: Ints
    factor: Floats

    def restored(self, x: Floats, s: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """x, s and z of the form, s and z in its cones."""
        form, curved = self.form, self.place[self.width.size :]
        slack, duals = form.b - form.A @ x, np.zeros(form.b.size)
        kinds = _kinds(form)
        slack[kinds == 0] = 0.0
        slack[kinds == 1] = np.maximum(slack[kinds == 1], 0.0)
        slack[curved] = s[self.width.size :] / self.scale[self.width.size :]
        duals[self.place] = self.scale * z
        ranges = np.flatnonzero(self.opposite >= 0)
        duals[self.opposite[ranges]] = self.factor[ranges] * np.maximum(-z[ranges], 0.0)
        duals[kinds == 1] = np.maximum(duals[kinds == 1], 0.0)
        return x, slack, duals

    def nearest(self, s: Floats) -> Floats:
        """The slack within the ranges and cones that is nearest to ``s``."""
        ranges = np.clip(s[: self.width.size], 0.0, self.width)
        return np.concatenate([ranges, *(nearest_in_cones(cones).ravel() for cones in self.by_cone(s))])

    def in_dual_cone(self, z: Floats) -> Floats:
        """The multiplier nearest to ``z`` that ranges and cones allow: any for a range with two ends."""
        ranges = np.where(np.isfinite(self.width), z[: self.width.size], np.maximum(z[: self.width.size], 0.0))
        return np.concatenate([ranges, *(nearest_in_cones(cones).ravel() for cones in self.by_cone(z))])

    def at_rest(self, z: Floats) -> NDArray[np.bool_]:
        """Rows whose range or cone has no multiplier in ``z``."""
        cones = [np.tile(~cones.any(axis=0), len(cones)) for cones in self.by_cone(z)]
        return np.concatenate([z[: self.width.size] == 0.0, *cones])

    def by_cone(self, rows: Floats) -> list[Floats]:
        """The rows of the cones, arrays (size, cones) of one size each."""
        ends = self.width.size + np.cumsum([size * count for size, count in self.cones], dtype=np.int64)
        starts = np.concatenate([[self.width.size], ends])
        return [rows[a:b].reshape(size) for a, b, size in zip(starts, ends, self.cones, strict=False)]


def boxed(form: StandardForm) -> Boxed:
    """The form with ranges; of several limits of a variable on one side the tightest counts.

    Raises ``InfeasibleError`` for a variable whose limits exclude each other.
    """
    A, kinds = sp.csr_array(form.A), _kinds(form)
    A.eliminate_zeros()
    first, opposite, width = _ranges(A, form.b, kinds)
    other = np.flatnonzero((kinds == 1) & (np.diff(A.indptr) != 1))
    equal = np.flatnonzero(kinds == 0)
    cones = _cones(form)
    place = np.concatenate([equal, first, other, *(rows.ravel() for rows in cones)]).astype(np.int64)
    scale = _scale(A[place], [rows.shape for rows in cones])
    missing = np.full(place.size, -1, dtype=np.int64)
    missing[equal.size : equal.size + first.size] = opposite
    widths = np.concatenate([np.zeros(equal.size), width, np.full(other.size, np.inf)])
    return Boxed(
        form=form,
        A=sp.csr_array(sp.diags_array(scale) @ A[place]),
        b=scale * form.b[place],
        width=scale[: widths.size] * widths,
        equalities=equal.size,
        cones=tuple((rows.shape[0], rows.shape[1]) for rows in cones),
        scale=scale,
        place=place,
        opposite=missing,
        factor=_factor(A, place, missing, scale),
    )


def _kinds(form: StandardForm) -> Ints:
    """The kind of every row, as its place among the kinds."""
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    return np.repeat(np.array([KINDS.index(kind) for kind, _ in form.cones], dtype=np.int64), sizes)


def _cones(form: StandardForm) -> list[Ints]:
    """Rows of the second-order cones, those of one size as columns (size, cones)."""
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    curved = np.array([kind == KINDS[2] for kind, _ in form.cones], dtype=np.bool_)
    return [starts[curved & (sizes == size)][None, :] + np.arange(size)[:, None] for size in np.unique(sizes[curved])]


def _ranges(A: sp.csr_array, b: Floats, kinds: Ints) -> tuple[Ints, Ints, Floats]:
    """Rows that limit one variable: the tightest of one side, that of the other side or -1, and their distance."""
    rows = np.flatnonzero((kinds == 1) & (np.diff(A.indptr) == 1))
    columns, values = A.indices[A.indptr[rows]].astype(np.int64), A.data[A.indptr[rows]]
    bound = b[rows] / values
    upper = _tightest(columns, bound, values > 0.0)
    lower = _tightest(columns, -bound, values < 0.0)
    both = np.full((2, A.shape[1]), -1, dtype=np.int64)
    both[0, columns[upper]], both[1, columns[lower]] = upper, lower
    both = both[:, (both >= 0).any(axis=0)]
    first, second = np.where(both[0] >= 0, both[0], both[1]), np.where(both[0] >= 0, both[1], -1)
    distance = np.where(second >= 0, np.abs(bound[first] - bound[second]), np.inf)
    if np.any((second >= 0) & (bound[first] < bound[second] - CROSSED * (1.0 + np.abs(bound[first])))):
        raise InfeasibleError("No point satisfies all limits: those of one variable exclude each other.")
    return rows[first], np.where(second >= 0, rows[second], -1), np.abs(values[first]) * distance


def _tightest(columns: Ints, bound: Floats, side: NDArray[np.bool_]) -> Ints:
    """Of the rows of a side, the one with the least bound of every column that has any."""
    among = np.flatnonzero(side)
    ordered = among[np.lexsort((bound[among], columns[among]))]
    return ordered[np.unique(columns[ordered], return_index=True)[1]]


def _scale(A: sp.csr_array, cones: list[tuple[int, ...]]) -> Floats:
    """One over the length of every row; of a cone, over the root of the mean square of its rows."""
    squares = np.asarray(A.multiply(A).sum(axis=1)).ravel()
    end = squares.size
    for size, count in reversed(cones):
        block = squares[end - size * count : end].reshape(size, count)
        squares[end - size * count : end] = np.tile(block.mean(axis=0), size)
        end -= size * count
    return 1.0 / np.sqrt(np.where(squares > 0.0, squares, 1.0))


def _factor(A: sp.csr_array, place: Ints, opposite: Ints, scale: Floats) -> Floats:
    """By which the multiplier of a range is that of its opposite limit."""
    factor, there = np.zeros(place.size), np.flatnonzero(opposite >= 0)
    own, other = (np.abs(A.data[A.indptr[rows[there]]]) for rows in (place, opposite))
    factor[there] = scale[there] * own / other
    return factor
