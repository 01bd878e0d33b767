"""A hub in threads: the algorithm blocks until answers are there, and learns who is late or has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.hub_transport import HubTransport
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.kept.journal import JournalError, MemoryLog
from gridpact.errors import Unreachable
from tests.coordination.made_market import Made, made


def played(seat: Seat, transport: HubTransport, ready: Event) -> None:
    """A party's process: it calls, and where there is nothing to say it calls again when told."""
    call = seat.first()
    while call is not None:
        ready.clear()
        reply = transport.receive(seat.name, call)
        while reply is None and not ready.wait(0.02):
            reply = transport.reply_to(seat.name)
        call = seat.step(reply if reply is not None else transport.wait(seat.name))


@contextmanager
def parties(
    market: Made, transport: HubTransport, absent: str = "", known: dict[str, Seat] | None = None
) -> Iterator[dict[str, Seat]]:
    seats = known or {name: market.seat(name) for name in market.names if name != absent}
    ready = {name: Event() for name in seats}
    transport.listen(lambda: [event.set() for event in ready.values()])
    threads = [Thread(target=played, args=(seat, transport, ready[name])) for name, seat in seats.items()]
    for thread in threads:
        thread.start()
    yield seats
    for thread in threads:
        thread.join(20.0)
        assert not thread.is_alive()


def test_all_sign_what_the_algorithm_comes_to() -> None:
    market = made(3)
    transport = HubTransport(market.hub())
    with parties(market, transport) as seats:
        signed = conduct(transport, market.algorithm)
    assert signed.outcome.document == market.in_process()
    assert {seat.state for seat in seats.values()} == {State.SIGNED}


def test_who_does_not_join_in_time_is_named() -> None:
    market = made(3)
    transport = HubTransport(market.hub(), join_s=0.2)
    with parties(market, transport, absent="mg2"):
        with pytest.raises(Unreachable, match=r"Not joined within 0.2 s: 'mg2'. .* begin the coordinator again"):
            transport.assemble()
        assert transport.hub.state is State.OPEN
        transport.abort("the test is over")


def test_who_joins_late_joins_all_the_same() -> None:
    """The first coordinator gave up waiting; another one goes on from its journal."""
    market, log = made(3), MemoryLog()
    first = HubTransport(market.hub(log), join_s=0.0)
    seats = {name: market.seat(name) for name in market.names}
    first.receive("mg1", seats["mg1"].first() or b"")
    with pytest.raises(Unreachable, match="'operator', 'mg2'"):
        first.assemble()
    second = HubTransport(market.hub(log), join_s=20.0)
    with parties(market, second, known=seats):
        signed = conduct(second, market.algorithm)
    assert signed.outcome.document == market.in_process()


def test_who_does_not_answer_in_time_is_named() -> None:
    market = made(3, Terms(deadline_s=0.3))
    transport = HubTransport(market.hub())
    with parties(market, transport, absent="mg2") as seats:
        call = market.seat("mg2").first()
        assert call is not None and transport.receive("mg2", call) is None
        with pytest.raises(Aborted, match="'mg2': no answer within"):
            conduct(transport, market.algorithm)
    assert {seat.ending for seat in seats.values()} == {transport.hub.ending}


def failing(error: Exception) -> Callable[[object], bytes]:
    def algorithm(_: object) -> bytes:
        raise error

    return algorithm


def test_an_algorithm_that_fails_ends_the_market_for_all() -> None:
    market = made(3)
    transport = HubTransport(market.hub())
    with parties(market, transport) as seats, pytest.raises(Aborted, match="'coordinator': KeyError: 'bus'"):
        conduct(transport, failing(KeyError("bus")))
    assert {seat.state for seat in seats.values()} == {State.ABORTED}


class FullLog(MemoryLog):
    """A journal on a disk that is full after so many records."""

    room = 12

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        if len(self.records) >= self.room:
            raise JournalError("No space left.")
        super().append(kind, payload, durable)


def test_a_full_disk_stops_the_algorithm_and_not_the_market() -> None:
    """The market can be gone on with: nobody was told that it is over."""
    market, log = made(3), FullLog()
    transport = HubTransport(market.hub(log))
    seats = {name: market.seat(name) for name in market.names}
    calls = {name: seat.first() for name, seat in seats.items()}

    def pump() -> None:
        try:
            while True:
                for name, call in calls.items():
                    reply = transport.receive(name, call or b"")
                    if reply is not None:
                        calls[name] = seats[name].step(reply)
        except JournalError:
            return

    thread = Thread(target=pump)
    thread.start()
    with pytest.raises(JournalError, match="No space left"):
        conduct(transport, market.algorithm)
    thread.join(20.0)
    assert len(log.records) == 12 and transport.hub.ending is None
    log.room = 10**6
    again = HubTransport(market.hub(log))
    with parties(market, again, known=seats):
        assert conduct(again, market.algorithm).outcome.document == market.in_process()
