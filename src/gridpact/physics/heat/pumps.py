"""Pressures and pumps: what the stations of a heat network take from the electricity network.

Supply and return are alike: the pressure between them falls along a pipe by twice its drop. The reference station gives
the least pressure at which every consumer has what it needs; a pump takes  flow x pressure / (density x efficiency).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.heat.network import PASCALS, WATTS, Flows, HeatNetwork

Floats = NDArray[np.float64]


def node_pressure(case: Case, network: HeatNetwork) -> Floats:
    """Supply less return pressure of every node, bar, (n, steps)."""
    fall = -2.0 * network.hydraulics.pressure / PASCALS
    needed = np.zeros_like(fall)
    node = case.positions("heat_loads", "node")
    np.maximum.at(needed, network.reference[node], case.column("heat_loads", "min_pressure_bar")[:, None] + fall[node])
    return np.asarray(needed[network.reference] - fall)


def pump_power(case: Case, network: HeatNetwork, flows: Flows) -> Floats:
    """Electric power of every station's pump, MW, (heat_sources, steps)."""
    node = case.positions("heat_sources", "node")
    lift = node_pressure(case, network)[node] + case.column("heat_sources", "pressure_drop_bar")[:, None]
    density = case.column("heat_networks", "density_kg_per_m3")[case.positions("heat_nodes", "heat_network")[node]]
    per_flow = PASCALS / (WATTS * density * case.column("heat_sources", "pump_efficiency"))
    return np.asarray(per_flow[:, None] * flows.stations * np.maximum(lift, 0.0))
