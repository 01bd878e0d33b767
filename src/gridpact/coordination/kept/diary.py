"""A party's journal, read by somebody who trusts nobody: what each record must be, given those before it.

calls        each call is the party's, in this run, signed by it
replies      each reply is to the party, signed by the coordinator
turns        calls are numbered in order, and each reply is about the last of them
answers      each call is of the kind that the reply before asked for, each answer one to its request
heads        the party's requests and answers stand in the chain, over which its calls and those shown to it are
             signed
states       those that were written down are those that were reached
outcome      there is one document, the last request
signatures   all have signed it, the coordinator as well
"""

from __future__ import annotations

from gridpact.coordination.apart import records
from gridpact.coordination.apart.appendix import read_appendix
from gridpact.coordination.apart.book import tree
from gridpact.coordination.apart.desk import NEXT
from gridpact.coordination.apart.envelope import (
    A_CALL,
    A_REPLY,
    ABORT,
    ANSWER,
    DONE,
    FALLBACK,
    JOIN,
    LINKED,
    REQUEST,
    SIGN,
    Call,
    Reply,
    read_call,
    read_reply,
    sha256,
)
from gridpact.coordination.apart.follower import Follower, LieError
from gridpact.coordination.apart.outcome import Outcome, read_outcome, signature_of
from gridpact.coordination.apart.states import Ending, State, read_ending
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.identity.members import OPERATOR, Member, Members
from gridpact.coordination.kept.findings import Doubts
from gridpact.coordination.kept.journal import Record
from gridpact.coordination.kept.minutes import (
    ANSWERS,
    CALLS,
    HEADS,
    SIGNATURES,
    STATES,
    THE_OUTCOME,
    TURNS,
    compare,
    reached,
    why_none,
)
from gridpact.coordination.message import Message, MessageError, decode
from gridpact.coordination.party import matches

REPLIES, SHOWN = "replies", "shown"
CHECKS = (CALLS, REPLIES, TURNS, ANSWERS, HEADS, SHOWN, STATES, THE_OUTCOME, SIGNATURES)


class Diary:
    """Reads record after record of a ``member``; what is against them is added to ``doubts``.

    ``calls`` are those that the member made or was shown, by the number of the link that they are in and by place.
    """

    def __init__(self, members: Members, member: Member, doubts: Doubts) -> None:
        self.members, self.member, self.doubts = members, member, doubts
        self.following = Follower(members, member.name, window=1)
        self.calls: dict[int, dict[int, Call]] = {}
        self.turn = -1
        self.asked = ""
        self.request: Message | None = None
        self.outcome: Outcome | None = None
        self.agreed = self.signed = self.iterating = False
        self.ending: Ending | None = None
        self.states: list[str] = []
        self._readers = {
            records.CALLED: (CALLS, self._call),
            records.REPLIED: (REPLIES, self._reply),
            records.ENDED: (STATES, self._ended),
            records.STATE: (STATES, self._state),
            records.TOGETHER: (CALLS, self._together),
        }

    def read(self, record: Record) -> None:
        """The next record."""
        if record.kind not in self._readers:
            self.doubts.add(STATES, f"record {record.number}: no party writes {record.kind!r}")
            return
        check, reader = self._readers[record.kind]
        try:
            reader(record)
        except MessageError as error:
            self.doubts.add(check, f"record {record.number}: {error}")

    def _together(self, record: Record) -> None:
        for part in records.parts_of(record):
            self.read(part)

    def close(self) -> None:
        """There are no more records."""
        compare(self.states, self._reached(), self.doubts, whole=self.signed)
        if self.member.role == OPERATOR:
            self._check_shown()
        if self.outcome is None or self.ending is not None:
            self.doubts.lack(THE_OUTCOME, why_none(self.ending, self.states))
        if not self.signed:
            self.doubts.lack(SIGNATURES, "those of all are not there")

    def _call(self, record: Record) -> None:
        call = read_call(record.payload)
        header = call.header
        self.turn += 1
        if header.turn != self.turn:
            self._doubt(TURNS, record, f"turn {header.turn} where turn {self.turn} was next")
        if (header.seen, header.head) != (len(self.following.chain), self.following.chain.head):
            self._doubt(HEADS, record, f"the call is signed over another chain after {header.seen} links")
        if (header.run, header.sender) != (self.members.run, self.member.name):
            raise MessageError(f"a call of {header.sender!r} in the run {header.run!r}")
        if not signed_by(self.member.key, A_CALL, header.encode(), call.signature):
            raise MessageError(f"the call is not signed by {self.member.name!r}")
        self._contents(record, call)

    def _contents(self, record: Record, call: Call) -> None:
        """What a call says, by its kind."""
        kind = call.header.kind
        if kind not in (NEXT.get(self.asked, ()) if self.turn else (JOIN,)) and kind != ABORT:
            self._doubt(ANSWERS, record, f"a call {kind!r} was not asked for")
        if kind in (JOIN, ANSWER):
            self.following.answered(call)
            self._keep(call)
        if kind == ABORT:
            self.ending = self.ending or Ending(self.member.name, call.body.decode(errors="replace"))
        if kind == ANSWER:
            self._answer(record, call)
        if kind == SIGN:
            self._signature(record, call)

    def _answer(self, record: Record, call: Call) -> None:
        try:
            answer = decode(call.body)
            if self.request is not None:  # where there is none, the doubt has been raised
                matches(answer, self.request)
        except MessageError as error:
            self._doubt(ANSWERS, record, str(error))

    def _signature(self, record: Record, call: Call) -> None:
        if self.outcome is None:
            self._doubt(SIGNATURES, record, "the party signs before there is an outcome")
            return
        try:
            signature_of(call.body, self.outcome.statement(self.members.digest), self.member.key)
            self.agreed = True
        except MessageError as error:
            self._doubt(SIGNATURES, record, str(error))

    def _reply(self, record: Record) -> None:
        reply = read_reply(record.payload)
        if (reply.run, reply.recipient) != (self.members.run, self.member.name):
            raise MessageError(f"a reply to {reply.recipient!r} in the run {reply.run!r}")
        if reply.turn != self.turn:
            self._doubt(TURNS, record, f"a reply to turn {reply.turn} where it was to turn {self.turn}")
        if reply.kind in LINKED:
            self._follow(record, reply)
        elif not signed_by(self.members.coordinator.key, A_REPLY, reply.unsigned(), reply.signature):
            raise MessageError("the reply is not signed by the coordinator")
        self.asked = reply.kind
        for call in read_appendix(reply.appendix):
            self._passed_on(record, call)
        self._heard(record, reply)

    def _follow(self, record: Record, reply: Reply) -> None:
        links = self.following.authentic(reply)
        try:
            self.following.follow(reply, links)
        except LieError as error:
            self._doubt(HEADS, record, str(error))

    def _passed_on(self, record: Record, call: Call) -> None:
        """A call of another party."""
        header = call.header
        other = self.members.member(header.sender)
        if other not in self.following.parties or header.run != self.members.run:
            self._doubt(SHOWN, record, f"a call of {header.sender!r} in the run {header.run!r}")
        elif not signed_by(other.key, A_CALL, header.encode(), call.signature):
            self._doubt(SHOWN, record, f"a call shown is not signed by {header.sender!r}")
        else:
            self._keep(call)

    def _keep(self, call: Call) -> None:
        place = [party.name for party in self.following.parties].index(call.header.sender)
        self.calls.setdefault(call.header.seen, {})[place] = call

    def _check_shown(self) -> None:
        for number, link in enumerate(self.following.chain.links):
            leaves = {place: sha256(call.header.encode()) for place, call in self.calls.get(number, {}).items()}
            if tree(len(self.following.parties), leaves).root != link.answers:
                self.doubts.add(SHOWN, f"the calls shown are not those of link {number} of the chain")

    def _heard(self, record: Record, reply: Reply) -> None:
        """What a reply says, by its kind."""
        self.request = None
        if reply.kind == REQUEST:
            self.request, self.iterating = decode(reply.body), True
            if self.request.recipient != self.member.name:
                raise MessageError(f"a request to {self.request.recipient!r}")
        elif reply.kind == ABORT:
            self.ending = self.ending or read_ending(reply.body)
        elif reply.kind == DONE:
            self._done(record, reply.body)
        elif reply.kind in LINKED:
            if self.outcome is not None:
                self._doubt(THE_OUTCOME, record, "there is a second document")
            self.outcome = Outcome(reply.body, self.following.chain.head, reply.kind == FALLBACK)

    def _done(self, record: Record, body: bytes) -> None:
        try:
            signed = read_outcome(body, self.members)
        except MessageError as error:
            self._doubt(SIGNATURES, record, str(error))
            return
        self.signed = True
        if signed.outcome != self.outcome:
            self._doubt(THE_OUTCOME, record, "another outcome was signed than this party was sent")

    def _ended(self, record: Record) -> None:
        self.ending = self.ending or read_ending(record.payload)

    def _state(self, record: Record) -> None:
        self.states.append(record.payload.decode(errors="replace"))

    def _reached(self) -> list[str]:
        """The states that the records lead to."""
        return reached(
            committed=len(self.following.chain) > 0,
            iterating=self.iterating,
            outcome=self.outcome,
            verified=self.agreed or self._agrees,
            signed=self.signed,
            aborted=self.ending is not None,
        )

    @property
    def _agrees(self) -> bool:
        """Whether it has found the outcome right and was stopped before it signed."""
        return self.outcome is not None and self.states[-1:] == [State.VERIFIED]

    def _doubt(self, check: str, record: Record, what: str) -> None:
        self.doubts.add(check, f"record {record.number}: {what}")
