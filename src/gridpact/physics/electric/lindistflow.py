"""Linearised branch flow (Baran and Wu, IEEE Trans. Power Delivery 4(1), 1989): branch flow without losses.

balance    injection = sum of P leaving - sum of P arriving + g v, likewise for Q, with all shunts
flow law   v_to = v_from / ratio^2 - 2 (r P + x Q)
limits     v_min <= v <= v_max,   ||(P, Q)|| <= i_max    (at nominal voltage)
"""

from __future__ import annotations

import numpy as np

from gridpact.physics.electric.flow import Flow, Solved, Values, column, end_voltages, held_voltages, voltage_limits
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable, constant
from gridpact.programs.program import Named, cone, equal

RADIAL, REACTIVE = True, True


def variables(network: Network, steps: int) -> Flow:
    buses, branches = network.v_min.size, network.branches.r.size
    return {
        "flow_p": Variable((branches, steps)),
        "flow_q": Variable((branches, steps)),
        "voltage": Variable((buses, steps)),
    }


def outflow(network: Network, flow: Flow) -> tuple[Affine, Affine]:
    """Power that leaves each bus into branches and shunts: active, reactive."""
    v, incidence = flow["voltage"], network.leaving - network.arriving
    return (
        incidence @ flow["flow_p"] + column(network.conductance) * v,
        incidence @ flow["flow_q"] - column(network.susceptance) * v,
    )


def flow_law(network: Network, flow: Flow) -> Named:
    P, Q = flow["flow_p"], flow["flow_q"]
    u, v_to = end_voltages(network, flow["voltage"])
    drop = 2.0 * (column(network.branches.r) * P + column(network.branches.x) * Q)
    return {"flow_law": equal(u - v_to - drop)}


def limits(network: Network, flow: Flow) -> Named:
    P, Q = flow["flow_p"], flow["flow_q"]
    named = held_voltages(network, flow["voltage"]) | voltage_limits(network, flow["voltage"])
    i_max = np.broadcast_to(column(network.branches.i_max), P.shape)
    rated = np.isfinite(i_max)
    if rated.any():
        bound = np.where(rated, i_max, 0.0)
        named["branches/i_max/cone"] = cone(constant(bound), [P, Q], rated)
    return named


def solved(network: Network, at: Values) -> Solved:
    """Flows into the branches at their from ends and currents at nominal voltage."""
    P, Q, v = at["flow_p"], at["flow_q"], at["voltage"]
    g, b = column(network.branches.g) / 2.0, column(network.branches.b) / 2.0
    u, v_to = end_voltages(network, v)
    return Solved(
        p=P + g * u, q=Q - b * u, i=np.hypot(P, Q), loss=g * (u + v_to), cone_gap=np.zeros_like(P), vm=np.sqrt(v)
    )
