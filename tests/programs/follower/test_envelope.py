"""The envelope lies below the payment, is convex, and touches it where it should."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.follower.envelope import envelope
from gridpact.programs.follower.price_steps import PriceSteps
from tests.programs.follower.values import random_steps

BLOCKS = PriceSteps(np.array([0.0, 4.0, 6.0, 10.0]), np.array([10.0, 30.0, 32.0]), np.array([10.0, 30.0, 32.0]))


def test_blocks_by_hand() -> None:
    """Payments end at 40, 180 and 320: the hull has the corners (0, 0), (4, 40), (10, 320); (6, 180) lies above."""
    found = envelope(BLOCKS, 0, 2)
    assert (found.low, found.high) == (0.0, 10.0)
    assert found.slopes == pytest.approx([10.0, 280.0 / 6.0])
    assert found.at(4.0) == pytest.approx(40.0)
    assert found.at(6.0) == pytest.approx(40.0 + 2.0 * 280.0 / 6.0)
    assert found.at(10.0) == pytest.approx(320.0)


def test_export_by_hand() -> None:
    """Selling at 3 down to -4, at 7 from -1: at -1 the seller earns 7, on the way to -4 the hull is the line."""
    steps = PriceSteps(np.array([-4.0, -1.0, 0.0]), np.array([3.0, 7.0]), np.array([3.0, 7.0]))
    found = envelope(steps, 0, 1)
    assert found.at(-4.0) == pytest.approx(-12.0)
    assert found.at(-1.0) == pytest.approx(-7.0)
    assert found.at(-2.5) == pytest.approx(-9.5)
    assert found.at(0.0) == pytest.approx(0.0)


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_below_the_payment_and_convex(seed: int, rising: bool) -> None:
    steps = random_steps(seed, count=1 + seed % 6, rising=rising)
    for first in range(steps.count):
        for last in range(first, steps.count):
            found = envelope(steps, first, last)
            grid = np.linspace(found.low, found.high, 60)
            values = np.array([found.at(z) for z in grid])
            paid = np.array(
                [min(steps.price(k, z) * z for k in range(first, last + 1) if _holds(steps, k, z)) for z in grid]
            )
            scale = 1.0 + np.abs(paid).max()
            assert (values <= paid + 1e-9 * scale).all()
            assert (np.diff(values, 2) >= -1e-9 * scale).all()
            # The ends of the range, and with them at least two points, are touched.
            assert values[[0, -1]] == pytest.approx(paid[[0, -1]], abs=1e-9 * scale)


@pytest.mark.parametrize("seed", range(20))
def test_steps_have_the_best_hull(seed: int) -> None:
    """On steps no line above the hull stays below the payment: every corner is a payment at an edge."""
    steps = random_steps(seed, count=5, rising=False)
    found = envelope(steps, 0, 4)
    corners = (found.offsets[:-1] - found.offsets[1:]) / (found.slopes[1:] - found.slopes[:-1])
    assert np.abs(corners[:, None] - steps.edges[None]).min(axis=1) == pytest.approx(0.0, abs=1e-7)
    for z in corners:
        assert found.at(z) == pytest.approx(steps.paid(z)[1])


@pytest.mark.parametrize("seed", range(10))
def test_single_pieces_are_exact(seed: int) -> None:
    steps = random_steps(seed, count=3, rising=True)
    for k in range(3):
        found = envelope(steps, k, k)
        for z in np.linspace(steps.edges[k], steps.edges[k + 1], 7):
            assert found.at(z) == pytest.approx(steps.price(k, z) * z)


def _holds(steps: PriceSteps, k: int, z: float) -> bool:
    return bool(steps.edges[k] - 1e-12 <= z <= steps.edges[k + 1] + 1e-12)
