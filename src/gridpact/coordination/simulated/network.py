"""A clock of its own, on which things happen one after another, and a network that loses, doubles and delays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from gridpact.coordination.simulated.faults import Faults


class Clock:
    """Simulated seconds; everything random is drawn from ``random``. At ``most_s`` it stops."""

    def __init__(self, random: Random, most_s: float) -> None:
        self.random, self.most_s = random, most_s
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    @property
    def stopped(self) -> bool:
        """Whether time is up."""
        return self.now >= self.most_s

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heappush(self._heap, (self.now + seconds, next(self._order), action))

    def about(self, mean_s: float) -> float:
        """Seconds, exponential."""
        return self.random.expovariate(1.0 / mean_s)

    def again_and_again(self, mean_s: float, action: Callable[[], None]) -> None:
        """About every so many seconds, if that is ever."""

        def happen() -> None:
            self.again_and_again(mean_s, action)
            action()

        if mean_s < inf:
            self.after(self.about(mean_s), happen)

    def until(self, reached: Callable[[], bool], due: float = inf) -> None:
        """Let things happen until something is reached, or the time has come."""
        while not (reached() or self.stopped):
            if not self._heap or self._heap[0][0] > due:
                self.now = min(due, self.most_s)
                return
            self.now, _, action = heappop(self._heap)
            action()


class Network:
    """Between the coordinator and each of the parties; ``happened`` counts what becomes of messages."""

    def __init__(self, clock: Clock, faults: Faults, names: Iterable[str], happened: Counter[str]) -> None:
        self.clock, self.faults, self.happened = clock, faults, happened
        self._cut = dict.fromkeys(names, 0.0)
        clock.again_and_again(faults.cut_every_s, self._cut_off)

    def carry(self, name: str, arrive: Callable[[], None]) -> None:
        """Let a message from or to a party arrive, as often as it does."""
        delays = self.faults.arrivals(self.clock.random)
        if self.clock.now < self._cut[name]:
            self.happened["cut off"] += 1
            return
        self.happened["sent" if delays else "lost"] += 1
        for delay in delays:
            self.clock.after(delay, arrive)

    def _cut_off(self) -> None:
        """Some parties cannot be reached for a while."""
        for name in self._cut:
            if self.clock.random.random() < 0.5:
                self._cut[name] = self.clock.now + self.clock.about(self.faults.cut_s)
