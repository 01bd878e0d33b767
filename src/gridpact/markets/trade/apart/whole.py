"""A trade between parties that are apart, from the first question to the document that all sign."""

from __future__ import annotations

from collections.abc import Callable

from gridpact.coordination.coordinate import Round
from gridpact.coordination.transport import Transport
from gridpact.markets.trade.apart.conduct import Floor, agreed
from gridpact.markets.trade.apart.outcome import outcome
from gridpact.markets.trade.apart.pay import paid, told_without
from gridpact.markets.trade.apart.public import PublicMarket


def traded_apart(public: PublicMarket, transport: Transport, told: Callable[[Round], None] | None = None) -> bytes:
    """The outcome. It follows from ``public`` and the answers alone, to the last bit, wherever the parties are.

    Raises ``NotConverged`` where they do not agree, and what parties and transport raise.
    """
    floor = Floor(public, transport)
    told_without(floor)
    found = agreed(floor, told)
    return outcome(floor, found, paid(floor, found))
