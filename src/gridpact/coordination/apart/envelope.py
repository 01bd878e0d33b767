"""What travels between a party and the coordinator, as bytes of one form, signed.

    call    party -> coordinator     header | body | signature of the header by the party
    header  b"GridCall" | turn, seen, size of the body, kind, lengths | run | sender | head | SHA-256 of the body
    reply   coordinator -> party     b"GridSaid" | turn, sizes, kind, lengths | run | recipient | chain | witness
                                     | appendix | body | signature by the coordinator

A party's ``turn`` counts its calls; a reply has the turn of the call it answers. ``head`` commits to the ``seen`` links
of the chain that the sender knows. A header with its signature tells a third party what the sender has seen, and
nothing of the body. Replies that carry new links are signed by the signature of the newest head, which binds their body
(``chain``), one for all recipients; the others are signed as they are.

All sizes are compared with the length of the bytes before anything is made of them; bytes that are left are refused.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from gridpact.coordination.identity.keys import DIGEST, SIGNATURE
from gridpact.coordination.message import MOST_BYTES, MOST_TEXT, MessageError

JOIN, ANSWER, SEEN, SIGN, ABORT = "join", "answer", "seen", "sign", "abort"
REQUEST, AUDIT, OUTCOME, FALLBACK, DONE, WAIT, REFUSED = (
    "request",
    "audit",
    "outcome",
    "fallback",
    "done",
    "wait",
    "refused",
)
CALLS = (JOIN, ANSWER, SEEN, SIGN, ABORT)
REPLIES = (REQUEST, AUDIT, OUTCOME, FALLBACK, DONE, WAIT, ABORT, REFUSED)
# Replies with new links, signed by the head they lead to.
LINKED = (REQUEST, OUTCOME, FALLBACK)

A_CALL, A_REPLY = "a call", "a reply"
MOST_ENVELOPE = MOST_BYTES + 2**16
MOST_TURNS = 2**32
HEADER = struct.Struct("<8sIIIBHH")
SAID = struct.Struct("<8sIIIIIBHH")
CALL_MAGIC, REPLY_MAGIC = b"GridCall", b"GridSaid"
MOST_NAME = 4 * MOST_TEXT


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(kind: str, body: bytes) -> bytes:
    """What stands in the chain for a body that was sent to a party."""
    return sha256(kind.encode() + b"\0" + body)


@dataclass(frozen=True, slots=True)
class Header:
    """A call without its body, of which it has ``size`` and ``digest``."""

    run: str
    sender: str
    turn: int
    kind: str
    seen: int
    head: bytes
    size: int
    digest: bytes
    _data: bytes = field(default=b"", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_data", self._encoded())

    def encode(self) -> bytes:
        return self._data

    def _encoded(self) -> bytes:
        run, sender = self.run.encode(), self.sender.encode()
        numbers = (self.turn, self.seen, self.size, CALLS.index(self.kind), len(run), len(sender))
        return HEADER.pack(CALL_MAGIC, *numbers) + run + sender + self.head + self.digest


@dataclass(frozen=True, slots=True)
class Call:
    """What a party says; ``witness`` is what others are shown of it."""

    header: Header
    body: bytes
    signature: bytes

    def encode(self) -> bytes:
        return self.header.encode() + self.body + self.signature

    @property
    def witness(self) -> bytes:
        return self.header.encode() + self.signature


@dataclass(frozen=True, slots=True)
class Reply:
    """What the coordinator says: to whom, at which turn, and what shows that all hear the same (``chain``)."""

    run: str
    recipient: str
    turn: int
    kind: str
    body: bytes = field(default=b"", repr=False)
    chain: bytes = field(default=b"", repr=False)
    witness: bytes = field(default=b"", repr=False)
    appendix: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=bytes(SIGNATURE), repr=False)

    def unsigned(self) -> bytes:
        """All but the signature."""
        run, recipient = self.run.encode(), self.recipient.encode()
        sizes = (len(self.chain), len(self.witness), len(self.appendix), len(self.body))
        numbers = (self.turn, *sizes, REPLIES.index(self.kind), len(run), len(recipient))
        prefix = SAID.pack(REPLY_MAGIC, *numbers)
        return b"".join((prefix, run, recipient, self.chain, self.witness, self.appendix, self.body))

    def encode(self) -> bytes:
        return self.unsigned() + self.signature


def read_call(data: bytes) -> Call:
    """The call of its bytes; raises ``MessageError``. The signature is yet to be verified."""
    header, end = _header(data)
    if len(data) != end + header.size + SIGNATURE:
        raise MessageError(f"A call of {header.size} bytes must be {end + header.size + SIGNATURE}, not {len(data)}.")
    body = bytes(data[end : end + header.size])
    if sha256(body) != header.digest:
        raise MessageError("The body of the call is not the one that its header is about.")
    return Call(header, body, bytes(data[-SIGNATURE:]))


def read_witness(data: bytes) -> tuple[Header, bytes]:
    """Header and signature of somebody's call; raises ``MessageError``."""
    header, end = _header(data)
    if len(data) != end + SIGNATURE:
        raise MessageError(f"What a witness signed must be {end + SIGNATURE} bytes, not {len(data)}.")
    return header, bytes(data[end:])


def read_reply(data: bytes) -> Reply:
    """The reply of its bytes; raises ``MessageError``. The signature is yet to be verified."""
    _check_length(data, SAID.size, "reply")
    magic, turn, *sizes, kind, run, recipient = SAID.unpack_from(data)
    ends = [SAID.size]
    for size in (run, recipient, *sizes, SIGNATURE):
        ends.append(ends[-1] + size)
    if magic != REPLY_MAGIC or kind >= len(REPLIES):
        raise MessageError("The bytes are no reply.")
    if ends[-1] != len(data):
        raise MessageError(f"The reply announces {ends[-1]} bytes; there are {len(data)}.")
    parts = [bytes(data[start:end]) for start, end in pairwise(ends)]
    chain, witness, appendix, body, signature = parts[2:]
    names = _text(parts[0]), _text(parts[1])
    return Reply(*names, turn, REPLIES[kind], body, chain, witness, appendix, signature)


def _header(data: bytes) -> tuple[Header, int]:
    """The header at the beginning, and where it ends."""
    _check_length(data, HEADER.size, "call")
    magic, turn, seen, size, kind, run, sender = HEADER.unpack_from(data)
    if magic != CALL_MAGIC or kind >= len(CALLS):
        raise MessageError("The bytes are no call.")
    start = HEADER.size + run
    head, digest, end = start + sender, start + sender + DIGEST, start + sender + 2 * DIGEST
    if end > len(data):
        raise MessageError(f"The call is cut off: its header alone has {end} bytes, and there are {len(data)}.")
    run_name, name = _text(bytes(data[HEADER.size : start])), _text(bytes(data[start:head]))
    seen_head, about = bytes(data[head:digest]), bytes(data[digest:end])
    return Header(run_name, name, turn, CALLS[kind], seen, seen_head, size, about), end


def _check_length(data: bytes, least: int, what: str) -> None:
    if not least + SIGNATURE <= len(data) <= MOST_ENVELOPE:
        raise MessageError(f"A {what} has {least + SIGNATURE} to {MOST_ENVELOPE} bytes, not {len(data)}.")


@lru_cache(4096)
def _text(data: bytes) -> str:
    try:
        text = data.decode() if 0 < len(data) <= MOST_NAME else ""
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not 0 < len(text) <= MOST_TEXT:
        raise MessageError(f"Names must be 1 to {MOST_TEXT} printable characters.")
    return text
