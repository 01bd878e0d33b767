"""A party with a program of its own: it answers to prices with quantities and shows nothing else.

    respond(price, target, weight)   argmin over its program of  cost + price'x + sum of weight/2 (x - target)^2

with x its declared coupling columns. Its matrices stay inside the solver; a new price or target is a new cost vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.conic import TOLERANCE
from gridpact.programs.elimination import Lean, lean
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
    """An agent that solves ``form``; ``columns`` are its coupling quantities, ``solved`` its last optimum x, s, z.

    Quadratic programs go to a solver of their own and, where it finds nothing, to the conic one, whose ``tolerance``
    is that of the gap.
    """

    form: StandardForm
    columns: Ints
    tolerance: float = TOLERANCE
    solved: tuple[Floats, Floats, Floats] | None = None
    _short: Lean | None = None
    _quick: Quadratic | None = None
    _ready: InBlocks | None = None
    _weight: Floats | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises ``InfeasibleError`` and ``NotConverged`` where its program has no optimum."""
        q = self.form.with_price(self.columns, price - weight * target).q
        if self._weight is None or not np.array_equal(weight, self._weight):
            self._set_up(weight)
        assert self._short is not None
        short = self._short.with_q(q)
        point = self._quick.point(short.q) if self._quick is not None else None
        self.solved = self._short.restored(*(point or self._conic(short.q)), q)
        return np.asarray(self.solved[0][self.columns])

    def _set_up(self, weight: Floats) -> None:
        self._short, self._weight = lean(self.form.with_squares(self.columns, weight)), weight.copy()
        self._quick = Quadratic(self._short.form) if is_quadratic(self._short.form) else None
        self._ready = None

    def _conic(self, q: Floats) -> tuple[Floats, Floats, Floats]:
        if self._ready is None:
            assert self._short is not None
            self._ready = InBlocks(self._short.form, self.tolerance)
        return self._ready.point(q)
