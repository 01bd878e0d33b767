"""A market of several machines in one process: the same as without a network, signed by all."""

import numpy as np
import pytest

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.outcome import read_outcome
from gridpact.coordination.apart.seat import DisagreementError
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.identity.members import Terms
from tests.coordination.made_market import Made, made, pumped, read_document


@pytest.mark.parametrize("parties", [2, 3, 4, 9])
@pytest.mark.parametrize("cascading", [False, True])
def test_all_sign_what_follows_in_one_process_to_the_last_bit(cascading: bool, parties: int) -> None:
    market = made(parties, cascading=cascading)
    pump = pumped(market)
    signed = conduct(pump, market.algorithm)
    document = signed.outcome.document
    assert document == market.in_process()
    assert read_document(document)["below"] == pytest.approx(market.best, abs=1e-5)
    assert np.isclose(read_document(document)["paid"].sum(), 0.0, atol=1e-9)
    for seat in pump.seats.values():
        assert (seat.state, seat.cause, seat.outcome) == (State.SIGNED, None, signed)
    assert read_outcome(signed.encode(market.members), market.members) == signed


def test_nothing_is_a_result_before_all_have_signed() -> None:
    market = made(3)
    pump = pumped(market)
    pump.turn()
    assert pump.hub.state is State.COMMITTED
    document = market.algorithm(pump)
    pump.hub.finish(document, 0.0)
    assert pump.hub.state is State.CONVERGED
    replies = {name: pump.hub.receive(name, call or b"", 0.0) for name, call in pump.calls.items()}
    calls = {name: pump.seats[name].step(reply or b"") for name, reply in replies.items()}
    for name, call in calls.items():
        assert pump.hub.outcome is None and pump.seats[name].state is State.VERIFIED
        assert [seat.outcome for seat in pump.seats.values()] == [None] * 3
        done = pump.hub.receive(name, call or b"", 0.0)
        assert (done is not None) == (name == "mg2")
    assert pump.hub.state is State.SIGNED


def refusing(market: Made, name: str, error: Exception) -> dict[str, object]:
    def check(*_: object) -> None:
        raise error

    return {name: market.seat(name, check_outcome=check)}


@pytest.mark.parametrize("name", ["operator", "mg1", "mg2"])
def test_who_does_not_agree_is_named_and_nobody_has_a_result(name: str) -> None:
    market = made(3)
    pump = pumped(market, **refusing(market, name, DisagreementError("I would rather have 2 MW")))
    with pytest.raises(Aborted, match=f"'{name}': It does not agree with the outcome: I would rather have 2 MW"):
        conduct(pump, market.algorithm)
    assert pump.hub.outcome is None and pump.hub.state is State.ABORTED
    for seat in pump.seats.values():
        assert seat.outcome is None and seat.state is State.ABORTED


def test_others_learn_of_an_error_only_its_kind() -> None:
    """Its text may hold what the party keeps to itself."""
    market = made(3)
    seats = refusing(market, "mg1", ValueError("my cost is 2.718"))
    pump = pumped(market, **seats)
    with pytest.raises(Aborted, match=r"'mg1': It does not agree with the outcome: ValueError$"):
        conduct(pump, market.algorithm)
    assert str(pump.seats["mg1"].cause) == "my cost is 2.718"


def test_a_party_whose_program_fails_is_named() -> None:
    market = made(3)
    market.agents["mg2"].respond = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    pump = pumped(market)
    with pytest.raises(Aborted, match="'mg2': Its program has no answer: ZeroDivisionError"):
        conduct(pump, market.algorithm)


def test_without_agreement_the_fallback_is_signed_by_all() -> None:
    terms = Terms(fallback="no_deal")
    market = made(3, terms, most_rounds=3)
    pump = pumped(market, **{name: market.seat(name, check_outcome=lambda *_: None) for name in ("mg1", "mg2")})
    pump = pumped(
        market,
        **{
            name: market.seat(name, check_outcome=only_no_deal, audit=market.algorithm if name == "operator" else None)
            for name in market.names
        },
    )
    signed = conduct(pump, market.algorithm, fallback=b"no deal")
    assert (signed.outcome.document, signed.outcome.fallback) == (b"no deal", True)
    assert pump.hub.state is State.FALLBACK and pump.hub.over
    assert {(seat.state, seat.outcome == signed) for seat in pump.seats.values()} == {(State.FALLBACK, True)}


def only_no_deal(document: bytes, fallback: bool) -> None:
    assert (document, fallback) == (b"no deal", True)


def test_without_agreement_and_fallback_it_ends() -> None:
    market = made(3, most_rounds=3)
    with pytest.raises(Aborted, match="'coordinator': No agreement after 3 rounds"):
        conduct(pumped(market), market.algorithm)


def test_a_fallback_that_the_terms_do_not_know_is_not_signed() -> None:
    """The coordinator's own end refuses it, too; here it is made to say it."""
    market = made(3, most_rounds=3)
    pump = pumped(market)
    pump.hub.terms = Terms(fallback="no_deal")
    with pytest.raises(Aborted, match="is wrong: the terms know no fallback"):
        conduct(pump, market.algorithm, fallback=b"no deal")
    assert pump.hub.outcome is None


def test_a_party_can_leave_at_any_time() -> None:
    market = made(3)
    pump = pumped(market)
    pump.turn()
    pump.calls["mg2"] = pump.seats["mg2"].give_up("interrupted")
    pump.turn()
    with pytest.raises(Aborted, match="'mg2': interrupted"):
        market.algorithm(pump)
    assert {seat.state for seat in pump.seats.values()} == {State.ABORTED}
