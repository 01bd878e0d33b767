"""A follower of equalities and half-spaces only, and what cannot be turned into one.

    second-order cone of two rows   t >= |v|      as   t - v >= 0,  t + v >= 0
    s' = T s,  A' = T A,  b' = T b,  u = T'u'     where s = b - A x

The optimality conditions of such a follower are equations and complementary pairs of non-negative numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.follower.linear import Polyhedron
from gridpact.programs.follower.square_root import is_convex
from gridpact.programs.standard_form import KINDS, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Polyhedral:
    """``form`` has ``equalities`` equality rows and then inequalities; ``turn`` is T, with rows in that order."""

    form: StandardForm
    linking: Ints
    turn: sp.csr_array

    @property
    def equalities(self) -> int:
        """How many of the rows are equalities; the others are inequalities."""
        return sum(size for kind, size in self.form.cones if kind == "zero")

    @property
    def own(self) -> Ints:
        """The columns that the follower chooses."""
        chosen = np.ones(self.form.q.size, dtype=np.bool_)
        chosen[self.linking] = False
        return np.flatnonzero(chosen)

    def price_of(self) -> sp.csr_array:
        """B', so that the price is B'u."""
        return sp.csr_array(self.form.A[:, self.linking].T)

    def row_name(self, row: int) -> str:
        """What a row is called, "row 7" where it has no name."""
        for name, rows in self.form.rows.items():
            for place in np.argwhere(rows == row):
                return f"{name}[{','.join(map(str, place))}]"
        return f"row {row}"


def polyhedral(bilevel: Bilevel) -> Polyhedral:
    """The follower with two-row cones as half-spaces, equalities first.

    Raises ``InputError`` for a follower with integers, with larger cones, with a cost that is not convex or can fall
    without bound, or with linking columns that have a cost of their own.
    """
    issues = [issue for refusal in REFUSALS for issue in refusal(bilevel.follower)]
    if issues:
        raise InputError(issues)
    turned = _turned(bilevel.follower)
    if not bilevel.bids[0].size and not _has_multipliers(turned):
        raise InputError([UNBOUNDED])
    return turned


def row_kinds(form: StandardForm) -> Ints:
    """The kind of every row, as its place among ``KINDS``."""
    sizes = [size for _, size in form.cones]
    return np.repeat(np.array([KINDS.index(kind) for kind, _ in form.cones], dtype=np.int64), sizes)


def _turned(follower: Follower) -> Polyhedral:
    form = follower.form
    kinds = row_kinds(form)
    order = np.argsort(kinds, kind="stable")
    T = sp.csr_array(_half_spaces(form)[order])
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    equalities = int((kinds == 0).sum())
    cones = (("zero", equalities), ("nonnegative", kinds.size - equalities))
    rows = {name: np.where(rows < 0, -1, place[rows]) if rows.size else rows for name, rows in form.rows.items()}
    changed = replace(form, A=sp.csc_array(T @ form.A), b=T @ form.b, cones=cones, rows=rows)
    return Polyhedral(replace(changed, cones=tuple(cone for cone in cones if cone[1])), follower.linking, T)


def _half_spaces(form: StandardForm) -> sp.csr_array:
    """T with the rows where they are: t - v in the place of t, t + v in that of v."""
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    tied = np.array([kind == "second_order" and size == 2 for kind, size in form.cones], dtype=np.bool_)
    t = (np.cumsum(sizes) - sizes)[tied]
    one = np.ones(t.size)
    count = np.arange(form.b.size)
    rows, columns = np.concatenate([count, t, t + 1]), np.concatenate([count, t + 1, t])
    return sp.csr_array((np.concatenate([np.ones(count.size), -one, one]), (rows, columns)), shape=(count.size,) * 2)


def _has_multipliers(follower: Polyhedral) -> bool:
    """Whether P y + q + A'u = 0 can hold; if not, the cost falls without bound wherever it is feasible."""
    form, own, rows = follower.form, follower.own, follower.form.b.size
    matrix = sp.csr_array(sp.hstack([form.A.T, form.P], format="csr")[own])
    free = np.full(rows + form.q.size, np.inf)
    low = np.where((np.arange(free.size) >= follower.equalities) & (np.arange(free.size) < rows), 0.0, -free)
    return Polyhedron(matrix, (-form.q[own], -form.q[own]), (low, free)).minimise()[0] != "infeasible"


def _integers(follower: Follower) -> Iterator[Issue]:
    if follower.form.integers.size:
        text = f"the follower has {follower.form.integers.size} whole-number variables, so it has no prices"
        yield Issue(text, "Relax or fix them, or move them to the leader.")


def _cones(follower: Follower) -> Iterator[Issue]:
    largest = max((size for kind, size in follower.form.cones if kind == "second_order"), default=0)
    if largest > 2:
        text = f"the follower has a second-order cone of {largest} rows, so its multipliers are no finite choice"
        yield Issue(text, "Give the follower linear constraints, or replace its cones by half-spaces.")


def _convexity(follower: Follower) -> Iterator[Issue]:
    if not is_convex(follower.form.P):
        text = "the follower's cost is not convex, so its optimality conditions do not prove an optimum"
        yield Issue(text, "Give its quadratic costs no negative curvature.")


def _free_links(follower: Follower) -> Iterator[Issue]:
    form, linking = follower.form, follower.linking
    if np.any(form.q[linking]) or form.P[:, linking].count_nonzero():
        text = "a linking column has a cost in the follower's program"
        yield Issue(text, "Move the cost to the leader, or to a column of the follower that equals the linking one.")


REFUSALS: tuple[Callable[[Follower], Iterator[Issue]], ...] = (_integers, _cones, _convexity, _free_links)
UNBOUNDED = Issue(
    "the follower's cost can fall without bound, whatever the leader does",
    "Bound the variables of the follower that earn money.",
)
