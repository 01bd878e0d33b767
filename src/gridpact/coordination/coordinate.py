"""Rounds of a coordination until quantities and prices agree: acceleration, penalty, residuals.

Two copies of every coupling quantity, x above and y below, are to be equal at one price. A method (``atc``,
``cf_admm``) turns a state and a penalty into answers and a step of the state. What is added here:

    primal residual   |x - y| / max(|x|, |y|)
    dual residual     |difference of the prices that both sides' answers are optimal at| / |price|

in Euclidean lengths over all quantities (Boyd et al. 2011, section 3.3, relative), quantities being no less than a
thousandth of the largest so far. Both are residuals of the optimality conditions of the whole at (x, y), whatever led
there: the answers are agreed to both tolerances or not at all. Anderson acceleration acts on the state in the metric of
the penalty. The penalty starts low, follows the ratio of the primal residual and the movement of the answers, and
stands still after the last of ``MOVES``, from when on the method is known to converge. A penalty that only grows
freezes answers at a wrong point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.anderson import Anderson

Floats = NDArray[np.float64]

# Rounds after which the penalty moves, by at most the method's ``farthest``, where it would move by more than WORTH. It
# is to be such that the method's eagerness times the primal residual equals the movement of the answers in money; where
# that has not led to agreement, prices are what is slow, and from LATE on it is PATIENT times. Of a method with several
# sequences, which take turns, these are rounds of each.
MOVES = (*range(3, 31, 3), *range(36, 61, 6))
WORTH = 1.5
PATIENT, LATE = 0.3, 33
# Quantities count as no smaller than this share of the largest so far, nor than what is nothing: who agrees on nothing
# at all agrees.
LEAST, NOTHING = 1e-3, 1e-9


@dataclass(frozen=True, eq=False)
class Sweep:
    """Answers above and below, the price f'(x) above, the mismatch of the prices both act at.

    ``point`` moves by ``step``, plainly, and is the first part of the next state; ``rest`` is what follows it there.
    """

    above: Floats
    below: Floats
    price: Floats
    mismatch: Floats
    point: Floats
    step: Floats
    rest: Floats


class Method(Protocol):
    """A way to coordinate: states are vectors of any length; ``eagerness`` is how large a penalty it likes.

    ``farthest`` is by how much that may move at once. ``sequences`` of points take turns, round by round.
    """

    @property
    def eagerness(self) -> float: ...

    @property
    def farthest(self) -> float: ...

    @property
    def sequences(self) -> int: ...

    def sweep(self, state: Floats, penalty: Floats) -> Sweep: ...

    def state(self, quantity: Floats, price: Floats, penalty: Floats) -> Floats:
        """The state at which everybody would agree on ``quantity`` at ``price``."""
        ...

    def centre(self, state: Floats, found: Sweep) -> Floats:
        """What the next state is measured from: prices are the penalty times the distance."""
        ...


@dataclass(frozen=True, eq=False)
class Round:
    """Residuals, relative; the mean penalty; seconds since the beginning."""

    primal: float
    dual: float
    penalty: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Coordinated:
    """The last answers, their price, the penalty, and how it went."""

    above: Floats
    below: Floats
    price: Floats
    penalty: Floats
    rounds: list[Round]

    def within(self, tolerance: float) -> bool:
        """Whether the last answers agree."""
        return max(self.rounds[-1].primal, self.rounds[-1].dual) <= tolerance


def coordinate(
    method: Method,
    quantity: Floats,
    price: Floats,
    penalty: Floats,
    tolerance: float,
    most_rounds: int,
    told: Callable[[Round], None] | None = None,
    or_last: bool = False,
) -> Coordinated:
    """Answers that agree within ``tolerance`` in both residuals, from a first quantity, price and penalty (each (n,)).

    Raises ``NotConverged`` after ``most_rounds``, where the last answers will not do (``or_last``), and for answers
    that are not numbers.
    """
    started, rounds = perf_counter(), []
    state = method.state(quantity, price, penalty)
    faster = [Anderson(_metric(penalty)) for _ in range(method.sequences)]
    before, least = [quantity] * method.sequences, max(NOTHING, LEAST * _length(quantity))
    for done in range(1, most_rounds + 1):
        found = method.sweep(state, penalty)
        least = max(least, LEAST * _length(found.above), LEAST * _length(found.below))
        rounds.append(_judged(found, penalty, least, perf_counter() - started))
        if told is not None:
            told(rounds[-1])
        if max(rounds[-1].primal, rounds[-1].dual) <= tolerance:
            return Coordinated(found.above, found.below, found.price, penalty, rounds)
        turn, whose = divmod(done, method.sequences)
        state = np.concatenate([faster[whose].step(found.point, found.step), found.rest])
        if turn in MOVES and not whose:
            eagerness = method.eagerness if turn < LATE else PATIENT
            factor = _factor(found, penalty * (found.below - before[0]), least, eagerness, method.farthest)
            if factor != 1.0:
                centre = method.centre(state, found)
                state, penalty = centre + (state - centre) / factor, penalty * factor
                faster = [Anderson(_metric(penalty)) for _ in faster]
        before = [*before[1:], found.below]
    if or_last:
        return Coordinated(found.above, found.below, found.price, penalty, rounds)
    raise no_agreement(rounds, tolerance)


def no_agreement(rounds: list[Round], tolerance: float) -> NotConverged:
    """The error to raise after so many rounds."""
    last = rounds[-1]
    return NotConverged(
        f"No agreement after {len(rounds)} rounds: quantities still differ by {last.primal:.3g} and prices by "
        f"{last.dual:.3g} (relative; asked {tolerance:.3g}). Allow more rounds, or a larger tolerance."
    )


def _judged(found: Sweep, penalty: Floats, least: float, seconds: float) -> Round:
    primal = _relative(found.below - found.above, least, found.above, found.below)
    dual = _relative(found.mismatch, 0.0, found.price)
    if not np.isfinite(primal + dual):
        raise NotConverged("The coordination was broken off: an answer is not a number.")
    return Round(primal, dual, float(penalty.mean()), seconds)


def _length(vector: Floats) -> float:
    return float(np.linalg.norm(vector))


def _relative(difference: Floats, least: float, *to: Floats) -> float:
    """Length of a difference over the largest length of some vectors; zero where there is no difference at all."""
    size, largest = _length(difference), max(least, *map(_length, to))
    return size / max(largest, np.finfo(np.float64).tiny) if size else 0.0


def _factor(found: Sweep, moved: Floats, least: float, eagerness: float, farthest: float) -> float:
    """By how much the penalty should grow: answers that move little while they differ much need a larger one."""
    apart = _relative(found.below - found.above, least, found.below)
    ratio = eagerness * apart / max(_relative(moved, 0.0, found.price), 1e-12)
    factor = float(np.clip(np.sqrt(ratio), 1.0 / farthest, farthest))
    return factor if factor > WORTH or factor < 1.0 / WORTH else 1.0


def _metric(penalty: Floats) -> Floats:
    return np.asarray(np.sqrt(penalty / penalty.max(initial=np.finfo(np.float64).tiny)))
