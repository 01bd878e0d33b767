"""Price steps against fine scans of the value function, by hand, and where much happens at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.follower import price_steps as module
from gridpact.programs.follower.price_steps import BEYOND, PriceSteps, price_steps
from gridpact.programs.follower.value import Value
from tests.programs.follower.posing import form_of
from tests.programs.follower.values import random_value, rise, supply

LOW, HIGH = -4.0, 6.0


def check(value: Value) -> None:
    """Pieces in order, prices that never fall, and at three points of each piece the slope of phi."""
    steps = price_steps(value, LOW, HIGH)
    level = 1.0 + float(np.abs(steps.first).max())
    assert (np.diff(steps.edges) > 0.0).all() or steps.count == 1
    assert (steps.last >= steps.first - 1e-6 * level).all()
    assert (steps.first[1:] >= steps.last[:-1] - 1e-5 * level).all()
    for k, (a, b) in enumerate(zip(steps.edges[:-1], steps.edges[1:], strict=True)):
        for z in (a + np.array([0.15, 0.5, 0.85]) * (b - a)) if b - a > 1e-5 else ():
            by = min(1e-3, 0.1 * (b - a))
            assert steps.price(k, z) == pytest.approx(rise(value, z, by), abs=1e-4 * level + 1e-7 / by)


def covers(value: Value, steps: PriceSteps) -> None:
    first, last = value.domain()
    assert steps.edges[0] <= max(LOW, first) + 1e-7
    assert steps.edges[-1] >= min(HIGH, last) - 1e-7


@run(max_examples=40)
@given(seed=st.integers(0, 10_000), squares=st.booleans(), whole=st.booleans())
def test_random_followers(seed: int, squares: bool, whole: bool) -> None:
    value = random_value(seed, squares, whole)
    check(value)
    covers(value, price_steps(value, LOW, HIGH))


@pytest.mark.campaign
@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_many_random_followers(squares: bool, whole: bool) -> None:
    for seed in range(20_000, 20_250):
        check(random_value(seed, squares, whole))


def test_blocks_by_hand() -> None:
    """Three blocks and a demand of one unit: what the leader draws comes on top of it."""
    steps = price_steps(supply([10.0, 20.0, 50.0], [2.0, 3.0, 4.0], demand=1.0), -0.5, 20.0)
    assert steps.edges[1:-1] == pytest.approx([1.0, 4.0])
    assert steps.first == pytest.approx([10.0, 20.0, 50.0])
    assert steps.edges[-1] == pytest.approx(8.0)
    assert (steps.first == steps.last).all()


def test_rising_price_with_a_jump_in_the_very_middle() -> None:
    """The unit at 1 + z is full at 5, where the next asks 50: the interval from 0 to 10 is first cut there."""
    steps = price_steps(supply([1.0, 50.0], [5.0, 5.0], [1.0, 0.0]), 0.0, 10.0)
    assert steps.edges[1:-1] == pytest.approx([5.0])
    assert steps.first == pytest.approx([1.0, 50.0], abs=1e-6)
    assert steps.last == pytest.approx([6.0, 50.0], abs=1e-6)


def test_two_rising_units_share() -> None:
    """Alone up to 2 (price 10 to 12), then both at half the rise up to 6, then the second alone."""
    steps = price_steps(supply([10.0, 12.0], [4.0, 6.0], [1.0, 1.0]), 0.0, 9.0)
    assert steps.edges[1:-1] == pytest.approx([2.0, 6.0], abs=1e-5)
    assert steps.first == pytest.approx([10.0, 12.0, 14.0], abs=1e-5)
    assert steps.last[:2] == pytest.approx([12.0, 14.0], abs=1e-5)


def test_constant_price() -> None:
    steps = price_steps(supply([10.0, 10.0], [5.0, 5.0]), 0.0, 10.0)
    assert steps.count == 1
    assert steps.first[0] == steps.last[0] == pytest.approx(10.0)


@pytest.mark.parametrize("squares", [None, [1.0, 1.0]])
def test_one_point_on_an_edge_has_both_prices(squares: list[float] | None) -> None:
    """Who must draw exactly 5 pays, if the better price counts, what the fifth unit costs and not the sixth."""
    steps = price_steps(supply([1.0, 50.0], [5.0, 5.0], squares), 5.0, 5.0)
    assert steps.count == 2
    assert steps.edges[1] == pytest.approx(5.0, abs=1e-7)
    assert steps.paid(5.0)[1] == pytest.approx(5.0 * (1.0 if squares is None else 6.0), abs=1e-3)


@pytest.mark.parametrize(("low", "high"), [(4.0, 5.0), (5.0, 7.0)])
def test_edge_at_an_end_has_both_prices(low: float, high: float) -> None:
    steps = price_steps(supply([1.0, 50.0], [5.0, 5.0]), low, high)
    assert steps.first == pytest.approx([1.0, 50.0])
    room = BEYOND * (1.0 + high - low)
    assert steps.edges == pytest.approx([low - room, 5.0, high + room])


def test_huge_price_of_a_tiny_last_reserve() -> None:
    steps = price_steps(supply([10.0, 20.0, 1e7], [5.0, 5.0, 1e-3]), 0.0, 100.0)
    assert steps.edges[1:] == pytest.approx([5.0, 10.0, 10.001])
    assert steps.first == pytest.approx([10.0, 20.0, 1e7])


def test_tiny_piece_is_found_where_it_matters() -> None:
    steps = price_steps(supply([10.0, 12.0, 14.0], [5.0, 1e-4, 5.0]), 0.0, 9.0)
    assert steps.edges[1:-1] == pytest.approx([5.0, 5.0001])
    assert steps.first == pytest.approx([10.0, 12.0, 14.0])


def test_edge_next_to_the_end_of_the_domain() -> None:
    """The follower's least z is where its first block begins: solvers cannot tell 0 from a billionth of it."""
    value = Value(form_of([40.0, 0.0], equal=[([-1.0, 1.0], 2.0)], at_most=[([1.0, 0.0], 1.0), ([-1.0, 0.0], 0.0)]), 1)
    steps = price_steps(value, LOW, HIGH)
    assert steps.edges == pytest.approx([2.0, 3.0])
    assert steps.first == pytest.approx([40.0])


def test_pieces_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PIECES", 3)
    with pytest.raises(NotConverged, match="more than 3 steps"):
        price_steps(supply([1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5), 0.0, 5.0)
    with pytest.raises(NotConverged, match="more than 3 pieces"):
        price_steps(supply([1.0, 3.0, 5.0, 7.0, 9.0], [1.0] * 5, [1.0] * 5), 0.0, 5.0)


def test_nothing_in_between_is_infeasible() -> None:
    with pytest.raises(InfeasibleError, match="from 0 to 8"):
        price_steps(supply([10.0, 50.0], [5.0, 3.0]), 9.0, 12.0)


def test_no_bound_at_all_is_refused() -> None:
    value = Value(form_of([1.0, 0.0], at_most=[([-1.0, 1.0], 0.0)]), 1)
    with pytest.raises(InfeasibleError, match="give it a limit"):
        price_steps(value, -np.inf, np.inf)


STEPS = PriceSteps(np.array([-4.0, -1.0, 2.0, 5.0]), np.array([3.0, 7.0, 9.0]), np.array([3.0, 7.0, 12.0]))


@pytest.mark.parametrize(
    ("z", "pieces"), [(-9.0, (0, 0)), (-4.0, (0, 0)), (-1.0, (0, 1)), (0.0, (1, 1)), (2.0, (1, 2)), (6.0, (2, 2))]
)
def test_pieces_at(z: float, pieces: tuple[int, int]) -> None:
    """An edge belongs to both sides; beyond the ends the first and last piece hold."""
    assert STEPS.at(z) == pieces


def test_optimistic_payment_at_edges() -> None:
    """Buying 2 at the edge costs 7 each and not 9; selling 1 at the edge earns 7 and not 3."""
    assert STEPS.paid(2.0) == (1, pytest.approx(14.0))
    assert STEPS.paid(-1.0) == (1, pytest.approx(-7.0))
    assert STEPS.paid(3.0) == (2, pytest.approx(30.0))
    assert STEPS.slope() == pytest.approx([0.0, 0.0, 1.0])
    assert STEPS.middle == pytest.approx(0.5)
