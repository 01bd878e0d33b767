"""A single level in the terms of SCIP: bounds, rows, cones, pairs, products and quadratic costs.

    second-order cone (t, v)    v'v - t^2 <= 0,  t >= 0,   t and v columns of their own
    quadratic cost              its independent parts below columns that are paid instead
    product                     value * x[i] x[j] below such a column: not convex, so that SCIP branches on i and j

SCIP: Bolusani et al., "The SCIP Optimization Suite 9.0", 2024.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.follower.single_level import Products
from gridpact.programs.follower.square_root import components
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Feasibility asked of SCIP: the first with which its linear programs can be solved.
FEASIBILITY = (1e-7, 1e-6)
STATUS = {
    "optimal": "solved",
    "gaplimit": "solved",
    "infeasible": "infeasible",
    "unbounded": "unbounded",
    "inforunbd": "infeasible or unbounded",
}


@dataclass(frozen=True, eq=False)
class Task:
    """What SCIP is to solve: the columns' limits include those of the binaries; ``start`` is nan where unknown."""

    form: StandardForm
    low: Floats
    high: Floats
    pairs: Ints
    products: Products
    start: Floats | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """``status`` is solved, infeasible, unbounded, infeasible or unbounded, or stopped; x is nan without a point."""

    status: str
    x: Floats
    lower: float
    upper: float
    seconds: float
    nodes: int


def solve_by_scip(task: Task, time_limit: float, gap: float) -> Outcome:
    """The best point and bounds of the cost; solved if they are within ``gap`` of max(1, |cost|).

    Raises ``NotConverged`` where SCIP cannot solve its own linear programs.
    """
    started = perf_counter()
    for feasibility in FEASIBILITY:
        model, columns = _written(task)
        left = max(0.0, time_limit - (perf_counter() - started))
        limits = {"limits/time": left, "limits/gap": gap, "limits/absgap": gap}
        model.setParams({**limits, "numerics/feastol": feasibility})
        if task.start is not None:
            _offer(model, columns, task.start)
        if _optimised(model):
            return _outcome(model, columns, perf_counter() - started)
    raise NotConverged("SCIP stopped: its linear programs are too badly scaled. Look for limits or prices far apart.")


def _offer(model: Any, columns: list[Any], start: Floats) -> None:
    """A point to begin with, as far as it is known (not nan); SCIP completes it, or does without."""
    point = model.createPartialSol()
    for column, value in zip(columns, start.tolist(), strict=True):
        if value == value:
            model.setSolVal(point, column, value)
    model.addSol(point)


def _optimised(model: Any) -> bool:
    """Whether SCIP came to an end; it says so as a bare exception where one of its linear programs fails."""
    try:
        model.optimize()
    except Exception as error:
        if not str(error).startswith("SCIP:"):
            raise
        return False
    return True


def _outcome(model: Any, columns: list[Any], seconds: float) -> Outcome:
    found = model.getNSols() > 0
    best = model.getBestSol() if found else None
    x = np.array([model.getSolVal(best, column) for column in columns]) if found else np.full(len(columns), np.nan)
    return Outcome(
        status=STATUS.get(model.getStatus(), "stopped"),
        x=x,
        lower=_finite(model.getDualbound(), model),
        upper=_finite(model.getPrimalbound(), model) if found else np.inf,
        seconds=seconds,
        nodes=int(model.getNTotalNodes()),
    )


def _finite(value: float, model: Any) -> float:
    return float(np.copysign(np.inf, value)) if model.isInfinity(abs(value)) else float(value)


def _written(task: Task) -> tuple[Any, list[Any]]:
    """The model, and its variables for the columns of the form."""
    model = _silent_model()
    form = task.form
    columns = _variables(model, task)
    terms = np.empty(len(columns), dtype=object)
    terms[:] = [next(iter(column)) for column in columns]
    lines = _lines(form, terms)
    row = 0
    for kind, size in form.cones:
        if kind == "second_order":
            _add_cone(model, lines[row : row + size], form.b[row : row + size])
        else:
            _add_rows(model, lines[row : row + size], form.b[row : row + size], equal=kind == "zero")
        row += size
    for first, second in task.pairs.tolist():
        model.addConsSOS1([columns[first], columns[second]])
    _add_cost(model, task, terms)
    return model, columns


def _silent_model() -> Any:
    """No output, one thread, fixed seeds, and no non-linear programs: they lead to METIS by way of Ipopt and MUMPS,
    and as built into some binaries that ends the whole process (SCIP issue 211)."""
    from pyscipopt import Model

    model = Model()
    model.hideOutput()
    model.setParams(
        {
            "nlp/disable": True,
            "lp/threads": 1,
            "parallel/maxnthreads": 1,
            "randomization/randomseedshift": 0,
            "randomization/permutationseed": 0,
        }
    )
    return model


def _variables(model: Any, task: Task) -> list[Any]:
    kinds, whole = np.full(task.form.q.size, "C"), task.form.integers
    kinds[whole] = np.where((task.low[whole] >= 0.0) & (task.high[whole] <= 1.0), "B", "I")
    low, high = ([end if np.isfinite(end) else None for end in ends.tolist()] for ends in (task.low, task.high))
    return [model.addVar(lb=lb, ub=ub, vtype=kind) for lb, ub, kind in zip(low, high, kinds.tolist(), strict=True)]


def _lines(form: StandardForm, terms: NDArray[Any]) -> list[dict[Any, float]]:
    """A x of every row, as a coefficient for every term."""
    A = sp.csr_array(form.A)
    A.eliminate_zeros()
    A.sum_duplicates()
    cuts = A.indptr.tolist()
    return [dict(zip(terms[A.indices[a:b]], A.data[a:b].tolist(), strict=True)) for a, b in pairwise(cuts)]


def _add_rows(model: Any, lines: Sequence[dict[Any, float]], b: Floats, equal: bool) -> None:
    from pyscipopt import Expr

    for line, right in zip(lines, b.tolist(), strict=True):
        if line or (right != 0.0 if equal else right < 0.0):
            model.addCons(Expr(line) == right if equal else Expr(line) <= right)


def _add_cone(model: Any, lines: Sequence[dict[Any, float]], b: Floats) -> None:
    """Slacks s = b - A x as variables, the first at least as long as the others."""
    slacks = [model.addVar(lb=0.0 if place == 0 else None) for place in range(len(lines))]
    own = [{**line, next(iter(slack)): 1.0} for line, slack in zip(lines, slacks, strict=True)]
    _add_rows(model, own, b, equal=True)
    if len(slacks) > 1:
        model.addCons(sum(slack * slack for slack in slacks[1:]) - slacks[0] * slacks[0] <= 0.0)


def _add_cost(model: Any, task: Task, terms: NDArray[Any]) -> None:
    from pyscipopt import Expr

    form = task.form
    paid = dict(zip(terms[form.q != 0.0], form.q[form.q != 0.0].tolist(), strict=True))
    for curved in [*_squares(form.P, terms), *_product_terms(task.products, terms)]:
        term = next(iter(model.addVar(lb=None)))
        model.addCons(Expr({**curved, term: -1.0}) <= 0.0)
        paid[term] = 1.0
    model.setObjective(Expr(paid), "minimize")
    model.addObjoffset(form.constant)


def _squares(P: sp.csc_array, terms: NDArray[Any]) -> Iterator[dict[Any, float]]:
    """1/2 x'Px, one for each component of P."""
    upper = sp.coo_array(sp.triu(P))
    values = np.where(upper.row == upper.col, 0.5, 1.0) * upper.data
    _, labels = components(P)
    order = np.argsort(labels[upper.row], kind="stable")
    sizes = np.bincount(labels[upper.row], minlength=1)
    for part in np.split(order, np.cumsum(sizes[sizes > 0])[:-1]):
        if np.any(values[part]):
            yield {terms[upper.row[k]] * terms[upper.col[k]]: float(values[k]) for k in part.tolist() if values[k]}


def _product_terms(products: Products, terms: NDArray[Any]) -> Iterator[dict[Any, float]]:
    for first, second, value in zip(*products, strict=True):
        yield {terms[first] * terms[second]: float(value)}
