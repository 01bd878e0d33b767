"""What whoever coordinates owners that plan apart knows of their plan beforehand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Floats, Ints
from gridpact.planning.investment.limits import rivals
from gridpact.planning.investment.relaxed import core_point
from gridpact.planning.together.joint import Joint, places
from gridpact.planning.together.owners import Owners
from gridpact.programs.benders import Master


@dataclass(frozen=True, eq=False)
class PublicPlan:
    """Who plans, for which days, and what is exchanged on each: no costs, no loads, no device.

    ``sizes``: how many quantities each microgrid exchanges, by day; ``prices`` of transmission per MWh, by day, shape
    (microgrids, steps); ``money`` is one per unit at one per MWh in a step. ``master`` has the days' weights, how many
    units of each candidate there may be and which exclude each other, and no cost: that is in the duals. ``rivals``:
    how many candidates exclude each other at the place of each.
    """

    owners: Owners
    sizes: tuple[tuple[int, ...], ...]
    prices: tuple[Floats, ...]
    money: float
    master: Master
    rivals: Ints

    @property
    def weights(self) -> Floats:
        """How many days of a year each of the days stands for."""
        return self.master.weights

    @property
    def days(self) -> int:
        return len(self.sizes)

    @property
    def candidates(self) -> int:
        return self.owners.of.size

    def places(self, day: int, owner: int) -> Ints:
        """The entries of all that is exchanged on a day that are an owner's."""
        return places(self.sizes[day], owner)

    def core(self, units: Floats) -> Floats:
        """A point near ``units`` in the interior of what may be built."""
        return core_point(units, self.master.program.bounds[1].astype(np.int64), self.rivals)


def public_plan(joint: Joint) -> PublicPlan:
    """What all know of a plan, which whoever convenes it makes from the whole case."""
    master = joint.problem.master
    return PublicPlan(
        owners=joint.owners,
        sizes=tuple(tuple(day.sizes) for day in joint.days),
        prices=tuple(day.market.transmission_price for day in joint.days),
        money=joint.days[0].market.money,
        master=replace(master, program=replace(master.program, cost=np.zeros(master.program.cost.size))),
        rivals=rivals(joint.problem.case, joint.problem.candidates),
    )
