"""A market of several machines in one process, on a clock of its own, with everything going wrong that can.

The same hub, seats and algorithm as over a network; between them messages that are lost, doubled, late and out of
order, parties that cannot be reached, processes that die and begin again from their journals. All is drawn from a
seed: the same seed is the same history. Calls are made again until there is a reply, as over gRPC; the algorithm's
transport lets events happen until a batch is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from random import Random

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.kept.journal import JournalError
from gridpact.coordination.message import Message
from gridpact.coordination.simulated.faults import Crash, Faults, FragileLog
from gridpact.coordination.simulated.history import History, Setup
from gridpact.coordination.simulated.network import Clock, Network
from gridpact.coordination.simulated.parties import Parties

COORDINATOR = "coordinator"
# Time after which a history ends, whatever has become of it.
MOST_S = 600.0


def run(setup: Setup, seed: int, faults: Faults) -> History:
    """The history of a seed."""
    world = World(setup, seed, faults)
    while not world.finished:
        world.live()
    return world.told()


class World:
    """All processes; ``hub`` is None while the coordinator is down."""

    def __init__(self, setup: Setup, seed: int, faults: Faults) -> None:
        random, names = Random(seed), (COORDINATOR, *setup.seats)  # noqa: S311
        self.setup, self.faults, self.history = setup, faults, History(seed, faults)
        self.clock = Clock(random, MOST_S)
        self.network = Network(self.clock, faults, setup.seats, self.history.happened)
        self.logs = {name: FragileLog(who=name, faults=faults, random=random, mortal=self.mortal) for name in names}
        self.parties = Parties(
            setup, self.clock, self.network, self.logs, self.history, self.called, self.somebody_died
        )
        self.hub: Hub | None = None
        self._deaths = 0
        self._waiting: set[str] = set()
        self.clock.again_and_again(faults.crash_every_s, self._kill_somebody)

    @property
    def finished(self) -> bool:
        """Whether everybody has come to an end, or time is up."""
        return self.clock.stopped or (self.hub is not None and self.hub.over and self.parties.over)

    def live(self) -> None:
        """One life of the coordinator: until it dies, or all is over."""
        try:
            self.hub = self.setup.hub(self.logs[COORDINATOR])
            self.hub.expect(self.clock.now, self.hub.terms.deadline_s)
            self._conduct(self.hub)
            self.clock.until(lambda: self.finished)
        except (Crash, JournalError) as death:
            self.history.happened["coordinator dies" if isinstance(death, Crash) else "coordinator's disk is full"] += 1
            self._down()

    def told(self) -> History:
        """What has come of it."""
        for name, one in {COORDINATOR: self.hub, **self.parties.seats}.items():
            self.history.end(name, one)
        self.history.seconds = self.clock.now
        return self.history

    def mortal(self) -> bool:
        """Whether somebody may still die."""
        return self._deaths < self.faults.deaths

    def somebody_died(self) -> None:
        self._deaths += 1

    def called(self, name: str, call: bytes) -> None:
        """A call arrives at the coordinator, where there is one."""
        if self.hub is None:
            return
        reply = self.hub.receive(name, call, self.clock.now)
        if reply is None:
            self._waiting.add(name)
        else:
            self.parties.reply(name, reply)
        self.serve(self.hub)

    def serve(self, hub: Hub) -> None:
        """Reply to those who wait, where there is something to say now."""
        for name in sorted(self._waiting):
            reply = hub.reply_to(name)
            if reply is not None:
                self._waiting.discard(name)
                self.parties.reply(name, reply)

    def _conduct(self, hub: Hub) -> None:
        """The algorithm, as far as this life of the coordinator goes."""
        try:
            conduct(Floor(self, hub), self.setup.algorithm, self.setup.fallback)
        except Aborted:
            self.history.happened["aborted"] += 1
        self.serve(hub)

    def _down(self) -> None:
        """The coordinator is away for a while; meanwhile calls go nowhere."""
        self.hub = None
        self.somebody_died()
        self._waiting.clear()
        self.clock.until(lambda: False, self.clock.now + self.clock.about(self.faults.down_s))
        self.logs[COORDINATOR].revive()

    def _kill_somebody(self) -> None:
        if not self.mortal():
            return
        who = self.clock.random.choice(list(self.logs))
        if who != COORDINATOR:
            self.parties.kill(who)
        elif self.hub is not None:
            raise Crash(who)


class Floor:
    """The coordinator's transport: it lets events happen until there are answers, or the deadline has passed."""

    def __init__(self, world: World, hub: Hub) -> None:
        self.world, self.hub, self.clock = world, hub, world.clock

    def assemble(self) -> None:
        self._until(lambda: self.hub.state is not State.OPEN)

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        if not messages:
            return []
        self.hub.post(messages, self.clock.now)
        self.world.serve(self.hub)
        self._until(lambda: self.hub.answered)
        answers = self.hub.answers()
        assert answers is not None
        return answers

    def sign(self, document: bytes, fallback: bool = False) -> SignedOutcome:
        self.hub.finish(document, self.clock.now, fallback)
        self.world.serve(self.hub)
        self._until(lambda: self.hub.over)
        outcome = self.hub.outcome
        assert outcome is not None
        return outcome

    def abort(self, why: str) -> Aborted:
        self.hub.abort(COORDINATOR, why)
        assert self.hub.ending is not None
        return Aborted(self.hub.ending)

    def _until(self, reached: Callable[[], bool]) -> None:
        """Let events happen until something is reached; raises ``Aborted``, also where the deadline has passed."""
        while not (reached() or self.hub.over):
            if self.clock.stopped:
                raise Crash(COORDINATOR)  # nothing will happen any more
            due = inf if self.hub.due is None else self.hub.due + 1e-6
            self.clock.until(lambda: reached() or self.hub.over, due)
            self.hub.tick(self.clock.now)
        if self.hub.ending is not None:
            raise Aborted(self.hub.ending)
