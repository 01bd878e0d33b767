"""phi(z), its slope and its domain, against hand calculation, another solver and differences."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.value import Value
from tests.programs.follower.posing import form_of
from tests.programs.follower.values import phi, random_value, rise, supply

BLOCKS = supply([10.0, 50.0], [5.0, 3.0])


def test_two_blocks_by_hand() -> None:
    """Five at 10, then three at 50: six units cost 50 + 50, and one more would cost 50."""
    point = BLOCKS.at(6.0)
    assert point.value == pytest.approx(100.0)
    assert point.slope == pytest.approx(50.0)
    assert point.x == pytest.approx([5.0, 1.0, 6.0])
    assert np.asarray(BLOCKS.form.A @ point.x + point.s) == pytest.approx(BLOCKS.form.b)


def test_square_by_hand() -> None:
    """10 g + g^2: the third unit costs 30 + 9, its price is 10 + 2 x 3."""
    point = supply([10.0], [5.0], [2.0]).at(3.0)
    assert point.value == pytest.approx(39.0, abs=1e-6)
    assert point.slope == pytest.approx(16.0, abs=1e-6)
    assert point.x == pytest.approx([3.0, 3.0], abs=1e-6)


def test_domain_ends_where_supply_does() -> None:
    assert BLOCKS.domain() == pytest.approx((0.0, 8.0))
    assert supply([10.0], [5.0], demand=2.0).domain() == pytest.approx((-2.0, 3.0))


def test_domain_without_bound() -> None:
    """Power may flow back without limit: minimise y with y >= z."""
    value = Value(form_of([1.0, 0.0], at_most=[([-1.0, 1.0], 0.0)]), 1)
    assert value.domain() == (-np.inf, np.inf)


@pytest.mark.parametrize("squares", [None, [1.0, 1.0]])
def test_beyond_the_domain_there_is_no_answer(squares: list[float] | None) -> None:
    value = supply([10.0, 50.0], [5.0, 3.0], squares)
    for z in (-0.5, 8.5):
        with pytest.raises(InfeasibleError):
            value.at(z)
    assert value.at(4.0).slope == pytest.approx(10.0 if squares is None else 14.0, abs=1e-6)


def test_cost_without_bound_is_told() -> None:
    value = Value(form_of([-1.0, 0.0], at_most=[([-1.0, 1.0], 0.0)]), 1)
    with pytest.raises(InfeasibleError) as raised:
        value.at(1.0)
    assert raised.value.unbounded


def test_follower_without_any_point() -> None:
    value = Value(form_of([1.0, 0.0], at_most=[([1.0, 0.0], -1.0), ([-1.0, 0.0], 0.0)]), 1)
    with pytest.raises(InfeasibleError, match="whatever the leader does"):
        value.domain()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("whole", [False, True])
def test_linear_values_equal_another_solver(seed: int, whole: bool) -> None:
    value = random_value(seed, squares=False, whole=whole)
    low, high = value.domain()
    for z in np.linspace(max(low, -9.0), min(high, 9.0), 7)[1:-1]:
        expected = phi(value.form, value.linking, z)
        assert value.at(z).value == pytest.approx(expected, abs=1e-6 * (1.0 + abs(expected)))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("squares", [False, True])
def test_slopes_support_the_value(seed: int, squares: bool) -> None:
    """A tangent lies below phi everywhere, and equals its differences where there is no edge nearby."""
    value = random_value(seed, squares, whole=False)
    low, high = value.domain()
    grid = np.linspace(low, high, 9)[1:-1]
    points = [value.at(z) for z in grid]
    for one in points:
        for other in points:
            assert other.value >= one.value + one.slope * (other.z - one.z) - 1e-5 * (1.0 + abs(other.value))
    smooth = [z for z in grid if abs(rise(value, z, 1e-4) - rise(value, z, 2e-4)) < 1e-6]
    for z in smooth:
        assert value.at(z).slope == pytest.approx(rise(value, z, 1e-4), abs=1e-3)
