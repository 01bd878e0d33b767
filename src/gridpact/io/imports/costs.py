"""Costs of foreign files, as a case can hold them: a polynomial of degree two, or convex straight pieces as blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Slopes of straight pieces are differences of rounded numbers.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Cost:
    """Cost per hour of a power p in MW: constant + quadratic p^2 + the straight pieces.

    The pieces have ``slopes`` (k,), bend at ``breaks`` (k - 1,), and the first one runs through the origin; the outer
    ones go on for ever.
    """

    constant: float
    quadratic: float
    breaks: Floats
    slopes: Floats

    def straight(self) -> bool:
        """Whether it is a linear function."""
        return self.quadratic == 0.0 and self.slopes.size == 1

    def convex(self) -> bool:
        least = ROUNDING * np.abs(self.slopes).max()
        return self.quadratic >= 0.0 and bool((np.diff(self.slopes) >= -least).all())

    def at_zero(self) -> float:
        """The cost of no power, also where the pieces bend below zero."""
        return self.constant + float(np.diff(self.slopes) @ np.maximum(-self.breaks, 0.0))

    def blocks(self, low: float, high: float) -> tuple[Floats, Floats]:
        """Widths in MW and slopes of the pieces between two powers."""
        edges = np.concatenate([[low], np.clip(self.breaks, low, high), [high]])
        widths = np.diff(edges)
        return widths[widths > 0.0], self.slopes[widths > 0.0]


def polynomial(constant: float, linear: float, quadratic: float) -> Cost:
    """constant + linear p + quadratic p^2."""
    return Cost(constant, quadratic, np.zeros(0), np.array([linear]))


def pieces(constant: float, breaks: Floats, slopes: Floats) -> Cost:
    """Straight pieces, of which neighbours with the same slope become one."""
    bends = np.abs(np.diff(slopes)) > ROUNDING * np.abs(slopes).max()
    return Cost(constant, 0.0, breaks[bends], slopes[np.concatenate([[True], bends])])


def through_points(power: Floats, cost: Floats) -> Cost:
    """Straight pieces through points of increasing power."""
    slopes = np.diff(cost) / np.diff(power)
    return pieces(float(cost[0] - slopes[0] * power[0]), power[1:-1], slopes)


def generator_cost(name: str, cost: Cost, low: float, high: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Cost columns of a generator between two powers, and its offers where the cost has several pieces there."""
    widths, slopes = cost.blocks(min(low, 0.0), high)
    own = {"cost_per_h": cost.at_zero(), "cost_per_mwh": 0.0, "cost_per_mw2h": cost.quadratic}
    if slopes.size < 2:
        only = slopes if slopes.size else cost.slopes
        return own | {"cost_per_mwh": float(only[0])}, []
    offers = [
        {"offer": f"{name}-{number}", "generator": name, "p_mw": width, "cost_per_mwh": slope}
        for number, (width, slope) in enumerate(zip(widths.tolist(), slopes.tolist(), strict=True), start=1)
    ]
    return own, offers
