"""A coordinator that lies to one party, with its own key and all it knows: by kind, what it tells instead."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from gridpact.coordination.apart.book import tree
from gridpact.coordination.apart.chain import A_HEAD, NOBODY, Chain, Link, climbed, next_head, partner, read_shown, seal
from gridpact.coordination.apart.envelope import (
    A_CALL,
    A_REPLY,
    DONE,
    FALLBACK,
    LINKED,
    OUTCOME,
    REQUEST,
    Reply,
    leaf,
    read_call,
    read_reply,
    read_witness,
    sha256,
)
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import PREFIX
from gridpact.coordination.apart.records import JOINED
from gridpact.coordination.kept.journal import MemoryLog
from gridpact.coordination.message import MessageError, Quantity, decode
from tests.coordination.made_market import Made


@dataclass(eq=False)
class Draft:
    """A reply before it is sealed: what the victim would be told by an honest coordinator."""

    hub: LyingHub
    place: int
    number: int
    kind: str
    body: bytes
    links: list[Link]
    request: bytes
    answer: bytes
    witness: bytes
    appendix: bytes
    said: list[Reply] = field(default_factory=list)

    def commit(self, body: bytes) -> None:
        """Tell another body, and make the newest link fit."""
        self.body = body
        root = climbed(leaf(self.kind, body), self.place, self.request)
        self.links[-1] = replace(self.links[-1], requests=root)

    def with_answers(self, change: Callable[[dict[int, bytes]], None]) -> None:
        """Tell of other answers to the batch before."""
        book = self.hub.tally.book
        leaves = {place: sha256(call.header.encode()) for place, call in book.before.calls.items()}
        change(leaves)
        changed = tree(book.parties, leaves)
        self.links[-1] = replace(self.links[-1], answers=changed.root)
        if len(self.links) == 1:
            self.answer = changed.path(self.place)

    @property
    def partner(self) -> int | None:
        return partner(self.place, sorted(self.hub.tally.book.before.calls), self.number)


Lie = Callable[[Draft], bool]


class LyingHub(Hub):
    """Tells the ``victim`` something else from its request ``begin`` on; ``lie`` says whether it could be told."""

    def __init__(self, market: Made, victim: str, begin: int, lie: Lie) -> None:
        super().__init__(market.members, market.signers["coordinator"], MemoryLog(), market.limits)
        self.victim, self.begin, self.lie = victim, begin, lie
        self.told, self.requests_made = 0, 0
        self.chain = Chain(self.roster)
        self.sent: dict[bytes, bytes] = {}
        self.said: list[Reply] = []

    def receive(self, sender: str, data: bytes, now: float) -> bytes | None:
        """The victim's calls are signed over what it was told."""
        honest = self.tally.book.chain
        if sender == self.victim:
            self.tally.book.chain = self.chain
        with suppress(MessageError):
            desk = self._desk(sender)
            if self.ending is None and not desk.repeats(data):
                self.tally.settle(desk)
                if sender == self.victim:
                    desk.seen = len(self.chain)
                self._take(desk, data)
        self.tally.book.chain = honest
        return self.reply_to(sender)

    def reply_to(self, name: str) -> bytes | None:
        honest = super().reply_to(name)
        if name != self.victim or honest is None or self.ending is not None:
            return honest
        if honest not in self.sent:
            self.sent[honest] = self._told(read_reply(honest))
        return self.sent[honest] or None

    def _told(self, reply: Reply) -> bytes:
        """What the victim is told instead of an honest reply; empty for nothing."""
        self.requests_made += 1
        if reply.kind not in LINKED:
            return self._other(reply)
        shown = read_shown(reply.chain, self.tally.book.parties)
        place = self.tally.desks[self.victim].place
        number = len(self.tally.book.chain) - 1
        parts = (reply.witness, reply.appendix, self.said)
        draft = Draft(
            self, place, number, reply.kind, reply.body, list(shown.links), shown.request, shown.answer, *parts
        )
        if self.requests_made >= self.begin and self.lie not in DONE_LIES.values():
            self.told += self.lie(draft)
        if not draft.kind:
            return draft.body
        for link in draft.links:
            self.chain.append(link)
        made = replace(
            reply,
            kind=draft.kind,
            body=draft.body,
            chain=replace(shown, links=tuple(draft.links), request=draft.request, answer=draft.answer).encode(),
            witness=draft.witness,
            appendix=draft.appendix,
            signature=self.sealed(self.chain),
        )
        self.said.append(made)
        return made.encode()

    def _other(self, reply: Reply) -> bytes:
        """What stands in no link: that all have signed."""
        if reply.kind != DONE or self.lie not in DONE_LIES.values():
            return reply.encode()
        draft = Draft(self, 0, 0, DONE, reply.body, [], b"", b"", b"", b"")
        self.told += self.lie(draft)
        if not draft.kind:
            return b""
        made = replace(reply, body=draft.body)
        return replace(made, signature=self.speaker.signer.sign(A_REPLY, made.unsigned())).encode()

    def sealed(self, chain: Chain) -> bytes:
        return self.speaker.signer.sign(A_HEAD, seal(self.roster, len(chain) - 1, chain.head))


def changed_price(body: bytes) -> bytes:
    """The request at a price that is a little better for somebody else."""
    message = decode(body)
    first, *rest = message.quantities
    return replace(message, quantities=(Quantity(first.name, first.unit, first.values + 0.01), *rest)).encode()


def another_price(draft: Draft) -> bool:
    if draft.kind == REQUEST:
        draft.body = changed_price(draft.body)
    return draft.kind == REQUEST


def another_price_sealed(draft: Draft) -> bool:
    if draft.kind == REQUEST:
        draft.commit(changed_price(draft.body))
    return draft.kind == REQUEST


def an_old_request(draft: Draft) -> bool:
    """In place of the present one, which stands in the chain."""
    if draft.kind == REQUEST and draft.said:
        draft.body = draft.said[0].body
        return True
    return False


def an_old_request_sealed(draft: Draft) -> bool:
    if draft.kind == REQUEST and draft.said:
        draft.commit(draft.said[0].body)
        return True
    return False


def an_old_reply(draft: Draft) -> bool:
    """Word for word."""
    if not draft.said:
        return False
    draft.kind, draft.body = "", draft.said[-1].encode()
    return True


def nothing(draft: Draft) -> bool:
    draft.kind, draft.body = "", b""
    return True


def own_answer_changed(draft: Draft) -> bool:
    draft.links[0] = replace(draft.links[0], answers=climbed(sha256(b"another"), draft.place, draft.answer))
    return True


def own_answer_withheld(draft: Draft) -> bool:
    draft.links[0] = replace(draft.links[0], answers=climbed(NOBODY, draft.place, draft.answer))
    return True


def another_answer_changed(draft: Draft) -> bool:
    others = [place for place in draft.hub.tally.book.before.calls if place != draft.place]
    draft.with_answers(lambda leaves: leaves.update({others[0]: sha256(b"another")}) if others else None)
    return bool(others)


def another_answer_withheld(draft: Draft) -> bool:
    others = [place for place in draft.hub.tally.book.before.calls if place != draft.place]
    draft.with_answers(lambda leaves: leaves.update({others[0]: NOBODY}) if others else None)
    return bool(others)


def witness_withheld(draft: Draft) -> bool:
    found, draft.witness = bool(draft.witness), b""
    return found


def witness_forged(draft: Draft) -> bool:
    """First another price for one, then what the partner would have signed had it been told the same."""
    if not draft.hub.told:
        return another_price_sealed(draft)
    if not draft.witness:
        return False
    header, _ = read_witness(draft.witness)
    head = draft.hub.chain.head
    for number, link in enumerate(draft.links[:-1], len(draft.hub.chain)):
        head = next_head(head, number, link)
    forged = replace(header, head=head)
    draft.witness = forged.encode() + draft.hub.speaker.signer.sign(A_CALL, forged.encode())
    return True


def witness_of_another(draft: Draft) -> bool:
    """Of one who was told the same, instead of the one whose turn it is."""
    book = draft.hub.tally.book
    others = [place for place in book.before.calls if place not in (draft.place, draft.partner)]
    if not others:
        return False
    draft.witness = book.before.calls[others[0]].witness
    return True


def witness_from_before(draft: Draft) -> bool:
    """What the partner signed at an earlier turn, when all were told the same."""
    if draft.partner is None or draft.number < 2:
        return False
    calls = [read_call(record.payload) for record in draft.hub.journal.records if record.kind == JOINED]
    name = draft.hub.members.parties[draft.partner].name
    draft.witness = next(call.witness for call in calls if call.header.sender == name)
    return True


def links_in_another_order(draft: Draft) -> bool:
    if len(draft.links) < 2:
        return False
    draft.links[-2:] = [
        replace(draft.links[-2], answers=draft.links[-1].answers),
        replace(draft.links[-1], answers=draft.links[-2].answers),
    ]
    return True


def a_link_left_out(draft: Draft) -> bool:
    if len(draft.links) < 2:
        return False
    del draft.links[-2]
    return True


def not_a_number(draft: Draft) -> bool:
    if draft.kind == REQUEST:
        draft.commit(draft.body[:-8] + np.array([np.nan]).tobytes())
    return draft.kind == REQUEST


def another_document(draft: Draft) -> bool:
    if draft.kind == OUTCOME:
        draft.body = draft.body + b" "
    return draft.kind == OUTCOME


def another_document_sealed(draft: Draft) -> bool:
    """With spaces that change nothing: the victim agrees with what it says."""
    if draft.kind == OUTCOME:
        draft.commit(draft.body + b" ")
    return draft.kind == OUTCOME


def a_fallback(draft: Draft) -> bool:
    if draft.kind != OUTCOME:
        return False
    draft.kind = FALLBACK
    draft.commit(draft.body)
    return True


def signed_by_fewer(draft: Draft) -> bool:
    """The signature of the last one is missing."""
    draft.body = draft.body[:-64] + bytes(64)
    return True


def another_document_signed(draft: Draft) -> bool:
    """The signatures under another document."""
    draft.body = draft.body[: PREFIX.size] + b"[" + draft.body[PREFIX.size + 1 :]
    return True


def nothing_of_signatures(draft: Draft) -> bool:
    draft.kind = ""
    return True


LIES: dict[str, Lie] = {
    "another price": another_price,
    "another price, sealed for one": another_price_sealed,
    "an old request": an_old_request,
    "an old request, sealed for one": an_old_request_sealed,
    "an old reply": an_old_reply,
    "nothing any more": nothing,
    "its answer was another": own_answer_changed,
    "it did not answer": own_answer_withheld,
    "somebody else's answer was another": another_answer_changed,
    "somebody else did not answer": another_answer_withheld,
    "no witness": witness_withheld,
    "a forged witness for another price": witness_forged,
    "a witness whose turn it is not": witness_of_another,
    "what a witness signed long ago": witness_from_before,
    "links in another order": links_in_another_order,
    "a link is left out": a_link_left_out,
    "a price that is not a number": not_a_number,
    "another document": another_document,
    "another document, sealed for one": another_document_sealed,
    "a fallback for one": a_fallback,
}
DONE_LIES: dict[str, Lie] = {
    "a signature is missing": signed_by_fewer,
    "another document was signed": another_document_signed,
    "signatures are withheld": nothing_of_signatures,
}
LIES |= DONE_LIES
# Those that need several links at once, which target cascading has, and several answers at once, which it has not.
OF_LINKS = ("links in another order", "a link is left out")
OF_ANSWERS = ("a witness whose turn it is not",)
