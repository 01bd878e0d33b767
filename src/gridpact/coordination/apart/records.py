"""What stands in the journals of a market: kinds of records and their payloads.

At the coordinator

    joined, answer, seen, signature, complaint    a party's whole call: to join, answers, that it has seen an audit,
                                                  signs the outcome, ends the market
    request     number of the batch | messages of it still to come | (size | message) ...      4 bytes per number
    outcome     1 for a fallback, else 0 | document
    refused     JSON {who, why}: a strike
    abort       JSON {who, why}
    state       name of the state

At a party: ``reply`` and ``call`` as they travelled, ``abort`` and ``state`` as above, ``audit`` with what it found.

At both: ``together``, several of these written at once, each as length of its kind (1 byte) | of its payload (4) | kind
| payload. Answers stand together with the requests that follow from them, a reply with the call that it led to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gridpact.coordination.apart.envelope import ABORT, ANSWER, JOIN, SEEN, SIGN
from gridpact.coordination.kept.journal import Log, Record
from gridpact.coordination.message import MOST_BYTES, MessageError

JOINED, ANSWERED, SAW, SIGNED, COMPLAINT = "joined", "answer", "seen", "signature", "complaint"
ASKED, DOCUMENT, STRIKE, ENDED, STATE = "request", "outcome", "refused", "abort", "state"
REPLIED, CALLED, AUDITED = "reply", "call", "audit"
TOGETHER = "together"
# Kind of a call -> kind of its record at the coordinator.
OF_CALL = {JOIN: JOINED, ANSWER: ANSWERED, SEEN: SAW, SIGN: SIGNED, ABORT: COMPLAINT}

NUMBERS = struct.Struct("<II")
SIZE = struct.Struct("<I")
PART = struct.Struct("<BI")


@dataclass(frozen=True, slots=True)
class Asked:
    """Messages of a batch, of which ``left`` more are in the records that follow."""

    batch: int
    left: int
    messages: tuple[bytes, ...]

    def encode(self) -> bytes:
        sized = [SIZE.pack(len(message)) + message for message in self.messages]
        return NUMBERS.pack(self.batch, self.left) + b"".join(sized)


def read_asked(data: bytes) -> Asked:
    """A record of requests; raises ``MessageError``."""
    if len(data) < NUMBERS.size:
        raise MessageError("A record of requests is cut off.")
    (batch, left), at, messages = NUMBERS.unpack_from(data), NUMBERS.size, []
    while at < len(data):
        start = at + SIZE.size
        at = start + (SIZE.unpack_from(data, at)[0] if start <= len(data) else len(data))
        if at > len(data):
            raise MessageError(f"A record of requests of batch {batch} is cut off.")
        messages.append(data[start:at])
    return Asked(batch, left, tuple(messages))


def asked_in_records(batch: int, messages: Sequence[bytes]) -> list[Asked]:
    """The records of a batch, each with messages of no more than ``MOST_BYTES`` in sum, or with a single one."""
    groups: list[list[bytes]] = []
    room = 0
    for message in messages:
        room -= SIZE.size + len(message)
        if room < 0:
            groups.append([])
            room = MOST_BYTES - len(message)
        groups[-1].append(message)
    left, found = len(messages), []
    for group in groups:
        left -= len(group)
        found.append(Asked(batch, left, tuple(group)))
    return found


class Held:
    """What is to be written to a ``journal`` together with the next record, and not by itself.

    It is lost with the process until then: nobody may have been told of what follows from it.
    """

    def __init__(self, journal: Log) -> None:
        self.journal = journal
        self._parts: list[tuple[str, bytes]] = []
        self._size = 0

    def hold(self, kind: str, payload: bytes) -> None:
        """Raises what the journal raises where there was too much to hold it as well, and does not hold it then."""
        self._make_room(len(payload))
        self._parts.append((kind, payload))
        self._size += len(payload)

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        """Write a record, and all that is held before it; raises what the journal raises, and holds it still."""
        self._make_room(len(payload))
        self._write([*self._parts, (kind, payload)], durable)

    def flush(self) -> None:
        """Write what is held."""
        if self._parts:
            self._write(self._parts, False)

    def _make_room(self, size: int) -> None:
        if self._size + size > MOST_BYTES:
            self.flush()

    def _write(self, parts: Sequence[tuple[str, bytes]], durable: bool) -> None:
        kind, payload = parts[0] if len(parts) == 1 else (TOGETHER, together(parts))
        self.journal.append(kind, payload, durable=durable)
        self._parts, self._size = [], 0


def together(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """Kinds and payloads as the payload of one record."""
    return b"".join([PART.pack(len(kind), len(payload)) + kind.encode() + payload for kind, payload in parts])


def apart(records: Iterable[Record]) -> Iterator[Record]:
    """Records one by one, those that were written together as well; raises ``MessageError``."""
    for record in records:
        if record.kind == TOGETHER:
            yield from parts_of(record)
        else:
            yield record


def parts_of(record: Record) -> list[Record]:
    """What was written together, under the number, hash and signature of all; raises ``MessageError``."""
    data, at, found = record.payload, 0, []
    while at < len(data):
        start = at + PART.size
        kinds, size = PART.unpack_from(data, at) if start <= len(data) else (0, len(data))
        at = start + kinds + size
        if at > len(data) or not data[start : start + kinds].isascii():
            raise MessageError("What was written together cannot be taken apart.")
        kind = data[start : start + kinds].decode()
        if kind == TOGETHER:
            raise MessageError("What was written together holds another such record.")
        found.append(Record(record.number, kind, data[start + kinds : at], record.hash, record.signature))
    return found
