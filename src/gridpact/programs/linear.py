"""Linear programs, with whole numbers or without, by HiGHS.

minimise cost'x   subject to   rows[0] <= matrix x <= rows[1],   bounds[0] <= x <= bounds[1],   x whole where ``whole``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged

Floats = NDArray[np.float64]
DEFAULT = 1e-6


@dataclass(frozen=True, eq=False)
class Linear:
    """The arrays of a program; ``tolerance`` is how far rows and whole numbers may be off."""

    cost: Floats
    matrix: sp.csr_array
    rows: tuple[Floats, Floats]
    bounds: tuple[Floats, Floats]
    whole: NDArray[np.bool_]
    tolerance: float = DEFAULT


@dataclass(frozen=True, eq=False)
class Found:
    """The best point found, its cost, and a lower bound of the cost; ``dual`` are the multipliers without integers."""

    x: Floats
    cost: float
    bound: float
    dual: Floats


def solve_integer(program: Linear, gap: float, time_limit: float, start: Floats | None = None) -> Found | None:
    """The program solved to a relative gap, or as far as time allows; None where it has no point.

    ``start`` is a point to begin with. Raises ``NotConverged`` where no point was found in time, ``InfeasibleError``
    where the cost has no bound.
    """
    import highspy

    highs = _loaded(program, gap, max(1.0, time_limit))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        highs.setSolution(solution)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return None
    if status == highspy.HighsModelStatus.kUnbounded:
        raise InfeasibleError("The cost can fall without bound: a limit is missing somewhere.", unbounded=True)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise NotConverged(f"HiGHS stopped without a point: {highs.modelStatusToString(status)}.")
    solution = highs.getSolution()
    cost = float(info.objective_function_value)
    bound = float(info.mip_dual_bound) if program.whole.any() else cost
    return Found(np.array(solution.col_value), cost, min(bound, cost), np.array(solution.row_dual))


def _loaded(program: Linear, gap: float, time_limit: float) -> Any:
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, *program.bounds
    lp.row_lower_, lp.row_upper_ = program.rows
    columns = sp.csc_array(program.matrix)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = columns.indptr, columns.indices, columns.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[int(whole)] for whole in program.whole]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("mip_abs_gap", 0.0)
    highs.setOptionValue("time_limit", time_limit)
    if program.tolerance != DEFAULT:
        highs.setOptionValue("mip_feasibility_tolerance", program.tolerance)
        highs.setOptionValue("primal_feasibility_tolerance", program.tolerance)
    highs.passModel(lp)
    return highs
