"""The coordinator's end of a market of several machines: bytes in, bytes out, the time as an argument.

    receive    a party's call, and the reply to it; None while there is nothing to say
    post       requests that the algorithm makes at once; answers: those of all, None while one is missing
    finish     the document that came of it, which all are to check and sign
    tick       deadlines

Every call is checked before it changes anything, and written down before anybody hears what follows from it: answers
together with the next requests, in one record. A coordinator that was stopped reads its journal and knows all that it
let anybody know; answers to requests that nothing has followed from yet it hears again. The algorithm, run again from
its beginning, is answered from there as long as it makes the same requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.coordination.apart import records
from gridpact.coordination.apart.book import Batch
from gridpact.coordination.apart.desk import Desk, OtherRosterError, PastError
from gridpact.coordination.apart.envelope import ANSWER, JOIN, REQUEST, SEEN, SIGN, Call, read_call
from gridpact.coordination.apart.limits import Limits
from gridpact.coordination.apart.outcome import MOST_DOCUMENT, SignedOutcome, signature_of
from gridpact.coordination.apart.speaker import Speaker
from gridpact.coordination.apart.states import Aborted, Ending, State
from gridpact.coordination.apart.tally import Tally
from gridpact.coordination.identity.keys import DIGEST, Signer
from gridpact.coordination.identity.members import Members
from gridpact.coordination.kept.journal import Log
from gridpact.coordination.message import Message, MessageError, decode
from gridpact.errors import InputError

DIFFERS = "The replay differs from what was recorded: requests or outcome are not those of before."


class Hub:
    """The core of a coordinator; deadline and strikes are those of the roster's terms.

    Raises ``JournalError`` where something cannot be written down, and is as it was before then.
    """

    def __init__(self, members: Members, signer: Signer, journal: Log, limits: Limits) -> None:
        if signer.public != members.coordinator.key:
            raise InputError(f"This is not the key of {members.coordinator.name!r} in the roster.")
        self.members, self.journal, self.terms = members, journal, members.terms
        self._held = records.Held(journal)
        self.roster = members.digest
        self.tally = Tally(members, limits)
        self.speaker = Speaker(members, signer, self.tally)
        self._posted: list[Message] = []
        self._posts = 0
        self.due: float | None = None
        self._states = 0
        self._resume()

    @property
    def state(self) -> State:
        return self.tally.state

    @property
    def ending(self) -> Ending | None:
        """Who ended the market and why, where it was aborted."""
        return self.tally.ending

    @property
    def over(self) -> bool:
        """Whether nothing can change any more."""
        return self.tally.over

    @property
    def outcome(self) -> SignedOutcome | None:
        """The result: None before all have signed it."""
        return self.speaker.outcome() if self.tally.over and self.tally.ending is None else None

    def receive(self, sender: str, data: bytes, now: float) -> bytes | None:
        """The reply to a call from ``sender``, whose name the transport has proven; None while there is none.

        The same bytes get the same reply again. Raises ``MessageError`` for a sender that is no party.
        """
        desk = self._desk(sender)
        if self.ending is not None:
            return self.speaker.ended(desk, _turn(data, desk), self.ending)
        if not desk.repeats(data):
            try:
                self._take(desk, data)
            except PastError as error:
                return self.speaker.refused(desk, _turn(data, desk), str(error))
            except OtherRosterError as error:
                return self.speaker.refused(desk, 0, f"{error}{self.roster.hex()}")
            except MessageError as error:
                return self._strike(desk, _turn(data, desk), str(error))
        return self.reply_to(sender)

    def reply_to(self, name: str) -> bytes | None:
        """The reply to the last call of a party; None while there is none."""
        desk = self._desk(name)
        if self.ending is not None:
            return self.speaker.ended(desk, max(desk.turn - 1, 0), self.ending)
        self.tally.settle(desk)
        return self.speaker.reply(desk) if desk.said else None

    def wait(self, name: str) -> bytes:
        """A reply that says to call again, for transports that cannot keep a call open for long."""
        return self.speaker.wait(self._desk(name))

    def expect(self, now: float, within_s: float) -> None:
        """All are to join within so many seconds."""
        if self.state is State.OPEN:
            self.due = now + within_s

    def post(self, messages: Sequence[Message], now: float) -> None:
        """Requests to some or all parties, one or more, made at once; raises ``Aborted`` and ``MessageError``."""
        self._check_ready()
        places = [self._desk(message.recipient).place for message in messages]
        if len(set(places)) < len(places) or any(m.sender != self.members.coordinator.name for m in messages):
            raise MessageError("A batch holds one request of the coordinator for each of some parties.")
        bodies = [message.encode() for message in messages]
        batch = Batch(self._posts, REQUEST, dict(zip(places, bodies, strict=True)))
        if self._posts < len(self.tally.answers):
            self._check_same(self.tally.book.holds(batch))
        else:
            self._write_batch(batch.number, bodies, messages)
        if self._posts:
            self.tally.answers[self._posts - 1] = {}  # nobody asks for them again
        self._posted, self._posts = list(messages), self._posts + 1
        self.due = now + self.terms.deadline_s

    @property
    def answered(self) -> bool:
        """Whether all have answered the requests posted last."""
        past = self._posts < len(self.tally.answers) or self.tally.outcome is not None
        return past or self.tally.book.present.complete

    def answers(self) -> list[Message] | None:
        """The answers to the requests posted last, in their order; None while one is missing. Raises ``Aborted``."""
        self._check_going()
        if not self.answered:
            return None
        found = self.tally.answers[self._posts - 1]
        return [found[message.recipient] for message in self._posted]

    def finish(self, document: bytes, now: float, fallback: bool = False) -> None:
        """The document that all are to check and sign; raises as ``post``, and ``InputError``."""
        self._check_ready()
        if len(document) > MOST_DOCUMENT:
            raise InputError(f"An outcome has at most {MOST_DOCUMENT} bytes, not {len(document)}.")
        if fallback and self.terms.fallback != "no_deal":
            raise InputError("The terms know no fallback.")
        outcome = self.tally.outcome
        self._check_same(self._posts == len(self.tally.answers))
        if outcome is not None:
            self._check_same((outcome.document, outcome.fallback) == (document, fallback))
        else:
            self._write(records.DOCUMENT, bytes([fallback]) + document, durable=True)
        self.due = now + self.terms.deadline_s

    def abort(self, who: str, why: str) -> None:
        """End the market without a result."""
        if not self.over:
            self._write(records.ENDED, Ending(who, why).encode(), durable=True)

    def tick(self, now: float) -> None:
        """End the market where somebody has not answered in time."""
        late = self.tally.book.present.missing
        if self.due is not None and now > self.due and late and not self.over:
            names = [member.name for member in self.members.parties]
            self.abort(", ".join([names[place] for place in late]), "no answer within the deadline")

    def _desk(self, name: str) -> Desk:
        desk = self.tally.desks.get(name)
        if desk is None:
            raise MessageError(f"{name!r} is no party of the market {self.members.run!r}.")
        return desk

    def _take(self, desk: Desk, data: bytes) -> None:
        """Check a call, write it down, and let it count."""
        if self.over:
            raise MessageError("The market is over.")
        self.tally.settle(desk)
        call = desk.admit(data, self.tally.book.chain.heads)
        answer = self._judged(desk, call)
        if call.header.kind == ANSWER:
            self._held.hold(records.ANSWERED, data)
        else:
            self._held.append(records.OF_CALL[call.header.kind], data, call.header.kind == SIGN)
        self.tally.take(desk, call, data, answer)
        if self.ending is not None:
            self._held.append(records.ENDED, self.ending.encode())
        self._write_states()

    def _judged(self, desk: Desk, call: Call) -> Message | None:
        """The message in an answer; raises ``MessageError`` for contents that will not do."""
        kind, body = call.header.kind, call.body
        if kind == ANSWER:
            answer = decode(body)
            self.tally.gate.check_answer(answer, self.tally.requests[desk.place])
            return answer
        if kind == SIGN:
            assert self.tally.outcome is not None
            signature_of(body, self.tally.outcome.statement(self.roster), desk.member.key)
        elif kind == JOIN and (len(body) != 2 * DIGEST or body[DIGEST:] != self.roster):
            raise MessageError("The party joins with another roster than the coordinator's.")
        elif kind == SEEN and body:
            raise MessageError("What was seen needs no words.")
        return None

    def _strike(self, desk: Desk, turn: int, why: str) -> bytes:
        """Refuse a call; the last one that the terms allow ends the market."""
        name, most = desk.member.name, self.terms.strikes
        if self.over:
            return self.speaker.refused(desk, turn, why)
        self._write(records.STRIKE, Ending(name, why).encode())
        if desk.strikes >= most:
            self.abort(name, f"{why} (strike {desk.strikes} of {most})")
            assert self.ending is not None
            return self.speaker.ended(desk, turn, self.ending)
        return self.speaker.refused(desk, turn, f"{why} (strike {desk.strikes} of {most})")

    def _write_batch(self, number: int, bodies: list[bytes], messages: Sequence[Message]) -> None:
        """Write requests down; some may have been before the coordinator was stopped."""
        begun = [data for data, _ in self.tally.begun]
        self._check_same(begun == bodies[: len(begun)] and self.tally.outcome is None)
        at = len(begun)
        for asked in records.asked_in_records(number, bodies[at:]):
            self._held.append(records.ASKED, asked.encode())
            self.tally.ask(asked, messages[at : at + len(asked.messages)])
            at += len(asked.messages)
        self._write_states()

    def _write(self, kind: str, payload: bytes, durable: bool = False) -> None:
        self._held.append(kind, payload, durable)
        self.tally.apply(kind, payload)
        self._write_states()

    def _write_states(self) -> None:
        """States that were reached and are not written down yet."""
        for state in self.tally.passed[self._states :]:
            self._held.append(records.STATE, state.encode(), True)
            self._states += 1

    def _resume(self) -> None:
        """Know again what was known before."""
        for record in records.apart(self.journal.records):
            self.tally.apply(record.kind, record.payload)
            self._states += record.kind == records.STATE
        if self.state is State.DRAFT:
            self.tally.open()
        self._write_states()

    def _check_going(self) -> None:
        if self.ending is not None:
            raise Aborted(self.ending)

    def _check_ready(self) -> None:
        """Something new can be asked for only when nothing is being waited for."""
        self._check_going()
        if not self.answered:
            raise MessageError("Not all have joined yet, or answered what they were asked last.")

    def _check_same(self, same: bool) -> None:
        """End the market where the algorithm does not do again what it did."""
        if not same:
            self.abort(self.members.coordinator.name, DIFFERS)
            self._check_going()


def _turn(data: bytes, desk: Desk) -> int:
    """The turn that some bytes ask about, as well as it can be told."""
    try:
        return read_call(data).header.turn
    except MessageError:
        return desk.turn
