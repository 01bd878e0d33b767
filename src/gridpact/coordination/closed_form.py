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

from gridpact.programs.coupled import Coupled, coupled
from gridpact.programs.splitting import Splitting
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(eq=False)
class ClosedFormAgent:
    """An agent with the program ``form``; ``columns`` are its coupling quantities.

    ``tolerance`` is that of both residuals (``Splitting``), which takes at most ``most_steps`` steps.
    """

    form: StandardForm
    columns: Ints
    tolerance: float = 1e-8
    most_steps: int = 5000
    _coupled: Coupled | None = None
    _steps: Splitting | None = None
    _weight: Floats | None = None
    _last: tuple[Floats, Floats, Floats, Floats] | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises ``InfeasibleError`` where it proves that there are none, else ``NotConverged``."""
        program = self._program()
        q = program.cost(price - weight * target)
        self._last = (*self._splitting(program, weight).point(program.short_cost(q)), q)
        return np.asarray(self._last[0][program.places])

    @property
    def solved(self) -> tuple[Floats, Floats, Floats] | None:
        """The last optimum x, s, z."""
        return None if self._last is None else self._program().short.restored(*self._last)

    @property
    def steps(self) -> int:
        """Steps of the last answer."""
        return 0 if self._steps is None else self._steps.steps

    def _program(self) -> Coupled:
        if self._coupled is None:
            self._coupled = coupled(self.form, self.columns)
        return self._coupled

    def _splitting(self, program: Coupled, weight: Floats) -> Splitting:
        if self._steps is None or self._weight is None:
            self._steps = Splitting(program.weighed(weight), self.tolerance, self.most_steps)
        elif not np.array_equal(weight, self._weight):
            self._steps.reweighed(program.weighed(weight).P)
        self._weight = weight.copy()
        return self._steps
