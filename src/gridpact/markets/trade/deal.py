"""Both stages of a trade as one value: what was agreed, what it costs, who trades and who pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.coordinate import Coordinated, Round
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.prices import roots_of
from gridpact.markets.trade.before import Before, before
from gridpact.markets.trade.distances import distances
from gridpact.markets.trade.fees import fee_rates
from gridpact.markets.trade.infeasible import diagnosed
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.one_way import require_one_way
from gridpact.markets.trade.pairs import Trades, least_fee_trades
from gridpact.markets.trade.rates import FeeRates, fee_payments
from gridpact.markets.trade.sides import Settled
from gridpact.markets.trade.stage_one import Parties, StageOne, by_one_hand, parties, stage_one
from gridpact.markets.trade.stage_two import StageTwo, roles, stage_two
from gridpact.markets.trade.welfare import Welfare, welfare

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trade:
    """A trade: the market and its parties, both stages, the disagreement point.

    Per MWh, (microgrids, steps): ``prices`` at the network's side, the nodal prices ``at_bus``, which are the same but
    for fees of true cost, and ``roots`` at the root of each one's network; ``paid_fees`` (microgrids,) in currency.
    """

    market: TradeMarket
    parties: Parties
    one: StageOne
    welfare: Welfare
    start: Before
    prices: Floats
    at_bus: Floats
    roots: Floats
    rates: FeeRates
    trades: Trades
    paid_fees: Floats
    two: StageTwo

    @property
    def settled(self) -> Settled:
        return self.one.settled

    @property
    def exchanged_mw(self) -> Floats:
        return self.settled.exchanged[0] * self.market.base

    @property
    def agreement(self) -> Coordinated | None:
        return self.one.agreement


@dataclass(frozen=True)
class How:
    """How a trade is to be found; see ``trade``."""

    method: str = "atc"
    closed_form: bool = False
    tolerance: float = 1e-4
    rounds: int = 500
    exactness: str = "repair"
    seed: int = 0


def traded(
    market: TradeMarket, how: How, ratio: Floats | None = None, told: Callable[[Round], None] | None = None
) -> Trade:
    """Both stages; ``ratio`` of the first prices to the transmission price, (microgrids, steps).

    Raises what its parts raise: ``InfeasibleError``, ``NotConverged``, ``InputError``. Where no dispatch suits all,
    the error says whose program, or that it is all together, and what binds.
    """
    everybody = parties(market, how.closed_form)
    try:
        start, one = _agreed(market, everybody, how, ratio, told)
    except (InfeasibleError, NotConverged) as error:
        found = diagnosed(market, error)
        if found is error:
            raise
        raise found from error
    require_one_way(market, one.settled)
    return _paid(market, everybody, one, start, how.seed)


def _agreed(
    market: TradeMarket, everybody: Parties, how: How, ratio: Floats | None, told: Callable[[Round], None] | None
) -> tuple[Before, StageOne]:
    """The disagreement point and the agreement."""
    constants = np.array([one.form.constant for one in everybody.microgrids])
    start = before(market, constants, how.exactness)
    return start, agreed(market, everybody, how, ratio, told)


def agreed(
    market: TradeMarket,
    everybody: Parties,
    how: How,
    ratio: Floats | None = None,
    told: Callable[[Round], None] | None = None,
) -> StageOne:
    """Stage one by the method asked for. Raises what that raises."""
    if how.method == "central":
        return by_one_hand(market, everybody, how.exactness)
    return stage_one(market, everybody, how.method, how.tolerance, how.rounds, how.exactness, ratio, told)


@dataclass(frozen=True, eq=False)
class Priced:
    """An agreement with its prices, trades and fees; see ``Trade``."""

    welfare: Welfare
    prices: Floats
    at_bus: Floats
    roots: Floats
    rates: FeeRates
    trades: Trades
    paid_fees: Floats


def priced(market: TradeMarket, everybody: Parties, one: StageOne) -> Priced:
    """Prices, pairs and fees of an agreement."""
    both = one.settled
    nodal = both.network.price("active_balance")
    at_bus, roots = nodal[market.buses], nodal[roots_of(market.network)[market.buses]]
    rates = fee_rates(market.case, at_bus, roots)
    trades = least_fee_trades(rates.table, both.exchanged[0] * market.base, distances(market.case).table)
    fees = fee_payments(rates, trades, market.case.hours)
    true_cost = float(fees.sum()) if market.charges_cost else 0.0
    found = welfare(everybody.operator, everybody.microgrids, both, one.least, true_cost)
    prices = everybody.operator.exchanged(-both.slope)[0] / market.money
    return Priced(found, prices, at_bus, roots, rates, trades, fees)


def _paid(market: TradeMarket, everybody: Parties, one: StageOne, start: Before, seed: int) -> Trade:
    """Pairs, fees and payments of an agreement."""
    found = priced(market, everybody, one)
    benefits = np.append(start.costs - found.welfare.costs, start.operator - found.welfare.operator)
    energy = market.case.hours * (found.at_bus * one.settled.exchanged[0] * market.base).sum(axis=1)
    fees = found.paid_fees
    received = np.array([np.append(energy, -energy.sum()), np.append(-fees, fees.sum())])
    who = roles(market, float(fees.sum()), found.welfare.fee_cost)
    two = stage_two(who, benefits, received, everybody.transport.ledger, seed)
    return trade_of(market, everybody, one, start, found, two)


def trade_of(
    market: TradeMarket, everybody: Parties, one: StageOne, start: Before, found: Priced, two: StageTwo
) -> Trade:
    """An agreement with its prices, what there is without it, and who pays whom."""
    return Trade(market=market, parties=everybody, one=one, start=start, two=two, **vars(found))
