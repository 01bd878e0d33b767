"""Ways to a joint plan: from one plan to the next, and why each was taken or left.

alternating    all owners at once answer to the trades of the last plan; the scheme as it is usually described
in_turn        one owner at a time; a move counts where it makes the common surplus larger
benders        one master for all, with what capacity is worth to each owner as cuts
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.together.game import Game, Trades
from gridpact.programs.benders import beginning, decompose
from gridpact.results.together import ALTERNATING, BEGINS, BENDERS, IN_TURN

Answer = Callable[[int, Floats], Floats]
# Why a scheme ended.
NOBODY_GAINS = "no owner gains by changing its own plan alone"
CIRCLE = "a plan came back: answers go round in a circle"
CLOSED = "no plan can be better by more than the gap"


@dataclass(frozen=True, eq=False)
class Move:
    """A plan that was looked at: by which scheme, who moved (empty: all), its cost, whether it was taken, and why."""

    scheme: str
    who: str
    units: Floats
    cost: float
    taken: bool
    why: str


@dataclass(frozen=True, eq=False)
class Found:
    """Where a search stands: the best plan so far with its cost, a bound of the cost of all plans, the moves so far."""

    units: Floats
    cost: float
    lower: float
    moves: tuple[Move, ...]
    solves: int
    ended: str = ""


@dataclass(eq=False)
class _Standing:
    """The best plan so far, its cost, and the moves that led there."""

    units: Floats
    cost: float
    moves: list[Move]

    @classmethod
    def at(cls, game: Trades, scheme: str, start: Floats) -> _Standing:
        """Where a scheme begins."""
        cost = game.cost(start)
        return cls(start, cost, [Move(scheme, "", start, cost, True, BEGINS)])

    def judged(self, game: Trades, scheme: str, who: str, plan: Floats, why: str, goes_on: bool = False) -> None:
        """Take a proposal where it makes the surplus larger; a scheme that ``goes_on`` from it whatever it costs takes
        it as a move, and not as the best."""
        cost = game.cost(plan)
        better = game.better(cost, self.cost)
        self.moves.append(Move(scheme, who, plan, cost, better or goes_on, why))
        if better:
            self.units, self.cost = plan, cost

    def found(self, game: Trades, ended: str = "") -> Found:
        return Found(self.units, self.cost, -np.inf, tuple(self.moves), game.solves, ended)


def alternating(game: Game, start: Floats, answer: Answer, most: int = 50) -> Iterator[Found]:
    """All owners answer at once, until nobody changes anything or a plan comes back."""
    best = _Standing.at(game, ALTERNATING, start)
    units, seen = start, {start.tobytes()}
    for _ in range(most):
        after = units.copy()
        for owner in game.joint.owners.in_turn():
            own = game.joint.owners.own(owner)
            after[own] = answer(owner, units)[own]
        if np.array_equal(after, units):
            yield best.found(game, "nobody changes anything at these trades")
            return
        best.judged(game, ALTERNATING, "", after, "all answered at once", goes_on=True)
        if after.tobytes() in seen:
            yield best.found(game, CIRCLE)
            return
        seen.add(after.tobytes())
        units = after
        yield best.found(game)
    yield best.found(game, f"{most} rounds are over")


def in_turn(game: Game, start: Floats) -> Iterator[Found]:
    """One owner at a time, by prices first, then by cuts, until no owner can make the surplus larger by itself."""
    at = _Standing.at(game, IN_TURN, start)
    names, moved = game.joint.owners.names, True
    while moved:
        before = at.cost
        for owner in game.joint.owners.in_turn():
            for plan, why in _proposals(game, owner, at):
                at.judged(game, IN_TURN, names[owner], plan, why)
                yield at.found(game)
        moved = at.cost < before
    yield at.found(game, NOBODY_GAINS)


def _proposals(game: Game, owner: int, at: _Standing) -> Iterator[tuple[Floats, str]]:
    """What an owner proposes, until nothing of its own can be better."""
    plan = game.at_prices(owner, at.units)
    if not np.array_equal(plan, at.units) and game.better(game.least(plan), at.cost):
        yield plan, "best at the prices"
    tried = set[bytes]()
    while True:
        plan, bound = game.by_cuts(owner, at.units)
        if not game.better(bound, at.cost) or plan.tobytes() in tried or np.array_equal(plan, at.units):
            return
        tried.add(plan.tobytes())
        game.look_near(plan)
        if game.better(game.least(plan), at.cost):
            yield plan, "best by what capacity is worth"


def benders(game: Trades, start: Floats, gap: float, time_limit: float, scheme: str = BENDERS) -> Iterator[Found]:
    """All owners' capacity in one master; ends where no plan can be better by more than ``gap``, relative."""
    master = game.master
    at = _Standing.at(game, scheme, start)
    assert game.cuts is not None
    core, begun = game.core(start), beginning(master, game.cuts, -np.inf)
    begun = game.with_plan(begun, start, game.trade(start).priced)
    known = len(begun.designs)
    for state in decompose(master, lambda n: game.trade(n).priced, begun, core, gap, time_limit):
        for plan in state.designs[known + len(at.moves) - 1 :]:
            at.judged(game, scheme, "", np.rint(plan[: start.size]) + 0.0, "best by what capacity is worth")
        yield replace(at.found(game), lower=state.lower)
