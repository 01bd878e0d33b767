"""The coordinator's words: what was decided to say to a party, as signed bytes."""

from __future__ import annotations

from dataclasses import replace

from gridpact.coordination.apart.chain import A_HEAD, seal
from gridpact.coordination.apart.desk import Desk
from gridpact.coordination.apart.envelope import A_REPLY, ABORT, AUDIT, DONE, LINKED, REFUSED, WAIT, Reply
from gridpact.coordination.apart.outcome import AN_OUTCOME, SignedOutcome
from gridpact.coordination.apart.states import Ending
from gridpact.coordination.apart.tally import Tally
from gridpact.coordination.identity.keys import Signer
from gridpact.coordination.identity.members import Members


class Speaker:
    """Makes replies from the tally, with the coordinator's ``signer``."""

    def __init__(self, members: Members, signer: Signer, tally: Tally) -> None:
        self.members, self.signer, self.tally = members, signer, tally
        self.roster = members.digest
        self._seal: tuple[int, bytes] = (0, b"")

    def reply(self, desk: Desk) -> bytes:
        """What was decided to say to a party; the same bytes whenever it asks."""
        if not desk.reply:
            desk.reply = self._made(desk).encode()
        return desk.reply

    def wait(self, desk: Desk) -> bytes:
        """There is nothing to say yet."""
        return self._signed(self._to(desk, desk.turn - 1, WAIT)).encode()

    def ended(self, desk: Desk, turn: int, ending: Ending) -> bytes:
        """The market is over, who ended it and why."""
        return self._signed(self._to(desk, turn, ABORT, ending.encode())).encode()

    def refused(self, desk: Desk, turn: int, why: str) -> bytes:
        """Some bytes did not count."""
        return self._signed(self._to(desk, turn, REFUSED, why.encode())).encode()

    def outcome(self) -> SignedOutcome:
        """The outcome with the signatures of all."""
        outcome = self.tally.outcome
        assert outcome is not None and self.tally.signed
        own = self.signer.sign(AN_OUTCOME, outcome.statement(self.roster))
        return SignedOutcome(outcome, {**self.tally.signatures, self.members.coordinator.name: own})

    def _made(self, desk: Desk) -> Reply:
        appendix = b""
        if desk is self.tally.auditor and desk.said in (AUDIT, *LINKED):
            appendix = self.tally.pending.text()
        if desk.said in LINKED:
            return self._linked(desk, appendix)
        body = self.outcome().encode(self.members) if desk.said == DONE else b""
        return self._signed(replace(self._to(desk, desk.turn - 1, desk.said, body), appendix=appendix))

    def _linked(self, desk: Desk, appendix: bytes) -> Reply:
        """With the present request; its signature is that of the head, made once for all."""
        assert desk.last is not None
        book, place = self.tally.book, desk.place
        chain = book.shown(place, desk.last.header.seen, desk.answered).encode()
        about = (self.members.run, desk.member.name, desk.turn - 1, desk.said, book.present.bodies[place])
        return Reply(*about, chain, book.witness(place), appendix, self._sealed())

    def _sealed(self) -> bytes:
        chain = self.tally.book.chain
        if self._seal[0] != len(chain):
            self._seal = len(chain), self.signer.sign(A_HEAD, seal(self.roster, len(chain) - 1, chain.head))
        return self._seal[1]

    def _to(self, desk: Desk, turn: int, kind: str, body: bytes = b"") -> Reply:
        return Reply(self.members.run, desk.member.name, turn, kind, body)

    def _signed(self, reply: Reply) -> Reply:
        return replace(reply, signature=self.signer.sign(A_REPLY, reply.unsigned()))
