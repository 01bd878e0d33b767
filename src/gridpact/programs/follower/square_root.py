"""R with R'R = P for a sparse positive semidefinite P, and whether P is one.

P falls into the components of its graph; most often it is diagonal, each column a component of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Eigenvalues down to minus this share of the largest are rounding.
ROUNDING = 1e-10


def is_convex(P: sp.csc_array) -> bool:
    """Whether P has no eigenvalue below zero, rounding aside."""
    largest = np.abs(P.data).max(initial=0.0)
    values = [np.linalg.eigvalsh(part) for _, part in _parts(P)]
    return bool(np.concatenate([P.diagonal(), *values]).min(initial=0.0) >= -ROUNDING * largest)


def square_root(P: sp.csc_array) -> sp.csr_array:
    """R with as many rows as P, some of them empty."""
    alone = np.ones(P.shape[0], dtype=np.bool_)
    triplets = []
    for columns, part in _parts(P):
        alone[columns] = False
        values, vectors = np.linalg.eigh(part)
        root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        triplets.append((root.ravel(), np.repeat(columns, columns.size), np.tile(columns, columns.size)))
    left = np.flatnonzero(alone)
    triplets.append((np.sqrt(np.maximum(P.diagonal()[left], 0.0)), left, left))
    data, rows, columns = (np.concatenate([triplet[k] for triplet in triplets]) for k in range(3))
    root = sp.csr_array((data, (rows, columns)), shape=P.shape)
    root.eliminate_zeros()
    return root


def components(P: sp.csc_array) -> tuple[int, Ints]:
    """How many components the graph of P has, and that of every column."""
    count, labels = connected_components(P, directed=False)
    return int(count), np.asarray(labels, dtype=np.int64)


def _parts(P: sp.csc_array) -> Iterator[tuple[Ints, Floats]]:
    """Columns and dense matrices of the components with more than one column."""
    _, labels = components(P)
    sizes = np.bincount(labels)
    for label in np.flatnonzero(sizes > 1):
        columns = np.flatnonzero(labels == label)
        yield columns, P[columns][:, columns].toarray()
