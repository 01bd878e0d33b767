"""DC power flow (Stott, Jardim and Alsac, IEEE Trans. Power Systems 24(3), 2009): no losses, nominal voltage.

    balance    injection = sum of P leaving - sum of P arriving + g
    flow law   ratio x P = angle_from - angle_to,   angle = 0 at the reference
    limits     -i_max <= P <= i_max     (at nominal voltage)

Meshed networks are welcome; there is no reactive power and no reactive price.
"""

from __future__ import annotations

import numpy as np

from gridpact.physics.electric.flow import Flow, Solved, Values, column
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, box, equal

RADIAL, REACTIVE = False, False


def variables(network: Network, steps: int) -> Flow:
    return {
        "flow_p": Variable((network.branches.r.size, steps)),
        "angle": Variable((network.v_min.size, steps)),
    }


def outflow(network: Network, flow: Flow) -> tuple[Affine, None]:
    """Active power that leaves each bus into branches and shunts; no reactive power."""
    shunt = np.repeat(column(network.conductance), flow["angle"].shape[1], axis=1)
    return (network.leaving - network.arriving) @ flow["flow_p"] + shunt, None


def flow_law(network: Network, flow: Flow) -> Named:
    P, angle = flow["flow_p"], flow["angle"]
    incidence = network.leaving - network.arriving
    reactance = column(network.branches.ratio * network.branches.x)
    return {
        "flow_law": equal(reactance * P - incidence.T @ angle),
        "reference": equal(angle[network.references]),
    }


def limits(network: Network, flow: Flow) -> Named:
    i_max = column(network.branches.i_max)
    return box(flow["flow_p"], -i_max, i_max, ("branches/i_max/backward", "branches/i_max/forward", "branches/i_max"))


def solved(network: Network, at: Values) -> Solved:
    """Flows into the branches at their from ends and currents at nominal voltage; series losses are none."""
    P = at["flow_p"]
    none = np.zeros_like(P)
    g, ratio = column(network.branches.g) / 2.0, column(network.branches.ratio)
    loss = g * (1.0 + ratio**-2.0) + none
    return Solved(p=P + g / ratio**2, q=none, i=np.abs(P), loss=loss, cone_gap=none, vm=np.ones_like(at["angle"]))
