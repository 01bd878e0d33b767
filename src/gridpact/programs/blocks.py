"""The independent blocks of a program: hours that nothing couples, days whose storages end where they began.

Rows and columns are the nodes of a graph, the entries of A and P its edges, and the rows of a second-order cone hang
together. Its connected components are programs of their own: the optimum of the whole is theirs side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.programs.standard_form import KINDS, Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """A program of its own, and where its rows and columns stand in the whole. It has no names and no constant."""

    form: StandardForm
    rows: Ints
    columns: Ints


def blocks(form: StandardForm) -> list[Block]:
    """The independent programs that a program consists of, in the order of their first columns.

    Rows without a variable and variables without a row belong to the first block.
    """
    row_labels, column_labels, count = _labels(form)
    if count <= 1:
        everything = np.arange(form.b.size, dtype=np.int64), np.arange(form.q.size, dtype=np.int64)
        return [Block(form, *everything)]
    rows, row_ends = _grouped(row_labels, count)
    columns, column_ends = _grouped(column_labels, count)
    A, P = form.A[rows][:, columns].tocsc(), form.P[columns][:, columns].tocsc()
    cones = _cones(form.cones, row_labels, count)
    whole = replace(form, A=A, P=P)
    return [
        _block(whole, (rows, columns), (row_ends[k : k + 2], column_ends[k : k + 2]), cones[k]) for k in range(count)
    ]


def joined(parts: Sequence[tuple[Block, Floats]], which: str) -> Floats:
    """The vectors of all blocks as one, over the ``which`` ("rows" or "columns") of the whole."""
    places = np.concatenate([getattr(block, which) for block, _ in parts])
    whole = np.zeros(places.size)
    whole[places] = np.concatenate([vector for _, vector in parts])
    return whole


def _labels(form: StandardForm) -> tuple[Ints, Ints, int]:
    """Block of every row and column, and how many there are."""
    height, width = form.A.shape
    node = _nodes(form.cones)
    nodes = int(node.max(initial=-1)) + 1
    P = form.P.tocoo()
    entries = np.repeat(np.arange(width), np.diff(form.A.indptr))
    ends = np.concatenate([node[form.A.indices], nodes + P.row])
    others = np.concatenate([nodes + entries, nodes + P.col])
    graph = sp.coo_array((np.ones(ends.size, dtype=np.int8), (ends, others)), shape=(nodes + width,) * 2)
    _, found = connected_components(graph, directed=False)
    return _numbered(np.concatenate([found[node], found[nodes:]]), height)


def _numbered(found: Ints, height: int) -> tuple[Ints, Ints, int]:
    """Numbers in the order of the first column; components of rows or of columns alone join number 0."""
    rows, columns = found[:height], found[height:]
    known, first = np.unique(columns, return_index=True)
    both = np.isin(known, rows)
    number = np.zeros(int(found.max(initial=-1)) + 1, dtype=np.int64)
    number[known[both][np.argsort(first[both])]] = np.arange(int(both.sum()))
    return number[rows], number[columns], int(both.sum())


def _nodes(cones: Sequence[Cone]) -> Ints:
    """A number for every row; the rows of a second-order cone share theirs."""
    height = np.array([size for _, size in cones], dtype=np.int64)
    tied = np.array([kind == "second_order" for kind, _ in cones], dtype=np.bool_)
    begins = np.ones(int(height.sum()), dtype=np.int64)
    first = np.cumsum(height) - height
    inner = np.repeat(tied, height)
    begins[inner] = 0
    begins[first[tied]] = 1
    return np.cumsum(begins) - 1


def _grouped(labels: Ints, count: int) -> tuple[Ints, Ints]:
    """Positions sorted by label, and where each label begins and the last one ends."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=count))])
    return np.argsort(labels, kind="stable").astype(np.int64), ends.astype(np.int64)


def _cones(cones: Sequence[Cone], labels: Ints, count: int) -> list[tuple[Cone, ...]]:
    """The cones of every block, in the order of its rows."""
    sizes = np.array([size for _, size in cones], dtype=np.int64)
    first = np.cumsum(sizes) - sizes
    found: list[tuple[Cone, ...]] = [()] * count
    for kind in KINDS[:2]:
        rows = [labels[at : at + size] for (own, size), at in zip(cones, first, strict=True) if own == kind]
        amounts = np.bincount(np.concatenate([*rows, labels[:0]]), minlength=count)
        found = [each + ((kind, int(amount)),) * int(amount > 0) for each, amount in zip(found, amounts, strict=True)]
    tied = np.array([kind == "second_order" for kind, _ in cones], dtype=np.bool_)
    return [each + _tied(sizes[tied][labels[first[tied]] == block]) for block, each in enumerate(found)]


def _tied(sizes: Ints) -> tuple[Cone, ...]:
    """Second-order cones of these sizes; runs of one size cost nothing."""
    ends = np.append(np.flatnonzero(np.diff(sizes)) + 1, sizes.size)
    begins = np.append(0, ends[:-1])
    runs = [(("second_order", int(sizes[a])),) * int(b - a) for a, b in zip(begins, ends, strict=True) if b > a]
    return tuple(cone for run in runs for cone in run) if len(runs) != 1 else runs[0]


def _block(form: StandardForm, order: tuple[Ints, Ints], span: tuple[Ints, Ints], cones: tuple[Cone, ...]) -> Block:
    """A block of a form whose matrices are sorted by block: rows and columns ``order[...][span[0] to span[1]]``."""
    rows, columns = (whole[first:last] for whole, (first, last) in zip(order, span, strict=True))
    part = StandardForm(
        P=_cut(form.P, span[1], span[1]),
        q=form.q[columns],
        A=_cut(form.A, *span),
        b=form.b[rows],
        constant=0.0,
        cones=cones,
        rows={},
        columns={},
        integers=np.flatnonzero(np.isin(columns, form.integers)).astype(np.int64),
    )
    return Block(part, rows, columns)


def _cut(matrix: sp.csc_array, rows: Ints, columns: Ints) -> sp.csc_array:
    """A diagonal block of a block-diagonal matrix, without a search."""
    first, last = matrix.indptr[columns[0]], matrix.indptr[columns[1]]
    pointers = matrix.indptr[columns[0] : columns[1] + 1] - first
    indices = matrix.indices[first:last] - rows[0]
    shape = (rows[1] - rows[0], columns[1] - columns[0])
    return sp.csc_array((matrix.data[first:last], indices, pointers), shape=shape)
