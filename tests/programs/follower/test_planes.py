"""Planes left behind by relaxations are below the leader's cost wherever it can go."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.follower.envelope import Envelope, envelope
from gridpact.programs.follower.planes import Plane, least_on_planes, plane_of
from gridpact.programs.follower.relaxation import Priced, Relaxation
from tests.programs.follower.values import Floats, cheapest, cost_at, random_leader

CASES = [(seed, squares) for seed in range(5) for squares in (False, True)]


def parts_of(priced: Priced, first: np.ndarray, last: np.ndarray) -> list[Envelope]:
    return [envelope(steps, int(a), int(b)) for steps, a, b in zip(priced.steps, first, last, strict=True)]


def planes_of(priced: Priced, seed: int) -> list[Plane]:
    """From the whole range and from random parts of it."""
    random, relaxation, planes = np.random.default_rng(seed), Relaxation(priced), []
    counts = np.array([steps.count for steps in priced.steps])
    for turn in range(4):
        first = np.zeros_like(counts) if turn == 0 else random.integers(0, counts)
        last = counts - 1 if turn == 0 else random.integers(first, counts)
        solved = relaxation.solve(parts_of(priced, first, last), np.array([s.middle for s in priced.steps]))
        planes += [] if solved is None else [plane_of(priced, solved)]
    return planes


def points(priced: Priced, seed: int) -> list[Floats]:
    random = np.random.default_rng(seed)
    low, high = (np.array([steps.edges[k] for steps in priced.steps]) for k in (0, -1))
    return [random.uniform(low, high) for _ in range(20)]


@pytest.mark.parametrize(("seed", "squares"), CASES)
def test_below_the_cost_at_any_point(seed: int, squares: bool) -> None:
    priced = random_leader(seed, hours=2, squares=squares)
    known = [(z, cost_at(priced, z, payments=False)) for z in points(priced, seed)]
    open_points = [(z, cost) for z, cost in known if np.isfinite(cost)]
    assert open_points
    for plane in planes_of(priced, seed):
        for z, cost in open_points:
            assert plane.value - plane.push @ (z - plane.z) <= cost + 1e-5 * (1.0 + abs(cost))


@pytest.mark.parametrize(("seed", "squares"), CASES)
def test_least_on_every_step(seed: int, squares: bool) -> None:
    """``least`` is the minimum of payment - push (z - z*) over each step: a scan finds the same."""
    priced = random_leader(seed, hours=2, squares=squares)
    for plane in planes_of(priced, seed):
        for k, steps in enumerate(priced.steps):
            for piece in range(steps.count):
                grid = np.linspace(steps.edges[piece], steps.edges[piece + 1], 401)
                paid = np.array([steps.price(piece, z) * z for z in grid])
                tried = priced.weights[k] * paid - plane.push[k] * (grid - plane.z[k])
                assert plane.least[k, piece] <= tried.min() + 1e-9 * (1.0 + np.abs(tried).max())
                assert plane.least[k, piece] == pytest.approx(tried.min(), abs=1e-3 * (1.0 + np.abs(tried).max()))
        assert np.isinf(plane.least).sum() == 2 * plane.least.shape[1] - sum(s.count for s in priced.steps)


@pytest.mark.parametrize(("seed", "squares"), CASES)
def test_bounds_by_planes(seed: int, squares: bool) -> None:
    """One by one and all together they bound the optimum; together they know more than the best of them."""
    priced = random_leader(seed, hours=2, squares=squares)
    planes = planes_of(priced, seed)
    counts = np.array([steps.count for steps in priced.steps])
    first, last = np.zeros_like(counts), counts - 1
    best = cheapest(priced)
    singly = max(plane.bound(first, last) for plane in planes)
    together = least_on_planes(priced, planes, parts_of(priced, first, last))
    assert singly <= best + 1e-6 * (1.0 + abs(best))
    assert together <= best + 1e-6 * (1.0 + abs(best))
    solved = Relaxation(priced).solve(parts_of(priced, first, last), np.zeros(2))
    assert solved is not None
    assert together == pytest.approx(solved.bound, rel=1e-5, abs=1e-5)
