"""Whether any plan serves all demand: the least energy that stays unserved, with broken units.

    minimise    sum over days of unserved energy     subject to the rows of the days and of the master

What is left over even so is a proof that no plan serves all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Floats
from gridpact.errors import InfeasibleError
from gridpact.planning.investment.pricing import UNSERVED_MWH
from gridpact.planning.investment.problem import Problem
from gridpact.planning.investment.relaxed import whole_form
from gridpact.programs.conic import Compiled

TOLERANCE = 1e-9


def require_served(problem: Problem) -> None:
    """Raise ``InfeasibleError``, naming the days, where some demand stays unserved whatever is built."""
    left = _least_unserved(problem)
    bad = np.flatnonzero(left > UNSERVED_MWH)
    if not bad.size:
        return
    dates = problem.days.scenarios()["source_day"].to_numpy()
    told = ", ".join(f"{left[day]:.3g} MWh on day {dates[day] or day + 1}" for day in bad[:5])
    records = [
        {
            "snapshot": str(dates[day]),
            "constraint": "demand",
            "component": "plan",
            "end": "",
            "relax_by": float(left[day]),
            "unit": "MWh",
        }
        for day in bad
    ]
    fix = "Allow more units, stronger lines or wider voltages, or give the table unserved a price for what may be cut."
    raise InfeasibleError(
        f"No plan serves all demand, not even with broken units: {told} stay unserved. {fix}", records
    )


def _least_unserved(problem: Problem) -> Floats:
    """The least unserved energy of all days together, in MWh of each day; nothing where the solver proves nothing."""
    programs, master = problem.programs, problem.master
    form = whole_form(master, programs)
    first = master.program.cost.size + np.cumsum([0, *(program.form.q.size for program in programs)])
    weights = sp.lil_array((len(programs), form.q.size))
    for day, program in enumerate(programs):
        weights[day, first[day] + program.emergency] = program.base_mva * program.hours
    energy = sp.csr_array(weights)
    cost: Floats = np.asarray(energy.sum(axis=0), dtype=np.float64).ravel()
    only = replace(form, q=cost, P=sp.csc_array(form.P.shape), constant=0.0)
    answer = Compiled(only, tolerance=TOLERANCE).answer(only)
    proven = answer.status == "solved" and -(only.b @ answer.z) > UNSERVED_MWH
    return np.asarray(energy @ answer.x) if proven else np.zeros(len(programs))
