"""Power flows of imported cases, for comparison with the program or the data they come from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.acflow import ac_flow
from gridpact.certificates.grid import Grid, read_grid

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def voltages(
    case: Case, held: Mapping[str, float], generated: Mapping[str, complex] | None = None
) -> tuple[Floats, float, bool]:
    """Voltage magnitudes of the buses in p.u., losses of the branches in MW, and whether the network is radial.

    Loads and renewables stand at their values, generators at ``generated`` (MVA, by id; those without give nothing);
    the references hold ``held`` (p.u., by bus).
    """
    grid = read_grid(case, base_mva=1.0)
    buses = case.ids("buses")
    root = np.array([[held[buses[bus]]] for bus in grid.references])
    flow = ac_flow(case, grid, injection(case, grid, generated or {}), root)
    radial = grid.branches.size == grid.buses - grid.references.size
    return np.abs(flow.voltage[:, 0]), float(flow.loss.sum()), radial


def injection(case: Case, grid: Grid, generated: Mapping[str, complex]) -> Complexes:
    power = np.zeros((grid.buses, 1), dtype=np.complex128)
    loads = case.column("loads", "p_mw") + 1j * case.column("loads", "q_mvar")
    units = np.array([generated.get(name, 0.0) for name in case.ids("generators")], dtype=np.complex128)
    np.add.at(power[:, 0], case.positions("loads", "bus"), -loads)
    np.add.at(power[:, 0], case.positions("renewables", "bus"), case.column("renewables", "p_mw").astype(complex))
    np.add.at(power[:, 0], case.positions("generators", "bus"), units)
    return power


def matpower_voltages(base: float, bus: Floats, branch: Floats, slack: complex) -> Complexes:
    """Power flow of MATPOWER's model (user's manual, chapter 3), the first bus being the slack, no generator elsewhere.

    Admittance matrix from the matrices of the case, then currents and voltages in turns until they stand still.
    """
    count, place = len(bus), {number: row for row, number in enumerate(bus[:, 0])}
    admittance = np.diag((bus[:, 4] + 1j * bus[:, 5]) / base)
    for row in branch:
        start, end = place[row[0]], place[row[1]]
        series, charging = 1.0 / complex(row[2], row[3]), 0.5j * row[4]
        tap = (row[8] or 1.0) * np.exp(1j * np.deg2rad(row[9]))
        admittance[start, start] += (series + charging) / abs(tap) ** 2
        admittance[start, end] -= series / np.conj(tap)
        admittance[end, start] -= series / tap
        admittance[end, end] += series + charging
    power = -(bus[1:, 2] + 1j * bus[1:, 3]) / base
    voltage: Complexes = np.full(count, slack, dtype=np.complex128)
    for _ in range(200):
        current = np.conj(power / voltage[1:]) - admittance[1:, 0] * slack
        voltage[1:] = np.linalg.solve(admittance[1:, 1:], current)
    return voltage
