"""How far the leader's quantities can go: bounds of columns, step by step, with nothing between the steps.

    low[k, t], high[k, t]   least and greatest x[columns[k, t]] over the rows that touch columns of step t alone

Without the rows that tie steps together (storages, ramps, pipes) the program falls into small ones that share one
compiled program. What is left out can only widen the range.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.blocks import blocks
from gridpact.programs.conic import Compiled
from gridpact.programs.follower.apart import steps_apart
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def reach(form: StandardForm, columns: Ints) -> tuple[Floats, Floats]:
    """Bounds of ``columns`` (quantities, steps) of a program whose named columns have steps as their last axis.

    Infinite where nothing bounds them. Raises ``InfeasibleError`` where some step has no feasible point.
    """
    low, high = np.full(columns.shape, -np.inf), np.full(columns.shape, np.inf)
    ready: Compiled | None = None
    apart, _ = steps_apart(form)
    for block in blocks(replace(apart, P=sp.csc_array(form.P.shape))):
        for k, step in zip(*np.nonzero(np.isin(columns, block.columns)), strict=True):
            ready = ready if ready is not None and ready.fits(block.form) else Compiled(block.form)
            place = int(np.flatnonzero(block.columns == columns[k, step])[0])
            low[k, step] = _least(ready, block.form, place, 1.0)
            high[k, step] = -_least(ready, block.form, place, -1.0)
    return low, high


def _least(compiled: Compiled, form: StandardForm, column: int, sign: float) -> float:
    """Least ``sign`` x of a column: the dual value, which is on the safe side; -inf where no bound is known."""
    q = np.zeros(form.q.size)
    q[column] = sign
    answer = compiled.answer(form.with_q(q))
    if answer.status == "infeasible":
        raise InfeasibleError("The leader has no feasible point in some step.")
    if answer.status != "solved":  # unbounded, or as good as: losses that nothing limits, say
        return -np.inf
    return float(-form.b @ answer.z)
