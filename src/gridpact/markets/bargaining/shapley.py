r"""The Shapley value: what a party adds to those before it, on average over all orders in which they may come.

    phi_k = sum over C without k of  |C|! (n - |C| - 1)! / n!  (v(C + k) - v(C))

*Exact* from the values of all 2^n coalitions, to 12 players. *Sampled* above: m random orders and the reverse of each
(antithetic: who comes early in one comes late in the other); the mean x of both is one sample of every player, and the
value of a sample sums to v(N), so the gains do.

The error bound of each player holds for all n together with the stated confidence 1 - delta. With marginal values in a
range of width R, m samples of variance V and d = delta / (2 n), it is the smaller of

    R sqrt(log(2 / d) / (2 m))                                       (Hoeffding)
    sqrt(2 V log(4 / d) / m) + 7 R log(4 / d) / (3 (m - 1))          (empirical Bernstein)

In a monotone game, where nobody's coming makes a coalition worth less, marginal values lie between 0 and v(N), and
R = v(N). The surplus of trading is such a game: whoever comes may also stay alone. Of another game R has to be given.

Sources: L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II, 1953; J. Castro, D.
Gomez and J. Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers and Operations Research
36, 2009; A. Maurer and M. Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT 2009, theorem 4;
W. Hoeffding, "Probability inequalities for sums of bounded random variables", J. American Statistical Association 58,
1963.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError, Issue
from gridpact.markets.bargaining.coalitions import Game, Mask, game_values, members
from gridpact.markets.bargaining.nash import Floats

Ints = NDArray[np.int64]

EXACT = 12
# By what part of v(N), or of the spread, a marginal value may leave its range: values of coalitions come from solvers.
NOISE = 1e-7


@dataclass(frozen=True, eq=False)
class Shapley:
    """Gains (n,) in currency, the error ``bound`` (n,) of each (zero where exact) with its ``confidence``, and how many
    ``coalitions`` had to be valued."""

    gains: Floats
    bound: Floats
    confidence: float
    coalitions: int


def shapley(
    game: Game,
    players: int,
    *,
    pairs: int = 1000,
    seed: int = 0,
    spread: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Shapley:
    """The Shapley value of a ``game`` (see ``coalitions``): exact to 12 players, above them ``sampled_shapley``."""
    if players > EXACT:
        return sampled_shapley(game, players, pairs=pairs, seed=seed, spread=spread, confidence=confidence)
    values = np.append(0.0, game(members(players)[1:]))
    return Shapley(exact_shapley(values), np.zeros(players), 1.0, values.size - 1)


def exact_shapley(values: ArrayLike) -> Floats:
    """The Shapley value (n,) of a game of 2^n ``values``, indexed by mask. Raises InputError where they are no game."""
    v, n = game_values(values)
    weight = np.array([factorial(c) * factorial(n - c - 1) / factorial(n) for c in range(n)])
    weight = weight[members(n - 1).sum(axis=1)]  # of every coalition of the others
    halves = (v.reshape(-1, 2, 1 << k) for k in range(n))  # without and with k
    return np.array([weight @ (half[:, 1] - half[:, 0]).ravel() for half in halves])


def sampled_shapley(
    game: Game,
    players: int,
    *,
    pairs: int = 1000,
    seed: int = 0,
    spread: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Shapley:
    """The Shapley value from ``pairs`` random orders and their reverses, with its error bound.

    ``game`` is called once, with every coalition that occurs. ``spread``, a number or (n,), bounds the width of the
    range of each player's marginal values; without it the game is monotone. Raises InputError where a sampled marginal
    value contradicts that, or where there are fewer than two pairs or the confidence is not between 0 and 1.
    """
    if pairs < 2 or players < 1 or not 0.0 < confidence < 1.0:
        raise InputError([Issue("nothing to be sampled", "Give players, two pairs or more, a confidence below 1.")])
    ranks = np.random.default_rng(seed).permuted(np.tile(np.arange(players), (pairs, 1)), axis=1)
    ranks = np.stack([ranks, players - 1 - ranks], axis=1)
    marginal, coalitions = _marginal_values(game, ranks)
    width = _monotone_width(marginal) if spread is None else _given_width(marginal, spread)
    samples = marginal.mean(axis=1)
    return Shapley(samples.mean(axis=0), _bound(samples, width, 1.0 - confidence), confidence, coalitions)


def _marginal_values(game: Game, ranks: Ints) -> tuple[Floats, int]:
    """What every player adds in every order, from its rank there; shape (..., n) like the ranks; coalitions valued."""
    players = ranks.shape[-1]
    grown = ranks[..., None, :] <= np.arange(players)[:, None]  # after every arrival
    values, coalitions = _valued_once(game, grown.reshape(-1, players))
    added = np.diff(values.reshape(ranks.shape), axis=-1, prepend=0.0)
    return np.take_along_axis(added, ranks, axis=-1), coalitions


def _valued_once(game: Game, rows: Mask) -> tuple[Floats, int]:
    """The values of coalitions, each of them asked for once."""
    packed, where = np.unique(np.packbits(rows, axis=1), axis=0, return_inverse=True)
    different = np.unpackbits(packed, axis=1, count=rows.shape[1]).astype(bool)
    values = np.asarray(game(different), dtype=np.float64)
    if values.shape != (len(different),) or not np.isfinite(values).all():
        raise InputError([Issue("a game does not value its coalitions", "Return one finite number for each of them.")])
    return values[where.reshape(-1)], len(different)


def _monotone_width(marginal: Floats) -> Floats:
    players = marginal.shape[-1]
    total = float(marginal[0, 0].sum())
    if not marginal.min() >= -NOISE * abs(total):  # none is above v(N) then, since they sum to it
        message = f"a player adds {marginal.min():g} to a coalition: the game is not monotone"
        raise InputError([Issue(message, "Give `spread`, a bound on the width of the range of marginal values.")])
    return np.full(players, total)


def _given_width(marginal: Floats, spread: ArrayLike) -> Floats:
    seen = marginal.max(axis=(0, 1)) - marginal.min(axis=(0, 1))
    width = np.broadcast_to(np.asarray(spread, dtype=np.float64), seen.shape)
    if not (seen <= width * (1.0 + NOISE)).all():
        raise InputError([Issue(f"marginal values spread over {seen.max():g}", "Give a larger `spread`.")])
    return np.asarray(width)


def _bound(samples: Floats, width: Floats, delta: float) -> Floats:
    """Half-width (n,) of intervals that hold all values together but with probability ``delta``; samples (m, n)."""
    m, players = samples.shape
    d = delta / (2 * players)
    hoeffding = width * np.sqrt(np.log(2.0 / d) / (2.0 * m))
    deviation = np.sqrt(2.0 * samples.var(axis=0, ddof=1) * np.log(4.0 / d) / m)
    bernstein = deviation + 7.0 * width * np.log(4.0 / d) / (3.0 * (m - 1))
    return np.asarray(np.minimum(hoeffding, bernstein))
