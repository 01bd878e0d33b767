"""Response of an alternating-current network: bus admittance matrix and polar Newton Jacobian.

    S_i = V_i conj(sum_k Y_ik V_k)
    dS_i/d(theta_k) = j (S_i [i = k] - a_ik),   dS_i/d|V_k| = (S_i [i = k] + a_ik) / |V_k|,   a_ik = V_i conj(Y_ik V_k)

(Tinney and Hart, IEEE Trans. PAS 86(11), 1967). All steps stand in one block-diagonal sparse matrix.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.certificates.grid import Grid
from gridpact.certificates.response import Weights, Worth, assemble

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]


def admittance(grid: Grid) -> sp.csr_array:
    """Bus admittance matrix (buses x buses) with the branches' shunts and ratios and the buses' shunts, per unit."""
    (at_from, mutual), (at_to, _) = end_admittances(grid)
    f, t, n = grid.from_bus, grid.to_bus, np.arange(grid.buses)
    values = np.concatenate([at_from, at_to, mutual, mutual, grid.shunt_p - 1j * grid.shunt_q])
    rows, columns = np.concatenate([f, t, f, t, n]), np.concatenate([f, t, t, f, n])
    return sp.coo_array((values, (rows, columns)), shape=(grid.buses, grid.buses)).tocsr()


def end_admittances(grid: Grid) -> tuple[tuple[Complexes, Complexes], tuple[Complexes, Complexes]]:
    """Current into the from and the to end per voltage at the own and at the other end; (m,) each.

    Behind the ratio k the voltage is V / k and the current k I, so I = ((y + y_end) V / k - y V_to) / k.
    """
    series = np.asarray(1.0 / (grid.r + 1j * grid.x), dtype=np.complex128)
    end = grid.half_g + 1j * grid.half_b
    mutual = -series / grid.ratio
    return ((series + end) / grid.ratio**2, mutual), (series + end, mutual)


def bus_power(grid: Grid, voltage: Complexes) -> Complexes:
    """Power that flows from every bus into the network at the voltage phasors, (buses, steps)."""
    current = np.asarray(admittance(grid) @ voltage)
    power: Complexes = voltage * np.conj(current)
    return power


def jacobian(grid: Grid, voltage: Complexes) -> sp.csc_array:
    """Derivative of (P, Q) by (angle, magnitude) at all buses: block diagonal over the steps.

    Row and column of a bus in step t: 2 n t + bus for P and angle, 2 n t + n + bus for Q and magnitude.
    """
    Y, n, steps = admittance(grid).tocoo(), grid.buses, voltage.shape[1]
    magnitude, power = np.abs(voltage), bus_power(grid, voltage)
    mixed = voltage[Y.row] * np.conj(Y.data[:, None] * voltage[Y.col])
    own = np.arange(n)
    by_angle = np.concatenate([-1j * mixed, 1j * power])
    by_magnitude = np.concatenate([mixed / magnitude[Y.col], power / magnitude])
    row, column = np.concatenate([Y.row, own]), np.concatenate([Y.col, own])
    first = 2 * n * np.arange(steps)
    blocks = [(by_angle.real, 0, 0), (by_angle.imag, n, 0), (by_magnitude.real, 0, n), (by_magnitude.imag, n, n)]
    data = np.concatenate([values.ravel() for values, _, _ in blocks])
    rows = np.concatenate([((row + down)[:, None] + first).ravel() for _, down, _ in blocks])
    columns = np.concatenate([((column + right)[:, None] + first).ravel() for _, _, right in blocks])
    return sp.coo_array((data, (rows, columns)), shape=(2 * n * steps, 2 * n * steps)).tocsc()


def ac_worth(grid: Grid, voltage: Complexes, weights: Weights) -> Worth:
    """Parts of the nodal prices at an AC operating point; NaN where the voltages are NaN."""
    n, steps = grid.buses, voltage.shape[1]
    if not np.isfinite(voltage).all():
        blank = np.full((n, steps), np.nan)
        return Worth(blank, blank, blank, blank, blank)
    derivative = jacobian(grid, voltage)
    kept = _positions(grid.others, n, steps)
    slopes = [
        _root_slopes(grid, derivative, weights.root_p, 0),
        _root_slopes(grid, derivative, weights.root_q, n),
        _magnitude_slopes(weights.vm),
        _current_slopes(grid, voltage, weights),
    ]
    gradient = np.column_stack([*slopes, sum(slopes)])[kept]
    # Feeders have no columns that share their rows, so they are eliminated one by one: a third less time.
    factors = splu(derivative[kept][:, kept].T.tocsc(), relax=1, panel_size=1) if kept.size else None
    answer = gradient if factors is None else -factors.solve(gradient)
    by_step = answer.reshape(steps, 2, grid.others.size, 5)
    active = by_step[:, 0, :, :4].transpose(2, 1, 0)
    return assemble(grid, weights, active, by_step[:, 1, :, 4].T)


def _positions(buses: Ints, n: int, steps: int) -> Ints:
    """Rows of the given buses in the block-diagonal system: step, then angle or magnitude, then bus."""
    within = np.concatenate([buses, buses + n])
    positions: Ints = (2 * n * np.arange(steps)[:, None] + within).ravel()
    return positions


def _root_slopes(grid: Grid, derivative: sp.csc_array, worth: Floats, down: int) -> Floats:
    """Derivative of the worth of the references' injections by the state."""
    weight = np.zeros((worth.shape[1], 2, grid.buses))
    weight[:, down // grid.buses, grid.references] = worth.T
    slopes: Floats = derivative.T @ weight.ravel()
    return slopes


def _magnitude_slopes(worth: Floats) -> Floats:
    slopes = np.zeros((worth.shape[1], 2, worth.shape[0]))
    slopes[:, 1] = worth.T
    return slopes.ravel()


def _current_slopes(grid: Grid, voltage: Complexes, weights: Weights) -> Floats:
    """Derivative of the worth of the currents' magnitudes by the state: d|I| = Re(conj(I/|I|) dI)."""
    slopes = np.zeros((2, grid.buses, voltage.shape[1]))
    sides = [(grid.from_bus, grid.to_bus, weights.i_from), (grid.to_bus, grid.from_bus, weights.i_to)]
    for (near, far, worth), (own, mutual) in zip(sides, end_admittances(grid), strict=True):
        current = own[:, None] * voltage[near] + mutual[:, None] * voltage[far]
        size = np.abs(current)
        towards = worth * np.conj(np.divide(current, size, out=np.zeros_like(current), where=size > 0))
        for bus, factor in ((near, own), (far, mutual)):
            change = towards * factor[:, None] * voltage[bus]
            np.add.at(slopes[0], bus, (1j * change).real)
            np.add.at(slopes[1], bus, (change / np.abs(voltage[bus])).real)
    return slopes.transpose(2, 0, 1).ravel()
