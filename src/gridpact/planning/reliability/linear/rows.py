"""Rows and columns of the form, and the little logic that they are made of: all of, any of.

An answer is a column between 0 and 1, or already known: ``ALWAYS`` or ``NEVER``. Everything stated here bounds answers
from above, so that an answer is 1 only where all that it rests on is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.sparse import coo_array, csr_array

from gridpact.case.case import Floats, Ints

Triplets = tuple[Ints, Ints, Floats]
NEVER: Final = -2
ALWAYS: Final = -1
SLACK: Final = 1e-10
"""Room for loads that fit on paper, in MW; less than what the evaluation gives."""


@dataclass(frozen=True)
class Sum:
    """A constant and multiples of columns."""

    terms: Mapping[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def __add__(self, other: Sum) -> Sum:
        terms = dict(self.terms)
        for column, value in other.terms.items():
            terms[column] = terms.get(column, 0.0) + value
        return Sum({column: value for column, value in terms.items() if value}, self.constant + other.constant)

    def __neg__(self) -> Sum:
        return Sum({column: -value for column, value in self.terms.items()}, -self.constant)

    @property
    def most(self) -> float:
        """The most that it can be with every column between 0 and 1."""
        return self.constant + sum(value for value in self.terms.values() if value > 0.0)

    @property
    def least(self) -> float:
        return self.constant + sum(value for value in self.terms.values() if value < 0.0)


ONE: Final = Sum(constant=1.0)


def answer(column: int) -> Sum:
    """An answer as a sum."""
    return Sum({column: 1.0}) if column >= 0 else Sum(constant=float(column == ALWAYS))


def total(sums: Iterable[Sum]) -> Sum:
    found = Sum()
    for one in sums:
        found = found + one
    return found


class Rows:
    """Grows by columns and rows; the first columns, ``fixed`` of them, are the units of the candidates."""

    def __init__(self, fixed: int) -> None:
        self.fixed = fixed
        self.whole: list[bool] = []
        self._parts: list[Triplets] = []
        self._upper: list[Floats] = []
        self._single: tuple[list[int], list[int], list[float], list[float]] = ([], [], [], [])
        self._count = 0
        self._known: dict[object, int] = {}

    def columns(self, count: int, whole: bool = False) -> Ints:
        first = self.fixed + len(self.whole)
        self.whole += [whole] * count
        return np.arange(first, first + count)

    def column(self, whole: bool = False) -> int:
        return int(self.columns(1, whole)[0])

    def require(self, limited: Sum) -> None:
        """A sum is at most zero."""
        row, column, value, upper = self._single
        row += [len(upper)] * len(limited.terms)
        column += limited.terms.keys()
        value += limited.terms.values()
        upper.append(-limited.constant)

    def require_all(self, triplets: Triplets, upper: Floats) -> None:
        """Rows by row, column and value, each at most ``upper``."""
        row, column, value = triplets
        self._parts.append((row + self._count, column, value))
        self._upper.append(upper)
        self._count += len(upper)

    def all_of(self, conditions: Iterable[Sum]) -> int:
        """An answer that is at most each of some sums."""
        binding = [one for one in conditions if one.least < 1.0]
        if any(one.most <= 0.0 for one in binding):
            return NEVER
        if not binding:
            return ALWAYS
        if len(binding) == 1 and binding[0].constant == 0.0 and list(binding[0].terms.values()) == [1.0]:
            return next(iter(binding[0].terms))
        return self._column_below(binding)

    def any_of(self, answers: Iterable[int]) -> int:
        """An answer that is at most the sum of others."""
        found = set(answers)
        return ALWAYS if ALWAYS in found else self.all_of([total(answer(column) for column in sorted(found))])

    def threshold(self, column: int, least: int, most: int) -> int:
        """Whether a whole number between 0 and ``most`` is at least ``least``: a column of whole numbers."""
        key = ("threshold", column, least)
        if key not in self._known:
            found = self._known[key] = self.column(whole=True)
            self.require(Sum({found: float(least), column: -1.0}))
            self.require(Sum({column: 1.0, found: -float(most - least + 1)}, 1.0 - least))
        return self._known[key]

    def fits(self, needed: Sum, power: Sum, there: Sum) -> int:
        """Whether a load is at most a power, where there is power at all: needed - power <= M (1 - answer).

        That the power is at least the least of the load, times the answer, cuts off much between whole numbers.
        """
        excess = needed + -power
        most = excess.most
        if most <= SLACK:
            return self.all_of([there])
        if excess.constant > SLACK and all(value > 0.0 for value in excess.terms.values()):
            return NEVER
        found = self.column(whole=True)
        self.require(excess + Sum({found: most}, -most - SLACK))
        self.hold(found, needed.least, power)
        if there.least < 1.0:
            self.require(answer(found) + -there)
        return found

    def hold(self, column: int, load: float, power: Sum) -> None:
        """An answer that is yes only where a power is at least a load."""
        if column >= 0 and load > power.constant + SLACK:
            self.require(Sum({column: load}, -SLACK) + -power)

    def _column_below(self, binding: list[Sum]) -> int:
        key = frozenset((one.constant, frozenset(one.terms.items())) for one in binding)
        if key not in self._known:
            self._known[key] = self.column()
            for one in binding:
                self.require(Sum({self._known[key]: 1.0}) + -one)
        return self._known[key]

    def matrix(self) -> tuple[csr_array, Floats]:
        """The rows, and the most that each may be."""
        row, column, value, upper = self._single
        if upper:
            places = np.array(row, dtype=np.int64), np.array(column, dtype=np.int64)
            self.require_all((*places, np.array(value, dtype=np.float64)), np.array(upper, dtype=np.float64))
            self._single = ([], [], [], [])
        shape = (self._count, self.fixed + len(self.whole))
        if not self._parts:
            return csr_array(shape, dtype=np.float64), np.zeros(0)
        rows, columns, values = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        return coo_array((values, (rows, columns)), shape=shape).tocsr(), np.concatenate(self._upper)
