"""From a scheme to a plan that stands: what its way misses is found by the others, and how much may be left is proven.

in_turn        begin with what each would build alone; one owner at a time; then all together by the master
alternating    all at once; where it stalls or goes round in a circle, on from its best plan as in_turn
benders        all together from the beginning
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.together.apart import Apart, UpperApart, in_turn_apart, master_apart
from gridpact.planning.together.game import Game
from gridpact.planning.together.schemes import Found, Move, alternating, benders, in_turn
from gridpact.programs.batch import InProcess

SCHEMES = ("in_turn", "benders", "alternating")
ALL_TOGETHER = "all together"


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
    game: Game, start: Floats, scheme: str, gap: float, time_limit: float, told: Callable[[Found], None]
) -> Searched:
    """A plan by a scheme, better than which no other is by more than ``gap``, as far as time allows."""
    way, units = _Way(time_limit, told), start
    if scheme == "alternating":
        units = way.gone("alternating", alternating(game, units, game.at_quantities)).units
    if scheme != "benders":
        units = way.gone("in_turn", in_turn(game, units)).units
    name = "benders" if scheme == "benders" else ALL_TOGETHER
    return way.ended(way.gone(name, benders(game, units, gap, way.left, name)))


def searched_apart(
    at: Apart, start: Floats, scheme: str, gap: float, time_limit: float, told: Callable[[Found], None]
) -> Searched:
    """The same where owners keep their data to themselves; alternating is not among the schemes."""
    way, units = _Way(time_limit, told), start
    if scheme != "benders":
        units = way.gone("in_turn", in_turn_apart(at)).units
    name = "benders" if scheme == "benders" else ALL_TOGETHER
    game = Game(at.joint, master_apart(at.joint), UpperApart(at), InProcess(), gap)
    return way.ended(way.gone(name, benders(game, units, gap, way.left, name)))


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
        solves = found.solves + (self.legs[-1].solves if self.legs and found.solves < self.legs[-1].solves else 0)
        ended = found.ended or "no plan can be better by more than the gap"
        self.legs.append(Leg(name, found.units, found.cost, solves, perf_counter() - self.began, ended))
        return found

    def ended(self, last: Found) -> Searched:
        return Searched(last.units, last.cost, min(last.lower, last.cost), tuple(self.moves), tuple(self.legs))


def begun(game: Game, designs: tuple[dict[str, int], ...]) -> Floats:
    """The units with which all begin: what each would build alone."""
    names = game.joint.problem.candidates.names
    together = {name: units for design in designs for name, units in design.items()}
    return np.array([float(together.get(name, 0)) for name in names])
