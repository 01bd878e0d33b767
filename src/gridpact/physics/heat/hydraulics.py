"""Water in a network of pipes: flows and pressures of given demands.

m       water through a pipe, positive from its from end      kg/s
p       pressure of a node on the supply side                 Pa
f       friction factor (Darcy)

    mass      sum of m leaving - sum of m arriving = water fed in
    pressure  p_from - p_to = (f L/d + zeta) 8 m |m| / (pi^2 rho d^4)

Both together by Newton's method, which for pipes is the gradient method (Todini and Pilati, in: Computer Applications
in Water Supply 1, 1988). f is 64/Re up to Re = 2000, that of Colebrook and White from 4000, a straight line in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.errors import NotConverged

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAMINAR, TURBULENT = 2000.0, 4000.0
ROUNDS = 100
# Each brings the friction factor closer by a factor of six or more; Haaland's formula is within two per cent.
CONTRACTIONS = 14
# Largest change of a flow, relative to the largest flow, with which the search ends.
SETTLED = 1e-11
# The same where changes no longer fall: very short beside very long pipes cost digits.
ROUNDING = 1e-8
# Share of the largest flow below which a pipe's resistance is that of this flow: a pipe at rest would have none.
LEAST = 1e-6
# Change of a flow over which the slope of its pressure is taken, relative.
NUDGE = 1e-6


@dataclass(frozen=True, eq=False)
class Pipes:
    """Pipes (m) in SI units; ``incidence`` (nodes x m) has 1 at the from end, -1 at the to end."""

    length: Floats
    diameter: Floats
    roughness: Floats
    loss_coefficient: Floats
    density: Floats
    viscosity: Floats
    incidence: sp.csr_array


@dataclass(frozen=True, eq=False)
class Hydraulics:
    """Flow and pressure drop (m, columns), pressure of every node above its network's reference (n, columns)."""

    flow: Floats
    drop: Floats
    pressure: Floats


def friction_factor(reynolds: Floats, relative_roughness: Floats) -> Floats:
    """Darcy's friction factor. Both arguments broadcast; ``reynolds`` above zero."""
    turbulent = _colebrook(np.maximum(reynolds, TURBULENT), relative_roughness)
    share = np.clip((reynolds - LAMINAR) / (TURBULENT - LAMINAR), 0.0, 1.0)
    laminar = 64.0 / np.minimum(reynolds, LAMINAR)
    return np.asarray((1.0 - share) * laminar + share * turbulent)


def _colebrook(reynolds: Floats, relative_roughness: Floats) -> Floats:
    """1/sqrt(f) = -2 log10(e/3.71d + 2.51/Re/sqrt(f)): a contraction, from the explicit formula of Haaland."""
    inverse = -1.8 * np.log10((relative_roughness / 3.7) ** 1.11 + 6.9 / reynolds)
    for _ in range(CONTRACTIONS):
        inverse = -2.0 * np.log10(relative_roughness / 3.71 + 2.51 / reynolds * inverse)
    return np.asarray(inverse**-2.0)


def pressure_drop(pipes: Pipes, flow: Floats) -> Floats:
    """p_from - p_to in Pa of flows (m, columns) in kg/s."""
    d, size = pipes.diameter[:, None], np.maximum(np.abs(flow), 1e-12)
    reynolds = 4.0 * size / (np.pi * d * (pipes.density * pipes.viscosity)[:, None])
    f = friction_factor(reynolds, pipes.roughness[:, None] / d)
    heads = f * pipes.length[:, None] / d + pipes.loss_coefficient[:, None]
    return heads * 8.0 * flow * np.abs(flow) / (np.pi**2 * pipes.density[:, None] * d**4)


def network_flow(pipes: Pipes, fed: Floats, references: Ints) -> Hydraulics:
    """Flows with which ``fed`` (n, columns), kg/s into each node, leave again; pressures relative to ``references``.

    ``references`` has one node per connected network; ``fed`` sums to zero in each. Equal columns are solved once.
    Raises ``NotConverged`` if Newton's method does not settle.
    """
    columns, where = np.unique(fed, axis=1, return_inverse=True)
    solved = [_newton(pipes, column, references) for column in columns.T]
    flow, pressure = (np.column_stack([answer[k] for answer in solved])[:, where.ravel()] for k in (0, 1))
    return Hydraulics(flow, pressure_drop(pipes, flow), pressure)


def _newton(pipes: Pipes, fed: Floats, references: Ints) -> tuple[Floats, Floats]:
    """Steps (dm, dp) with  drop(m) + slope dm = B'p  and  B (m + dm) = fed  at all nodes but the references."""
    free = np.setdiff1d(np.arange(fed.size), references)
    inner = sp.csr_array(pipes.incidence[free])
    largest = float(np.abs(fed).max(initial=0.0))
    flow, pressure = np.full(pipes.length.size, largest), np.zeros(fed.size)
    if not flow.any() or not free.size:
        return flow, pressure
    before = np.inf
    for _ in range(ROUNDS):
        slope = _slope(pipes, flow, LEAST * largest)
        drop = pressure_drop(pipes, flow[:, None])[:, 0]
        weights = sp.csr_array(inner @ sp.diags_array(1.0 / slope))
        right = fed[free] - inner @ flow + weights @ drop
        pressure[free] = splu(sp.csc_array(weights @ inner.T)).solve(right)
        step = (pipes.incidence.T @ pressure - drop) / slope
        flow = flow + step
        moved = float(np.abs(step).max()) / largest
        if moved <= SETTLED or (moved <= ROUNDING and moved > before / 2.0):
            return flow, pressure
        before = moved
    raise NotConverged(f"The flow of the heat network did not settle in {ROUNDS} rounds of Newton's method.")


def _slope(pipes: Pipes, flow: Floats, least: float) -> Floats:
    """d(drop)/d(flow), by a central difference."""
    size = np.maximum(np.abs(flow), least)
    higher, lower = (pressure_drop(pipes, (size * (1.0 + sign * NUDGE))[:, None])[:, 0] for sign in (1.0, -1.0))
    return (higher - lower) / (2.0 * NUDGE * size)
