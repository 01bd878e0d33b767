"""What of a market is made public, by whoever convenes it and has its whole case."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.programs import microgrid_program


def public_market(market: TradeMarket, **settings: Any) -> PublicMarket:
    """What is public of a market; ``settings`` are the method, its tolerance and so on."""
    table = market.case.tables["network_operator"]
    party = bool((table["role"] == "party").any())
    weights = np.append(market.case.column("microgrids", "weight"), float(table["weight"].iloc[0]) if party else 0.0)
    return PublicMarket(
        microgrids=tuple(market.names),
        operator=market.operator_name,
        currency=market.case.currency,
        steps=market.case.steps,
        hours=market.case.hours,
        base_mva=market.base,
        price=tuple(tuple(row) for row in market.transmission_price.tolist()),
        weights=tuple((weights / weights.sum()).tolist()),
        free=tuple(_is_free(part, market) for part in market.parts),
        dynamics=market.dynamics,
        **settings,
    )


def _is_free(part: Case, market: TradeMarket) -> bool:
    """Whether the reactive power of a microgrid is anything but what it states."""
    return microgrid_program(part, market.base, market.dynamics).reactive is None
