"""Linearised branch flow of a radial network, solved as one linear system.

State: P and Q into the series impedances, squared voltages v of the buses that are no reference.

    sum of P arriving - sum of P leaving - (g/2 + g_shunt) v  = demand            (active, every other bus)
    sum of Q arriving - sum of Q leaving + (b/2 - b_shunt) v  = reactive demand   (every other bus)
    v_to - v_from / ratio^2 + 2 (r P + x Q)                   = 0                 (every branch)

A branch's g/2 and b/2 at its from end stand behind the ratio: there they see v / ratio^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.certificates.grid import Grid, end_shunts, incidence, voltage_drop
from gridpact.certificates.response import Weights, Worth, assemble

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearFlow:
    """Per-unit P and Q into the series impedances (m, steps) and squared voltages (buses, steps)."""

    p: Floats
    q: Floats
    v: Floats


def linear_flow(grid: Grid, p: Floats, q: Floats, root_v: Floats) -> LinearFlow:
    """Flow for per-unit injections p, q (buses, steps), shunts left out, and squared voltages at the references."""
    m, others = grid.branches.size, grid.others
    known = np.zeros((grid.buses, p.shape[1]))
    known[grid.references] = root_v
    towards_known = voltage_drop(grid).T @ known
    right = np.vstack([-p[others], -q[others], towards_known])
    state = splu(_system(grid)).solve(right) if others.size else right
    known[others] = state[2 * m :]
    return LinearFlow(state[:m], state[m : 2 * m], known)


def linear_worth(grid: Grid, flow: LinearFlow, weights: Weights) -> Worth:
    """Parts of the nodal prices of the linearised network."""
    m, k, steps = grid.branches.size, grid.others.size, flow.p.shape[1]
    gradient = np.zeros((4, 2 * m + k, steps))
    leaving = incidence(grid)[grid.references].T
    gradient[0, :m], gradient[1, m : 2 * m] = leaving @ weights.root_p, leaving @ weights.root_q
    gradient[2, 2 * m :] = (weights.vm / (2.0 * np.sqrt(flow.v)))[grid.others]
    size, worth = np.hypot(flow.p, flow.q), weights.i_from + weights.i_to
    worth = np.divide(worth, size, out=np.zeros_like(size), where=size > 0)
    gradient[3, :m], gradient[3, m : 2 * m] = worth * flow.p, worth * flow.q
    right = gradient.transpose(1, 0, 2).reshape(2 * m + k, 4 * steps)
    answer = splu(_system(grid).T.tocsc()).solve(right) if k else right
    by_part = answer.reshape(2 * m + k, 4, steps).transpose(1, 0, 2)
    return assemble(grid, weights, by_part[:, :k], by_part[:, k : 2 * k].sum(axis=0))


def _system(grid: Grid) -> sp.csc_array:
    """The matrix of the three groups of equations; square because the network is radial."""
    others = grid.others
    inner = incidence(grid)[others]
    conductance = sp.diags_array(-(end_shunts(grid, grid.half_g) + grid.shunt_p)[others])
    susceptance = sp.diags_array((end_shunts(grid, grid.half_b) - grid.shunt_q)[others])
    drop_p, drop_q = sp.diags_array(2.0 * grid.r), sp.diags_array(2.0 * grid.x)
    fall = -voltage_drop(grid)[others].T
    blocks: list[list[Any]] = [[-inner, None, conductance], [None, -inner, susceptance], [drop_p, drop_q, fall]]
    return sp.csc_array(sp.block_array(blocks))
