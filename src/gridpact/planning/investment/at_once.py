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
from gridpact.planning.investment.relaxed import relaxed_units, whole_form
from gridpact.programs.benders import Master, Oracle, Progress, beginning, proposed, with_design
from gridpact.programs.conic import Compiled
from gridpact.programs.mixed_integer import fix_integers
from gridpact.programs.standard_form import StandardForm
from gridpact.programs.whole import solve_whole

TOLERANCE = 1e-9
# The share of the cost to which the master settles its first proposal.
FIRST = 1e-3


def planned_at_once(
    master: Master,
    programs: Sequence[DayProgram],
    oracle: Oracle,
    solver: str,
    gap: float,
    time_limit: float,
    begun: Progress | None = None,
) -> Progress:
    """One design and a bound; what ``begun`` knows stays known.

    SCIP begins with the best design so far, or with what the master proposes after the first cuts: by itself it hardly
    finds a point that all cones allow.
    Raises what ``solve_whole`` raises, ``InfeasibleError`` where the master has no point.
    """
    began = perf_counter()
    form, width = whole_form(master, programs), master.program.cost.size
    state = begun if begun is not None else beginning(master, oracle(relaxed_units(master, programs)).cuts, -np.inf)
    point = state.designs[state.best] if state.best >= 0 else proposed(master, state, FIRST, time_limit)[0]
    left = max(0.0, time_limit - state.seconds - (perf_counter() - began))
    found = solve_whole(form, solver, gap, left, _start(form, point))
    point = found.x[:width]
    priced = with_design(master, state, point, oracle(point[: master.integers]))
    return replace(
        priced,
        lower=max(state.lower, found.bound),
        iteration=state.iteration + 1,
        seconds=state.seconds + perf_counter() - began,
    )


def _start(form: StandardForm, point: Floats) -> Floats | None:
    """A point of the master with its days; None where the solver finds none."""
    held = fix_integers(form, point[form.integers])
    answer = Compiled(held, tolerance=TOLERANCE).answer(held)
    x = answer.x.copy()
    x[form.integers] = point[form.integers]
    return x if answer.status == "solved" else None
