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
        surplus[owner] = max(0.0, cost - game.by_cuts(owner, units)[1])
        held[owner] = _held(game, owner, units, surplus[owner])
    return Deviations(held, surplus)


def _held(game: Game, owner: int, units: Floats, most: float) -> float:
    """What an owner could gain where all exchange and pay what they do.

    That is never more than the common surplus could grow, ``most`` (Proposition 2), which is told where a solver does
    not come to an end at held exchanges.
    """
    own = units[game.joint.owners.own(owner)]
    try:
        party = game.joint.party(owner, units)
        return party.could_save(own, game.trade(units).exchanged, game.pool, game.gap)
    except NotConverged:
        return most
