"""Variable flow: consumers' valves hold their return temperature, so that the water follows the heat.

Flow times temperature is not convex. Flows and temperatures are settled in turns: the market is cleared with given
flows, then every valve takes the water that brings its heat down to the temperature it holds,

    m = heat / (c (supply temperature - return_degc))

until that is the water the market was cleared with. The clearing stays convex, and its prices are those of the last
flows held. Stations keep their shares; consumers without ``return_degc`` keep their flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.heat import WATTS_PER_MW, consumer_flow, heat_capacity
from gridpact.errors import InputError, Issue, NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.physics.heat.network import DEGREES, Flows, design_flows

Floats = NDArray[np.float64]

ROUNDS = 60
# Largest change of a flow, relative to the largest flow, with which the turns end.
SETTLED = 1e-6
# Least water that a valve lets through, of its design flow.
LEAK = 0.05
# A valve cannot hold a return temperature that is not this much below the supply, K.
LEAST_DROP = 1.0


def with_variable_flow(case: Case, clear: Callable[[Flows], Cleared]) -> tuple[Flows, int]:
    """Flows that agree with the temperatures they lead to, and how many turns that took.

    Raises ``InputError`` where no consumer holds a return temperature, ``NotConverged`` after ``ROUNDS`` turns.
    """
    if not np.isfinite(case.series("heat_loads", "return_degc")).any():
        message = "no consumer has a return temperature to hold, so no flow is variable"
        raise InputError([Issue(message, 'Give return_degc, or clear with heat_flow = "constant".', "heat_loads.csv")])
    taken, share, last = consumer_flow(case), 1.0, np.inf
    for turn in range(1, ROUNDS + 1):
        flows = _flows(case, taken)
        wanted = _wanted(case, clear(flows), taken)
        change = float(np.abs(wanted - taken).max() / taken.max())
        if change <= SETTLED:
            return flows, turn
        share = share / 2.0 if change > 0.9 * last else share
        taken, last = taken + share * (wanted - taken), change
    raise NotConverged(
        f"Flows and temperatures of the heat network did not settle in {ROUNDS} turns: the largest change is still "
        f'{change:.2g} of the largest flow. Clear with heat_flow = "constant", or narrow the supply temperatures.'
    )


def _flows(case: Case, taken: Floats) -> Flows:
    """The consumers' water, and the stations' by their shares of it."""
    named = zip(case.ids("heat_loads"), taken, strict=True)
    given = case.with_profiles({f"heat_loads/{name}/flow_kg_per_s": flow for name, flow in named})
    return design_flows(given)


def _wanted(case: Case, cleared: Cleared, taken: Floats) -> Floats:
    """Water with which every valve holds its return temperature, at least its leak; (heat_loads, steps)."""
    node = case.positions("heat_loads", "node")
    supply = DEGREES * cleared.values()["supply_temperature"][node]
    held = case.series("heat_loads", "return_degc")
    drop = np.maximum(supply - held, LEAST_DROP)
    heat = case.series("heat_loads", "heat_mw").copy()
    np.add.at(heat, case.positions("heat_unserved", "heat_load"), -cleared.megawatts("unserved_heat", "heat_unserved"))
    flow = WATTS_PER_MW * heat / (heat_capacity(case)[node][:, None] * drop)
    return np.where(np.isnan(held), taken, np.maximum(flow, LEAK * consumer_flow(case)))


def told(cleared: Cleared, turns: int) -> Cleared:
    """The cleared market with a word on how its flows came about."""
    assert cleared.heat is not None
    return replace(cleared, heat=replace(cleared.heat, method=f"flows and temperatures settled in {turns} turns"))
