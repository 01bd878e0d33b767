"""Fees per MWh of every trade, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.trade.pairs import Trades

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeeRates:
    """Fees per MWh: ``pair[i, j]`` of i selling to j (n, n, steps), of selling to the operator and buying from it.

    ``sell`` and ``buy`` have the shape (n, steps); a microgrid does not trade with itself, for which ``pair`` is zero.
    Who cannot trade with each other has an infinite fee.
    """

    pair: Floats
    sell: Floats
    buy: Floats
    buyer_share: float = 0.5

    @property
    def table(self) -> Floats:
        """From everyone to everyone, shape (n + 1, n + 1, steps), the operator last."""
        column, row = self.sell[:, None], self.buy[None]
        return np.block([[[self.pair], [column]], [[row], [np.zeros((1, 1, self.sell.shape[1]))]]])


def fees_by_step(rates: FeeRates, trades: Trades) -> Floats:
    """What each microgrid pays per hour of every step, (n, steps)."""
    pair = trades.pair
    between = np.where(pair > 0.0, rates.pair, 0.0) * pair
    shared = rates.buyer_share * between.sum(axis=0) + (1.0 - rates.buyer_share) * between.sum(axis=1)
    return np.asarray(shared + rates.sell * trades.sell + rates.buy * trades.buy)


def fee_payments(rates: FeeRates, trades: Trades, hours: float) -> Floats:
    """What each microgrid pays (n,), in currency: all together what the operator earns. A step has ``hours``."""
    return np.asarray(hours * fees_by_step(rates, trades).sum(axis=1))
