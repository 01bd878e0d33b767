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
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from gridpact.coordination.apart.envelope import ABORT, ANSWER, JOIN, SEEN, SIGN
from gridpact.coordination.message import MOST_BYTES, MessageError

JOINED, ANSWERED, SAW, SIGNED, COMPLAINT = "joined", "answer", "seen", "signature", "complaint"
ASKED, DOCUMENT, STRIKE, ENDED, STATE = "request", "outcome", "refused", "abort", "state"
REPLIED, CALLED, AUDITED = "reply", "call", "audit"
# Kind of a call -> kind of its record at the coordinator.
OF_CALL = {JOIN: JOINED, ANSWER: ANSWERED, SEEN: SAW, SIGN: SIGNED, ABORT: COMPLAINT}

NUMBERS = struct.Struct("<II")
SIZE = struct.Struct("<I")


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
