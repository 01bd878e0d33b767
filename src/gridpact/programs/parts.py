"""The parts of a block that its coupling rows hold together: the hours that a storage connects.

Columns carry a label (the step). Rows, and whole second-order cones, whose variables have more than one label couple;
without them the block falls into its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.blocks import blocks
from gridpact.programs.nonlinear import inside
from gridpact.programs.reverse_cuts import Factors, factors
from gridpact.programs.standard_form import StandardForm
from gridpact.programs.tightening import Polyhedron, polyhedron

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """What of a block is left together without its coupling rows: its columns, its cones, its polyhedron."""

    number: int
    columns: Ints
    cones: Ints
    factors: Factors
    shape: Polyhedron


@dataclass(frozen=True, eq=False)
class Split:
    """The parts with tight cones, how many there are in all, and the part of every row (-1: coupling) and column."""

    parts: tuple[Part, ...]
    count: int
    of_row: Ints
    of_column: Ints


def steps_of_columns(form: StandardForm) -> Ints:
    """The last axis of the named variables as a label of every column: what coupling rows reach across."""
    labels = np.zeros(form.q.size, dtype=np.int64)
    for numbers in form.columns.values():
        if numbers.ndim:
            labels[numbers] = np.broadcast_to(np.arange(numbers.shape[-1]), numbers.shape)
    return labels


def split(form: StandardForm, tight: Ints, label: Ints) -> Split:
    """The parts of a block: the components that remain without rows across labels."""
    coupling = _coupling(form, label)
    alone = np.flatnonzero(~coupling)
    pieces = blocks(_without(form, coupling)) if coupling.any() else blocks(form)
    of_row, of_column = np.full(form.b.size, -1, dtype=np.int64), np.zeros(form.q.size, dtype=np.int64)
    kept = np.full(form.b.size, -1, dtype=np.int64)
    kept[alone] = np.arange(alone.size)
    parts = []
    for number, piece in enumerate(pieces):
        of_row[alone[piece.rows]], of_column[piece.columns] = number, number
        cones = np.flatnonzero(np.isin(kept[tight[0]], piece.rows))
        if cones.size:
            own = inside(piece, kept[tight[:, cones]])
            parts.append(Part(number, piece.columns, cones, factors(piece.form, own), polyhedron(piece.form, own)))
    return Split(tuple(parts), len(pieces), of_row, of_column)


def _coupling(form: StandardForm, label: Ints) -> NDArray[np.bool_]:
    """Rows whose variables have more than one label, with the rest of their cones."""
    entries = sp.coo_array(form.A)
    group = _groups(form)
    count = int(group.max(initial=-1)) + 1
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, group[entries.row], label[entries.col])
    np.maximum.at(high, group[entries.row], label[entries.col])
    return np.asarray((low < high)[group])


def _groups(form: StandardForm) -> Ints:
    """A number for every row; the rows of a second-order cone share theirs."""
    sizes = np.concatenate([[size] if kind == "second_order" else np.ones(size) for kind, size in form.cones])
    return np.repeat(np.arange(sizes.size), sizes.astype(np.int64))


def _without(form: StandardForm, dropped: NDArray[np.bool_]) -> StandardForm:
    """The form without some rows; second-order cones go as a whole."""
    cones, row = [], 0
    for kind, size in form.cones:
        left = int((~dropped[row : row + size]).sum())
        cones += [(kind, left)] if left else []
        row += size
    return replace(form, A=sp.csc_array(form.A[~dropped]), b=form.b[~dropped], cones=tuple(cones), rows={})
