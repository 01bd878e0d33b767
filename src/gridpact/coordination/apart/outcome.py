"""A document that all have signed: what came of a market, or what was agreed for the case that nothing comes of it.

    statement   digest of the roster | head of the chain with the document | SHA-256 of the document | 1 for a fallback
    outcome     b"GridDone" | fallback, head, counts | document | name and signature of each, in the order of the roster

All sign the same statement, the coordinator last. It takes the public roster alone to verify it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridpact.coordination.apart.envelope import sha256
from gridpact.coordination.identity.keys import DIGEST, SIGNATURE, signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.message import MOST_BYTES, MessageError

AN_OUTCOME = "an outcome"
PREFIX = struct.Struct("<8sB32sII")
MAGIC = b"GridDone"
# Room for the signatures of all, so that document and signatures travel together.
MOST_DOCUMENT = MOST_BYTES - 2**17


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document, the head of the chain that it ends, and whether it is the fallback."""

    document: bytes = field(repr=False)
    head: bytes
    fallback: bool = False

    def statement(self, roster: bytes) -> bytes:
        """What is signed."""
        return roster + self.head + sha256(self.document) + bytes([self.fallback])


@dataclass(frozen=True, slots=True)
class SignedOutcome:
    """An outcome with signatures by name."""

    outcome: Outcome
    signatures: Mapping[str, bytes] = field(repr=False)

    def encode(self, members: Members) -> bytes:
        one = self.outcome
        signatures = [self.signatures[member.name] for member in members.members]
        prefix = PREFIX.pack(MAGIC, one.fallback, one.head, len(one.document), len(signatures))
        return b"".join([prefix, one.document, *signatures])

    def verify(self, members: Members) -> None:
        """Raises ``MessageError`` naming all whose signature is missing or not theirs."""
        statement = self.outcome.statement(members.digest)
        missing = [
            repr(member.name)
            for member in members.members
            if not signed_by(member.key, AN_OUTCOME, statement, self.signatures.get(member.name, b""))
        ]
        if missing:
            raise MessageError(f"The outcome is not signed by {', '.join(missing)}.")


def read_outcome(data: bytes, members: Members) -> SignedOutcome:
    """An outcome that all members have signed; raises ``MessageError``."""
    if len(data) < PREFIX.size:
        raise MessageError("The bytes are no signed outcome.")
    magic, fallback, head, size, count = PREFIX.unpack_from(data)
    end = PREFIX.size + size
    if magic != MAGIC or fallback > 1 or count != len(members.members) or len(data) != end + count * SIGNATURE:
        raise MessageError("The bytes are no outcome signed by these members.")
    pieces = [data[start : start + SIGNATURE] for start in range(end, len(data), SIGNATURE)]
    names = [member.name for member in members.members]
    outcome = Outcome(data[PREFIX.size : end], head, bool(fallback))
    signed = SignedOutcome(outcome, dict(zip(names, pieces, strict=True)))
    signed.verify(members)
    return signed


def signature_body(statement: bytes, signature: bytes) -> bytes:
    """What a party that agrees sends: the digest of the statement, and its signature of it."""
    return sha256(statement) + signature


def signature_of(body: bytes, statement: bytes, key: str) -> bytes:
    """The signature of a statement in a body; raises ``MessageError`` where it is another one's or somebody else's."""
    if len(body) != DIGEST + SIGNATURE or body[:DIGEST] != sha256(statement):
        raise MessageError("What was signed is not the outcome that was sent.")
    if not signed_by(key, AN_OUTCOME, statement, body[DIGEST:]):
        raise MessageError("The signature of the outcome is not that of the party.")
    return body[DIGEST:]
