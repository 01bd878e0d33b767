"""Nearest points of second-order cones against brute force and Moreau; metrics that make two points equal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from gridpact.programs.projections import cone_scalings, nearest_in_cones, norm_of_cone

Floats = NDArray[np.float64]
SEEDS = st.integers(0, 100_000)


def columns(seed: int, inside: bool = False) -> Floats:
    """Cones of one size side by side, of any length and direction, or interior points."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(int(random.integers(2, 7)), 20)) * 10.0 ** random.uniform(-3.0, 3.0, 20)
    if inside:
        points[0] = np.linalg.norm(points[1:], axis=0) * (1.0 + 10.0 ** random.uniform(-6.0, 1.0, 20))
    return points


def test_by_hand() -> None:
    """(0, 2): halfway to the ray (1, 1) r, r = 1. (5, 3, 4): on the ray. (-5, 3, 4): polar. (-1, 3, 4): r = 2."""
    assert nearest_in_cones(np.array([[0.0], [2.0]])).ravel() == pytest.approx([1.0, 1.0])
    points = np.array([[5.0, 3.0, 4.0], [-5.0, 3.0, 4.0], [-1.0, 3.0, 4.0], [7.0, 0.0, 0.0], [-7.0, 0.0, 0.0]]).T
    wanted = np.array([[5.0, 3.0, 4.0], [0.0, 0.0, 0.0], [2.0, 1.2, 1.6], [7.0, 0.0, 0.0], [0.0, 0.0, 0.0]]).T
    assert nearest_in_cones(points) == pytest.approx(wanted, abs=1e-15)


def test_a_cone_of_one_row_is_a_half_line() -> None:
    assert nearest_in_cones(np.array([[3.0, -2.0]])).ravel() == pytest.approx([3.0, 0.0])


@given(SEEDS)
def test_against_brute_force(seed: int) -> None:
    """Along the ray (r, r u) with u the point's own direction, and in the cone's inside, nothing is nearer."""
    for point in columns(seed).T:
        found = nearest_in_cones(point[:, None]).ravel()
        radius = float(np.linalg.norm(point[1:]))
        if point[0] >= radius:
            assert np.array_equal(found, point)
            continue
        ray = np.concatenate([[1.0], point[1:] / radius])
        length = 3.0 * float(np.linalg.norm(point))
        best = minimize_scalar(
            lambda r, p=point, d=ray: np.linalg.norm(r * d - p),
            bounds=(0.0, length),
            method="bounded",
            options={"xatol": 1e-9 * length},
        )
        assert np.linalg.norm(found - point) <= np.linalg.norm(best.x * ray - point) + 1e-12 * length
        assert found == pytest.approx(best.x * ray, abs=1e-5 * length)


@given(SEEDS)
def test_moreau(seed: int) -> None:
    """w = nearest(w) - nearest(-w) in a cone that is its own dual, both at right angles; what is near stays."""
    w = columns(seed)
    s, z = nearest_in_cones(w), nearest_in_cones(-w)
    size = np.abs(w).max(axis=0)
    assert np.all(np.abs(s - z - w) <= 1e-14 * size)
    assert np.all(np.abs((s * z).sum(axis=0)) <= 1e-14 * size**2)
    assert np.all(np.linalg.norm(s[1:], axis=0) <= s[0] + 1e-14 * size)
    assert np.all(np.abs(nearest_in_cones(s) - s) <= 1e-14 * size)


@given(SEEDS, SEEDS)
def test_every_point_of_the_cone_lies_behind_the_nearest_one(seed: int, other: int) -> None:
    """(w - p)'(y - p) <= 0 for all y of the cone: the condition that makes p the projection of w."""
    w, y = columns(seed), columns(other, inside=True)
    if len(w) != len(y):
        return
    p = nearest_in_cones(w)
    sizes = np.linalg.norm(w, axis=0) * (np.linalg.norm(y, axis=0) + np.linalg.norm(w, axis=0))
    assert np.all(((w - p) * (y - p)).sum(axis=0) <= 1e-13 * sizes)


def test_a_metric_by_hand() -> None:
    """s = (1, 0) and z = (4, 0): G = 2. s = (5, 3), z = (5, -3): both of length 4, w = (5, 3) / 4."""
    forth, back = cone_scalings(np.array([[1.0], [0.0]]), np.array([[4.0], [0.0]]))
    assert forth[0] == pytest.approx(2.0 * np.eye(2))
    assert back[0] == pytest.approx(0.5 * np.eye(2))
    forth, _ = cone_scalings(np.array([[5.0], [3.0]]), np.array([[5.0], [-3.0]]))
    assert forth[0] == pytest.approx(np.array([[1.25, -0.75], [-0.75, 1.25]]))
    assert forth[0] @ [5.0, 3.0] == pytest.approx([4.0, 0.0])


@settings(max_examples=200)
@given(SEEDS)
def test_a_metric_makes_both_points_equal_and_keeps_the_cone(seed: int) -> None:
    """G s = G^-1 z; and |G y|_J = (|z|_J / |s|_J)^(1/2) |y|_J for every y, so that the boundary stays the boundary."""
    random = np.random.default_rng(seed)
    s, z, y = (random.normal(size=(4, 10)) for _ in range(3))
    for points in (s, z, y):
        points[0] = np.linalg.norm(points[1:], axis=0) * (1.0 + 10.0 ** random.uniform(-3.0, 1.0, 10))
    forth, back = cone_scalings(s, z)
    moved = [np.einsum("kij,jk->ik", matrices, points) for matrices, points in ((forth, s), (back, z), (forth, y))]
    assert moved[0] == pytest.approx(moved[1], rel=1e-8, abs=1e-10)
    assert np.einsum("kij,kjl->kil", forth, back) == pytest.approx(np.broadcast_to(np.eye(4), forth.shape), abs=1e-8)
    wanted = np.sqrt(norm_of_cone(z) / norm_of_cone(s)) * norm_of_cone(y)
    assert norm_of_cone(moved[2]) == pytest.approx(wanted, rel=1e-5)
    assert np.array_equal(forth, forth.swapaxes(1, 2))
