"""A party with a program of its own: it answers to prices with quantities and shows nothing else.

    respond(price, target, weight)   argmin over its program of  cost + price'x + sum of weight/2 (x - target)^2

with x its declared coupling columns. Its matrices stay inside the solver; a new price or target is a new cost vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled, raise_unless_solved
from gridpact.programs.elimination import Lean, lean
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Agent(Protocol):
    """Whoever answers to a price and a target with quantities."""

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats: ...


@dataclass(eq=False)
class ProgramAgent:
    """An agent that solves ``form``; ``columns`` are its coupling quantities, ``solved`` its last optimum x, s, z."""

    form: StandardForm
    columns: Ints
    solved: tuple[Floats, Floats, Floats] | None = None
    _short: Lean | None = None
    _ready: Compiled | None = None
    _weight: Floats | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises ``InfeasibleError`` and ``NotConverged`` where its program has no optimum."""
        q = self.form.q.copy()
        q[self.columns] += price - weight * target
        if self._weight is None or not np.array_equal(weight, self._weight):
            self._short, self._weight = lean(self.form.with_squares(self.columns, weight)), weight
            self._ready = Compiled(self._short.form)
        assert self._short is not None and self._ready is not None
        answer = self._ready.answer(self._short.with_q(q))
        raise_unless_solved(answer)
        self.solved = self._short.restored(answer.x, answer.s, answer.z, q)
        return np.asarray(self.solved[0][self.columns])
