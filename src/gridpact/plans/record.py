"""From a search to the record of a plan: its operation, its costs, its tables, its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InfeasibleError, InputError, NotConverged
from gridpact.plans.limits import given_limits, index_words
from gridpact.plans.progress import Found
from gridpact.plans.year import Year
from gridpact.results.planning import BASIS, QUESTION
from gridpact.results.record import Record
from gridpact.results.summary import clearing_summary, horizon_words
from gridpact.run import provenance

if TYPE_CHECKING:
    from gridpact.markets.cleared import Cleared
    from gridpact.planning.investment.problem import Problem

OPERATION = {"formulation": "soc", "exactness": "repair", "solver": "clarabel", "price_probes": 0}


def plan_record(
    case: Case, problem: Problem, found: Found, year: Year | None, settings: Mapping[str, Any], started: float
) -> Record:
    """The record of a plan, not yet judged. Raises what clearing the days of the plan raises."""
    from gridpact.planning.investment import outcome
    from gridpact.planning.investment.archive import form_arrays, near_arrays

    candidates, last = problem.candidates, found.last
    units = np.rint(last.designs[last.best][: candidates.count])
    plan = problem.plan(last.designs[last.best])
    form = problem.reliability if problem.limits.about_reliability else None
    with _told(candidates.design(units)):
        cleared, tables, items = _operation(problem, plan.built(problem.days.case), settings)
    assert found.near is not None
    tables |= {
        "investments": outcome.investment_table(candidates, units, outcome.marginal_values(problem, found.near)),
        "scenarios": problem.days.scenarios(),
        **problem.days.tables(),
        **outcome.search_tables(problem.columns, last, found.history),
        **outcome.reliability_tables(case, plan.built(case), given_limits(settings)),
        **outcome.switching_tables(problem, plan),
        **({} if year is None else {"year": year.table}),
    }
    paid = _with_fixed_items(items, tables, settings)
    tables["annual_costs"] = outcome.cost_table(_before(problem, tables, settings), paid)
    return Record(
        question=QUESTION,
        settings=settings,
        case=case,
        summary={
            **_summary(case, problem, found, tables, settings),
            **_year_words(year, tables),
            "operation": _operation_summary(cleared, tables),
        },
        tables=tables,
        solution=_solution(cleared) | form_arrays(form) | near_arrays(found.near),
        provenance=provenance(cleared.solution, perf_counter() - started),
    )


@contextmanager
def _told(design: Mapping[str, int]) -> Iterator[None]:
    """Say of which plan it is where its days cannot be cleared: the search knows a relaxation of them."""
    try:
        yield
    except (InfeasibleError, NotConverged) as error:
        built = ", ".join(f"{name}: {units}" for name, units in design.items()) or "nothing"
        text = f"The search found a plan ({built}), but its days could not be cleared. {error}"
        raise (
            InfeasibleError(text, error.diagnosis) if isinstance(error, InfeasibleError) else NotConverged(text)
        ) from error


def _operation(
    problem: Problem, built: Case, settings: Mapping[str, Any]
) -> tuple[Cleared, dict[str, pd.DataFrame], dict[str, float]]:
    """The days operated as ``built``: their market, its tables, and its costs in a year by item."""
    from gridpact.certificates.days import cost_by_step
    from gridpact.markets.outcome import outcome_tables
    from gridpact.markets.probes import price_probes
    from gridpact.planning.investment.operation import operated, yearly_items

    days = problem.days
    cleared = operated(built)
    tables = outcome_tables(cleared)
    tables["price_probes"] = price_probes(cleared, tables, 0, "clarabel")
    weight = days.by_step
    hourly = cost_by_step(Record("clear", OPERATION, cleared.case, {}, tables, {"base_mva": _base(cleared)}))
    items = yearly_items(cleared, days, settings["carbon_price_per_t"])
    total = float(cleared.case.hours * (weight @ hourly))
    return cleared, tables, items | {"other": total - sum(items.values())}


def _before(problem: Problem, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, float]:
    """What a year costs as the network is, by item; nothing where it cannot be operated."""
    from gridpact.case.planned import planned_case

    try:
        _, _, items = _operation(problem, planned_case(problem.days.case, {}), settings)
    except InfeasibleError:
        return {}
    except InputError:  # loops, which a plan that opens lines may begin with
        if problem.switching is None:
            raise
        return {}
    return items | {"interruption": _interruption(tables, "before", settings)}


def _with_fixed_items(
    items: Mapping[str, float], tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> dict[str, float]:
    built = tables["investments"]
    return {
        "investment": float(built["capex_per_year"].sum()),
        "maintenance": float(built["maintenance_per_year"].sum()),
        **items,
        "interruption": _interruption(tables, "value", settings),
    }


def _interruption(tables: Mapping[str, pd.DataFrame], column: str, settings: Mapping[str, Any]) -> float:
    if "reliability" not in tables or settings["interruption_cost_per_mwh"] == 0.0:
        return 0.0
    eens = tables["reliability"].set_index("index")[column]["eens_mwh"]
    return float(settings["interruption_cost_per_mwh"] * eens)


def _summary(
    case: Case, problem: Problem, found: Found, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> dict[str, Any]:
    costs, built = tables["annual_costs"], tables["investments"]
    objective, before = (float(costs[name].sum(skipna=False)) for name in ("after", "before"))
    lower, asked = found.last.lower, settings["gap"]
    by_form = objective + _overstated(problem, found, tables, settings)
    gap = max(0.0, by_form - lower) / max(1.0, abs(by_form))
    return {
        **horizon_words(case),
        "scenarios": len(tables["scenarios"]),
        "candidates": problem.candidates.count,
        "objective": objective,
        "objective_before": before,
        "objective_lower_bound": lower,
        "objective_by_form": by_form,
        "gap": gap,
        "gap_asked": asked,
        "gap_closed": found.last.gap <= asked,
        "bound_basis": BASIS[problem.limits.about_reliability],
        "investment": float(built["investment"].sum()),
        "capex_per_year": float(built["capex_per_year"].sum()),
        "assets_built": int((built["units"] > 0).sum()),
        **_switching_words(tables),
        "iterations": found.last.iteration,
        "search_seconds": found.last.seconds,
        **index_words(tables),
    }


def _overstated(
    problem: Problem, found: Found, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> float:
    """What interruptions cost more in a year by the linear form, which the lower bound is about, than they do."""
    from gridpact.planning.investment.outcome import overstated_mwh

    price = settings["interruption_cost_per_mwh"]
    if price == 0.0 or "reliability" not in tables:
        return 0.0
    eens = float(tables["reliability"].set_index("index")["value"]["eens_mwh"])
    return float(price * overstated_mwh(problem, found.last.designs[found.last.best], eens))


def _switching_words(tables: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """How many lines the plan opens or closes, where it decides that."""
    table = tables.get("switching")
    return {} if table is None else {"lines_switched": int((table["closed"] != table["closed_before"]).sum())}


def _year_words(year: Year | None, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What every day of the year costs with the plan, beside what the days that stand for it do."""
    if year is None:
        return {}
    days = len(year.table)
    return {
        "year_days": days,
        "year_days_left": int((year.table["status"] != "cleared").sum()),
        "year_cost": float(year.table["cost"].sum(skipna=False)),
        "year_estimated_cost": float(year.table["estimated_cost"].sum()),
        "year_off": year.off(float(tables["annual_costs"]["after"].sum())),
        "year_verdict": year.verdict,
        "year_folder": year.folder.name if year.folder is not None else "",
    }


def _operation_summary(cleared: Cleared, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    from gridpact.markets.basis import price_basis

    return clearing_summary(cleared.case, tables, cleared.solution.cost) | price_basis(cleared)


def _solution(cleared: Cleared) -> dict[str, Any]:
    from gridpact.programs.standard_form import arrays

    return arrays(cleared.form, cleared.solution) | {"base_mva": _base(cleared)}


def _base(cleared: Cleared) -> Any:
    return np.array(cleared.network.base_mva)
