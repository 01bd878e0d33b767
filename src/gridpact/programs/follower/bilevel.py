"""Leader and follower as one value: a convex program whose cost holds what another convex program answers.

    leader     minimise over x      f(x) + sum over k of w_k lambda_k z_k + sum of value * x[i] x[j]
               subject to           x in X,  z = scale * x[columns],  x[theirs] = y[answers],  x[multipliers] = u[rows]

    follower   phi(z) = minimise over y   1/2 y'Py + q'y,   q[bid for] higher by x[bids]
               subject to                 A y + B z + s = b,   s in K = zero x nonnegative

    price      lambda in d(phi)/dz = {B'u : u optimal multipliers of the follower at z}

Where several y or u are optimal the leader chooses among them (the optimistic version). The follower's columns of z
are ``linking``: they cost nothing themselves. Nothing here knows what z is.
Source: Dempe, "Foundations of Bilevel Programming", 2002; Ruiz and Conejo, "Pool strategy of a producer with
endogenous formation of locational marginal prices", IEEE Trans. Power Systems 24(4), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def no_columns() -> Ints:
    return np.zeros(0, dtype=np.int64)


def no_pairs() -> tuple[Ints, Ints]:
    return no_columns(), no_columns()


def no_products() -> tuple[Ints, Ints, Floats]:
    return no_columns(), no_columns(), np.zeros(0)


@dataclass(frozen=True, eq=False)
class Follower:
    """A linear or convex quadratic program; ``linking`` are the columns of z, shape (k,), which only the rows know."""

    form: StandardForm
    linking: Ints


@dataclass(frozen=True, eq=False)
class Bilevel:
    """Leader and follower, tied by ``follower z[k] = scale[k] * leader x[columns[k]]``.

    ``weights`` (k,) is what the leader pays for each unit of price times quantity, zero where it does not pay;
    the leader's columns ``theirs`` equal the follower's columns ``answers``. Rarer: ``bids`` are leader's columns and
    the follower's columns whose cost they raise, ``multipliers`` leader's columns and the follower's rows whose
    multipliers they equal, ``products`` pairs of the leader's columns and what their product costs.
    """

    leader: StandardForm
    follower: Follower
    columns: Ints
    scale: Floats
    weights: Floats
    theirs: Ints = field(default_factory=no_columns)
    answers: Ints = field(default_factory=no_columns)
    bids: tuple[Ints, Ints] = field(default_factory=no_pairs)
    multipliers: tuple[Ints, Ints] = field(default_factory=no_pairs)
    products: tuple[Ints, Ints, Floats] = field(default_factory=no_products)
