r"""The owners' investments as a game of identical interest, and moves in it.

With generalised Nash bargaining an owner gains $w_k S(n)$, $S(n) = \sum_k D_k - \text{cost}(n)$, at frozen weights
$w_k > 0$ and disagreement costs $D_k$: whatever one owner changes by itself pays it if and only if the common surplus
grows. So an equilibrium in pure strategies exists, the best of all plans is one, and moves that are accepted only where
the surplus grows end after finitely many (Monderer and Shapley, "Potential games", Games and Economic Behavior 14,
1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from gridpact.case.case import Floats
from gridpact.errors import InfeasibleError
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.own import Owner, OwnPlan
from gridpact.planning.together.upper import Traded, Upper
from gridpact.programs.batch import Pool
from gridpact.programs.benders import (
    INWARD,
    Cuts,
    Master,
    Priced,
    Progress,
    beginning,
    from_cuts,
    point_at,
    proposed,
    with_design,
)

# A year that is cheaper by less than this share is no improvement: it is not known so well.
SAME = 1e-7
TIME_S = 600.0
# How far inside of what may be built marginal values are taken.
NEAR = 0.02


def improved(cost: float, same: float) -> float:
    """The cost below which a year is cheaper by more than the share ``same``, to which costs are known."""
    return cost - same * max(1.0, abs(cost)) if np.isfinite(cost) else cost


@dataclass(eq=False)
class Trades:
    """What is known of a joint plan: trades that were found, all cuts, and how often the upper level was solved.

    ``master`` has the units of all owners, then what limits of reliability need, which costs nothing; ``core`` is a
    point near some units in the interior of what may be built.
    """

    master: Master
    upper: Upper
    core: Callable[[Floats], Floats]
    solves: int = field(default=0, kw_only=True)
    known: dict[bytes, Traded] = field(default_factory=dict, kw_only=True)
    cuts: Cuts | None = field(default=None, kw_only=True)
    _points: dict[bytes, Floats | None] = field(default_factory=dict, kw_only=True)

    def trade(self, units: Floats) -> Traded:
        """The trade at some units, solved once."""
        key = (units + 0.0).tobytes()  # of both zeros, the same
        if key not in self.known:
            found = self.known[key] = self.upper(units)
            self.solves += 1
            self.cuts = found.priced.cuts if self.cuts is None else self.cuts.joined(found.priced.cuts)
        return self.known[key]

    def cost(self, units: Floats) -> float:
        """What a year costs all together; infinite where demand stays unserved or limits of the whole are not kept."""
        priced = self.trade(units).priced
        allowed = not priced.excess.any() and self.point(units) is not None
        return self._total(units, priced.costs) if allowed else np.inf

    def least(self, units: Floats) -> float:
        """What it costs at least, by the cuts so far."""
        assert self.cuts is not None
        if self.point(units) is None:
            return np.inf
        return self._total(units, from_cuts(self.cuts, units, self.master.weights.size))

    def _total(self, units: Floats, days: Floats) -> float:
        return self.master.cost(units) + float(self.master.weights @ days)

    def point(self, units: Floats) -> Floats | None:
        """A point of the master with these whole units; None where no limit of the whole allows one."""
        if self.master.program.cost.size == units.size:
            return units
        key = (units + 0.0).tobytes()
        if key not in self._points:
            self._points[key] = point_at(self.master, units)
        return self._points[key]

    def better(self, cost: float, than: float) -> bool:
        """Whether a cost is lower by more than it is known."""
        return cost < improved(than, SAME)

    def near(self, units: Floats) -> Priced:
        """The days a little inside of what may be built, where what a unit is worth is unique."""
        return self._inside(units, NEAR).priced

    def progress(self, lower: float) -> Progress:
        """All cuts, and every whole plan that was looked at, as a decomposition knows them."""
        assert self.cuts is not None
        state = beginning(self.master, self.cuts, lower)
        for key, found in self.known.items():
            units = np.frombuffer(key)
            if (units == np.rint(units)).all():
                state = replace(self.with_plan(state, units, found.priced), cuts=self.cuts)
        return state

    def with_plan(self, state: Progress, units: Floats, priced: Priced) -> Progress:
        """The state with a whole plan that was priced, where the limits of the whole allow it."""
        point = self.point(units)
        return state if point is None else with_design(self.master, state, point, priced)

    def look_near(self, units: Floats) -> None:
        """Cuts where multipliers are unique: a little inside of what may be built."""
        self._inside(units, INWARD)

    def _inside(self, units: Floats, share: float) -> Traded:
        """The trade at such a share of the way from a plan to the core point."""
        return self.trade((1.0 - share) * units + share * self.core(units))


@dataclass(eq=False)
class Game(Trades):
    """The same where one hand knows every owner's problem, and what each would do."""

    joint: Joint
    pool: Pool
    gap: float

    def at_prices(self, owner: int, units: Floats) -> Floats:
        """The plan with what an owner would build at the prices of a plan."""
        prices = self.trade(units).prices
        return self._answered(owner, units, lambda party: party.at_prices(prices, self.pool, self.gap))

    def at_quantities(self, owner: int, units: Floats) -> Floats:
        """The plan with what an owner would build where all exchange what they do."""
        exchanged = self.trade(units).exchanged
        return self._answered(owner, units, lambda party: party.at_quantities(exchanged, self.pool, self.gap))

    def _answered(self, owner: int, units: Floats, best: Callable[[Owner], OwnPlan]) -> Floats:
        """The plan with an owner's best; as it is where whatever it builds keeps no limit of the whole."""
        try:
            return self.moved(owner, units, best(self.joint.party(owner, units)).units)
        except InfeasibleError:
            if self.joint.problem.reliability is None:
                raise
            return units

    def by_cuts(self, owner: int, units: Floats) -> tuple[Floats, float]:
        """The plan that the cuts hold for the best where an owner alone moves, and a bound of the cost of all such.

        The plan as it is, and no bound, where no such plan keeps the limits of the whole.
        """
        assert self.cuts is not None
        master, own = self.master, self.joint.owners.own(owner)
        low, high = (np.append(units, bound[units.size :]) for bound in master.program.bounds)
        low[own], high[own] = (bound[own] for bound in master.program.bounds)
        held = replace(master, program=replace(master.program, bounds=(low, high)))
        try:
            point, bound = proposed(held, beginning(held, self.cuts, -np.inf), self.gap, TIME_S)
        except InfeasibleError:
            return units, np.inf
        return point[: units.size] + 0.0, bound

    def moved(self, owner: int, units: Floats, own: Floats) -> Floats:
        """The plan in which an owner builds ``own`` and others what they did."""
        plan = units.copy()
        plan[self.joint.owners.own(owner)] = own
        return plan
