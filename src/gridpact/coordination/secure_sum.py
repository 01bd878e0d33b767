"""The sum of one private number per party, of which nobody sees a single one.

    v_k   the number of party k in micro-units, rounded        m_kj   a random mask that k sends to its successor j
    report of k = v_k + sum of masks sent - sum of masks received        (modulo 2^64)
    sum of all reports = sum of v_k        every mask is in it once with either sign

After Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS 2017, section 3, with
masks that are sent instead of derived from keys. The parties stand in a ring, in the order of the roster; each shares
masks with the next ``reach`` and the previous ``reach`` of them, which with up to 2 reach + 1 parties is everybody.

What it resists: a report is uniformly distributed whatever the number, as long as one neighbour keeps its mask with the
party to itself. The coordinator together with some parties learns the sum over each group of the others that masks
still connect, and a single number only where all its neighbours (8 with the default reach, or all other parties if
fewer) work together against it. Of two parties each knows the other's number from the sum; that cannot be helped.
Masks must travel where the coordinator does not read, and be drawn from ``secrets``: a seed is for tests and for runs
to be repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from gridpact.coordination.message import Floats, Message, MessageError, Quantity
from gridpact.coordination.party import Disclosure, Handler
from gridpact.coordination.transport import Transport
from gridpact.errors import InputError

SHARE_MASKS, MASKS_SHARED = "share_masks", "masks_shared"
MASK, MASK_TAKEN = "mask", "mask_taken"
MASKED = "masked_benefit"
WORD_UNIT = "micro-units mod 2^64, low and high 32 bits"

PER_UNIT = 10**6
MODULUS = 2**64
HALF = 2**32
ROOM = 2**62
REACH = 4
# Rounds that a sum takes: one for the masks, one for the reports.
ROUNDS = 2


def fixed(value: float, parties: int) -> int:
    """A number in micro-units, rounded; raises ``InputError`` where ``parties`` such numbers might overflow."""
    if not np.isfinite(value):
        raise InputError(f"A number to be summed must be finite, not {value}.")
    micro = round(Fraction(float(value)) * PER_UNIT)
    if abs(micro) > ROOM // parties:
        most = ROOM / parties / PER_UNIT
        raise InputError(f"{value:g} is too large for a sum of {parties} parties; at most {most:.6g} can be summed.")
    return micro


def halves(word: int) -> Floats:
    """A word of 64 bits as two numbers, (2,), that float64 holds exactly: low and high half."""
    return np.array([word % HALF, word // HALF], dtype=np.float64)


def word(values: Floats) -> int:
    """The word of its halves; raises ``MessageError`` for anything but two whole numbers from 0 to 2^32 - 1."""
    low, high = values.tolist() if len(values) == 2 else (-1.0, -1.0)
    if not (low.is_integer() and high.is_integer() and 0 <= low < HALF and 0 <= high < HALF):
        raise MessageError(f"A masked number must be two whole numbers from 0 to 2^32 - 1, not {values!r:.80}.")
    return int(low) + HALF * int(high)


def mask_source(name: str, seed: int | None) -> Callable[[], int]:
    """Draws words of 64 bits: from ``secrets``, or repeatably from a seed and the name of the party."""
    if seed is None:
        return lambda: secrets.randbits(64)
    random = np.random.default_rng([seed, *name.encode()])
    return lambda: int(random.integers(MODULUS, dtype=np.uint64))


@dataclass(eq=False)
class _Run:
    """What a party keeps of a run. A second, other report under the same masks would show the difference."""

    sent: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    report: int | None = None


class Masks:
    """One party's side of a sum: its masks of each run, and its report."""

    def __init__(self, name: str, roster: Sequence[str], draw: Callable[[], int], reach: int = REACH) -> None:
        if len(roster) < 2 or len(set(roster)) < len(roster) or name not in roster or reach < 1:
            raise InputError(f"{name!r} needs a roster of two or more different names with its own, and a reach of 1.")
        self.name = name
        self.parties = len(roster)
        place, steps = list(roster).index(name), range(1, min(reach, self.parties // 2) + 1)
        self.successors = tuple(roster[(place + step) % self.parties] for step in steps)
        self.predecessors = tuple(roster[(place - step) % self.parties] for step in steps)
        self.disclosures = (Disclosure(MASK, MASK, WORD_UNIT, 2), Disclosure(MASKED, MASKED, WORD_UNIT, 2))
        self._draw = draw
        self._runs: dict[str, _Run] = {}

    def share(self, request: Message, transport: Transport) -> Message:
        """Send a mask to every successor; the same ones if asked again."""
        sent = self._of(request).sent
        for successor in self.successors:
            mask = Quantity(MASK, WORD_UNIT, halves(sent.setdefault(successor, self._draw())))
            transport.call(Message(request.run, request.round, self.name, successor, MASK, (mask,)))
        return request.reply(MASKS_SHARED)

    def take(self, message: Message) -> Message:
        """Keep the mask of a predecessor; raises ``MessageError`` for one of anybody else, and for a second one."""
        if message.sender not in self.predecessors:
            raise MessageError(f"{self.name!r} shares no mask with {message.sender!r}.")
        mask = word(message[MASK])
        if self._of(message).received.setdefault(message.sender, mask) != mask:
            raise MessageError(f"{message.sender!r} sent {self.name!r} two masks in the run {message.run!r}.")
        return message.reply(MASK_TAKEN)

    def handlers(self, transport: Transport) -> dict[str, Handler]:
        """How a party answers those who share masks through a transport."""
        return {SHARE_MASKS: lambda request: self.share(request, transport), MASK: self.take}

    def report(self, request: Message, value: float) -> Message:
        """The number under its masks; raises ``MessageError`` while one is missing, ``InputError`` for too large."""
        run = self._of(request)
        missing = [name for name in self.successors if name not in run.sent]
        missing += [name for name in self.predecessors if name not in run.received]
        if missing:
            raise MessageError(f"{self.name!r} shares no mask with {missing[0]!r} yet in the run {request.run!r}.")
        if run.report is None:
            masks = sum(run.sent.values()) - sum(run.received.values())
            run.report = (fixed(value, self.parties) + masks) % MODULUS
        return request.reply(MASKED, Quantity(MASKED, WORD_UNIT, halves(run.report)))

    def _of(self, message: Message) -> _Run:
        return self._runs.setdefault(message.run, _Run())


def secure_sum(
    transport: Transport, run: str, coordinator: str, roster: Sequence[str], first: int = 0, derived: bool = False
) -> float:
    """Sum of the parties' numbers, each rounded to micro-units, in the rounds ``first`` and ``first + 1`` of the run.

    Masks that are ``derived`` need no round of their own. Raises ``MessageError`` for a report that is none, and what
    the parties and the transport raise.
    """
    if not derived:
        transport.call_all([Message(run, first, coordinator, name, SHARE_MASKS) for name in roster])
    reports = transport.call_all([Message(run, first + 1, coordinator, name, MASKED) for name in roster])
    total = sum(word(report[MASKED]) for report in reports) % MODULUS
    return (total - MODULUS if total >= MODULUS // 2 else total) / PER_UNIT


def rounding(parties: int) -> float:
    """The most by which a sum of ``parties`` rounded numbers can be wrong."""
    return parties / (2 * PER_UNIT)
