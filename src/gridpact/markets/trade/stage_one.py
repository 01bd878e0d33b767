"""Stage one: exchanges and prices of greatest welfare, found by parties that keep their data to themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.agent import ProgramAgent
from gridpact.coordination.closed_form import ClosedFormAgent
from gridpact.coordination.coordinate import Coordinated, Round, coordinate, no_agreement
from gridpact.coordination.message import Message
from gridpact.coordination.party import ASK_FIXED, FIXED, ProgramParty
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.transport import InProcess
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.trade.admission import COORDINATOR
from gridpact.markets.trade.central import Central, central, central_exact
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.opening import METHODS, opening
from gridpact.markets.trade.operator import OperatorAgent
from gridpact.markets.trade.programs import OperatorProgram, PartyProgram, microgrid_program, operator_program
from gridpact.markets.trade.sides import Settled, largest, price_gap, settled, settled_at_flows
from gridpact.markets.trade.welfare import least_costs, welfare

Floats = NDArray[np.float64]
# Relative differences of the prices of both sides, and of the cost and its bound, that count as none; how fine
# further rounds become, over the first tolerance, how many there are at a time, and how often.
SAME_PRICE = 1e-3
SAME_COST = 2e-6
FINEST = 1e-3
POLISHING, POLISHED = 12, 8
# Gap asked of the conic solver in the rounds: what is published comes from tighter solves.
ROUGH = 1e-8
# By this times the highest price the network is held to what one hand does. More of it would make for rough answers.
HELD = 1.0


@dataclass(frozen=True, eq=False)
class Parties:
    """The parties of a market behind a transport, with their programs."""

    operator: OperatorProgram
    agent: OperatorAgent
    microgrids: list[PartyProgram]
    transport: InProcess
    roster: Roster


def parties(market: TradeMarket, closed_form: bool = False, run: str = "stage one") -> Parties:
    """Everybody with a program of its own; the operator learns reactive power that is fixed, and nothing else.

    A microgrid that exchanges none states none.
    """
    below = [microgrid_program(part, market.base, market.dynamics) for part in market.parts]
    joined = InProcess(
        [
            ProgramParty(name, _agent(one, closed_form), one.columns.size, fixed=_stated(one))
            for name, one in zip(market.names, below, strict=True)
        ]
    )
    told = [_reactive(joined, run, name, one) for name, one in zip(market.names, below, strict=True)]
    above = operator_program(market, told)
    operator = OperatorAgent(market, above, _agent(above, closed_form))
    joined.join(ProgramParty(market.operator_name, operator, above.columns.size))
    sizes = [one.columns.size for one in below]
    asked = roster(joined, run, COORDINATOR, market.operator_name, market.names, sizes)
    return Parties(above, operator, below, joined, asked)


def _agent(one: PartyProgram, closed_form: bool) -> ProgramAgent | ClosedFormAgent:
    return ClosedFormAgent(one.form, one.columns) if closed_form else ProgramAgent(one.form, one.columns, ROUGH)


def _stated(one: PartyProgram) -> Floats | None:
    return one.reactive if one.reactive is not None and one.reactive.any() else None


def _reactive(transport: InProcess, run: str, name: str, one: PartyProgram) -> Floats | None:
    """The fixed reactive power that a microgrid states, per unit; None where it is among what is agreed."""
    if _stated(one) is None:
        return one.reactive
    return transport.call(Message(f"{run}: fixed", 0, COORDINATOR, name, ASK_FIXED))[FIXED]


@dataclass(frozen=True, eq=False)
class StageOne:
    """The agreement to the tolerance asked, both sides settled, and rounds that made prices of both sides the same.

    ``least`` as ``least_costs``. One hand has no agreement, but its dispatch ``best``.
    """

    agreement: Coordinated | None
    polishing: list[Round]
    settled: Settled
    least: Floats
    best: Central | None = None

    @property
    def iterations(self) -> int:
        """Rounds to agreement, counted with the opening one; none of one hand."""
        return 0 if self.agreement is None else len(self.agreement.rounds) + 1


def stage_one(
    market: TradeMarket,
    found: Parties,
    method: str,
    tolerance: float,
    most_rounds: int,
    exactness: str = "repair",
    ratio: Floats | None = None,
    told: Callable[[Round], None] | None = None,
) -> StageOne:
    """Exchanges of greatest welfare with both sides settled.

    Prices begin as the transmission price times ``ratio`` (microgrids, steps), one if None.

    Where an answer lies at a kink of one side's cost, being near is not enough: its price is another one beside it.
    The agreement then goes on until the prices of both sides are the same, and the cost is proven to be the least.
    Where the operator's relaxation invents losses, it answers by real flows from then on, and from the beginning again
    where that has kept them from agreeing. Raises ``NotConverged``.
    """
    way = METHODS[method](found.roster)
    begin = _opening(market, found, ratio)
    first = coordinate(way, *begin, tolerance, most_rounds, told, or_last=True)
    agreement, polishing = first, list[Round]()
    found.agent.exact = exactness in ("repair", "certify") and _invents_losses(found, first)
    if found.agent.exact and first.within(tolerance):
        agreement = coordinate(way, first.below, first.price, first.penalty, tolerance, most_rounds, told)
        polishing += agreement.rounds
    elif found.agent.exact:  # energy is burnt that is worth less than nothing: the rounds lead nowhere
        agreement = coordinate(way, *begin, tolerance, most_rounds, told)
        first = replace(agreement, rounds=first.rounds + agreement.rounds)
    elif not first.within(tolerance):
        raise no_agreement(first.rounds, tolerance)
    for _ in range(POLISHED):
        try:
            both = _settled(market, found, agreement, exactness)
            if price_gap(market, found.operator, both) <= SAME_PRICE:
                least = least_costs(found.operator, found.microgrids, both.slope)
                if found.agent.exact or _cost_gap(found, both, least) <= SAME_COST:
                    return StageOne(first, polishing, both, least)
        except (InfeasibleError, NotConverged):
            pass  # they do not meet here, or only with losses that no flow explains
        known = agreement.below, agreement.price, agreement.penalty
        agreement = coordinate(way, *known, FINEST * tolerance, POLISHING, told, or_last=True)
        polishing += agreement.rounds
    both = _settled(market, found, agreement, exactness)
    return StageOne(first, polishing, both, least_costs(found.operator, found.microgrids, both.slope))


def _settled(market: TradeMarket, found: Parties, agreed: Coordinated, exactness: str) -> Settled:
    """Both sides of an agreement, at the operator's own flows where its relaxation is not exact.

    Where prices of both sides differ, agreements lie next to a kink: then where the microgrids would rather be.
    """
    if not found.agent.exact:
        both = settled(market, found.operator, agreed, exactness)
        if price_gap(market, found.operator, both) <= SAME_PRICE:
            return both
        return _beside(market, found, agreed, exactness, both)
    flows = found.agent.repaired(-agreed.price, agreed.below, agreed.penalty)
    return settled_at_flows(market, found.operator, agreed, flows)


def _beside(market: TradeMarket, found: Parties, agreed: Coordinated, exactness: str, both: Settled) -> Settled:
    """Both sides where the microgrids would rather be, if prices then differ by less than at ``both``."""
    try:
        other = settled(market, found.operator, agreed, exactness, beside=True)
    except (InfeasibleError, NotConverged):
        return both
    return min(both, other, key=lambda one: price_gap(market, found.operator, one))


def _invents_losses(found: Parties, agreed: Coordinated) -> bool:
    """Whether the operator's answer at an agreement has cones that are not tight."""
    return found.agent.repaired(-agreed.price, agreed.below, agreed.penalty).relaxed is not None


def _cost_gap(found: Parties, both: Settled, least: Floats) -> float:
    """The cost less its bound, relative."""
    known = welfare(found.operator, found.microgrids, both, least, both.fee_cost)
    return float(known.regrets.sum()) / max(abs(known.total), 1.0)


def _opening(market: TradeMarket, found: Parties, ratio: Floats | None) -> tuple[Floats, Floats, Floats]:
    price = market.transmission_price * (1.0 if ratio is None else ratio)
    return opening(found.roster, price, market.money)


def by_one_hand(market: TradeMarket, found: Parties, exactness: str) -> StageOne:
    """The central dispatch in place of an agreement, settled like one: at real flows where its relaxation has none."""
    best = central(market)
    real = central_exact(market, exactness == "certify") if exactness in ("repair", "certify") else None
    done, found.agent.exact = real or best, real is not None
    target = found.operator.coupled(done.exchanged / market.base, done.reactive / market.base)
    price = -market.money * found.operator.coupled(done.prices, done.reactive_prices)
    agreed = Coordinated(target, target, price, np.full(price.size, HELD * largest(market, price)), [])
    both = _settled(market, found, agreed, exactness)
    return StageOne(None, [], both, least_costs(found.operator, found.microgrids, both.slope), best)
