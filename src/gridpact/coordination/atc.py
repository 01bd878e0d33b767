"""Analytical target cascading with an augmented Lagrangian: targets from above, answers from below, one after another.

f, g   cost above and below        x, y   copies above and below        p   price        r   penalty        s   state

    x <- argmin f(x) + r/2 |x - s|^2               the one above answers to the state
    p <- r (s - x)
    y <- argmin g(y) + p'y + r/2 |y - x|^2         those below answer to its targets x
    s <- s + a (y - x)                             a: relaxation

is the method of multipliers in alternating directions, written with the one variable of the Douglas-Rachford iteration,
s = y + p/r. f'(x) = p and g'(y) = -p - r (y - x): prices differ by r (y - x). Tosserams, Etman, Papalambros and Rooda,
Structural and Multidisciplinary Optimization 31, 2006; Eckstein and Bertsekas, Mathematical Programming 55, 1992.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.coordinate import Sweep
from gridpact.coordination.roster import Roster

Floats = NDArray[np.float64]
RELAXATION = 1.6
# Chosen by the rounds that 3 to 100 synthetic microgrids take (benchmarks/trading.md).
EAGERNESS, FARTHEST = 3.0, 6.0


@dataclass(frozen=True, eq=False)
class TargetCascading:
    """The method over the parties of a roster."""

    roster: Roster
    eagerness: float = EAGERNESS
    farthest: float = FARTHEST
    sequences: int = 1

    def state(self, quantity: Floats, price: Floats, penalty: Floats) -> Floats:
        return quantity + price / penalty

    def centre(self, state: Floats, found: Sweep) -> Floats:
        return found.below

    def sweep(self, state: Floats, penalty: Floats) -> Sweep:
        x = self.roster.ask_above(np.zeros(state.size), state, penalty)
        price = penalty * (state - x)
        y = self.roster.ask_below(price, x, penalty)
        return Sweep(x, y, price, penalty * (y - x), state, RELAXATION * (y - x), np.empty(0))
