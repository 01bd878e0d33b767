"""A coordinator's journal, read by somebody who trusts nobody: what each record must be, given those before it.

    calls        each call is that of a party in this run, signed by it, and as its record says
    turns        the calls of each party are all there, in order
    requests     batches are in order, each after all answers to the one before
    answers      each answer is one to its request
    heads        each call is signed over the chain that these very requests and answers make
    states       those that were written down are those that were reached
    outcome      there is one document, the last request to all, and a fallback only if the terms know one
    signatures   all parties have signed it

A coordinator that signs what it likes can still not change a request, an answer or the document: the chain that the
parties have signed would be another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest

from gridpact.coordination.apart import records
from gridpact.coordination.apart.book import Batch, Book
from gridpact.coordination.apart.envelope import (
    A_CALL,
    ABORT,
    ANSWER,
    FALLBACK,
    JOIN,
    OUTCOME,
    REQUEST,
    SEEN,
    SIGN,
    Call,
    read_call,
)
from gridpact.coordination.apart.outcome import Outcome, signature_of
from gridpact.coordination.apart.states import Ending, State, read_ending
from gridpact.coordination.identity.keys import DIGEST, signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.kept.findings import Doubts
from gridpact.coordination.kept.journal import Record
from gridpact.coordination.message import Message, MessageError, decode
from gridpact.coordination.party import matches

CALLS, TURNS, REQUESTS, ANSWERS, HEADS = "calls", "turns", "requests", "answers", "heads"
STATES, THE_OUTCOME, SIGNATURES = "states", "outcome", "signatures"
CHECKS = (CALLS, TURNS, REQUESTS, ANSWERS, HEADS, STATES, THE_OUTCOME, SIGNATURES)


class Minutes:
    """Reads record after record; what is against them is added to ``doubts``.

    ``calls`` are those that the number of each link answers for, by place in the roster.
    """

    def __init__(self, members: Members, doubts: Doubts) -> None:
        self.members, self.doubts = members, doubts
        self.places = {party.name: place for place, party in enumerate(members.parties)}
        self.book = Book(members.digest, len(self.places))
        self.turns: Counter[str] = Counter()
        self.calls: dict[int, dict[int, Call]] = {}
        self.begun: list[bytes] = []
        self.requests: dict[int, Message] = {}
        self.outcome: Outcome | None = None
        self.signatures: dict[str, bytes] = {}
        self.ending: Ending | None = None
        self.states: list[str] = []
        self._readers: dict[str, tuple[str, Callable[[Record], None]]] = {
            **dict.fromkeys(records.OF_CALL.values(), (CALLS, self._call)),
            records.ASKED: (REQUESTS, self._asked),
            records.DOCUMENT: (THE_OUTCOME, self._document),
            records.STRIKE: (CALLS, self._strike),
            records.ENDED: (STATES, self._ended),
            records.STATE: (STATES, self._state),
            records.TOGETHER: (CALLS, self._together),
        }

    def read(self, record: Record) -> None:
        """The next record."""
        if record.kind not in self._readers:
            self.doubts.add(STATES, f"record {record.number}: no coordinator writes {record.kind!r}")
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
        missing = [name for name in self.places if name not in self.signatures]
        compare(self.states, self._reached(), self.doubts, whole=not missing)
        if self.outcome is None or self.ending is not None:
            self.doubts.lack(THE_OUTCOME, why_none(self.ending, self.states))
        if missing:
            self.doubts.lack(SIGNATURES, f"not signed by {', '.join(map(repr, missing))}")

    def _call(self, record: Record) -> None:
        call = read_call(record.payload)
        header = call.header
        place = self.places.get(header.sender)
        if place is None or header.run != self.members.run:
            raise MessageError(f"{header.sender!r} is no party of the market {self.members.run!r}")
        self._check_turn(record, call)
        self._check_head(record, call)
        if header.kind not in (SEEN, ABORT):
            self._check_asked(record, call, place)
            self.book.present.calls[place] = call
        if records.OF_CALL[header.kind] != record.kind:
            raise MessageError(f"a call {header.kind!r} stands under {record.kind!r}")
        if not signed_by(self.members.parties[place].key, A_CALL, header.encode(), call.signature):
            raise MessageError(f"the call is not signed by {header.sender!r}")
        self._contents(record, call)

    def _check_turn(self, record: Record, call: Call) -> None:
        sender, turn = call.header.sender, call.header.turn
        if turn != self.turns[sender]:
            self._doubt(TURNS, record, f"turn {turn} of {sender!r} where turn {self.turns[sender]} was next")
        self.turns[sender] = turn + 1

    def _check_head(self, record: Record, call: Call) -> None:
        """Who answers has seen the link of what it answers, and all before."""
        header, heads = call.header, self.book.chain.heads
        if header.seen >= len(heads) or header.head != heads[header.seen]:
            self._doubt(HEADS, record, f"{header.sender!r} has signed another chain after {header.seen} links")
        elif header.kind in (ANSWER, SIGN) and header.seen != len(heads) - 1:
            self._doubt(HEADS, record, f"{header.sender!r} has answered without the newest link")

    def _check_asked(self, record: Record, call: Call, place: int) -> None:
        header, present = call.header, self.book.present
        wanted = {"": JOIN, REQUEST: ANSWER}.get(present.kind, SIGN)
        if header.kind != wanted or not present.misses(place):
            self._doubt(ANSWERS, record, f"a call {header.kind!r} of {header.sender!r} was not asked for")

    def _contents(self, record: Record, call: Call) -> None:
        """What a call says, by its kind."""
        kind, name = call.header.kind, call.header.sender
        if kind == JOIN and (len(call.body) != 2 * DIGEST or call.body[DIGEST:] != self.members.digest):
            raise MessageError(f"{name!r} joins with another roster")
        if kind == ABORT:
            self.ending = self.ending or Ending(name, call.body.decode(errors="replace"))
        if kind == ANSWER:
            self._answer(record, call)
        if kind == SIGN:
            self._signature(record, call)

    def _answer(self, record: Record, call: Call) -> None:
        request = self.requests.get(self.places[call.header.sender])
        try:
            answer = decode(call.body)
            if request is not None:  # where there is none, the doubt has been raised
                matches(answer, request)
        except MessageError as error:
            self._doubt(ANSWERS, record, str(error))

    def _signature(self, record: Record, call: Call) -> None:
        name = call.header.sender
        if self.outcome is None:
            self._doubt(SIGNATURES, record, f"{name!r} signs before there is an outcome")
            return
        key = self.members.parties[self.places[name]].key
        try:
            self.signatures[name] = signature_of(call.body, self.outcome.statement(self.members.digest), key)
        except MessageError as error:
            self._doubt(SIGNATURES, record, str(error))

    def _asked(self, record: Record) -> None:
        asked = records.read_asked(record.payload)
        number = len(self.book.chain)
        if asked.batch != number or self.outcome is not None:
            raise MessageError(f"requests of batch {asked.batch} where batch {number} was next")
        self.begun += asked.messages
        if asked.left:
            return
        bodies, self.begun = self.begun, []
        found = {
            self._place(message): (message, data) for message, data in zip(map(decode, bodies), bodies, strict=True)
        }
        if len(found) < len(bodies):
            raise MessageError("a party is asked twice in a batch")
        self._turn_over(record, REQUEST, {place: data for place, (_, data) in found.items()})
        self.requests = {place: message for place, (message, _) in found.items()}

    def _place(self, message: Message) -> int:
        """That of the party that a request is for."""
        place = self.places.get(message.recipient)
        if place is None or message.sender != self.members.coordinator.name:
            raise MessageError(f"a request of {message.sender!r} to {message.recipient!r}")
        return place

    def _document(self, record: Record) -> None:
        if self.outcome is not None or record.payload[:1] not in (b"\0", b"\1"):
            raise MessageError("there is a second document, or it does not say what it is")
        fallback = record.payload[:1] == b"\1"
        if fallback and self.members.terms.fallback != "no_deal":
            self._doubt(THE_OUTCOME, record, "the terms know no fallback")
        if self.begun:
            self._doubt(REQUESTS, record, "the document comes in the middle of a batch")
        document = record.payload[1:]
        self._turn_over(record, FALLBACK if fallback else OUTCOME, dict.fromkeys(range(len(self.places)), document))
        self.outcome = Outcome(document, self.book.chain.head, fallback)

    def _turn_over(self, record: Record, kind: str, bodies: dict[int, bytes]) -> None:
        names = list(self.places)
        late = [names[place] for place in self.book.present.missing]
        if late:
            self._doubt(REQUESTS, record, f"the batch comes before the answer of {', '.join(map(repr, late))}")
        self.calls[len(self.book.chain)] = self.book.present.calls
        self.book.turn_over(Batch(len(self.book.chain), kind, bodies))

    def _strike(self, record: Record) -> None:
        if read_ending(record.payload).who not in self.places:
            raise MessageError("a strike against somebody who is no party")

    def _ended(self, record: Record) -> None:
        self.ending = self.ending or read_ending(record.payload)

    def _state(self, record: Record) -> None:
        """States are written down when they have been reached."""
        self.states.append(record.payload.decode(errors="replace"))
        if self._reached()[: len(self.states)] != self.states:
            raise MessageError(f"{self.states[-1]} was written down before it was reached")

    def _reached(self) -> list[str]:
        """The states that the records so far lead to."""
        return [State.DRAFT, *self._later()]

    def _later(self) -> list[str]:
        signed = len(self.signatures) == len(self.places)
        return reached(
            committed=bool(self.book.present.kind) or not self.book.present.missing,
            iterating=len(self.book.chain) > (self.outcome is not None),
            outcome=self.outcome,
            verified=signed,
            signed=signed,
            aborted=self.ending is not None,
        )

    def _doubt(self, check: str, record: Record, what: str) -> None:
        self.doubts.add(check, f"record {record.number}: {what}")


def reached(
    *, committed: bool, iterating: bool, outcome: Outcome | None, verified: bool, signed: bool, aborted: bool
) -> list[str]:
    """The states that some facts lead to."""
    real = outcome is not None and not outcome.fallback
    facts = {
        State.OPEN: True,
        State.COMMITTED: committed,
        State.ITERATING: iterating,
        State.CONVERGED: real,
        State.FALLBACK: outcome is not None and outcome.fallback,
        State.VERIFIED: real and verified,
        State.SIGNED: real and signed,
        State.ABORTED: aborted,
    }
    return [str(state) for state, fact in facts.items() if fact]


def why_none(ending: Ending | None, states: Sequence[str]) -> str:
    """Why there is no outcome."""
    if ending is None:
        return f"there is none yet: the last state is {states[-1] if states else State.DRAFT}"
    return f"the market was ended by {ending.who!r}: {ending.why}"


def compare(written: Sequence[str], wanted: Sequence[str], doubts: Doubts, *, whole: bool) -> None:
    """States that were written down with those that were reached; the last may be missing unless all is ``whole``."""
    for found, right in zip_longest(written, wanted if whole else wanted[: len(written)]):
        if found != right:
            doubts.add(STATES, f"{found or 'no state'!r} was written down where {right or 'none'} was reached")
