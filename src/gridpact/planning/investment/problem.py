"""The plan as a problem: candidates, days, limits, and the programs of the days at a price for unserved demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.case.planned import planned_case
from gridpact.markets.market_program import clearing_program
from gridpact.planning.investment.candidates import Candidates, candidates_of
from gridpact.planning.investment.customer_flows import flow_reliability
from gridpact.planning.investment.day_program import Build, DayProgram, day_program
from gridpact.planning.investment.forest import forest_form
from gridpact.planning.investment.limits import Limits, master_program, rivals
from gridpact.planning.investment.relaxed import core_point
from gridpact.planning.investment.representative import Representatives
from gridpact.planning.investment.switching import Switching, switching_of, with_lines_apart
from gridpact.planning.reliability.linear.build import linear_reliability
from gridpact.planning.reliability.linear.form import LinearReliability
from gridpact.planning.reliability.tree import tree_of
from gridpact.programs.benders import Master

# Demand that is not served costs this many times the dearest energy, and so much more each time that it pays.
DEARER = 20.0
STEEPER = 10.0
# Where lines are opened a millionth of a line saves as much as a gap: cuts say what demand without supply costs.
EXACT = 1e-9


@dataclass(frozen=True)
class Plan:
    """Units built by candidate, and whether lines are closed, of those that the plan may open and close."""

    units: dict[str, int]
    closed: dict[str, bool]

    def built(self, case: Case) -> Case:
        """A case with the plan built."""
        return planned_case(case, self.units, self.closed)


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that the search needs; ``emergency_price`` is per MWh of demand that no plan may leave unserved.

    ``switching`` is there where the plan also decides which lines are closed; then ``reliability`` has its rows, also
    where reliability decides nothing. ``build`` makes the programs of the days.
    """

    case: Case
    candidates: Candidates
    days: Representatives
    limits: Limits
    reliability: LinearReliability | None
    emergency_price: float
    switching: Switching | None = None
    build: Build = clearing_program

    @cached_property
    def master(self) -> Master:
        master = master_program(self.case, self.candidates, self.days, self.limits, self.reliability)
        if self.switching is None:
            return master
        return replace(master, integers=self.integers, program=replace(master.program, tolerance=EXACT))

    @property
    def integers(self) -> int:
        """How many columns the days depend on: units, then lines that may be opened and closed."""
        return self.candidates.count + (self.switching.count if self.switching is not None else 0)

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return [*self.candidates.names, *(self.switching.columns if self.switching is not None else [])]

    @cached_property
    def programs(self) -> tuple[DayProgram, ...]:
        """The program of every day."""
        of = self.candidates, self.emergency_price, self.switching, self.build
        return tuple(day_program(day, *of) for day in self.days.days)

    def core(self, units: Floats) -> Floats:
        """A point near ``units`` in the interior of what may be built, and closed."""
        count = self.candidates.count
        inner = core_point(units[:count], self.candidates.most, rivals(self.case, self.candidates))
        return inner if self.switching is None else with_lines_apart(self.switching, inner, units[count:])

    def plan(self, point: Floats) -> Plan:
        """What a point of the master builds, and closes."""
        units = self.candidates.design(point[: self.candidates.count])
        return Plan(units, self.switching.closed(point, self.candidates.count) if self.switching is not None else {})

    def point(self, plan: Plan) -> Floats:
        """The columns of a plan on which the days depend, (integers,)."""
        on = self.switching.names if self.switching is not None else ()
        units = [float(plan.units.get(name, 0)) for name in self.candidates.names]
        return np.array([*units, *(float(plan.closed.get(name, False)) for name in on)], dtype=np.float64)

    def steeper(self) -> Problem:
        """The same with unserved demand at a higher price."""
        return replace(self, emergency_price=STEEPER * self.emergency_price)

    def with_day(self, day: int, representation: str) -> Problem:
        """The same with a day of the year among those that stand for it."""
        return replace(self, days=self.days.with_day(self.case, day, representation))


def problem_of(
    case: Case, days: Representatives, limits: Limits, discount_rate: float, reconfigure: bool = False
) -> Problem:
    """The problem of a case with the days that stand for its year; ``reconfigure``: lines are opened and closed.

    Raises ``InputError`` where that is not possible.
    """
    candidates = candidates_of(case, discount_rate)
    price = DEARER * _dearest(days.case)
    if reconfigure:
        if (case.column("loads", "customers") > 0.0).any():
            tree_of(case)  # whose interruptions are followed as the network is
        switching = switching_of(case, candidates)
        form = (flow_reliability if limits.about_reliability else forest_form)(case, candidates, switching)
        return Problem(case, candidates, days, limits, form, price, switching)
    reliability = linear_reliability(case, candidates.names) if limits.about_reliability else None
    return Problem(case, candidates, days, limits, reliability, price)


def _dearest(case: Case) -> float:
    """The highest price that any energy has, at least 1."""
    columns = (
        ("interfaces", "price_per_mwh"),
        ("generators", "cost_per_mwh"),
        ("offers", "cost_per_mwh"),
        ("bids", "benefit_per_mwh"),
        ("controllable", "benefit_per_mwh"),
        ("generator_candidates", "cost_per_mwh"),
        *(
            (table, "fuel_price_per_mwh")
            for table in ("chps", "gas_boilers", "chp_candidates", "gas_boiler_candidates")
        ),
    )
    return float(max(1.0, *(np.abs(case.series(table, name)).max(initial=0.0) for table, name in columns)))
