r"""The Nash bargaining solution of parties that can pay each other.

Party $k$ has the benefit $b_k$ (its cost without an agreement less its own cost with it, before any payment; either
may be negative), bargaining weight $w_k$ with $\sum_k w_k = 1$, and keeps a gain $m_k$ that is not bargained about
(zero, but for an operator that only earns fees). Its receipt $r_k$ is all the money that it gets. What is to be shared
is

    S = sum_k b_k - sum_k m_k ,

and the bargaining solution

    max  prod_k (b_k + r_k - m_k)^(w_k)    with   sum_k r_k = 0

has a closed form where S > 0, since at its optimum w_k / (b_k + r_k - m_k) is the same for all k:

    gain_k = m_k + w_k S ,    r_k = gain_k - b_k .

A party of weight zero does not bargain: its gain is what it keeps. Where S is zero or less nobody can gain without
another's loss; the product has no maximum then, and there is no deal.

Sources: J. Nash, "The bargaining problem", Econometrica 18, 1950; E. Kalai, "Nonsymmetric Nash solutions and
replications of 2-person bargaining", International Journal of Game Theory 6, 1977 (weights).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]

# A surplus of no more than this part of sum |b_k| is rounding: benefits are differences of sums of doubles.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Deal:
    """What all parties together gain and how it is shared; arrays (K,), in the order of the roster.

    ``surplus`` S, ``gains`` of each party against no agreement, ``receipts`` with the sum zero, all in currency;
    ``weights`` sum to one: the part of the surplus that goes to each.
    """

    surplus: float
    gains: Floats
    receipts: Floats
    weights: Floats


@dataclass(frozen=True)
class NoDeal:
    """Everybody stays at the disagreement point: there is too little to share, or nothing, as ``reason`` says."""

    surplus: float
    reason: str


def nash(
    benefits: ArrayLike, weights: ArrayLike | None = None, kept: ArrayLike | None = None, rounding: float = ROUNDING
) -> Deal | NoDeal:
    """Share the surplus of parties with ``benefits`` (K,) in currency, by the weights of its formula.

    ``weights`` (K,) are equal by default, zero or more, and need not sum to one; ``kept`` (K,) is zero by default, in
    currency, zero or more. No deal where S <= ``rounding`` * (sum |b_k| + sum m_k). Raises InputError for arrays of
    other lengths, numbers that are not finite, negative weights or gains kept, and weights that are all zero.
    """
    b = vector("benefits", benefits)
    w = normalised(np.ones(b.size) if weights is None else weights, b.size)
    m = not_negative("kept", np.zeros(b.size) if kept is None else kept, b.size)
    surplus = math.fsum([*b, *-m])
    least = rounding * math.fsum([*np.abs(b), *m])
    if not surplus > least:
        return NoDeal(surplus, f"the parties together gain {surplus:.6g}, and more than {least:.3g} would be a gain")
    gains = m + w * surplus
    return Deal(surplus, gains, gains - b, w)


def normalised(weights: ArrayLike, size: int) -> Floats:
    """Weights (size,), divided by their sum."""
    w = not_negative("weights", weights, size)
    if not w.any():
        raise InputError([Issue("all weights are zero", "Give a positive weight to every party that bargains.")])
    w = w / w.max()  # so that their sum is finite
    return np.asarray(w / w.sum())


def not_negative(name: str, values: ArrayLike, size: int) -> Floats:
    """A vector of numbers that are zero or more."""
    array = vector(name, values, size)
    if (array < 0.0).any():
        raise InputError([Issue(f"{name} has the negative entry {array.min():g}", "Give numbers of zero or more.")])
    return array


def vector(name: str, values: ArrayLike, size: int | None = None) -> Floats:
    """A vector of finite numbers: one per party, at least one."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or array.size != (array.size if size is None else size):
        wanted = "one number per party" if size is None else f"{size} numbers"
        raise InputError([Issue(f"{name} has the shape {array.shape}", f"Give {wanted}.")])
    if not np.isfinite(array).all():
        raise InputError([Issue(f"{name} has an entry that is not finite", "Give finite numbers.")])
    return array
