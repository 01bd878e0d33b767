"""Whole cents: exactly zero together, nobody below the disagreement point, as near as can be to the exact money."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.markets.bargaining.cents import in_cents, split_cents
from gridpact.markets.bargaining.nash import Deal, NoDeal, nash

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def paid(benefits: Floats | list[float], receipts: Floats | list[float], first: int | None = None) -> Ints:
    cents = in_cents(benefits, receipts, first)
    assert isinstance(cents, np.ndarray)
    return cents


def gains(benefits: Floats | list[float], cents: Ints) -> list[Fraction]:
    """Exact gains of doubles and cents."""
    return [Fraction(b) + Fraction(c, 100) for b, c in zip(np.asarray(benefits).tolist(), cents.tolist(), strict=True)]


def distances(receipts: Floats | list[float], cents: Ints) -> list[Fraction]:
    """How many cents each party gets beyond its exact receipt."""
    return [c - 100 * Fraction(r) for r, c in zip(np.asarray(receipts).tolist(), cents.tolist(), strict=True)]


def random_market(seed: int) -> tuple[Floats, Deal | NoDeal]:
    """Two to thirty parties, a surplus from a tenth of a cent to a million, half of the benefits in whole cents."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 31))
    surplus = 10.0 ** random.uniform(-3, 6)
    benefits = 10.0 ** random.uniform(-1, 4) * random.normal(size=n)
    benefits += (surplus - benefits.sum()) / n
    if seed % 2:
        benefits = np.round(benefits, 2)
    return benefits, nash(benefits, random.uniform(0.1, 5.0, n) if seed % 3 else None)


def test_in_a_thousand_random_markets_nothing_is_left_and_nobody_loses() -> None:
    """Where rounding each receipt to the nearest cent leaves or lacks cents, or lets somebody lose, in most of them."""
    deals, spoilt = 0, 0
    for seed in range(1000):
        benefits, deal = random_market(seed)
        if isinstance(deal, NoDeal):
            assert benefits.sum() <= 1e-6  # by rounding to cents
            continue
        cents = in_cents(benefits, deal.receipts)
        naive = np.rint(100.0 * deal.receipts).astype(np.int64)
        spoilt += bool(naive.sum() != 0 or min(gains(benefits, naive)) < 0)
        if isinstance(cents, NoDeal):
            assert sum(-(100 * Fraction(b) // 1) for b in benefits.tolist()) > 0
            continue
        deals += 1
        assert cents.dtype == np.int64
        assert cents.sum() == 0
        assert min(gains(benefits, cents)) >= 0
    assert deals > 800
    assert spoilt > 500


def test_the_largest_remainder_gets_the_cent() -> None:
    """Due are -500.78 and 500.78: of the whole cents below, -501 and 500, the second is further from what is due."""
    assert paid([5.015625, -5.0], [-5.0078125, 5.0078125]).tolist() == [-501, 501]
    assert paid([-5.0, 5.015625], [5.0078125, -5.0078125]).tolist() == [501, -501]


def test_equal_remainders_go_by_the_roster() -> None:
    """Thirds of a euro: 34 for the first of the equals, 33 for the other; eighths of money that are halves of cents."""
    third = 1.0 / 3.0
    assert paid([1.0, 0.0, 0.0], [third - 1.0, third, third]).tolist() == [-67, 34, 33]
    assert paid([1.0] * 4, [0.125, -0.125, 0.125, -0.125]).tolist() == [13, -12, 12, -13]


def test_missing_cents_come_from_those_who_are_furthest_above() -> None:
    """Two parties must get a whole cent for 0.2; the third pays both, two cents where it owes 0.4: no one else can."""
    benefits = [-0.002, -0.002, 0.03]
    assert paid(benefits, [0.002, 0.002, -0.004]).tolist() == [1, 1, -2]


def test_nobody_pays_more_than_it_gains_where_many_cents_are_missing() -> None:
    """Ten are due 0.2 cents and must get one; of two who pay, one gains 2.2 cents and pays 2, the other the rest."""
    benefits = [-0.002] * 10 + [0.022, 0.2]
    assert paid(benefits, [0.002] * 10 + [-0.003, -0.017]).tolist() == [1] * 10 + [-2, -8]


@pytest.mark.parametrize("first", [None, 0])
def test_too_little_to_be_paid_in_cents_is_no_deal(first: int | None) -> None:
    """0.9 cents are there, but party 1 must receive 1.2 cents to be whole, so two, and party 0 can give but one."""
    outcome = in_cents([0.019, -0.012], [-0.0155, 0.0155], first)
    assert isinstance(outcome, NoDeal)
    assert outcome.surplus == pytest.approx(0.007 if first is None else 0.0035)
    assert "too small to be paid in cents: 1 more" in outcome.reason


def test_the_least_receipt_is_exact() -> None:
    """0.29 as a double is less than 29 cents, so 29 cents are too much to pay; 100 * 0.29 in doubles is no help."""
    assert Fraction(0.29) < Fraction(29, 100)
    assert isinstance(in_cents([0.29, -0.29], [-0.29, 0.29]), NoDeal)
    assert paid([0.25, -0.25], [-0.25, 0.25]).tolist() == [-25, 25]


small = st.floats(-0.06, 0.06)


@st.composite
def small_markets(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Benefits and fair receipts of two to four parties, a few cents each."""
    n = draw(st.integers(2, 4))
    benefits = np.array(draw(st.lists(small, min_size=n, max_size=n)))
    if draw(st.booleans()):
        benefits = np.round(benefits, 3)
    deal = nash(benefits, draw(st.lists(st.floats(0.1, 5.0), min_size=n, max_size=n)))
    assume(isinstance(deal, Deal))
    assert isinstance(deal, Deal)
    return benefits, deal.receipts


def every_payment(benefits: Floats, receipts: Floats, reach: int = 4) -> list[Ints]:
    """All whole cents within some of the exact receipts that sum to zero and leave nobody below zero."""
    around = [range(int(100 * r) - reach, int(100 * r) + reach + 1) for r in receipts]
    tries = (np.array(t) for t in product(*around) if sum(t) == 0)
    return [t for t in tries if min(gains(benefits, t)) >= 0]


def squares(receipts: Floats, cents: Ints) -> Fraction:
    return sum((d * d for d in distances(receipts, cents)), Fraction(0))


@given(small_markets())
def test_as_near_as_any_other_payment(market: tuple[Floats, Floats]) -> None:
    """Against all of them: the least squares, and within one cent for everyone where any payment is."""
    benefits, receipts = market
    tried = every_payment(benefits, receipts)
    cents = in_cents(benefits, receipts)
    if isinstance(cents, NoDeal):
        assert tried == []
        return
    assert squares(receipts, cents) == min(squares(receipts, t) for t in tried)
    within = [t for t in tried if max(abs(d) for d in distances(receipts, t)) <= 1]
    assert not within or max(abs(d) for d in distances(receipts, cents)) <= 1


@given(small_markets())
def test_who_only_earns_fees_comes_first(market: tuple[Floats, Floats]) -> None:
    """Against all payments: none is nearer to its exact receipt, and of those as near none is better for the rest."""
    benefits, receipts = market
    tried = every_payment(benefits, receipts)
    cents = in_cents(benefits, receipts, first=0)
    if isinstance(cents, NoDeal):
        assert tried == []
        return
    assert cents.sum() == 0
    assert min(gains(benefits, cents)) >= 0
    nearest = min(abs(distances(receipts, t)[0]) for t in tried)
    assert abs(distances(receipts, cents)[0]) == nearest
    rest = [squares(receipts[1:], t[1:]) for t in tried if t[0] == cents[0]]
    assert squares(receipts[1:], cents[1:]) == min(rest)


def test_the_fee_earner_in_the_midst_of_the_roster() -> None:
    """It is due 2.0049 and gets 2.00, or 2.125 and gets 2.13; the others' equal parts of a cent go by the roster."""
    assert paid([1.0, -1.0, 5.0], [-0.50245, 2.0049, -1.50245], first=1).tolist() == [-50, 200, -150]
    assert paid([1.0, -1.0, 5.0], [-0.5625, 2.125, -1.5625], first=1).tolist() == [-56, 213, -157]


def test_the_fee_earner_gives_way_to_those_who_would_lose() -> None:
    """Its 1.6 cents would be 2, but the other can pay 1.9 cents, so one: it gets 1 and keeps a gain."""
    assert paid([0.0, 0.019], [0.016, -0.016], first=0).tolist() == [1, -1]


@pytest.mark.parametrize("seed", range(50))
def test_huge_money(seed: int) -> None:
    """Of 1e12, where doubles miss a ten-thousandth: still zero, nobody below, and within a cent and rounding."""
    random = np.random.default_rng(seed)
    benefits = 1e12 * random.normal(size=20)
    benefits[0] -= benefits.sum() - 1e9
    deal = nash(benefits)
    assert isinstance(deal, Deal)
    cents = paid(benefits, deal.receipts)
    assert cents.sum() == 0
    assert min(gains(benefits, cents)) >= 0
    assert max(abs(d) for d in distances(deal.receipts, cents)) <= Fraction(11, 10)


@pytest.mark.parametrize("seed", range(50))
def test_a_surplus_of_almost_nothing(seed: int) -> None:
    """With whole cents as benefits one cent is always payable; with parts of cents it is, or there is no deal."""
    random = np.random.default_rng(seed)
    benefits = random.integers(-1000, 1000, 8).astype(np.float64)
    benefits[0] -= benefits.sum()
    whole = benefits.copy()
    whole[0] += 0.015625  # one cent and a half, exact in binary
    for b in (whole, benefits + 0.0001 * random.random(8)):
        deal = nash(b)
        assert isinstance(deal, Deal)
        cents = in_cents(b, deal.receipts)
        needed = sum(-(100 * Fraction(x) // 1) for x in b.tolist())
        assert isinstance(cents, NoDeal) == (needed > 0)
        if not isinstance(cents, NoDeal):
            assert cents.sum() == 0 and min(gains(b, cents)) >= 0
    assert not isinstance(in_cents(whole, nash(whole).receipts), NoDeal)  # type: ignore[union-attr]


@given(st.integers(0, 999), st.integers(2, 12))
def test_the_sheet_adds_up(seed: int, n: int) -> None:
    """Energy and fees against an operator, the lump sum as the rest: rows sum to zero, columns to the total."""
    random = np.random.default_rng(seed)
    energy, fee = random.normal(0.0, 100.0, n), -random.uniform(0.0, 5.0, n) * random.integers(0, 2, n)
    energy[0], fee[0] = -energy[1:].sum(), -fee[1:].sum()
    benefits = random.normal(0.0, 50.0, n)
    benefits[0] += 100.0 - benefits.sum()
    deal = nash(benefits)
    assert isinstance(deal, Deal)
    total = paid(benefits, deal.receipts)
    sheet = split_cents(total, np.array([energy, fee]))
    assert sheet.shape == (3, n) and sheet.dtype == np.int64
    assert sheet.sum(axis=1).tolist() == [0, 0, 0]
    assert sheet.sum(axis=0).tolist() == total.tolist()
    assert max(abs(d) for part, row in zip((energy, fee), sheet, strict=False) for d in distances(part, row)) < 1
    assert sheet[1][fee == 0.0].tolist() == [0] * int((fee == 0.0).sum())  # who owes no fee pays none


def test_a_sheet_by_hand() -> None:
    """The operator 0 receives 30.004 for energy and 0.6 in fees; what is not in them is the lump sum."""
    sheet = split_cents([-1200, -1800, 3000][::-1], [[30.004, -10.001, -20.003], [0.6, -0.3, -0.3]])
    assert sheet.tolist() == [[3000, -1000, -2000], [60, -30, -30], [-60, -770, 830]]
    assert split_cents([5, -5], np.zeros((0, 2))).tolist() == [[5, -5]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [1.0, 1.0]), "money that changes hands sums to 2"),
        (([1.0, 2.0], [-1.5, 1.5]), "party 0 would lose 0.5"),
        (([1.0, 2.0], [-1.0, 1.0, 0.0]), r"receipts has the shape \(3,\)"),
        (([1.0, np.inf], [-1.0, 1.0]), "benefits has an entry that is not finite"),
        (([1e14, 2.0], [-1.0, 1.0]), "benefits are too large to be known to the cent"),
    ],
)
def test_what_cannot_be_paid_is_refused(arguments: tuple[list[float], list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        in_cents(*arguments)


def test_a_sheet_that_cannot_add_up_is_refused() -> None:
    with pytest.raises(InputError, match="the cents sum to 1"):
        split_cents([1, 0], [[0.0, 0.0]])
    with pytest.raises(InputError, match="money that changes hands sums to 1"):
        split_cents([1, -1], [[1.0, 0.0]])
