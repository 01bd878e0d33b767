"""Games whose Shapley value is known: by hand, from their dividends, or in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.bargaining.coalitions import Game, Mask, members

Floats = NDArray[np.float64]

# One left glove (player 0) and two right ones: only a pair is worth something. Masks 3, 5 and 7 hold a pair.
GLOVES = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
# Two of three decide about everything.
MAJORITY = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])


def listed(game: Game, players: int) -> Floats:
    """The values of all masks."""
    return np.append(0.0, game(members(players)[1:]))


def of_dividends(dividends: Floats) -> tuple[Floats, Floats]:
    """The game v(C) = sum of the dividends of the subsets of C, and its value: each dividend in equal parts."""
    players = dividends.size.bit_length() - 1
    who = members(players)
    within = (who[:, None, :] >= who[None, :, :]).all(axis=2)
    size = np.maximum(1, who.sum(axis=1))
    return within @ dividends, (dividends / size) @ who


def airport(costs: Floats) -> tuple[Game, Floats]:
    """The dearest runway of its members, and its value: every stretch is shared by those who need it.

    S. C. Littlechild and G. Owen, Management Science 20(3), 1973. ``costs`` ascend.
    """
    stretches = np.diff(costs, prepend=0.0) / np.arange(costs.size, 0, -1)

    def game(who: Mask) -> Floats:
        return np.asarray((who * costs).max(axis=1))

    return game, np.cumsum(stretches)


def majority(players: int) -> Game:
    def game(who: Mask) -> Floats:
        return (2 * who.sum(axis=1) > players).astype(np.float64)

    return game
