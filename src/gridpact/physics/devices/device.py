"""What every kind of device brings to a market: variables, limits, injections and a cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.programs.affine import Affine, Variable, constant
from gridpact.programs.program import Named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Device:
    """All devices of one kind: ``p`` and ``q`` are injections in per unit, shape (devices, steps).

    ``cost`` is in currency per hour, summed over the steps; ``integers`` names variables
    that must be whole, ``squares`` holds quadratic costs by variable. ``heat`` is what devices at the ``nodes`` of a
    heat network give to it, per unit; devices without a bus have no rows in ``buses``, ``p`` and ``q``.
    """

    kind: str
    buses: Ints
    variables: Mapping[str, Variable]
    constraints: Named
    p: Affine
    q: Affine
    cost: Affine
    squares: Mapping[str, Floats] = field(default_factory=dict)
    integers: tuple[str, ...] = ()
    nodes: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    heat: Affine | None = None


def zeros(shape: tuple[int, int]) -> Affine:
    return constant(np.zeros(shape))


def unlimited(bound: Floats, sign: float = 1.0) -> Floats:
    """Blank limits as infinite ones."""
    return np.where(np.isnan(bound), sign * np.inf, bound)


def total(price: Floats, power: Affine) -> Affine:
    """Sum of price x power over devices and steps."""
    return (power * price).total()


def before(case: Case) -> sp.csr_array:
    """Matrix (steps x steps): ``x @ before`` is x one step earlier, zero where a window begins."""
    later = np.flatnonzero(~case.begins)
    return sp.csr_array((np.ones(later.size), (later - 1, later)), shape=(case.steps, case.steps))


def membership(positions: Ints, count: int) -> Floats:
    """Matrix (count x parts) that adds up the parts of each device."""
    return np.equal.outer(np.arange(count), positions).astype(np.float64)
