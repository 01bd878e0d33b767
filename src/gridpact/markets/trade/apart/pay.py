"""Stage two between parties that are asked by messages alone: who pays whom, in whole cents.

b_k = d_k - c_k crosses under masks only, in a sum, and without a deal nothing but that sum is told. With one, the least
whole cents tell whoever coordinates, and the operator, what b_k is to the cent, and the receipt in the outcome tells
all who know the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.exchange import Bargain, bargain
from gridpact.coordination.message import Message
from gridpact.markets.bargaining.cents import cents_above, split_cents
from gridpact.markets.trade.apart import words as w
from gridpact.markets.trade.apart.conduct import COORDINATOR, Agreed, Floor, sized

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Paid:
    """Trades, and who pays what; ``why`` there is no deal, empty where there is one.

    ``seller``, ``buyer``, ``step`` and ``p_mw`` of each trade, the operator numbered after the microgrids; ``nodal``
    prices per MWh (microgrids, steps); ``fees`` that each microgrid pays, in currency. ``cents`` (parties,) are what
    each receives, the operator last, ``sheet`` (3, parties) those for energy, for fees and as lump sum.
    """

    seller: Ints
    buyer: Ints
    step: Ints
    p_mw: Floats
    nodal: Floats
    fees: Floats
    surplus: float
    why: str
    receipts: Floats
    cents: Ints
    sheet: Ints


def told_without(floor: Floor) -> None:
    """Everybody learns what it costs without a deal; what microgrids then exchange is told to the operator."""
    answers = floor.ask_microgrids(w.TARIFF)
    p, q = ([sized(answer[name], floor.public.steps) for answer in answers] for name in (w.P, w.Q))
    floor.ask(w.WITHOUT, floor.public.operator, w.row(w.P, w.MW, np.array(p)), w.row(w.Q, w.MVAR, np.array(q)))


def paid(floor: Floor, found: Agreed) -> Paid:
    """Trades of least fee, and payments by Nash bargaining."""
    public = floor.public
    split = floor.ask(w.SPLIT, public.operator)
    pot = 0.0 if public.bargains[-1] else floor.ask(w.POT, public.operator).number(w.PAID_IN)
    names = [name for name, also in zip(public.names, public.bargains.tolist(), strict=True) if also]
    weights = np.array(public.weights)[public.bargains]
    bargained = bargain(
        floor.transport, names, weights, run="stage two", coordinator=COORDINATOR, pot=pot, derived=True
    )
    least = _least_cents(floor) if bargained.deal else []
    why = "" if bargained.deal and sum(least) <= 0 else "the parties together gain nothing that can be paid"
    receipts, cents, sheet = _money(floor, found, split, bargained, pot, least if not why else None)
    return Paid(*_trades(split), *_prices(floor, split), bargained.surplus, why, receipts, cents, sheet)


def _least_cents(floor: Floor) -> list[int]:
    """With which whole cents each is no worse off, the operator last."""
    answers = [*floor.ask_microgrids(w.FLOOR), floor.ask(w.FLOOR, floor.public.operator)]
    return [int(answer.number(w.CENTS_LEAST)) for answer in answers]


def _money(
    floor: Floor, found: Agreed, split: Message, bargained: Bargain, pot: float, least: list[int] | None
) -> tuple[Floats, Ints, Ints]:
    """Exact receipts, cents, and the sheet; nothing without ``least`` cents."""
    public, parties = floor.public, len(floor.public.names)
    if least is None:
        return np.zeros(parties), np.zeros(parties, dtype=np.int64), np.zeros((3, parties), dtype=np.int64)
    receipts = np.zeros(parties)
    receipts[public.bargains] = bargained.receipts
    receipts[-1] -= pot
    receipts[np.flatnonzero(public.bargains)[-1]] -= receipts.sum()
    cents = cents_above(receipts, least, None if public.bargains[-1] else parties - 1)
    nodal, fees = _prices(floor, split)
    energy = public.hours * (nodal * exchanged_mw(floor, found)).sum(axis=1)
    received = np.array([np.append(energy, -energy.sum()), np.append(-fees, fees.sum())])
    return receipts, cents, split_cents(cents, received)


def exchanged_mw(floor: Floor, found: Agreed) -> Floats:
    """What each microgrid gives to the network, MW, (microgrids, steps)."""
    public, sizes = floor.public, found.sizes
    pieces = np.split(found.vector, np.cumsum(sizes)[:-1])
    return np.array([piece[: public.steps] for piece in pieces]) * public.base_mva


def _prices(floor: Floor, split: Message) -> tuple[Floats, Floats]:
    """Nodal prices (microgrids, steps) and fees (microgrids,)."""
    count, steps = len(floor.public.microgrids), floor.public.steps
    return sized(split[w.NODAL], count * steps).reshape(count, steps), sized(split[w.FEES], count)


def _trades(split: Message) -> tuple[Ints, Ints, Ints, Floats]:
    """Sellers, buyers, steps and MW of the trades that there are."""
    there = split[w.SELLER] >= 0.0
    seller, buyer, step = (split[name][there].astype(np.int64) for name in (w.SELLER, w.BUYER, w.STEP))
    return seller, buyer, step, split[w.TRADED][there]
