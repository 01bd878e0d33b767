"""A party with a program of its own: it answers to prices with quantities and shows nothing else.

    respond(price, target, weight)   argmin over its program of  cost + price'x + sum of weight/2 (x - target)^2

with x its declared coupling columns. Its matrices stay inside the solver; a new price or target is a new cost vector,
a new weight a new diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.conic import TOLERANCE
from gridpact.programs.coupled import Coupled, coupled
from gridpact.programs.in_blocks import InBlocks
from gridpact.programs.quadratic import Quadratic, is_quadratic
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Agent(Protocol):
    """Whoever answers to a price and a target with quantities."""

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats: ...


@dataclass(eq=False)
class ProgramAgent:
    """An agent that solves ``form``; ``columns`` are its coupling quantities.

    Quadratic programs go to a solver of their own and, where it finds nothing, to the conic one, whose ``tolerance``
    is that of the gap.
    """

    form: StandardForm
    columns: Ints
    tolerance: float = TOLERANCE
    _coupled: Coupled | None = None
    _weight: Floats | None = None
    _weighed: StandardForm | None = None
    _quick: Quadratic | None = None
    _ready: InBlocks | None = None
    _last: tuple[Floats, Floats, Floats, Floats] | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises ``InfeasibleError`` and ``NotConverged`` where its program has no optimum."""
        program = self._program()
        if self._weight is None or not np.array_equal(weight, self._weight):
            self._weigh(program, weight)
        q = program.cost(price - weight * target)
        short = program.short_cost(q)
        point = self._quick.point(short) if self._quick is not None else None
        self._last = (*(point or self._conic(short)), q)
        return np.asarray(self._last[0][program.places])

    @property
    def solved(self) -> tuple[Floats, Floats, Floats] | None:
        """The last optimum x, s, z."""
        return None if self._last is None else self._program().short.restored(*self._last)

    def _program(self) -> Coupled:
        if self._coupled is None:
            self._coupled = coupled(self.form, self.columns)
        return self._coupled

    def _weigh(self, program: Coupled, weight: Floats) -> None:
        """New weights are new values in the solvers, which keep all else that they were set up with."""
        self._weight, self._weighed = weight.copy(), program.weighed(weight)
        if not is_quadratic(self._weighed):
            self._ready = None if self._ready is None else self._ready.reweighed(self._weighed)
        else:
            self._quick = Quadratic(self._weighed) if self._quick is None else self._quick.reweighed(self._weighed)
            self._ready = None

    def _conic(self, q: Floats) -> tuple[Floats, Floats, Floats]:
        if self._ready is None:
            assert self._weighed is not None
            self._ready = InBlocks(self._weighed, self.tolerance)
        return self._ready.point(q)
