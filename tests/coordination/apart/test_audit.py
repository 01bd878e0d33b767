"""The auditor is shown all calls, in as many pieces as they need, also when it was not asked for long."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from gridpact.coordination.apart.appendix import Pending, read_appendix
from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.envelope import AUDIT, MOST_ENVELOPE, SEEN, read_call, read_reply
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.limits import Limits
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.records import CALLED, REPLIED, apart
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.kept.journal import MemoryLog
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import Disclosure, HandlingParty
from gridpact.coordination.transport import Transport
from tests.coordination.apart.test_resume import Crash, CrashingLog
from tests.coordination.made_market import Made, Pump, made

LONG = 30_000  # numbers: 240 kB, four of which do not fit in a reply
ROUNDS = 5


def long_answer(name: str) -> HandlingParty:
    """Answers with as many numbers as fit, which depend on the round."""

    def answer(message: Message) -> Message:
        row = np.full(LONG, float(message.round))
        return message.reply("answer", Quantity("exchange", "p.u.", row))

    return HandlingParty(name, (Disclosure("answer", "exchange", "p.u.", LONG),), {"proposal": answer})


def algorithm(transport: Transport) -> bytes:
    """The operator is asked only after the others have been, several times."""
    total = 0.0
    for number in range(ROUNDS):
        answers = transport.call_all(
            [Message("long", number, "coordinator", name, "proposal") for name in ("mg1", "mg2")]
        )
        total += sum(float(answer["exchange"].sum()) for answer in answers)
    last = transport.call(Message("long", ROUNDS, "coordinator", "operator", "proposal"))
    return repr(total + float(last["exchange"].sum())).encode()


@dataclass(eq=False)
class Long(Pump):
    """A market with long answers, whose processes may crash."""

    market: Made
    logs: dict[str, MemoryLog]

    def __init__(self, market: Made, logs: dict[str, MemoryLog]) -> None:
        self.market, self.logs = market, logs
        signer = market.signers["coordinator"]
        hub = Hub(market.members, signer, logs["coordinator"], Limits())
        super().__init__(hub, {name: self.seat(name) for name in market.names})

    def seat(self, name: str) -> Seat:
        audit = algorithm if name == "operator" else None
        one = (name, self.market.members, self.market.signers[name], long_answer(name), self.logs[name], Limits())
        return Seat(*one, lambda *_: None, audit)

    def step(self, name: str, reply: bytes) -> bytes | None:
        assert len(reply) <= MOST_ENVELOPE
        try:
            return super().step(name, reply)
        except Crash:
            self.seats[name] = self.seat(name)
            return self.seats[name].first()


def played(logs: dict[str, MemoryLog]) -> SignedOutcome:
    market = made(3)
    while True:
        try:
            return conduct(Long(market, logs), algorithm)
        except Crash:
            continue


def new_logs() -> dict[str, MemoryLog]:
    return {name: CrashingLog() for name in ("coordinator", "operator", "mg1", "mg2")}


def test_long_answers_are_shown_in_pieces_and_audited() -> None:
    logs = new_logs()
    signed = played(logs)
    # Each answers with the number of the round: LONG (0 + 1 + 2 + 3 + 4) from two, LONG 5 from the operator.
    assert signed.outcome.document == repr(LONG * (2.0 * 10.0 + 5.0)).encode()
    calls = [read_call(record.payload) for record in apart(logs["operator"].records) if record.kind == CALLED]
    assert [call.header.kind for call in calls] == ["join", SEEN, SEEN, "answer", "sign"]
    replies = [read_reply(record.payload) for record in apart(logs["operator"].records) if record.kind == REPLIED]
    shown = [call for reply in replies for call in read_appendix(reply.appendix)]
    assert [(call.header.sender, call.header.seen) for call in shown] == [
        (name, number) for number in range(ROUNDS + 1) for name in ("mg1", "mg2")
    ]
    assert [reply.kind for reply in replies].count(AUDIT) == 2


@pytest.mark.parametrize("name", ["coordinator", "operator"])
def test_a_crash_in_the_middle_of_it_changes_nothing(name: str) -> None:
    logs = new_logs()
    signed = played(logs)
    records = [(record.kind, record.payload) for record in logs[name].records]
    for last in range(1, len(records) + 1):
        again = new_logs()
        again[name].last = last  # type: ignore[attr-defined]
        assert played(again) == signed
        assert [(record.kind, record.payload) for record in again[name].records] == records


def test_an_auditor_that_is_not_shown_a_piece_does_not_sign() -> None:
    logs = new_logs()
    pump = Long(made(3), logs)
    add = Pending.add

    def lost(self: Pending, calls: object) -> None:
        add(self, [call for call in calls if call.header.seen != 2])  # type: ignore[attr-defined]

    pump.hub.tally.pending.add = lost.__get__(pump.hub.tally.pending)  # type: ignore[method-assign]
    with pytest.raises(Exception, match="the answers shown are not those of link 2 of the chain"):
        conduct(pump, algorithm)


def test_pieces_are_as_large_as_there_is_room_for() -> None:
    pending = Pending([b"a" * 10, b"b" * 20, b"c" * 30])
    pending.show(14)
    assert (pending.showing, pending.whole, len(pending.text())) == (1, False, 14)
    pending.show(13)
    assert pending.showing == 0
    pending.show(14 + 24 + 34)
    assert pending.whole and len(pending.text()) == 72
    pending.show(14)
    pending.shown()
    assert [call[:1] for call in pending.calls] == [b"b", b"c"]


def test_an_appendix_that_is_cut_off_is_refused() -> None:
    call = made(3).seat("mg1").first() or b""
    data = len(call).to_bytes(4, "little") + call
    assert read_appendix(data + data) == [read_call(call)] * 2
    for end in (1, 3, 4, 50, len(data) - 1):
        with pytest.raises(MessageError):
            read_appendix(data[:end])


def test_an_answer_told_twice_is_found() -> None:
    from gridpact.coordination.apart.audit import AuditError, Auditor

    market = made(3)
    auditor = Auditor(market.members, market.algorithm)
    call = read_call(market.seat("mg1").first() or b"")
    auditor.keep(call)
    auditor.keep(call)
    with pytest.raises(AuditError, match="'mg1' is said to have answered twice"):
        auditor.keep(replace(call, signature=bytes(64)))
    with pytest.raises(AuditError, match="a call of 'mg1' in 'night' is none of this market"):
        auditor.keep(read_call(made(3, run="night").seat("mg1").first() or b""))
