"""One program for leader and follower: cones and matrices, pairs of which one is zero, products in the cost.

    minimise    1/2 x'Px + q'x + constant + sum of value * x[i] x[j]
    subject to  A x + s = b,  s in K,  low <= x <= high,  x[first] = 0 or x[second] = 0 for every pair

It is put together from parts: each states some rows over named groups of columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.bilevel import Bilevel, no_columns
from gridpact.programs.standard_form import KINDS, Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Products = tuple[Ints, Ints, Floats]


@dataclass(frozen=True, eq=False)
class SingleLevel:
    """``groups`` says where the columns of "leader", "follower", "u" (multipliers), "s" (slacks) and others are.

    ``pairs`` (n, 2) are columns of which one is zero. The follower's multipliers are ``turn.T @ x[u]``. ``error`` (k,)
    is by how much price times quantity may be off; zero where the program is exact.
    """

    bilevel: Bilevel
    form: StandardForm
    groups: Mapping[str, Ints]
    pairs: Ints
    products: Products
    low: Floats
    high: Floats
    turn: sp.csr_array
    error: Floats


@dataclass(frozen=True, eq=False)
class Part:
    """Rows over some groups of columns; ``names`` are the numbers of its own rows by name."""

    matrices: Mapping[str, sp.sparray]
    b: Floats
    cones: tuple[Cone, ...]
    names: Mapping[str, Ints]
    states: Ints = field(default_factory=no_columns)


@dataclass(frozen=True, eq=False)
class Layout:
    """Groups of columns side by side."""

    sizes: Mapping[str, int]

    @property
    def width(self) -> int:
        return sum(self.sizes.values())

    def groups(self) -> dict[str, Ints]:
        ends = np.cumsum(list(self.sizes.values()))
        return {
            name: np.arange(end - size, end, dtype=np.int64)
            for (name, size), end in zip(self.sizes.items(), ends, strict=True)
        }

    def spread(self, values: Mapping[str, Floats], default: float = 0.0) -> Floats:
        """A vector over all columns from those of some groups."""
        whole = np.full(self.width, default)
        for name, columns in self.groups().items():
            whole[columns] = values.get(name, default)
        return whole

    def wide(self, matrices: Mapping[str, sp.sparray], height: int) -> sp.csr_array:
        """Matrices of some groups beside each other, zeros elsewhere."""
        row = [matrices.get(name, sp.csr_array((height, size))) for name, size in self.sizes.items()]
        return sp.csr_array(sp.hstack(row, format="csr"))

    def square(self, matrices: Mapping[str, sp.sparray]) -> sp.csc_array:
        """Matrices of some groups on the diagonal."""
        row = [matrices.get(name, sp.csr_array((size, size))) for name, size in self.sizes.items()]
        return sp.csc_array(sp.block_diag(row, format="csc"))


def equalities(matrices: Mapping[str, sp.sparray], b: Floats, names: Mapping[str, Ints]) -> Part:
    return Part(matrices, b, (("zero", b.size),), names)


def inequalities(matrices: Mapping[str, sp.sparray], b: Floats, names: Mapping[str, Ints]) -> Part:
    return Part(matrices, b, (("nonnegative", b.size),), names)


def picked(columns: Ints, width: int, values: Floats | float = 1.0) -> sp.csr_array:
    """One row for each of some columns, with a value there."""
    data = np.broadcast_to(np.asarray(values, dtype=np.float64), columns.shape)
    return sp.csr_array((data, (np.arange(columns.size), columns)), shape=(columns.size, width))


def assembled(
    layout: Layout,
    parts: Sequence[Part],
    cost: tuple[sp.csc_array, Floats, float],
    columns: Mapping[str, Ints],
    integers: Ints,
    states: Ints,
) -> StandardForm:
    """The parts as one form: equalities, inequalities, second-order cones; ``cost`` is P, q and the constant.

    ``states`` are the columns that the parts' state rows determine.
    """
    A = sp.vstack([layout.wide(part.matrices, part.b.size) for part in parts], format="csr")
    cones = [cone for part in parts for cone in part.cones]
    kinds = np.repeat([KINDS.index(kind) for kind, _ in cones], [size for _, size in cones]).astype(np.int64)
    order = np.argsort(kinds, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    starts = np.cumsum([0, *(part.b.size for part in parts)])
    joined = [(part, place[start : start + part.b.size]) for part, start in zip(parts, starts[:-1], strict=True)]
    return StandardForm(
        P=cost[0],
        q=cost[1],
        A=sp.csc_array(A[order]),
        b=np.concatenate([part.b for part in parts])[order],
        constant=cost[2],
        cones=_sorted(cones, kinds),
        rows={name: _numbers(rows, own) for part, own in joined for name, rows in part.names.items()},
        columns=dict(columns),
        integers=integers,
        states=(np.concatenate([own[part.states] for part, own in joined]), states),
    )


def named(prefix: str, names: Mapping[str, Ints], size: int, start: int = 0) -> dict[str, Ints]:
    """Numbers by "prefix.name", moved by ``start``; those without a name under the prefix alone."""
    left = np.ones(size, dtype=np.bool_)
    for numbers in names.values():
        left[numbers[numbers >= 0]] = False
    moved = {
        f"{prefix}.{name}": np.where(numbers < 0, -1, numbers + start)
        for name, numbers in names.items()
        if numbers.size
    }
    return moved | ({prefix: np.flatnonzero(left) + start} if left.any() else {})


def without_states(form: StandardForm, columns: Ints) -> StandardForm:
    """The form in which some columns are no states."""
    rows, states = form.states
    kept = ~np.isin(states, columns)
    return replace(form, states=(rows[kept], states[kept]))


def _numbers(rows: Ints, own: Ints) -> Ints:
    return np.where(rows < 0, -1, own[rows]) if rows.size else rows


def _sorted(cones: Sequence[Cone], kinds: Ints) -> tuple[Cone, ...]:
    plain = tuple((kind, int((kinds == number).sum())) for number, kind in enumerate(KINDS[:2]))
    return tuple(cone for cone in plain if cone[1]) + tuple(cone for cone in cones if cone[0] == KINDS[2] and cone[1])
