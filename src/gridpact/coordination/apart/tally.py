"""What the coordinator's journal amounts to: a record is applied when it is written, and again when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridpact.coordination.apart import records
from gridpact.coordination.apart.appendix import Pending
from gridpact.coordination.apart.book import Batch, Book
from gridpact.coordination.apart.desk import Desk
from gridpact.coordination.apart.envelope import (
    ABORT,
    ANSWER,
    AUDIT,
    DONE,
    FALLBACK,
    LINKED,
    MOST_ENVELOPE,
    OUTCOME,
    REQUEST,
    SEEN,
    SIGN,
    Call,
    read_call,
)
from gridpact.coordination.apart.limits import Gate, Limits
from gridpact.coordination.apart.outcome import Outcome
from gridpact.coordination.apart.states import Ending, State, moved, read_ending
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.identity.members import OPERATOR, Members
from gridpact.coordination.message import Message, decode

# What a reply takes at most besides appendix, body and links.
BESIDES = 2**13


class Tally:
    """State of a market at the coordinator.

    ``passed`` are all states in order, ``requests`` those of the present batch by place, ``answers`` those to each
    batch by name, ``begun`` the messages of a batch that is not complete yet.
    """

    def __init__(self, members: Members, limits: Limits) -> None:
        self.desks = {one.name: Desk(members.run, one, place) for place, one in enumerate(members.parties)}
        self.auditor = next(desk for desk in self.desks.values() if desk.member.role == OPERATOR)
        self.book = Book(members.digest, len(self.desks))
        self.gate = Gate(limits)
        self.pending = Pending()
        self.link_bytes = 2 * DIGEST + -(-len(self.desks) // 8)
        self.passed = [State.DRAFT]
        self.ending: Ending | None = None
        self.outcome: Outcome | None = None
        self.signatures: dict[str, bytes] = {}
        self.requests: dict[int, Message] = {}
        self.answers: list[dict[str, Message]] = []
        self.begun: list[tuple[bytes, Message]] = []

    @property
    def state(self) -> State:
        return self.passed[-1]

    @property
    def signed(self) -> bool:
        """Whether all parties have signed the outcome."""
        return len(self.signatures) == len(self.desks)

    @property
    def over(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in (State.SIGNED, State.ABORTED) or (self.state is State.FALLBACK and self.signed)

    def apply(self, kind: str, payload: bytes) -> None:
        """A record of the journal, or a part of one."""
        if kind in records.OF_CALL.values():
            call = read_call(payload)
            desk = self.desks[call.header.sender]
            self.settle(desk)
            self.take(desk, call, payload, decode(call.body) if call.header.kind == ANSWER else None)
        elif kind == records.ASKED:
            asked = records.read_asked(payload)
            self.ask(asked, [decode(message) for message in asked.messages])
        elif kind == records.DOCUMENT:
            self.conclude(payload[1:], bool(payload[0]))
        elif kind == records.STRIKE:
            self.desks[read_ending(payload).who].strikes += 1
        elif kind == records.ENDED:
            self.end(read_ending(payload))
        elif (kind, payload, self.state) == (records.STATE, State.OPEN.encode(), State.DRAFT):
            self.open()

    def open(self) -> None:
        self._move(State.OPEN)

    def end(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending
            self._move(State.ABORTED)

    def ask(self, asked: records.Asked, messages: Sequence[Message]) -> None:
        """Requests of a batch, which is complete with the last of them."""
        self.begun += zip(asked.messages, messages, strict=True)
        if asked.left:
            return
        batch, self.begun = self.begun, []
        self.requests = {self.desks[message.recipient].place: message for _, message in batch}
        self._turn_over(REQUEST, {self.desks[message.recipient].place: data for data, message in batch})
        self.answers.append({})
        if self.state is State.COMMITTED:
            self._move(State.ITERATING)

    def conclude(self, document: bytes, fallback: bool) -> None:
        """The document that all are to sign."""
        self._turn_over(FALLBACK if fallback else OUTCOME, {desk.place: document for desk in self.desks.values()})
        self.outcome = Outcome(document, self.book.chain.head, fallback)
        self._move(State.FALLBACK if fallback else State.CONVERGED)

    def take(self, desk: Desk, call: Call, data: bytes, answer: Message | None) -> None:
        """A call that was admitted, with the message in it."""
        desk.take(call, data)
        if desk is self.auditor:
            self.pending.shown()
        if call.header.kind == ABORT:
            self.end(Ending(desk.member.name, reason(call.body)))
        elif call.header.kind != SEEN:
            self._answered(desk, call, answer)

    def settle(self, desk: Desk) -> None:
        """Decide what is said to the last call of a party, if there is anything to say."""
        if not desk.waits:
            return
        present = self.book.present
        if self.outcome is not None and self.signed:
            desk.said = DONE
        elif present.kind and present.misses(desk.place):
            desk.said = present.kind if desk is not self.auditor or self._shows_all(desk) else AUDIT
        if desk.said in LINKED:
            desk.seen = len(self.book.chain)

    def _shows_all(self, auditor: Desk) -> bool:
        """Whether there is room for all calls to be audited; where there is not, as many are shown as fit alone."""
        request = len(self.book.present.bodies[auditor.place]) + self.link_bytes * (len(self.book.chain) - auditor.seen)
        self.pending.show(MOST_ENVELOPE - BESIDES - request)
        if self.pending.whole:
            return True
        self.pending.show(MOST_ENVELOPE - BESIDES)
        return False

    def _answered(self, desk: Desk, call: Call, answer: Message | None) -> None:
        self.book.present.calls[desk.place] = call
        if call.header.kind == SIGN:
            self.signatures[desk.member.name] = call.body[DIGEST:]
        if answer is not None:
            self.gate.keep(answer)
            self.answers[-1][desk.member.name] = answer
        if self.book.present.complete:
            self._go_on()

    def _go_on(self) -> None:
        """All have answered."""
        present = self.book.present
        self.pending.add([present.calls[place] for place in sorted(present.calls) if place != self.auditor.place])
        if not present.kind:
            self._move(State.COMMITTED)
        elif present.kind == OUTCOME:
            self._move(State.VERIFIED)
            self._move(State.SIGNED)

    def _turn_over(self, kind: str, bodies: Mapping[int, bytes]) -> None:
        last = self.book.present
        answers = self.book.turn_over(Batch(last.number + 1, kind, dict(bodies)))
        for desk in self.desks.values():
            if desk.place in last.calls:
                desk.answered = answers.path(desk.place)

    def _move(self, state: State) -> None:
        self.passed.append(moved(self.state, state))


def reason(body: bytes) -> str:
    """Why a party ends the market, in its own words, fit to be printed."""
    text = body.decode(errors="replace")
    return "".join([character if character.isprintable() else " " for character in text]).strip() or "no reason"
