"""The coordinator's core: deadlines, what may be posted when, and that it says nothing before it can."""

from __future__ import annotations

import pytest

from gridpact.coordination.apart.envelope import ABORT, WAIT, read_reply
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.limits import Limits
from gridpact.coordination.apart.outcome import MOST_DOCUMENT
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State, read_ending
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.kept.journal import MemoryLog
from gridpact.coordination.message import MessageError
from gridpact.errors import InputError
from tests.coordination.apart.test_poison import requests
from tests.coordination.made_market import Pump, made


def joined(deadline_s: float = 30.0, **terms: str) -> Pump:
    market = made(3, Terms(deadline_s=deadline_s, **terms))  # type: ignore[arg-type]
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    return pump


def test_a_party_that_does_not_answer_is_named_when_its_time_is_up() -> None:
    """Asked at 100 s with 30 s of time; at 130 s it is not late yet."""
    pump, market = joined(), made(3)
    pump.hub.post(requests(market), 100.0)
    for name in ("operator", "mg2"):
        pump.hub.receive(name, pump.seats[name].step(pump.hub.reply_to(name) or b"") or b"", 101.0)
    pump.hub.tick(130.0)
    assert pump.hub.ending is None
    pump.hub.tick(130.001)
    assert pump.hub.ending is not None
    assert (pump.hub.ending.who, pump.hub.ending.why) == ("mg1", "no answer within the deadline")
    with pytest.raises(Aborted, match="'mg1'"):
        pump.hub.answers()
    reply = read_reply(pump.hub.receive("mg2", b"anything", 131.0) or b"")
    assert reply.kind == ABORT and read_ending(reply.body) == pump.hub.ending


def test_who_has_not_signed_in_time_is_named() -> None:
    pump = joined()
    pump.hub.finish(b"{}", 10.0)
    pump.hub.tick(41.0)
    assert pump.hub.ending is not None and pump.hub.ending.who == "operator, mg1, mg2"


def test_who_has_not_joined_in_time_is_named() -> None:
    market = made(3)
    hub = market.hub()
    hub.expect(0.0, 5.0)
    hub.receive("operator", market.seat("operator").first() or b"", 1.0)
    hub.tick(5.0)
    assert hub.ending is None
    hub.tick(5.1)
    assert hub.ending is not None and hub.ending.who == "mg1, mg2"


def test_without_requests_nobody_is_late() -> None:
    """The algorithm may take its time."""
    pump = joined()
    pump.hub.tick(1e9)
    assert pump.hub.ending is None and pump.hub.state is State.COMMITTED


def test_nothing_is_said_before_there_is_something_to_say() -> None:
    pump = joined()
    for name, call in pump.calls.items():
        assert pump.hub.receive(name, call or b"", 0.0) is None
        waiting = read_reply(pump.hub.wait(name))
        assert (waiting.kind, waiting.turn) == (WAIT, 0)
        assert pump.seats[name].step(waiting.encode()) == call
    assert all(seat.strikes == 0 for seat in pump.seats.values())


def test_an_outcome_is_not_too_long_and_a_fallback_is_in_the_terms() -> None:
    pump = joined()
    with pytest.raises(InputError, match="An outcome has at most"):
        pump.hub.finish(bytes(MOST_DOCUMENT + 1), 0.0)
    with pytest.raises(InputError, match="The terms know no fallback"):
        pump.hub.finish(b"no deal", 0.0, fallback=True)
    assert pump.hub.state is State.COMMITTED


def test_the_longest_outcome_reaches_all() -> None:
    market = made(9)
    seats = {name: market.seat(name, audit=None, check_outcome=lambda *_: None) for name in market.names}
    pump = Pump(market.hub(), seats)
    pump.turn()
    signed = pump.sign(bytes(MOST_DOCUMENT))
    assert {seat.outcome == signed for seat in seats.values()} == {True}


def test_nothing_new_is_asked_for_while_something_is_waited_for() -> None:
    market = made(3)
    hub = market.hub()
    for asking in (lambda: hub.post(requests(market), 0.0), lambda: hub.finish(b"{}", 0.0)):
        with pytest.raises(MessageError, match="Not all have joined yet"):
            asking()
    pump = joined()
    pump.hub.post(requests(market), 0.0)
    records = len(pump.hub.journal.records)
    for asking in (lambda: pump.hub.post(requests(market), 0.0), lambda: pump.hub.finish(b"{}", 0.0)):
        with pytest.raises(MessageError, match="or answered what they were asked last"):
            asking()
    assert len(pump.hub.journal.records) == records and pump.hub.answers() is None


def test_what_is_over_stays_over() -> None:
    pump = joined(fallback="no_deal")
    pump.hub.abort("coordinator", "enough")
    for late in (lambda: pump.hub.abort("mg1", "later"), lambda: pump.hub.tick(1e9)):
        late()
        assert pump.hub.ending is not None and pump.hub.ending.why == "enough"
    with pytest.raises(Aborted, match="enough"):
        pump.hub.post(requests(made(3)), 0.0)
    with pytest.raises(Aborted, match="enough"):
        pump.hub.finish(b"", 0.0)


def test_keys_and_names_must_be_those_of_the_roster() -> None:
    market = made(3)
    with pytest.raises(InputError, match="not the key of 'coordinator'"):
        Hub(market.members, market.signers["mg1"], MemoryLog(), Limits())
    for name, key, party in (("mg1", "mg2", "mg1"), ("mg1", "mg1", "mg2"), ("coordinator", "coordinator", "mg1")):
        with pytest.raises(InputError, match=f"'{name}' is no party of 'day'"):
            Seat(
                name,
                market.members,
                market.signers[key],
                market.party(party),
                MemoryLog(),
                Limits(),
                check_outcome=lambda *_: None,
            )
