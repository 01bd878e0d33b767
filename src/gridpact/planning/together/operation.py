"""How a joint plan is operated: one trade over all representative days, and what a year of it costs every owner.

Days have nothing in common but what is built, so that the trade of all of them at once is that of each by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.markets.trade.before import Before, before
from gridpact.markets.trade.costs import column_costs, own_and_paid
from gridpact.markets.trade.deal import How, Priced, agreed, priced
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.one_way import require_one_way
from gridpact.markets.trade.rates import fees_by_step
from gridpact.markets.trade.stage_one import Parties, StageOne, parties
from gridpact.planning.together.alone import Alone
from gridpact.planning.together.joint import Joint


@dataclass(frozen=True, eq=False)
class Operation:
    """The trade of all days; in a year, by owner, the operator last: ``costs`` of operation, without payments.

    By day as often as it comes in a year, (days, owners): money ``energy`` and ``fees`` that each receives.
    ``fee_cost`` is the true cost of trading in a year, which is in the operator's cost.
    """

    market: TradeMarket
    everybody: Parties
    one: StageOne
    priced: Priced
    costs: Floats
    energy: Floats
    fees: Floats
    fee_cost: float


def operation(joint: Joint, built: Case, how: How) -> Operation:
    """The days operated as ``built``. Raises what ``stage_one`` raises."""
    market = trade_market(built)
    everybody = parties(market)
    one = agreed(market, everybody, how)
    require_one_way(market, one.settled)
    found = priced(market, everybody, one)
    exchanged = one.settled.exchanged[0] * market.base
    energy = _by_day(joint, built, found.at_bus * exchanged)
    fees = _by_day(joint, built, fees_by_step(found.rates, found.trades))
    fee_cost = float(fees.sum()) if market.charges_cost else 0.0
    return Operation(
        market,
        everybody,
        one,
        found,
        _costs(joint, one, fee_cost),
        _of_all(energy),
        -_of_all(fees),
        fee_cost,
    )


def _by_day(joint: Joint, built: Case, per_hour: Floats) -> Floats:
    """Money per hour (microgrids, steps) over every day, as often as it comes in a year, (days, microgrids)."""
    daily = np.add.reduceat(per_hour, built.window_edges[:-1], axis=1).T
    return np.asarray(joint.problem.days.weights[:, None] * built.hours * daily)


def _of_all(received: Floats) -> Floats:
    """What microgrids receive (days, microgrids), and the operator pays."""
    return np.column_stack([received, -received.sum(axis=1)])


def _costs(joint: Joint, one: StageOne, fee_cost: float) -> Floats:
    """What operation costs every owner in a year; what no decision changes is known by day."""
    both, weight = one.settled, joint.problem.days.by_step
    fixed = joint.problem.days.weights @ [[own.program.form.constant for own in day.owners] for day in joint.days]
    below, _ = own_and_paid(both.microgrids, fixed[:-1], weight)
    return np.append(below, float(column_costs(both.network, weight).sum()) + fee_cost + fixed[-1])


def operated_alone(joint: Joint, alone: Alone, exactness: str) -> Before:
    """The days where each has built what it would alone: microgrids at their tariffs, or as islands."""
    market = trade_market(alone.plan.built(joint.problem.days.case))
    return before(market, np.zeros(len(market.parts)), exactness)
