"""One polyhedron, many linear costs: HiGHS starts each from the optimum of the one before.

minimise c'x   subject to   row_low <= A x <= row_high,  low <= x <= high
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Polyhedron:
    """Points between bounds of columns and rows."""

    def __init__(
        self,
        A: sp.csr_array | sp.csc_array,
        rows: tuple[Floats, Floats],
        columns: tuple[Floats, Floats],
        cost: Floats | None = None,
    ) -> None:
        import highspy

        self.size = A.shape[1]
        self._highs = highspy.Highs()
        self._highs.silent()
        matrix = sp.csc_array(A)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        lp.col_cost_ = np.zeros(self.size) if cost is None else cost
        lp.col_lower_, lp.col_upper_ = columns
        lp.row_lower_, lp.row_upper_ = rows
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        self._highs.passModel(lp)

    @classmethod
    def of(cls, form: StandardForm) -> Polyhedron:
        """The points of a form without second-order cones, with its own linear cost."""
        equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
        free = np.full(form.q.size, np.inf)
        return cls(form.A, (np.where(equal, form.b, -np.inf), form.b), (-free, free), form.q)

    def minimise(self, cost: Floats | None = None) -> tuple[str, float, Floats]:
        """ "solved", "infeasible" or "unbounded", the least cost and where it is; with the cost last given if none."""
        import highspy

        if cost is not None:
            self._highs.changeColsCost(self.size, np.arange(self.size, dtype=np.int32), cost)
        self._highs.run()
        status, words = self._highs.getModelStatus(), highspy.HighsModelStatus
        if status == words.kUnboundedOrInfeasible:
            status = self._without_presolve()
        if status == words.kUnbounded:
            return "unbounded", -np.inf, np.full(self.size, np.nan)
        if status == words.kInfeasible:
            return "infeasible", np.inf, np.full(self.size, np.nan)
        if status not in (words.kOptimal, words.kModelEmpty):
            raise NotConverged(f"A linear program stopped: {self._highs.modelStatusToString(status)}.")
        x = np.asarray(self._highs.getSolution().col_value, dtype=np.float64)
        return "solved", float(self._highs.getInfo().objective_function_value), x

    def maximum(self, cost: Floats) -> float:
        """The largest c'x, infinite where there is none; minus infinity without a point."""
        return -self.minimise(-cost)[1]

    def hold_row(self, row: int, low: float, high: float) -> None:
        """Other bounds for a row."""
        self._highs.changeRowBounds(row, low, high)

    def _without_presolve(self) -> Any:
        self._highs.setOptionValue("presolve", "off")
        self._highs.run()
        self._highs.setOptionValue("presolve", "choose")
        return self._highs.getModelStatus()
