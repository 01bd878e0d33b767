"""Affine expressions over arrays of variables: components in rows, steps in columns.

An ``Affine`` holds, for every entry of its array, a constant and the coefficients of variables as triplets
(entry, position in the variable, coefficient); entries count column-major, step after step. Every operation acts
on whole triplet arrays, so that assembling a program costs a fraction of solving it.

    leaving @ P - arriving @ (P - r * l)        matrices mix components, arrays scale entries
    energy @ shift                              a matrix at the right mixes steps
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Matrix = Floats | sp.csr_array


@dataclass(frozen=True, eq=False)
class Source:
    """The identity of a variable array."""

    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Block:
    """Coefficients of one variable: ``values`` at (``entries`` of the expression, ``positions`` in the source)."""

    source: Source
    entries: Ints
    positions: Ints
    values: Floats

    def moved(self, target: Ints) -> Block:
        """Entries renumbered by ``target``; those sent to -1 are dropped."""
        entries = target[self.entries]
        keep = entries >= 0
        return Block(self.source, entries[keep], self.positions[keep], self.values[keep])

    def scaled(self, factor: Floats) -> Block:
        return Block(self.source, self.entries, self.positions, self.values * factor[self.entries])


class Affine:
    """constant + sum of coefficient x variable, for every entry of an array of two dimensions."""

    __array_ufunc__ = None  # numpy leaves the operators to this class
    __slots__ = ("blocks", "constant")

    def __init__(self, constant: Floats, blocks: tuple[Block, ...] = ()) -> None:
        self.constant = constant
        self.blocks = blocks

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.constant.shape
        return rows, columns

    @property
    def size(self) -> int:
        return self.constant.size

    def __add__(self, other: Affine | Floats | float) -> Affine:
        if not isinstance(other, Affine):
            return Affine(self.constant + other, self.blocks)
        return Affine(self.constant + other.constant, self.blocks + other.blocks)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return self * -1.0

    def __sub__(self, other: Affine | Floats | float) -> Affine:
        return self + (-other)

    def __rsub__(self, other: Floats | float) -> Affine:
        return -self + other

    def __mul__(self, factor: Floats | float) -> Affine:
        """Entry by entry, by an array that broadcasts to the expression's shape."""
        spread = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.shape)
        flat = spread.ravel(order="F")
        return Affine(self.constant * spread, tuple(block.scaled(flat) for block in self.blocks))

    __rmul__ = __mul__

    def __rmatmul__(self, matrix: Matrix) -> Affine:
        """matrix (k x rows) @ expression: mixes components within every step."""
        rows, _ = self.shape
        left = sp.csc_array(matrix)
        constant = np.asarray(left @ self.constant, dtype=np.float64)
        return Affine(constant, tuple(_mixed(block, left, rows) for block in self.blocks))

    def __matmul__(self, matrix: Matrix) -> Affine:
        """expression @ matrix (columns x k): mixes steps of every component."""
        return (sp.csr_array(sp.csc_array(matrix).T) @ self.T).T

    def mapped(self, matrix: sp.csr_array, shape: tuple[int, int]) -> Affine:
        """matrix (size of shape x size) @ all entries, column-major: mixes components and steps at once."""
        flat = matrix @ self.constant.ravel(order="F")
        left = sp.csc_array(matrix)
        blocks = tuple(_mixed(block, left, self.size) for block in self.blocks)
        return Affine(np.asarray(flat, dtype=np.float64).reshape(shape, order="F"), blocks)

    @property
    def T(self) -> Affine:
        rows, columns = self.shape
        target = np.arange(self.size).reshape(rows, columns).ravel(order="F")
        return Affine(self.constant.T, tuple(block.moved(target) for block in self.blocks))

    def __getitem__(self, key: Any) -> Affine:
        """Rows and columns by numpy's rules; the result keeps two dimensions. Only whole rows may be repeated."""
        numbers = np.arange(self.size).reshape(self.shape, order="F")[key]
        if numbers.ndim != 2:
            raise IndexError("an expression keeps two dimensions: index with slices, masks or lists")
        if np.unique(numbers).size < numbers.size:
            picked = sp.csr_array(
                (np.ones(numbers.shape[0]), (np.arange(numbers.shape[0]), numbers[:, 0] % self.shape[0]))
            )
            return sp.csr_array(picked, shape=(numbers.shape[0], self.shape[0])) @ self
        target = np.full(self.size, -1, dtype=np.int64)
        target[numbers.ravel(order="F")] = np.arange(numbers.size)
        return Affine(self.constant[key], tuple(block.moved(target) for block in self.blocks))

    def _repeated(self, components: Ints) -> Affine:
        """Whole components, some of them more than once."""
        ones = (np.ones(components.size), (np.arange(components.size), components))
        return sp.csr_array(ones, shape=(components.size, self.shape[0])) @ self

    def total(self) -> Affine:
        """The sum of all entries, shape (1, 1)."""
        everything = np.zeros(self.size, dtype=np.int64)
        return Affine(np.array([[self.constant.sum()]]), tuple(block.moved(everything) for block in self.blocks))

    def sum_over_steps(self) -> Affine:
        """One sum per component, shape (rows, 1)."""
        rows, columns = self.shape
        target = np.tile(np.arange(rows), columns)
        return Affine(self.constant.sum(axis=1, keepdims=True), tuple(block.moved(target) for block in self.blocks))


class Variable(Affine):
    """An array of variables: the expression that is each of its own entries."""

    __slots__ = ("source",)

    def __init__(self, shape: tuple[int, int]) -> None:
        self.source = Source(shape)
        every = np.arange(shape[0] * shape[1])
        super().__init__(np.zeros(shape), (Block(self.source, every, every, np.ones(every.size)),))


def nothing() -> Affine:
    """Zero, as one entry: where sums begin."""
    return Affine(np.zeros((1, 1)))


def constant(array: Floats) -> Affine:
    """An expression without variables."""
    return Affine(np.asarray(array, dtype=np.float64))


def _mixed(block: Block, left: sp.csc_array, rows: int) -> Block:
    """Every coefficient of component i goes to all components k with left[k, i] != 0."""
    component, step = block.entries % rows, block.entries // rows
    starts, counts = left.indptr[component], np.diff(left.indptr)[component]
    repeat = np.repeat(np.arange(component.size), counts)
    offset = np.arange(repeat.size) - np.repeat(np.cumsum(counts) - counts, counts)
    picked = starts[repeat] + offset
    entries = left.indices[picked] + step[repeat] * left.shape[0]
    values = block.values[repeat] * left.data[picked]
    return Block(block.source, entries.astype(np.int64), block.positions[repeat], values)
