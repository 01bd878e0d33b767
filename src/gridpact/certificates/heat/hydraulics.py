"""Flows and pressures of the heat networks by correcting loops (Cross, University of Illinois Bulletin 286, 1936).

Water is first sent along a spanning tree, so that every node has what it needs. Every other pipe closes one loop; a
correction that circulates in it changes no node's balance. Newton's method finds the corrections with which the
pressure losses around all loops add up to nothing.

    drop = (f L / d + zeta) 8 m |m| / (pi^2 rho d^4)
    f    = 64 / Re                                                       Re <= 2000
           1 / sqrt(f) = -2 log10(roughness / 3.71 + 2.51 / (Re sqrt(f)))   Re >= 4000 (Colebrook, 1939)
           a straight line in between
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.sparse.linalg import SuperLU, splu

from gridpact.case.case import Case
from gridpact.certificates.heat.water import WATTS, HeatGrid, references

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LAMINAR, TURBULENT = 2000.0, 4000.0
ROUNDS = 200
SETTLED = 1e-11
PASCAL = 1e5


@dataclass(frozen=True, eq=False)
class Loops:
    """A spanning tree and the loops that the other pipes close.

    ``tree`` are pipes; ``factors`` solve for the tree's flows from what the nodes ``inner`` (all but one of each
    connected network) send into the pipes, ``transposed`` for their pressures from those of the pipes; ``cycles`` has
    a row for every loop, (loops, m).
    """

    tree: Ints
    inner: Ints
    factors: SuperLU | None
    transposed: SuperLU | None
    cycles: sp.csr_array


def find_loops(grid: HeatGrid) -> Loops:
    """The loops of a heat network."""
    tree = _tree(grid)
    chords = np.setdiff1d(np.arange(grid.pipes.size), tree)
    roots = np.unique(grid.area, return_index=True)[1]
    inner = np.setdiff1d(np.arange(grid.nodes), roots)
    leaving = _incidence(grid)
    along = sp.csc_array(leaving[inner][:, tree])
    factors, transposed = (splu(along), splu(sp.csc_array(along.T))) if tree.size else (None, None)
    back = np.zeros((tree.size, chords.size))
    if factors is not None and chords.size:
        back = -factors.solve(leaving[inner][:, chords].toarray())
    cycles = np.zeros((chords.size, grid.pipes.size))
    cycles[:, tree], cycles[np.arange(chords.size), chords] = back.T, 1.0
    return Loops(tree, inner, factors, transposed, sp.csr_array(np.rint(cycles)))


def _tree(grid: HeatGrid) -> Ints:
    """Pipes of a spanning tree; of several pipes between the same nodes the first."""
    low, high = np.minimum(grid.from_node, grid.to_node), np.maximum(grid.from_node, grid.to_node)
    pairs, first = np.unique(np.stack([low, high]), axis=1, return_index=True)
    graph = sp.csr_array((first + 1.0, pairs.astype(np.int32)), shape=(grid.nodes, grid.nodes))
    return np.sort(minimum_spanning_tree(graph).data.astype(np.int64) - 1)


def _incidence(grid: HeatGrid) -> sp.csr_array:
    """+1 at the from node, -1 at the to node of every pipe, (nodes, m)."""
    m = grid.pipes.size
    ends = (np.concatenate([grid.from_node, grid.to_node]), np.tile(np.arange(m), 2))
    return sp.csr_array((np.repeat([1.0, -1.0], m), ends), shape=(grid.nodes, m))


def pipe_flow(grid: HeatGrid, loops: Loops, sent: Floats) -> Floats:
    """Water through the pipes, kg/s, positive from from_node to to_node on the supply side; (m, steps).

    ``sent``: water that the stations of a node give less what its consumers take, (nodes, steps). NaN where no
    corrections were found.
    """
    different, again = np.unique(sent, axis=1, return_inverse=True)
    flow = np.zeros((grid.pipes.size, different.shape[1]))
    if loops.factors is not None:
        flow[loops.tree] = loops.factors.solve(different[loops.inner])
    corrected = np.column_stack([_corrected(grid, loops, column) for column in flow.T])
    return corrected[:, again.ravel()]


def _corrected(grid: HeatGrid, loops: Loops, flow: Floats) -> Floats:
    """Newton's method with steps that are halved until the loops are closer to closing; one step of time."""
    if not loops.cycles.shape[0]:
        return flow
    C = loops.cycles
    drop, slope = pressure_drop(grid, flow)
    for _ in range(ROUNDS):
        gap = C @ drop
        if np.abs(gap).max() <= SETTLED * np.abs(drop).max(initial=1e-30):
            return flow
        turn = C.T @ np.linalg.solve((C @ sp.diags_array(slope) @ C.T).toarray(), -gap)
        for halving in range(40):
            trial = flow + 0.5**halving * turn
            after = pressure_drop(grid, trial)
            if np.linalg.norm(C @ after[0]) < np.linalg.norm(gap):
                break
        else:
            # Rounding: no step closes the loops further.
            return flow if np.abs(gap).max() <= 1e3 * SETTLED * np.abs(drop).max() else np.full_like(flow, np.nan)
        flow, (drop, slope) = trial, after
    return np.full_like(flow, np.nan)


def pressure_drop(grid: HeatGrid, flow: Floats) -> tuple[Floats, Floats]:
    """Pressure lost along the pipes at a flow (m,) or (m, steps), Pa, with its sign, and the slope of that."""
    wide = (slice(None),) + (None,) * (flow.ndim - 1)
    d, rho, nu = (
        values[wide] for values in (grid.diameter, grid.density[grid.from_node], grid.viscosity[grid.from_node])
    )
    size = np.abs(flow)
    per_flow = 4.0 / (np.pi * d * rho * nu)
    factor, slope = friction(per_flow * size, grid.roughness[wide])
    long, head = grid.length[wide] / d, 8.0 / (np.pi**2 * rho * d**4)
    laminar = per_flow * size <= LAMINAR
    # In laminar flow f m^2 = 64 m / per_flow, also where the water stands still.
    still = 64.0 / per_flow
    pull = np.where(laminar, still * size, factor * size**2)
    pull_slope = np.where(laminar, still, 2.0 * factor * size + slope * per_flow * size**2)
    minor = grid.minor[wide]
    lost = head * (long * pull + minor * size**2)
    return np.sign(flow) * lost, head * (long * pull_slope + 2.0 * minor * size)


def friction(reynolds: Floats, roughness: Floats) -> tuple[Floats, Floats]:
    """Friction factor of Darcy and its slope by the Reynolds number."""
    low = 64.0 / LAMINAR
    high, _ = _colebrook(np.full_like(reynolds, TURBULENT), np.broadcast_to(roughness, reynolds.shape))
    rise = (high - low) / (TURBULENT - LAMINAR)
    rough, rough_slope = _colebrook(np.maximum(reynolds, TURBULENT), np.broadcast_to(roughness, reynolds.shape))
    safe = np.maximum(reynolds, 1e-100)
    laminar, turbulent = reynolds <= LAMINAR, reynolds >= TURBULENT
    between = low + rise * (reynolds - LAMINAR)
    factor = np.where(laminar, 64.0 / safe, np.where(turbulent, rough, between))
    return factor, np.where(laminar, -64.0 / safe / safe, np.where(turbulent, rough_slope, rise))


def _colebrook(reynolds: Floats, roughness: Floats) -> tuple[Floats, Floats]:
    """Newton's method for s = 1 / sqrt(f), which is nearly linear in log(s); f and its slope."""
    s = np.full_like(reynolds, 7.0)
    per_log = 2.0 / np.log(10.0)
    for _ in range(12):
        inner = roughness / 3.71 + 2.51 * s / reynolds
        s = s - (s + per_log * np.log(inner)) / (1.0 + per_log * 2.51 / reynolds / inner)
    inner = roughness / 3.71 + 2.51 * s / reynolds
    pull = per_log * 2.51 / inner
    change = pull * s / reynolds**2 / (1.0 + pull / reynolds)
    return s**-2.0, -2.0 * s**-3.0 * change


def pressures(case: Case, grid: HeatGrid, loops: Loops, flow: Floats) -> Floats:
    """Supply less return pressure of every node, Pa, (nodes, steps).

    In each connected network the station that pumps what is left gives the least pressure at which every consumer has
    what it needs, and never less than nothing. The difference falls by twice the drop of a pipe.
    """
    drop, _ = pressure_drop(grid, flow)
    fall = np.zeros((grid.nodes, flow.shape[1]))
    if loops.transposed is not None:
        fall[loops.inner] = loops.transposed.solve(2.0 * drop[loops.tree])
    own = case.positions("heat_sources", "node")[references(case)]
    areas = int(grid.area.max(initial=-1)) + 1
    root, needed = np.full((areas, flow.shape[1]), np.nan), np.zeros((areas, flow.shape[1]))
    root[grid.area[own]] = fall[own]
    fall = fall - root[grid.area]
    consumer = case.positions("heat_loads", "node")
    least = PASCAL * case.column("heat_loads", "min_pressure_bar")[:, None] - fall[consumer]
    np.maximum.at(needed, grid.area[consumer], least)
    pressure: Floats = fall + needed[grid.area]
    return pressure


def pump_power(case: Case, grid: HeatGrid, pumped: Floats, pressure: Floats) -> Floats:
    """Electric power of the pump of every station, MW, (stations, steps); none where it need not lift."""
    node = case.positions("heat_sources", "node")
    lift = pressure[node] + PASCAL * case.column("heat_sources", "pressure_drop_bar")[:, None]
    efficiency = case.column("heat_sources", "pump_efficiency")[:, None]
    power: Floats = pumped * np.maximum(lift, 0.0) / (grid.density[node][:, None] * efficiency) / WATTS
    return power
