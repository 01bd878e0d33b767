"""The least-fee split: by hand, against every possible split, and what must hold whatever the fees."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gridpact.markets.trade.pairs import Trades, least_fee_trades

Floats = NDArray[np.float64]
GRID = 3.0


def table(pair: Floats | float, grid: Floats | float, n: int) -> Floats:
    """Numbers between n microgrids, and of each with the operator."""
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n] = np.where(np.eye(n) > 0.0, 0.0, pair)
    whole[:n, n] = whole[n, :n] = grid
    return whole


def split(fee: Floats, exchange: list[float], km: Floats | None = None) -> Trades:
    """One hour."""
    return least_fee_trades(fee[:, :, None], np.array(exchange)[:, None], km)


def named(trades: Trades) -> dict[tuple[int, int], float]:
    pairs = zip(trades.seller.tolist(), trades.buyer.tolist(), strict=True)
    return {pair: pytest.approx(p) for pair, p in zip(pairs, trades.p_mw.tolist(), strict=True)}


def test_three_microgrids_by_hand() -> None:
    """A sells 2 for 4 a pair instead of 3 + 3 by the operator; that 1.5 + 1 are bought leaves 0.5 for it."""
    km = table(np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 6.0], [5.0, 6.0, 0.0]]), 2.0, 3)
    assert named(split(table(4.0, GRID, 3), [2.0, -1.5, -1.0], km)) == {(0, 1): 1.5, (0, 2): 0.5, (3, 2): 0.5}
    # C pays less to the operator than B does, so that it is the one that buys there.
    dear = table(4.0, np.array([3.0, 4.0, 2.0]), 3)
    trades = split(dear, [2.0, -1.5, -1.0])
    assert named(trades) == {(0, 1): 1.5, (0, 2): 0.5, (3, 2): 0.5}
    assert (dear[:, :, None] * trades.table).sum() == pytest.approx(2.0 * 4.0 + 0.5 * 2.0)


def test_a_pair_fee_above_both_grid_fees_leaves_no_market() -> None:
    assert named(split(table(6.1, GRID, 3), [2.0, -1.5, -1.0])) == {(0, 3): 2.0, (3, 1): 1.5, (3, 2): 1.0}


def test_only_the_pair_that_saves_trades() -> None:
    fee = table(np.array([[0.0, 5.0, 7.0], [5.0, 0.0, 1.0], [7.0, 1.0, 0.0]]), GRID, 3)
    assert named(split(fee, [1.0, -0.4, -1.0])) == {(0, 1): 0.4, (0, 3): 0.6, (3, 2): 1.0}


def test_who_cannot_trade_with_each_other_goes_by_the_operator() -> None:
    """A sells 1; B, which it is joined with, buys 0.4 and C, which it is not, 0.6."""
    fee = table(np.array([[0.0, 4.0, np.inf], [4.0, 0.0, np.inf], [np.inf, np.inf, 0.0]]), GRID, 3)
    assert named(split(fee, [1.0, -0.4, -0.6])) == {(0, 1): 0.4, (0, 3): 0.6, (3, 2): 0.6}
    assert named(split(fee, [1.0, 0.0, -0.6])) == {(0, 3): 1.0, (3, 2): 0.6}


def test_at_equal_fees_the_shortest_ways() -> None:
    """Sellers at 0 and 10 km, buyers at 1 and 9 km of a line, the operator 100 km away."""
    place = np.array([0.0, 10.0, 1.0, 9.0])
    km = table(np.abs(place[:, None] - place), 100.0, 4)
    for fee in (0.0, 2.0):
        assert named(split(table(fee, GRID, 4), [1.0, 1.0, -1.0, -1.0], km)) == {(0, 2): 1.0, (1, 3): 1.0}
    # Where the split is free of any fee, short ways to the operator beat a long one between two.
    near = table(np.abs(place[:, None] - place), 0.25, 4)
    free = np.zeros((5, 5))
    assert named(split(free, [1.0, 0.0, 0.0, -1.0], near)) == {(0, 4): 1.0, (4, 3): 1.0}
    assert named(split(free, [1.0, 0.0, 0.0, -1.0], km)) == {(0, 3): 1.0}


def test_at_equal_fees_and_ways_trade_goes_past_the_operator() -> None:
    """A feeder with the operator in its middle: the ways by it are as long as the straight ones."""
    assert named(split(np.zeros((3, 3)), [1.0, -0.7], table(2.0, 1.0, 2))) == {(0, 1): 0.7, (0, 2): pytest.approx(0.3)}
    assert named(split(table(6.0, GRID, 2), [1.0, -0.7])) == {(0, 1): 0.7, (0, 2): pytest.approx(0.3)}


def test_fees_decide_before_ways_however_little_they_differ() -> None:
    fee = table(np.array([[0.0, 1.0, 1.00001], [1.0, 0.0, 1.0], [1.00001, 1.0, 0.0]]), GRID, 3)
    km = table(np.array([[0.0, 9e4, 1.0], [9e4, 0.0, 1.0], [1.0, 1.0, 0.0]]), 1.0, 3)
    assert named(split(fee, [1.0, -1.0, -1.0], km)) == {(0, 1): 1.0, (3, 2): 1.0}


def test_where_no_way_leads_is_farther_than_by_the_operator() -> None:
    km = table(np.array([[0.0, np.inf], [np.inf, 0.0]]), 40.0, 2)
    assert named(split(np.zeros((3, 3)), [1.0, -1.0], km)) == {(0, 2): 1.0, (2, 1): 1.0}


def test_paid_for_trading_everybody_trades_no_more_than_it_has() -> None:
    fee = table(-5.0, GRID, 3)
    trades = split(fee, [1.0, 0.5, -3.0])
    assert named(trades) == {(0, 2): 1.0, (1, 2): 0.5, (3, 2): 1.5}
    assert (fee[:, :, None] * trades.table).sum() == pytest.approx(-1.5 * 5.0 + 1.5 * 3.0)


@pytest.mark.parametrize("exchange", [[1.0, 2.0, 0.0], [-1.0, -2.0, 0.0], [0.0, 0.0, 0.0]])
def test_without_buyers_or_sellers_the_operator_takes_all(exchange: list[float]) -> None:
    trades = split(np.zeros((4, 4)), exchange)
    assert trades.sell[:, 0].tolist() == np.maximum(exchange, 0.0).tolist()
    assert trades.buy[:, 0].tolist() == np.maximum(np.negative(exchange), 0.0).tolist()
    assert not trades.pair.any() and trades.p_mw.size == np.count_nonzero(exchange)


def test_one_microgrid_and_none() -> None:
    trades = least_fee_trades(np.ones((2, 2, 3)), np.array([[1.0, -2.0, 0.0]]))
    assert (trades.seller.tolist(), trades.buyer.tolist(), trades.step.tolist()) == ([0, 1], [1, 0], [0, 1])
    assert trades.p_mw.tolist() == [1.0, 2.0]
    assert least_fee_trades(np.zeros((1, 1, 2)), np.zeros((0, 2))).p_mw.size == 0


def test_hours_are_apart_and_in_order() -> None:
    fees = np.stack([table(1.0, GRID, 2), table(9.0, GRID, 2), table(1.0, GRID, 2)], axis=2)
    trades = least_fee_trades(fees, np.array([[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]))
    found = list(zip(trades.step.tolist(), trades.seller.tolist(), trades.buyer.tolist(), strict=True))
    assert found == [(0, 0, 1), (1, 0, 2), (1, 2, 1), (2, 1, 0)]


def every_split(exchange: list[int]) -> list[Floats]:
    """All splits in whole MW: what each seller gives to each buyer, and the rest with the operator."""
    n = len(exchange)
    sellers, buyers = ([k for k in range(n) if sign * exchange[k] > 0] for sign in (1, -1))
    pairs = list(itertools.product(sellers, buyers))
    most = [range(min(exchange[i], -exchange[j]) + 1) for i, j in pairs]
    found = []
    for amounts in itertools.product(*most):
        moved = np.zeros((n + 1, n + 1))
        for (i, j), amount in zip(pairs, amounts, strict=True):
            moved[i, j] = amount
        moved[:n, n] = np.maximum(exchange, 0) - moved[:n].sum(axis=1)
        moved[n, :n] = -np.minimum(exchange, 0) - moved[:n, :n].sum(axis=0)
        if moved.min() >= 0.0:
            found.append(moved)
    return found


WHOLE = st.lists(st.integers(-3, 3), min_size=1, max_size=4)


@given(exchange=WHOLE, seed=st.integers(0, 10**6), low=st.sampled_from([-2, 0]), high=st.sampled_from([0, 2, 9]))
def test_no_other_split_pays_less_or_goes_shorter(exchange: list[int], seed: int, low: int, high: int) -> None:
    """Vertices of a transport problem with whole numbers are whole: all of them are among the splits tried.

    Small whole fees and ways make many ties; whole metres are what ways are counted in.
    """
    random, n = np.random.default_rng(seed), len(exchange)
    fee = table(random.integers(low, high + 1, (n, n)), random.integers(low, high + 1, n), n).astype(np.float64)
    metres = table(random.integers(0, 4, (n, n)), random.integers(0, 4, n), n)
    best = min((float((fee * x).sum()), float((metres * x).sum())) for x in every_split(exchange))
    found = split(fee, [float(e) for e in exchange], metres / 1000.0).table[:, :, 0]
    assert ((fee * found).sum(), (metres * found).sum()) == pytest.approx(best, abs=1e-9)


EXCHANGES = arrays(np.float64, (5, 2), elements=st.floats(-3.0, 3.0, width=32))
FEES = arrays(np.float64, (6, 6, 2), elements=st.floats(-10.0, 50.0, width=32))


@given(exchange=EXCHANGES, fees=FEES)
def test_everybody_trades_its_exchange_and_on_one_side_only(exchange: Floats, fees: Floats) -> None:
    fees[5, 5] = 0.0
    trades = least_fee_trades(fees, exchange)
    sold, bought = trades.table.sum(axis=1)[:5], trades.table.sum(axis=0)[:5]
    most = np.abs(exchange).max(initial=0.0)
    assert sold == pytest.approx(np.maximum(exchange, 0.0), abs=1e-9 * most)
    assert bought == pytest.approx(np.maximum(-exchange, 0.0), abs=1e-9 * most)
    assert not (np.minimum(sold, bought) > 0.0).any() and (trades.p_mw > 0.0).all()
    assert (np.bincount(trades.step, minlength=2) <= np.count_nonzero(exchange, axis=0)).all(), "more than a vertex has"


@given(exchange=EXCHANGES, seed=st.integers(0, 10**6))
def test_never_dearer_than_with_the_operator_alone(exchange: Floats, seed: int) -> None:
    fees = np.random.default_rng(seed).uniform(0.0, 5.0, (6, 6, 2))
    fees[5, 5] = 0.0
    alone = fees[:5, 5] * np.maximum(exchange, 0.0) + fees[5, :5] * np.maximum(-exchange, 0.0)
    assert (fees * least_fee_trades(fees, exchange).table).sum() <= alone.sum() + 1e-9


def radial(random: np.random.Generator, n: int) -> Floats:
    """Distances in a random tree whose root, the operator, is last."""
    km = np.zeros((n + 1, n + 1))
    for k in range(1, n + 1):
        km[k, :k] = km[:k, k] = km[random.integers(0, k), :k] + random.uniform(0.1, 1.0)
    return km[::-1, ::-1]


def large(kind: str, n: int = 100, steps: int = 24) -> tuple[Floats, Floats, Floats]:
    """Fees, exchanges and kilometres of a big market."""
    random = np.random.default_rng(5)
    km, zone = radial(random, n), random.integers(0, 4, n)
    between = random.uniform(0.5, 2.0, (4, 4))
    fee = {
        "free": np.zeros((n + 1, n + 1)),
        "flat": table(1.0, GRID, n),
        "zone": table((between + between.T)[np.ix_(zone, zone)], GRID, n),
        "distance": table(1.0, GRID, n) + km,
    }[kind]
    return np.repeat(fee[:, :, None], steps, axis=2), random.normal(size=(n, steps)), km


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["free", "flat", "zone", "distance"])
def test_a_day_of_a_hundred_microgrids_is_split_at_once(kind: str) -> None:
    fees, exchange, km = large(kind)
    least_fee_trades(fees, exchange, km)
    start = time.process_time()
    trades = least_fee_trades(fees, exchange, km)
    assert time.process_time() - start < 1.0
    assert trades.table.sum(axis=1)[:-1] == pytest.approx(np.maximum(exchange, 0.0), abs=1e-8)
