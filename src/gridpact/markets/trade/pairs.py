"""Who sells to whom: net exchanges come apart into trades, hour by hour, at the least fee.

e_i    what microgrid i gives to the network (sells), negative where it takes (buys), MW
x_ij   what i sells to j, MW; the network operator is number n, to sell to and to buy from
f_ij   fee of that trade, per MWh; d_ij its way along the lines, m

    minimise    sum of f_ij x_ij over sellers i (e_i > 0 or operator) and buyers j (e_j < 0 or operator)
    subject to  sum_j x_ij = e_i  of every seller,   sum_i x_ij = -e_j  of every buyer,   x >= 0

so that nobody sells and buys in the same hour, and the operator takes what is left. A pair that pays more than both
would pay for trading with the operator never trades, nor does one whose fee is infinite: those that no line joins.

Often many splits have the least fee (all of them, if fees are differences of nodal prices). Among those, the second
program takes the least sum of d_ij x_ij, and at equal ways what goes past the operator. It keeps to the trades whose
reduced cost in the first program is zero: by complementary slackness their splits are exactly those of the least fee.
(Where all pairs save the same, no first program is needed: all splits tie, or those that trade most between pairs.)

The second program minimises d_ij + tie_ij: whole metres, and fixed ties between 0 and 1 / (m + 2), m the lesser number
of sellers and buyers. Two vertices differ by rings of trades, in each of which at most m + 1 grow and as many shrink;
the ties of a ring weigh less than one metre, so that they decide between equal ways only. A vertex has at most one
trade per microgrid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.errors import NotConverged

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Fees, relative to the highest, that count as equal; exchanges, relative to the highest of the hour, that are nothing.
TIE = 1e-9
NOTHING = 1e-10
# Transport programs are sparse and small: presolving them takes longer than it saves.
_EXACT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "presolve": False}
_GOLDEN = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True, eq=False)
class Trades:
    """``p_mw[k]`` MW from ``seller[k]`` to ``buyer[k]`` in ``step[k]``, ordered by step, seller, buyer.

    Microgrids are numbered 0 to ``microgrids`` - 1, the network operator is number ``microgrids``.
    """

    microgrids: int
    steps: int
    seller: Ints
    buyer: Ints
    step: Ints
    p_mw: Floats

    @property
    def table(self) -> Floats:
        """MW from everyone to everyone, shape (n + 1, n + 1, steps)."""
        table = np.zeros((self.microgrids + 1, self.microgrids + 1, self.steps))
        table[self.seller, self.buyer, self.step] = self.p_mw
        return table

    @property
    def pair(self) -> Floats:
        """MW between microgrids, shape (n, n, steps)."""
        return self.table[:-1, :-1]

    @property
    def sell(self) -> Floats:
        """MW sold to the operator, shape (n, steps)."""
        return self.table[:-1, -1]

    @property
    def buy(self) -> Floats:
        """MW bought from the operator, shape (n, steps)."""
        return self.table[-1, :-1]


def least_fee_trades(fees: Floats, exchange: Floats, km: Floats | None = None) -> Trades:
    """The split of ``exchange`` (n, steps), in MW, that pays least; of those, the one with the shortest ways.

    ``fees`` (n + 1, n + 1, steps) per MWh and ``km`` (n + 1, n + 1) have the operator last; without ``km`` all ways
    are equal. Sales and purchases are the exchanges to within 1e-9 of the highest of the hour. Raises ``NotConverged``
    where the solver stops.
    """
    n, steps = exchange.shape
    metres = _metres(np.zeros((n + 1, n + 1)) if km is None else km)
    hours = [_split(fees[:, :, t], exchange[:, t], metres) for t in range(steps)]
    seller, buyer, p_mw = (np.concatenate([hour[k] for hour in hours]) for k in range(3))
    step = np.repeat(np.arange(steps, dtype=np.int64), [hour[0].size for hour in hours])
    return Trades(n, steps, seller.astype(np.int64), buyer.astype(np.int64), step, p_mw)


def highest(fees: Floats) -> float:
    """The highest fee that anybody can pay, in size; zero without any."""
    return float(np.abs(fees).max(where=np.isfinite(fees), initial=0.0))


def _metres(km: Floats) -> Floats:
    """Whole metres; where no way leads, more than any way by the operator."""
    metres = np.rint(1000.0 * km)
    farthest = metres.max(where=np.isfinite(metres), initial=0.0)
    return np.where(np.isfinite(metres), metres, 2.0 * farthest + 1.0)


def _split(fee: Floats, exchange: Floats, metres: Floats) -> tuple[Ints, Ints, Floats]:
    """Sellers, buyers and MW of one hour."""
    exchange = np.where(np.abs(exchange) > NOTHING * np.abs(exchange).max(initial=0.0), exchange, 0.0)
    seller, buyer = _worthwhile(fee, exchange)
    if not ((seller < exchange.size) & (buyer < exchange.size)).any():
        return seller, buyer, np.abs(exchange[np.minimum(seller, buyer)])
    least = _least_fee(fee, seller, buyer, exchange)
    seller, buyer = seller[least], buyer[least]
    p_mw, _ = _vertex(metres[seller, buyer] + _ties(seller, buyer, exchange), seller, buyer, exchange)
    trade = p_mw > 0.0
    return seller[trade], buyer[trade], p_mw[trade]


def _worthwhile(fee: Floats, exchange: Floats) -> tuple[Ints, Ints]:
    """Who may sell to whom: pairs that pay no more than both would pay to the operator, and the operator."""
    n = exchange.size
    saving = fee[:, n, None] + fee[n] - fee
    may = (np.append(exchange, 1.0) > 0.0)[:, None] & (np.append(exchange, -1.0) < 0.0)
    may &= saving >= -TIE * highest(fee)
    may[n, n] = False
    seller, buyer = np.nonzero(may)
    return seller, buyer


def _least_fee(fee: Floats, seller: Ints, buyer: Ints, exchange: Floats) -> Mask:
    """Which trades a split of the least fee may have; every split that has no others pays the least."""
    n = exchange.size
    saving = fee[seller, n] + fee[n, buyer] - fee[seller, buyer]
    ours, tie = (seller < n) & (buyer < n), TIE * highest(fee)
    if np.ptp(saving[ours]) > tie or ours.sum() < (exchange > 0.0).sum() * (exchange < 0.0).sum():
        _, reduced = _vertex(fee[seller, buyer], seller, buyer, exchange)
        return np.asarray(reduced <= TIE, dtype=np.bool_)
    if saving[ours].max() <= tie:
        return np.ones(seller.size, dtype=np.bool_)
    rest = buyer == n if exchange.sum() >= 0.0 else seller == n
    return np.asarray(ours | rest, dtype=np.bool_)


def _vertex(cost: Floats, seller: Ints, buyer: Ints, exchange: Floats) -> tuple[Floats, Floats]:
    """A vertex that costs least, MW, and the reduced costs, relative to the highest cost."""
    moved = np.abs(exchange)
    most, dearest = moved.max(), max(np.abs(cost).max(), np.finfo(np.float64).tiny)
    matrix = _balance(seller, buyer, exchange.size)
    program = {"c": cost / dearest, "A_eq": matrix, "b_eq": moved / most}
    found = linprog(**program, method="highs-ds", options=_EXACT)  # type: ignore[call-overload]
    if found.status != 0:
        raise NotConverged(f"The least-fee split of an hour stopped: {found.message}")
    return np.where(found.x > NOTHING, most * found.x, 0.0), found.lower.marginals


def _balance(seller: Ints, buyer: Ints, n: int) -> sp.csr_array:
    """Matrix (n x trades): what every microgrid sells or buys in all."""
    trades = np.arange(seller.size)
    ends = (np.concatenate([seller, buyer]), np.concatenate([trades, trades]))
    return sp.csr_array((np.ones(2 * trades.size), ends), shape=(n + 1, trades.size))[:n]


def _ties(seller: Ints, buyer: Ints, exchange: Floats) -> Floats:
    """Fixed numbers spread between zero and the bound; those of the operator are the bound itself."""
    n = exchange.size
    spread = ((seller * n + buyer) * _GOLDEN) % 1.0
    lesser = min((exchange > 0.0).sum(), (exchange < 0.0).sum())
    ties: Floats = np.where((seller == n) | (buyer == n), 1.0, spread) / (lesser + 2.0)
    return ties
