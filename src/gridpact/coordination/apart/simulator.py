"""A market of several machines in one process, on a clock of its own, with everything going wrong that can.

The same hub, seats and algorithm as over a network; between them messages that are lost, doubled, late and out of
order, parties that cannot be reached, processes that die and begin again from their journals. All is drawn from a
seed: the same seed is the same history. Calls are made again until there is a reply, as over gRPC; the algorithm's
transport lets events happen until a batch is answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.envelope import SIGN, read_call
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, Ending, State
from gridpact.coordination.faults import Crash, Faults, FragileLog
from gridpact.coordination.kept.journal import JournalError, Log
from gridpact.coordination.message import Message
from gridpact.coordination.transport import Transport

COORDINATOR = "coordinator"
FIRST_RETRY_S, MOST_RETRY_S = 0.05, 0.5
# How long a party waits for a reply before it gives up; by then every deadline has passed several times.
PATIENCE_S = 60.0
# Time after which a history ends, whatever has become of it.
MOST_S = 600.0


@dataclass(frozen=True)
class Setup:
    """What is simulated: how to make the hub and each seat from a journal, the algorithm, and the fallback."""

    hub: Callable[[Log], Hub]
    seats: Mapping[str, Callable[[Log], Seat]]
    algorithm: Callable[[Transport], bytes]
    fallback: bytes | None = None


@dataclass(eq=False)
class History:
    """What came of a seed: outcome and ending of each by name, ``coordinator`` among them; None where there is none.

    ``signed`` are the bodies by which each party signed an outcome, ``happened`` counts events by kind, ``seconds`` are
    those of the simulated clock.
    """

    seed: int
    faults: Faults
    outcomes: dict[str, SignedOutcome | None] = field(default_factory=dict)
    endings: dict[str, Ending | None] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    signed: dict[str, set[bytes]] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def run(setup: Setup, seed: int, faults: Faults) -> History:
    """The history of a seed."""
    world = World(setup, seed, faults)
    world.begin()
    while not world.finished:
        world.live()
    return world.told()


class World:
    """The clock, what is to happen, and all processes."""

    def __init__(self, setup: Setup, seed: int, faults: Faults) -> None:
        self.setup, self.faults = setup, faults
        self.random = Random(seed)  # noqa: S311
        self.now, self.history = 0.0, History(seed, faults)
        self.hub: Hub | None = None
        self.seats: dict[str, Seat | None] = dict.fromkeys(setup.seats)
        self.logs = {
            name: FragileLog(who=name, faults=faults, random=self.random, mortal=lambda: self.mortal)
            for name in (COORDINATOR, *setup.seats)
        }
        self.deaths = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._cut: dict[str, float] = dict.fromkeys(setup.seats, 0.0)
        self._calling: dict[str, tuple[bytes, float, float]] = {}
        self._waiting: set[str] = set()
        self.lost: set[str] = set()

    @property
    def finished(self) -> bool:
        """Whether everybody has come to an end, or time is up."""
        if self.now >= MOST_S or not self._heap:
            return True
        if self.hub is None or not self.hub.over:
            return False
        return all(seat is not None and seat.over for name, seat in self.seats.items() if name not in self.lost)

    @property
    def mortal(self) -> bool:
        """Whether somebody may still die."""
        return self.deaths < self.faults.deaths

    def begin(self) -> None:
        for name in self.seats:
            self.after(self.random.uniform(0.0, 0.05), lambda name=name: self.start(name))  # type: ignore[misc]
        self.after(self.random.uniform(0.0, 0.05), lambda: None)
        self.later(self.faults.crash_every_s, self._crash_somebody)
        self.later(self.faults.cut_every_s, self._cut_somebody_off)

    def live(self) -> None:
        """One life of the coordinator: until it dies, or all is over."""
        try:
            self.hub = self.setup.hub(self.logs[COORDINATOR])
            self.hub.expect(self.now, self.hub.terms.deadline_s)
            self._conduct()
            self.until(lambda: self.finished)
        except (Crash, JournalError) as death:
            self.happens("coordinator dies" if isinstance(death, Crash) else "coordinator's disk is full")
            self._down()

    def told(self) -> History:
        """What has come of it."""
        history, hub = self.history, self.hub
        history.seconds = self.now
        for name, one in {COORDINATOR: hub, **self.seats}.items():
            history.outcomes[name] = None if one is None else one.outcome
            history.states[name] = State.DRAFT if one is None else one.state
            if one is not None:
                history.endings[name] = one.ending
        return history

    def happens(self, what: str) -> None:
        self.history.happened[what] += 1

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heappush(self._heap, (self.now + seconds, next(self._order), action))

    def later(self, mean_s: float, action: Callable[[], None]) -> None:
        """At a random time, if ever."""
        if mean_s < inf:
            self.after(self.random.expovariate(1.0 / mean_s), action)

    def until(self, reached: Callable[[], bool], due: float = inf) -> None:
        """Let events happen until something is reached, nothing more can happen, or the time has come."""
        while not reached() and self._heap and self.now < MOST_S:
            if self._heap[0][0] > due:
                self.now = due
                return
            self.now, _, action = heappop(self._heap)
            action()
        if not self._heap and due < inf and not reached():
            self.now = due

    def _conduct(self) -> None:
        """The algorithm, as far as this life of the coordinator goes."""
        try:
            conduct(Floor(self), self.setup.algorithm, self.setup.fallback)
        except Aborted:
            self.happens("aborted")
        self.serve()

    def _down(self) -> None:
        """The coordinator is away for a while; meanwhile calls go nowhere."""
        self.deaths += 1
        self.hub = None
        self._waiting.clear()
        self.until(lambda: False, self.now + self.random.expovariate(1.0 / self.faults.down_s))
        self.logs[COORDINATOR].revive()

    def start(self, name: str) -> None:
        """A party's process begins, from its journal."""
        self._guarded(name, lambda: self._started(name, self.setup.seats[name](self.logs[name])))

    def _started(self, name: str, seat: Seat) -> None:
        self.seats[name] = seat
        self.dial(name, seat.first())

    def dial(self, name: str, call: bytes | None) -> None:
        """Make a call until there is a reply."""
        self._calling.pop(name, None)
        if call is None:
            return
        if read_call(call).header.kind == SIGN:
            self.history.signed.setdefault(name, set()).add(read_call(call).body)
        self._calling[name] = (call, FIRST_RETRY_S, self.now + PATIENCE_S)
        self._send_call(name, call)

    def _send_call(self, name: str, call: bytes) -> None:
        """Send a call; look again whether it is still to be made."""
        for delay in self._arrivals(name):
            self.after(delay, lambda: self._called(name, call))
        self.after(self._calling[name][1], lambda: self._call_again(name, call))

    def _call_again(self, name: str, call: bytes) -> None:
        present, pause, patience = self._calling.get(name, (b"", 0.0, 0.0))
        seat = self.seats[name]
        if present is not call or seat is None:
            return
        if self.now > patience:
            self._guarded(name, lambda: self._give_up(name, seat))
            return
        self._calling[name] = (call, min(2.0 * pause, MOST_RETRY_S), patience)
        self._send_call(name, call)

    def _give_up(self, name: str, seat: Seat) -> None:
        """For a party that has given up before, nobody is there to hear it."""
        self.dial(name, None if seat.over else seat.give_up("no reply within the deadline", COORDINATOR))

    def _called(self, name: str, call: bytes) -> None:
        """A call arrives at the coordinator."""
        if self.hub is None:
            return
        reply = self.hub.receive(name, call, self.now)
        if reply is None:
            self._waiting.add(name)
        else:
            self._send_reply(name, reply)
        self.serve()

    def serve(self) -> None:
        """Reply to those who wait, where there is something to say now."""
        for name in sorted(self._waiting) if self.hub is not None else ():
            assert self.hub is not None
            reply = self.hub.reply_to(name)
            if reply is not None:
                self._waiting.discard(name)
                self._send_reply(name, reply)

    def _send_reply(self, name: str, reply: bytes) -> None:
        for delay in self._arrivals(name):
            self.after(delay, lambda: self._replied(name, reply))

    def _replied(self, name: str, reply: bytes) -> None:
        """A reply arrives at a party."""
        seat = self.seats[name]
        if seat is not None:
            self._guarded(name, lambda: self._stepped(name, seat, reply))

    def _stepped(self, name: str, seat: Seat, reply: bytes) -> None:
        before, call = seat.first(), seat.step(reply)
        if call is None or call is not before:
            self.dial(name, call)

    def _guarded(self, name: str, step: Callable[[], None]) -> None:
        """A step of a party's process, at which it may die."""
        try:
            step()
        except (Crash, JournalError) as death:
            self.happens("party dies" if isinstance(death, Crash) else "party's disk is full")
            self._gone(name)
        except Aborted as error:  # it does not do again what it did
            self.happens("party cannot go on")
            self.history.endings[name] = error.ending
            self.lost.add(name)
            self.seats[name] = None

    def _gone(self, name: str) -> None:
        self.deaths += 1
        self.seats[name] = None
        self._calling.pop(name, None)
        self.after(self.random.expovariate(1.0 / self.faults.down_s), lambda: self._again(name))

    def _again(self, name: str) -> None:
        self.logs[name].revive()
        self.start(name)

    def _arrivals(self, name: str) -> list[float]:
        """After how many seconds a message from or to a party arrives."""
        found = self.faults.arrivals(self.random)
        self.happens("lost" if not found else "sent")
        if self.now < self._cut[name]:
            self.happens("cut off")
            return []
        return found

    def _crash_somebody(self) -> None:
        if not self.mortal:
            return
        self.later(self.faults.crash_every_s, self._crash_somebody)
        who = self.random.choice([COORDINATOR, *self.seats])
        if who == COORDINATOR:
            if self.hub is not None:
                raise Crash(who)
        elif self.seats[who] is not None:
            self.happens("party dies")
            self._gone(who)

    def _cut_somebody_off(self) -> None:
        self.later(self.faults.cut_every_s, self._cut_somebody_off)
        for name in self.seats:
            if self.random.random() < 0.5:
                self._cut[name] = self.now + self.random.expovariate(1.0 / self.faults.cut_s)


class Floor:
    """The coordinator's transport in a world: it lets events happen until there are answers, or the time has come."""

    def __init__(self, world: World) -> None:
        assert world.hub is not None
        self.world, self.hub = world, world.hub

    def assemble(self) -> None:
        self._until(lambda: self.hub.state is not State.OPEN)

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        if not messages:
            return []
        self.hub.post(messages, self.world.now)
        self.world.serve()
        self._until(lambda: self.hub.answered)
        answers = self.hub.answers()
        assert answers is not None
        return answers

    def sign(self, document: bytes, fallback: bool = False) -> SignedOutcome:
        self.hub.finish(document, self.world.now, fallback)
        self.world.serve()
        self._until(lambda: self.hub.over)
        assert self.hub.outcome is not None
        return self.hub.outcome

    def abort(self, why: str) -> Aborted:
        self.hub.abort(COORDINATOR, why)
        assert self.hub.ending is not None
        return Aborted(self.hub.ending)

    def _until(self, reached: Callable[[], bool]) -> None:
        """Let events happen until something is reached; raises ``Aborted``, also where the deadline has passed."""
        while not (reached() or self.hub.over):
            if self.world.finished:
                raise Crash(COORDINATOR)  # nothing will happen any more
            due = inf if self.hub.due is None else self.hub.due
            self.world.until(lambda: reached() or self.hub.over, due + 1e-6)
            self.hub.tick(self.world.now)
        if self.hub.ending is not None:
            raise Aborted(self.hub.ending)
