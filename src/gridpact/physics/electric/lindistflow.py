"""Linearised branch flow (Baran and Wu, IEEE Trans. Power Delivery 4(1), 1989): branch flow without losses.

balance    injection = sum of P leaving - sum of P arriving + g v, likewise for Q with shunts and charging
flow law   v_to = v_from - 2 (r P + x Q)
limits     v_min <= v <= v_max,   ||(P, Q)|| <= i_max    (at nominal voltage)
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from gridpact.physics.electric.flow import Branches, Flow, Values, column, held_voltages, line_shunts, voltage_limits
from gridpact.physics.electric.network import Network
from gridpact.programs.program import Named, cone, equal

RADIAL, REACTIVE = True, True


def variables(network: Network, steps: int) -> Flow:
    buses, lines = network.v_min.size, network.r.size
    return {
        "flow_p": cp.Variable((lines, steps)),
        "flow_q": cp.Variable((lines, steps)),
        "voltage": cp.Variable((buses, steps)),
    }


def outflow(network: Network, flow: Flow) -> tuple[cp.Expression, cp.Expression]:
    """Power that leaves each bus into lines and shunts: active, reactive."""
    P, Q, v = flow["flow_p"], flow["flow_q"], flow["voltage"]
    incidence = network.leaving - network.arriving
    shunt = column(network.susceptance + line_shunts(network))
    return incidence @ P + cp.multiply(column(network.conductance), v), incidence @ Q - cp.multiply(shunt, v)


def flow_law(network: Network, flow: Flow) -> Named:
    P, Q, v = flow["flow_p"], flow["flow_q"], flow["voltage"]
    drop = 2.0 * (cp.multiply(column(network.r), P) + cp.multiply(column(network.x), Q))
    return {"flow_law": equal((network.leaving - network.arriving).T @ v - drop)}


def limits(network: Network, flow: Flow) -> Named:
    P, Q = flow["flow_p"], flow["flow_q"]
    named = held_voltages(network, flow["voltage"]) | voltage_limits(network, flow["voltage"])
    rated = np.isfinite(np.broadcast_to(column(network.i_max), P.shape))
    if rated.any():
        bound = np.where(rated, column(network.i_max), 0.0)
        named["lines/max_i_ka/cone"] = cone(cp.Constant(bound), [P, Q], rated)
    return named


def branches(network: Network, at: Values) -> Branches:
    """Flows into the lines at their from ends and currents at nominal voltage; nothing is lost."""
    P, Q, v = at["flow_p"], at["flow_q"], at["voltage"]
    charging = column(network.charging) / 2.0 * v[network.from_bus]
    none = np.zeros_like(P)
    return Branches(p=P, q=Q - charging, i=np.hypot(P, Q), loss=none, cone_gap=none, vm=np.sqrt(v))
