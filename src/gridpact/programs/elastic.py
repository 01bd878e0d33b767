"""Which rows of an infeasible program to relax: few groups, and by little.

    minimise    w'e    subject to    A x - E e + s = b,   s in K,   e >= 0

E has one column per elastic row (two for an equality). Rows belong to groups, say one limit over all hours. The
weights of a group are divided by what it was relaxed by before, which drives small groups to zero (Candes, Wakin
and Boyd, Journal of Fourier Analysis and Applications 14, 2008); groups that turn out to be dispensable are
dropped one by one, so that no part of the answer could be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.conic import clarabel_point
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS = 4
# What counts as relaxed, relative to the unit of the weights; the solver's own tolerance is far below.
NOTICED = 1e-5
MOST_TRIED = 25


@dataclass(frozen=True, eq=False)
class Elastic:
    """Rows that may be relaxed: ``sign`` +1 raises the right-hand side, -1 lowers it (equalities only).

    ``weight`` is the price of one unit of the row, ``group`` whose row it is, ``name`` the caller's own number for
    it; all of shape (k,).
    """

    rows: Ints
    sign: Floats
    weight: Floats
    group: Ints
    name: Ints

    def only(self, groups: Ints) -> Elastic:
        keep = np.isin(self.group, groups)
        return Elastic(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Relaxation:
    """By how much each elastic row is relaxed, in the units of the program's rows."""

    elastic: Elastic
    amount: Floats

    def total(self) -> float:
        """Weighted sum of the amounts."""
        return float(self.elastic.weight @ self.amount)

    def groups(self) -> Ints:
        """Groups that are relaxed, the largest first."""
        count = int(self.elastic.group.max(initial=-1)) + 1
        used = np.bincount(self.elastic.group, self.elastic.weight * self.amount, minlength=count)
        noticed = np.flatnonzero(used > NOTICED)
        return noticed[np.argsort(-used[noticed])]


def smallest_relaxation(form: StandardForm, elastic: Elastic) -> Relaxation | None:
    """A set of groups none of which could be left out, relaxed as little as possible; None if nothing helps."""
    first = relax(form, elastic)
    if first is None:
        return None
    candidates = [first.groups(), *_sparser(form, first)]
    groups = min(candidates, key=len)
    alone = _alone(form, elastic, np.unique(np.concatenate(candidates))) if len(groups) > 1 else None
    return alone or _without_the_dispensable(form, elastic, groups)


def relax(form: StandardForm, elastic: Elastic) -> Relaxation | None:
    """The relaxation of least weight; None where the rows cannot make the program feasible."""
    count, columns = elastic.rows.size, form.q.size
    entries = (-elastic.sign, (elastic.rows, np.arange(count)))
    stretch = sp.csc_array(entries, shape=(form.b.size, count))
    positive = sp.hstack([sp.csc_array((count, columns)), -sp.eye_array(count)])
    relaxed = replace(
        form,
        P=sp.csc_array((columns + count, columns + count)),
        q=np.concatenate([np.zeros(columns), elastic.weight]),
        A=sp.csc_array(sp.vstack([sp.hstack([form.A, stretch]), positive])),
        b=np.concatenate([form.b, np.zeros(count)]),
        cones=(*form.cones, ("nonnegative", count)),
        constant=0.0,
    )
    status, x, _, _ = clarabel_point(relaxed)
    return Relaxation(elastic, np.maximum(x[columns:], 0.0)) if status == "solved" else None


def _sparser(form: StandardForm, first: Relaxation) -> list[Ints]:
    """Groups of the reweighted problems."""
    found, last = [], first
    for _ in range(ROUNDS):
        elastic = first.elastic
        count = int(elastic.group.max()) + 1
        used = np.bincount(elastic.group, elastic.weight * last.amount, minlength=count)
        scale = 1.0 / (used / max(used.max(), NOTICED) + 1e-3)
        again = relax(form, replace(elastic, weight=elastic.weight * scale[elastic.group]))
        if again is None:
            break
        last = replace(again, elastic=elastic)
        found.append(last.groups())
    return found


def _alone(form: StandardForm, elastic: Elastic, groups: Ints) -> Relaxation | None:
    """The cheapest single group that is enough, among at most ``MOST_TRIED``."""
    tried = [relax(form, elastic.only(groups[k : k + 1])) for k in range(min(groups.size, MOST_TRIED))]
    enough = [relaxation for relaxation in tried if relaxation is not None]
    return min(enough, key=Relaxation.total) if enough else None


def _without_the_dispensable(form: StandardForm, elastic: Elastic, groups: Ints) -> Relaxation | None:
    """Leave out, from the smallest on, whatever the others can do without."""
    kept = relax(form, elastic.only(groups))
    for group in groups[::-1][:MOST_TRIED]:
        if kept is None or groups.size == 1:
            break
        fewer = relax(form, elastic.only(groups[groups != group]))
        if fewer is not None:
            groups, kept = groups[groups != group], fewer
    return kept
