r"""Planning together by messages alone: the coordinator of owners that keep their data to themselves.

A trade is found by all owners on every day (``coordination.coordinate``); at its prices p the cost of all together is

$$
L = \sum_k a_k'n_k + \sum_d w_d \sum_k v_{kd}(n_k; p_d),
$$

a masked sum, which is the least cost where they have agreed. One owner at a time puts a design of its own on trial;
where L falls it stands. Or the master of all asks for capacities, and is told what they were worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from gridpact.case.case import Floats
from gridpact.coordination.coordinate import Coordinated, coordinate
from gridpact.coordination.message import Message, Quantity
from gridpact.coordination.party import PRICE
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.secure_sum import Masks, mask_source, secure_sum
from gridpact.coordination.transport import InProcess, Transport
from gridpact.markets.trade.admission import COORDINATOR
from gridpact.markets.trade.opening import METHODS, opening
from gridpact.planning.together.game import improved
from gridpact.planning.together.investor import REMEMBERED, Investor
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.public import PublicPlan
from gridpact.planning.together.schemes import NOBODY_GAINS, Found, Move
from gridpact.planning.together.upper import Traded
from gridpact.planning.together.words import (
    CAPACITY,
    DECIDE,
    DUALS,
    FLAG,
    HEAR,
    REVEAL,
    SUGGEST,
    TOTAL,
    UNITS,
    VALUE,
    WEIGH,
    WHICH,
    WHOLE,
    WORTH,
    summed,
    traded,
)
from gridpact.programs.benders import Cuts, Priced
from gridpact.results.together import BEGINS, IN_TURN

# A year that is cheaper by less than this share is no improvement: agreements are not known so well.
SAME = 2e-6
NOTHING = np.zeros(0)
# Designs that an owner tries in one turn by what it has heard; each makes it know more.
TRIALS = 20


@dataclass(eq=False)
class Apart:
    """The coordinator: what is public, a transport to all owners, wherever they are, and what it has heard.

    ``method`` ("atc", "cf_admm") is how days are traded, to ``tolerance`` within ``rounds``. Masks of sums are
    ``derived`` from keys, or shared among the owners of one process.

    It knows no owner's program: beside ``public`` it learns what each would exchange at the prices it was asked at,
    whether an owner has something to try, the duals and capacities of the master of all, and sums over all owners. Two
    sums between which one owner has changed its design tell what that changed.
    """

    public: PublicPlan
    transport: Transport
    method: str
    tolerance: float = 1e-5
    rounds: int = 500
    derived: bool = True
    last: list[Coordinated] = field(default_factory=list)
    asked: int = 0
    heard: int = 0
    _known: dict[int, tuple[Floats, float]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return self.public.owners.names

    def ask(self, owner: int, kind: str, *quantities: Quantity) -> Message:
        """The answer of an owner to a request."""
        return self._ask({owner: quantities}, kind)[0]

    def ask_all(self, kind: str, of: Callable[[int], tuple[Quantity, ...]] = lambda _: ()) -> list[Message]:
        """The answers of all owners to a kind of request, with the quantities ``of`` each."""
        return self._ask({owner: of(owner) for owner in range(len(self.names))}, kind)

    def _ask(self, of: Mapping[int, tuple[Quantity, ...]], kind: str) -> list[Message]:
        """Requests that are made at once, a round of their own."""
        self.asked += 1
        requests = [
            Message("plan", self.asked, COORDINATOR, self.names[owner], kind, quantities)
            for owner, quantities in of.items()
        ]
        return self.transport.call_all(requests)

    def proposes(self, owner: int, kind: str, *quantities: Quantity) -> bool:
        """Whether an owner puts another design on trial."""
        return bool(self.ask(owner, kind, *quantities).number(FLAG))

    def trade(self) -> float:
        """What a year costs with the designs on trial: all days agreed, and heard by all. Raises ``NotConverged``."""
        self.last = [self._agreed(day) for day in range(self.public.days)]
        self.ask_all(HEAR, lambda owner: (Quantity(PRICE, "currency/p.u.", self._prices(owner)),))
        self.heard += 1
        days, building = self.values(self.heard - 1)
        return building + float(self.public.weights @ days)

    def _prices(self, owner: int) -> Floats:
        """Those agreed last of what an owner exchanges, day after day."""
        return np.concatenate([-found.price[self.public.places(day, owner)] for day, found in enumerate(self.last)])

    def _agreed(self, day: int) -> Coordinated:
        asked = self._roster(day)
        way = METHODS[self.method](asked)
        if len(self.last) == self.public.days:
            known = self.last[day]
            return coordinate(way, known.below, known.price, known.penalty, self.tolerance, self.rounds)
        begin = opening(asked, self.public.prices[day], self.public.money)
        return coordinate(way, *begin, self.tolerance, self.rounds)

    def _roster(self, day: int) -> Roster:
        *below, above = self.names
        return roster(self.transport, traded(self.heard, day), COORDINATOR, above, below, self.public.sizes[day])

    def values(self, which: int) -> tuple[Floats, float]:
        """Sums over all owners at the prices of a trade, with designs on trial: by day, and of building in a year."""
        self.asked += 1
        run = f"value {self.asked}"
        asked = Quantity(WHICH, "1", np.array([float(which)]))
        self.transport.call_all([Message(run, 0, COORDINATOR, name, VALUE, (asked,)) for name in self.names])
        days = [self._sum(summed(run, day)) for day in range(self.public.days)]
        return np.array(days), self._sum(summed(run, -1))

    def _sum(self, run: str) -> float:
        return secure_sum(self.transport, run, COORDINATOR, self.names, derived=self.derived)

    def decide(self, owner: int, taken: bool) -> None:
        """Tell an owner whether its design on trial stands from now on."""
        if taken:
            self._known.clear()
        self.ask(owner, DECIDE, Quantity(FLAG, "1", np.array([float(taken)])))

    def weighs(self, owner: int, cost: float) -> bool:
        """Whether an owner, by all that was heard, hopes for less than ``cost``."""
        sums = [self._standing(which) for which in range(max(0, self.heard - REMEMBERED), self.heard)]
        whole = Quantity(WHOLE, "currency", np.concatenate([days for days, _ in sums]))
        left = improved(cost, SAME) - sums[-1][1]
        return self.proposes(owner, WEIGH, whole, Quantity(TOTAL, "currency", np.array([left])))

    def _standing(self, which: int) -> tuple[Floats, float]:
        """The sums with the designs that stand, none being on trial."""
        if which not in self._known:
            self._known[which] = self.values(which)
        return self._known[which]

    def revealed(self) -> Floats:
        """The units of all designs that stand."""
        units = np.zeros(self.public.candidates)
        for owner, answer in enumerate(self.ask_all(REVEAL)):
            units[self.public.owners.own(owner)] = answer[UNITS]
        return units


def in_one_process(joint: Joint, start: Floats, gap: float, seed: int) -> InProcess:
    """A transport to all owners as parties of their own, who begin with the units ``start`` and share their masks."""
    desk, names = InProcess(), joint.owners.names
    for number, owner in enumerate(joint.parties):
        masks = Masks(owner.name, names, mask_source(owner.name, seed))
        desk.join(Investor(owner, number, start[joint.owners.own(number)], masks, gap, masks.handlers(desk)))
    return desk


@dataclass(eq=False)
class _Turns:
    """What a year costs with the designs that stand, and the moves that led there."""

    at: Apart
    cost: float
    moves: list[Move]

    def judged(self, owner: int, why: str) -> None:
        """Trade with an owner's design on trial; it stands where the year costs less."""
        cost = self.at.trade()
        taken = cost < improved(self.cost, SAME)
        self.at.decide(owner, taken)
        self.moves.append(Move(IN_TURN, self.at.names[owner], NOTHING, cost, taken, why))
        self.cost = cost if taken else self.cost

    def found(self, units: Floats = NOTHING, ended: str = "") -> Found:
        return Found(units, self.cost, -np.inf, tuple(self.moves), self.at.heard, ended)


def in_turn_apart(at: Apart) -> Iterator[Found]:
    """One owner at a time, until no owner hopes for more from what it alone builds."""
    cost = at.trade()
    turns, moved = _Turns(at, cost, [Move(IN_TURN, "", NOTHING, cost, True, BEGINS)]), True
    while moved:
        before = turns.cost
        for owner in at.public.owners.in_turn():
            for why in _hopes(at, owner, turns):
                turns.judged(owner, why)
                yield turns.found()
        moved = turns.cost < before
    yield turns.found(at.revealed(), NOBODY_GAINS)


def _hopes(at: Apart, owner: int, turns: _Turns) -> Iterator[str]:
    """While an owner has something to try."""
    if at.proposes(owner, SUGGEST):
        yield "best at the prices"
    for _ in range(TRIALS):
        if not at.weighs(owner, turns.cost):
            return
        yield "best by all prices heard"


@dataclass(frozen=True, eq=False)
class UpperApart:
    """The upper level for the master of all: capacities asked for, trades agreed, duals told (see ``Upper``)."""

    at: Apart

    def __call__(self, units: Floats) -> Traded:
        at, owners = self.at, self.at.public.owners
        at.ask_all(CAPACITY, lambda owner: (Quantity(UNITS, "1", units[owners.own(owner)]),))
        at.trade()
        days, building = at.values(at.heard - 1)
        weights = at.public.weights
        slopes = np.zeros((weights.size, units.size))
        for owner, answer in enumerate(at.ask_all(DUALS)):
            slopes[:, owners.own(owner)] = answer[WORTH].reshape(weights.size, -1)
        costs = days + building / (weights.size * weights)
        cuts = Cuts(np.arange(weights.size), costs - slopes @ units, slopes)
        prices = tuple(-found.price for found in at.last)
        return Traded(Priced(costs, np.zeros(weights.size), cuts), prices, tuple(found.below for found in at.last))
