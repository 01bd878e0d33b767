"""Planes below the leader's cost without its payments, left behind by every relaxation that was solved.

    f(z) >= value - push (z - z*)        for every z open to the leader

They bound the cost on any ranges of price steps without solving a cone program: each by itself in closed form, since
payment and plane fall apart by quantities, and all together by a small linear program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.envelope import Envelope
from gridpact.programs.follower.relaxation import Priced, Relaxed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plane:
    """f(z) >= ``value`` - ``push`` (z - ``z``), and the least of payment - push (z - z*) on every step.

    ``least`` is (quantities, steps), inf where a quantity has fewer steps. The value and the sum of the least on any
    steps is a bound of the cost on them.
    """

    value: float
    push: Floats
    z: Floats
    least: Floats

    def bound(self, first: Ints, last: Ints) -> float:
        """Least cost on ranges of steps as far as this plane knows."""
        return float(self.value + self.on(first, last).min(axis=1).sum())

    def costs(self, first: Ints, last: Ints) -> Floats:
        """Least cost with each quantity on each step of its range, the others anywhere in theirs; inf outside.

        Where some quantity can stand on no step of its range, no other can either.
        """
        least = self.on(first, last)
        best = least.min(axis=1)
        if np.isinf(best).any():
            return np.full(least.shape, np.inf)
        costs: Floats = self.value + best.sum() - best[:, None] + least
        return costs

    def on(self, first: Ints, last: Ints) -> Floats:
        """``least`` within the ranges, inf outside."""
        steps = np.arange(self.least.shape[1])
        inside = (steps >= first[:, None]) & (steps <= last[:, None])
        return np.where(inside, self.least, np.inf)


def plane_of(priced: Priced, parts: Relaxed) -> Plane:
    """What the solution of a relaxation says of all choices."""
    most = max(steps.count for steps in priced.steps)
    least = np.full((len(priced.steps), most), np.inf)
    for k, steps in enumerate(priced.steps):
        weight, push, z = priced.weights[k], parts.push[k], parts.z[k]
        begin, end, rise = steps.edges[:-1], steps.edges[1:], steps.slope()
        price = steps.first - rise * begin
        bent = (rise > 0.0) & (weight > 0.0)
        level = np.where(bent, (push / max(weight, 1e-300) - price) / np.where(bent, 2.0 * rise, 1.0), begin)
        tried = np.stack([begin, end, np.clip(level, begin, end)])
        least[k, : steps.count] = (weight * (price + rise * tried) * tried - push * (tried - z)).min(axis=0)
    return Plane(parts.bound - float(priced.weights @ parts.payment), parts.push, parts.z, least)


def least_on_planes(priced: Priced, planes: Sequence[Plane], parts: Sequence[Envelope]) -> float:
    """min of f + sum of w payment over all planes and the lines of the envelopes, a bound; -inf where there is none.

    Variables: z and payment of every quantity, and f.
    """
    import highspy

    count = len(parts)
    of = np.repeat(np.arange(count), [part.slopes.size for part in parts])
    slopes, offsets = (np.concatenate([getattr(part, name) for part in parts]) for name in ("slopes", "offsets"))
    lines = sp.hstack([_placed(slopes, of, count), _placed(np.full(of.size, -1.0), of, count), _zeros(of.size)])
    push = np.array([plane.push for plane in planes])
    cuts = sp.hstack([sp.csr_array(-push), sp.csr_array(push.shape), sp.csr_array(np.full((len(planes), 1), -1.0))])
    matrix = sp.csc_array(sp.vstack([lines, cuts]))
    level = np.array([plane.value + plane.push @ plane.z for plane in planes])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.concatenate([np.zeros(count), priced.weights, [1.0]])
    free = np.full(count + 1, np.inf)
    lp.col_lower_ = np.concatenate([[part.low for part in parts], -free])
    lp.col_upper_ = np.concatenate([[part.high for part in parts], free])
    lp.row_lower_ = np.full(matrix.shape[0], -np.inf)
    lp.row_upper_ = np.concatenate([-offsets, -level])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.passModel(lp)
    highs.run()
    solved = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(highs.getInfo().objective_function_value) if solved else -np.inf


def _placed(values: Floats, columns: Ints, width: int) -> sp.csr_array:
    return sp.csr_array((values, (np.arange(columns.size), columns)), shape=(columns.size, width))


def _zeros(height: int) -> sp.csr_array:
    return sp.csr_array((height, 1))
