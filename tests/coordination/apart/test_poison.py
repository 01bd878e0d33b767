"""Poisoned messages are refused before they change anything, their sender is named, and the result is what it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gridpact.coordination.apart.chain import A_HEAD, seal
from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.envelope import (
    A_REPLY,
    ABORT,
    DONE,
    REFUSED,
    REQUEST,
    Reply,
    read_call,
    read_reply,
)
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.records import STRIKE
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State, read_ending
from gridpact.coordination.identity.keys import new_signer, signer_of
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.message import Message, MessageError, Quantity
from tests.coordination.made_market import TERMS, Made, Pump, made
from tests.coordination.poison import POISONS, Victim

TIGHT = replace(TERMS, rates={"exchange": 50.0})
# The request of mg1 that is answered by poison first.
WHEN = 3


class Poisoned(Pump):
    """A market in which ``mg1`` says something else before it says what it ought to."""

    def __init__(self, market: Made, poison: Callable[[Victim], bytes]) -> None:
        super().__init__(market.hub(), {name: market.seat(name) for name in market.names})
        self.market, self.poison = market, poison
        self.refusal: Reply | None = None

    def step(self, name: str, reply: bytes) -> bytes | None:
        before = self.calls[name]
        call = super().step(name, reply)
        if name == "mg1" and read_reply(reply).turn == WHEN:
            assert call is not None and before is not None
            other = read_call(self.calls["mg2"] or b"")
            stranger = self.market.signers["mg2"]
            victim = Victim(read_call(call), self.market.signers["mg1"], read_call(before), other, stranger)
            self.refuse(self.poison(victim))
        return call

    def refuse(self, data: bytes) -> None:
        """Nothing that counts is another one after the poison than before it."""
        before = counted(self.hub)
        reply = self.hub.receive("mg1", data, 0.0)
        assert counted(self.hub) == before
        assert reply is not None
        self.refusal = read_reply(reply)


def counted(hub: Hub) -> tuple[object, ...]:
    """All that the outcome depends on."""
    tally = hub.tally
    desks = [(desk.turn, desk.said, desk.seen, desk.data) for desk in tally.desks.values()]
    answers = [sorted(answer) for answer in tally.answers]
    rates = sorted((key, values.tobytes()) for key, values in tally.gate._last.items())
    calls = sorted(tally.book.present.calls)
    return hub.state, tally.book.chain.heads[:], calls, desks, answers, rates, dict(tally.signatures)


@cache
def honest() -> SignedOutcome:
    market = made(3, TIGHT)
    return conduct(Pump(market.hub(), {name: market.seat(name) for name in market.names}), market.algorithm)


def test_there_are_more_than_forty_kinds() -> None:
    assert len(POISONS) >= 40


@pytest.mark.parametrize("kind", POISONS)
def test_poison_is_refused_by_name_and_changes_nothing(kind: str) -> None:
    make, why = POISONS[kind]
    market = made(3, TIGHT)
    pump = Poisoned(market, make)
    signed = conduct(pump, market.algorithm)
    assert pump.refusal is not None and pump.refusal.kind == REFUSED
    assert why in pump.refusal.body.decode() and "(strike 1 of 3)" in pump.refusal.body.decode()
    named = [read_ending(record.payload) for record in pump.hub.journal.records if record.kind == STRIKE]
    assert [strike.who for strike in named] == ["mg1"] and why in named[0].why
    assert signed == honest()
    assert [seat.outcome for seat in pump.seats.values()] == [signed] * 3


def test_the_third_ends_the_market_and_names_the_sender() -> None:
    market = made(3)
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    for strike in (1, 2, 3):
        reply = read_reply(pump.hub.receive("mg2", b"nonsense", 0.0) or b"")
        assert reply.kind == (ABORT if strike == 3 else REFUSED)
    with pytest.raises(Aborted, match=r"'mg2': A call has .* \(strike 3 of 3\)"):
        market.algorithm(pump)
    pump.turn()
    assert {seat.state for seat in pump.seats.values()} == {State.ABORTED}


def test_the_same_call_again_gets_the_same_reply_and_is_no_strike() -> None:
    market = made(3)
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    first = pump.calls["mg1"] or b""
    assert pump.hub.receive("mg1", first, 0.0) is None
    pump.hub.post(requests(market), 0.0)
    reply = pump.hub.receive("mg1", first, 0.0)
    assert reply is not None and pump.hub.receive("mg1", first, 1.0) == reply
    answer = pump.seats["mg1"].step(reply) or b""
    for _ in range(3):
        assert pump.hub.receive("mg1", answer, 2.0) is None
    late = read_reply(pump.hub.receive("mg1", first, 2.0) or b"")  # the network kept a copy
    assert late.kind == REFUSED and late.turn == 0
    assert pump.hub.tally.desks["mg1"].strikes == 0


def test_a_call_of_the_same_party_in_another_run_does_not_count() -> None:
    """The same keys, the same turn, another roster."""
    one, other = made(3, run="day"), made(3, run="night")
    hub = one.hub()
    reply = read_reply(hub.receive("mg1", other.seat("mg1").first() or b"", 0.0) or b"")
    assert reply.kind == REFUSED and b"in the run 'night'" in reply.body


def test_a_party_with_another_roster_cannot_join() -> None:
    one, other = made(3), made(3, Terms(deadline_s=31.0))
    reply = read_reply(one.hub().receive("mg1", other.seat("mg1").first() or b"", 0.0) or b"")
    assert reply.kind == REFUSED and reply.body.decode().endswith(
        f"another roster than the coordinator's, whose SHA-256 is {one.members.digest.hex()}"
    )


def test_who_is_no_party_has_no_say() -> None:
    hub = made(3).hub()
    for name in ("coordinator", "mg3", ""):
        with pytest.raises(MessageError, match="is no party of the market 'day'"):
            hub.receive(name, b"", 0.0)


def requests(market: Made, **changes: object) -> list[Message]:
    return [request(market, name, **changes) for name in market.names]


def request(
    market: Made, name: str, round: int = 0, sender: str = "coordinator", price: float = 1.0, weight: float = 1.0
) -> Message:
    count = len(market.agents[name].best)
    rows = (("price", "currency/p.u.", price), ("target", "p.u.", 0.5), ("weight", "currency/p.u.^2", weight))
    quantities = tuple(Quantity(what, unit, np.full(count, value)) for what, unit, value in rows)
    return Message("agreement", round, sender, name, "proposal", quantities)


def asked() -> tuple[Made, Seat, Reply]:
    """A party that has joined, and its first request."""
    market = made(3)
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    pump.hub.post(requests(market), 0.0)
    reply = pump.hub.receive("mg1", pump.calls["mg1"] or b"", 0.0)
    return market, pump.seats["mg1"], read_reply(reply or b"")


STRANGER = signer_of(b"s" * 32)
REPLIES: dict[str, Callable[[Reply], bytes]] = {
    "nothing": lambda reply: b"",
    "other bytes": lambda reply: bytes(range(256)),
    "2 MiB": lambda reply: bytes(2 * 2**20),
    "cut off": lambda reply: reply.encode()[:-1],
    "something after it": lambda reply: reply.encode() + b"\0",
    "to another": lambda reply: replace(reply, recipient="mg2").encode(),
    "of another run": lambda reply: replace(reply, run="night").encode(),
    "a turn to come": lambda reply: replace(reply, turn=1).encode(),
    "without signature": lambda reply: replace(reply, signature=bytes(64)).encode(),
    "links of another chain": lambda reply: replace(
        reply, chain=reply.chain[:5] + bytes([reply.chain[5] ^ 1]) + reply.chain[6:]
    ).encode(),
    "more links": lambda reply: replace(reply, chain=b"\xff\xff\xff\xff" + reply.chain[4:]).encode(),
    "no links": lambda reply: replace(reply, chain=b"").encode(),
    "an ending by a stranger": lambda reply: signed(Reply("day", "mg1", 0, ABORT, b'{"who":"mg2","why":"x"}')),
    "a refusal by a stranger": lambda reply: signed(Reply("day", "mg1", 0, REFUSED, b"no")),
    "an outcome by a stranger": lambda reply: signed(Reply("day", "mg1", 0, DONE, b"done")),
    "a request signed as if it were none": lambda reply: signed(replace(reply, kind=REQUEST)),
}


def signed(reply: Reply) -> bytes:
    return replace(reply, signature=STRANGER.sign(A_REPLY, reply.unsigned())).encode()


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_that_is_not_the_coordinators_changes_nothing(kind: str) -> None:
    _, seat, reply = asked()
    call, head = seat.first(), seat._following.chain.head
    assert seat.step(REPLIES[kind](reply)) == call
    assert (seat.state, seat.strikes, seat._following.chain.head) == (State.OPEN, 1, head)
    answer = read_call(seat.step(reply.encode()) or b"")
    assert answer.header.turn == 1 and seat.state is State.ITERATING


def test_a_party_leaves_after_three_of_them() -> None:
    _, seat, _ = asked()
    for _ in range(2):
        seat.step(b"nonsense")
    last = read_call(seat.step(b"nonsense") or b"")
    assert last.header.kind == ABORT and seat.ending is not None and seat.ending.who == "coordinator"
    assert seat.step(b"nonsense") is None


def test_a_reply_to_an_earlier_turn_is_passed_over() -> None:
    """The network may bring it late: it is no strike."""
    _, seat, reply = asked()
    answer = seat.step(reply.encode())
    for _ in range(5):
        assert seat.step(reply.encode()) == answer
    assert seat.strikes == 0 and seat.state is State.ITERATING


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"price": 1e300}, "'price' of 'coordinator' is 1e+300, beyond its bound"),
        ({"price": 1.1e4}, "'price' of 'coordinator' is 1.1e+04, beyond its bound"),
        ({"weight": -1.0}, "'weight' of 'coordinator' must not be negative"),
    ],
)
def test_a_request_beyond_the_terms_ends_the_market(changes: dict[str, float], why: str) -> None:
    """The coordinator signed it, so that it is no accident of the network."""
    market = made(3)
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    pump.hub.post(requests(market, **changes), 0.0)
    pump.turn()
    assert pump.hub.ending is not None
    assert why in pump.hub.ending.why
    assert {seat.state for seat in pump.seats.values()} == {State.ABORTED}


def test_a_request_in_the_name_of_another_is_not_even_made() -> None:
    market = made(3)
    pump = Pump(market.hub(), {name: market.seat(name) for name in market.names})
    pump.turn()
    for wrong in (requests(market, sender="mg2"), requests(market) * 2):
        with pytest.raises(MessageError, match="A batch holds one request of the coordinator"):
            pump.hub.post(wrong, 0.0)
    assert pump.hub.ending is None


def test_a_head_of_another_coordinator_is_not_believed() -> None:
    """The same links, sealed by a key that is not in the roster."""
    market, seat, reply = asked()
    chain = market.hub().tally.book.chain
    head = seat._following.authentic(reply).heads[-1]
    forged = new_signer().sign(A_HEAD, seal(market.members.digest, len(chain), head))
    with pytest.raises(MessageError, match="The head of the chain is not signed by the coordinator"):
        seat._following.authentic(replace(reply, signature=forged))
