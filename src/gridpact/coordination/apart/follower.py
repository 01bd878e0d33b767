"""A party's end of the chain: what it was told must fit what it and the others have signed.

Hashes and heads are compared at every link. Signatures cost a hundred times as much, and the one of a head covers all
links before it: so the coordinator's seal and the witness's signature are verified at the first reply in each
``WINDOW`` of links, the same for all parties, and with every reply that is no plain request. Before a party leaves or
says that somebody lied it verifies the newest seal as well (``confirm``).
"""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.coordination.apart.chain import A_HEAD, Chain, Shown, climbed, next_head, partner, read_shown, seal
from gridpact.coordination.apart.envelope import A_CALL, REQUEST, Call, Reply, leaf, read_witness, sha256
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.message import MessageError

# Links, from one whose number is a multiple of it on, of which only the first is verified.
WINDOW = 8


@dataclass(frozen=True, slots=True)
class Links:
    """What a reply shows, the heads that its links lead to, and whether signatures are verified (``sure``)."""

    shown: Shown
    heads: list[bytes]
    sure: bool


class LieError(MessageError):
    """What the coordinator has signed does not fit what others have signed; the text says what."""


class Follower:
    """The chain as a party knows it. ``unconfirmed`` is the digest of its last answer until a link shows it."""

    def __init__(self, members: Members, name: str, window: int = WINDOW) -> None:
        self.members = members
        self.roster = members.digest
        self.parties = members.parties
        self.place = [member.name for member in self.parties].index(name)
        self.chain = Chain(self.roster)
        self.unconfirmed: bytes | None = None
        self._window, self._verified = window, -1
        self._seal = b""
        self._everybody = tuple(range(len(self.parties)))

    def answered(self, call: Call) -> None:
        """The party's own call, to be found in the next link."""
        self.unconfirmed = sha256(call.header.encode())

    def authentic(self, reply: Reply) -> Links:
        """The links of a reply; raises ``MessageError`` where it is time to verify and the coordinator did not sign."""
        shown = read_shown(reply.chain, len(self.parties))
        heads = [self.chain.head]
        for number, link in enumerate(shown.links, len(self.chain)):
            heads.append(next_head(heads[-1], number, link))
        last = len(self.chain) + len(shown.links) - 1
        sure = reply.kind != REQUEST or last // self._window > self._verified // self._window
        if sure:
            self._check_seal(last, heads[-1], reply.signature)
        return Links(shown, heads, sure)

    def follow(self, reply: Reply, links: Links) -> None:
        """Go on by the links of a reply; raises ``LieError`` where something does not fit."""
        last = len(self.chain) + len(links.shown.links) - 1
        try:
            self._check(reply, links, last)
        except LieError:
            self._check_seal(last, links.heads[-1], reply.signature)
            raise
        for link, head in zip(links.shown.links, links.heads[1:], strict=True):
            self.chain.extend(link, head)
        self.unconfirmed, self._seal = None, reply.signature
        if links.sure:
            self._verified = last

    def confirm(self) -> None:
        """Verify the newest seal, and so all links; raises ``MessageError`` where the coordinator did not sign."""
        last = len(self.chain) - 1
        if last > self._verified:
            self._check_seal(last, self.chain.head, self._seal)
            self._verified = last

    def _check_seal(self, last: int, head: bytes, signature: bytes) -> None:
        if not signed_by(self.members.coordinator.key, A_HEAD, seal(self.roster, last, head), signature):
            raise MessageError("The head of the chain is not signed by the coordinator.")

    def _check(self, reply: Reply, links: Links, last: int) -> None:
        """Raises ``LieError``."""
        shown = links.shown
        if self.unconfirmed is not None:
            found = climbed(self.unconfirmed, self.place, shown.answer)
            if found != shown.links[0].answers:
                raise LieError("the last answer does not stand in the chain as it was signed")
        newest, asked = shown.links[-1], leaf(reply.kind, reply.body)
        if not newest.asks(self.place) or climbed(asked, self.place, shown.request) != newest.requests:
            raise LieError("the request does not stand in the chain")
        self._check_witness(reply.witness, last, self._answered(shown), links)

    def _answered(self, shown: Shown) -> tuple[int, ...]:
        """Who answered the batch before the last of the links: all, to join, before the first of all."""
        before = [*self.chain.links[-1:], *shown.links][:-1]
        return before[-1].places() if before else self._everybody

    def _check_witness(self, witness: bytes, number: int, answered: tuple[int, ...], links: Links) -> None:
        """One of those who answered the batch before has signed the head without link ``number``."""
        other = partner(self.place, answered, number)
        if other is None:
            return
        if not witness:
            raise LieError(f"what {self.parties[other].name!r} has signed was withheld")
        self._check_signed(witness, other, number, links)

    def _check_signed(self, witness: bytes, other: int, number: int, links: Links) -> None:
        member, head = self.parties[other], links.heads[-2]
        try:
            header, signature = read_witness(witness)
        except MessageError as error:
            raise LieError(f"what {member.name!r} is said to have signed cannot be read: {error}") from None
        if (header.run, header.sender, header.seen) != (self.members.run, member.name, number):
            raise LieError(f"what was shown is not what {member.name!r} signed last")
        if links.sure and not signed_by(member.key, A_CALL, header.encode(), signature):
            raise LieError(f"what {member.name!r} is said to have signed is forged")
        if header.head != head:
            raise LieError(
                f"{member.name!r} was told something else: after {number} links its head is {header.head.hex()[:16]}, "
                f"here it is {head.hex()[:16]}"
            )
