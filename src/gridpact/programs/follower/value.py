"""The value function of a follower with one linking quantity: phi(z), its slope, and where it is defined.

    phi(z) = minimise over y   1/2 y'Py + q'y   subject to   A y + B z + s = b,   s in K = zero x nonnegative

A linear program is solved by the dual simplex method, which goes on from the last basis; its slope is the reduced cost
of z, a column held at its value. A quadratic one is solved by an interior point method; its slope is B'u.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.conic import Compiled, raise_unless_solved
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Point:
    """phi and its slope at z, with the follower's y (all columns, z among them), slacks and multipliers."""

    z: float
    value: float
    slope: float
    x: Floats
    s: Floats
    u: Floats


@dataclass(frozen=True, eq=False)
class Value:
    """phi of a follower's block: a form whose column ``linking`` is z."""

    form: StandardForm
    linking: int

    def at(self, z: float) -> Point:
        """phi(z) and a slope there. Raises ``InfeasibleError`` where no y goes with z."""
        return self._quadratic(z) if self.form.P.nnz else self._linear(z)

    def domain(self) -> tuple[float, float]:
        """Least and greatest z that some y goes with; infinite where nothing bounds it."""
        return self._extreme(1.0), -self._extreme(-1.0)

    def _linear(self, z: float) -> Point:
        highs = self._simplex
        highs.changeColBounds(self.linking, z, z)
        self._run(highs, z)
        solution = highs.getSolution()
        x, slope = np.asarray(solution.col_value), float(solution.col_dual[self.linking])
        value = float(highs.getInfo().objective_function_value)
        return Point(z, value, slope, x, self.form.b - self.form.A @ x, -np.asarray(solution.row_dual))

    def _run(self, highs: Any, z: float) -> None:
        import highspy

        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return
        if status == highspy.HighsModelStatus.kInfeasible:
            raise InfeasibleError(f"The follower has no answer to {z:g}.")
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise InfeasibleError(f"The follower's cost falls without bound at {z:g}.", unbounded=True)
        raise NotConverged(f"The follower's linear program stopped: {highs.modelStatusToString(status)}.")

    @cached_property
    def _simplex(self) -> Any:
        """The linear program with z as a column, ready to be solved again and again."""
        import highspy

        highs = highspy.Highs()
        highs.silent()
        for option, setting in (("presolve", "off"), ("solver", "simplex"), ("threads", 1)):
            highs.setOptionValue(option, setting)
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            highs.setOptionValue(option, TOLERANCE)
        highs.passModel(self._model(self.form.q))
        return highs

    def _model(self, cost: Floats) -> Any:
        import highspy

        form, lp = self.form, highspy.HighsLp()
        held = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
        lp.num_row_, lp.num_col_ = form.A.shape
        lp.col_cost_ = cost
        lp.col_lower_, lp.col_upper_ = np.full(form.q.size, -np.inf), np.full(form.q.size, np.inf)
        lp.row_lower_, lp.row_upper_ = np.where(held, form.b, -np.inf), form.b
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = form.A.indptr, form.A.indices, form.A.data
        return lp

    def _extreme(self, sign: float) -> float:
        """Least ``sign`` x z over the feasible points, -inf where there is none."""
        import highspy

        cost = np.zeros(self.form.q.size)
        cost[self.linking] = sign
        highs = highspy.Highs()
        highs.silent()
        highs.passModel(self._model(cost))
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return float(highs.getInfo().objective_function_value)
        if status == highspy.HighsModelStatus.kInfeasible:
            raise InfeasibleError("The follower has no feasible point, whatever the leader does.")
        return -np.inf

    def _quadratic(self, z: float) -> Point:
        form, held = self.form, self._moving[1]
        answer = self._compiled.answer(self._compiled.form.with_b(form.b - held * z))
        if answer.status == "infeasible":
            raise InfeasibleError(f"The follower has no answer to {z:g}.")
        raise_unless_solved(answer)
        x = np.insert(answer.x, self.linking, z)
        return Point(z, form.cost(x) - form.constant, float(held @ answer.z), x, answer.s, answer.z)

    @cached_property
    def _moving(self) -> tuple[StandardForm, Floats]:
        """The program without the column z, and that column."""
        form, others = self.form, np.delete(np.arange(self.form.q.size), self.linking)
        without = StandardForm(
            sp.csc_array(form.P[others][:, others]),
            form.q[others],
            sp.csc_array(form.A[:, others]),
            form.b,
            0.0,
            form.cones,
            {},
            {},
            np.zeros(0, dtype=np.int64),
        )
        column: Floats = form.A[:, [self.linking]].toarray().ravel()
        return without, column

    @cached_property
    def _compiled(self) -> Compiled:
        return Compiled(self._moving[0])
