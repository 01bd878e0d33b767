r"""Other ways of sharing the surplus, for comparison; deals like that of Nash.

    equal          gain_k = S / (number of parties that bargain)
    proportional   gain_k = S max(x_k, 0) / sum_j max(x_j, 0)
    given          gain_k as another rule says (the Shapley value)

The equal split is the Nash solution with equal weights. In the proportional split $x_k$ is what a party contributes:
its own benefit $b_k$ or, better, what all would lose without it. A negative contribution counts as zero: such a party
is made whole and gets no part of the surplus.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from gridpact.errors import InputError, Issue
from gridpact.markets.bargaining.nash import Deal, Floats, NoDeal, nash, not_negative, vector

# By how much of sum |b_k| gains that are given may miss the surplus.
MISSED = 1e-9


def equal_split(benefits: ArrayLike, bargains: ArrayLike | None = None, kept: ArrayLike | None = None) -> Deal | NoDeal:
    """The same gain for everyone who ``bargains`` (K,), by default all; arguments and errors else as in ``nash``."""
    b = vector("benefits", benefits)
    return nash(b, _bargaining(bargains, b.size), kept)


def proportional(
    benefits: ArrayLike,
    contributions: ArrayLike | None = None,
    bargains: ArrayLike | None = None,
    kept: ArrayLike | None = None,
) -> Deal | NoDeal:
    """Gains in proportion to ``contributions`` (K,), by default the benefits; no deal where none is positive.

    Arguments and errors else as in ``equal_split``.
    """
    b = vector("benefits", benefits)
    given = b if contributions is None else vector("contributions", contributions, b.size)
    shares = _bargaining(bargains, b.size) * np.maximum(given, 0.0)
    if shares.any():
        return nash(b, shares, kept)
    outcome = nash(b, None, kept)
    return NoDeal(outcome.surplus, "no party contributes anything that gains could be in proportion to")


def given_gains(benefits: ArrayLike, gains: ArrayLike) -> Deal:
    """The deal in which each party gains what is said: ``gains`` (K,) sum to the sum of the ``benefits`` (K,).

    Raises InputError where they do not, up to 1e-9 of sum |b_k|, or where the surplus is not positive.
    """
    b = vector("benefits", benefits)
    g = vector("gains", gains, b.size)
    surplus, shared = math.fsum(b), math.fsum(g)
    if not abs(shared - surplus) <= MISSED * math.fsum(np.abs(b)):
        raise InputError(
            [Issue(f"gains of {shared:g} share a surplus of {surplus:g}", "Share all of it, and no more.")]
        )
    if not surplus > 0.0:
        raise InputError([Issue(f"the surplus is {surplus:g}", "Share a positive surplus.")])
    return Deal(surplus, g, g - b, g / surplus)


def _bargaining(bargains: ArrayLike | None, size: int) -> Floats:
    return np.ones(size) if bargains is None else not_negative("bargains", bargains, size)
