"""A conic program whose independent blocks are solved side by side, for many linear costs.

Hours that nothing couples are blocks of a network's program. Each takes its own number of iterations, and the solver
leaves the interpreter alone while it works, so that threads share the blocks.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.blocks import Block, blocks, joined
from gridpact.programs.conic import TOLERANCE, Answer, Compiled, raise_unless_solved
from gridpact.programs.standard_form import StandardForm, alike

Floats = NDArray[np.float64]
MOST_THREADS = 8


class InBlocks:
    """The matrices of every block of ``form`` inside a solver; ``tolerance`` is that of the gap."""

    def __init__(self, form: StandardForm, tolerance: float = TOLERANCE) -> None:
        parts = blocks(form)
        self._form, self._tolerance = form, tolerance
        self._ready = [(part, Compiled(part.form, tolerance=tolerance)) for part in parts]
        self._threads = min(len(parts), os.cpu_count() or 1, MOST_THREADS)

    def reweighed(self, form: StandardForm) -> InBlocks:
        """The solver of ``form``, which differs in its quadratic cost alone: this one, with new values in it."""
        if not alike(form.P, self._form.P):
            return InBlocks(form, self._tolerance)
        self._ready = [(_with_cost(part, form), ready) for part, ready in self._ready]
        return self

    def point(self, q: Floats) -> tuple[Floats, Floats, Floats]:
        """x, s and z at another linear cost; raises ``InfeasibleError`` and ``NotConverged``."""
        if self._threads == 1:
            answers = [_answer(part, ready, q) for part, ready in self._ready]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                answers = list(pool.map(lambda both: _answer(both[0], both[1], q), self._ready))
        for answer in answers:
            raise_unless_solved(answer)
        told = [(part, answer) for (part, _), answer in zip(self._ready, answers, strict=True)]
        x = joined([(part, answer.x) for part, answer in told], "columns")
        s, z = (joined([(part, getattr(answer, name)) for part, answer in told], "rows") for name in "sz")
        return x, s, z


def _with_cost(part: Block, form: StandardForm) -> Block:
    """The block with the quadratic cost that its columns have in ``form``."""
    P = sp.csc_array(form.P[:, part.columns][part.columns])
    return replace(part, form=replace(part.form, P=P))


def _answer(part: Block, ready: Compiled, q: Floats) -> Answer:
    return ready.answer(replace(part.form, q=q[part.columns]))
