"""A convex program whose constraints and variables have names.

Every constraint and variable that somebody will ask for later (a price, a flow) is registered where it is declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.affine import Affine, Variable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """``parts[0] == 0``, ``parts[0] <= 0`` or ``||parts[1:]|| <= parts[0]``, at the entries where ``where`` is true."""

    kind: Literal["zero", "nonnegative", "second_order"]
    parts: tuple[Affine, ...]
    where: Mask


Named = dict[str, Rows]


@dataclass(frozen=True, eq=False)
class State:
    """Components of a variable that rows of a constraint determine, one by one in every step."""

    variable: str
    components: Ints
    constraint: str
    rows: Ints


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise ``cost`` + sum of ``squares[name]`` x variable^2, subject to the named ``constraints``.

    ``cost`` has one entry; ``integers`` names the variables that must be whole numbers. ``states`` follow from the
    other variables one after another.
    """

    cost: Affine
    variables: Mapping[str, Variable]
    constraints: Mapping[str, Rows]
    squares: Mapping[str, Floats] = field(default_factory=dict)
    integers: tuple[str, ...] = ()
    states: tuple[State, ...] = ()


def equal(expression: Affine, value: Floats | float = 0.0) -> Rows:
    """expression == value, entry by entry."""
    return Rows("zero", (expression - value,), np.ones(expression.shape, dtype=np.bool_))


def at_most(expression: Affine, bound: Floats | float = 0.0) -> Rows:
    """expression <= bound, entry by entry."""
    return Rows("nonnegative", (expression - bound,), np.ones(expression.shape, dtype=np.bool_))


def cone(bound: Affine, parts: Sequence[Affine], where: Mask | None = None) -> Rows:
    """||(parts)||_2 <= bound for the entries where ``where`` is true (all, if None).

    Rows have the shape (1 + parts, *bound.shape); number 0 along the first axis belongs to the bound.
    """
    covered = np.ones(bound.shape, dtype=np.bool_) if where is None else where
    return Rows("second_order", (bound, *parts), covered)


def box(expression: Affine, lower: Floats, upper: Floats, names: tuple[str, str, str]) -> Named:
    """lower <= expression <= upper; infinite bounds make no row, equal bounds an equality.

    ``names`` are those of the lower limit, the upper limit and the equality. Two inequalities that meet
    would leave the program without an interior and its multipliers without a bound.
    """
    lower, upper = np.broadcast_to(lower, expression.shape), np.broadcast_to(upper, expression.shape)
    fixed = lower == upper
    below, above = np.isfinite(lower) & ~fixed, np.isfinite(upper) & ~fixed
    rows: Named = {}
    if below.any():
        rows[names[0]] = Rows("nonnegative", (-expression + np.where(below, lower, 0.0),), below)
    if above.any():
        rows[names[1]] = Rows("nonnegative", (expression - np.where(above, upper, 0.0),), above)
    if fixed.any():
        rows[names[2]] = Rows("zero", (expression - np.where(fixed, lower, 0.0),), fixed)
    return rows
