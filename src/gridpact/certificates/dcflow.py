"""Direct-current power flow: ratio x P = angle_from - angle_to, no series losses, nominal voltage.

State: P through the series impedances and the angles of the buses that are no reference.

    ratio x P - angle_from + angle_to         = 0         (every branch)
    sum of P leaving - sum of P arriving      = injection (every other bus)
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.certificates.grid import Grid, end_shunts, incidence
from gridpact.certificates.response import Weights, Worth, assemble

Floats = NDArray[np.float64]


def dc_flow(grid: Grid, injection: Floats) -> Floats:
    """Flow through every series impedance for per-unit injections less shunts, (buses, steps) -> (m, steps).

    The references balance what is left. The branches' own conductance takes its part at nominal voltage.
    """
    m = grid.branches.size
    served = injection - end_shunts(grid, grid.half_g)[:, None]
    flow: Floats = _solve(grid, np.vstack([np.zeros((m, injection.shape[1])), served[grid.others]]))[:m]
    return flow


def dc_worth(grid: Grid, flow: Floats, weights: Weights) -> Worth:
    """Parts of the nodal prices: without losses and voltages only congestion is left.

    The matrix is symmetric but for the sign of the angles, so the response to a demand needs no second one.
    """
    others, steps = grid.others.size, flow.shape[1]
    worth = np.sign(flow) * (weights.i_from + weights.i_to)
    active = np.zeros((4, others, steps))
    active[0] = weights.root_p[grid.area[grid.others]]
    active[3] = _solve(grid, np.vstack([worth, np.zeros((others, steps))]))[grid.branches.size :]
    return assemble(grid, weights, active, np.zeros((others, steps)))


def _solve(grid: Grid, right: Floats) -> Floats:
    """Flows and angles for a right-hand side of branch and bus equations."""
    inner = incidence(grid)[grid.others]
    system = sp.block_array([[sp.diags_array(grid.ratio * grid.x), -inner.T], [inner, None]], format="csc")
    state: Floats = splu(system).solve(right) if right.size else right
    return state
