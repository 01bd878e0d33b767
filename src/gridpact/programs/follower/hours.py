"""What each price step of an hour costs at least, given the multipliers of all that ties the hours together.

Let y be the multipliers of the rows that touch several hours (storages, ramps, pipes), from a solved relaxation. With
these rows priced instead of kept, the program falls into hours, and in each of them the payment needs no envelope:

    cost >= constant(y) + sum over hours of min over steps k of v_k(y)
    v_k(y) = min over the hour's own rows and z on step k of   (q + A_c'y) x + 1/2 x'Px + w price_k(z) z

Every v_k is a small cone program. The bound is that of the convex hull of each hour's choice together with its payment
(Geoffrion, "Lagrangean relaxation for integer programming", 1974), at least as good as the relaxation that y is from,
and exact where nothing ties hours together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.blocks import Block, blocks
from gridpact.programs.conic import Compiled
from gridpact.programs.follower.apart import steps_apart
from gridpact.programs.follower.planes import Plane
from gridpact.programs.follower.relaxation import Priced, Relaxed
from gridpact.programs.standard_form import StandardForm, in_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Dual values are bounds at any accuracy; this one is a thousandth of the gap that is asked for.
TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False)
class Hour:
    """The rows of one hour with two more for the ends of z; where z and the two right-hand sides stand."""

    block: Block
    form: StandardForm
    column: int
    ends: Ints


class Hours:
    """The hours of a leader, one linking quantity each; ``serves`` says whether it falls into such hours."""

    def __init__(self, priced: Priced) -> None:
        self.priced = priced
        form, kept = steps_apart(priced.form)
        self.ties = sp.csr_array(priced.form.A)[~kept]
        self.kept = kept
        self.hours = _hours(form, priced) if (~kept).any() or form.columns else None
        self._compiled: Compiled | None = None

    @property
    def serves(self) -> bool:
        return self.hours is not None

    def refined(self, plane: Plane, solved: Relaxed, wanted: Mask) -> Plane:
        """The plane with what the hours say of the ``wanted`` steps, (quantities, steps)."""
        assert self.hours is not None
        priced = self.priced
        cost = priced.form.q + self.ties.T @ solved.y[~self.kept]
        least = plane.least.copy()
        for k in np.flatnonzero(wanted.any(axis=1)).tolist():
            hour = self.hours[k]
            own = hour.block.columns
            x, q = solved.x[own], cost[own]
            here = float(q @ x + 0.5 * x @ (priced.form.P[own][:, own] @ x))
            for step in np.flatnonzero(wanted[k]).tolist():
                least[k, step] = max(least[k, step], self._value(hour, q, k, step) - here)
        return replace(plane, least=least)

    def _value(self, hour: Hour, q: Floats, k: int, step: int) -> float:
        """Least cost of an hour whose quantity stands on a step, inf where it cannot."""
        priced, steps = self.priced, self.priced.steps[k]
        low, high, rise = float(steps.edges[step]), float(steps.edges[step + 1]), float(steps.slope()[step])
        weight, scale = priced.weights[k], priced.scale[k]
        cost, b = q.copy(), hour.form.b.copy()
        cost[hour.column] += weight * scale * (steps.first[step] - rise * low)
        b[hour.ends] = high, -low
        form = replace(hour.form, q=cost, b=b)
        if rise > 0.0 and weight:
            form = form.with_squares(np.array([hour.column]), np.array([2.0 * weight * rise * scale**2]))
        return self._solved(form)

    def _solved(self, form: StandardForm) -> float:
        """The optimum from below; -inf, which says nothing, where there is none or the solver gives up."""
        if self._compiled is None or not self._compiled.resembles(form):
            self._compiled = Compiled(form, tolerance=TOLERANCE)
        answer = self._compiled.answer(form)
        if answer.status == "infeasible":
            return np.inf
        if answer.status != "solved":
            return -np.inf
        return float(-0.5 * answer.x @ (form.P @ answer.x) - form.b @ answer.z)


def _hours(form: StandardForm, priced: Priced) -> list[Hour] | None:
    """The hour of every linking quantity, None where two share one."""
    found: dict[int, Hour] = {}
    for block in blocks(form):
        linked = np.flatnonzero(np.isin(priced.columns, block.columns))
        if linked.size > 1:
            return None
        for k in linked.tolist():
            found[k] = _hour(block, int(priced.columns[k]), float(priced.scale[k]))
    return [found[k] for k in range(priced.columns.size)] if len(found) == priced.columns.size else None


def _hour(block: Block, column: int, scale: float) -> Hour:
    place = int(np.flatnonzero(block.columns == column)[0])
    height, width = block.form.A.shape
    ends = sp.csr_array((np.array([scale, -scale]), ([0, 1], [place, place])), shape=(2, width))
    wide = replace(
        block.form,
        A=sp.csc_array(sp.vstack([block.form.A, ends])),
        b=np.append(block.form.b, [0.0, 0.0]),
        cones=(*block.form.cones, ("nonnegative", 2)),
    )
    ordered, order = in_order(wide)
    return Hour(block, ordered, place, np.flatnonzero(order >= height)[np.argsort(order[order >= height])])
