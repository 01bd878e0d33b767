"""A plan as labelled tables: what is built, what it costs, how it was found, how reliable it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case, Floats
from gridpact.planning.investment.candidates import Candidates
from gridpact.planning.investment.problem import Plan, Problem
from gridpact.planning.reliability.indices import reliability
from gridpact.programs.benders import Priced, Progress
from gridpact.programs.linear import solve_integer
from gridpact.results.planning import ITEMS
from gridpact.results.record import words
from gridpact.results.reliability import INDICES


def investment_table(candidates: Candidates, units: Floats, value: Floats) -> pd.DataFrame:
    """Every candidate: units built, what they cost, and what one more would save in a year less what it costs."""
    left = units < candidates.most
    return pd.DataFrame(
        {
            "asset": words(candidates.names),
            "kind": words(candidates.kind),
            "place": words(candidates.place),
            "units": units.astype(np.int64),
            "max_units": candidates.most,
            "p_mw": units * candidates.size_mw,
            "energy_mwh": units * candidates.size_mwh,
            "investment": units * candidates.investment,
            "capex_per_year": units * candidates.capex,
            "maintenance_per_year": units * candidates.maintenance,
            "marginal_value_per_year": np.where(left, value, np.nan),
        }
    )


def marginal_values(problem: Problem, near: Priced) -> Floats:
    """What one more unit would save in operation less what it costs, in a year and to first order; (candidates,).

    ``near`` are the days priced near the design, on its way to the core point, where multipliers are unique. NaN where
    a unit does nothing in operation.
    """
    saved = -(problem.days.weights @ near.cuts.slope)[: problem.candidates.count]
    operated = np.isin(problem.candidates.table, ["tie_candidates", "protection_candidates"], invert=True)
    return np.where(operated, saved - problem.candidates.annual, np.nan)


def switching_tables(problem: Problem, plan: Plan) -> dict[str, pd.DataFrame]:
    """Lines closed today and with the plan, where the plan decides that; ties that are not built are open."""
    own = problem.switching
    if own is None:
        return {}
    closed = np.array([plan.closed.get(name, False) for name in own.names], dtype=np.bool_)
    return {"switching": pd.DataFrame({"line": words(own.names), "closed_before": own.before, "closed": closed})}


def overstated_mwh(problem: Problem, point: Floats, eens_mwh: float) -> float:
    """Energy not served in a year by the linear form at a design, less what it is, in MWh; not below zero."""
    if problem.reliability is None:
        return 0.0
    program, count = problem.master.program, problem.master.integers
    lower, upper = (bound.copy() for bound in program.bounds)
    lower[:count] = upper[:count] = np.rint(point[:count])
    index = problem.reliability.eens_mwh
    least = solve_integer(replace(program, cost=index.slopes, bounds=(lower, upper)), 1e-9, 60.0)
    return index.constant + least.cost - eens_mwh if least is not None else 0.0


def cost_table(before: Mapping[str, float], after: Mapping[str, float]) -> pd.DataFrame:
    """What a year costs, item by item, before and after; NaN before where the network as it is cannot be operated."""
    return pd.DataFrame(
        {
            "item": words(ITEMS),
            "before": [float(before.get(item, 0.0)) if before else np.nan for item in ITEMS],
            "after": [float(after.get(item, 0.0)) for item in ITEMS],
        }
    )


def search_tables(
    columns: Sequence[str], last: Progress, history: Sequence[Sequence[float]]
) -> dict[str, pd.DataFrame]:
    """Bounds from one iteration to the next; every design that was priced, and its days; all cuts.

    ``columns`` names the units, and the lines that the plan opens and closes.
    """
    units = last.designs[:, : len(columns)]
    design, built = np.nonzero(units)
    cut, of = np.nonzero(last.cuts.slope)
    names = np.array(columns, dtype=object)
    count, days = last.costs.shape
    scenario = np.array([str(number + 1) for number in range(days)], dtype=object)
    return {
        "convergence": _convergence(history),
        "designs": pd.DataFrame(
            {"design": design, "candidate": words(names[built]), "units": units[design, built].astype(np.int64)}
        ),
        "design_costs": pd.DataFrame(
            {
                "design": np.repeat(np.arange(count), days),
                "scenario": words(np.tile(scenario, count)),
                "cost_per_day": last.costs.ravel(),
                "serves_all": np.repeat(last.allowed, days),
            }
        ),
        "cuts": pd.DataFrame(
            {
                "cut": np.arange(last.cuts.constant.size),
                "scenario": words(scenario[last.cuts.of]),
                "constant": last.cuts.constant,
            }
        ),
        "cut_slopes": pd.DataFrame({"cut": cut, "candidate": words(names[of]), "slope": last.cuts.slope[cut, of]}),
    }


def _convergence(history: Sequence[Sequence[float]]) -> pd.DataFrame:
    columns = ["round", "iteration", "lower_bound", "upper_bound", "gap", "seconds"]
    table = pd.DataFrame(np.array(history, dtype=np.float64).reshape(-1, len(columns)), columns=columns)
    return table.astype({"round": np.int64, "iteration": np.int64})


def reliability_tables(case: Case, planned: Case, limits: Mapping[str, float]) -> dict[str, pd.DataFrame]:
    """The indices before and after with their limits, and the tables of the planned network; nothing without
    customers."""
    if not (case.column("loads", "customers") > 0.0).any():
        return {}
    before, after = reliability(case), reliability(planned)
    first, second = (tables["reliability_system"].iloc[0] for tables in (before, after))
    found = pd.DataFrame(
        {
            "index": words(INDICES),
            "before": [float(first[name]) for name in INDICES],
            "value": [float(second[name]) for name in INDICES],
            "limit": [limits.get(name, np.nan) for name in INDICES],
        }
    )
    return {"reliability": found, **after, "reliability_loads_before": before["reliability_loads"]}
