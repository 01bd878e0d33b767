"""A program without the rows that tie its steps together: storages, ramps, pipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.standard_form import NO_STATES, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def steps_apart(form: StandardForm) -> tuple[StandardForm, Mask]:
    """The program without the linear rows that touch columns of more than one step, and which rows it keeps.

    Steps are the last axis of the named columns; a program without names has one step.
    """
    step = _step_of(form.columns, form.q.size)
    entries = sp.coo_array(form.A)
    first, last = np.full(form.b.size, np.iinfo(np.int64).max), np.full(form.b.size, -1)
    np.minimum.at(first, entries.row, step[entries.col])
    np.maximum.at(last, entries.row, step[entries.col])
    curved = np.repeat([kind == "second_order" for kind, _ in form.cones], [size for _, size in form.cones])
    kept = (first >= last) | curved
    ends = np.cumsum([0, *(size for _, size in form.cones)])
    sizes = [int(kept[a:b].sum()) for a, b in pairwise(ends.tolist())]
    cones = tuple((kind, size) for (kind, _), size in zip(form.cones, sizes, strict=True) if size)
    rows = sp.csc_array(sp.csr_array(form.A)[kept])
    return replace(form, A=rows, b=form.b[kept], constant=0.0, cones=cones, rows={}, states=NO_STATES), kept


def _step_of(columns: Mapping[str, Ints], width: int) -> Ints:
    """The step of every column."""
    step = np.zeros(width, dtype=np.int64)
    for numbers in columns.values():
        step[numbers] = np.arange(numbers.shape[-1])
    return step
