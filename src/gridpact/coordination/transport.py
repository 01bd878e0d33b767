"""How messages travel: the one thing to exchange when parties move to processes and machines of their own.

    call       request -> answer: idempotent under its key of run, round and sender (and the recipient, of course)
    call_all   the same of many, which a transport may carry at once; answers in the order of the requests

In one process, too, nothing but bytes crosses: no party holds an object of another. ``Remote`` is the agent at the near
end, through which an algorithm speaks to a party without knowing where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from gridpact.coordination.ledger import Ledger
from gridpact.coordination.message import Floats, Message, MessageError, Quantity, decode
from gridpact.coordination.party import (
    ANSWER,
    EXCHANGE,
    PRICE,
    PROPOSAL,
    TARGET,
    WEIGHT,
    Door,
    Party,
    declared,
    matches,
)


class Transport(Protocol):
    """Carries requests to parties and their answers back."""

    def call(self, message: Message) -> Message: ...

    def call_all(self, messages: Sequence[Message]) -> list[Message]: ...


class InProcess:
    """A transport between parties in one process; all that crosses is recorded in ``ledger``."""

    def __init__(self, parties: Iterable[Party] = (), ledger: Ledger | None = None) -> None:
        self.ledger = Ledger() if ledger is None else ledger
        self._doors: dict[str, Door] = {}
        for party in parties:
            self.join(party)

    def join(self, party: Party) -> None:
        """Let a party take part; raises ``MessageError`` where its name is taken."""
        if party.name in self._doors:
            raise MessageError(f"There is a party {party.name!r} already.")
        self._doors[party.name] = Door(party)

    def call(self, message: Message) -> Message:
        """The answer of the recipient.

        Raises ``MessageError`` where one of the two messages is malformed or the answer is not one to this request,
        ``UndeclaredError`` for what a party has not declared, and what the recipient itself raises.
        """
        door = self._doors.get(message.recipient)
        if door is None:
            raise MessageError(f"There is no party {message.recipient!r} to send a message to.")
        sender = self._doors.get(message.sender)
        if sender is not None:
            declared(message, sender.party.disclosures)
        asked = message.encode()
        self.ledger.record(message, asked)
        given = door.answer(asked)
        answer = decode(given)
        matches(answer, message)
        self.ledger.record(answer, given)
        return answer

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        """The answers in the order of the requests; raises as ``call``, at the first one that fails."""
        return [self.call(message) for message in messages]


class Remote:
    """A party at the far end of a transport, as an ``Agent``; each response is a round of its own."""

    def __init__(self, transport: Transport, run: str, coordinator: str, party: str) -> None:
        self.transport = transport
        self.run = run
        self.coordinator = coordinator
        self.party = party
        self.round = 0

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities, p.u.; raises as the transport does, and ``MessageError`` for an answer of another size."""
        return self.read(self.transport.call(self.proposal(price, target, weight)))

    def proposal(self, price: Floats, target: Floats, weight: Floats) -> Message:
        """The request of the present round, for those who call many parties at once."""
        quantities = (
            Quantity(PRICE, "currency/p.u.", price),
            Quantity(TARGET, "p.u.", target),
            Quantity(WEIGHT, "currency/p.u.^2", weight),
        )
        return Message(self.run, self.round, self.coordinator, self.party, PROPOSAL, quantities)

    def read(self, answer: Message) -> Floats:
        """Quantities of the answer, with which the round is over."""
        if answer.kind != ANSWER:
            raise MessageError(f"{self.party!r} answered a proposal by {answer.kind!r}.")
        self.round += 1
        return answer[EXCHANGE]
