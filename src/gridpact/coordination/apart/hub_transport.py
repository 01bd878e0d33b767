"""A hub for several threads: one runs the algorithm and waits for answers, others bring the calls of parties.

algorithm   assemble, call, call_all, sign, abort      block until all have answered or the deadline has passed
others      receive, reply_to, wait                    never block for long; ``listen`` says when to ask again
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition
from time import monotonic

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.kept.journal import JournalError
from gridpact.coordination.message import Message
from gridpact.errors import Unreachable

# Deadlines are looked at this much after they have passed, so that they have.
LATE_S = 0.01


class HubTransport:
    """Everything that happens to the ``hub`` happens here, one after another. ``clock`` gives seconds."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = monotonic, join_s: float | None = None) -> None:
        self.hub, self.clock, self.join_s = hub, clock, join_s
        self._changed = Condition()
        self._failed: JournalError | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, told: Callable[[], None]) -> None:
        """Call ``told`` whenever there may be replies to calls that had none; it must return at once."""
        self._listeners.append(told)

    def receive(self, sender: str, data: bytes, now: float | None = None) -> bytes | None:
        """The reply to a call, None while there is none; raises as ``Hub.receive``."""
        with self._changed:
            over = self.hub.over
            try:
                reply = self.hub.receive(sender, data, self.clock() if now is None else now)
            except JournalError as error:
                self._failed = error
                self._changed.notify_all()
                raise
            if self.hub.answered or self.hub.over:
                self._changed.notify_all()
        if self.hub.over and not over:
            self._tell()
        return reply

    def tick(self, now: float | None = None) -> None:
        """Deadlines, for those who have a clock of their own; whoever waits for answers looks at them anyway."""
        with self._changed:
            self.hub.tick(self.clock() if now is None else now)
            if self.hub.ending is not None:
                self._changed.notify_all()

    def reply_to(self, name: str) -> bytes | None:
        """The reply to the last call of a party, None while there is none."""
        with self._changed:
            return self.hub.reply_to(name)

    def wait(self, name: str) -> bytes:
        """A reply that says to call again."""
        with self._changed:
            return self.hub.wait(name)

    def assemble(self) -> None:
        """Block until all have joined; raises ``Aborted``.

        Where they have not within ``join_s`` seconds it raises ``Unreachable``, and the market is as it was: those who
        have joined have, and others still may.
        """
        with self._changed:
            late = None if self.join_s is None else self.clock() + self.join_s
            self._until(lambda: self.hub.state is not State.OPEN or (late is not None and self.clock() > late), late)
            if self.hub.state is State.OPEN:
                raise Unreachable(self._not_joined())

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        """The answers of all, in the order of the requests; raises ``Aborted``, and what ``Hub.post`` does."""
        if not messages:
            return []
        with self._changed:
            self.hub.post(messages, self.clock())
        self._tell()
        with self._changed:
            self._until(lambda: self.hub.answered)
            answers = self.hub.answers()
        assert answers is not None
        return answers

    def sign(self, document: bytes, fallback: bool = False) -> SignedOutcome:
        """The outcome once all have signed it; raises ``Aborted``."""
        with self._changed:
            self.hub.finish(document, self.clock(), fallback)
        self._tell()
        with self._changed:
            self._until(lambda: self.hub.over)
            outcome = self.hub.outcome
        assert outcome is not None
        return outcome

    def abort(self, why: str, who: str = "") -> Aborted:
        """End the market, in the coordinator's own name where nobody else is to blame."""
        with self._changed:
            self.hub.abort(who or self.hub.members.coordinator.name, why)
            ending = self.hub.ending
            self._changed.notify_all()
        self._tell()
        assert ending is not None
        return Aborted(ending)

    def _not_joined(self) -> str:
        late = ", ".join(repr(self.hub.members.parties[place].name) for place in self.hub.tally.book.present.missing)
        return (
            f"Not joined within {self.join_s:g} s: {late}. Nothing is lost: begin the coordinator again, to wait again."
        )

    def _until(self, reached: Callable[[], bool], late: float | None = None) -> None:
        """Wait, with the lock, until something is reached; raises ``Aborted`` and ``JournalError``.

        Whoever has a moment in mind at which to look again gives it as ``late``.
        """
        while True:
            self.hub.tick(self.clock())
            if self._failed is not None:
                raise self._failed
            if self.hub.ending is not None:
                self._tell()
                raise Aborted(self.hub.ending)
            if reached():
                return
            due = self.hub.due if late is None else late
            self._changed.wait(None if due is None else max(due - self.clock(), 0.0) + LATE_S)

    def _tell(self) -> None:
        for told in self._listeners:
            told()
