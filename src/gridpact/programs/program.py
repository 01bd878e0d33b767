"""A convex program whose constraints and variables have names.

A ``Program`` is a CVXPY problem plus names: every constraint and variable that somebody will ask for
later (a price, a flow) is registered where it is declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """A constraint that covers those entries of an array where ``where`` is true (column-major)."""

    constraint: cp.Constraint
    where: Mask


Named = dict[str, Rows]


@dataclass(frozen=True)
class Program:
    """Minimise ``cost`` over the named ``variables``, subject to the named ``constraints``.

    ``integers`` names the variables that must be whole numbers; CVXPY sees them as continuous.
    """

    cost: cp.Expression
    variables: Mapping[str, cp.Variable]
    constraints: Mapping[str, Rows]
    integers: tuple[str, ...] = ()

    def problem(self) -> cp.Problem:
        return cp.Problem(cp.Minimize(self.cost), [rows.constraint for rows in self.constraints.values()])


def flat(expression: cp.Expression) -> cp.Expression:
    """All entries as a vector, column-major: step after step."""
    return cp.vec(expression, order="F")


def pick(expression: cp.Expression, where: Mask) -> cp.Expression:
    """The entries where ``where`` is true, column-major."""
    if where.all():
        return flat(expression)
    return flat(expression)[np.flatnonzero(where.ravel(order="F"))]


def values(array: Floats, where: Mask) -> Floats:
    """The same entries of an array."""
    return array.ravel(order="F")[where.ravel(order="F")]


def equal(expression: cp.Expression, constant: Floats | float = 0.0) -> Rows:
    """expression == constant, entry by entry."""
    return Rows(expression == constant, np.ones(expression.shape, dtype=np.bool_))


def cone(bound: cp.Expression, parts: list[cp.Expression], where: Mask | None = None) -> Rows:
    """||(parts)||_2 <= bound for the entries where ``where`` is true (all, if None).

    Rows have the shape (1 + parts, *bound.shape); number 0 along the first axis belongs to the bound.
    """
    covered = np.ones(bound.shape, dtype=np.bool_) if where is None else where
    vectors = cp.vstack([pick(part, covered) for part in parts])
    rows = np.broadcast_to(covered, (1 + len(parts), *covered.shape))
    return Rows(cp.SOC(pick(bound, covered), vectors, axis=0), rows)


def box(expression: cp.Expression, lower: Floats, upper: Floats, names: tuple[str, str, str]) -> Named:
    """lower <= expression <= upper; infinite bounds make no row, equal bounds an equality.

    ``names`` are those of the lower limit, the upper limit and the equality. Two inequalities that meet
    would leave the program without an interior and its multipliers without a bound.
    """
    lower, upper = np.broadcast_to(lower, expression.shape), np.broadcast_to(upper, expression.shape)
    fixed = lower == upper
    below, above = np.isfinite(lower) & ~fixed, np.isfinite(upper) & ~fixed
    rows: Named = {}
    if below.any():
        rows[names[0]] = Rows(pick(expression, below) >= values(lower, below), below)
    if above.any():
        rows[names[1]] = Rows(pick(expression, above) <= values(upper, above), above)
    if fixed.any():
        rows[names[2]] = Rows(pick(expression, fixed) == values(lower, fixed), fixed)
    return rows
