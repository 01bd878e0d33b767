"""The disagreement point: what every owner would build and pay in a year if each planned for itself.

A microgrid then has its tariff, or stays an island; the operator has microgrids that exchange by their tariffs. Each is
an ordinary plan of one owner. Where a tariff leaves open when a microgrid buys, the operator plans for what all of them
do when they are cleared side by side: that is also the trade without a deal that is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Floats
from gridpact.case.planned import planned_case
from gridpact.case.trade_cases import microgrids_before, network_with
from gridpact.errors import InfeasibleError
from gridpact.markets.trade.before import at_tariffs
from gridpact.markets.trade.costs import own_and_paid
from gridpact.planning.investment.limits import Limits
from gridpact.planning.investment.operation import operated
from gridpact.planning.investment.problem import Plan, Problem, problem_of
from gridpact.planning.investment.representative import Representatives
from gridpact.planning.investment.search import search
from gridpact.planning.reliability.linear.form import LinearReliability
from gridpact.planning.together.owners import owners_of
from gridpact.programs.batch import Pool

TIME_S = 3600.0
FREE = Limits()
THE_OPERATOR = "the operator"
OPERATOR = "Give it more candidates, wider limits, or its cost of a year without a deal (disagreement_cost)."
MICROGRID = (
    "Give it more candidates, a larger max_buy_mw where it has a tariff, a tariff where it is an island, or its cost "
    'of a year without a deal (disagreement "given").'
)


@dataclass(frozen=True, eq=False)
class Alone:
    """What every owner does by itself, the operator last: a design by name, cost of a year and a bound of that.

    ``investment`` (owners,) is the part of the cost that is for building; ``paid`` (microgrids,) what each pays by its
    tariff in a year.
    """

    designs: tuple[dict[str, int], ...]
    costs: Floats
    bounds: Floats
    investment: Floats
    paid: Floats

    @property
    def plan(self) -> Plan:
        """What all together then build."""
        return _joined(self.designs)


def _joined(designs: Iterable[Mapping[str, int]]) -> Plan:
    return Plan({name: units for design in designs for name, units in design.items()}, {})


def alone(problem: Problem, pool: Pool, gap: float, rate: float) -> Alone:
    """The plan of every owner by itself; ``problem`` is that of all. Raises ``InfeasibleError`` with whose it is."""
    days, case = problem.days, problem.days.case
    names, table = case.ids("microgrids"), case.tables["microgrids"]
    given = (table["disagreement"] == "given").to_numpy()
    fixed = case.column("microgrids", "disagreement_cost")
    own = [
        _given(float(cost)) if told else _microgrid(days, number, pool, gap, rate)
        for number, (told, cost) in enumerate(zip(given, fixed, strict=True))
    ]
    side, (p, q) = at_tariffs(_joined(one.design for one in own).built(case))
    paid = np.zeros(len(names))
    if side is not None:
        paid[~given] = own_and_paid(side, np.zeros(int((~given).sum())), days.by_step)[1]
    above = _above(problem, _joined(one.design for one in own))
    every = [*own, _operator(days, p, q, float(paid.sum()), pool, gap, rate, *above)]
    return Alone(
        tuple(one.design for one in every),
        np.array([one.cost for one in every]),
        np.array([one.bound for one in every]),
        np.array([one.investment for one in every]),
        paid,
    )


@dataclass(frozen=True, eq=False)
class _Own:
    """One owner's plan."""

    design: dict[str, int]
    cost: float
    bound: float
    investment: float


def _given(cost: float) -> _Own:
    return _Own({}, cost, cost, 0.0)


def _microgrid(days: Representatives, number: int, pool: Pool, gap: float, rate: float) -> _Own:
    table = days.case.tables["microgrids"]
    only = days.case.with_table("microgrids", table.iloc[[number]].reset_index(drop=True))
    own = replace(days, case=microgrids_before(only))
    return _planned(f"microgrid {table['microgrid'][number]!r}", own, pool, gap, rate)


def _above(problem: Problem, below: Plan) -> tuple[Limits, LinearReliability | None]:
    """What limits of the whole leave to the operator where microgrids build ``below``."""
    form = problem.reliability
    if form is None:
        return FREE, None
    case = problem.days.case
    theirs = owners_of(case, "").of < case.count("microgrids")
    names = np.array(problem.candidates.names)[theirs].tolist()
    return problem.limits, form.given({name: float(below.units.get(name, 0)) for name in names})


def _operator(
    days: Representatives,
    p: Floats,
    q: Floats,
    paid: float,
    pool: Pool,
    gap: float,
    rate: float,
    limits: Limits,
    form: LinearReliability | None,
) -> _Own:
    table = days.case.tables["network_operator"]
    fixed = float(table["disagreement_cost"].iloc[0]) if len(table) else np.nan
    if np.isfinite(fixed):
        return _given(fixed)
    own = replace(days, case=network_with(days.case, p, q))
    found = _planned(THE_OPERATOR, own, pool, gap, rate, limits, form)
    return replace(found, cost=found.cost - paid, bound=found.bound - paid)


def _planned(
    who: str,
    days: Representatives,
    pool: Pool,
    gap: float,
    rate: float,
    limits: Limits = FREE,
    form: LinearReliability | None = None,
) -> _Own:
    problem = replace(problem_of(days.case, days, FREE, rate), limits=limits, reliability=form)
    units, lower, investment = dict[str, int](), -np.inf, 0.0
    with _of(who):
        if problem.candidates.count:
            *_, last = search(problem, pool, gap, TIME_S, None)
            point = last.designs[last.best]
            units, lower, investment = problem.plan(point).units, last.lower, problem.master.cost(point)
        cleared = [operated(day) for day in planned_case(days.case, units).windows()]
    cost = investment + float(days.weights @ [day.solution.cost for day in cleared])
    return _Own(units, cost, min(lower, cost) if units or np.isfinite(lower) else cost, investment)


@contextmanager
def _of(who: str) -> Iterator[None]:
    """Say whose plan it is that cannot be."""
    try:
        yield
    except InfeasibleError as error:
        fix = OPERATOR if who == THE_OPERATOR else MICROGRID
        raise InfeasibleError(f"Planning alone, {who} has no plan: {error}\n{fix}", error.diagnosis) from error
