"""Calls that must not count, made from the call that a party ought to make: by kind, and what is said of each."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gridpact.coordination.apart.envelope import A_CALL, JOIN, REQUEST, SEEN, SIGN, Call, Reply, sha256
from gridpact.coordination.apart.outcome import AN_OUTCOME
from gridpact.coordination.identity.keys import Signer
from gridpact.coordination.message import PREFIX, Message, decode


@dataclass(frozen=True, eq=False)
class Victim:
    """The honest ``call`` of who poisons and its key, the call before, and somebody else's call."""

    call: Call
    signer: Signer
    before: Call
    other: Call
    stranger: Signer

    @property
    def message(self) -> Message:
        return decode(self.call.body)

    def signed(self, body: bytes | None = None, signer: Signer | None = None, **changes: Any) -> bytes:
        """The call with another body or header, signed as it ought to be."""
        body = self.call.body if body is None else body
        header = replace(self.call.header, size=len(body), digest=sha256(body), **changes)
        return Call(header, body, (signer or self.signer).sign(A_CALL, header.encode())).encode()

    def with_numbers(self, *values: float) -> bytes:
        """The message with other numbers, whose header still counts two."""
        size = PREFIX.unpack_from(self.call.body)[2]
        return self.signed(self.call.body[: PREFIX.size + size] + struct.pack(f"<{len(values)}d", *values))

    def with_header(self, text: str, payload: bytes = bytes(16)) -> bytes:
        """The message with another header."""
        data = text.encode()
        data += b" " * (-len(data) % 8)
        return self.signed(PREFIX.pack(b"GridPac1", self.message.round, len(data)) + data + payload)

    def with_fields(self, payload: bytes = bytes(16), **fields: Any) -> bytes:
        """The message with other fields in its header."""
        message = self.message
        known = {"run": message.run, "sender": message.sender, "recipient": message.recipient, "kind": message.kind}
        shapes = fields.pop("shapes", [["exchange", "p.u.", 2]])
        return self.with_header(json.dumps([*{**known, **fields}.values(), shapes], separators=(",", ":")), payload)

    def in_round(self, number: int) -> bytes:
        return self.signed(replace(self.message, round=number).encode())


def mangled(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


Maker = Callable[[Victim], bytes]
NAN, INF = float("nan"), float("inf")
HUGE = 2 * 2**20

# kind -> how it is made, what is said of it
NUMBERS: dict[str, tuple[Maker, str]] = {
    "not a number": (lambda v: v.with_numbers(NAN, 0.0), "not finite"),
    "infinity": (lambda v: v.with_numbers(0.0, INF), "not finite"),
    "minus infinity": (lambda v: v.with_numbers(-INF, 0.0), "not finite"),
    "1e12": (lambda v: v.with_numbers(1e12, 0.0), "beyond its bound"),
    "1e300": (lambda v: v.with_numbers(0.0, 1e300), "beyond its bound"),
    "-1e300": (lambda v: v.with_numbers(-1e300, 0.0), "beyond its bound"),
    "a little too much": (lambda v: v.with_numbers(100.00001, 0.0), "beyond its bound"),
    "a jump": (lambda v: v.with_numbers(60.0, -60.0), "at once"),
    "one number missing": (lambda v: v.with_numbers(1.0), "8 bytes of numbers follow"),
    "one number too many": (lambda v: v.with_numbers(1.0, 2.0, 3.0), "24 bytes of numbers follow"),
    "single precision": (lambda v: v.signed(v.call.body[:-16] + struct.pack("<2f", 1.0, 2.0)), "8 bytes of numbers"),
    "numbers as text": (lambda v: v.signed(v.call.body[:-16] + b"[1.0, 2.0]"), "10 bytes of numbers"),
}
CONTENTS: dict[str, tuple[Maker, str]] = {
    "a row of three": (lambda v: v.with_fields(bytes(24), shapes=[["exchange", "p.u.", 3]]), "declared"),
    "a row of none": (lambda v: v.with_fields(b"", shapes=[["exchange", "p.u.", 0]]), "declared"),
    "no quantity": (lambda v: v.with_fields(b"", shapes=[]), "declared"),
    "an empty message": (lambda v: v.signed(b""), "shorter than"),
    "another kind": (lambda v: v.with_fields(kind="fixed"), "instead of 'answer'"),
    "another quantity": (lambda v: v.with_fields(shapes=[["cost", "p.u.", 2]]), "declared"),
    "another unit": (lambda v: v.with_fields(shapes=[["exchange", "MW", 2]]), "declared"),
    "a negative capacity besides": (
        lambda v: v.with_fields(
            struct.pack("<3d", 0, 0, -1), shapes=[["exchange", "p.u.", 2], ["capacity", "p.u.", 1]]
        ),
        "declared",
    ),
    "a quantity twice": (lambda v: v.with_fields(bytes(32), shapes=[["exchange", "p.u.", 2]] * 2), "twice"),
    "a message of another party": (lambda v: v.with_fields(sender="mg2"), "run, round, sender and recipient"),
    "a message to another": (lambda v: v.with_fields(recipient="operator"), "run, round, sender and recipient"),
    "a message in another coordination": (lambda v: v.with_fields(run="night"), "run, round, sender and recipient"),
    "a message of the next round": (lambda v: v.in_round(v.message.round + 1), "run, round, sender and recipient"),
    "a message of an earlier round": (lambda v: v.signed(v.before.body), "run, round, sender and recipient"),
    "2 MiB of zeros in a call": (lambda v: v.signed(bytes(HUGE)), "bytes, not 2097"),
    "deep nesting": (lambda v: v.with_header("[" * 8000), "not JSON"),
    "another form of the same": (lambda v: v.with_header('[ "agreement","mg1","coordinator"]'), "must be run"),
    "a huge count": (lambda v: v.with_fields(shapes=[["exchange", "p.u.", 2**40]]), "a count of numbers"),
    "a count below zero": (lambda v: v.with_fields(shapes=[["exchange", "p.u.", -1]]), "a count of numbers"),
    "something after the message": (lambda v: v.signed(v.call.body + b"\0"), "17 bytes of numbers"),
    "no message at all": (lambda v: v.signed(b"GET / HTTP/1.1\r\n\r\n"), "no message"),
}
ENVELOPES: dict[str, tuple[Maker, str]] = {
    "something after the call": (lambda v: v.call.encode() + b"\0", "must be"),
    "a call that is cut off": (lambda v: v.call.encode()[:-1], "must be"),
    "nothing": (lambda v: b"", "bytes, not 0"),
    "other bytes": (lambda v: bytes(range(256)), "no call"),
    "2 MiB": (lambda v: bytes(HUGE), "bytes, not 2097152"),
    "a call of another run": (lambda v: v.signed(run="night"), "in the run 'night'"),
    "a call in the name of another": (lambda v: v.signed(sender="mg2"), "call of 'mg2'"),
    "the call of another": (lambda v: v.other.encode(), "call of 'mg2'"),
    "the signature of another": (lambda v: v.signed(signer=v.stranger), "signature"),
    "a signature of zeros": (lambda v: replace(v.call, signature=bytes(64)).encode(), "signature"),
    "a signature for another purpose": (
        lambda v: replace(v.call, signature=v.signer.sign(AN_OUTCOME, v.call.header.encode())).encode(),
        "signature",
    ),
    "the signature of the call before": (
        lambda v: replace(v.call, signature=v.before.signature).encode(),
        "signature",
    ),
    "a turn to come": (lambda v: v.signed(turn=v.call.header.turn + 1), "is to come"),
    "a turn that was answered": (lambda v: v.signed(turn=v.call.header.turn - 1), "answered to other bytes"),
    "another head": (lambda v: v.signed(head=bytes(32)), "another chain"),
    "fewer links": (lambda v: v.signed(seen=0), "another chain"),
    "more links": (lambda v: v.signed(seen=2**31), "another chain"),
    "to sign out of turn": (lambda v: v.signed(bytes(96), kind=SIGN), "'sign' was not asked for"),
    "to join again": (lambda v: v.signed(bytes(64), kind=JOIN), "'join' was not asked for"),
    "to have seen something": (lambda v: v.signed(b"", kind=SEEN), "'seen' was not asked for"),
    "an unknown kind": (lambda v: mangled(v.call.encode(), 20, b"\x09"), "no call"),
    "another body under the header": (lambda v: replace(v.call, body=v.call.body[::-1]).encode(), "not the one"),
    "a size that is not true": (lambda v: mangled(v.call.encode(), 16, b"\xff\xff\xff\x7f"), "must be"),
    "a reply": (lambda v: Reply("day", "mg1", v.call.header.turn, REQUEST, v.call.body).encode(), "no call"),
    "a name that is no text": (lambda v: v.call.encode().replace(b"mg1", b"\xff\xfe\xfd", 1), "Names must be"),
}
POISONS = {**NUMBERS, **CONTENTS, **ENVELOPES}
