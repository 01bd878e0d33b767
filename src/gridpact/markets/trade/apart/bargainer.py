"""How a party bargains about payments: its benefit leaves it under masks in a sum, and as receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gridpact.coordination.derived_masks import DerivedMasks, SealingKey
from gridpact.coordination.exchange import RECEIPT, receipt
from gridpact.coordination.message import Message, Quantity
from gridpact.coordination.party import PRICE, TARGET, WEIGHT, Handler
from gridpact.coordination.secure_sum import MASKED
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.apart.words import PAYMENT


@dataclass(frozen=True, eq=False)
class Sealing:
    """A party's own sealing key, the public ones of all, by name, and the ``market`` for which masks are made."""

    key: SealingKey
    keys: Mapping[str, str]
    market: str = ""


def bargaining(name: str, public: PublicMarket, benefit: Callable[[], float], sealing: Sealing) -> dict[str, Handler]:
    """Handlers of a party that bargains; none of one that does not."""
    weight = float(public.weights[public.names.index(name)])
    if weight == 0.0:
        return {}
    bargaining = [one for one, also in zip(public.names, public.bargains.tolist(), strict=True) if also]
    masks = DerivedMasks(name, bargaining, sealing.key, sealing.keys, market=sealing.market)

    def answer(message: Message) -> Message:
        price, target, penalty = (message.number(one) for one in (PRICE, TARGET, WEIGHT))
        best = receipt(benefit(), weight, price, target, penalty)
        return message.reply(RECEIPT, Quantity(RECEIPT, "currency", np.array([best])))

    return {MASKED: lambda message: masks.report(message, benefit()), PAYMENT: answer}
