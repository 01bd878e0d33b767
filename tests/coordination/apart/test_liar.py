"""A coordinator that lies is noticed by an honest party, whatever it lies about, and nothing is signed by all."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from gridpact.coordination.apart.appendix import Pending, read_appendix
from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.message import Message, Quantity
from gridpact.coordination.transport import Transport
from tests.coordination.liar import DONE_LIES, LIES, OF_ANSWERS, OF_LINKS, LyingHub
from tests.coordination.made_market import Made, Pump, Stuck, made, read_document


def lied(market: Made, victim: str, begin: int, kind: str) -> tuple[LyingHub, dict[str, Seat]]:
    """A market whose coordinator lies; whoever waits in vain gives up at its deadline."""
    hub = LyingHub(market, victim, begin, LIES[kind])
    seats = {name: market.seat(name) for name in market.names}
    pump = Pump(hub, seats)
    with suppress(Aborted, Stuck):
        conduct(pump, market.algorithm)
    for seat in seats.values():
        if not seat.over:
            seat.give_up("no reply within the deadline", "coordinator")
    return hub, seats


def drawn(kind: str, seed: int) -> tuple[Made, str, int]:
    """A market, a victim and when the lies begin."""
    draw = random.Random(f"{kind} {seed}")  # noqa: S311
    parties = draw.randint(3, 5)
    cascading = kind in OF_LINKS or (kind not in OF_ANSWERS and draw.random() < 0.5)
    market = made(parties, cascading=cascading)
    return market, draw.choice(market.names), draw.randint(1, 2 if cascading else 8)


def check_noticed(kind: str, seed: int) -> None:
    market, victim, begin = drawn(kind, seed)
    hub, seats = lied(market, victim, begin, kind)
    assert hub.told > 0, "there was no lie"
    noticed = [name for name, seat in seats.items() if seat.ending is not None and seat.ending.who == "coordinator"]
    assert noticed, {name: (seat.state, seat.ending) for name, seat in seats.items()}
    assert seats[victim].outcome is None
    if kind not in DONE_LIES:
        assert hub.outcome is None and [seat.outcome for seat in seats.values()] == [None] * len(seats)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", LIES)
def test_a_lie_is_noticed(kind: str, seed: int) -> None:
    check_noticed(kind, seed)


@pytest.mark.campaign
@pytest.mark.parametrize("kind", LIES)
def test_a_lie_is_noticed_in_100_of_100_runs(kind: str) -> None:
    for seed in range(100):
        check_noticed(kind, seed)


def test_what_is_said_of_a_lie_names_it() -> None:
    """Different prices to two parties, sealed for each: it comes out when they compare what they have signed."""
    market = made(4)
    hub, seats = lied(market, "mg2", 2, "another price, sealed for one")
    said = {name: seat.ending.why for name, seat in seats.items() if seat.ending is not None}
    assert any("was told something else: after" in why for why in said.values()), said
    assert hub.state is State.ABORTED


def test_an_honest_coordinator_is_not_accused() -> None:
    market = made(4)
    hub, seats = LyingHub(market, "mg1", 10**6, LIES["another price"]), {n: market.seat(n) for n in market.names}
    signed = conduct(Pump(hub, seats), market.algorithm)
    assert signed.outcome.document == market.in_process() and hub.told == 0


class Bent(Pump):
    """Carries honestly, and hands the algorithm another answer of ``mg1`` than was given."""

    def call_all(self, messages: list[Message]) -> list[Message]:  # type: ignore[override]
        return [bent(answer) for answer in super().call_all(messages)]


def bent(answer: Message) -> Message:
    """Half a unit more."""
    if answer.sender != "mg1":
        return answer
    (row,) = answer.quantities
    return replace(answer, quantities=(Quantity(row.name, row.unit, row.values + 0.5),))


def honest_seats(market: Made, auditing: bool = True) -> dict[str, Seat]:
    return {name: market.seat(name, **({} if auditing else {"audit": None})) for name in market.names}


def test_answers_changed_on_the_way_to_the_algorithm_are_found_by_the_auditor() -> None:
    market = made(4)
    seats = honest_seats(market)
    with pytest.raises(Aborted, match=r"'operator': The coordinator is wrong: the requests of batch 1 are not those"):
        conduct(Bent(market.hub(), seats), market.algorithm)
    assert {seat.outcome for seat in seats.values()} == {None}


def test_answers_changed_on_the_way_are_found_by_the_party_itself() -> None:
    """Without an auditor: the quantity that it is to sign is not the best for it at the price."""
    market = made(4)
    with pytest.raises(Aborted, match="'mg1': It does not agree with the outcome: another quantity is better"):
        conduct(Bent(market.hub(), honest_seats(market, auditing=False)), market.algorithm)


def test_payments_that_do_not_follow_are_found_by_the_auditor() -> None:
    """They sum to zero, and quantities and prices are right."""
    market = made(4)

    def moved(transport: Transport) -> bytes:
        data = market.algorithm(transport)
        paid = read_document(data)["paid"]
        one, other = (float(value).hex().encode() for value in paid[1:3])
        return data.replace(one, b"?").replace(other, one).replace(b"?", other)

    seats = honest_seats(market)
    with pytest.raises(Aborted, match="'operator': The coordinator is wrong: the outcome is not what follows"):
        conduct(Pump(market.hub(), seats), moved)


def test_a_fallback_where_there_was_an_agreement_is_found_by_the_auditor() -> None:
    market = made(3, replace(made(3).members.terms, fallback="no_deal"))
    seats = {name: market.seat(name, check_outcome=lambda *_: None) for name in market.names}
    pump = Pump(market.hub(), seats)
    pump.assemble()
    market.algorithm(pump)
    with pytest.raises(Aborted, match="'operator': The coordinator is wrong: the outcome is not what follows"):
        pump.sign(b"no deal", fallback=True)


class OfCalls(Pump):
    """Shows the auditor other calls than there are."""

    def __init__(self, market: Made, change: Callable[[Pending], None]) -> None:
        super().__init__(market.hub(), honest_seats(market))
        self.change = change

    def call_all(self, messages: list[Message]) -> list[Message]:  # type: ignore[override]
        self.change(self.hub.tally.pending)
        return super().call_all(messages)


def leave_out(pending: Pending) -> None:
    del pending.calls[-1:]


def give_again(pending: Pending) -> None:
    """An earlier call with the number of this one."""
    known = read_appendix(b"".join([len(call).to_bytes(4, "little") + call for call in pending.calls]))
    if known:
        first = replace(known[-1], header=replace(known[-1].header, turn=known[-1].header.turn + 1))
        pending.calls[-1] = first.encode()


@pytest.mark.parametrize("change", [leave_out, give_again])
def test_calls_that_are_not_those_of_the_chain_are_found_by_the_auditor(change: Callable[[Pending], None]) -> None:
    market = made(4)
    with pytest.raises(Aborted, match="the answers shown are not those of link 0 of the chain"):
        conduct(OfCalls(market, change), market.algorithm)
