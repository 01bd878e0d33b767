"""What of a market is made public, by whoever convenes it and has its whole case."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.case.trade_shares import PRIVATE
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.fees import fee_rates, tariff
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
        fees=_fees(market),
        fees_are_costs=market.charges_cost,
        buyer_share=tariff(market.case).buyer_share,
        shared=tuple(shared_digest(market.case, place) for place in range(len(market.names))),
        snapshots=tuple(time.isoformat() for time in market.case.snapshots),
        dynamics=market.dynamics,
        **settings,
    )


def shared_digest(case: Case, place: int) -> str:
    """SHA-256 of what a microgrid and the operator both know of it: bus, limits, tariffs, weight, with their series."""
    row = case.tables["microgrids"].iloc[place]
    known = {str(name): _plain(value) for name, value in row.items() if name != PRIVATE}
    start = f"microgrids/{row['microgrid']}/"
    series = {str(path): case.profiles[path].tolist() for path in case.profiles if str(path).startswith(start)}
    return hashlib.sha256(json.dumps([known, series], sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> str:
    """A cell as text, numbers to the last bit."""
    return float(value).hex() if isinstance(value, int | float | np.number) else str(value)


def _fees(market: TradeMarket) -> tuple[tuple[float | None, ...], ...]:
    """Fees of each trade where they are the same whatever comes of the market."""
    if tariff(market.case).fee_rule == "network":
        return ()
    table = fee_rates(market.case).table[:, :, 0]
    return tuple(tuple(fee if np.isfinite(fee) else None for fee in row) for row in table.tolist())


def _is_free(part: Case, market: TradeMarket) -> bool:
    """Whether the reactive power of a microgrid is anything but what it states."""
    return microgrid_program(part, market.base, market.dynamics).reactive is None
