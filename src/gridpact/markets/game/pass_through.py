"""Prices that pass the transmission price through to the district's buses.

    supporting     the multipliers of the district with its import held on its step: nobody would do otherwise
    pass-through   price - (root price - LMP) x d(import)/d(demand)

The first charge the district's buses what one more MWh is worth to the leader, the second what it costs at the
boundary. At the root they differ by the leader's wedge: what it holds its purchase back for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.game.settled import Settled
from gridpact.markets.prices import delivery_factors, roots_of

Floats = NDArray[np.float64]


def pass_through(state: Settled) -> Floats:
    """Prices anchored at the transmission price, (buses, steps); those of a root without a connection stay."""
    supporting = state.district.price("active_balance")
    buses = state.game.case.positions("interfaces", "bus")[state.game.interfaces]
    at_root = np.zeros_like(supporting)
    at_root[buses] = state.wedge()
    roots = roots_of(state.district.network)
    passed: Floats = supporting - at_root[roots] * delivery_factors(state.district)
    return passed
