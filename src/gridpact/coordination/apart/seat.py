"""A party's end of a market of several machines: bytes in, bytes out.

    first    the call to begin with, or the last one again after a restart
    step     the reply to the last call -> the next call, None when all is over

A reply that the coordinator has not signed, or that is not about the present turn, changes nothing. What the
coordinator has signed and is not true ends the market for this party: it says so, and signs no outcome. Whatever it
does is written down before anybody learns of it; after a restart it does everything again, and must come to the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gridpact.coordination.apart import envelope as say
from gridpact.coordination.apart import records
from gridpact.coordination.apart.appendix import read_appendix
from gridpact.coordination.apart.audit import Algorithm, Auditor
from gridpact.coordination.apart.envelope import A_CALL, A_REPLY, Call, Header, Reply, read_reply, sha256
from gridpact.coordination.apart.follower import Follower, Links
from gridpact.coordination.apart.limits import Gate, Limits
from gridpact.coordination.apart.outcome import AN_OUTCOME, Outcome, SignedOutcome, read_outcome, signature_body
from gridpact.coordination.apart.script import DifferentError, Script
from gridpact.coordination.apart.states import Aborted, Ending, State, moved, read_ending
from gridpact.coordination.identity.keys import Signer, signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.kept.journal import Log
from gridpact.coordination.message import MessageError, decode
from gridpact.coordination.party import Door, MisplacedError, Party
from gridpact.errors import InputError

T = TypeVar("T")
CheckOutcome = Callable[[bytes, bool], None]


class DisagreementError(Exception):
    """Raised by a check of an outcome; its text is told to all. Of other errors they are told the kind alone."""


class Seat:
    """The core of a party called ``name``.

    ``check_outcome`` raises where the party does not agree with a document, which is that of the fallback or not;
    ``audit`` is the coordinator's algorithm, for a party that is shown the calls of all; ``inputs`` stands for what the
    party decides on. ``cause`` is the error of its own program or check that made it leave. Raises ``JournalError``
    where something cannot be written down, and ``Aborted`` where it does not do again what stands in its journal.
    """

    def __init__(
        self,
        name: str,
        members: Members,
        signer: Signer,
        party: Party,
        journal: Log,
        limits: Limits,
        check_outcome: CheckOutcome,
        audit: Algorithm | None = None,
        inputs: bytes = bytes(32),
    ) -> None:
        member = members.member(name)
        if member not in members.parties or party.name != name or signer.public != member.key:
            raise InputError(f"{name!r} is no party of {members.run!r}, or key or program are not its own.")
        self.name, self.members, self.signer = name, members, signer
        self.state, self.ending, self.cause = State.DRAFT, None, None
        self.turn, self.strikes = -1, 0
        self._following = Follower(members, name)
        self._gate, self._door, self._agrees = Gate(limits), Door(party), check_outcome
        self._auditor = None if audit is None else Auditor(members, audit)
        self._made: Outcome | None = None
        self._signed: SignedOutcome | None = None
        self._next: bytes | None = None
        self._script = Script(journal)
        self._resume(inputs)

    state: State
    ending: Ending | None
    cause: Exception | None

    @property
    def outcome(self) -> SignedOutcome | None:
        """The result: None before all have signed it."""
        return self._signed

    @property
    def over(self) -> bool:
        """Whether nothing can change any more."""
        return self._signed is not None or self.state is State.ABORTED

    def first(self) -> bytes | None:
        """The call to make now; None where all is over."""
        return self._next

    def step(self, data: bytes) -> bytes | None:
        """The next call after a reply, or the last one again where the reply is of no use; None when all is over."""
        if self.over:
            self._next = None
            return None
        try:
            reply = read_reply(data)
            if self._is_stale(reply):
                return self._next
            links = self._authentic(reply)
        except MessageError as error:
            return self._struck(str(error))
        if reply.kind != say.WAIT:
            self._hear(reply, data, links)
            self._script.flush()
        return self._next

    def give_up(self, why: str, who: str = "") -> bytes | None:
        """End the market for this party, because of ``who`` (itself); returns a last call that says so."""
        if not self.over:
            ending = Ending(who or self.name, why)
            self._script.write(records.ENDED, ending.encode())
            self._leave(ending)
        return self._next

    def _is_stale(self, reply: Reply) -> bool:
        """Whether a reply is about an earlier turn; raises ``MessageError`` for one to others."""
        if (reply.run, reply.recipient) != (self.members.run, self.name):
            raise MessageError(f"The reply is to {reply.recipient!r} in the run {reply.run!r}.")
        if reply.turn > self.turn:
            raise MessageError(f"The reply is about turn {reply.turn}, and turn {self.turn} is the last.")
        return reply.turn < self.turn

    def _authentic(self, reply: Reply) -> Links | None:
        """Raises ``MessageError`` unless the coordinator signed the reply; the links in it."""
        if reply.kind in say.LINKED:
            return self._following.authentic(reply)
        if not signed_by(self.members.coordinator.key, A_REPLY, reply.unsigned(), reply.signature):
            raise MessageError("The reply is not signed by the coordinator.")
        return None

    def _struck(self, why: str) -> bytes | None:
        """A reply that is not the coordinator's counts for nothing, but only so many are borne."""
        self.strikes += 1
        if self.strikes >= self.members.terms.strikes:
            return self.give_up(f"{why} (strike {self.strikes})", self.members.coordinator.name)
        return self._next

    def _hear(self, reply: Reply, data: bytes, links: Links | None) -> None:
        """Do what an authentic reply asks for."""
        self._script.hold(records.REPLIED, data)
        try:
            self._obey(reply, links)
        except MessageError as error:
            self._leave(Ending(self.members.coordinator.name, f"The coordinator is wrong: {error}"))

    def _obey(self, reply: Reply, links: Links | None) -> None:
        """Raises ``MessageError`` where the coordinator is wrong."""
        if reply.kind == say.ABORT:
            return self._end(read_ending(reply.body))
        if reply.kind == say.REFUSED:
            raise MessageError(f"it refused a call: {reply.body.decode(errors='replace')}")
        if (reply.kind == say.DONE) != (self._made is not None):
            raise MessageError(f"a reply {reply.kind!r} is out of place")
        if reply.kind == say.DONE:
            return self._done(reply.body)
        self._keep(reply.appendix)
        if links is None:
            return self._say(say.SEEN, b"")
        self._following.follow(reply, links)
        if self.state is State.OPEN:
            self._move(State.COMMITTED)
        return self._answer(reply.body) if reply.kind == say.REQUEST else self._agree(reply)

    def _answer(self, request: bytes) -> None:
        message = decode(request)
        if message.sender != self.members.coordinator.name:
            raise MessageError(f"it asks in the name of {message.sender!r}")
        self._gate.check(message)
        if self.state is State.COMMITTED:
            self._move(State.ITERATING)
        answer = self._own(lambda: self._door.answer_to(message, request), "Its program has no answer")
        if answer is not None:
            self._gate.keep(message)
            self._say(say.ANSWER, answer)

    def _agree(self, reply: Reply) -> None:
        """Check the outcome, and sign it."""
        fallback = reply.kind == say.FALLBACK
        if fallback and self.members.terms.fallback != "no_deal":
            raise MessageError("the terms know no fallback")
        self._move(State.FALLBACK if fallback else State.CONVERGED)
        if self._auditor is not None:
            self._auditor.check(self._following.chain, reply.body, fallback)
        self._own(lambda: self._agrees(reply.body, fallback), "It does not agree with the outcome")
        if self.state is State.ABORTED:
            return
        if not fallback:
            self._move(State.VERIFIED)
        self._made = Outcome(reply.body, self._following.chain.head, fallback)
        statement = self._made.statement(self._following.roster)
        self._say(say.SIGN, signature_body(statement, self.signer.sign(AN_OUTCOME, statement)), durable=True)

    def _done(self, body: bytes) -> None:
        signed = read_outcome(body, self.members)
        if signed.outcome != self._made:
            raise MessageError("another outcome was signed than this party agreed to")
        self._signed, self._next = signed, None
        if self.state is State.VERIFIED:
            self._move(State.SIGNED)

    def _keep(self, appendix: bytes) -> None:
        if self._auditor is not None:
            for call in read_appendix(appendix):
                self._auditor.keep(call)

    def _own(self, work: Callable[[], T], what: str) -> T | None:
        """What the party's own program makes; where that fails, others learn the kind of the error alone."""
        try:
            return work()
        except MisplacedError:
            raise
        except Exception as error:
            self.cause = error
            detail = str(error) if isinstance(error, DisagreementError) else type(error).__name__
            self._leave(Ending(self.name, f"{what}: {detail}"))
            return None

    def _leave(self, ending: Ending) -> None:
        """End the market for this party, and say so; a coordinator that did not sign is to blame first of all."""
        try:
            self._following.confirm()
        except MessageError as error:
            ending = Ending(self.members.coordinator.name, f"The coordinator is wrong: {error}")
        self._end(ending)
        self._say(say.ABORT, ending.why.encode()[:4096])

    def _end(self, ending: Ending) -> None:
        self.ending, self._next = ending, None
        self._move(State.ABORTED)

    def _say(self, kind: str, body: bytes, durable: bool = False) -> None:
        """The next call, written down."""
        chain = self._following.chain
        self.turn += 1
        header = Header(self.members.run, self.name, self.turn, kind, len(chain), chain.head, len(body), sha256(body))
        call = Call(header, body, self.signer.sign(A_CALL, header.encode()))
        data = call.encode()
        self._script.write(records.CALLED, data, durable)
        self._next = data
        if kind in (say.JOIN, say.ANSWER):
            self._following.answered(call)
            if self._auditor is not None:
                self._auditor.keep(call)

    def _move(self, state: State) -> None:
        self._script.write(records.STATE, state.encode(), durable=True)
        self.state = moved(self.state, state)

    def _resume(self, inputs: bytes) -> None:
        """Begin, or do everything again that stands in the journal."""
        try:
            self._move(State.OPEN)
            self._say(say.JOIN, inputs + self._following.roster)
            while (record := self._script.next) is not None:
                self._redo(record.kind, record.payload)
        except DifferentError as error:
            raise Aborted(Ending(self.name, f"This party does not do again what it did. {error}")) from None

    def _redo(self, kind: str, payload: bytes) -> None:
        if kind == records.ENDED:
            ending = read_ending(payload)
            self.give_up(ending.why, ending.who)
        elif kind == records.REPLIED:
            reply = read_reply(payload)
            self._hear(reply, payload, self._authentic(reply))
        else:
            raise DifferentError(f"A record {kind!r} is not where it was.")
