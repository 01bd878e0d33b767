"""What every kind of device brings to a market: variables, limits, injections and a cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridpact.programs.program import Named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Device:
    """All devices of one kind: ``p`` and ``q`` are injections in per unit, shape (devices, steps).

    ``cost`` is in currency per hour, summed over the steps; ``integers`` names variables that must be whole.
    """

    kind: str
    buses: Ints
    variables: Mapping[str, cp.Variable]
    constraints: Named
    p: cp.Expression
    q: cp.Expression
    cost: cp.Expression
    integers: tuple[str, ...] = ()


def zeros(shape: tuple[int, ...]) -> cp.Expression:
    return cp.Constant(np.zeros(shape))


def unlimited(bound: Floats, sign: float = 1.0) -> Floats:
    """Blank limits as infinite ones."""
    return np.where(np.isnan(bound), sign * np.inf, bound)


def total(price: Floats, power: cp.Expression) -> cp.Expression:
    """Sum of price x power over devices and steps."""
    return cp.sum(cp.multiply(price, power))


def membership(positions: Ints, count: int) -> Floats:
    """Matrix (count x parts) that adds up the parts of each device."""
    return np.equal.outer(np.arange(count), positions).astype(np.float64)
