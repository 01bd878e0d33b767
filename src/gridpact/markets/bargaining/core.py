r"""Whether some of the parties would do better without the others: the largest excess of a coalition.

    excess(C) = v(C) - sum of the gains of C's members,   C neither nobody nor everybody

Gains that share v(N) are in the *core* where no excess is positive: no coalition gains by leaving. Meant for up to 12
players, since a value of every coalition is needed.

Source: D. B. Gillies, "Solutions to general non-zero-sum games", Contributions to the Theory of Games IV, 1959.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gridpact.errors import InputError, Issue
from gridpact.markets.bargaining.coalitions import game_values, sums
from gridpact.markets.bargaining.nash import vector


@dataclass(frozen=True)
class Excess:
    """The largest excess of a proper coalition, in currency, and its members' places; of equals the lowest mask."""

    excess: float
    coalition: tuple[int, ...]


def largest_excess(values: ArrayLike, gains: ArrayLike) -> Excess:
    """The coalition with the best reason to leave: of a game's ``values`` (2^n,) and ``gains`` (n,), in currency.

    Raises InputError for arrays that are no game and for a single player, who has no proper coalition.
    """
    v, players = game_values(values)
    if players == 1:
        raise InputError([Issue("a game of one player has no proper coalition", "Give at least two players.")])
    excess = v - sums(vector("gains", gains, players))
    mask = 1 + int(np.argmax(excess[1:-1]))
    return Excess(float(excess[mask]), tuple(k for k in range(players) if mask >> k & 1))
