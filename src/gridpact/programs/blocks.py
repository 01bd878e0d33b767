"""The independent blocks of a program: hours that nothing couples, days whose storages end where they began.

Rows and columns are the nodes of a graph, the entries of A and P its edges, and the rows of a second-order cone hang
together. Its connected components are programs of their own: the optimum of the whole is theirs side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.programs.standard_form import KINDS, Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SECOND_ORDER = KINDS.index("second_order")


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
    kinds, sizes = _kinds_and_sizes(form.cones)
    row_labels, column_labels, count = _labels(form, _nodes(kinds, sizes))
    if count <= 1:
        everything = np.arange(form.b.size, dtype=np.int64), np.arange(form.q.size, dtype=np.int64)
        return [Block(form, *everything)]
    rows, columns = _grouped(row_labels, count), _grouped(column_labels, count)
    whole = replace(form, A=_reordered(form.A, rows[0], columns[0]), P=_reordered(form.P, columns[0], columns[0]))
    cones = _cones(kinds, sizes, row_labels, count)
    return [_block(whole, rows, columns, cones[block], block) for block in range(count)]


def joined(parts: Sequence[tuple[Block, Floats]], which: str) -> Floats:
    """The vectors of all blocks as one, over the ``which`` ("rows" or "columns") of the whole."""
    places = np.concatenate([getattr(block, which) for block, _ in parts])
    whole = np.zeros(places.size)
    whole[places] = np.concatenate([vector for _, vector in parts])
    return whole


def _kinds_and_sizes(cones: Sequence[Cone]) -> tuple[Ints, Ints]:
    """The kind of every cone, as its place among the kinds, and its size."""
    number = {kind: place for place, kind in enumerate(KINDS)}
    both = np.array([(number[kind], size) for kind, size in cones], dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _nodes(kinds: Ints, sizes: Ints) -> Ints:
    """A number for every row; the rows of a second-order cone share theirs."""
    begins = np.repeat(kinds != SECOND_ORDER, sizes)
    begins[(np.cumsum(sizes) - sizes)[kinds == SECOND_ORDER]] = True
    return np.cumsum(begins) - 1


def _labels(form: StandardForm, node: Ints) -> tuple[Ints, Ints, int]:
    """Block of every row and column, and how many there are."""
    width = form.q.size
    nodes = int(node.max(initial=-1)) + 1
    # A by columns is the graph already: columns first, each with the nodes it meets, then the nodes.
    pointers = np.concatenate([form.A.indptr, np.full(nodes, form.A.nnz)])
    meets = width + node[form.A.indices]
    found = _components(sp.csr_array((np.ones(meets.size), meets, pointers), shape=(width + nodes,) * 2))
    P, size = form.P.tocoo(), int(found.max(initial=-1)) + 1
    costs = sp.coo_array((np.ones(P.nnz), (found[P.row], found[P.col])), shape=(size, size))
    found = _components(costs)[found]
    return _numbered(found[width:][node], found[:width])


def _components(graph: sp.csr_array | sp.coo_array) -> Ints:
    """Number of the connected component of every node."""
    _, found = connected_components(graph, directed=False)
    return np.asarray(found, dtype=np.int64)


def _numbered(rows: Ints, columns: Ints) -> tuple[Ints, Ints, int]:
    """Numbers in the order of the first column; components of rows or of columns alone join number 0."""
    size = int(max(rows.max(initial=-1), columns.max(initial=-1))) + 1
    first = np.full(size, columns.size)
    np.minimum.at(first, columns, np.arange(columns.size))
    both = np.flatnonzero((first < columns.size) & (np.bincount(rows, minlength=size) > 0))
    number = np.zeros(size, dtype=np.int64)
    number[both[np.argsort(first[both])]] = np.arange(both.size)
    return number[rows], number[columns], both.size


def _grouped(labels: Ints, count: int) -> tuple[Ints, Ints]:
    """Positions sorted by label, and where each label begins and the last one ends."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=count))])
    small = labels.astype(np.min_scalar_type(count))  # short numbers are sorted by digits, in a fraction of the time
    return np.argsort(small, kind="stable").astype(np.int64), ends.astype(np.int64)


def _reordered(matrix: sp.csc_array, rows: Ints, columns: Ints) -> sp.csc_array:
    """``matrix[rows][:, columns]``, entries of a column in the order in which they were."""
    place = np.empty_like(rows)
    place[rows] = np.arange(rows.size)
    lengths = np.diff(matrix.indptr)[columns]
    pointers = np.concatenate([[0], np.cumsum(lengths)])
    entries = np.repeat(matrix.indptr[columns] - pointers[:-1], lengths) + np.arange(matrix.nnz)
    return sp.csc_array((matrix.data[entries], place[matrix.indices[entries]], pointers), shape=matrix.shape)


def _cones(kinds: Ints, sizes: Ints, labels: Ints, count: int) -> list[tuple[Cone, ...]]:
    """The cones of every block, in the order of its rows."""
    found: list[tuple[Cone, ...]] = [()] * count
    for number, kind in enumerate(KINDS[:SECOND_ORDER]):
        amounts = np.bincount(labels[np.repeat(kinds == number, sizes)], minlength=count).tolist()
        found = [each + ((kind, amount),) * (amount > 0) for each, amount in zip(found, amounts, strict=True)]
    tied = kinds == SECOND_ORDER
    heights, owners = sizes[tied], labels[(np.cumsum(sizes) - sizes)[tied]]
    order, ends = _grouped(owners, count)
    return [each + _tied(heights[order[a:b]]) for each, (a, b) in zip(found, pairwise(ends.tolist()), strict=True)]


def _tied(sizes: Ints) -> tuple[Cone, ...]:
    """Second-order cones of these sizes; runs of one size cost nothing."""
    ends = np.append(np.flatnonzero(np.diff(sizes)) + 1, sizes.size)
    begins = np.append(0, ends[:-1])
    runs = [(("second_order", int(sizes[a])),) * int(b - a) for a, b in zip(begins, ends, strict=True) if b > a]
    return tuple(cone for run in runs for cone in run) if len(runs) != 1 else runs[0]


def _block(
    form: StandardForm, by_row: tuple[Ints, Ints], by_column: tuple[Ints, Ints], cones: tuple[Cone, ...], number: int
) -> Block:
    """A block of a form whose matrices are sorted by block; order of the rows and columns, and ends of the blocks."""
    high, wide = by_row[1][number : number + 2], by_column[1][number : number + 2]
    rows, columns = by_row[0][high[0] : high[1]], by_column[0][wide[0] : wide[1]]
    part = StandardForm(
        P=_cut(form.P, wide, wide),
        q=form.q[columns],
        A=_cut(form.A, high, wide),
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
