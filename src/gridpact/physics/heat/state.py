"""The pipes of a solved heat network: temperatures, losses and stored heat, in the units of the case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.heat import heat_capacity
from gridpact.physics.heat.network import DEGREES, SECONDS, WATTS, HeatNetwork
from gridpact.physics.heat.transport import contents

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PipeState:
    """Moving pipes (m, steps): degC at both ends of both pipes, MW lost by both, MWh in both at the end of a step.

    ``inlets`` and ``outlets`` hold supply, then return, in the direction of the water. Heat counts from 0 degC.
    """

    inlets: tuple[Floats, Floats]
    outlets: tuple[Floats, Floats]
    loss: Floats
    stored: Floats


def pipe_state(case: Case, network: HeatNetwork, supply: Floats, back: Floats) -> PipeState:
    """From the mixed temperatures of all nodes, in units of ``DEGREES``, (n, steps)."""
    enter = supply[network.inlet], back[network.outlet]
    leave = network.supply(enter[0]), network.back(enter[1])
    inlets, outlets = ((DEGREES * pair[0], DEGREES * pair[1]) for pair in (enter, leave))
    none = np.zeros_like(network.flow)
    stored, change = (none, none) if network.steady else _stored(case, network, inlets)
    fall = sum(before - after for before, after in zip(enter, leave, strict=True))
    loss = network.base_mva * network.carried * fall - change / case.hours
    return PipeState(inlets, outlets, np.asarray(loss), stored)


def _stored(case: Case, network: HeatNetwork, inlets: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Heat in each pair of pipes at the end of every step, and by how much it grew in the step; MWh."""
    capacity = heat_capacity(case)[network.inlet, None] / WATTS / SECONDS
    ends, starts = np.flatnonzero(case.ends), np.flatnonzero(case.begins)
    total, change = np.zeros_like(inlets[0]), np.zeros_like(inlets[0])
    for water, temperature in zip(network.water, inlets, strict=True):
        heat = capacity * contents(water, case.hours * SECONDS, case.window_edges)(temperature)
        before = np.roll(heat, 1, axis=1)
        given = capacity * (water.mass * water.initial)[:, None]
        before[:, starts] = np.where(np.isnan(given), heat[:, ends], given)
        total, change = total + heat, change + heat - before
    return total, change
