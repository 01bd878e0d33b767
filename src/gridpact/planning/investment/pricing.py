r"""What a day costs at any number of units, and a cut there: one conic program, set up once for every day.

For multipliers z in K* the dual objective is a bound of the day's cost at every design,

$$
V(n) \ge -(b + U n)'z - \tfrac12 x'Px - r'|Px + q + A'z|
$$

affine in n, whatever the accuracy of the solver: what is left of the dual equation is paid for as far as any variable
can reach (see ``programs.dual_bound``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.investment.day_program import DayProgram
from gridpact.programs.batch import Pool
from gridpact.programs.benders import Cuts, Priced
from gridpact.programs.conic import Answer, Compiled, raise_unless_solved
from gridpact.programs.dual_bound import in_dual_cone, reach

# The solver's tolerance over the gap that is asked for, and its range: what it leaves of a cut is paid for.
OF_GAP, TIGHTEST, LOOSEST = 1e-5, 1e-11, 1e-7
UNSERVED_MWH = 1e-5


@dataclass(frozen=True, eq=False)
class PricedDay:
    """The cost of one day, the energy that it leaves unserved without being allowed to, and a cut.

    ``x`` and ``z`` are the optimum and its multipliers.
    """

    cost: float
    unserved_mwh: float
    constant: float
    slope: Floats
    x: Floats
    z: Floats


@dataclass(frozen=True, eq=False)
class Pricer:
    """The programs of all days; a day is set up where and when it is first priced."""

    programs: tuple[DayProgram, ...]
    gap: float = 0.0
    ready: dict[int, Compiled] = field(default_factory=dict, repr=False)

    def __call__(self, task: tuple[int, Floats]) -> PricedDay:
        """The day of a number at n."""
        day, n = task
        program = self.programs[day]
        if day not in self.ready:
            tolerance = min(max(OF_GAP * self.gap, TIGHTEST), LOOSEST)
            self.ready[day] = Compiled(program.at(n), tolerance=tolerance)
        form = program.at(n)
        answer = self.ready[day].first(form)
        if answer.status != "solved":
            answer = self.ready[day].answer(form)
        raise_unless_solved(answer)
        return _priced_day(program, n, answer)


def _priced_day(program: DayProgram, n: Floats, answer: Answer) -> PricedDay:
    form, x = program.at(n), answer.x
    z, Px = in_dual_cone(form, answer.z), form.P @ x
    left = reach(x) * np.abs(Px + form.q + form.A.T @ z).sum()
    constant = form.constant - program.form.b @ z - 0.5 * x @ Px - left
    slope = -(program.units.T @ z)
    return PricedDay(form.cost(x), program.unserved_mwh(x), float(constant), np.asarray(slope), x, z)


@dataclass(frozen=True, eq=False)
class Days:
    """The days of a plan as the oracle of its decomposition, on the workers of a pool."""

    pricer: Pricer
    pool: Pool

    def __call__(self, n: Floats) -> Priced:
        """Costs, unserved energy and cuts of all days at n. Raises what a day raises."""
        return together(self.each(n))

    def each(self, n: Floats) -> list[PricedDay]:
        """All days at n, in their order. Raises what a day raises."""
        tasks = [(day, n) for day in range(len(self.pricer.programs))]
        found: list[PricedDay | None] = [None] * len(tasks)
        for outcome in self.pool.run(self.pricer, tasks):
            if outcome.error is not None:
                raise outcome.error
            found[outcome.task] = outcome.value
        return [day for day in found if day is not None]


def together(days: Sequence[PricedDay]) -> Priced:
    """Costs, unserved energy and cuts of all days."""
    unserved = np.array([day.unserved_mwh for day in days])
    cuts = Cuts(np.arange(len(days)), np.array([day.constant for day in days]), np.array([day.slope for day in days]))
    return Priced(np.array([day.cost for day in days]), np.where(unserved > UNSERVED_MWH, unserved, 0.0), cuts)
