"""Branch flow with the second-order cone relaxation (Farivar and Low, IEEE Trans. Power Systems 28(3), 2013).

P, Q   power entering the series impedance at the from end      l   squared current of the series impedance
v      squared voltage                                          u   v_from / ratio^2, behind the ideal ratio
g, b   shunt admittance of the whole branch, half at each end

    balance    injection = sum of P leaving - sum of (P - r l) arriving + (g_shunt + g/2) v          (active)
               injection = sum of Q leaving - sum of (Q - x l) arriving - (b_shunt + b/2) v          (reactive)
    flow law   v_to = u - 2 (r P + x Q) + (r^2 + x^2) l
               P^2 + Q^2 <= u l              (equality in an alternating-current network)
    limits     v_min <= v <= v_max
               l + g P - b Q + (g^2 + b^2)/4 u <= (ratio i_max)^2                     (current at the from end)
               l - g (P - r l) + b (Q - x l) + (g^2 + b^2)/4 v_to <= i_max^2          (current at the to end)

The currents at the ends follow from P^2 + Q^2 = u l and are linear in (P, Q, l, v).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridpact.physics.electric.flow import (
    Floats,
    Flow,
    Solved,
    Values,
    column,
    current_rows,
    end_voltages,
    held_voltages,
    voltage_limits,
)
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, cone, equal

RADIAL, REACTIVE = True, True


def variables(network: Network, steps: int) -> Flow:
    buses, branches = network.v_min.size, network.branches.r.size
    return {
        "flow_p": Variable((branches, steps)),
        "flow_q": Variable((branches, steps)),
        "current": Variable((branches, steps)),
        "voltage": Variable((buses, steps)),
    }


def outflow(network: Network, flow: Mapping[str, Affine]) -> tuple[Affine, Affine]:
    """Power that leaves each bus into branches and shunts: active, reactive."""
    P, Q, l, v = flow["flow_p"], flow["flow_q"], flow["current"], flow["voltage"]
    r, x = column(network.branches.r), column(network.branches.x)
    active = network.leaving @ P - network.arriving @ (P - r * l)
    reactive = network.leaving @ Q - network.arriving @ (Q - x * l)
    return (
        active + column(network.conductance) * v,
        reactive - column(network.susceptance) * v,
    )


def flow_law(network: Network, flow: Flow) -> Named:
    P, Q, l = flow["flow_p"], flow["flow_q"], flow["current"]
    r, x = column(network.branches.r), column(network.branches.x)
    u, v_to = end_voltages(network, flow["voltage"])
    drop = 2.0 * (r * P + x * Q) - (r**2 + x**2) * l
    return {
        "flow_law": equal(u - v_to - drop),
        "cone": cone(u + l, [u - l, 2.0 * P, 2.0 * Q]),
    }


def limits(network: Network, flow: Flow) -> Named:
    v, i_max, ratio = flow["voltage"], network.branches.i_max, network.branches.ratio
    from_end, to_end = _end_currents(network, flow)
    # Without shunts and ratio the currents of both ends are the same: one limit is enough.
    differs = (network.branches.g != 0) | (network.branches.b != 0) | (ratio != 1)
    return (
        held_voltages(network, v)
        | voltage_limits(network, v)
        | current_rows("branches/i_max/from", from_end, ratio * i_max)
        | current_rows("branches/i_max/to", to_end, np.where(differs, i_max, np.inf))
    )


def _end_currents(network: Network, flow: Flow) -> tuple[Affine, Affine]:
    """Squared currents at both ends, referred to the to end."""
    P, Q, l = flow["flow_p"], flow["flow_q"], flow["current"]
    r, x, g, b = (column(getattr(network.branches, name)) for name in ("r", "x", "g", "b"))
    u, v_to = end_voltages(network, flow["voltage"])
    shunt = (g**2 + b**2) / 4.0
    from_end = l + g * P - b * Q + shunt * u
    to_end = l - g * (P - r * l) + b * (Q - x * l)
    return from_end, to_end + shunt * v_to


def solved(network: Network, at: Values) -> Solved:
    """Flows into the branches at their from ends, currents at the larger end, losses and cone gaps."""
    P, Q, l, v = at["flow_p"], at["flow_q"], at["current"], at["voltage"]
    r, x, g, b = (column(getattr(network.branches, name)) for name in ("r", "x", "g", "b"))
    u, v_to = end_voltages(network, v)
    shunt = (g**2 + b**2) / 4.0
    from_end = (l + g * P - b * Q + shunt * u) / column(network.branches.ratio) ** 2
    to_end = l - g * (P - r * l) + b * (Q - x * l) + shunt * v_to
    return Solved(
        p=P + g / 2.0 * u,
        q=Q - b / 2.0 * u,
        i=np.sqrt(np.maximum(np.maximum(from_end, to_end), 0.0)),
        loss=r * l + g / 2.0 * (u + v_to),
        cone_gap=l - (P**2 + Q**2) / u,
        vm=np.sqrt(v),
    )


def cone_gradient(network: Network, at: Values) -> dict[str, Floats]:
    """Derivatives of u l - P^2 - Q^2 = 0 by P, Q, l and v_from, shape (m, steps) each."""
    P, Q, l = at["flow_p"], at["flow_q"], at["current"]
    u, _ = end_voltages(network, at["voltage"])
    return {
        "flow_p": -2.0 * P,
        "flow_q": -2.0 * Q,
        "current": u,
        "voltage": l / column(network.branches.ratio) ** 2,
    }
