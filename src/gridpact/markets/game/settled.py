"""A state of both markets: the district at given prices, and the transmission market at what it imports.

The district is cleared as ever, at the prices it pays and with its import held to the step on which they are valid.
Its own root price then exceeds what it pays where that step's end binds: that is the leader's wedge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.cleared import Cleared
from gridpact.markets.game.leader import Game, priced
from gridpact.markets.pool import clear_pool
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.response import Response, response, with_multipliers
from gridpact.programs.solve import Solution

Floats = NDArray[np.float64]
# Half the width, in MW of a feeder, to which an import is held where no step is known around it.
HELD = 1e-6


@dataclass(frozen=True, eq=False)
class Settled:
    """District and transmission market as they stand: ``price`` (connections, steps) per MWh paid at the boundary.

    ``low`` and ``high`` are the MW between which that price holds for the import of a feeder; ``pieces`` the steps.
    """

    game: Game
    district: Cleared
    transmission: Cleared
    price: Floats
    low: Floats
    high: Floats

    @property
    def imports(self) -> Floats:
        """Import of one feeder in MW, (connections, steps)."""
        imports: Floats = (
            self.district.megawatts("buy", "interfaces") - self.district.megawatts("sell", "interfaces")
        )[self.game.interfaces]
        return imports

    @property
    def boundary(self) -> Floats:
        """Power at the boundary in MW, all feeders together."""
        boundary: Floats = self.game.feeders[:, None] * self.imports
        return boundary

    def lmp(self) -> Floats:
        """The transmission market's price at the connections' buses, (connections, steps)."""
        buses = self.game.transmission.case.positions("connections", "bus")
        lmp: Floats = self.transmission.price("active_balance")[buses]
        return lmp


def by_steps(game: Game, steps: Sequence[PriceSteps], z: Floats, exactness: str, dynamics: str) -> Settled:
    """Both markets where the boundary powers z stand on price steps, the leader paying the better price at an edge."""
    shape = game.transmission.columns.shape
    pieces = [one.paid(value)[0] for one, value in zip(steps, z.tolist(), strict=True)]
    low, high, price = (
        np.reshape([values[k] for values, k in zip(rows, pieces, strict=True)], shape, order="F")
        for rows in ([s.edges[:-1] for s in steps], [s.edges[1:] for s in steps], [s.first for s in steps])
    )
    return settled(game, price / game.transmission.money, low, high, exactness, dynamics)


def settled(game: Game, price: Floats, low: Floats, high: Floats, exactness: str, dynamics: str) -> Settled:
    """The district at these prices per MWh with the boundary powers between ``low`` and ``high`` (program's unit)."""
    unit = game.transmission.base_mva / game.feeders[:, None]
    case = priced(game.case, game.interfaces, price, low * unit, high * unit)
    district = clear_pool(case, "soc", "clarabel", exactness, dynamics)
    return at_imports(Settled(game, district, district, price, low * unit, high * unit), price)


def at_imports(state: Settled, price: Floats | None = None) -> Settled:
    """The transmission market at what the district imports, its multipliers those that support ``price`` best."""
    game = state.game
    z = (state.boundary / game.transmission.base_mva).ravel(order="F")
    follower = game.transmission.follower()
    z = snapped(z, state)
    answer = with_multipliers(follower, response(follower, z), z)
    return replace(state, transmission=game.transmission.cleared(as_solution(game, answer)))


def snapped(z: Floats, state: Settled) -> Floats:
    """z put onto the ends of its steps where it is next to them."""
    base = state.game.transmission.base_mva / state.game.feeders[:, None]
    low, high = ((end / base).ravel(order="F") for end in (state.low, state.high))
    near = 1e-6 * (1.0 + np.abs(z))
    return np.where(np.abs(z - low) <= near, low, np.where(np.abs(z - high) <= near, high, z))


def as_solution(game: Game, answer: Response) -> Solution:
    form = game.transmission.form
    return Solution(answer.x, answer.s, answer.u, form.cost(answer.x), "clarabel", 0, 0.0)
