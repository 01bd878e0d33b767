"""Other rules of sharing: by hand, and what they have in common with the bargaining solution."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.markets.bargaining.nash import Deal, NoDeal, nash
from gridpact.markets.bargaining.shares import equal_split, given_gains, proportional


def deal_of(outcome: Deal | NoDeal) -> Deal:
    assert isinstance(outcome, Deal)
    return outcome


def test_equal_split_is_nash_without_weights() -> None:
    benefits = [10.0, -4.0, 3.0]
    deal = deal_of(equal_split(benefits))
    assert deal.gains.tolist() == [3.0, 3.0, 3.0]
    assert deal.receipts.tolist() == deal_of(nash(benefits)).receipts.tolist() == [-7.0, 7.0, 0.0]


def test_only_those_who_bargain_share() -> None:
    """The operator keeps 2 of 9; the other two get 3.5 each, or by their benefits 8 and 2 of what is left."""
    benefits, bargains, kept = [-1.0, 8.0, 2.0], [False, True, True], [2.0, 0.0, 0.0]
    assert deal_of(equal_split(benefits, bargains, kept)).gains.tolist() == [2.0, 3.5, 3.5]
    by_benefit = deal_of(proportional(benefits, None, bargains, kept))
    assert by_benefit.gains == pytest.approx([2.0, 5.6, 1.4])
    assert by_benefit.receipts == pytest.approx([3.0, -2.4, -0.6])


def test_proportional_to_benefits() -> None:
    """Where all gain before payments each keeps its own: nothing is paid."""
    deal = deal_of(proportional([6.0, 3.0, 1.0]))
    assert deal.gains == pytest.approx([6.0, 3.0, 1.0])
    assert deal.receipts == pytest.approx(np.zeros(3), abs=1e-14)


def test_who_loses_is_made_whole_and_no_more() -> None:
    """Of 10 - 4 + 2 = 8 the first gets 10 / 12, the third 2 / 12, the second nothing but its 4 back."""
    deal = deal_of(proportional([10.0, -4.0, 2.0]))
    assert deal.gains == pytest.approx([80 / 12, 0.0, 16 / 12])
    assert deal.receipts[1] == 4.0


def test_proportional_to_contributions() -> None:
    """What all would lose without a party, 1, 3 and 0 here, not its own benefit."""
    assert deal_of(proportional([10.0, -4.0, 2.0], [1.0, 3.0, 0.0])).gains.tolist() == [2.0, 6.0, 0.0]


def test_no_deal_without_contributions_or_surplus() -> None:
    nothing = proportional([10.0, -4.0], [0.0, -1.0])
    assert isinstance(nothing, NoDeal)
    assert nothing.surplus == 6.0
    assert "no party contributes" in nothing.reason
    assert isinstance(proportional([1.0, -1.0]), NoDeal)
    assert isinstance(equal_split([1.0, -2.0]), NoDeal)


def test_given_gains() -> None:
    deal = given_gains([10.0, -4.0], [4.5, 1.5])
    assert (deal.surplus, deal.receipts.tolist(), deal.weights.tolist()) == (6.0, [-5.5, 5.5], [0.75, 0.25])


@pytest.mark.parametrize(
    ("benefits", "gains", "message"),
    [
        ([10.0, -4.0], [4.0, 1.0], "gains of 5 share a surplus of 6"),
        ([1.0, -2.0], [0.0, -1.0], "the surplus is -1"),
        ([1.0, 2.0], [3.0], r"gains has the shape \(1,\)"),
    ],
)
def test_gains_that_do_not_share_the_surplus_are_refused(
    benefits: list[float], gains: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        given_gains(benefits, gains)
