"""From a search to the record of a joint plan: its trade on the days, money, tables, summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.results.record import Record
from gridpact.results.summary import horizon_words
from gridpact.results.together import QUESTION
from gridpact.run import provenance

if TYPE_CHECKING:
    from gridpact.coordination.ledger import Ledger
    from gridpact.markets.trade.before import Before
    from gridpact.markets.trade.deal import Trade
    from gridpact.markets.trade.stage_two import StageTwo
    from gridpact.planning.together.alone import Alone
    from gridpact.planning.together.deviations import Deviations
    from gridpact.planning.together.game import Game
    from gridpact.planning.together.joint import Joint
    from gridpact.planning.together.operation import Operation
    from gridpact.planning.together.schemes import Found
    from gridpact.planning.together.search import Searched

Tables = dict[str, pd.DataFrame]
# The accuracy to which the days are priced in the search, and to which what each would do alone is planned.
PRICED, ALONE = 1e-6, 1e-5


@dataclass(frozen=True, eq=False)
class Planned:
    """Everything that is known of a joint plan."""

    joint: Joint
    game: Game
    alone: Alone
    weights: Any
    found: Searched
    baseline: Searched | Found | None
    start: Before
    operation: Operation
    two: StageTwo
    deviations: Deviations
    ledger: Ledger

    @property
    def units(self) -> Any:
        return self.found.units


def together_record(case: Case, settings: Mapping[str, Any], progress: bool, started: float) -> Record:
    """The record of a joint plan, not yet judged. Raises what its parts raise."""
    from gridpact.programs.batch import open_pool

    with open_pool(workers=settings["workers"]) as pool:
        planned = _planned(case, settings, progress, pool)
    tables, arrays = _operation_tables(planned)
    tables |= _own_tables(planned, settings)
    return Record(
        question=QUESTION,
        settings=settings,
        case=case,
        summary=_summary(case, planned, settings, tables),
        tables=tables,
        solution=arrays,
        provenance=provenance(
            planned.operation.one.settled.network.solution, perf_counter() - started, settings["seed"]
        ),
    )


def _planned(case: Case, settings: Mapping[str, Any], progress: bool, pool: Any) -> Planned:
    from gridpact.case.planned import candidate_names
    from gridpact.markets.trade.deal import How
    from gridpact.planning.investment.pricing import Days, Pricer
    from gridpact.planning.investment.representative import representatives
    from gridpact.planning.together.alone import alone
    from gridpact.planning.together.apart import apart
    from gridpact.planning.together.deviations import deviations
    from gridpact.planning.together.game import Game
    from gridpact.planning.together.joint import joint_of
    from gridpact.planning.together.operation import operated_alone, operation
    from gridpact.planning.together.schemes import alternating
    from gridpact.planning.together.search import begun, searched, searched_apart
    from gridpact.planning.together.sharing import shared, weighed
    from gridpact.planning.together.upper import OneHand

    if not candidate_names(case):
        fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
        raise InputError([Issue("there is nothing to plan: the case has no candidates", fix)])
    days = representatives(case, settings["typical_days"], settings["representation"], settings["extreme_days"])
    joint = joint_of(days, settings["discount_rate"])
    _say(
        f"{joint.owners.count} owners, {joint.problem.candidates.count} candidates, {days.weights.size} days", progress
    )
    own = alone(joint.problem, pool, ALONE, settings["discount_rate"])
    weights = weighed(joint, own, settings["weights"])
    _say(f"a year costs {own.costs.sum():.10g} where each plans alone", progress)

    def game() -> Game:
        upper = OneHand(Days(Pricer(joint.problem.programs, PRICED), pool), joint.days)
        return Game(joint, joint.problem.master, upper, pool, PRICED)

    def told(found: Found) -> None:
        text = f"a year costs {found.cost:.10g} together, {found.solves} trades were looked at"
        _say(text + (f", no plan costs less than {found.lower:.10g}" if np.isfinite(found.lower) else ""), progress)

    first = game()
    start = begun(first, own.designs)
    how_far = settings["scheme"], settings["gap"], settings["time_limit_s"]
    at = apart(joint, start, settings["upper"], PRICED, settings["seed"]) if settings["upper"] != "one_hand" else None
    found = searched(first, start, *how_far, told) if at is None else searched_apart(at, start, *how_far, told)
    if at is not None:
        proof = searched(first, found.units, "benders", *how_far[1:], lambda _: None)
        found = replace(found, cost=first.cost(found.units), lower=min(proof.lower, first.cost(found.units)))
    baseline: Found | None = None
    if settings["compare"] and settings["scheme"] != "alternating":
        other = game()
        *_, baseline = alternating(other, start, other.at_quantities)
    how = How(settings["trade"], exactness=settings["exactness"], seed=settings["seed"])
    operated = operation(joint, joint.problem.plan(found.units).built(days.case), how)
    two = shared(joint, own, weights, found.units, operated, operated.everybody.transport.ledger, settings["seed"])
    before = operated_alone(joint, own, settings["exactness"])
    moves = deviations(first, found.units)
    disclosed = operated.everybody.transport.ledger if at is None else at.ledger
    return Planned(joint, first, own, weights, found, baseline, before, operated, two, moves, disclosed)


def _operation_tables(planned: Planned) -> tuple[Tables, dict[str, Any]]:
    """Tables and solutions of both sides on the days, together and alone, and of what they trade."""
    from gridpact.markets.trade.tables import operation_tables
    from gridpact.programs.standard_form import arrays
    from gridpact.results.trading import BEFORE_MICROGRIDS, BEFORE_NETWORK, MICROGRIDS, NETWORK
    from gridpact.trading.record import clearing_tables

    both, alone = planned.operation.one.settled, planned.start
    sides = {NETWORK: both.network, MICROGRIDS: both.microgrids}
    sides |= {BEFORE_NETWORK: alone.network} if alone.network is not None else {}
    sides |= {BEFORE_MICROGRIDS: alone.microgrids} if alone.microgrids is not None else {}
    tables: Tables = {}
    kept: dict[str, Any] = {}
    for prefix, cleared in sides.items():
        tables |= {f"{prefix}{name}": table for name, table in clearing_tables(cleared).items()}
        own = arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)}
        kept |= {f"{prefix[:-1]}/{name}" if prefix else name: values for name, values in own.items()}
    return tables | operation_tables(_as_trade(planned)), kept


def _as_trade(planned: Planned) -> Trade:
    """The days as a trade; who pays whom is that of the year."""
    from gridpact.markets.trade.deal import Trade

    one, priced = planned.operation, planned.operation.priced
    return Trade(
        one.market,
        one.everybody,
        one.one,
        priced.welfare,
        planned.start,
        priced.prices,
        priced.at_bus,
        priced.roots,
        priced.rates,
        priced.trades,
        priced.paid_fees,
        planned.two,
    )


def _own_tables(planned: Planned, settings: Mapping[str, Any]) -> Tables:
    from gridpact.markets.trade.tables import disclosure_table
    from gridpact.planning.investment import outcome
    from gridpact.planning.together import tables as told

    joint, units, alone, two = planned.joint, planned.units, planned.alone, planned.two
    rate, years = settings["discount_rate"], settings["years"]
    cash = told.cash_table(joint, alone, units, planned.operation, two, rate, years)
    near = planned.game.near(units)
    values = outcome.marginal_values(joint.problem, near)
    state = planned.game.progress(planned.found.lower)
    search = outcome.search_tables(joint.problem.columns, state, [])
    search.pop("convergence")
    return {
        "owners": told.owner_table(joint, alone, units, planned.operation, two, cash),
        "investments": told.owned(joint, outcome.investment_table(joint.problem.candidates, units, values)),
        "alone_investments": told.alone_table(joint, alone),
        "moves": told.move_table(planned.found, alone),
        "schemes": told.scheme_table(_legs(planned), planned.found, alone),
        "deviations": told.deviation_table(joint, planned.deviations, planned.weights),
        "payments": told.payment_table(joint, planned.operation, two),
        "cash_flow": cash,
        "reinforcements": told.reinforcement_table(joint, units, planned.weights),
        "fairness": told.fairness_table(two, alone),
        "scenarios": joint.problem.days.scenarios(),
        "plan_disclosures": disclosure_table(planned.ledger),
        **joint.problem.days.tables(),
        **search,
    }


def _legs(planned: Planned) -> list[tuple[str, float, int, float, str]]:
    """What every scheme came to, the baseline beside it."""
    from gridpact.planning.together.schemes import Found

    legs = [(leg.scheme, leg.cost, leg.solves, leg.seconds, leg.ended) for leg in planned.found.legs]
    if isinstance(planned.baseline, Found):
        one = planned.baseline
        legs.append(("alternating (baseline)", one.cost, one.solves, float("nan"), one.ended))
    return legs


def _summary(case: Case, planned: Planned, settings: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    joint, found, two, alone = planned.joint, planned.found, planned.two, planned.alone
    operated = float(planned.operation.costs.sum()) + float(joint.problem.candidates.annual @ found.units)
    before = float(alone.costs.sum())
    last = planned.operation.one.agreement
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
        "objective_lower_bound": found.lower,
        "objective_by_form": found.cost,
        "gap": found.gap,
        "gap_asked": settings["gap"],
        "gap_closed": found.gap <= settings["gap"],
        "surplus": two.surplus,
        "surplus_upper_bound": before - found.lower,
        "deal": two.deal,
        "deal_why": two.why,
        "upper_solves": planned.game.solves,
        "moves": len(found.moves),
        "moves_taken": sum(move.taken for move in found.moves),
        "search_seconds": found.legs[-1].seconds,
        "trade": settings["trade"],
        "trade_rounds": 0 if last is None else len(last.rounds),
        "investment": float(tables["investments"]["investment"].sum()),
        "assets_built": int((tables["investments"]["units"] > 0).sum()),
        "largest_held_gain": float(planned.deviations.held.max(initial=0.0)),
        "largest_rebargained_gain": float((planned.weights * planned.deviations.surplus).max(initial=0.0)),
    }


def _say(text: str, progress: bool) -> None:
    if progress:
        print(f"plan together: {text}", file=sys.stderr)
