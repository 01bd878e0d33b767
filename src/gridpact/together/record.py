"""From a joint plan to its record: its trade on the days, money, tables, summary."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import pandas as pd

from gridpact.case.case import Case
from gridpact.markets.trade.deal import Trade, trade_of
from gridpact.markets.trade.tables import disclosure_table, operation_tables
from gridpact.planning.investment import outcome
from gridpact.planning.investment.archive import form_arrays, near_arrays
from gridpact.planning.investment.candidates import candidates_of
from gridpact.planning.together import tables as told
from gridpact.planning.together.search import Leg
from gridpact.plans.limits import given_limits, index_words
from gridpact.programs.batch import open_pool
from gridpact.results.record import Record
from gridpact.results.summary import horizon_words
from gridpact.results.together import BASELINE, QUESTION
from gridpact.run import provenance
from gridpact.together.planned import Planned, planned
from gridpact.trading.record import clearings, proven_before

Tables = dict[str, pd.DataFrame]


def together_record(case: Case, settings: Mapping[str, Any], progress: bool, started: float) -> Record:
    """The record of a joint plan, not yet judged. Raises what its parts raise."""
    with open_pool(workers=settings["workers"]) as pool:
        found = planned(case, settings, progress, pool)
    days = _as_trade(found)
    tables, kept = clearings(days)
    tables |= operation_tables(days) | _own_tables(case, found, settings)
    seconds = perf_counter() - started
    return Record(
        question=QUESTION,
        settings=settings,
        case=case,
        summary=_summary(case, found, settings, tables) | proven_before(days),
        tables=tables,
        solution=kept | near_arrays(found.game.near(found.units)) | form_arrays(found.joint.problem.reliability),
        provenance=provenance(found.operation.one.settled.network.solution, seconds, settings["seed"]),
    )


def _as_trade(found: Planned) -> Trade:
    """The days as a trade; who pays whom is that of the year."""
    one = found.operation
    return trade_of(one.market, one.everybody, one.one, found.start, one.priced, found.two)


def _own_tables(case: Case, found: Planned, settings: Mapping[str, Any]) -> Tables:
    joint, units, alone, two = found.joint, found.units, found.alone, found.two
    rate, years = settings["discount_rate"], settings["years"]
    cash = told.cash_table(joint, alone, units, found.operation, two, rate, years)
    near = found.game.near(units)
    values = outcome.marginal_values(joint.problem, near)
    offered = candidates_of(case, rate)  # whose sizes are those of all days, not of the typical ones
    state = found.game.progress(found.found.lower)
    search = outcome.search_tables(joint.problem.columns, state, [])
    search.pop("convergence")
    return {
        "owners": told.owner_table(joint, alone, units, found.operation, two, cash),
        "investments": told.owned(joint, outcome.investment_table(offered, units, values)),
        "alone_investments": told.alone_table(joint, alone),
        "moves": told.move_table(found.found, alone),
        "schemes": told.scheme_table(_legs(found), found.found, alone),
        "deviations": told.deviation_table(joint, found.deviations, found.weights),
        "payments": told.payment_table(joint, found.operation, two),
        "cash_flow": cash,
        "reinforcements": told.reinforcement_table(joint, units, found.weights),
        "fairness": told.fairness_table(two, alone),
        "scenarios": joint.problem.days.scenarios(),
        "plan_disclosures": disclosure_table(found.ledger),
        **joint.problem.days.tables(),
        **search,
        **_reliability(case, found, settings),
    }


def _reliability(case: Case, found: Planned, settings: Mapping[str, Any]) -> Tables:
    """The indices before and after, where there are limits of them."""
    problem = found.joint.problem
    if problem.reliability is None:
        return {}
    return outcome.reliability_tables(case, problem.plan(found.units).built(case), given_limits(settings))


def _legs(found: Planned) -> list[tuple[str, float, int, float, str]]:
    """What every scheme came to, baseline and reference beside it."""
    legs = [_leg(leg) for leg in found.found.legs]
    one, other = found.baseline, found.reference
    if one is not None:
        legs.append((BASELINE, one.cost, one.solves, float("nan"), one.ended))
    return legs if other is None else [*legs, _leg(other)]


def _leg(leg: Leg) -> tuple[str, float, int, float, str]:
    return leg.scheme, leg.cost, leg.solves, leg.seconds, leg.ended


def _summary(case: Case, found: Planned, settings: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    joint, plan, two, alone = found.joint, found.found, found.two, found.alone
    operated = float(found.operation.costs.sum()) + float(joint.problem.candidates.annual @ plan.units)
    before = float(alone.costs.sum())
    last = found.operation.one.agreement
    return {
        **horizon_words(case),
        "scenarios": int(joint.problem.days.weights.size),
        "owners": joint.owners.count,
        "operator": joint.owners.names[-1],
        "operator_role": "party",
        "candidates": joint.problem.candidates.count,
        "scheme": settings["scheme"],
        "weights_rule": settings["weights"],
        "objective": operated,
        "objective_alone": before,
        "objective_lower_bound": plan.lower,
        "objective_by_form": plan.cost,
        "gap": plan.gap,
        "gap_asked": settings["gap"],
        "gap_closed": plan.gap <= settings["gap"],
        "surplus": two.surplus,
        "surplus_upper_bound": before - plan.lower,
        "deal": two.deal,
        "deal_why": two.why,
        "upper_solves": found.game.solves,
        "moves": len(plan.moves),
        "moves_taken": sum(move.taken for move in plan.moves),
        "search_seconds": plan.legs[-1].seconds,
        "trade": settings["trade"],
        "trade_rounds": 0 if last is None else len(last.rounds),
        "investment": float(tables["investments"]["investment"].sum()),
        "assets_built": int((tables["investments"]["units"] > 0).sum()),
        "largest_held_gain": float(found.deviations.held.max(initial=0.0)),
        "largest_rebargained_gain": float((found.weights * found.deviations.surplus).max(initial=0.0)),
        **index_words(tables),
    }
