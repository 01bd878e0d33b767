"""The chain of requests and answers: all parties see that they are told the same, without seeing what others are told.

    batch b   requests that are made at once, to some or all parties        batch -1: all ask to join
    link b    who is asked (one bit each) | root of the requests of batch b | root of the calls that answer batch b - 1
    head      SHA-256(head before | number of the link | link), the first one being the digest of the roster
    root      of a binary tree over all parties in the order of the roster: SHA-256(left | right), at the leaves what
              stands for a request (``leaf``), SHA-256 of the header of a call, or zeros for a party without one

The outcome is the last request, made to all. The coordinator signs each head once, for all.

With its request a party gets the links that are new to it, and the paths that lead from its own request and from its
own last call to the roots. Each of its calls is signed over the head it knows. It is shown the last call of one
other party, who must have signed the same head (``partner``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gridpact.coordination.apart.envelope import sha256
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.message import MessageError

NOBODY = bytes(DIGEST)
A_HEAD = "a head"
COUNT = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Link:
    """Who is ``asked``, one bit per party; roots of the requests and of the answers to the batch before."""

    asked: bytes
    requests: bytes
    answers: bytes

    def encode(self) -> bytes:
        return self.asked + self.requests + self.answers

    def asks(self, place: int) -> bool:
        return bool(self.asked[place // 8] >> place % 8 & 1)

    def places(self) -> tuple[int, ...]:
        """Of all who are asked, in order."""
        return places(self.asked)


def bits(places: Iterable[int], parties: int) -> bytes:
    """One bit per party, set at the places."""
    return sum(1 << place for place in places).to_bytes(-(-parties // 8), "little")


@lru_cache(1024)
def places(asked: bytes) -> tuple[int, ...]:
    """Where the bits are set; the same parties are asked again and again."""
    number = int.from_bytes(asked, "little")
    return tuple([place for place in range(8 * len(asked)) if number >> place & 1])


class Tree:
    """Hash tree over the ``leaves`` of all parties."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            if len(level) % 2:
                level.append(NOBODY)
            self._levels.append([sha256(level[i] + level[i + 1]) for i in range(0, len(level), 2)])

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    def path(self, place: int) -> bytes:
        """The siblings from a leaf up to the root."""
        return b"".join([level[(place >> step) ^ 1] for step, level in enumerate(self._levels[:-1])])


def depth(parties: int) -> int:
    """Steps from a leaf to the root."""
    return (parties - 1).bit_length()


def climbed(leaf: bytes, place: int, path: bytes) -> bytes:
    """The root that a path leads to."""
    for start in range(0, len(path), DIGEST):
        sibling = path[start : start + DIGEST]
        leaf = sha256(sibling + leaf if place & 1 else leaf + sibling)
        place >>= 1
    return leaf


class Chain:
    """Heads and links so far; ``len`` is the number of links."""

    def __init__(self, roster: bytes) -> None:
        self.heads = [roster]
        self.links: list[Link] = []

    def __len__(self) -> int:
        return len(self.links)

    @property
    def head(self) -> bytes:
        return self.heads[-1]

    def append(self, link: Link) -> None:
        self.extend(link, next_head(self.head, len(self.links), link))

    def extend(self, link: Link, head: bytes) -> None:
        """A link whose head is known already."""
        self.heads.append(head)
        self.links.append(link)


def seal(roster: bytes, number: int, head: bytes) -> bytes:
    """What the coordinator signs of the head after link ``number``."""
    return roster + COUNT.pack(number) + head


def next_head(head: bytes, number: int, link: Link) -> bytes:
    return sha256(head + COUNT.pack(number) + link.encode())


@dataclass(frozen=True, slots=True)
class Shown:
    """New links, with the paths from one's own request to the last and from one's own call to the first of them."""

    links: tuple[Link, ...]
    request: bytes
    answer: bytes

    def encode(self) -> bytes:
        return COUNT.pack(len(self.links)) + b"".join([k.encode() for k in self.links]) + self.request + self.answer


def read_shown(data: bytes, parties: int) -> Shown:
    """Links and paths of their bytes; raises ``MessageError``."""
    wide, path = -(-parties // 8), DIGEST * depth(parties)
    one = wide + 2 * DIGEST
    count = COUNT.unpack_from(data)[0] if len(data) >= COUNT.size else 0
    end = COUNT.size + count * one
    if count < 1 or len(data) != end + 2 * path:
        raise MessageError("The links of the chain are cut off or too many.")
    pieces = [data[start : start + one] for start in range(COUNT.size, end, one)]
    links = tuple([Link(piece[:wide], piece[wide : wide + DIGEST], piece[wide + DIGEST :]) for piece in pieces])
    if any(int.from_bytes(link.asked, "little") >> parties for link in links):
        raise MessageError("A link asks parties that are not in the roster.")
    return Shown(links, data[end : end + path], data[end + path :])


def partner(place: int, answered: Sequence[int], number: int) -> int | None:
    """Whose head the party at a place is to compare its own with, among those who ``answered`` the batch before.

    They stand in a ring, in which each is followed by the one that is ``step`` places on, modulo a prime no smaller
    than their number, places without a party being passed over: one ring through all of them for every step from 1 to
    the prime less one. Steps change with the ``number`` of the link, so that each is compared with each in turn. Who
    did not answer is compared with any of them; nobody with itself.
    """
    if place not in answered:
        return answered[(place + number) % len(answered)] if answered else None
    count = len(answered)
    if count < 2:
        return None
    prime = _prime(count)
    step, at = 1 + number % (prime - 1), answered.index(place)
    at = (at + step) % prime
    while at >= count:
        at = (at + step) % prime
    return answered[at]


@lru_cache(1024)
def _prime(least: int) -> int:
    """The smallest prime that is no smaller."""
    return next(n for n in range(least, 2 * least + 2) if all(n % k for k in range(2, int(n**0.5) + 1)))
