r"""Planning together by messages alone: the coordinator of owners that keep their data to themselves.

A trade is found by all owners on every day (``coordination.coordinate``); at its prices p the cost of all together is

$$
L = \sum_k a_k'n_k + \sum_d w_d \sum_k v_{kd}(n_k; p_d),
$$

a masked sum, which is the least cost where they have agreed. One owner at a time puts a design of its own on trial;
where L falls it stands. Or the master of all asks for capacities, and is told what they were worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from gridpact.case.case import Floats
from gridpact.coordination.coordinate import Coordinated, coordinate
from gridpact.coordination.ledger import Ledger
from gridpact.coordination.message import Message, Quantity
from gridpact.coordination.party import PRICE
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.secure_sum import secure_sum
from gridpact.coordination.transport import InProcess
from gridpact.markets.trade.admission import COORDINATOR
from gridpact.markets.trade.opening import METHODS, opening
from gridpact.planning.together.game import improved
from gridpact.planning.together.investor import (
    CAPACITY,
    DECIDE,
    DUALS,
    FLAG,
    HEAR,
    REMEMBERED,
    REST,
    REVEAL,
    SUGGEST,
    TOTAL,
    UNITS,
    VALUE,
    WEIGH,
    WHICH,
    WORTH,
    Investor,
    summed,
)
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.schemes import NOBODY_GAINS, Found, Move
from gridpact.planning.together.upper import Traded
from gridpact.programs.benders import Cuts, Master, Priced
from gridpact.results.together import BEGINS, IN_TURN

# A year that is cheaper by less than this share is no improvement: agreements are not known so well.
SAME = 2e-6
NOTHING = np.zeros(0)
# Designs that an owner tries in one turn by what it has heard; each makes it know more.
TRIALS = 20


@dataclass(eq=False)
class Apart:
    """The coordinator: transports to all owners, one for each day and one for what they decide, and what it has heard.

    ``method`` ("atc", "cf_admm") is how days are traded, to ``tolerance`` within ``rounds``.
    """

    joint: Joint
    method: str
    tolerance: float
    rounds: int
    desk: InProcess
    days: tuple[InProcess, ...]
    last: list[Coordinated] = field(default_factory=list)
    asked: int = 0
    heard: int = 0

    @property
    def ledger(self) -> Ledger:
        return self.desk.ledger

    @property
    def names(self) -> tuple[str, ...]:
        return self.joint.owners.names

    def ask(self, owner: int, kind: str, *quantities: Quantity) -> Message:
        """A request to an owner, each a round of its own."""
        self.asked += 1
        return self.desk.call(Message("plan", self.asked, COORDINATOR, self.names[owner], kind, quantities))

    def proposes(self, owner: int, kind: str, *quantities: Quantity) -> bool:
        """Whether an owner puts another design on trial."""
        return bool(self.ask(owner, kind, *quantities).number(FLAG))

    def trade(self) -> float:
        """What a year costs with the designs on trial: all days agreed, and heard by all. Raises ``NotConverged``."""
        self.last = [self._agreed(number) for number in range(len(self.days))]
        for owner in range(len(self.names)):
            own = [-found.price[part] for found, part in zip(self.last, self.joint.parties[owner].places, strict=True)]
            self.ask(owner, HEAR, Quantity(PRICE, "currency/p.u.", np.concatenate(own)))
        self.heard += 1
        days, building = self.values(self.heard - 1, -1)
        return building + float(self.joint.problem.days.weights @ days)

    def _agreed(self, number: int) -> Coordinated:
        asked = self._roster(number)
        way = METHODS[self.method](asked)
        if len(self.last) == len(self.days):
            known = self.last[number]
            return coordinate(way, known.below, known.price, known.penalty, self.tolerance, self.rounds)
        market = self.joint.days[number].market
        begin = opening(asked, market.transmission_price, market.money)
        return coordinate(way, *begin, self.tolerance, self.rounds)

    def _roster(self, number: int) -> Roster:
        run, day = f"trade {self.heard} of day {number}", self.joint.days[number]
        return roster(self.days[number], run, COORDINATOR, self.names[-1], self.names[:-1], day.sizes)

    def values(self, which: int, excluded: int) -> tuple[Floats, float]:
        """Sums over all owners but one at the prices of a trade: by day, and of what building costs in a year."""
        self.asked += 1
        run, place = f"value {self.asked}", np.array([which, excluded], dtype=np.float64)
        for name in self.names:
            self.desk.call(Message(run, 0, COORDINATOR, name, VALUE, (Quantity(WHICH, "1", place),)))
        days = [self._sum(summed(run, day)) for day in range(len(self.days))]
        return np.array(days), self._sum(summed(run, -1))

    def _sum(self, run: str) -> float:
        return secure_sum(self.desk, run, COORDINATOR, self.names)

    def decide(self, owner: int, taken: bool) -> None:
        """Tell an owner whether its design on trial stands from now on."""
        self.ask(owner, DECIDE, Quantity(FLAG, "1", np.array([float(taken)])))

    def weighs(self, owner: int, cost: float) -> bool:
        """Whether an owner, by all that was heard, hopes for less than ``cost``."""
        trades = range(max(0, self.heard - REMEMBERED), self.heard)
        sums = [self.values(which, owner) for which in trades]
        rest = Quantity(REST, "currency", np.concatenate([days for days, _ in sums]))
        left = improved(cost, SAME) - sums[-1][1]
        return self.proposes(owner, WEIGH, rest, Quantity(TOTAL, "currency", np.array([left])))

    def revealed(self) -> Floats:
        """The units of all designs that stand."""
        units = np.zeros(self.joint.problem.candidates.count)
        for owner in range(len(self.names)):
            units[self.joint.owners.own(owner)] = self.ask(owner, REVEAL)[UNITS]
        return units


def apart(
    joint: Joint, start: Floats, method: str, gap: float, seed: int, tolerance: float = 1e-5, rounds: int = 500
) -> Apart:
    """All owners as parties of their own, who begin with the units ``start``."""
    desk = InProcess()
    investors = [
        Investor(party, number, start[joint.owners.own(number)], joint.owners.names, desk, gap, seed)
        for number, party in enumerate(joint.parties)
    ]
    for investor in investors:
        desk.join(investor)
    days = tuple(
        InProcess([investor.day(number) for investor in investors], desk.ledger) for number in range(len(joint.days))
    )
    return Apart(joint, method, tolerance, rounds, desk, days)


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
        for owner in at.joint.owners.in_turn():
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
        at, owners = self.at, self.at.joint.owners
        for owner in range(owners.count):
            at.ask(owner, CAPACITY, Quantity(UNITS, "1", units[owners.own(owner)]))
        at.trade()
        days, building = at.values(at.heard - 1, -1)
        weights = at.joint.problem.days.weights
        slopes = np.zeros((weights.size, units.size))
        for owner in range(owners.count):
            slopes[:, owners.own(owner)] = at.ask(owner, DUALS)[WORTH].reshape(weights.size, -1)
        costs = days + building / (weights.size * weights)
        cuts = Cuts(np.arange(weights.size), costs - slopes @ units, slopes)
        prices = tuple(-found.price for found in at.last)
        return Traded(Priced(costs, np.zeros(weights.size), cuts), prices, tuple(found.below for found in at.last))


def master_apart(joint: Joint) -> Master:
    """The master of all without what units cost: that is in the duals."""
    master = joint.problem.master
    return replace(master, program=replace(master.program, cost=np.zeros(master.program.cost.size)))
