"""States that equalities determine one after another, taken out of a program before it is solved and put back after.

    minimise 1/2 x'Px + q'x   subject to   A x + s = b

Let the equality rows E determine the columns y (temperatures along the water's way, say), u be the other columns and
I the other rows. With J = A[E, y] = D (1 - N), D diagonal and N nilpotent (no state depends on itself),

    y = M u + m,   M = -(1 - N)^-1 D^-1 A[E, u],   m = (1 - N)^-1 D^-1 b[E]

    minimise 1/2 u'Pu + (q_u + M'q_y)'u   subject to   (A[I, u] + A[I, y] M) u + s = b[I] - A[I, y] m

is the same program in far fewer columns. Limits on states that no choice of u within its own limits can reach are left
out (``redundant``); their multipliers are zero. Its optimum gives that of the whole: y by the states' own law, and the
multipliers of E from their columns' stationarity, A[E, y]'z_E = -q_y - A[I, y]'z_I.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.programs.redundant import implied, without
from gridpact.programs.standard_form import KINDS, NO_STATES, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Coefficients below this share of the largest of a state count for nothing: water of long ago that has all but mixed.
DUST = 1e-14


@dataclass(frozen=True, eq=False)
class Lean:
    """A program without its states: ``form`` has the rows ``kept_rows`` and columns ``kept_columns`` of ``whole``.

    ``left_out`` are inequalities that cannot bind.
    """

    whole: StandardForm
    form: StandardForm
    kept_rows: Ints
    kept_columns: Ints
    left_out: Ints
    shift: sp.csr_array
    scale: Floats

    def with_q(self, q: Floats) -> StandardForm:
        """The lean form with the cost ``q`` of the whole, which is free of costs on states."""
        return self.form.with_q(q[self.kept_columns])

    def restored(self, u: Floats, s: Floats, z: Floats, q: Floats | None = None) -> tuple[Floats, Floats, Floats]:
        """x, s and z of the whole program from those of the lean one; ``q`` if its cost is another than its own."""
        whole, (rows, columns) = self.whole, self.whole.states
        x, slack, duals = np.zeros(whole.q.size), np.zeros(whole.b.size), np.zeros(whole.b.size)
        x[self.kept_columns], duals[self.kept_rows] = u, z
        x[columns] = _chained(self.shift, (whole.b - whole.A @ x)[rows] / self.scale)
        slack[self.left_out] = (whole.b - whole.A @ x)[self.left_out]
        slack[self.kept_rows] = s
        pull = ((whole.q if q is None else q) + whole.A.T @ duals)[columns]
        duals[rows] = -_chained(sp.csr_array(self.shift.T), pull) / self.scale
        return x, slack, duals


def lean(form: StandardForm) -> Lean:
    """The program without its states; the same program where it has none.

    Raises ``ValueError`` where a state has a quadratic cost, has no coefficient in its own row, or depends on itself.
    """
    rows, columns = form.states
    kept_rows, kept_columns = _others(form.b.size, rows), _others(form.q.size, columns)
    if not columns.size:
        return Lean(form, form, kept_rows, kept_columns, NO_STATES[0], sp.csr_array((0, 0)), np.zeros(0))
    A = sp.csr_array(form.A)
    law, own = A[rows], A[kept_rows]
    scale = np.asarray(law[:, columns].diagonal())
    if not np.all(scale != 0.0) or form.P[:, columns].nnz:
        raise ValueError("a state has no coefficient in the row that determines it, or a quadratic cost")
    inverse = sp.diags_array(1.0 / scale)
    shift = sp.csr_array(inverse @ (sp.diags_array(scale) - law[:, columns]))
    shift.eliminate_zeros()
    if connected_components(shift, connection="strong")[0] < columns.size:
        raise ValueError("a state depends on itself")
    follows = _spread(shift, sp.csr_array(inverse @ -law[:, kept_columns]))
    level = _chained(shift, form.b[rows] / scale)
    reduced = _reduced(form, own, follows, level, kept_columns)
    idle = implied(reduced)
    return Lean(form, without(reduced, idle), kept_rows[~idle], kept_columns, kept_rows[idle], shift, scale)


def _reduced(form: StandardForm, own: sp.csr_array, follows: sp.csr_array, level: Floats, kept: Ints) -> StandardForm:
    rows, columns = form.states
    cones = tuple((kind, size - columns.size if kind == KINDS[0] else size) for kind, size in form.cones)
    return replace(
        form,
        P=sp.csc_array(form.P[kept][:, kept]),
        q=form.q[kept] + follows.T @ form.q[columns],
        A=sp.csc_array(own[:, kept] + own[:, columns] @ follows),
        b=form.b[_others(form.b.size, rows)] - own[:, columns] @ level,
        constant=form.constant + float(form.q[columns] @ level),
        cones=tuple(cone for cone in cones if cone[1]),
        rows={},
        columns={},
        integers=np.flatnonzero(np.isin(kept, form.integers)).astype(np.int64),
        states=NO_STATES,
    )


def _others(count: int, some: Ints) -> Ints:
    """The numbers below ``count`` that are not among ``some``."""
    left = np.ones(count, dtype=np.bool_)
    left[some] = False
    return np.flatnonzero(left)


def _spread(shift: sp.csr_array, first: sp.csr_array) -> sp.csr_array:
    """(1 - N)^-1 B = ... (1 + N^4) (1 + N^2) (1 + N) B; ends as N is nilpotent."""
    power, total = shift, first
    while power.nnz:
        total = _dusted(sp.csr_array(total + power @ total))
        power = _dusted(sp.csr_array(power @ power))
    return total


def _dusted(matrix: sp.csr_array) -> sp.csr_array:
    """Without what is next to nothing beside the largest entry."""
    matrix.data[np.abs(matrix.data) <= DUST * np.abs(matrix.data).max(initial=0.0)] = 0.0
    matrix.eliminate_zeros()
    return matrix


def _chained(shift: sp.csr_array, first: Floats) -> Floats:
    """(1 - N)^-1 c: state after state, until nothing changes."""
    value = first
    for _ in range(first.size + 1):
        following = first + shift @ value
        if np.array_equal(following, value):
            break
        value = following
    return value
