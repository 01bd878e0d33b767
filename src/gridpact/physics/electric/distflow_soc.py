"""Branch flow with the second-order cone relaxation (Farivar and Low, IEEE Trans. Power Systems 28(3), 2013).

P, Q   power entering the series impedance at the from end      l   squared current
v      squared voltage                                          b   charging of the whole line

    balance    injection = sum of P leaving - sum of (P - r l) arriving + g v          (active)
               injection = sum of Q leaving - sum of (Q - x l) arriving - (b_shunt + b/2) v   (reactive)
    flow law   v_to = v_from - 2 (r P + x Q) + (r^2 + x^2) l
               P^2 + Q^2 <= v_from l        (equality in an alternating-current network)
    limits     v_min <= v <= v_max
               l - b Q + b^2/4 v_from <= i_max^2             (squared current at the from end)
               l + b (Q - x l) + b^2/4 v_to <= i_max^2       (squared current at the to end)

The currents at the line's ends follow from P^2 + Q^2 = v l and are linear in (Q, l, v).
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from gridpact.physics.electric.flow import (
    Branches,
    Floats,
    Flow,
    Values,
    column,
    current_rows,
    held_voltages,
    line_shunts,
    voltage_limits,
)
from gridpact.physics.electric.network import Network
from gridpact.programs.program import Named, cone, equal

RADIAL, REACTIVE = True, True


def variables(network: Network, steps: int) -> Flow:
    buses, lines = network.v_min.size, network.r.size
    return {
        "flow_p": cp.Variable((lines, steps)),
        "flow_q": cp.Variable((lines, steps)),
        "current": cp.Variable((lines, steps)),
        "voltage": cp.Variable((buses, steps)),
    }


def outflow(network: Network, flow: Flow) -> tuple[cp.Expression, cp.Expression]:
    """Power that leaves each bus into lines and shunts: active, reactive."""
    P, Q, l, v = flow["flow_p"], flow["flow_q"], flow["current"], flow["voltage"]
    r, x = column(network.r), column(network.x)
    active = (
        network.leaving @ P - network.arriving @ (P - cp.multiply(r, l)) + cp.multiply(column(network.conductance), v)
    )
    shunt = column(network.susceptance + line_shunts(network))
    reactive = network.leaving @ Q - network.arriving @ (Q - cp.multiply(x, l)) - cp.multiply(shunt, v)
    return active, reactive


def flow_law(network: Network, flow: Flow) -> Named:
    P, Q, l, v = flow["flow_p"], flow["flow_q"], flow["current"], flow["voltage"]
    r, x = column(network.r), column(network.x)
    v_from, v_to = network.leaving.T @ v, network.arriving.T @ v
    drop = 2.0 * (cp.multiply(r, P) + cp.multiply(x, Q)) - cp.multiply(r**2 + x**2, l)
    return {
        "flow_law": equal(v_from - v_to - drop),
        "cone": cone(v_from + l, [v_from - l, 2.0 * P, 2.0 * Q]),
    }


def limits(network: Network, flow: Flow) -> Named:
    Q, l, v = flow["flow_q"], flow["current"], flow["voltage"]
    b, x = column(network.charging), column(network.x)
    v_from, v_to = network.leaving.T @ v, network.arriving.T @ v
    from_end = l - cp.multiply(b, Q) + cp.multiply(b**2 / 4.0, v_from)
    to_end = l + cp.multiply(b, Q - cp.multiply(x, l)) + cp.multiply(b**2 / 4.0, v_to)
    charged = np.where(network.charging > 0, network.i_max, np.inf)
    return (
        held_voltages(network, v)
        | voltage_limits(network, v)
        | current_rows("lines/max_i_ka/from", from_end, network.i_max)
        | current_rows("lines/max_i_ka/to", to_end, charged)
    )


def branches(network: Network, at: Values) -> Branches:
    """Flows into the lines at their from ends, currents at the larger end, losses and cone gaps."""
    P, Q, l, v = at["flow_p"], at["flow_q"], at["current"], at["voltage"]
    b = column(network.charging)
    v_from, v_to = v[network.from_bus], v[network.to_bus]
    from_end = l - b * Q + b**2 / 4.0 * v_from
    to_end = l + b * (Q - column(network.x) * l) + b**2 / 4.0 * v_to
    return Branches(
        p=P,
        q=Q - b / 2.0 * v_from,
        i=np.sqrt(np.maximum(np.maximum(from_end, to_end), 0.0)),
        loss=column(network.r) * l,
        cone_gap=l - (P**2 + Q**2) / v_from,
        vm=np.sqrt(v),
    )


def cone_gradient(network: Network, at: Values) -> dict[str, Floats]:
    """Derivatives of v_from l - P^2 - Q^2 = 0 by P, Q, l and v_from, shape (m, steps) each."""
    P, Q, l, v = at["flow_p"], at["flow_q"], at["current"], at["voltage"]
    return {"flow_p": -2.0 * P, "flow_q": -2.0 * Q, "current": v[network.from_bus], "voltage": l}
