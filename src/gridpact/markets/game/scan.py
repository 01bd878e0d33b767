"""A brute-force look at the leader's cost: one import after another held, hour by hour, all else free.

For every connection and hour the boundary power is set to points between the ends of its reach and the district is
cleared with the other hours' powers as in the equilibrium; what the leader then pays at the market's own answer is
shown beside the equilibrium. No point may lie below it by more than the gap.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.game.leader import priced
from gridpact.markets.game.settled import Settled
from gridpact.markets.pool import clear_pool
from gridpact.programs.follower.reach import reach
from gridpact.programs.follower.response import response, with_multipliers
from gridpact.results.record import words

Floats = NDArray[np.float64]


def scan_table(state: Settled, points: int) -> pd.DataFrame:
    """``leader_cost`` (all feeders) at ``points`` boundary powers of every connection and hour, NaN where none."""
    game = state.game
    base = game.district.network.base_mva
    low, high = (bound * base for bound in reach(game.district.form, game.imports))
    rows = []
    for step in range(game.case.steps):
        for k, name in enumerate(game.transmission.case.ids("connections")):
            for power in np.linspace(low[k, step], high[k, step], points).tolist():
                cost = _cost_at(state, k, step, power)
                rows.append((game.case.snapshots[step], name, game.feeders[k] * power, cost))
    table = pd.DataFrame(rows, columns=["snapshot", "connection", "boundary_mw", "leader_cost"])
    return table.assign(connection=words(table["connection"].tolist()))


def _cost_at(state: Settled, k: int, step: int, power: float) -> float:
    """The leader's cost with one import of a feeder, in MW, changed and the others as they are."""
    game = state.game
    imports = state.imports.copy()
    imports[k, step] = power
    z = (game.feeders[:, None] * imports / game.transmission.base_mva).ravel(order="F")
    follower = game.transmission.follower()
    try:
        answer = with_multipliers(follower, response(follower, z), z)
        price = answer.price.reshape(imports.shape, order="F") / game.transmission.money
        case = priced(game.case, game.interfaces, price, imports, imports)
        return float(game.feeders[0]) * clear_pool(case, "soc", "clarabel", "off").solution.cost
    except (InfeasibleError, NotConverged):
        return float("nan")
