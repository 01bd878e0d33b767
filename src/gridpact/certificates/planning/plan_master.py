r"""The master of a plan, put together by the judges from candidates, limits and cuts, and solved by HiGHS.

$$
\begin{aligned}
\min\; & a'n + \kappa (e_0 + e'(n, y)) + w'\theta \\
& \theta_{d(k)} - s_k' n \ge c_k, \qquad l \le M (n, y) \le u, \qquad f_0 + f'(n, y) \le \bar{f} \\
& \textstyle\sum_j I_j n_j \le B, \qquad \sum_j E_j n_j \le \rho D - E_0, \qquad \sum_{j \in J} n_j \le 1
\end{aligned}
$$

The rows M and the indices f, e are those of the linear form of reliability, archived where it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.certificates.planning.plan_form import Form, form_of
from gridpact.certificates.planning.plan_view import Floats, Ints, PlanView

# Share of the optimum to which HiGHS is asked to prove it, and the most nodes that it may look at.
GAP, NODES = 1e-6, 1_000_000
# The same where lines are opened and closed, since nodes are dear there.
FEW, STATES = 2_000, 10
LIMITED: Final = {"saidi_h": "saidi_limit_h", "saifi": "saifi_limit", "eens_mwh": "eens_limit_mwh"}
Row = tuple[Floats, float]


@dataclass(frozen=True)
class Solved:
    """The cost of the best point found, and what is proven of the optimum; NaN where there is none."""

    optimum: float
    proven: float
    x: Floats | None = None


@dataclass(frozen=True)
class Program:
    """A mixed-integer program as ``milp`` takes it; ``whole`` (columns,) is 1 for whole columns."""

    cost: Floats
    whole: Ints
    bounds: Bounds
    rows: list[LinearConstraint]


def fixed_cost(plan: PlanView) -> Floats:
    """What a unit costs in a year, (candidates,)."""
    return plan.offered.capex(plan.number("discount_rate")) + plan.offered.maintenance


def solved_master(plan: PlanView) -> Solved:
    """The least that a year can cost as far as cuts and limits know."""
    program, added = program_of(plan, rows_of_plan(plan))
    told = float(plan.record.summary["objective_lower_bound"]) - added
    found = _state_by_state if plan.reconfigures else _solved
    solved = found(program, np.arange(len(plan.offered.names), len(plan.columns)), told)
    return Solved(solved.optimum + added, solved.proven + added)


def solved_alone(plan: PlanView, own: Ints) -> Solved:
    """The same where only the candidates ``own`` are free, and of all others there are as many units as in the plan."""
    program, _ = program_of(plan, rows_of_plan(plan))
    low, high = program.bounds.lb.copy(), program.bounds.ub.copy()
    held = np.setdiff1d(np.arange(plan.units.size), own)
    low[held] = high[held] = plan.units[held]
    return _solved(replace(program, bounds=Bounds(low, high)), own[:0], 0.0)


def program_of(plan: PlanView, form: Form | None) -> tuple[Program, float]:
    """The master with the rows of ``form``, and what is to be added to its cost."""
    from gridpact.certificates.planning.plan_bounds import cuts_of

    own = np.zeros(0, dtype=np.int64) if form is None else form.whole
    count, extra = len(plan.offered.names), own.size
    of, constant, slope = cuts_of(plan)
    cost = np.concatenate([fixed_cost(plan), np.zeros(extra), plan.weights])
    price, added = plan.number("interruption_cost_per_mwh"), 0.0
    if form is not None:
        cost[: count + extra] += price * form.index["eens_mwh"][1]
        added = price * form.index["eens_mwh"][0]
    theta = sp.csr_array((np.ones(of.size), (np.arange(of.size), of)), shape=(of.size, plan.weights.size))
    cuts = sp.hstack([sp.csr_array(-slope), sp.csr_array((of.size, count + extra - slope.shape[1])), theta])
    rows = [LinearConstraint(cuts, lb=constant), *_limits(plan, form, plan.weights.size)]
    free = np.full(plan.weights.size, np.inf)
    bounds = Bounds(
        np.append(np.zeros(count + extra), -free), np.concatenate([plan.offered.most, np.ones(extra), free])
    )
    whole = np.concatenate([np.ones(count, dtype=np.int64), own, np.zeros(free.size, dtype=np.int64)])
    return Program(cost, whole, bounds, rows), added


def _solved(program: Program, lines: Ints, told: float) -> Solved:
    """``milp`` at its word; ``told`` is of no interest."""
    options: Any = {"mip_rel_gap": GAP, "node_limit": FEW if lines.size else NODES}
    rows, whole = program.rows, program.whole
    found = milp(program.cost, integrality=whole, bounds=program.bounds, constraints=rows, options=options)
    if found.x is None:
        return Solved(np.nan, np.nan)
    return Solved(float(found.fun), float(found.mip_dual_bound), found.x)


def _state_by_state(program: Program, lines: Ints, told: float) -> Solved:
    """The same where a millionth of a line that is open, which a solver takes for none, is worth something.

    Where the optimum seems to lie below the bound that is told, its state of the lines is looked at by itself, with
    nothing open to doubt, and then left out; at most ``STATES`` times.
    """
    exact, proven = np.inf, np.inf
    for _ in range(STATES):
        found = _solved(program, lines, told)
        if found.x is None:  # no other state is left
            return Solved(exact, proven)
        if found.proven >= told - GAP * max(1.0, abs(told)):
            return Solved(min(exact, found.optimum), min(proven, found.proven))
        state = np.rint(found.x[lines])
        low, high = program.bounds.lb.copy(), program.bounds.ub.copy()
        low[lines] = high[lines] = state
        alone = _solved(replace(program, bounds=Bounds(low, high)), lines, told)
        exact, proven = np.fmin(exact, alone.optimum), np.fmin(proven, alone.proven)
        other = np.zeros((1, program.cost.size))
        other[0, lines] = 1.0 - 2.0 * state
        program = replace(program, rows=[*program.rows, LinearConstraint(other, lb=1.0 - state.sum())])
    return Solved(exact, min(proven, found.proven))


def rows_of_plan(plan: PlanView) -> Form | None:
    """The linear form of reliability where it decides anything, else the forests that a plan may choose from."""
    from gridpact.certificates.planning.plan_switching import forests

    form = form_of(plan)
    return forests(plan) if form is None and plan.reconfigures else form


def _limits(plan: PlanView, form: Form | None, scenarios: int) -> Iterator[LinearConstraint]:
    """All that holds for the plan as a whole, over all columns."""
    width = len(plan.offered.names) + (0 if form is None else form.whole.size)
    rows = [(np.append(weights, np.zeros(width - weights.size)), most) for weights, most in _rows(plan)]
    rows += [] if form is None else list(_indices(plan, form))
    if rows:
        matrix = sp.csr_array(np.array([weights for weights, _ in rows]))
        yield LinearConstraint(_wider(matrix, scenarios), ub=np.array([most for _, most in rows]))
    if form is not None and form.lower.size:
        yield LinearConstraint(_wider(form.matrix, scenarios), lb=form.lower, ub=form.upper)


def _wider(matrix: sp.csr_array, scenarios: int) -> sp.csr_array:
    return sp.csr_array(sp.hstack([matrix, sp.csr_array((matrix.shape[0], scenarios))]))


def _rows(plan: PlanView) -> Iterator[Row]:
    """Exclusive places, budget, penetration: weights (candidates,) and the most that they may sum to."""
    yield from _exclusive(plan)
    if np.isfinite(plan.number("budget")):
        yield plan.offered.investment, plan.number("budget")
    if np.isfinite(plan.number("max_penetration")):
        case, hours = plan.days, plan.yearly_hours
        each = np.where(plan.offered.table == "renewable_candidates", 1.0, 0.0)
        each[each > 0.0] = case.series("renewable_candidates", "p_mw") @ hours
        there = float((case.series("renewables", "p_mw") @ hours).sum())
        demand = float((np.clip(case.series("loads", "p_mw"), 0.0, None) @ hours).sum())
        yield each, plan.number("max_penetration") * demand - there


def _exclusive(plan: PlanView) -> Iterator[Row]:
    """At most one type of a line, and one device at an end of a line."""
    tables = plan.record.case.tables
    lines, devices = tables["line_candidates"], tables["protection_candidates"]
    groups = {
        "line_candidates": [str(line) for line in lines["line"]],
        "protection_candidates": [f"{line} {end}" for line, end in zip(devices["line"], devices["end"], strict=True)],
    }
    for table, places in groups.items():
        rows = np.flatnonzero(plan.offered.table == table)
        for place in dict.fromkeys(places):
            weights = np.zeros(len(plan.offered.names))
            weights[rows[[other == place for other in places]]] = 1.0
            yield weights, 1.0


def _indices(plan: PlanView, form: Form) -> Iterator[Row]:
    """Limits of reliability, in its linear form."""
    for name, setting in LIMITED.items():
        constant, slopes = form.index[name]
        if np.isfinite(plan.number(setting)):
            yield slopes, plan.number(setting) - constant
