"""How a joint plan is operated: one trade over all representative days, and what a year of it costs every owner.

Days have nothing in common but what is built, so that the trade of all of them at once is that of each by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats
from gridpact.case.planned import planned_case
from gridpact.markets.cleared import Cleared
from gridpact.markets.trade.before import Before, before
from gridpact.markets.trade.costs import PAID, owners_of_columns
from gridpact.markets.trade.deal import How, Priced, priced
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.one_way import require_one_way
from gridpact.markets.trade.rates import fees_by_step
from gridpact.markets.trade.stage_one import Parties, StageOne, by_one_hand, parties, stage_one
from gridpact.planning.together.alone import Alone
from gridpact.planning.together.joint import Joint
from gridpact.programs.parts import steps_of_columns


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
    if how.method == "central":
        one = by_one_hand(market, everybody, how.exactness)
    else:
        one = stage_one(market, everybody, how.method, how.tolerance, how.rounds, how.exactness)
    require_one_way(market, one.settled)
    found = priced(market, everybody, one)
    weights = joint.problem.days.weights
    of_day = np.repeat(np.arange(weights.size), np.diff(built.window_edges))
    in_day = sp.csr_array((np.ones(of_day.size), (of_day, np.arange(of_day.size))), shape=(weights.size, of_day.size))
    yearly = weights[:, None] * built.hours
    energy = yearly * np.asarray(in_day @ (found.at_bus * one.settled.exchanged[0] * market.base).T)
    fees = yearly * np.asarray(in_day @ fees_by_step(found.rates, found.trades).T)
    fee_cost = float(fees.sum()) if market.charges_cost else 0.0
    return Operation(
        market,
        everybody,
        one,
        found,
        _costs(joint, one, weights[of_day], fee_cost),
        _of_all(energy),
        -_of_all(fees),
        fee_cost,
    )


def _of_all(received: Floats) -> Floats:
    """What microgrids receive (days, microgrids), and the operator pays."""
    return np.column_stack([received, -received.sum(axis=1)])


def _costs(joint: Joint, one: StageOne, weight: Floats, fee_cost: float) -> Floats:
    """What operation costs every owner in a year; what no decision changes is known by day."""
    below, above = one.settled.microgrids, one.settled.network
    own = _yearly(below, weight)
    for name in PAID:
        own[below.form.columns[name].ravel()] = 0.0
    count = joint.owners.count - 1
    costs = np.bincount(owners_of_columns(below), own, count)
    fixed = joint.problem.days.weights @ [[one.program.form.constant for one in day.owners] for day in joint.days]
    return np.append(costs, float(_yearly(above, weight).sum()) + fee_cost) + fixed


def _yearly(cleared: Cleared, weight: Floats) -> Floats:
    """The cost of every column in a year."""
    x, form = cleared.solution.x, cleared.form
    return np.asarray(weight[steps_of_columns(form)] * x * (form.q + 0.5 * (form.P @ x)))


def operated_alone(joint: Joint, alone: Alone, exactness: str) -> Before:
    """The days where each has built what it would alone: microgrids at their tariffs, or as islands."""
    designs = {name: units for design in alone.designs for name, units in design.items()}
    market = trade_market(planned_case(joint.problem.days.case, designs))
    return before(market, np.zeros(len(market.parts)), exactness)
