"""From a case to everything that is known of a joint plan: alone, searched, operated, shared, deviated from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.coordination.ledger import Ledger
from gridpact.errors import InputError
from gridpact.markets.trade.before import Before
from gridpact.markets.trade.deal import How
from gridpact.markets.trade.stage_two import StageTwo
from gridpact.planning.investment.infeasible import require_possible
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.investment.representative import representatives
from gridpact.planning.together.admission import owner_issues
from gridpact.planning.together.alone import Alone, alone
from gridpact.planning.together.apart import Apart, in_one_process
from gridpact.planning.together.at_once import at_once
from gridpact.planning.together.deviations import Deviations, deviations
from gridpact.planning.together.game import Game
from gridpact.planning.together.joint import Joint, joint_of
from gridpact.planning.together.operation import Operation, operated_alone, operation
from gridpact.planning.together.public import public_plan
from gridpact.planning.together.schemes import Found, alternating
from gridpact.planning.together.search import Leg, Searched, searched, searched_apart
from gridpact.planning.together.sharing import shared, weighed
from gridpact.planning.together.upper import OneHand
from gridpact.plans.limits import limits_of
from gridpact.programs.batch import Pool
from gridpact.results.together import NO_REFERENCE

# The accuracy to which the days are priced in the search, and to which what each would do alone is planned.
PRICED, ALONE = 1e-6, 1e-5


@dataclass(frozen=True, eq=False)
class Planned:
    """Everything that is known of a joint plan.

    ``baseline`` is what alternating by itself comes to, ``reference`` what one program does, where they were asked for.
    ``start`` are the days where each has built what it would alone; ``ledger`` has what owners told each other.
    """

    joint: Joint
    game: Game
    alone: Alone
    weights: Floats
    found: Searched
    baseline: Found | None
    reference: Leg | None
    start: Before
    operation: Operation
    two: StageTwo
    deviations: Deviations
    ledger: Ledger

    @property
    def units(self) -> Floats:
        return self.found.units


def planned(case: Case, settings: Mapping[str, Any], progress: bool, pool: Pool) -> Planned:
    """The joint plan of a case. Raises what its parts raise."""
    say = _Saying(progress)
    joint = _joint(case, settings)
    say.sizes(joint)
    own = alone(joint.problem, pool, ALONE, settings["discount_rate"])
    weights = weighed(joint, own, settings["weights"])
    say(f"a year costs {own.costs.sum():.10g} where each plans alone")
    game = _game(joint, pool)
    start = joint.problem.point(own.plan)
    found, told = _searched(game, start, settings, say)
    baseline = _baseline(_game(joint, pool), start) if _compares(settings) else None
    reference = _reference(_game(joint, pool), start, settings)
    how = How(settings["trade"], exactness=settings["exactness"], seed=settings["seed"])
    done = operation(joint, joint.problem.plan(found.units).built(joint.problem.days.case), how)
    ledger = done.everybody.transport.ledger
    two = shared(joint, own, weights, found.units, done, ledger, settings["seed"])
    before, moves = operated_alone(joint, own, settings["exactness"]), deviations(game, found.units)
    return Planned(joint, game, own, weights, found, baseline, reference, before, done, two, moves, told or ledger)


def _joint(case: Case, settings: Mapping[str, Any]) -> Joint:
    """The problem of the owners on the days that stand for the year."""
    limits = limits_of(settings)
    issues = owner_issues(case, limits.about_reliability)
    if issues:
        raise InputError(issues)
    days = representatives(case, settings["typical_days"], settings["representation"], settings["extreme_days"])
    joint = joint_of(days, settings["discount_rate"], limits, case)
    if limits.about_reliability:
        require_possible(joint.problem)
    return joint


def _game(joint: Joint, pool: Pool) -> Game:
    """The game in which one hand finds the trades."""
    upper = OneHand(Days(Pricer(joint.problem.programs, PRICED), pool), joint.days)
    return Game(joint.problem.master, upper, joint.problem.core, joint, pool, PRICED)


def _searched(game: Game, start: Floats, settings: Mapping[str, Any], say: _Saying) -> tuple[Searched, Ledger | None]:
    """The plan, and what owners told each other in finding it.

    Where they keep their data to themselves, one hand proves afterwards how far their plan is from the best.
    """
    how = settings["scheme"], settings["gap"], settings["time_limit_s"]
    if settings["upper"] == "one_hand":
        return searched(game, start, *how, say.found), None
    desk = in_one_process(game.joint, start, PRICED, settings["seed"])
    at = Apart(public_plan(game.joint), desk, settings["upper"], derived=False)
    found = searched_apart(at, start, *how, say.found)
    proof, cost = searched(game, found.units, "benders", *how[1:], lambda _: None, alone=False), game.cost(found.units)
    return replace(found, cost=cost, lower=min(proof.lower, cost)), desk.ledger


def _compares(settings: Mapping[str, Any]) -> bool:
    return bool(settings["compare"]) and settings["scheme"] != "alternating"


def _baseline(game: Game, start: Floats) -> Found:
    """What alternating by itself comes to."""
    *_, found = alternating(game, start, game.at_quantities)
    return found


def _reference(game: Game, start: Floats, settings: Mapping[str, Any]) -> Leg | None:
    """What a solver comes to that has all as one program."""
    solver = settings["reference"]
    if solver == NO_REFERENCE:
        return None
    return at_once(game, start, solver, settings["gap"], settings["time_limit_s"])


@dataclass(frozen=True)
class _Saying:
    """Lines of progress, where they are asked for."""

    progress: bool

    def __call__(self, text: str) -> None:
        if self.progress:
            print(f"plan together: {text}", file=sys.stderr)

    def sizes(self, joint: Joint) -> None:
        days = joint.problem.days.weights.size
        self(f"{joint.owners.count} owners, {joint.problem.candidates.count} candidates, {days} days")

    def found(self, found: Found) -> None:
        text = f"a year costs {found.cost:.10g} together, {found.solves} trades were looked at"
        self(text + (f", no plan costs less than {found.lower:.10g}" if np.isfinite(found.lower) else ""))
