"""The auditor's end: a party that is given the calls of all others, and repeats what the coordinator did with them.

Before it signs, calls must be the ones that stand in the chain, signed by those who made them; the algorithm, answered
from them, must make the requests that stand in the chain and come to the same document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gridpact.coordination.apart.book import requests, tree
from gridpact.coordination.apart.chain import Chain, bits
from gridpact.coordination.apart.envelope import A_CALL, REQUEST, Call, sha256
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.message import Message, MessageError, decode
from gridpact.coordination.transport import Transport
from gridpact.errors import GridPactError, NotConverged

# The coordinator's algorithm over a transport: the document that comes of it.
Algorithm = Callable[[Transport], bytes]


class AuditError(MessageError):
    """What the coordinator did does not follow from the calls of the parties."""


class Auditor:
    """Keeps the calls that answer each link, by place; ``algorithm`` is what the coordinator is to have run."""

    def __init__(self, members: Members, algorithm: Algorithm) -> None:
        self.members, self.algorithm = members, algorithm
        self.places = {member.name: place for place, member in enumerate(members.parties)}
        self._calls: dict[int, dict[int, Call]] = {}

    def keep(self, call: Call) -> None:
        """A call of a party; raises ``AuditError`` for one that is of nobody or there already."""
        place = self.places.get(call.header.sender)
        if place is None or call.header.run != self.members.run:
            raise AuditError(f"a call of {call.header.sender!r} in {call.header.run!r} is none of this market")
        if self._calls.setdefault(call.header.seen, {}).setdefault(place, call) != call:
            raise AuditError(f"{call.header.sender!r} is said to have answered twice")

    def check(self, chain: Chain, document: bytes, fallback: bool) -> None:
        """Raises ``AuditError`` where the document, or that it takes the fallback, does not follow from the calls."""
        for number in range(len(chain)):
            self._check_link(chain, number)
        retold = Retold(self.members, chain, self._calls)
        if self._repeated(retold) != (None if fallback else document):
            raise AuditError("the outcome is not what follows from the answers")
        if retold.batches != len(chain) - 1:  # the last link is the document's
            raise AuditError(f"{len(chain) - 1} batches were asked for, and the algorithm asks for {retold.batches}")

    def _repeated(self, retold: Retold) -> bytes | None:
        """The document, None where the algorithm does not converge."""
        try:
            return self.algorithm(retold)
        except NotConverged:
            return None
        except GridPactError as error:
            raise AuditError(f"nothing follows from the answers ({type(error).__name__})") from error

    def _check_link(self, chain: Chain, number: int) -> None:
        """The calls that answer the batch before are those in the link, and signed."""
        calls = self._calls.get(number, {})
        leaves = {place: sha256(call.header.encode()) for place, call in calls.items()}
        if tree(len(self.places), leaves).root != chain.links[number].answers:
            raise AuditError(f"the answers shown are not those of link {number} of the chain")
        for place, call in calls.items():
            member = self.members.parties[place]
            if call.header.head != chain.heads[number]:
                raise AuditError(f"{member.name!r} was told something else: its head after {number} links differs")
            if not signed_by(member.key, A_CALL, call.header.encode(), call.signature):
                raise AuditError(f"an answer of {member.name!r} is forged")


class Retold:
    """A transport on which requests must be those of the chain, and are answered as they were."""

    def __init__(self, members: Members, chain: Chain, calls: dict[int, dict[int, Call]]) -> None:
        self.members, self._chain, self._calls = members, chain, calls
        self._places = {member.name: place for place, member in enumerate(members.parties)}
        self._number = 0

    @property
    def batches(self) -> int:
        """How many have been asked for."""
        return self._number

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        """The answers; raises ``AuditError`` for requests that were not made."""
        if not messages:
            return []
        places = [self._places[message.recipient] for message in messages]
        bodies = {place: message.encode() for place, message in zip(places, messages, strict=True)}
        self._check(bodies)
        self._number += 1
        answers = self._calls.get(self._number, {})
        return [decode(answers[place].body) for place in places]

    def _check(self, bodies: dict[int, bytes]) -> None:
        number, parties = self._number, len(self._places)
        link = self._chain.links[number] if number < len(self._chain) else None
        made = (bits(bodies, parties), requests(parties, REQUEST, bodies).root)
        if link is None or (link.asked, link.requests) != made:
            raise AuditError(f"the requests of batch {number} are not those that the algorithm makes")
