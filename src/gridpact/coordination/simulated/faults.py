"""What goes wrong in a simulation: messages, connections, processes and disks, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from gridpact.coordination.kept.journal import JournalError, MemoryLog


@dataclass(frozen=True)
class Faults:
    """Probabilities of each message and record, and seconds.

    A message is lost with probability ``loss``, comes twice with ``doubled``, after ``delay_s`` in the mean
    (exponential, so that messages overtake each other), and with ``late`` only after up to ``late_s``. About every
    ``cut_every_s`` some parties cannot be reached for about ``cut_s``; about every ``crash_every_s`` a process dies,
    for about ``down_s``. It also dies at a record with probability ``dying`` (before or after writing it), or because
    the disk is full with ``full``. No more than ``deaths`` in all. A death is one of the whole machine with probability
    ``power``: records since the last durable one are lost.
    """

    loss: float = 0.0
    doubled: float = 0.0
    delay_s: float = 0.005
    late: float = 0.0
    late_s: float = 0.5
    cut_every_s: float = float("inf")
    cut_s: float = 0.2
    crash_every_s: float = float("inf")
    down_s: float = 0.2
    dying: float = 0.0
    full: float = 0.0
    power: float = 0.0
    deaths: int = 10

    def arrivals(self, random: Random) -> list[float]:
        """After how many seconds the copies of a message arrive."""
        if random.random() < self.loss:
            return []
        copies = 2 if random.random() < self.doubled else 1
        return [self._delay(random) for _ in range(copies)]

    def _delay(self, random: Random) -> float:
        if random.random() < self.late:
            return random.uniform(0.0, self.late_s)
        return random.expovariate(1.0 / self.delay_s)


class Crash(BaseException):
    """The process ``who`` is gone. No program catches it."""

    def __init__(self, who: str) -> None:
        self.who = who
        super().__init__(who)


@dataclass(eq=False)
class FragileLog(MemoryLog):
    """A journal at whose records the process of ``who`` may die; what outlasts it is what ``revive`` leaves."""

    who: str = ""
    faults: Faults = field(default_factory=Faults)
    random: Random = field(default_factory=Random)
    mortal: Callable[[], bool] = lambda: True
    lasting: int = 0

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        risky = (self.faults.dying or self.faults.full) and self.mortal()
        draw = self.random.random() if risky else 1.0
        if draw < self.faults.full:
            raise JournalError("The disk is full (simulated).")
        if draw < self.faults.full + self.faults.dying / 2.0:
            raise Crash(self.who)
        super().append(kind, payload, durable)
        if durable:
            self.lasting = len(self.records)
        if draw < self.faults.full + self.faults.dying:
            raise Crash(self.who)

    def revive(self) -> None:
        """The process is there again, and with it what has outlasted its death."""
        if self.random.random() < self.faults.power:
            del self.records[self.lasting :]
