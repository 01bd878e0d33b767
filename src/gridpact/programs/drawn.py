"""A program drawn to given values of some of its variables, by the method of multipliers.

    x <- argmin f(x) + p'x_c + W/2 |x_c - target|^2,      p <- p + W (x_c - target)

and not by an equality: where a limit of the program binds at the target, an equality would leave no interior and
multipliers without a bound. A program that cannot keep to the target shows it by the distance that is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.elimination import lean
from gridpact.programs.in_blocks import InBlocks
from gridpact.programs.solve import Solution
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Weight of a difference, over the scale of prices; steps, and the distance that will do.
WEIGHT = 100.0
STEPS = 8
NEAR = 1e-9
SHRINKS = 0.95


class Drawn:
    """The program of ``form`` set up once, drawn to values of ``columns``; ``scale`` is that of their prices."""

    def __init__(self, form: StandardForm, columns: Ints, scale: float) -> None:
        self.columns = columns
        self._weight = np.full(columns.size, WEIGHT * scale)
        self._heavy = form.with_squares(columns, self._weight)
        self._short = lean(self._heavy)
        self._ready = InBlocks(self._short.form)

    def to(self, price: Floats, target: Floats) -> tuple[StandardForm, Solution]:
        """The program with price'x + W/2 |x - target|^2 more to pay, at the price that holds it, and its solution.

        ``price`` is a first guess. A variable whose distance falls no more is out of reach; its price is left alone,
        for it would only drift. Raises ``InfeasibleError`` and ``NotConverged`` as solvers do.
        """
        before, moving = np.full(target.size, np.inf), np.ones(target.size, dtype=np.bool_)
        for _ in range(STEPS):
            drawn, found = self._at(price, target)
            away = found.x[self.columns] - target
            moving &= np.abs(away) <= SHRINKS * before
            before = np.abs(away)
            if not (moving & (before > NEAR)).any():
                break
            price = price + self._weight * np.where(moving, away, 0.0)
        return drawn, found

    def at(self, price: Floats, target: Floats) -> Floats:
        """What the variables are at a price that does not move: near the target, and not held to it."""
        return self._at(price, target)[1].x[self.columns]

    def _at(self, price: Floats, target: Floats) -> tuple[StandardForm, Solution]:
        drawn = self._heavy.with_price(self.columns, price - self._weight * target)
        x, s, z = self._short.restored(*self._ready.point(self._short.with_q(drawn.q).q), drawn.q)
        return drawn, Solution(x, s, z, drawn.cost(x), "clarabel", 0, 0.0)
