"""What coalitions could gain by themselves, trading over the network while all others fall back.

    v(C) = sum of what the devices of all microgrids cost before + the network's cost before
           - the cost of the joint dispatch in which those outside C exchange what they do without a deal
           - the true cost of the trades of C, F(e_C) with e_i of i in C and nothing of all others; or, where fees are a
             transfer, what the operator earns from these trades, if it does not bargain

and nothing where that is less: they may fall back themselves. With an operator that bargains, a coalition without it
has no network and gains nothing. What others exchange, by a tariff, pays no fee: neither here nor before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.bargaining.coalitions import Game
from gridpact.markets.trade.before import Before
from gridpact.markets.trade.central import central_prices
from gridpact.markets.trade.fees import fee_rates
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.pairs import least_fee_trades
from gridpact.markets.trade.programs import dispatch, traded_by
from gridpact.markets.trade.rates import fee_payments
from gridpact.programs.program import Program
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def coalition_game(market: TradeMarket, start: Before, operator_bargains: bool, grand: float) -> Game:
    """Values of coalitions, rows of members (coalitions, players); ``grand`` is that of everybody."""
    assert start.network is not None
    program, alone = dispatch(market), float(start.own.sum()) + start.network.solution.cost

    def value(members: Mask) -> float:
        if members.all():
            return grand
        if operator_bargains and not members[-1]:
            return 0.0
        inside = members[: len(market.parts)]
        return max(0.0, alone - sum(_joint(market, program, start, inside, not operator_bargains)))

    return lambda rows: np.array([value(members) for members in rows])


def _joint(market: TradeMarket, program: Program, start: Before, inside: Mask, earns: bool) -> tuple[float, float]:
    """Cost of the joint dispatch in which only some trade, and what the operator earns from that."""
    form = compile_program(traded_by(market, program, inside, start.exchanged[0]))
    found = solve(form)
    if not earns or market.charges_cost:
        return found.cost, 0.0
    prices, roots, exchanged = central_prices(market, form, found)
    part = np.where(inside[:, None], exchanged, 0.0)
    rates = fee_rates(market.case, prices, roots)
    trades = least_fee_trades(rates.table, part)
    return found.cost, max(0.0, float(fee_payments(rates, trades, market.case.hours).sum()))
