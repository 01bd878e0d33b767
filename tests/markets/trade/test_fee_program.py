"""Fees as a true cost inside a program: the same as the least-fee split, and their price by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.markets.trade.fee_program import fee_device, trading_pairs
from gridpact.markets.trade.pairs import least_fee_trades
from gridpact.markets.trade.rates import FeeRates
from gridpact.programs.affine import Variable, constant
from gridpact.programs.program import Program, box
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]
BASE = 10.0


def flat(pair: float, grid: float, n: int, steps: int = 1) -> FeeRates:
    every = np.full((n, steps), grid)
    return FeeRates(pair * np.repeat((1.0 - np.eye(n))[:, :, None], steps, axis=2), every, every)


def solved(rates: FeeRates, exchange: Floats) -> tuple[StandardForm, Solution]:
    """The cost of exchanges that are what they are, in MW."""
    variables, rows, cost = fee_device(rates, constant(exchange / BASE), BASE)
    form = compile_program(Program(cost, variables, rows))
    return form, solve(form)


def test_cost_and_price_by_hand() -> None:
    """a sells 2 to b, which lacks 1 more: 2 x 4 + 1 x 3. One more from a saves b's 3 and costs the pair 4."""
    form, found = solved(flat(4.0, 3.0, 3), np.array([[2.0], [-3.0], [0.0]]))
    assert found.cost == pytest.approx(11.0, abs=1e-6)
    price = found.z[form.rows["trade/split"]][:, 0] / BASE
    assert price[:2] == pytest.approx([1.0, -3.0], abs=1e-6)
    assert found.x[form.columns["trade_buy"]][:, 0] * BASE == pytest.approx([0.0, 1.0, 0.0], abs=1e-5)


@pytest.mark.parametrize(("fee", "moved"), [(4.0, 1.0), (6.0, 0.0)])
def test_trade_that_is_worth_five_happens_at_a_fee_below(fee: float, moved: float) -> None:
    """Up to 1 MW from a, which makes it for 10, to b, which saves 15."""
    made = Variable((1, 1))
    variables, rows, cost = fee_device(flat(fee, 9.0, 2), np.array([[1.0], [-1.0]]) @ made, BASE)
    rows |= box(made, np.zeros((1, 1)), np.full((1, 1), 1.0 / BASE), ("none", "all", ""))
    form = compile_program(Program(BASE * (10.0 - 15.0) * made + cost, {**variables, "made": made}, rows))
    assert BASE * solve(form).x[form.columns["made"]].item() == pytest.approx(moved, abs=1e-6)


def test_pairs_that_never_save_are_left_out() -> None:
    assert trading_pairs(flat(6.0, 3.0, 4))[0].size == 0
    assert "trade_pair" not in fee_device(flat(6.0, 3.0, 4), constant(np.ones((4, 1))), 1.0)[0]
    assert trading_pairs(flat(5.0, 3.0, 4))[0].size == 4 * 3
    only = flat(6.0, 3.0, 4, 2)
    only.pair[2, 1, 1] = 5.0
    seller, buyer, either = trading_pairs(only)
    assert (seller.tolist(), buyer.tolist(), either.tolist()) == ([2], [1], [False])


def test_of_pairs_that_cost_nothing_a_tree_is_left() -> None:
    seller, buyer, either = trading_pairs(flat(0.0, 3.0, 5))
    assert seller.size == 4 and either.all() and np.unique([seller, buyer]).size == 5
    rates = flat(2.0, 3.0, 4)
    rates.pair[:2, :2] = rates.pair[2:, 2:] = 0.0
    seller, _, either = trading_pairs(rates)
    assert (seller.size, either.sum()) == (2 + 8, 2)


@pytest.mark.parametrize(("pair", "grid"), [(0.0, 3.0), (0.0, 0.0), (2.0, 0.0), (2.0, 3.0), (7.0, 3.0)])
def test_the_same_as_the_split_also_where_trade_is_free(pair: float, grid: float) -> None:
    """Free pairs and free trade with the operator leave no variable that could grow without a bound."""
    rates = flat(pair, grid, 12, 3)
    exchange = np.random.default_rng(1).normal(size=(12, 3))
    form, found = solved(rates, exchange)
    trades = least_fee_trades(rates.table, exchange)
    assert found.cost == pytest.approx((rates.table * trades.table).sum(), abs=1e-6)
    most = 1.01 * np.abs(exchange).sum() / BASE
    assert np.abs(found.x).max() < most, "nothing is moved in rings"
    assert form.columns["trade_sell"].shape == (12, 3)


def test_trade_with_the_operator_that_costs_nothing_is_one_variable() -> None:
    form, found = solved(flat(2.0, 0.0, 2), np.array([[2.0], [-3.0]]))
    assert found.x[form.columns["trade_sell"]][:, 0] * BASE == pytest.approx([2.0, -3.0], abs=1e-6)
    assert (form.rows["trade/no_buy"] >= 0).all() and "trade/sell" not in form.rows


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_the_same_as_the_split_by_distance(seed: int) -> None:
    """Ways in a plane, which no detour shortens, with the operator at a place of its own."""
    random = np.random.default_rng(seed)
    place = random.uniform(0.0, 5.0, (7, 2))
    km = np.linalg.norm(place[:, None] - place, axis=2)
    fixed, grid = random.choice([0.0, 1.0], 2)
    pair = np.repeat(((fixed + km[:6, :6]) * (1.0 - np.eye(6)))[:, :, None], 2, axis=2)
    operator = np.repeat(grid + km[:6, 6:], 2, axis=1)
    rates, exchange = FeeRates(pair, operator, operator), random.normal(size=(6, 2))
    trades = least_fee_trades(rates.table, exchange)
    _, found = solved(rates, exchange)
    assert found.cost == pytest.approx((rates.table * trades.table).sum(), rel=1e-6)


def test_fees_below_zero_are_no_cost() -> None:
    with pytest.raises(InputError, match="below zero"):
        fee_device(flat(-1.0, 3.0, 2), constant(np.ones((2, 1))), 1.0)
