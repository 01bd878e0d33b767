"""Consensus ADMM whose coordination steps are all in closed form: everybody answers at once.

f, g   cost above and below        x, y   copies above and below        z   consensus        s, t   states

    z <- (s + t) / 2,   p <- r (s - z)                     (and -p below: prices of both sides sum to zero)
    x <- argmin f(x) + p'x + r/2 |x - z|^2
    y <- argmin g(y) - p'y + r/2 |y - z|^2
    s <- s + a (x - z),   t <- t + a (y - z)

f'(x) + g'(y) = -r (x + y - 2z) is the difference of the prices that both act at. a is the relaxation. Boyd, Parikh,
Chu, Peleato and Eckstein, Foundations and Trends in Machine Learning 3(1), 2011, sections 3.4 and 7.
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
EAGERNESS, FARTHEST = 0.1, 10.0


@dataclass(frozen=True, eq=False)
class ClosedFormConsensus:
    """The method over the parties of a roster; the state is (s, t), one after the other."""

    roster: Roster
    eagerness: float = EAGERNESS
    farthest: float = FARTHEST

    def state(self, quantity: Floats, price: Floats, penalty: Floats) -> Floats:
        return np.concatenate([quantity - price / penalty, quantity + price / penalty])

    def centre(self, state: Floats, found: Sweep) -> Floats:
        return np.tile(np.mean(np.split(state, 2), axis=0), 2)

    def sweep(self, state: Floats, penalty: Floats) -> Sweep:
        s, t = np.split(state, 2)
        z = (s + t) / 2.0
        asked = penalty * (s - z)
        x, y = self.roster.ask_all((asked, -asked), z, penalty)
        step = RELAXATION * np.concatenate([x - z, y - z])
        price = -asked - penalty * (x - z)
        return Sweep(x, y, price, penalty * (x + y - 2.0 * z), step)
