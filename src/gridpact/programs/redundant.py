"""Inequalities that others imply: limits that cannot bind wherever the variables are within their own.

A row a'x <= b is implied where the largest a'x over the bounds of the variables, those that rows with a single
variable state, is at most b. Without it the optimum stays, and its multiplier is zero.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def implied(form: StandardForm) -> NDArray[np.bool_]:
    """Which rows are implied inequalities; shape (rows,). Never one that states a bound."""
    first, last = _inequalities(form)
    rows = sp.csr_array(form.A)[first:last]
    single = np.diff(rows.indptr) == 1
    low, high = _bounds(rows[single], form.b[first:last][single])
    most = _most(rows, low, high)
    found = np.zeros(form.b.size, dtype=np.bool_)
    found[first:last] = (most <= form.b[first:last]) & ~single
    return found


def without(form: StandardForm, left_out: NDArray[np.bool_]) -> StandardForm:
    """The form without some of its inequalities, and without names."""
    kept = np.flatnonzero(~left_out)
    cones = tuple((kind, size - int(left_out.sum()) if kind == "nonnegative" else size) for kind, size in form.cones)
    return StandardForm(
        P=form.P,
        q=form.q,
        A=sp.csc_array(sp.csr_array(form.A)[kept]),
        b=form.b[kept],
        constant=form.constant,
        cones=tuple(cone for cone in cones if cone[1]),
        rows={},
        columns={},
        integers=form.integers,
    )


def _inequalities(form: StandardForm) -> tuple[int, int]:
    """First row of the inequalities and the row after the last."""
    sizes = {kind: sum(size for own, size in form.cones if own == kind) for kind in ("zero", "nonnegative")}
    return sizes["zero"], sizes["zero"] + sizes["nonnegative"]


def _bounds(rows: sp.csr_array, b: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest value of every column by rows with a single variable."""
    columns, values = rows.indices, rows.data
    low, high = np.full(rows.shape[1], -np.inf), np.full(rows.shape[1], np.inf)
    np.minimum.at(high, columns[values > 0.0], (b / values)[values > 0.0])
    np.maximum.at(low, columns[values < 0.0], (b / values)[values < 0.0])
    return low, high


def _most(rows: sp.csr_array, low: Floats, high: Floats) -> Floats:
    """Largest value of every row over the bounds; infinite where a variable has none on that side."""
    entries = rows.copy()
    entries.data = np.where(rows.data > 0.0, high[rows.indices], low[rows.indices]) * rows.data
    entries.data[rows.data == 0.0] = 0.0
    return np.asarray(entries @ np.ones(rows.shape[1]))
