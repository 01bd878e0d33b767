"""Whether the parts of an outcome tell the same: exchanges, trades, prices, fees, and the sheet of what they cost.

exchanged_mw   base times the active part of the vector that was settled
trades         what each sells less what it buys is its exchange; nobody does both in a step but the operator
nodal prices   -slope per MWh; where trading has a true cost, to within the highest fee
fees           those of the trades told by the rates of the terms, and no trades pay less
sheet          energy at nodal prices, and fees, each to the cent
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.pairs import Trades, highest, least_fee_trades
from gridpact.markets.trade.rates import FeeRates, fee_payments

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What trades may miss of an exchange, MW per unit; what numbers that are the same may differ by, relative to the size.
SPLIT, SAME = 1e-7, 1e-6
CENT = 1.0


def inconsistent(public: PublicMarket, numbers: Mapping[str, Floats], trades: Trades, sheet: Ints) -> Iterator[str]:
    """What does not fit together; ``numbers`` by the names of the outcome, finite and of the right sizes."""
    shape = (len(public.microgrids), public.steps)
    exchanged, nodal = (numbers[name].reshape(shape) for name in ("exchanged_mw", "nodal_price_per_mwh"))
    agreed, slope = (_active(public, numbers[name]) for name in ("vector", "slope"))
    if not _near(exchanged, agreed * public.base_mva, SPLIT * public.base_mva):
        yield "the exchange in it is not the one that was settled"
    if not _balanced(exchanged, trades, SPLIT * public.base_mva):
        yield "trades do not add up to the exchanges"
    apart = highest(public.fee_table) if public.fees_are_costs else 0.0
    if not _near(nodal, -slope / public.money, apart + SAME * max(1.0, float(np.abs(nodal).max(initial=0.0)))):
        yield "its prices are not those at which regrets were told"
    yield from _wrong_fees(public, numbers["fees"], exchanged, trades)
    if sheet.any():
        energy = public.hours * (nodal * exchanged).sum(axis=1)
        if not (_in_cents(sheet[0], energy) and _in_cents(sheet[1], -numbers["fees"])):
            yield "its sheet is not that of its prices and fees"


def _wrong_fees(public: PublicMarket, fees: Floats, exchanged: Floats, trades: Trades) -> Iterator[str]:
    """Fees by the rates of the terms, where those say them."""
    table = public.fee_table
    if not table.size:
        return
    n, steps = exchanged.shape
    over_time = np.repeat(table[:, :, None], steps, axis=2)
    if not np.isfinite(table[trades.seller, trades.buyer]).all():
        yield "somebody trades with whom it cannot"
        return
    rates = FeeRates(over_time[:n, :n], over_time[:n, n], over_time[n, :n], public.buyer_share)
    if not _near(
        fees, fee_payments(rates, trades, public.hours), SAME * max(1.0, float(np.abs(fees).max(initial=0.0)))
    ):
        yield "its fees are not those of its trades by the terms"
    least = fee_payments(rates, least_fee_trades(over_time, exchanged), public.hours).sum()
    if not fees.sum() <= least + SAME * max(1.0, abs(least)):
        yield f"other trades would pay {fees.sum() - least:.6g} less fees"


def _active(public: PublicMarket, vector: Floats) -> Floats:
    """The active part of a vector that is agreed on, (microgrids, steps)."""
    pieces = np.split(vector, np.cumsum(public.sizes)[:-1])
    return np.array([piece[: public.steps] for piece in pieces])


def _balanced(exchanged: Floats, trades: Trades, nearly: float) -> bool:
    """Whether what each sells less what it buys is its exchange, and nobody but the operator does both at once."""
    sold, bought = np.zeros((2, len(exchanged) + 1, trades.steps))
    np.add.at(sold, (trades.seller, trades.step), trades.p_mw)
    np.add.at(bought, (trades.buyer, trades.step), trades.p_mw)
    both = (sold[:-1] > 0.0) & (bought[:-1] > 0.0)
    itself = trades.seller == trades.buyer
    sound = (trades.p_mw >= 0.0).all() and not both.any() and not itself.any()
    return bool(sound) and _near(sold[:-1] - bought[:-1], exchanged, nearly)


def _in_cents(row: Ints, money: Floats) -> bool:
    """Whether a row is the money of the microgrids to the cent, and that of the operator what is left."""
    exact = 100.0 * np.append(money, -money.sum())
    return _near(row.astype(np.float64), exact, CENT + SAME * 1e-6 * float(np.abs(exact).max(initial=0.0)))


def _near(one: Floats, other: Floats, within: float) -> bool:
    return bool(np.abs(one - other).max(initial=0.0) <= within)
