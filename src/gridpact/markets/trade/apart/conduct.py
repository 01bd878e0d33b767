"""Both stages of a trade between parties that are asked by messages alone: what the coordinator does.

It knows what is public (``PublicMarket``) and what it is told, and it is the same wherever the parties are. Exchanges
are agreed on as in ``stage_one``; the network then takes what the microgrids can do, each settles its own side, and at
the network's prices each says what it could still gain: the sum of that bounds what any dispatch could save. Payments
are bargained about as in ``stage_two``, under masks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.coordinate import Coordinated, Method, Round, coordinate, no_agreement
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import ASK_FIXED, EXCHANGE, FIXED, PRICE, TARGET, WEIGHT
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.transport import Transport
from gridpact.errors import NotConverged
from gridpact.markets.trade.apart import words as w
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.opening import METHODS, opening

Floats = NDArray[np.float64]
COORDINATOR = "coordinator"
# Turns in which both sides meet; the difference, per unit, at which they have, and one that will do after the last.
MEETINGS, MET, NEARLY = 10, 1e-7, 1e-6
# Regrets over the money that changes hands that count as none; how fine further rounds become, how many there are at a
# time, and how often.
SAME, FINEST, POLISHING, POLISHED = 1e-6, 1e-3, 12, 8
Tell = Callable[[Round], None]


@dataclass(frozen=True, eq=False)
class Agreed:
    """Exchanges that all keep to: ``vector`` (n,) per unit, active then reactive of each microgrid, at ``slope`` f'.

    ``regrets`` (parties,) in currency, the operator's last; ``sizes`` of each microgrid's part; ``rounds`` until both
    residuals were small enough, and ``polishing`` rounds after that.
    """

    vector: Floats
    slope: Floats
    regrets: Floats
    sizes: tuple[int, ...]
    rounds: int
    polishing: int


@dataclass(eq=False)
class Floor:
    """The coordinator among the parties: everybody is asked in the order of the roster, in rounds that are counted."""

    public: PublicMarket
    transport: Transport
    run: str = "settling"
    turn: int = 0

    def ask(self, kind: str, name: str, *quantities: Quantity) -> Message:
        """The answer of one party."""
        return self._answers([self._question(kind, name, quantities)])[0]

    def ask_microgrids(self, kind: str, *rows: list[Quantity]) -> list[Message]:
        """The answers of all microgrids to a kind of question, each with its own quantities."""
        given = list(zip(*rows, strict=True)) or [()] * len(self.public.microgrids)
        return self._answers(
            [self._question(kind, name, own) for name, own in zip(self.public.microgrids, given, strict=True)]
        )

    def _question(self, kind: str, name: str, quantities: tuple[Quantity, ...]) -> Message:
        return Message(self.run, self.turn, COORDINATOR, name, kind, tuple(quantities))

    def _answers(self, questions: list[Message]) -> list[Message]:
        self.turn += 1
        return self.transport.call_all(questions)


def agreed(floor: Floor, told: Tell | None = None) -> Agreed:
    """Stage one. Raises ``NotConverged`` where there is no agreement, and what parties and transport raise."""
    public = floor.public
    _introduced(floor)
    asked = roster(floor.transport, "stage one", COORDINATOR, public.operator, public.microgrids, public.sizes)
    way = METHODS[public.method](asked)
    found, rounds, polishing = _rounds(floor, asked, way, told)
    for last in [False] * POLISHED + [True]:
        settled = _settled(floor, asked, found, last)
        if settled is not None and (last or float(settled[2].sum()) <= SAME * _volume(*settled[:2])):
            break
        found = _finer(way, found, public.tolerance, told)
        polishing += len(found.rounds)
    assert settled is not None
    return Agreed(*settled, public.sizes, rounds, polishing)


def _rounds(floor: Floor, asked: Roster, way: Method, told: Tell | None) -> tuple[Coordinated, int, int]:
    """The agreement, rounds to it with the opening one, and rounds at real flows where the relaxation invents losses.

    Where it invents so many that the rounds lead nowhere, they begin again at real flows.
    """
    public = floor.public
    begin = opening(asked, public.first_price, public.money)
    first = coordinate(way, *begin, public.tolerance, public.rounds, told, or_last=True)
    agreed, again = first.within(public.tolerance), public.exactness in ("repair", "certify")
    if again and _answers_exactly(floor, first):
        known = (first.below, first.price, first.penalty) if agreed else begin
        found = coordinate(way, *known, public.tolerance, public.rounds, told)
        return found, len(first.rounds) + 1, len(found.rounds)
    if not agreed:
        raise no_agreement(first.rounds, public.tolerance)
    return first, len(first.rounds) + 1, 0


def _volume(vector: Floats, slope: Floats) -> float:
    """Money that changes hands at the prices, and no less than one."""
    return max(1.0, float(np.abs(vector * slope).sum()))


def _finer(way: Method, found: Coordinated, tolerance: float, told: Tell | None) -> Coordinated:
    """A few more rounds, to a finer tolerance."""
    known = found.below, found.price, found.penalty
    return coordinate(way, *known, FINEST * tolerance, POLISHING, told, or_last=True)


def _introduced(floor: Floor) -> None:
    """The operator learns what reactive power is fixed, and whose is not."""
    public, steps = floor.public, floor.public.steps
    stated = [answer[FIXED] for answer in floor.ask_microgrids(ASK_FIXED)]
    fixed = [np.zeros(steps) if free else sized(row, steps) for free, row in zip(public.free, stated, strict=True)]
    free = w.row(w.FREE, w.FLAG, 1.0 * np.array(public.free))
    floor.ask(w.REACTIVE, public.operator, w.row(w.Q, w.PER_UNIT, np.array(fixed)), free)


def _answers_exactly(floor: Floor, found: Coordinated) -> bool:
    """Whether the operator's relaxation invents losses at an agreement: it answers by real flows from now on."""
    proposal = _proposal(-found.price, found.below, found.penalty)
    return bool(floor.ask(w.EXACT, floor.public.operator, *proposal).number(w.EXACT))


def _proposal(price: Floats, target: Floats, weight: Floats) -> tuple[Quantity, ...]:
    return w.row(PRICE, w.SLOPE, price), w.row(TARGET, w.PER_UNIT, target), w.row(WEIGHT, "currency/p.u.^2", weight)


def _settled(floor: Floor, asked: Roster, found: Coordinated, last: bool) -> tuple[Floats, Floats, Floats] | None:
    """Exchanges, prices and regrets; None where the sides do not meet, which raises ``NotConverged`` at last."""
    public, scale = floor.public, max(floor.public.money, float(np.abs(found.price).max(initial=0.0)))
    size = w.number(w.SCALE, w.SLOPE, scale)
    target = found.below
    for _ in range(MEETINGS):
        done = _done(floor, asked, found.price, target, size)
        near = w.row(PRICE, w.SLOPE, -found.price), w.row(TARGET, w.PER_UNIT, done), size
        away = sized(floor.ask(w.SETTLE, public.operator, *near)[EXCHANGE], done.size) - done
        if np.abs(away).max(initial=0.0) <= MET:
            break
        target = done + 2.0 * away  # a little further than it can take: inside its limits
    taken, slope = _fixed(floor, found, done)
    if np.abs(taken - done).max(initial=0.0) > MET:
        done = _done(floor, asked, found.price, taken, size)
    apart = float(np.abs(taken - done).max(initial=0.0))
    if not apart <= NEARLY:
        if last:
            differ = f"what it can take differs from what they can do by {apart * public.base_mva:.3g} MW"
            raise NotConverged(f"The network and the microgrids do not meet: {differ}.")
        return None
    return taken, slope, _regrets(floor, asked, slope, taken)


def _done(floor: Floor, asked: Roster, price: Floats, target: Floats, size: Quantity) -> Floats:
    """What the microgrids can do, as near to a target as they can."""
    prices, targets = (
        [w.row(name, unit, piece) for piece in asked.pieces(vector)]
        for name, unit, vector in ((PRICE, w.SLOPE, price), (TARGET, w.PER_UNIT, target))
    )
    answers = floor.ask_microgrids(w.SETTLE, prices, targets, [size] * len(prices))
    return np.concatenate([sized(answer[EXCHANGE], count) for answer, count in zip(answers, asked.sizes, strict=True)])


def _fixed(floor: Floor, found: Coordinated, done: Floats) -> tuple[Floats, Floats]:
    """What the network takes and the slope of its cost there."""
    answer = floor.ask(w.FIX, floor.public.operator, *_proposal(-found.price, done, found.penalty))
    return sized(answer[EXCHANGE], done.size), sized(answer[w.SLOPES], done.size)


def _regrets(floor: Floor, asked: Roster, slope: Floats, taken: Floats) -> Floats:
    """What each could still gain at the prices, (parties,)."""
    prices = [w.row(PRICE, w.SLOPE, piece) for piece in asked.pieces(slope)]
    below = [answer.number(w.REGRET) for answer in floor.ask_microgrids(w.REGRET, prices)]
    above = floor.ask(w.REGRET, floor.public.operator, w.row(PRICE, w.SLOPE, -slope))
    return np.array([*below, above.number(w.REGRET)])


def sized(values: Floats, size: int) -> Floats:
    """Numbers that must be so many; raises ``MessageError``."""
    if values.size != size:
        raise MessageError(f"An answer has {values.size} numbers where {size} were asked for.")
    return values
