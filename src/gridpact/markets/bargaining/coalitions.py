"""Coalitions of n players: bit k of a mask, from 0 to 2^n - 1, says whether player k is in it.

A game is the array of the values of all 2^n masks, or a function of members, (m, n) booleans, one row per coalition,
to their m values. Nobody alone, the mask 0, is worth zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError, Issue
from gridpact.markets.bargaining.nash import Floats, vector

Mask = NDArray[np.bool_]
Game = Callable[[Mask], Floats]

# Most players of whom all coalitions are listed: a million.
MOST = 20


def game_values(values: ArrayLike) -> tuple[Floats, int]:
    """Values (2^n,) and n. Raises InputError for another length, n above 20, and a value of nobody that is not zero."""
    v = vector("values", values)
    players = v.size.bit_length() - 1
    if v.size != 1 << players or not 1 <= players <= MOST:
        raise InputError([Issue(f"a game has {v.size} values", f"Give 2^n of them, for 1 to {MOST} players.")])
    if v[0] != 0.0:
        raise InputError([Issue(f"the coalition of nobody has the value {v[0]:g}", "Give zero as the first value.")])
    return v, players


def members(players: int) -> Mask:
    """Who is in each of the 2^n coalitions: (2^n, n)."""
    return (np.arange(1 << players)[:, None] >> np.arange(players) & 1).astype(bool)


def sums(gains: Floats) -> Floats:
    """Sum of the gains (n,) of the members of each coalition: (2^n,)."""
    total = np.zeros(1)
    for gain in gains:
        total = np.concatenate([total, total + gain])
    return total
