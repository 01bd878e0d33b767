"""The same day under four designs of the boundary between distribution and transmission.

uncoordinated   the transmission market clears on a forecast of the import and announces its price; the district takes
                that price, and the transmission market clears again on what it then imports
competitive     a price at which the district, taking it, imports what the transmission market sells at it
cooperative     one operator minimises the cost of both
stackelberg     the district knows how its import moves the price

Where everything is convex the competitive dispatch is the cooperative one, and the price is its multiplier; that the
district would import the same at that price is checked, not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.game.carried import answer_to
from gridpact.markets.game.leader import Game, priced
from gridpact.markets.game.settled import Settled, transmission_at
from gridpact.markets.market_program import clearing_program
from gridpact.markets.pool import clear_pool
from gridpact.programs.follower.joint import Joint, joint
from gridpact.programs.follower.response import Response
from gridpact.programs.standard_form import compile_program

Floats = NDArray[np.float64]
DESIGNS = ("uncoordinated", "competitive", "cooperative", "stackelberg")
# Of the cost: what the district may still gain at the competitive price for it to count as one.
REGRET = 1e-5
# Of an import in MW: how far a repaired dispatch may lie from the joint one, whose market is not cleared again.
MOVED = 1e-5


@dataclass(frozen=True, eq=False)
class Design:
    """A design with its state, None where it has none (``status`` says why); ``announced`` is the price first told."""

    name: str
    state: Settled | None
    status: str = "cleared"
    announced: Floats | None = None


def other_designs(game: Game, exactness: str, dynamics: str) -> list[Design]:
    """The district and the transmission market without a leader."""
    return [_uncoordinated(game, exactness, dynamics), *_together(game, exactness, dynamics)]


def _uncoordinated(game: Game, exactness: str, dynamics: str) -> Design:
    try:
        announced = _answered(game, forecast(game, exactness, dynamics))
        case = priced(game.case, game.interfaces, announced)
        district = clear_pool(case, "soc", "clarabel", exactness, dynamics)
        state = _unbounded(game, district, district, announced)
        answer = answer_to(game, state.boundary, "At the announced price")
        transmission = transmission_at(game, answer)
        lmp = replace(state, transmission=transmission).lmp()
        return Design("uncoordinated", replace(state, transmission=transmission, price=lmp), announced=announced)
    except (InfeasibleError, NotConverged) as error:
        return Design("uncoordinated", None, str(error).splitlines()[0])


def forecast(game: Game, exactness: str, dynamics: str) -> Floats:
    """Boundary power in MW that the transmission operator expects: the case's, else the district's own plan."""
    told = game.transmission.case.series("connections", "forecast_mw")
    if not np.isnan(told).any():
        return told
    own = clear_pool(game.case, "soc", "clarabel", exactness, dynamics)
    imports = (own.megawatts("buy", "interfaces") - own.megawatts("sell", "interfaces"))[game.interfaces]
    return np.where(np.isnan(told), game.feeders[:, None] * imports, told)


def _answered(game: Game, boundary: Floats) -> Floats:
    """The transmission price at the connections for these boundary powers in MW."""
    buses = game.transmission.case.positions("connections", "bus")
    answer = answer_to(game, boundary, "By the forecast on which the price is announced")
    price: Floats = transmission_at(game, answer).price("active_balance")[buses]
    return price


def _together(game: Game, exactness: str, dynamics: str) -> list[Design]:
    """Competitive and cooperative: one dispatch, which is competitive if the district would not do otherwise."""
    try:
        both = joint(game.bilevel(), 1.0 / float(game.feeders[0]))
        state = _joint_state(game, both, exactness)
        regret = _regret(state, exactness, dynamics)
    except (InfeasibleError, NotConverged) as error:
        return [Design(name, None, str(error).splitlines()[0]) for name in DESIGNS[1:3]]
    status = (
        "cleared" if regret <= REGRET else f"no price supports the joint dispatch (regret {regret:.1e} of the cost)"
    )
    return [Design("competitive", state, status), Design("cooperative", state)]


def _joint_state(game: Game, both: Joint, exactness: str) -> Settled:
    """The common optimum as a state: the district's own part, at the price of the common program."""
    price = np.reshape(both.price, game.transmission.columns.shape, order="F") / game.transmission.money
    market = game.district
    case = priced(game.case, game.interfaces, price)
    form = compile_program(clearing_program(case, market.network, market.formulation, market.heat))
    solution = replace(both.leader, cost=form.cost(both.leader.x))
    district = Cleared(case, market.network, market.formulation, form, solution, heat=market.heat)
    if exactness in ("repair", "certify"):
        district = made_exact(district, exactness == "certify")
    answer = Response(both.z, both.follower.x, both.follower.s, both.follower.z, both.price, both.follower.cost)
    state = _unbounded(game, district, transmission_at(game, answer), price)
    z = both.z.reshape(price.shape, order="F") * game.transmission.base_mva
    if (np.abs(state.boundary - z) > MOVED * (1.0 + np.abs(z))).any():
        raise NotConverged("The joint dispatch is not one of the physics, and its repair imports something else.")
    return state


def _unbounded(game: Game, district: Cleared, transmission: Cleared, price: Floats) -> Settled:
    """A state whose price holds whatever is imported."""
    return Settled(game, district, transmission, price, np.full_like(price, -np.inf), np.full_like(price, np.inf))


def _regret(state: Settled, exactness: str, dynamics: str) -> float:
    """What the district would gain by another dispatch at the price of the state, relative to its cost."""
    alone = clear_pool(state.district.case, "soc", "clarabel", exactness, dynamics).solution.cost
    return (state.district.solution.cost - alone) / max(1.0, abs(alone))
