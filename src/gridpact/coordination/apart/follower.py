"""A party's end of the chain: what it was told must fit what it and the others have signed."""

from __future__ import annotations

from gridpact.coordination.apart.chain import A_HEAD, Chain, Shown, climbed, next_head, partner, read_shown, seal
from gridpact.coordination.apart.envelope import A_CALL, Call, Reply, leaf, read_witness, sha256
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.identity.members import Members
from gridpact.coordination.message import MessageError


class LieError(MessageError):
    """What the coordinator has signed does not fit what others have signed; the text says what."""


class Follower:
    """The chain as a party knows it. ``unconfirmed`` is the digest of its last answer until a link shows it."""

    def __init__(self, members: Members, name: str) -> None:
        self.members = members
        self.roster = members.digest
        self.parties = members.parties
        self.place = [member.name for member in self.parties].index(name)
        self.chain = Chain(self.roster)
        self.unconfirmed: bytes | None = None
        self._everybody = tuple(range(len(self.parties)))

    def answered(self, call: Call) -> None:
        """The party's own call, to be found in the next link."""
        self.unconfirmed = sha256(call.header.encode())

    def authentic(self, reply: Reply) -> tuple[Shown, list[bytes]]:
        """The links of a reply and the heads they lead to; raises ``MessageError`` unless the coordinator signed."""
        shown = read_shown(reply.chain, len(self.parties))
        heads = [self.chain.head]
        for number, link in enumerate(shown.links, len(self.chain)):
            heads.append(next_head(heads[-1], number, link))
        last = len(self.chain) + len(shown.links) - 1
        if not signed_by(self.members.coordinator.key, A_HEAD, seal(self.roster, last, heads[-1]), reply.signature):
            raise MessageError("The head of the chain is not signed by the coordinator.")
        return shown, heads

    def follow(self, reply: Reply, shown: Shown, heads: list[bytes]) -> None:
        """Go on by the links of an authentic reply; raises ``LieError`` where something does not fit."""
        first, last = shown.links[0], shown.links[-1]
        if self.unconfirmed is not None and climbed(self.unconfirmed, self.place, shown.answer) != first.answers:
            raise LieError("the last answer does not stand in the chain as it was signed")
        asked = leaf(reply.kind, reply.body)
        if not last.asks(self.place) or climbed(asked, self.place, shown.request) != last.requests:
            raise LieError("the request does not stand in the chain")
        self._check_witness(reply.witness, len(self.chain) + len(shown.links) - 1, self._answered(shown), heads[-2])
        for link in shown.links:
            self.chain.append(link)
        self.unconfirmed = None

    def _answered(self, shown: Shown) -> tuple[int, ...]:
        """Who answered the batch before the last of the links: all, to join, before the first of all."""
        before = [*self.chain.links[-1:], *shown.links][:-1]
        return before[-1].places() if before else self._everybody

    def _check_witness(self, witness: bytes, number: int, answered: tuple[int, ...], head: bytes) -> None:
        """One of those who answered the batch before has signed the head without link ``number``."""
        other = partner(self.place, answered, number)
        if other is None:
            return
        if not witness:
            raise LieError(f"what {self.parties[other].name!r} has signed was withheld")
        self._check_signed(witness, other, number, head)

    def _check_signed(self, witness: bytes, other: int, number: int, head: bytes) -> None:
        member = self.parties[other]
        try:
            header, signature = read_witness(witness)
        except MessageError as error:
            raise LieError(f"what {member.name!r} is said to have signed cannot be read: {error}") from None
        if (header.run, header.sender, header.seen) != (self.members.run, member.name, number):
            raise LieError(f"what was shown is not what {member.name!r} signed last")
        if not signed_by(member.key, A_CALL, header.encode(), signature):
            raise LieError(f"what {member.name!r} is said to have signed is forged")
        if header.head != head:
            raise LieError(
                f"{member.name!r} was told something else: after {number} links its head is {header.head.hex()[:16]}, "
                f"here it is {head.hex()[:16]}"
            )
