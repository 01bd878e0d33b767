r"""Whether the plan is an equilibrium: what each owner could gain by changing its own investments alone.

held            trades and payments stay as they are: its own cost now, less the least it could have
re-bargained    the trade is found anew and the gain shared anew: w_k times what the common surplus could grow
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Floats
from gridpact.errors import NotConverged
from gridpact.planning.together.game import Game


@dataclass(frozen=True, eq=False)
class Deviations:
    """In a year and by owner: the most it could gain at held trades, and the most by which the surplus could grow."""

    held: Floats
    surplus: Floats


def deviations(game: Game, units: Floats) -> Deviations:
    """Bounds of the gains of all owners at a plan, zero or more."""
    count, cost = game.joint.owners.count, game.cost(units)
    if not np.isfinite(cost):
        raise NotConverged("The plan leaves demand unserved: there is nothing to deviate from.")
    held, surplus = np.zeros(count), np.zeros(count)
    for owner in game.joint.owners.in_turn():
        held[owner] = _held(game, owner, units)
        surplus[owner] = max(0.0, cost - game.by_cuts(owner, units)[1])
    return Deviations(held, surplus)


def _held(game: Game, owner: int, units: Floats) -> float:
    """What an owner could gain where all exchange and pay what they do."""
    own = units[game.joint.owners.own(owner)]
    return game.joint.party(owner, units).could_save(own, game.trade(units).exchanged, game.pool, game.gap)
