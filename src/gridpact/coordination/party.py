"""A party: it answers messages, declares what it may send, and sends nothing else.

``Door`` is what stands between a party and any transport: bytes in, bytes out. A request is answered once per run,
round and sender; the same bytes again get the same answer again, other bytes under the same key and rounds that have
passed are refused. The numbers of an answer are compared with what the party declared before they leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gridpact.coordination.message import Floats, Message, MessageError, Quantity, decode

if TYPE_CHECKING:
    from gridpact.coordination.agent import Agent

Handler = Callable[[Message], Message]

PRICE, TARGET, WEIGHT, EXCHANGE = "price", "target", "weight", "exchange"
PROPOSAL, ANSWER = "proposal", "answer"
ASK_FIXED, FIXED = "ask_fixed", "fixed"


class MisplacedError(MessageError):
    """A request came to somebody else, or after its round."""


class UndeclaredError(MessageError):
    """A party was about to send what it has not declared."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a party may send: in messages of a kind a quantity in a unit, of exactly ``size`` numbers."""

    kind: str
    quantity: str
    unit: str
    size: int


class Party(Protocol):
    """Whoever answers messages."""

    @property
    def name(self) -> str: ...

    @property
    def disclosures(self) -> tuple[Disclosure, ...]: ...

    def receive(self, message: Message) -> Message: ...


@dataclass(eq=False)
class HandlingParty:
    """A party that answers each kind of message by a handler of its own."""

    name: str
    disclosures: tuple[Disclosure, ...]
    handlers: Mapping[str, Handler]

    def receive(self, message: Message) -> Message:
        """The answer; raises ``MessageError`` for a kind it does not know."""
        handler = self.handlers.get(message.kind)
        if handler is None:
            known = ", ".join(sorted(self.handlers))
            raise MessageError(f"{self.name!r} does not answer messages {message.kind!r}; it knows: {known}.")
        return handler(message)


class ProgramParty(HandlingParty):
    """An agent of ``size`` coupling quantities behind messages.

    ``proposal`` with price, target and weight, each (size,), is answered by ``answer`` with the exchange, (size,) p.u.
    What of its exchange is ``fixed`` (k,) p.u. it states once: ``ask_fixed`` is answered by ``fixed``.
    """

    def __init__(
        self,
        name: str,
        agent: Agent,
        size: int,
        handlers: Mapping[str, Handler] | None = None,
        fixed: Floats | None = None,
    ) -> None:
        disclosures = [Disclosure(ANSWER, EXCHANGE, "p.u.", size)]
        known = {PROPOSAL: self._propose, **(handlers or {})}
        if fixed is not None:
            disclosures.append(Disclosure(FIXED, FIXED, "p.u.", len(fixed)))
            known[ASK_FIXED] = lambda message: message.reply(FIXED, Quantity(FIXED, "p.u.", fixed))
        super().__init__(name, tuple(disclosures), known)
        self.agent = agent
        self.size = size

    def _propose(self, message: Message) -> Message:
        asked = [message[name] for name in (PRICE, TARGET, WEIGHT)]
        if any(len(values) != self.size for values in asked):
            sizes = ", ".join(str(len(values)) for values in asked)
            raise MessageError(f"{self.name!r} has {self.size} coupling quantities; asked were {sizes}.")
        answer = np.asarray(self.agent.respond(*asked), dtype=np.float64)
        return message.reply(ANSWER, Quantity(EXCHANGE, "p.u.", answer))


def declared(message: Message, disclosures: tuple[Disclosure, ...]) -> None:
    """Raises ``UndeclaredError`` where a message holds what is not among the disclosures."""
    for q in message.quantities:
        if Disclosure(message.kind, q.name, q.unit, len(q.values)) not in disclosures:
            raise UndeclaredError(
                f"{message.sender!r} has not declared to send {len(q.values)} numbers {q.name!r} in {q.unit!r} "
                f"in a message {message.kind!r}."
            )


@dataclass(eq=False)
class Door:
    """The bytes side of a party."""

    party: Party
    _answered: dict[tuple[str, str], tuple[int, bytes, bytes]] = field(default_factory=dict)

    def answer(self, data: bytes) -> bytes:
        """Bytes of the answer to the bytes of a request.

        Raises ``MessageError`` for malformed and misplaced messages, ``UndeclaredError`` for what must not leave, and
        whatever the party itself raises; a request that failed may be made again.
        """
        return self.answer_to(decode(data), data)

    def answer_to(self, request: Message, data: bytes) -> bytes:
        """The same where the bytes have been decoded already."""
        if request.recipient != self.party.name:
            raise MisplacedError(f"A message to {request.recipient!r} came to {self.party.name!r}.")
        key = (request.run, request.sender)
        last, asked, given = self._answered.get(key, (-1, b"", b""))
        if request.round == last and data == asked:
            return given
        if request.round <= last:
            raise MisplacedError(
                f"{request.sender!r} asked {self.party.name!r} for round {request.round} of {request.run!r} "
                f"after round {last} was answered."
            )
        reply = self.party.receive(request)
        matches(reply, request)
        declared(reply, self.party.disclosures)
        given = reply.encode()
        self._answered[key] = (request.round, data, given)
        return given


def matches(answer: Message, request: Message) -> None:
    """Raises ``MessageError`` where an answer belongs to another request: run, round, sender or recipient differ."""
    found = (answer.run, answer.round, answer.sender, answer.recipient)
    wanted = (request.run, request.round, request.recipient, request.sender)
    if found != wanted:
        raise MessageError(f"An answer must be of run, round, sender and recipient {wanted}, not {found}.")
