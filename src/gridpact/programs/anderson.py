"""Anderson acceleration of a fixed-point iteration s <- s + g(s).

From the last points and residuals, with differences dS and dG between consecutive ones,

    s <- s + g - (dS + dG) gamma,    gamma = argmin |g - dG gamma|^2 + Tikhonov term

It forgets everything when the residual has grown beyond twice its best, or when the step would be a hundred times the
plain one (of an iteration that goes nowhere), and takes the plain step. Walker and Ni, SIAM
Journal on Numerical Analysis 49(4), 2011; safeguard and regularisation after Zhang, O'Donoghue and Boyd, SIAM Journal
on Optimization 30(4), 2020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY = 20
TIKHONOV = 1e-10
# Growth of the residual over its best with which the memory is emptied.
GROWN = 2.0
# Longest step, in plain steps.
LONGEST = 100.0


class Anderson:
    """Memory of an iteration; ``metric`` weighs the entries of points and residuals."""

    def __init__(self, metric: Floats, memory: int = MEMORY) -> None:
        self.metric = metric
        self.memory = memory
        self.forget()

    def forget(self) -> None:
        """Begin anew, as after a change of the iteration itself."""
        self._points: list[Floats] = []
        self._residuals: list[Floats] = []
        self._best = np.inf

    def step(self, point: Floats, residual: Floats) -> Floats:
        """The next point after ``point``, whose plain successor is ``point + residual``."""
        size = float(np.linalg.norm(self.metric * residual))
        if size > GROWN * self._best:
            self.forget()
        self._best = min(self._best, size)
        self._points = [*self._points, point][-self.memory - 1 :]
        self._residuals = [*self._residuals, residual][-self.memory - 1 :]
        if len(self._points) == 1:
            return point + residual
        moved, changed = np.diff(self._points, axis=0), np.diff(self._residuals, axis=0)
        step = residual - self._mixture(changed, residual) @ (moved + changed)
        if not np.linalg.norm(self.metric * step) <= LONGEST * size:
            self.forget()
            return point + residual
        return np.asarray(point + step)

    def _mixture(self, changed: Floats, residual: Floats) -> Floats:
        weighted = self.metric * changed
        normal = weighted @ weighted.T
        normal += TIKHONOV * np.trace(normal) * np.eye(len(normal)) + np.finfo(float).tiny * np.eye(len(normal))
        return np.asarray(np.linalg.solve(normal, weighted @ (self.metric * residual)))
