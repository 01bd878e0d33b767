"""The plan as a problem: candidates, days, limits, and the programs of the days at a price for unserved demand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.planning.investment.candidates import Candidates, candidates_of
from gridpact.planning.investment.day_program import DayProgram, day_program
from gridpact.planning.investment.limits import Limits, master_program, rivals
from gridpact.planning.investment.relaxed import core_point
from gridpact.planning.investment.representative import Representatives
from gridpact.planning.reliability.linear.build import linear_reliability
from gridpact.planning.reliability.linear.form import LinearReliability
from gridpact.programs.benders import Master

# Demand that is not served costs this many times the dearest energy, and so much more each time that it pays.
DEARER = 20.0
STEEPER = 10.0


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that the search needs; ``emergency_price`` is per MWh of demand that no plan may leave unserved."""

    case: Case
    candidates: Candidates
    days: Representatives
    limits: Limits
    reliability: LinearReliability | None
    emergency_price: float

    @property
    def master(self) -> Master:
        return master_program(self.case, self.candidates, self.days, self.limits, self.reliability)

    def programs(self) -> tuple[DayProgram, ...]:
        """The program of every day."""
        return tuple(day_program(day, self.candidates, self.emergency_price) for day in self.days.days)

    def core(self, units: Floats) -> Floats:
        """A point near ``units`` in the interior of what may be built."""
        return core_point(units, self.candidates.most, rivals(self.case, self.candidates))

    def steeper(self) -> Problem:
        """The same with unserved demand at a higher price."""
        return replace(self, emergency_price=STEEPER * self.emergency_price)

    def with_day(self, day: int) -> Problem:
        """The same with a day of the year among those that stand for it."""
        return replace(self, days=self.days.with_day(self.case, day))


def problem_of(case: Case, days: Representatives, limits: Limits, discount_rate: float) -> Problem:
    """The problem of a case with the days that stand for its year."""
    candidates = candidates_of(case, discount_rate)
    reliability = linear_reliability(case, candidates.names) if limits.about_reliability else None
    return Problem(case, candidates, days, limits, reliability, DEARER * _dearest(days.case))


def _dearest(case: Case) -> float:
    """The highest price that any energy has, at least 1."""
    columns = (
        ("interfaces", "price_per_mwh"),
        ("generators", "cost_per_mwh"),
        ("offers", "cost_per_mwh"),
        ("bids", "benefit_per_mwh"),
        ("controllable", "benefit_per_mwh"),
        ("generator_candidates", "cost_per_mwh"),
    )
    return float(max(1.0, *(np.abs(case.series(table, name)).max(initial=0.0) for table, name in columns)))
