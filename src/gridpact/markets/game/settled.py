"""A state of both markets: the district at given prices, and the transmission market at what it imports.

The district is cleared as ever, at the prices it pays and with its import held to the step on which they are valid.
Its own root price then exceeds what it pays where that step's end binds: that is the leader's wedge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.game.leader import Game, priced
from gridpact.markets.market_program import electric_program
from gridpact.markets.pool import clear_pool
from gridpact.physics.electric import dc
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.response import Response, response, with_multipliers, with_prices
from gridpact.programs.solve import Solution
from gridpact.programs.standard_form import compile_program

Floats = NDArray[np.float64]
# Share of a power to which it is held where no step is known around it, and by which one stays inside a step: enough
# for the end of the step not to count as reached.
HELD = 1e-6
INSIDE = 5e-6
# Of that room: from where on a power is drawn away and may go no further; over an edge the price is another.
DRAWN = 0.01
# How often it is looked which power is drawn where.
HOLDS = 4
# How near to the end of its step a power is on it: more than a solver misses a limit by, less than anybody judges.
NEAR = 1e-7
DISTRICT = "district "


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

    def wedge(self) -> Floats:
        """Root price of the district less what it pays at the boundary, (connections, steps)."""
        buses = self.game.case.positions("interfaces", "bus")[self.game.interfaces]
        difference: Floats = self.district.price("active_balance")[buses] - self.price
        return difference

    def lmp(self) -> Floats:
        """The transmission market's price at the connections' buses, (connections, steps)."""
        buses = self.game.transmission.case.positions("connections", "bus")
        lmp: Floats = self.transmission.price("active_balance")[buses]
        return lmp


def by_steps(
    game: Game, steps: Sequence[PriceSteps], z: Floats, stay_inside: bool, exactness: str, dynamics: str
) -> Settled:
    """Both markets where the boundary powers z stand on price steps, the leader paying the better price at an edge.

    A leader who does not trust in that stays inside its steps by five millionths.
    """
    shape = game.transmission.columns.shape
    ends = np.array([_held(one, value, stay_inside) for one, value in zip(steps, z.tolist(), strict=True)])
    low, high, price = (np.reshape(ends[:, k], shape, order="F") for k in range(3))
    return settled(game, price / game.transmission.money, low, high, exactness, dynamics)


def _held(steps: PriceSteps, z: float, stay_inside: bool) -> tuple[float, float, float]:
    """Between what a boundary power is held, and its price: its step, or next to itself where the price rises.

    There, who buys would buy more at a price that stays, and who sells would sell more: both end at z itself.
    """
    piece, _ = steps.paid(z)
    low, high = float(steps.edges[piece]), float(steps.edges[piece + 1])
    inside = INSIDE * (1.0 + max(abs(low), abs(high))) if stay_inside else 0.0
    low, high = low + inside, high - inside
    if steps.slope()[piece] == 0.0:
        return low, high, float(steps.first[piece])
    z, room = float(np.clip(z, low, high)), HELD * (1.0 + abs(z))
    ends = (max(low, z - room), z) if z >= 0.0 else (z, min(high, z + room))
    return *ends, steps.price(piece, z)


def by_price(game: Game, z: Floats, exactness: str, dynamics: str) -> Settled:
    """Both markets at boundary powers that share their prices, at those that are best for the leader."""
    follower = game.transmission.follower()
    return held_at(game, with_multipliers(follower, response(follower, z), z), exactness, dynamics)


def held_at(game: Game, answer: Response, exactness: str, dynamics: str, free: float = HELD) -> Settled:
    """All districts held to the boundary powers of an answer, at its prices.

    Held from the side to which it would go, an import stays where it is; held from both, it would go to an end. One
    that goes nowhere is left a share ``free`` of itself: a second reason to stay would leave its price open.
    """
    shape = game.transmission.columns.shape
    price = answer.price.reshape(shape, order="F") / game.transmission.money
    z = answer.z.reshape(shape, order="F")
    room, wide = (share * (1.0 + np.abs(z)) for share in (HELD, free))
    low, high = z - wide, z + wide
    for _ in range(HOLDS):
        state = _district(game, price, low, high, exactness, dynamics)
        moved = state.boundary / game.transmission.base_mva - z
        up, down = moved > DRAWN * room, moved < -DRAWN * room
        if not (up | down).any():
            break
        low = np.where(up, z - room, np.where(down, z, low))
        high = np.where(up, z, np.where(down, z + room, high))
    return replace(state, transmission=transmission_at(game, answer))


def settled(game: Game, price: Floats, low: Floats, high: Floats, exactness: str, dynamics: str) -> Settled:
    """Both markets at these prices per MWh with boundary powers between ``low`` and ``high`` (program's unit)."""
    return at_imports(_district(game, price, low, high, exactness, dynamics), price)


def _district(game: Game, price: Floats, low: Floats, high: Floats, exactness: str, dynamics: str) -> Settled:
    """The district alone at these prices: its transmission market is still to be said."""
    unit = game.transmission.base_mva / game.feeders[:, None]
    case = priced(game.case, game.interfaces, price, low * unit, high * unit)
    district = clear_pool(case, "soc", "clarabel", exactness, dynamics)
    return Settled(game, district, district, price, low * unit, high * unit)


def at_imports(state: Settled, price: Floats | None = None) -> Settled:
    """The transmission market at what the district imports, with the multipliers that give the price it pays."""
    game = state.game
    z, follower = snapped(state), game.transmission.follower()
    answer = response(follower, z)
    if price is None:
        return replace(state, transmission=transmission_at(game, answer))
    try:
        chosen = with_prices(follower, answer, game.transmission.money * price.ravel(order="F"))
    except NotConverged:  # off its step by a hair: then the best for the leader, and the judges see whether it is paid
        chosen = with_multipliers(follower, answer, z)
    return replace(state, transmission=transmission_at(game, chosen))


def transmission_at(game: Game, answer: Response) -> Cleared:
    """The transmission market of an answer, the districts being loads like others."""
    shape, base = game.transmission.columns.shape, game.transmission.base_mva
    case = with_districts(game.transmission.case, base * answer.z.reshape(shape, order="F"))
    network = game.transmission.market.network
    form = compile_program(electric_program(case, network, dc, []))
    others = np.ones(answer.x.size, dtype=np.bool_)
    others[game.transmission.follower().linking] = False
    x = answer.x[others]
    return Cleared(case, network, dc, form, Solution(x, answer.s, answer.u, form.cost(x), "clarabel", 0, 0.0))


def with_districts(case: Case, boundary: Floats) -> Case:
    """A transmission case with the districts behind its connections as loads, MW (connections, steps)."""
    names = [f"{DISTRICT}{name}" for name in case.ids("connections")]
    buses = case.tables["connections"]["bus"].tolist()
    loads = case.with_rows("loads", {"load": names, "bus": buses, "p_mw": boundary[:, 0], "q_mvar": 0.0})
    return loads.with_profiles({f"loads/{name}/p_mw": row for name, row in zip(names, boundary, strict=True)})


def snapped(state: Settled) -> Floats:
    """Boundary powers in the transmission program's unit, those next to the ends of their steps put onto them."""
    game = state.game
    unit = (game.feeders / game.transmission.base_mva)[:, None]
    z, low, high = ((unit * power).ravel(order="F") for power in (state.imports, state.low, state.high))
    end = np.where(np.abs(z - low) < np.abs(z - high), low, high)
    return np.where(np.abs(z - end) <= NEAR * (1.0 + np.abs(z)), end, z)
