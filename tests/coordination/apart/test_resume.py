"""Whoever stops after any of its records goes on from its journal, to the same outcome to the last bit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.hub import DIFFERS, Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.records import ANSWERED, ASKED, CALLED, STATE, TOGETHER, apart
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.kept.journal import MemoryLog, Record
from gridpact.coordination.message import Message
from tests.coordination.made_market import Made, Pump, made


class Crash(BaseException):
    """The process is gone."""


class CrashingLog(MemoryLog):
    """After ``last`` records the process is gone: the record is there, and nothing else happens any more."""

    last = -1

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        super().append(kind, payload, durable)
        if len(self.records) == self.last:
            self.last = -1
            raise Crash


class Reviving(Pump):
    """Seats that crash are made again from their journals."""

    def __init__(self, market: Made, hub: Hub, seats: dict[str, Seat], logs: dict[str, CrashingLog]) -> None:
        super().__init__(hub, seats)
        self.market, self.logs = market, logs

    def step(self, name: str, reply: bytes) -> bytes | None:
        try:
            return super().step(name, reply)
        except Crash:
            self.seats[name] = self.market.seat(name, self.logs[name])
            return self.seats[name].first()


def played(market: Made, crashing: str = "", last: int = -1) -> tuple[SignedOutcome, dict[str, CrashingLog]]:
    """What all sign in a market in which one of them crashes after so many records, and the journals."""
    logs = {name: CrashingLog() for name in ("coordinator", *market.names)}
    if crashing:
        logs[crashing].last = last
    seats: dict[str, Seat] = {}
    while True:
        try:
            seats = seats or {name: market.seat(name, logs[name]) for name in market.names}
            pump = Reviving(market, market.hub(logs["coordinator"]), seats, logs)
            signed = conduct(pump, market.algorithm)
        except Crash:
            continue
        assert [seat.outcome for seat in pump.seats.values()] == [signed] * len(seats)
        return signed, logs


@pytest.mark.parametrize("cascading", [True, pytest.param(False, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("name", ["coordinator", "operator", "mg2"])
def test_a_crash_after_any_record_changes_nothing(name: str, cascading: bool) -> None:
    """Target cascading asks the operator and the others in turn; consensus, with more rounds, asks all at once."""
    market = made(3, cascading=cascading)
    signed, logs = played(market)
    records = [(record.kind, record.payload) for record in logs[name].records]
    for last in range(1, len(records) + 1):
        again, others = played(market, name, last)
        assert again == signed
        assert logs[name].last == others[name].last == -1  # it did crash
        assert [(record.kind, record.payload) for record in others[name].records] == records


def asks(record: Record) -> bool:
    """Whether requests are written down in it."""
    return any(part.kind == ASKED for part in apart([record]))


def test_an_algorithm_that_asks_something_else_is_found_out() -> None:
    """The coordinator's limit of rounds or its program was changed while it was stopped."""
    market = made(3)
    _, logs = played(market)
    log = CrashingLog(logs["coordinator"].records[:12])
    other = made(3, cascading=True)
    pump = Pump(other.hub(log), {})
    with pytest.raises(Aborted, match=DIFFERS):
        other.algorithm(pump)
    assert log.records[-1].payload == State.ABORTED.encode()


def test_an_algorithm_that_stops_earlier_is_found_out() -> None:
    market = made(3)
    _, logs = played(market)
    asked = [place for place, record in enumerate(logs["coordinator"].records) if asks(record)]
    hub = market.hub(CrashingLog(logs["coordinator"].records[: asked[3]]))
    with pytest.raises(Aborted, match=DIFFERS):
        hub.finish(b"nothing", 0.0)


def test_another_document_after_the_first_is_never_sent() -> None:
    market = made(3)
    signed, logs = played(market)
    records = logs["coordinator"].records
    state = [place for place, record in enumerate(records) if record.payload == State.CONVERGED.encode()]
    hub = market.hub(CrashingLog(records[: state[0] + 1]))
    pump = Pump(hub, {})
    market.algorithm(pump)
    with pytest.raises(Aborted, match=DIFFERS):
        hub.finish(signed.outcome.document + b" ", 0.0)
    assert hub.outcome is None


def test_a_party_whose_program_was_changed_does_not_go_on() -> None:
    market = made(3)
    _, logs = played(market)
    calls = [place for place, record in enumerate(logs["mg1"].records) if record.kind in (CALLED, TOGETHER)]
    market.agents["mg1"].curvature += 1e-9
    with pytest.raises(Aborted, match="'mg1': This party does not do again what it did"):
        market.seat("mg1", CrashingLog(logs["mg1"].records[: calls[4] + 1]))


def test_strikes_outlast_a_restart() -> None:
    market, log = made(3), MemoryLog()
    for count in (1, 2):
        hub = market.hub(log)
        hub.receive("mg1", b"nonsense", 0.0)
        assert hub.tally.desks["mg1"].strikes == count and hub.ending is None
    hub = market.hub(log)
    hub.receive("mg1", b"nonsense", 0.0)
    assert hub.ending is not None and hub.ending.who == "mg1"
    assert market.hub(log).ending == hub.ending
    assert [record.payload for record in log.records if record.kind == STATE] == [b"DRAFT", b"OPEN", b"ABORTED"]


class Forgetful(Pump):
    """The coordinator is gone when all have answered batch number ``when``, before anything follows from that."""

    when = -1

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        answers = super().call_all(messages)
        if len(self.hub.tally.book.chain) - 1 == self.when:
            raise Crash
        return answers


@pytest.mark.parametrize("when", range(4))
def test_answers_that_nothing_followed_from_are_heard_again(when: int) -> None:
    """They stand in no record until something does; who gave them has had no reply, and gives them again."""
    market, log = made(3), MemoryLog()
    seats = {name: market.seat(name) for name in market.names}
    pump = Forgetful(market.hub(log), seats)
    pump.when = when
    with pytest.raises(Crash):
        conduct(pump, market.algorithm)
    calls = {name: seat.first() for name, seat in seats.items()}
    hub = market.hub(log)
    assert hub.tally.book.present.number == when and hub.tally.book.present.missing == [0, 1, 2]
    assert conduct(Pump(hub, seats), market.algorithm) == played(market)[0]
    answers = [record.payload for record in apart(log.records) if record.kind == ANSWERED]
    assert [answers.count(call or b"") for call in calls.values()] == [1, 1, 1]
