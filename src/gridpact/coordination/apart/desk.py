"""What the coordinator knows of one party: its turn, its last call and what it was told, and what it may say next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gridpact.coordination.apart.envelope import (
    A_CALL,
    ABORT,
    ANSWER,
    AUDIT,
    FALLBACK,
    JOIN,
    OUTCOME,
    REQUEST,
    SEEN,
    SIGN,
    Call,
    Header,
    read_call,
    sha256,
)
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.identity.members import Member
from gridpact.coordination.message import MessageError

# Kind of the last reply -> kinds of the next call.
NEXT = {REQUEST: (ANSWER,), AUDIT: (SEEN,), OUTCOME: (SIGN,), FALLBACK: (SIGN,)}
MOST_REASON = 4096
OTHER_ROSTER = "The party joins with another roster than the coordinator's, whose SHA-256 is "


class PastError(MessageError):
    """A call that was answered long ago."""


class OtherRosterError(MessageError):
    """A party means another market, or its file was changed: it has not joined, and may come with the right one."""


@dataclass(eq=False)
class Desk:
    """A ``member`` at its ``place`` in the roster.

    ``said`` is the kind of the reply to its ``last`` call, empty while there is nothing to say; ``reply`` are the bytes
    of that, once made. With it the party has seen ``seen`` links of the chain. ``answered`` is the path from its last
    answer to the root of the answers.
    """

    run: str
    member: Member
    place: int
    last: Call | None = None
    data: bytes = b""
    said: str = ""
    reply: bytes = b""
    seen: int = 0
    answered: bytes = b""
    strikes: int = 0
    past: list[bytes] = field(default_factory=list)

    @property
    def turn(self) -> int:
        """The turn of the next call."""
        return len(self.past)

    @property
    def waits(self) -> bool:
        """Whether nothing was said to its last call yet."""
        return self.last is not None and not self.said

    def repeats(self, data: bytes) -> bool:
        """Whether these bytes are its last call once more."""
        return data == self.data and self.last is not None

    def admit(self, data: bytes, heads: Sequence[bytes]) -> Call:
        """The next call of the party, if these bytes are one; ``heads`` are those of the chain.

        Raises ``PastError`` for an earlier call once more, ``MessageError`` for all others. Contents are for the
        recipient to judge.
        """
        call = read_call(data)
        header = call.header
        if (header.run, header.sender) != (self.run, self.member.name):
            raise MessageError(f"A call of {header.sender!r} in the run {header.run!r} came from {self.member.name!r}.")
        self._check_turn(header.turn, data)
        self._check_kind(call)
        self._check_head(header, heads)
        if not signed_by(self.member.key, A_CALL, header.encode(), call.signature):
            raise MessageError("The signature of the call is not that of the party.")
        return call

    def take(self, call: Call, data: bytes) -> None:
        """Make an admitted call the last one."""
        self.last, self.data, self.said, self.reply = call, data, "", b""
        self.past.append(sha256(data))

    def _check_turn(self, turn: int, data: bytes) -> None:
        if turn > self.turn:
            raise MessageError(f"Turn {self.turn} is to come; the call is of turn {turn}.")
        if turn < self.turn and sha256(data) == self.past[turn]:
            raise PastError(f"Turn {turn} was answered; turn {self.turn} is to come.")
        if turn < self.turn:
            raise MessageError(f"Turn {turn} was answered to other bytes.")

    def _check_kind(self, call: Call) -> None:
        """What was asked for; to end the market is allowed at any time after joining."""
        if call.header.kind == ABORT and self.last is not None:
            if call.header.size > MOST_REASON:
                raise MessageError(f"A reason has at most {MOST_REASON} bytes, not {call.header.size}.")
            return
        if self.waits:
            raise MessageError("The last call has no reply yet.")
        allowed = NEXT.get(self.said, ()) if self.last is not None else (JOIN,)
        if call.header.kind not in allowed:
            raise MessageError(f"A call {call.header.kind!r} was not asked for ({' or '.join(allowed) or 'nothing'}).")

    def _check_head(self, header: Header, heads: Sequence[bytes]) -> None:
        """The chain as it was shown; who ends the market may not have seen the last of it."""
        if header.kind == JOIN and header.head != heads[0]:
            raise OtherRosterError(OTHER_ROSTER)
        known = header.seen == self.seen or (header.kind == ABORT and header.seen < self.seen)
        if not known or header.head != heads[header.seen]:
            raise MessageError(f"The call is signed over another chain than the {self.seen} links that were shown.")
