"""What the voltage-carrying formulations share: held voltages, voltage and current limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, box

Floats = NDArray[np.float64]
Flow = dict[str, Variable]
Values = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Solved:
    """Branches (m, steps) and voltages (n, steps) of a solution, per unit.

    Powers enter the branch at its from end; ``i`` is the larger of the currents at its ends.
    """

    p: Floats
    q: Floats
    i: Floats
    loss: Floats
    cone_gap: Floats
    vm: Floats


def column(array: Floats) -> Floats:
    return array[:, None]


def held_voltages(network: Network, v: Variable) -> Named:
    held = column(network.held)
    unheld = np.isnan(held)
    lower, upper = np.where(unheld, -np.inf, held), np.where(unheld, np.inf, held)
    return box(v, lower, upper, ("", "", "interfaces/vm_pu"))


def voltage_limits(network: Network, v: Variable) -> Named:
    """Limits where no interface holds the voltage."""
    free = column(np.isnan(network.held))
    lower, upper = np.where(free, column(network.v_min), -np.inf), np.where(free, column(network.v_max), np.inf)
    return box(v, lower, upper, ("buses/vm_min_pu", "buses/vm_max_pu", "buses/vm_pu"))


@overload
def end_voltages(network: Network, v: Affine) -> tuple[Affine, Affine]: ...


@overload
def end_voltages(network: Network, v: Floats) -> tuple[Floats, Floats]: ...


def end_voltages(network: Network, v: Any) -> tuple[Any, Any]:
    """Squared voltages behind the ratio of each branch's from end, and at its to end."""
    return network.behind_ratio @ v, network.arriving.T @ v


def current_rows(name: str, squared: Affine, i_max: Floats) -> Named:
    """squared current <= i_max^2 on the lines that have a limit."""
    limit = np.broadcast_to(column(i_max**2), squared.shape)
    return box(squared, np.full(squared.shape, -np.inf), limit, ("", name, ""))
