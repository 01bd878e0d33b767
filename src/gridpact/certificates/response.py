"""What one more unit of demand does to the network: the common part of all formulations.

With all other injections held fixed, a unit of demand at a bus changes the root's import, the voltages and the
currents. Weighted with what each of them is worth (root prices and limit multipliers), the changes are the parts of the
nodal price. For a state x with balances g(x) = -demand and a weighted sum f(x), the change per unit of demand is

    df/d(demand) = - (dg/dx)^-T df/dx

so one factorisation and one right-hand side per part suffice for all buses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weights:
    """What the changes are worth.

    ``root_p``, ``root_q``: per unit of import at the references, (references, steps). ``vm``: per unit of voltage
    magnitude, (buses, steps). ``i_from``, ``i_to``: per unit of current at the branches' ends, (m, steps).
    """

    root_p: Floats
    root_q: Floats
    vm: Floats
    i_from: Floats
    i_to: Floats


@dataclass(frozen=True, eq=False)
class Worth:
    """Worth of one more unit of active demand at each bus, part by part, and of reactive demand; (buses, steps)."""

    loss: Floats
    reactive_loss: Floats
    voltage: Floats
    congestion: Floats
    reactive: Floats


def assemble(grid: Grid, weights: Weights, active: Floats, reactive: Floats) -> Worth:
    """Put the changes at the other buses and the references together.

    ``active`` (4, others, steps): worth of active demand through the root's active import, its reactive import,
    voltages and currents; ``reactive`` (others, steps): worth of reactive demand through all of them. At a reference
    a unit of demand is a unit of import and changes nothing else.
    """
    parts = np.zeros((4, grid.buses, active.shape[2]))
    parts[:, grid.others] = active
    parts[0, grid.others] -= weights.root_p[grid.area[grid.others]]
    total = np.zeros_like(parts[0])
    total[grid.others], total[grid.references] = reactive, weights.root_q
    return Worth(parts[0], parts[1], parts[2], parts[3], total)
