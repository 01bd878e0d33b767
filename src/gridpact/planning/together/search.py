"""From a scheme to a plan that stands: what its way misses is found by the others, and how much may be left is proven.

in_turn        begin with what each would build alone; one owner at a time; then all together by the master
alternating    all at once; where it stalls or goes round in a circle, on from its best plan as in_turn
benders        all together from the beginning

What all together have found is good within the gap; then it is seen to that nobody gains by moving alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.together.apart import Apart, UpperApart, in_turn_apart
from gridpact.planning.together.game import Game, Trades
from gridpact.planning.together.schemes import CLOSED, Found, Move, alternating, benders, in_turn
from gridpact.results.together import ALL_TOGETHER, ALTERNATING, BENDERS, IN_TURN


@dataclass(frozen=True, eq=False)
class Leg:
    """What one scheme came to: its best plan, upper levels solved and seconds so far, and why it ended."""

    scheme: str
    units: Floats
    cost: float
    solves: int
    seconds: float
    ended: str


@dataclass(frozen=True, eq=False)
class Searched:
    """The plan, its cost, a bound of the cost of all plans, every move, and the legs of the way."""

    units: Floats
    cost: float
    lower: float
    moves: tuple[Move, ...]
    legs: tuple[Leg, ...]

    @property
    def gap(self) -> float:
        """(cost - lower) / max(1, |cost|)."""
        return max(0.0, self.cost - self.lower) / max(1.0, abs(self.cost))


def searched(
    game: Game,
    start: Floats,
    scheme: str,
    gap: float,
    time_limit: float,
    told: Callable[[Found], None],
    alone: bool = True,
) -> Searched:
    """A plan by a scheme, better than which no other is by more than ``gap``, as far as time allows.

    With ``alone`` nobody gains by moving alone in the end.
    """
    way, units = _Way(time_limit, told), start
    if scheme == ALTERNATING:
        units = way.gone(ALTERNATING, alternating(game, units, game.at_quantities)).units
    if scheme != BENDERS:
        units = way.gone(IN_TURN, in_turn(game, units)).units
    name = BENDERS if scheme == BENDERS else ALL_TOGETHER
    last = way.gone(name, benders(game, units, gap, way.left, name))
    lower = last.lower
    if alone and (scheme == BENDERS or not np.array_equal(last.units, units)):
        last = way.gone(IN_TURN, in_turn(game, last.units))
    return way.ended(last, lower)


def searched_apart(
    at: Apart, start: Floats, scheme: str, gap: float, time_limit: float, told: Callable[[Found], None]
) -> Searched:
    """The same where owners keep their data to themselves; alternating is not among the schemes."""
    way, units = _Way(time_limit, told), start
    if scheme != BENDERS:
        way.gone(IN_TURN, in_turn_apart(at))
        units = at.revealed()  # what stands, also where time was up before the end
    name = BENDERS if scheme == BENDERS else ALL_TOGETHER
    trades = Trades(at.public.master, UpperApart(at), at.public.core, solves=at.heard)
    last = way.gone(name, benders(trades, units, gap, way.left, name))
    return way.ended(last, last.lower)


@dataclass(eq=False)
class _Way:
    """The legs gone and the moves made since it began."""

    time_limit: float
    told: Callable[[Found], None]
    began: float = field(default_factory=perf_counter)
    legs: list[Leg] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    @property
    def left(self) -> float:
        return max(0.0, self.time_limit - (perf_counter() - self.began))

    def gone(self, name: str, way: Iterator[Found]) -> Found:
        """One scheme to its end, or until time is up."""
        found: Found | None = None
        for found in way:
            self.told(found)
            if not self.left:
                found = replace(found, ended="time is up")
                break
        assert found is not None
        self.moves += found.moves
        ended = found.ended or CLOSED
        self.legs.append(Leg(name, found.units, found.cost, found.solves, perf_counter() - self.began, ended))
        return found

    def ended(self, last: Found, lower: float) -> Searched:
        return Searched(last.units, last.cost, min(lower, last.cost), tuple(self.moves), tuple(self.legs))
