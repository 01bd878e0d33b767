"""Fees that are a true cost, inside the program of who bears it: the least-fee split with open exchanges.

e_i    what microgrid i gives to the network, an expression
x_ij   what i sells to j; s_i, b_i what it sells to and buys from the operator, all per unit and at least zero

    e_i = sum_j x_ij - sum_j x_ji + s_i - b_i,      cost = sum of f_ij x_ij + f_i0 s_i + f_0i b_i

What never helps is left out: pairs that pay at least what both would pay to the operator, among them all that no line
joins, for which the fee is infinite. What costs nothing in both directions is one variable of either sign (else x_ij
and x_ji could grow together without a bound), and of pairs that cost nothing only a spanning forest is kept, for energy
may go along it for nothing.

The cost is convex in the exchanges and equals the fees of ``least_fee_trades`` where no way through others is cheaper
than the straight one, which ``fee_rates`` sees to.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from gridpact.errors import InputError, Issue
from gridpact.markets.trade.fees import peer_savings
from gridpact.markets.trade.pairs import TIE, highest
from gridpact.markets.trade.rates import FeeRates
from gridpact.physics.devices.device import total
from gridpact.programs.affine import Affine, Variable, nothing
from gridpact.programs.program import Named, box, equal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def fee_device(rates: FeeRates, exchange: Affine, base: float) -> tuple[dict[str, Variable], Named, Affine]:
    """Variables, rows and the cost in currency per hour, summed over the steps, of ``exchange`` (n, steps) per unit.

    ``base`` is in MW. Raises ``InputError`` for fees below zero, at which the cost would have no bound.
    """
    _require_no_gift(rates)
    sell, buy = Variable(exchange.shape), Variable(exchange.shape)
    variables, rows, sold, cost = _between(rates, exchange.shape)
    cost = cost + total(rates.sell, sell) + total(rates.buy, buy)
    rows |= {"trade/split": equal(exchange - sold - sell + buy)} | _with_operator(rates, sell, buy)
    return {**variables, "trade_sell": sell, "trade_buy": buy}, rows, base * cost


def _require_no_gift(rates: FeeRates) -> None:
    if min(array.min(initial=0.0) for array in (rates.pair, rates.sell, rates.buy)) < 0.0:
        fix = 'Take fee_kind "transfer", or a fee_rule whose fees are not negative.'
        raise InputError([Issue("fees below zero cannot be a true cost of trading", fix, "network_operator.csv")])


def _between(rates: FeeRates, shape: tuple[int, int]) -> tuple[dict[str, Variable], Named, Affine, Affine]:
    """Trades between microgrids, their limits, what each sells less what it buys, and their cost."""
    seller, buyer, either = trading_pairs(rates)
    if not seller.size:
        return {}, {}, Affine(np.zeros(shape)), nothing()
    pair = Variable((seller.size, shape[1]))
    lower = np.where(either, -np.inf, 0.0)[:, None]
    trades, ones = np.arange(seller.size), np.ones(seller.size)
    ends = (np.concatenate([seller, buyer]), np.concatenate([trades, trades]))
    signs = sp.csr_array((np.concatenate([ones, -ones]), ends), shape=(shape[0], seller.size))
    rows = box(pair, lower, np.full((1, 1), np.inf), ("trade/pair", "", ""))
    return {"trade_pair": pair}, rows, signs @ pair, total(rates.pair[seller, buyer], pair)


def trading_pairs(rates: FeeRates) -> tuple[Ints, Ints, Mask]:
    """Sellers and buyers of the pairs in the program, and which of them trade in either direction for nothing."""
    helps = np.any(peer_savings(rates) > TIE * highest(rates.table), axis=2)
    free = helps & helps.T & ~(rates.pair + rates.pair.swapaxes(0, 1)).any(axis=2)
    forest = minimum_spanning_tree(sp.csr_array(free.astype(np.float64))).toarray() > 0.0
    seller, buyer = np.nonzero(forest | (helps & ~free))
    return seller, buyer, forest[seller, buyer]


def _with_operator(rates: FeeRates, sell: Variable, buy: Variable) -> Named:
    """At least zero; where neither costs anything, sales alone carry both."""
    free = rates.sell + rates.buy == 0.0
    rows = box(sell, np.where(free, -np.inf, 0.0), np.full((1, 1), np.inf), ("trade/sell", "", ""))
    return rows | box(buy, np.zeros((1, 1)), np.where(free, 0.0, np.inf), ("trade/buy", "", "trade/no_buy"))
