"""Storages that would charge and discharge at once: where energy is worth less than nothing, their losses are not.

A clearing gives such a storage a mode for the step, a whole number. Parties of a trade must be convex, so that there is
nothing to do but to say it.
"""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case
from gridpact.case.owners import owner_of
from gridpact.errors import NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.pool import both_ways
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.sides import Settled
from gridpact.physics.devices.modes import MODES

WHY = (
    "That burns energy, which pays where its price is below zero, and costs nothing where it is zero. To go one way at "
    "a time is a choice in whole numbers, and trade needs convex parties. Give prices above zero, or a larger "
    "wear_cost_per_mwh; the question clear has the joint dispatch, in which storages go one way."
)


def require_one_way(market: TradeMarket, both: Settled) -> None:
    """Raise ``NotConverged`` where a storage or a tank of either side goes both ways at once."""
    sides = (both.microgrids, both.network)
    found = [line for side in sides for table in MODES for line in _lines(market, side, table)]
    if found:
        raise NotConverged("\n".join([*found, WHY]))


def _lines(market: TradeMarket, side: Cleared, table: str) -> list[str]:
    where = both_ways(side, table)
    owners = dict(zip(market.case.ids(table), _owners(market, table), strict=True))
    return [
        f"{name!r} of {owners[name]!r} would charge and discharge at once in {int(row.sum())} step(s), first at "
        f"{_first(side.case, row)}."
        for name, row in zip(side.case.ids(table), where, strict=True)
        if row.any()
    ]


def _owners(market: TradeMarket, table: str) -> list[str]:
    names = np.array([*market.names, market.operator_name], dtype=object)
    return [str(name) for name in names[owner_of(market.case, table)]]  # -1, the operator, is the last


def _first(case: Case, row: np.typing.NDArray[np.bool_]) -> str:
    return str(case.snapshots[int(row.argmax())].isoformat())
