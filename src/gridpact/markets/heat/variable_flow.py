"""Variable flow: consumers' valves hold their return temperature, so that the water follows the heat.

Flow times temperature is not convex. Flows and temperatures are settled in turns: the market is cleared with given
flows, then every valve takes the water that brings its heat down to the temperature it holds,

    m = heat / (c (supply temperature - return_degc))

until that is the water the market was cleared with. The clearing of every turn stays convex. So that its answer does
not jump between corners, stations leave the temperatures of the turn before at a price that grows from zero (a proximal
term); at the end they stay, the price is nothing, and the point is optimal for the last flows. Its prices are those of
these flows held. Turns are damped and accelerated (Anderson). Stations keep their shares; consumers without
``return_degc`` keep their flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.heat import WATTS_PER_MW, consumer_flow, heat_capacity
from gridpact.errors import InfeasibleError, InputError, Issue, NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.heat.side import Anchor
from gridpact.physics.heat.network import DEGREES, Flows, design_flows
from gridpact.programs.anderson import Anderson

Floats = NDArray[np.float64]

ROUNDS = 150
# Price of leaving the temperatures of the turn before (``Anchor``), and by how much it grows after so many turns.
RESISTANCE, GROWTH, PATIENCE = 0.1, 4.0, 50
# Largest change of a flow, relative to the largest flow, with which the turns end.
SETTLED = 1e-6
# Largest change of a station's temperature with which the turns end, in units of the program: half a millikelvin.
STILL = 1e-5
# Least water that a valve lets through, of its design flow.
LEAK = 0.05
# Share of the way to what the valves want that is gone in a turn, before acceleration.
SHARE = 0.7
# A valve cannot hold a return temperature that is not this much below the supply, K.
LEAST_DROP = 1.0


@dataclass(frozen=True, eq=False)
class Settled:
    """Flows, the temperatures of the stations that they agree with, and how many turns that took."""

    flows: Flows
    anchor: Anchor
    turns: int


def with_variable_flow(case: Case, clear: Callable[[Flows, Anchor | None], Cleared]) -> Settled:
    """Flows that agree with the temperatures they lead to.

    Raises ``InputError`` where no consumer holds a return temperature, ``NotConverged`` after ``ROUNDS`` turns.
    """
    if not np.isfinite(case.series("heat_loads", "return_degc")).any():
        message = "no consumer has a return temperature to hold, so no flow is variable"
        raise InputError([Issue(message, 'Give return_degc, or clear with heat_flow = "constant".', "heat_loads.csv")])
    design = consumer_flow(case)
    unit = design.max()
    state = np.concatenate([design.ravel() / unit, leaving_stations(clear(_flows(case, design), None)).ravel()])
    faster, plain = Anderson(np.ones(state.size)), state
    for turn in range(1, ROUNDS + 1):
        taken = np.maximum(unit * state[: design.size].reshape(design.shape), LEAK * design)
        flows = _flows(case, taken)
        anchor = Anchor(state[design.size :].reshape(-1, case.steps), RESISTANCE * GROWTH ** (turn // PATIENCE))
        try:
            cleared = clear(flows, anchor)
        except InfeasibleError:
            if state is plain:
                raise
            state = plain  # the accelerated step went too far
            faster.forget()
            continue
        change = SHARE * (_wanted(case, cleared, taken) - taken) / unit
        moved = leaving_stations(cleared) - anchor.temperature
        if np.abs(change).max() <= SETTLED and np.abs(moved).max() <= STILL:
            return Settled(flows, anchor, turn)
        if turn % PATIENCE == 0:
            faster.forget()
        step = np.concatenate([change.ravel(), moved.ravel()])
        state, plain = faster.step(state, step), state + step
    raise NotConverged(
        f"Flows and temperatures of the heat network did not settle in {ROUNDS} turns: the largest change is still "
        f"{np.abs(change).max():.2g} of the largest flow, and {DEGREES * np.abs(moved).max():.2g} K. "
        'Clear with heat_flow = "constant", or narrow the supply temperatures.'
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


def leaving_stations(cleared: Cleared) -> Floats:
    """Temperature of what leaves the stations, elsewhere of the supply; (nodes, steps), in units of the program."""
    assert cleared.heat is not None
    values = cleared.values()
    apart, _ = cleared.heat.network.apart
    leaving = values["supply_temperature"].copy()
    if apart.size:
        leaving[apart] = values["station_temperature"]
    return leaving


def told(cleared: Cleared, settled: Settled) -> Cleared:
    """The cleared market with a word on how its flows came about."""
    assert cleared.heat is not None
    method = f"flows and temperatures settled in {settled.turns} turns"
    return replace(cleared, heat=replace(cleared.heat, method=method))
