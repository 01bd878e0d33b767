r"""Receipts in whole cents: they sum to exactly zero, and nobody ends below the disagreement point.

With the receipt $T_k$ of every party in exact money and its benefit $b_k$, the cents are the whole numbers

    R = argmin  sum_k (R_k - 100 T_k)^2    with   sum_k R_k = 0,   R_k >= f_k = ceil(-100 b_k) .

The least receipt $f_k$ is the first with b_k + R_k / 100 >= 0, in exact arithmetic of the doubles b_k. Where
sum_k f_k > 0 the surplus is too small to be paid in cents: no deal.

Start from R_k = max(f_k, floor(100 T_k)); while cents are left, the next goes to whoever has the largest remainder
100 T_k - R_k; while they are missing, the next comes from whoever above f_k has the smallest. For a sum of convex
functions of one whole number each this greedy way is optimal. Nobody is then further than one cent from T_k, if any R
within one cent of all is there. Of equals, the first in the roster gets more.

A party that does not bargain (the operator that only earns fees) comes first: its receipt is the whole cent nearest to
T_k that leaves all others their f_k.

Source: H. P. Young, "Equity", 1994, chapter 3 (largest remainders); A. Federgruen and H. Groenevelt, "The greedy
procedure for resource allocation problems", Operations Research 34, 1986.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError, Issue
from gridpact.markets.bargaining.nash import Floats, NoDeal, vector

Ints = NDArray[np.int64]

# Money of this size and more is not known to the cent as a double.
LARGEST = 2.0**53 / 100.0
# By how much receipts may miss the sum zero, and a gain may miss zero: half a cent, and the rounding of large money.
SLACK = 0.005
ROUNDING = 1e-12
TOO_SMALL = "too small to be paid in cents: {} more would be needed"


def in_cents(benefits: ArrayLike, receipts: ArrayLike, first: int | None = None) -> Ints | NoDeal:
    """Cents (K,) that each party receives, from ``benefits`` and exact ``receipts`` (K,) in currency.

    ``first`` is the place of a party that does not bargain. Raises InputError where receipts do not sum to zero or a
    gain is negative, by more than half a cent, and where money exceeds 9e13, of which doubles do not know the cents.
    """
    b = _money("benefits", benefits)
    T = _money("receipts", receipts, b.size)
    _require_shares(b, T)
    least = [math.ceil(-100 * Fraction(x)) for x in b.tolist()]
    if sum(least) > 0:
        surplus = math.fsum(b) - (0.0 if first is None else float(b[first] + T[first]))
        return NoDeal(surplus, f"the surplus of {surplus:.6g} is {TOO_SMALL.format(sum(least))}")
    return cents_above(T, least, first)


def cents_above(receipts: ArrayLike, least: Sequence[int], first: int | None = None) -> Ints:
    """The cents (K,) nearest to exact ``receipts`` (K,) that sum to zero, none below its ``least`` whole cents.

    Raises InputError where receipts do not sum to zero, and where the least cents sum to more than that.
    """
    T = _money("receipts", receipts, len(least))
    _require_zero(T)
    if sum(least) > 0:
        raise InputError([Issue(f"the surplus is {TOO_SMALL.format(sum(least))}", "Make no deal.")])
    target, floor = [100 * Fraction(x) for x in T.tolist()], list(least)
    if first is None:
        return np.array(_nearest(target, floor, 0), dtype=np.int64)
    own = min(max(math.floor(target[first] + Fraction(1, 2)), floor[first]), floor[first] - sum(floor))
    others = [k for k in range(len(floor)) if k != first]
    cents = _nearest([target[k] for k in others], [floor[k] for k in others], -own)
    return np.insert(np.array(cents, dtype=np.int64), first, own)


def split_cents(total: ArrayLike, parts: ArrayLike) -> Ints:
    """The cents (K,) of every party, split into ``parts`` (C, K) of money received, in currency, and a rest.

    Returns (C + 1, K): every row sums to zero, every column to the total. Each part is within one cent of the exact
    money; the last row, the lump sum, is the rest. Raises InputError where the total or a part does not sum to zero.
    """
    whole = np.asarray(total, dtype=np.int64)
    if whole.sum() != 0:
        raise InputError([Issue(f"the cents sum to {whole.sum()}", "Give cents that sum to zero, as `in_cents` does.")])
    rows = [_rounded(_money("parts", part, whole.size)) for part in np.atleast_2d(np.asarray(parts, dtype=np.float64))]
    return np.array([*rows, whole - np.sum(rows, axis=0, dtype=np.int64)])


def _rounded(money: Floats) -> Ints:
    """The cents nearest to money that sums to zero, without least receipts."""
    _require_zero(money)
    target = [100 * Fraction(x) for x in money.tolist()]
    return np.array(_nearest(target, [math.floor(x) - money.size for x in target], 0), dtype=np.int64)


def _nearest(target: Sequence[Fraction], floor: Sequence[int], total: int) -> list[int]:
    """Whole numbers nearest to ``target``, none below its ``floor``, that sum to ``total`` >= sum of the floors."""
    cents = [max(least, math.floor(wanted)) for least, wanted in zip(floor, target, strict=True)]
    missing = total - sum(cents)
    step = 1 if missing > 0 else -1
    room = [k for k in range(len(cents)) if step > 0 or cents[k] > floor[k]]
    queue = [(step * (cents[k] - target[k]), step * k) for k in room]
    heapq.heapify(queue)
    for _ in range(abs(missing)):
        distance, place = heapq.heappop(queue)
        k = step * place
        cents[k] += step
        if step > 0 or cents[k] > floor[k]:
            heapq.heappush(queue, (distance + 1, place))
    return cents


def _require_shares(benefits: Floats, receipts: Floats) -> None:
    """Receipts that sum to zero and leave nobody below the disagreement point."""
    _require_zero(receipts)
    gains = benefits + receipts
    if not (gains >= -SLACK - ROUNDING * np.abs(benefits)).all():
        k = int(gains.argmin())
        raise InputError([Issue(f"party {k} would lose {-gains[k]:g}", "Give receipts that leave nobody worse off.")])


def _require_zero(money: Floats) -> None:
    surplus = math.fsum(money)
    if not abs(surplus) <= SLACK + ROUNDING * math.fsum(np.abs(money)):
        raise InputError([Issue(f"money that changes hands sums to {surplus:g}", "Give receipts that sum to zero.")])


def _money(name: str, values: ArrayLike, size: int | None = None) -> Floats:
    array = vector(name, values, size)
    if not np.abs(array).max() < LARGEST:
        raise InputError([Issue(f"{name} are too large to be known to the cent", f"Give less than {LARGEST:.0e}.")])
    return array
