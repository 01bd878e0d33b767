"""Bounds of factors of cones by linear programs: least and largest value over a polyhedral relaxation.

    x in the linear rows, tangents of all cones, reverse cuts of the box, the box, and cost <= cutoff

Single rows become bounds of variables; the simplex method goes on from program to program, since only the cost changes.
Values that a point found on the way attains need no program of their own. Source: Gleixner, Berthold, Mueller and
Weltge, "Three enhancements for optimization-based bound tightening", Journal of Global Optimization 67, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.nonlinear_kkt import loose_cones, rows_of
from gridpact.programs.reverse_cuts import Box, Factors, box_rows, reverse_cuts
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE = 1e-9
# A ray counts if it misses feasibility by this, relative to its largest multiplier.
PROOF = 1e-9
# A bound that a known point comes as close to as this, relative to the width of the box, needs no program.
NEAR = 0.02
# Directions around a loose cone with two parts.
DIRECTIONS = 16


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """G x <= h, E x = e: all that is linear of a program, and half-spaces around its loose cones."""

    G: sp.csr_array
    h: Floats
    E: sp.csr_array
    e: Floats


def polyhedron(form: StandardForm, tight: Ints) -> Polyhedron:
    """The linear rows of a form and tangents of its cones that need not be tight."""
    A = sp.csr_array(form.A)
    less, same = rows_of(form, "nonnegative"), rows_of(form, "zero")
    G, h = [A[less]], [form.b[less]]
    for rows in loose_cones(form, tight):
        for direction in _directions(rows.shape[0] - 1):
            weights = np.concatenate([[-1.0], direction])
            G.append(sp.csr_array(sum((c * A[row] for c, row in zip(-weights, rows, strict=True)), 0.0 * A[rows[0]])))
            h.append(-(weights @ form.b[rows]))
    return Polyhedron(sp.csr_array(sp.vstack(G)), np.concatenate(h), A[same], form.b[same])


def _directions(parts: int) -> Floats:
    """Unit vectors all around, shape (n, parts)."""
    if parts == 2:
        angle = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
        return np.column_stack([np.cos(angle), np.sin(angle)])
    return np.vstack([np.eye(parts), -np.eye(parts)])


def tangents(cones: Factors, ratios: Floats) -> tuple[sp.csr_array, Floats]:
    """G, h of l - 2 a'w + |a|^2 u >= 0, for ratios a = w / u of shape (parts, k)."""
    weights = np.concatenate([[-(ratios**2).sum(axis=0), -np.ones(cones.cones)], 2.0 * ratios])
    return cones.combined(weights, np.zeros(cones.cones))


class Tightener:
    """The linear program of one part of a program, ready for any number of costs.

    Every bound is the value of a dual point, with its reduced costs paid for within the bounds of the variables and
    ``reach``: it holds whatever the solver's tolerances.
    """

    def __init__(
        self,
        shape: Polyhedron,
        cones: Factors,
        box: Box,
        points: list[Floats],
        limit: tuple[Floats, float] | None,
        reach: float,
    ) -> None:
        self.cones, self.box = cones, box
        rows = [(shape.G, shape.h), reverse_cuts(cones, box), *(tangents(cones, a) for a in _ratios(box, points))]
        rows += [(sp.csr_array(limit[0][None, :]), np.array([limit[1]]))] if limit else []
        G, h = sp.csr_array(sp.vstack([G for G, _ in rows])), np.concatenate([h for _, h in rows])
        self._lower, self._upper, G, h = _bounds(cones, box, G, h)
        self._matrix, self._equalities = sp.csc_array(sp.vstack([shape.E, G])), shape.e.size
        self._right = np.concatenate([shape.e, h])
        self._reach = np.maximum(self._lower, -reach), np.minimum(self._upper, reach)
        self._highs = _highs(self._matrix, self._right, self._equalities, self._lower, self._upper)
        self._seen_low, self._seen_high = np.full(cones.d.size, np.inf), np.full(cones.d.size, -np.inf)
        self._last = np.zeros(0, dtype=np.int32)
        self.solved = 0

    def tightened(self, chosen: NDArray[np.bool_]) -> tuple[Box, bool]:
        """The box with both bounds of the chosen factors (mask of its shape) tightened; whether it is proven empty."""
        low, high = self.box.low.ravel().copy(), self.box.high.ravel().copy()
        for sign in (1.0, -1.0):
            for factor in np.flatnonzero(chosen.ravel()).tolist():
                if self._attained(factor, sign, low[factor], high[factor]):
                    continue
                word, value = self._extreme(factor, sign)
                if word == "empty":
                    return self.box, True
                if word == "bound" and sign > 0:
                    low[factor] = max(low[factor], value)
                elif word == "bound":
                    high[factor] = min(high[factor], value)
        shape = self.box.low.shape
        return Box(low.reshape(shape), high.reshape(shape)), False

    def _attained(self, factor: int, sign: float, low: float, high: float) -> bool:
        """Whether a point found before is within a fiftieth of the width of the bound."""
        near = NEAR * (high - low)
        if not np.isfinite(near):
            return False
        return bool(self._seen_low[factor] <= low + near if sign > 0 else self._seen_high[factor] >= high - near)

    def _extreme(self, factor: int, sign: float) -> tuple[str, float]:
        """A bound of the least (sign 1) or largest (sign -1) value of a factor; "empty", or "unknown"."""
        import highspy

        F = self.cones.F
        at = slice(F.indptr[factor], F.indptr[factor + 1])
        columns = F.indices[at].astype(np.int32)
        self._highs.changeColsCost(self._last.size, self._last, np.zeros(self._last.size))
        self._highs.changeColsCost(columns.size, columns, -sign * F.data[at])
        self._last = columns
        self._highs.run()
        self.solved += 1
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return ("empty" if self._empty() else "unknown"), np.nan
        if status != highspy.HighsModelStatus.kOptimal:
            return "unknown", np.nan
        found = self._highs.getSolution()
        y = self.cones.d - F @ np.asarray(found.col_value)
        self._seen_low, self._seen_high = np.minimum(self._seen_low, y), np.maximum(self._seen_high, y)
        cost = np.zeros(F.shape[1])
        cost[columns] = -sign * F.data[at]
        return "bound", sign * (sign * float(self.cones.d[factor]) + self._dual_value(cost, np.asarray(found.row_dual)))

    def _empty(self) -> bool:
        """Whether the solver's ray proves that there is no point: its value, for no cost, is positive."""
        _, known, ray = self._highs.getDualRay()
        if not known:
            return False
        ray = np.asarray(ray, dtype=np.float64)
        ray = ray / max(float(np.abs(ray).max(initial=0.0)), 1e-300)
        nothing = np.zeros(self._matrix.shape[1])
        return max(self._dual_value(nothing, ray), self._dual_value(nothing, -ray)) > PROOF

    def _dual_value(self, cost: Floats, dual: Floats) -> float:
        """A lower bound of cost'x: rows of inequalities with multipliers <= 0, reduced costs at their worst."""
        dual = dual.copy()
        dual[self._equalities :] = np.minimum(dual[self._equalities :], 0.0)
        reduced = cost - self._matrix.T @ dual
        low, high = self._reach
        return float(self._right @ dual + np.where(reduced > 0.0, reduced * low, reduced * high).sum())


def _ratios(box: Box, points: list[Floats]) -> list[Floats]:
    """Where to touch the cones: at zero, at the given factors, and in the middle of the box."""
    known = box.known & (box.low[0] > 0)
    middle = np.where(known, box.low, 0.0) / 2.0 + np.where(known, box.high, 0.0) / 2.0
    middle[0] = np.where(known, middle[0], 1.0)
    return [np.zeros_like(box.low[2:]), *(y[2:] / np.maximum(y[0], 1e-6) for y in (*points, middle))]


def _highs(matrix: sp.csc_array, right: Floats, equalities: int, lower: Floats, upper: Floats) -> Any:
    """A HiGHS model without cost: the first rows are equalities, the others at most ``right``."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.zeros(matrix.shape[1])
    lp.col_lower_, lp.col_upper_ = lower, upper
    lp.row_lower_ = np.concatenate([right[:equalities], np.full(right.size - equalities, -np.inf)])
    lp.row_upper_ = right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = highspy.Highs()
    highs.silent()
    for option, value in (("presolve", "off"), ("threads", 1), ("simplex_strategy", 4)):
        highs.setOptionValue(option, value)
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(option, TOLERANCE)
    highs.passModel(lp)
    return highs


def _bounds(cones: Factors, box: Box, G: sp.csr_array, h: Floats) -> tuple[Floats, Floats, sp.csr_array, Floats]:
    """Rows with one entry as bounds of variables, and the other rows. The box counts as rows."""
    more, limits = box_rows(cones, box)
    G, h = sp.csr_array(sp.vstack([G, more])), np.concatenate([h, limits])
    G.eliminate_zeros()
    lower, upper = np.full(G.shape[1], -np.inf), np.full(G.shape[1], np.inf)
    single = np.diff(G.indptr) == 1
    at = G.indptr[:-1][single]
    column, value = G.indices[at], G.data[at]
    bound = h[single] / value
    np.minimum.at(upper, column[value > 0], bound[value > 0])
    np.maximum.at(lower, column[value < 0], bound[value < 0])
    return lower, upper, G[~single], h[~single]
