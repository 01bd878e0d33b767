"""The plan as one mixed-integer cone program, by SCIP or a licensed solver: a second opinion on the decomposition.

Master and days are the same programs. The design that is found is priced day by day as any other, so that what is told
of it, its cuts among that, does not rest on the solver's accuracy; the bound is the solver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.investment.day_program import DayProgram
from gridpact.planning.investment.relaxed import whole_form
from gridpact.programs.benders import Cuts, Master, Oracle, Progress, beginning, with_design
from gridpact.programs.standard_form import StandardForm
from gridpact.programs.whole import solve_whole


def planned_at_once(
    master: Master,
    programs: Sequence[DayProgram],
    oracle: Oracle,
    solver: str,
    gap: float,
    time_limit: float,
    begun: Progress | None = None,
) -> Progress:
    """One design and a bound; what ``begun`` knows stays known, and its best design is where SCIP begins.

    Raises what ``solve_whole`` raises.
    """
    began = perf_counter()
    state = begun if begun is not None else beginning(master, _none(master.integers), -np.inf)
    form, width = whole_form(master, programs), master.program.cost.size
    found = solve_whole(form, solver, gap, max(0.0, time_limit - state.seconds), _start(form, state))
    point = found.x[:width]
    priced = with_design(master, state, point, oracle(point[: master.integers]))
    return replace(
        priced,
        lower=max(state.lower, found.bound),
        iteration=state.iteration + 1,
        seconds=state.seconds + perf_counter() - began,
    )


def _start(form: StandardForm, state: Progress) -> Floats | None:
    """The best design so far, without its days."""
    if state.best < 0:
        return None
    point = state.designs[state.best]
    return np.concatenate([point, np.full(form.q.size - point.size, np.nan)])


def _none(integers: int) -> Cuts:
    return Cuts(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, integers)))
