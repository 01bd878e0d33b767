"""The search for a plan: the relaxation first, then the decomposition, until both bounds meet.

Demand that a design leaves unserved is priced, so that every design has a cost, and such a design is refused. Where the
master still holds one for the best, unserved demand was too cheap: its price rises, and the search goes on with all
bounds and cuts, which a higher price leaves valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from gridpact.errors import InfeasibleError
from gridpact.planning.investment.at_once import planned_at_once
from gridpact.planning.investment.day_program import DayProgram
from gridpact.planning.investment.infeasible import explained, require_possible
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.investment.problem import Problem
from gridpact.planning.investment.relaxed import relaxed_units
from gridpact.planning.investment.served import require_served
from gridpact.programs.batch import Pool
from gridpact.programs.benders import Oracle, Progress, beginning, decompose

PRICES = 4
BENDERS = "benders"


def search(
    problem: Problem, pool: Pool, gap: float, time_limit: float, begun: Progress | None, method: str = BENDERS
) -> Iterator[Progress]:
    """Plans and bounds, better from one to the next; ``begun`` is where an earlier search has stopped.

    ``method`` is the decomposition or the name of a solver, which gets the plan as one program.
    Raises ``InfeasibleError`` where no plan keeps all limits and serves all demand.
    """
    require_possible(problem)
    state = begun
    if state is not None and state.gap <= gap:
        yield state
        return
    for _ in range(PRICES):
        for found in _at_one_price(problem, pool, gap, time_limit, state, method):
            yield found
            state = found
            if _prefers_unserved(found, gap):
                break
        if state is None or not _prefers_unserved(state, gap):
            return
        require_served(problem)
        problem, state = problem.steeper(), _without_refused(state)
    raise InfeasibleError(_unserved(problem))


def _at_one_price(
    problem: Problem, pool: Pool, gap: float, time_limit: float, begun: Progress | None, method: str
) -> Iterator[Progress]:
    began = perf_counter()
    programs, master = problem.programs, problem.master
    oracle = Days(Pricer(programs, gap), pool)
    if method != BENDERS:
        yield planned_at_once(master, programs, oracle, method, gap, time_limit, begun)
        return
    state = begun if begun is not None and begun.core is not None else _beginning(problem, programs, oracle)
    state, core = replace(state, seconds=state.seconds + perf_counter() - began), state.core
    assert core is not None
    try:
        yield from decompose(master, oracle, state, core, gap, time_limit)
    except InfeasibleError:
        raise explained(problem) from None


def _beginning(problem: Problem, programs: Sequence[DayProgram], oracle: Oracle) -> Progress:
    """Cuts where the relaxation has its optimum, and a core point near it."""
    units = relaxed_units(problem.master, programs)
    return replace(beginning(problem.master, oracle(units).cuts, -np.inf), core=problem.core(units))


def _prefers_unserved(state: Progress, gap: float) -> bool:
    """Whether a refused design costs no more than the master thinks that any design does."""
    refused = state.totals[~state.allowed]
    return bool(refused.size and refused.min() < state.upper and refused.min() <= state.lower + gap * abs(state.lower))


def _without_refused(state: Progress) -> Progress:
    """The state without the costs of refused designs, which a higher price changes."""
    kept = state.allowed
    return replace(
        state,
        designs=state.designs[kept],
        costs=state.costs[kept],
        allowed=state.allowed[kept],
        totals=state.totals[kept],
    )


def _unserved(problem: Problem) -> str:
    return (
        f"No plan serves all demand: at {problem.emergency_price:g} per MWh it still pays to leave some unserved. "
        "Allow more units, stronger lines or wider voltages, or give the table unserved a price for what may be cut."
    )
