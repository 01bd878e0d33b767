"""Payments agreed by messages, against the closed form w_k S - b_k, and what they show of the benefits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.coordination.exchange import Bargain, PaymentParty, _agree, _Asking, bargain, receipt
from gridpact.coordination.message import Message, MessageError
from gridpact.coordination.transport import InProcess
from gridpact.errors import InputError, NotConverged

Floats = NDArray[np.float64]


def market(benefits: Floats, weights: Floats) -> tuple[InProcess, list[str]]:
    roster, transport = [f"mg{i}" for i in range(len(benefits))], InProcess()
    for name, benefit, weight in zip(roster, benefits.tolist(), weights.tolist(), strict=True):
        transport.join(PaymentParty(name, benefit, weight, roster, transport, seed=1))
    return transport, roster


def settle(benefits: list[float], weights: list[float], pot: float = 0.0, least: float = 0.0) -> Bargain:
    transport, roster = market(np.array(benefits), np.array(weights))
    return bargain(transport, roster, np.array(weights), pot=pot, least=least)


def test_two_parties_meet_in_the_middle() -> None:
    """Benefits 10 and -4: a surplus of 6, 3 for each, for which the first one pays 7."""
    found = settle([10.0, -4.0], [1.0, 1.0])
    assert found.deal and found.surplus == 6.0
    assert found.receipts == pytest.approx([-7.0, 7.0], abs=1e-12)


def test_weights_share_the_surplus() -> None:
    """1 : 2 : 3 of a surplus of 12 is 2, 4, 6; with benefits 10, 5, -3 the receipts are -8, -1, 9."""
    assert settle([10.0, 5.0, -3.0], [1.0, 2.0, 3.0]).receipts == pytest.approx([-8.0, -1.0, 9.0], abs=1e-12)


def test_a_pot_of_somebody_else_is_shared_as_well() -> None:
    """Benefits -1 and 1 have nothing to share; with 4 paid in by another each gains 2."""
    found = settle([-1.0, 1.0], [1.0, 1.0], pot=4.0)
    assert found.surplus == 4.0
    assert found.receipts == pytest.approx([3.0, 1.0], abs=1e-12)


@st.composite
def markets(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Benefits up to a million times their sum, in a currency of any size, and weights from 0.01 to 100."""
    parties, random = draw(st.integers(2, 100)), np.random.default_rng(draw(st.integers(0, 2**32)))
    benefits = random.normal(size=parties) * 10 ** draw(st.floats(-2.0, 6.0))
    benefits += (1.0 - benefits.sum()) / parties
    return benefits * 10 ** draw(st.floats(-1.0, 4.0)), 10 ** random.uniform(-2.0, 2.0, parties)


@settings(deadline=None, max_examples=100)
@given(markets())
def test_payments_are_those_of_the_closed_form(drawn: tuple[Floats, Floats]) -> None:
    benefits, weights = drawn
    transport, roster = market(benefits, weights)
    found = bargain(transport, roster, weights)
    surplus = float(benefits.sum())
    closed = weights / weights.sum() * surplus - benefits
    assert np.abs(found.receipts - closed).max() <= 1e-8 * surplus
    assert abs(found.receipts.sum()) <= 1e-8 * surplus
    assert abs(found.surplus - surplus) <= 1e-6 * len(benefits)
    assert found.rounds <= 6


def test_rounds_converge_from_a_wrong_surplus() -> None:
    """The receipts do not hang on the sum that was told: from twice or half of it both residuals fall to 1e-8.

    A surplus twice too large makes the penalty four times too small: the price then falls behind by 1 - 1.6/5 a round.
    """
    random = np.random.default_rng(3)
    benefits, weights = random.normal(1.0, 5.0, 20), 10 ** random.uniform(-2.0, 2.0, 20)
    surplus = float(benefits.sum())
    for number, wrong in enumerate((0.5, 2.0, 1.2)):
        transport, roster = market(benefits, weights)
        asking = _Asking(transport, f"run {number}", "network", tuple(roster))
        receipts, residuals = _agree(asking, weights, wrong * surplus, 0.0, 1e-8, 200)
        assert receipts == pytest.approx(weights / weights.sum() * surplus - benefits, abs=1e-7 * surplus)
        assert residuals[-1].max() <= 1e-8 < residuals[-2].max()
        assert len(residuals) <= 60


def test_residuals_tell_what_is_left_in_each_round() -> None:
    found = settle([10.0, -4.0], [1.0, 1.0])
    assert found.residuals.shape == (found.rounds, 2)
    assert found.residuals[0] == pytest.approx([0.0, 7.0 / 6.0], abs=1e-12)  # the first target is no payment at all
    assert found.residuals[-1].max() <= 1e-8


@pytest.mark.parametrize("benefits", [[3.0, -3.0], [1.0, -5.0], [0.0, 0.0], [1e-6, 0.0], [0.1, 0.2, -0.3]])
def test_without_a_surplus_there_is_no_deal_and_no_proposal(benefits: list[float]) -> None:
    """A micro-unit between two parties may be rounding alone, and is none either."""
    transport, roster = market(np.array(benefits), np.ones(len(benefits)))
    found = bargain(transport, roster, np.ones(len(benefits)))
    assert not found.deal and found.rounds == 0 and found.residuals.shape == (0, 2)
    assert found.receipts.tolist() == [0.0] * len(benefits)
    assert found.surplus == pytest.approx(sum(benefits), abs=1e-6)
    assert {row["kind"] for row in transport.ledger.rows() if row["sender"] == "coordinator"} == {
        "share_masks",
        "masked_benefit",
    }


def test_a_surplus_not_worth_a_deal_is_named_and_left() -> None:
    found = settle([0.02, -0.005], [1.0, 1.0], least=0.02)
    assert not found.deal and found.surplus == 0.015
    assert settle([0.02, -0.005], [1.0, 1.0], least=0.01).deal


def test_a_pot_that_takes_more_than_there_is_leaves_no_deal() -> None:
    assert not settle([3.0, 1.0], [1.0, 1.0], pot=-4.0).deal


def test_planted_benefits_appear_nowhere_and_only_receipts_leave() -> None:
    benefits, weights = np.array([123.456789, -98.7654321, 55.5, 0.12345]), np.array([1.0, 0.3, 2.0, 5.0])
    transport, roster = market(benefits, weights)
    bargain(transport, roster, weights)
    assert not any(transport.ledger.contains(benefit) for benefit in benefits)
    sent = {(row["kind"], row["quantity"]) for row in transport.ledger.rows() if row["sender"] != "coordinator"}
    empty = {("masks_shared", ""), ("mask_taken", "")}
    assert sent == {("mask", "mask"), ("masked_benefit", "masked_benefit"), ("receipt", "receipt")} | empty


def test_a_receipt_gives_the_benefit_away_to_who_knows_weight_and_surplus() -> None:
    """What remains: b_k = w_k S - r_k. The documentation says so."""
    found = settle([10.0, 5.0, -3.0], [1.0, 2.0, 3.0])
    assert found.surplus / 6.0 - found.receipts[0] == pytest.approx(10.0)


numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)


@given(numbers, positive, numbers, numbers, positive)
def test_a_receipt_is_stationary(benefit: float, weight: float, price: float, target: float, penalty: float) -> None:
    """Its gain g solves rho g^2 + (p - rho (b + z)) g = W."""
    best = receipt(benefit, weight, price, target, penalty)
    gain, slope = best + benefit, price - penalty * (benefit + target)
    size = penalty * gain**2 + abs(slope * gain) + weight
    lost = 1e-15 * (abs(benefit) + abs(best)) * (2 * penalty * gain + abs(slope))
    assert abs(penalty * gain**2 + slope * gain - weight) <= 1e-9 * size + 10 * lost


def test_a_receipt_without_penalty_is_bought_at_the_price() -> None:
    """W / p - b = 3 / 0.5 - 2."""
    assert receipt(2.0, 3.0, 0.5, 99.0, 0.0) == 4.0


@pytest.mark.parametrize(("price", "penalty"), [(0.0, 0.0), (-1.0, 0.0), (1.0, -1.0)])
def test_a_price_without_a_best_receipt_is_refused(price: float, penalty: float) -> None:
    with pytest.raises(MessageError, match="No receipt is best"):
        receipt(1.0, 1.0, price, 0.0, penalty)


@pytest.mark.parametrize(("benefit", "weight"), [(np.nan, 1.0), (np.inf, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, np.inf)])
def test_a_party_without_benefit_or_weight_is_refused(benefit: float, weight: float) -> None:
    with pytest.raises(InputError, match="'a' needs a finite benefit and a positive weight"):
        PaymentParty("a", benefit, weight, ["a", "b"], InProcess())


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, np.nan], [1.0, np.inf]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    transport, roster = market(np.array([1.0, 2.0]), np.ones(2))
    with pytest.raises(InputError, match="a positive weight for every party"):
        bargain(transport, roster, np.array(weights))
    assert len(transport.ledger) == 0


def test_parties_share_by_the_weights_they_hold_themselves() -> None:
    """The optimum is that of the parties' own weights; those of the coordinator only set the pace."""
    transport, roster = market(np.array([10.0, -4.0]), np.array([1.0, 2.0]))
    found = bargain(transport, roster, np.ones(2))
    assert found.receipts == pytest.approx([-8.0, 8.0], abs=1e-6)


def test_too_few_rounds_are_told() -> None:
    transport, roster = market(np.array([10.0, -4.0]), np.ones(2))
    with pytest.raises(NotConverged, match="No agreement on payments after 1 rounds: receipts sum to"):
        bargain(transport, roster, np.ones(2), most_rounds=1)


def test_a_proposal_of_another_shape_is_refused() -> None:
    transport, _ = market(np.array([10.0, -4.0]), np.ones(2))
    with pytest.raises(MessageError, match="has no quantity 'price'"):
        transport.call(Message("day", 0, "coordinator", "mg0", "payment_proposal"))


def test_hundred_parties_agree_in_few_rounds() -> None:
    random = np.random.default_rng(0)
    benefits, weights = random.normal(1.0, 3.0, 100), 10 ** random.uniform(-2.0, 2.0, 100)
    transport, roster = market(benefits, weights)
    assert bargain(transport, roster, weights).rounds <= 30
