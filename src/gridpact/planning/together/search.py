"""From a scheme to a plan that stands: what its way misses is found by the others, and how much may be left is proven.

in_turn        begin with what each would build alone; one owner at a time; then all together by the master
alternating    all at once; where it stalls or goes round in a circle, on from its best plan as in_turn
benders        all together from the beginning

What all together have found is good within the gap; then it is seen to that nobody gains by moving alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from gridpact.case.case import Floats
from gridpact.planning.together.game import Game
from gridpact.planning.together.schemes import Found, Move, alternating, benders, in_turn
from gridpact.results.together import ALL_TOGETHER


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
    began, legs, moves = perf_counter(), list[Leg](), list[Move]()

    def gone(name: str, way: Iterator[Found]) -> Found:
        found: Found | None = None
        for found in way:
            told(found)
            if perf_counter() - began > time_limit:
                found = replace(found, ended="time is up")
                break
        assert found is not None
        moves.extend(found.moves)
        ended = found.ended or "no plan can be better by more than the gap"
        legs.append(Leg(name, found.units, found.cost, game.solves, perf_counter() - began, ended))
        return found

    units = start
    if scheme == "alternating":
        units = gone("alternating", alternating(game, units, game.at_quantities)).units
    if scheme != "benders":
        units = gone("in_turn", in_turn(game, units)).units
    left = max(0.0, time_limit - (perf_counter() - began))
    name = "benders" if scheme == "benders" else ALL_TOGETHER
    last = gone(name, benders(game, units, gap, left, name))
    lower = last.lower
    if scheme == "benders" or not np.array_equal(last.units, units):
        last = gone("in_turn", in_turn(game, last.units))
    return Searched(last.units, last.cost, min(lower, last.cost), tuple(moves), tuple(legs))


def begun(game: Game, designs: tuple[dict[str, int], ...]) -> Floats:
    """The units with which all begin: what each would build alone."""
    names = game.joint.problem.candidates.names
    together = {name: units for design in designs for name, units in design.items()}
    return np.array([float(together.get(name, 0)) for name in names])
