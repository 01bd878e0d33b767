"""The processes of all parties in a simulation: they call until there is a reply, die, and begin again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gridpact.coordination.apart.envelope import SIGN, read_call
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.kept.journal import JournalError
from gridpact.coordination.simulated.faults import Crash, FragileLog
from gridpact.coordination.simulated.history import History, Setup
from gridpact.coordination.simulated.network import Clock, Network

FIRST_RETRY_S, MOST_RETRY_S = 0.05, 0.5
# How long a party waits for a reply before it gives up; by then every deadline has passed several times.
PATIENCE_S = 60.0


class Called(Protocol):
    """Where calls arrive."""

    def __call__(self, name: str, call: bytes) -> None: ...


class Parties:
    """Seats by name, None where a process is down; calls arrive at ``called``, and ``died`` is told of deaths."""

    def __init__(
        self,
        setup: Setup,
        clock: Clock,
        network: Network,
        logs: dict[str, FragileLog],
        history: History,
        called: Called,
        died: Callable[[], None],
    ) -> None:
        self.setup, self.clock, self.network, self.logs, self.history = setup, clock, network, logs, history
        self.called, self.died = called, died
        self.seats: dict[str, Seat | None] = dict.fromkeys(setup.seats)
        self._lost: set[str] = set()
        self._calls: dict[str, tuple[bytes, float, float]] = {}
        for name in self.seats:
            clock.after(clock.random.uniform(0.0, 0.05), _bound(self._start, name))

    @property
    def over(self) -> bool:
        """Whether all have come to an end."""
        return all(seat is not None and seat.over for name, seat in self.seats.items() if name not in self._lost)

    def reply(self, name: str, data: bytes) -> None:
        """Send a reply to a party."""
        self.network.carry(name, lambda: self._replied(name, data))

    def kill(self, name: str) -> None:
        if self.seats[name] is not None:
            self.history.happened["party dies"] += 1
            self._down(name)

    def _start(self, name: str) -> None:
        self._guarded(name, lambda: self._started(name, self.setup.seats[name](self.logs[name])))

    def _started(self, name: str, seat: Seat) -> None:
        self.seats[name] = seat
        self._dial(name, seat.first())

    def _dial(self, name: str, call: bytes | None) -> None:
        """Make a call until there is a reply."""
        self._calls.pop(name, None)
        if call is None:
            return
        said = read_call(call)
        if said.header.kind == SIGN:
            self.history.signed.setdefault(name, set()).add(said.body[:DIGEST])
        self._calls[name] = (call, FIRST_RETRY_S, self.clock.now + PATIENCE_S)
        self._send(name, call)

    def _send(self, name: str, call: bytes) -> None:
        """Send a call, and look later whether it is still to be made."""
        self.network.carry(name, lambda: self.called(name, call))
        self.clock.after(self._calls[name][1], lambda: self._send_again(name, call))

    def _send_again(self, name: str, call: bytes) -> None:
        present, pause, patience = self._calls.get(name, (b"", 0.0, 0.0))
        seat = self.seats[name]
        if present is not call or seat is None:
            return
        if self.clock.now > patience:
            self._guarded(name, lambda: self._give_up(name, seat))
            return
        self._calls[name] = (call, min(2.0 * pause, MOST_RETRY_S), patience)
        self._send(name, call)

    def _give_up(self, name: str, seat: Seat) -> None:
        """Who has given up before need not go on saying so."""
        coordinator = seat.members.coordinator.name
        self._dial(name, None if seat.over else seat.give_up("no reply within the deadline", coordinator))

    def _replied(self, name: str, data: bytes) -> None:
        """A reply arrives."""
        seat = self.seats[name]
        if seat is not None:
            self._guarded(name, lambda: self._stepped(name, seat, data))

    def _stepped(self, name: str, seat: Seat, data: bytes) -> None:
        before, call = seat.first(), seat.step(data)
        if call is None or call is not before:
            self._dial(name, call)

    def _guarded(self, name: str, step: Callable[[], None]) -> None:
        """A step of a party's process, at which it may die."""
        try:
            step()
        except (Crash, JournalError) as death:
            self.history.happened["party dies" if isinstance(death, Crash) else "party's disk is full"] += 1
            self._down(name)
        except Aborted as error:  # it does not do again what it did
            self.history.happened["party cannot go on"] += 1
            self.history.endings[name] = error.ending
            self._lost.add(name)
            self.seats[name] = None

    def _down(self, name: str) -> None:
        self.died()
        self.seats[name] = None
        self._calls.pop(name, None)
        self.clock.after(self.clock.about(self.network.faults.down_s), lambda: self._revive(name))

    def _revive(self, name: str) -> None:
        self.logs[name].revive()
        self._start(name)


def _bound(action: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: action(name)
