"""The coordinator's book: batches of requests, calls that answer them, and the chain that all parties follow."""

from __future__ import annotations

from dataclasses import dataclass, field

from gridpact.coordination.apart.chain import NOBODY, Chain, Link, Shown, Tree, bits, depth, partner
from gridpact.coordination.apart.envelope import Call, leaf, sha256
from gridpact.coordination.identity.keys import DIGEST

Bodies = dict[int, bytes]


@dataclass(eq=False)
class Batch:
    """What is sent at once, in replies of one ``kind``, and the calls that answer it, by place in the roster."""

    number: int
    kind: str
    bodies: Bodies
    calls: dict[int, Call] = field(default_factory=dict)

    def misses(self, place: int) -> bool:
        """Whether a party is to answer and has not yet."""
        return place in self.bodies and place not in self.calls

    @property
    def complete(self) -> bool:
        """Whether all have answered."""
        return len(self.calls) == len(self.bodies)

    @property
    def missing(self) -> list[int]:
        """Places of all that are to answer and have not yet."""
        return [place for place in sorted(self.bodies) if place not in self.calls]


class Book:
    """Batches in order, the first one (-1, kind "") being that in which all join."""

    def __init__(self, roster: bytes, parties: int) -> None:
        self.parties = parties
        self.chain = Chain(roster)
        self.present = Batch(-1, "", dict.fromkeys(range(parties), b""))
        self.before = self.present
        self._asked = Tree([NOBODY] * parties)
        self._answered: list[int] = []

    def turn_over(self, batch: Batch) -> Tree:
        """Make a batch the present one, whose link ends the chain; returns the tree of the answers to the last one."""
        calls = {place: sha256(call.header.encode()) for place, call in self.present.calls.items()}
        answers = tree(self.parties, calls)
        self._asked = requests(self.parties, batch.kind, batch.bodies)
        self.chain.append(Link(bits(batch.bodies, self.parties), self._asked.root, answers.root))
        self.before, self.present = self.present, batch
        self._answered = sorted(self.before.calls)
        return answers

    def shown(self, place: int, seen: int, answered: bytes) -> Shown:
        """What a party is shown with its request of the present batch."""
        path = answered or bytes(DIGEST * depth(self.parties))
        return Shown(tuple(self.chain.links[seen:]), self._asked.path(place), path)

    def witness(self, place: int) -> bytes:
        """What the partner of a party has signed, empty where it has none."""
        other = partner(place, self._answered, self.present.number)
        return b"" if other is None else self.before.calls[other].witness

    def holds(self, batch: Batch) -> bool:
        """Whether these are the requests of the batch of that number in the chain."""
        link, found = self.chain.links[batch.number], requests(self.parties, batch.kind, batch.bodies).root
        return link.asked == bits(batch.bodies, self.parties) and link.requests == found


def requests(parties: int, kind: str, bodies: Bodies) -> Tree:
    """The tree of requests."""
    return tree(parties, {place: leaf(kind, body) for place, body in bodies.items()})


def tree(parties: int, leaves: dict[int, bytes]) -> Tree:
    return Tree([leaves.get(place, NOBODY) for place in range(parties)])
