"""Consensus ADMM whose coordination steps are all in closed form: everybody answers at once.

f, g   cost above and below        x, y   copies above and below        z   consensus        s, t   states

    z <- (s + t) / 2,   p <- r (s - z)                     (and -p below: prices of both sides sum to zero)
    x <- argmin f(x) + p'x + r/2 |x - z|^2
    y <- argmin g(y) - p'y + r/2 |y - z|^2
    s <- s + 2 (x - z),   t <- o + a (y - h)               h, o: x and t of the round before, with s = 2h - o

x follows from t alone, since p and z pull towards z - p/r = t, and y from s alone. Two sequences t -> s -> t take
turns, each as in target cascading (``atc``) and accelerated by itself: t moves from where it was two rounds before.
With t + 2 (y - z), the twin of what s does, it would be the iteration of Peaceman and Rachford, which is a = 2; a < 2
makes each sequence converge. f'(x) = r (t - x), g'(y) = r (s - y); in one sequence f'(h) + g'(y) = r (h - y). Boyd,
Parikh, Chu, Peleato and Eckstein, Foundations and Trends in Machine Learning 3(1), 2011, sections 3.4 and 7; Eckstein
and Bertsekas, Mathematical Programming 55, 1992.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.atc import EAGERNESS, FARTHEST, RELAXATION
from gridpact.coordination.coordinate import Sweep
from gridpact.coordination.roster import Roster

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClosedFormConsensus:
    """The method over the parties of a roster; the state is t, s and o, one after the other.

    Before the first answer from above there is no o: quantities and price that the rounds begin with stand for it.
    """

    roster: Roster
    eagerness: float = EAGERNESS
    farthest: float = FARTHEST
    sequences: int = 2

    def state(self, quantity: Floats, price: Floats, penalty: Floats) -> Floats:
        return np.concatenate([quantity + price / penalty, quantity - price / penalty])

    def centre(self, state: Floats, found: Sweep) -> Floats:
        _, s, o = np.split(state, 3)
        return np.concatenate([found.below, (s + o) / 2.0, (s + o) / 2.0])

    def sweep(self, state: Floats, penalty: Floats) -> Sweep:
        t, s, *older = np.split(state, state.size // self.roster.total)
        z = (s + t) / 2.0
        asked = penalty * (s - z)
        x, y = self.roster.ask_all((asked, -asked), z, penalty)
        o = older[0] if older else t
        h = (s + o) / 2.0
        # Answers of one sequence, once there are: two sequences may end at two prices of one optimum.
        above, price = (h, penalty * (o - h)) if older else (x, penalty * (t - x))
        mismatch = price + penalty * (s - y)
        return Sweep(above, y, price, mismatch, o, RELAXATION * (y - h), np.concatenate([2.0 * x - t, t]))
