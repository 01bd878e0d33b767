"""What the voltage-carrying formulations share: held voltages, voltage and current limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridpact.physics.electric.network import Network
from gridpact.programs.program import Named, box

Floats = NDArray[np.float64]
Flow = dict[str, cp.Variable]
Values = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Branches:
    """Solved lines (m, steps) and voltages (n, steps), per unit; powers enter the line at its from end."""

    p: Floats
    q: Floats
    i: Floats
    loss: Floats
    cone_gap: Floats
    vm: Floats


def column(array: Floats) -> Floats:
    return array[:, None]


def line_shunts(network: Network) -> Floats:
    """Half of the charging of every line at each of its ends, added up per bus."""
    halves: Floats = (network.leaving + network.arriving) @ (network.charging / 2.0)
    return halves


def held_voltages(network: Network, v: cp.Variable) -> Named:
    held = column(network.held)
    unheld = np.isnan(held)
    lower, upper = np.where(unheld, -np.inf, held), np.where(unheld, np.inf, held)
    return box(v, lower, upper, ("", "", "interfaces/vm_pu"))


def voltage_limits(network: Network, v: cp.Variable) -> Named:
    """Limits where no interface holds the voltage."""
    free = column(np.isnan(network.held))
    lower, upper = np.where(free, column(network.v_min), -np.inf), np.where(free, column(network.v_max), np.inf)
    return box(v, lower, upper, ("buses/vm_min_pu", "buses/vm_max_pu", "buses/vm_pu"))


def current_rows(name: str, squared: cp.Expression, i_max: Floats) -> Named:
    """squared current <= i_max^2 on the lines that have a limit."""
    limit = np.broadcast_to(column(i_max**2), squared.shape)
    return box(squared, np.full(squared.shape, -np.inf), limit, ("", name, ""))
