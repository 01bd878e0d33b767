"""Signatures that are not verified at each link are verified in time: within a window, and before any is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridpact.coordination.apart import follower
from gridpact.coordination.apart.chain import A_HEAD, seal
from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.envelope import LINKED, SIGN, Reply, read_call, read_reply
from gridpact.coordination.apart.follower import WINDOW
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.identity.keys import signed_by
from gridpact.coordination.kept.journal import MemoryLog
from gridpact.coordination.transport import Transport
from tests.coordination.held_market import algorithm, market
from tests.coordination.made_market import Made, Pump, Stuck, made


def no_seal(reply: Reply) -> Reply:
    return replace(reply, signature=bytes(64))


def no_signature_of_the_witness(reply: Reply) -> Reply:
    """With the head that the witness would have signed."""
    return replace(reply, witness=reply.witness[:-64] + bytes(64)) if reply.witness else reply


Change = Callable[[Reply], Reply]
FORGERIES: dict[Change, str] = {
    no_seal: "The head of the chain is not signed by the coordinator",
    no_signature_of_the_witness: "is said to have signed is forged",
}


class Forging(Pump):
    """Changes all replies to ``victim`` with links from number ``begin`` on; ``last`` is the newest one it was told."""

    def __init__(self, known: Made, change: Change, begin: int, victim: str = "mg1") -> None:
        self.logs = {name: MemoryLog() for name in known.names}
        super().__init__(known.hub(), {name: known.seat(name, self.logs[name]) for name in known.names})
        self.change, self.begin, self.victim = change, begin, victim
        self.last = -1

    def step(self, name: str, reply: bytes) -> bytes | None:
        found = read_reply(reply)
        if name != self.victim or found.kind not in LINKED:
            return super().step(name, reply)
        self.last = len(self.hub.tally.book.chain) - 1
        data = (self.change(found) if self.last >= self.begin else found).encode()
        while (call := super().step(name, data)) == self.calls[name]:  # it counts for nothing, and comes again
            pass
        return call

    @property
    def signed(self) -> bool:
        """Whether the victim has signed an outcome."""
        calls = [read_call(record.payload) for record in self.logs[self.victim].records if record.kind == "call"]
        return any(call.header.kind == SIGN for call in calls)


def ended(pump: Forging, algorithm: Callable[[Transport], bytes]) -> Aborted:
    with pytest.raises((Aborted, Stuck)):
        conduct(pump, algorithm)
    ending = pump.seats[pump.victim].ending
    assert ending is not None
    return Aborted(ending)


@pytest.mark.parametrize("begin", range(WINDOW + 2))
@pytest.mark.parametrize("change", FORGERIES)
def test_what_is_forged_is_noticed_within_a_window(change: Change, begin: int) -> None:
    known = made(4)
    pump = Forging(known, change, begin)
    assert FORGERIES[change] in str(ended(pump, known.algorithm))
    assert begin <= pump.last < begin + WINDOW and not pump.signed


@pytest.mark.parametrize("change", FORGERIES)
def test_and_before_anything_is_signed(change: Change) -> None:
    """The market is over within the first window."""
    known = market()
    pump = Forging(known, change, 1)
    assert FORGERIES[change] in str(ended(pump, algorithm))
    assert 1 < pump.last < WINDOW and not pump.signed


def test_and_before_a_party_leaves_for_another_reason() -> None:
    """Its own program fails; what it was asked was not the coordinator's request at all, and that is what it says."""
    known = made(4)
    pump = Forging(known, no_seal, 2)
    respond = known.agents["mg1"].respond

    def failing(*asked: object) -> object:
        if pump.last >= 3:
            raise ZeroDivisionError
        return respond(*asked)  # type: ignore[arg-type]

    known.agents["mg1"].respond = failing  # type: ignore[method-assign, assignment]
    assert "The coordinator is wrong: The head of the chain is not signed" in str(ended(pump, known.algorithm))


def test_a_lie_under_a_seal_that_is_none_is_not_said_to_be_the_coordinators_word() -> None:
    known = made(4)
    pump = Forging(known, lambda reply: replace(no_seal(reply), witness=b""), 2)
    assert "The head of the chain is not signed by the coordinator" in str(ended(pump, known.algorithm))


def test_an_honest_market_verifies_the_seal_of_one_link_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose number is a multiple of it, by all parties, and the last one."""
    known = made(4)
    verified: list[bytes] = []

    real = signed_by

    def counting(key: str, purpose: str, data: bytes, signature: bytes) -> bool:
        if purpose == A_HEAD:
            verified.append(data)
        return real(key, purpose, data, signature)

    monkeypatch.setattr(follower, "signed_by", counting)
    pump = Pump(known.hub(), {name: known.seat(name) for name in known.names})
    conduct(pump, known.algorithm)
    heads = pump.hub.tally.book.chain.heads
    links = [*range(0, len(heads) - 2, WINDOW), len(heads) - 2]
    wanted = [seal(known.members.digest, number, heads[number + 1]) for number in links]
    assert len(links) >= 3 and verified == [one for one in wanted for _ in known.names]
