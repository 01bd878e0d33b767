"""The plan of several owners as one problem, and as one for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.owners import microgrid_parts, network_part
from gridpact.planning.investment.candidates import candidates_of
from gridpact.planning.investment.limits import Limits, master_program
from gridpact.planning.investment.problem import Problem, problem_of
from gridpact.planning.investment.representative import Representatives
from gridpact.planning.reliability.linear.build import linear_reliability
from gridpact.planning.together.days import Day, day_of, within_limits
from gridpact.planning.together.own import Owner
from gridpact.planning.together.owners import Owners, owners_of
from gridpact.programs.benders import Master

FREE = Limits()


@dataclass(frozen=True, eq=False)
class Joint:
    """``problem`` of all candidates and devices within the limits of what microgrids exchange; its owners and days."""

    problem: Problem
    owners: Owners
    days: tuple[Day, ...]
    parties: tuple[Owner, ...]

    def party(self, owner: int, units: Floats) -> Owner:
        """An owner with what limits of the whole leave to it where all others build ``units``."""
        one = self.parties[owner]
        if self.problem.reliability is None:
            return one
        return replace(one, master=_where_others(self.problem.master, self.owners.own(owner), units))


def joint_of(days: Representatives, discount_rate: float, limits: Limits = FREE, whole: Case | None = None) -> Joint:
    """The problem of the owners of a case with candidates; ``whole`` is the case that the days stand for.

    Raises ``InputError`` where it cannot be traded, or has ``limits`` of reliability and is not radial.
    """
    case = days.case
    problem = replace(problem_of(case, days, FREE, discount_rate), build=within_limits)
    if limits.about_reliability:
        form = linear_reliability(case if whole is None else whole, problem.candidates.names)
        problem = replace(problem, limits=limits, reliability=form)
    of_day = tuple(day_of(day, problem.emergency_price, discount_rate) for day in days.days)
    owners = owners_of(case, of_day[0].market.operator_name)
    return Joint(problem, owners, of_day, _parties(problem, owners, of_day, discount_rate))


def _parties(problem: Problem, owners: Owners, days: Sequence[Day], rate: float) -> tuple[Owner, ...]:
    parts = [*microgrid_parts(problem.days.case), network_part(problem.days.case)]
    return tuple(_party(problem, owners.names[number], number, part, days, rate) for number, part in enumerate(parts))


def _party(problem: Problem, name: str, number: int, part: Case, days: Sequence[Day], rate: float) -> Owner:
    own = candidates_of(part, rate)
    operator = number == len(days[0].owners) - 1
    return Owner(
        name=name,
        days=tuple(day.owners[number] for day in days),
        master=master_program(part, own, problem.days, FREE, None),
        places=tuple(places(day.sizes, number) for day in days),
        sign=-1.0 if operator else 1.0,
        emergency_price=problem.emergency_price * days[0].market.money,
    )


def _where_others(master: Master, own: Ints, units: Floats) -> Master:
    """The master of an owner's ``own`` columns where of all others there are ``units``."""
    program, others = master.program, np.setdiff1d(np.arange(units.size), own)
    kept = np.concatenate([own, np.arange(units.size, program.cost.size)])
    there = program.matrix[:, others] @ units[others]
    left = replace(
        program,
        cost=program.cost[kept],
        matrix=sp.csr_array(program.matrix[:, kept]),
        rows=(program.rows[0] - there, program.rows[1] - there),
        bounds=(program.bounds[0][kept], program.bounds[1][kept]),
        whole=program.whole[kept],
    )
    return replace(master, program=left, integers=own.size)


def places(sizes: Sequence[int], number: int) -> Ints:
    """The entries of all that is exchanged that are an owner's; all of them, for the operator.

    ``sizes``: how many quantities each microgrid exchanges.
    """
    edges = np.cumsum([0, *sizes])
    if number == len(sizes):
        return np.arange(int(edges[-1]))
    return np.arange(int(edges[number]), int(edges[number + 1]))
