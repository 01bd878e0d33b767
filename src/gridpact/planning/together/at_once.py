"""The joint plan as one mixed-integer cone program, by a solver that knows nothing of owners: a second opinion.

It is that of ``planning.investment.at_once``, of all owners' candidates and the days of all of them together. Days of
any size soon are too much for it.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from gridpact.case.case import Floats
from gridpact.errors import NotConverged
from gridpact.planning.investment.at_once import planned_at_once
from gridpact.planning.together.game import Game
from gridpact.planning.together.search import Leg
from gridpact.programs.benders import beginning
from gridpact.results.together import REFERENCE


def at_once(game: Game, start: Floats, solver: str, gap: float, time_limit: float) -> Leg:
    """What the solver comes to from the plan ``start``; an infinite cost where it finds no point in time."""
    began, priced = perf_counter(), game.trade(start).priced
    assert game.cuts is not None
    known = game.with_plan(beginning(game.master, game.cuts, -np.inf), start, priced)
    days, begun = game.joint.problem.programs, known if known.best >= 0 else None
    try:
        found = planned_at_once(game.master, days, lambda n: game.trade(n).priced, solver, gap, time_limit, begun)
    except NotConverged as error:
        return Leg(REFERENCE, start, np.inf, game.solves, perf_counter() - began, f"{solver}: {error}")
    ended = f"solved by {solver} as one program: no plan costs less than {found.lower:.10g}"
    units = found.designs[found.best][: start.size]
    return Leg(REFERENCE, units, found.upper, game.solves, perf_counter() - began, ended)
