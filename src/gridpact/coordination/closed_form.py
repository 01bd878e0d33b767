"""A party that answers without a solver: every step of its own update has a closed form.

It is the twin of ``ProgramAgent`` and answers the same within 1e-6,

    respond(price, target, weight)   argmin over its program of  cost + price'x + sum of weight/2 (x - target)^2

by ``programs.splitting``: clipped ranges, cones projected by formula, and one factorisation that the next call goes on
with. Point and metric stay from call to call, so that an answer near the last one takes a few steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.elimination import Lean, lean
from gridpact.programs.splitting import Splitting
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(eq=False)
class ClosedFormAgent:
    """An agent with the program ``form``; ``columns`` are its coupling quantities, ``solved`` its last optimum x, s, z.

    ``tolerance`` is that of both residuals (``Splitting``), which takes at most ``most_steps`` steps.
    """

    form: StandardForm
    columns: Ints
    tolerance: float = 1e-8
    most_steps: int = 5000
    solved: tuple[Floats, Floats, Floats] | None = None
    _short: Lean | None = None
    _steps: Splitting | None = None
    _weight: Floats | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises ``InfeasibleError`` where it proves that there are none, else ``NotConverged``."""
        q = self.form.with_price(self.columns, price - weight * target).q
        if self._weight is None or not np.array_equal(weight, self._weight):
            self._weigh(weight)
        assert self._short is not None and self._steps is not None
        self.solved = self._short.restored(*self._steps.point(self._short.with_q(q).q), q)
        return np.asarray(self.solved[0][self.columns])

    @property
    def steps(self) -> int:
        """Steps of the last answer."""
        return 0 if self._steps is None else self._steps.steps

    def _weigh(self, weight: Floats) -> None:
        self._short, self._weight = lean(self.form.with_squares(self.columns, weight)), weight.copy()
        if self._steps is None:
            self._steps = Splitting(self._short.form, self.tolerance, self.most_steps)
        else:
            self._steps.reweighed(self._short.form.P)
