"""What crossed between parties, read from the journal of any of them: every quantity, from whom to whom.

What a party answers goes to the coordinator and, passed on, to the operator, who audits; both are counted. What is no
message (digests, signatures, reasons, documents) is counted in bytes. A party's own journal shows what it sent and was
sent; the coordinator's shows that of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gridpact.coordination.apart import records as of
from gridpact.coordination.apart.appendix import read_appendix
from gridpact.coordination.apart.envelope import (
    ABORT,
    ANSWER,
    DONE,
    FALLBACK,
    JOIN,
    OUTCOME,
    REFUSED,
    REQUEST,
    SIGN,
    Call,
    read_call,
    read_reply,
)
from gridpact.coordination.identity.members import OPERATOR, Members
from gridpact.coordination.kept.journal import Record
from gridpact.coordination.ledger import NOTHING
from gridpact.coordination.message import NUMBER, Message, decode

BYTES = "bytes"
# What calls and replies hold that is no message.
HOLDS = {
    JOIN: "digests of inputs and roster",
    SIGN: "digest and signature",
    OUTCOME: "document",
    FALLBACK: "document",
    DONE: "document and signatures",
    ABORT: "reason",
    REFUSED: "reason",
}


class Crossing(NamedTuple):
    """One quantity of one message: ``numbers`` of it, ``bytes`` in all."""

    sender: str
    recipient: str
    kind: str
    quantity: str
    unit: str
    numbers: int
    bytes: int


def ledger_rows(records: Iterable[Record], members: Members) -> list[dict[str, str | int]]:
    """One row per sender, recipient, kind, quantity and unit, in order of names: counts of what crossed.

    Raises ``MessageError`` for records that cannot be read: verify them first.
    """
    sums: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for one in crossings(records, members):
        messages, numbers, size = sums.get(one[:5], (0, 0, 0))
        sums[one[:5]] = messages + 1, numbers + one.numbers, size + one.bytes
    names = (*Crossing._fields[:5], "messages", "numbers", "bytes")
    return [dict(zip(names, (*key, *sums[key]), strict=True)) for key in sorted(sums)]


def crossings(records: Iterable[Record], members: Members) -> Iterator[Crossing]:
    """In the order in which they were written down."""
    for record in of.apart(records):
        if record.kind in (*of.OF_CALL.values(), of.CALLED):
            yield from _of_call(read_call(record.payload), members)
        elif record.kind == of.ASKED:
            for data in of.read_asked(record.payload).messages:
                yield from _of_message(decode(data))
        elif record.kind == of.DOCUMENT:
            kind = FALLBACK if record.payload[:1] == b"\1" else OUTCOME
            for party in members.parties:
                yield _plain(members.coordinator.name, party.name, kind, record.payload[1:])
        elif record.kind == of.REPLIED:
            yield from _of_reply(record.payload, members)


def _of_call(call: Call, members: Members) -> Iterator[Crossing]:
    """To the coordinator; joins and answers of others than the operator are passed on to it."""
    sender, kind = call.header.sender, call.header.kind
    operator = next(party.name for party in members.parties if party.role == OPERATOR)
    recipients = [members.coordinator.name, *([operator] if kind in (JOIN, ANSWER) and sender != operator else [])]
    for recipient in recipients:
        if kind == ANSWER:
            yield from (one._replace(recipient=recipient) for one in _of_message(decode(call.body)))
        else:
            yield _plain(sender, recipient, kind, call.body)


def _of_reply(data: bytes, members: Members) -> Iterator[Crossing]:
    reply = read_reply(data)
    if reply.kind == REQUEST:
        yield from _of_message(decode(reply.body))
    else:
        yield _plain(members.coordinator.name, reply.recipient, reply.kind, reply.body)
    for call in read_appendix(reply.appendix):
        yield from (one for one in _of_call(call, members) if one.recipient == reply.recipient)


def _of_message(message: Message) -> Iterator[Crossing]:
    """One per quantity; one of no quantity for an empty message."""
    head = (message.sender, message.recipient, message.kind)
    if not message.quantities:
        yield Crossing(*head, NOTHING, NOTHING, 0, 0)
    for quantity in message.quantities:
        count = len(quantity.values)
        yield Crossing(*head, quantity.name, quantity.unit, count, NUMBER * count)


def _plain(sender: str, recipient: str, kind: str, data: bytes) -> Crossing:
    return Crossing(sender, recipient, kind, HOLDS.get(kind, NOTHING), BYTES, 0, len(data))
