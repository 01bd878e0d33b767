"""A program with its coupling held: groups (hours) apart, so that each can look for a better local optimum alone.

Every variable belongs to the group whose tight cones are nearest in the graph of rows and columns. Rows that touch
several groups couple them (storage, ramps, energy over the day); their variables keep the values of a given point, and
what is left falls into blocks. The blocks' best points together are a start for the coupled program.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.blocks import Block
from gridpact.programs.exactness.tight import Tight
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def coupling_columns(tight: Tight, groups: Ints) -> Bools:
    """Variables that occur in a row together with variables of another group."""
    label = _nearest_group(tight, groups)
    pattern = sp.csr_array(tight.form.A)
    touched = label[pattern.indices]
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    low, high = np.full(pattern.shape[0], np.iinfo(np.int64).max), np.full(pattern.shape[0], -1)
    np.minimum.at(low, rows, touched)
    np.maximum.at(high, rows, touched)
    coupling = np.zeros(pattern.shape[1], dtype=np.bool_)
    coupling[pattern.indices[(high > low)[rows]]] = True
    return coupling


def _nearest_group(tight: Tight, groups: Ints) -> Ints:
    """Group of every column, spreading from the columns of the tight cones; of two at the same distance the first."""
    A = sp.csr_array(tight.form.A)
    rows = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    count = int(groups.max(initial=-1)) + 1
    row_label = np.full(A.shape[0], count)
    row_label[tight.rows] = groups
    label = np.full(A.shape[1], count)
    while (label == count).any():
        fresh = np.full(A.shape[1], count)
        np.minimum.at(fresh, A.indices, row_label[rows])
        spread = np.where(label == count, fresh, label)
        if np.array_equal(spread, label):
            break
        label = spread
        fresh = np.full(A.shape[0], count)
        np.minimum.at(fresh, rows, label[A.indices])
        row_label = np.where(row_label == count, fresh, row_label)
    return np.where(label == count, 0, label)


def held_form(form: StandardForm, x: Floats, held: Bools) -> Block:
    """The program in the other variables alone, without the rows that have none of them; and where they stand."""
    at = np.where(held, x, 0.0)
    columns = np.flatnonzero(~held)
    A = sp.csr_array(form.A)[:, columns]
    kinds = np.repeat([kind for kind, _ in form.cones], [size for _, size in form.cones])
    rows = np.flatnonzero((np.diff(A.indptr) > 0) | (kinds == "second_order"))
    part = StandardForm(
        P=sp.csc_array(sp.csr_array(form.P)[columns][:, columns]),
        q=(form.q + form.P @ at)[columns],
        A=sp.csc_array(A[rows]),
        b=(form.b - form.A @ at)[rows],
        constant=form.cost(at),
        cones=_cones(form.cones, rows),
        rows={},
        columns={},
        integers=np.zeros(0, dtype=np.int64),
    )
    return Block(part, rows, columns)


def _cones(cones: tuple[Cone, ...], rows: Ints) -> tuple[Cone, ...]:
    """The cones of the rows that are left."""
    ends = np.cumsum([size for _, size in cones])
    counts = np.bincount(np.searchsorted(ends, rows, side="right"), minlength=len(cones)).tolist()
    return tuple((kind, count) for (kind, _), count in zip(cones, counts, strict=True) if count)
