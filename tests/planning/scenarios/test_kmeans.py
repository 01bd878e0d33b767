"""Lloyd and exchange: laws, hand calculations, brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.planning.scenarios.kmeans import exchange, lloyd, means, partition, polished
from gridpact.planning.scenarios.seeding import crowded_farthest, plain_kmeans, plus_plus


def inertia_by_definition(points, labels, weights):
    total = 0.0
    for a in np.unique(labels):
        members, w = points[labels == a], weights[labels == a]
        total += (w * ((members - np.average(members, axis=0, weights=w)) ** 2).sum(axis=1)).sum()
    return total


def instance(seed, n=30, d=3):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)), random.uniform(0.2, 3.0, n)


def test_by_hand() -> None:
    """0, 1, 10 and 12 with weights 1, 3, 1, 1: means 0.75 and 11, inertia 0.75 + 2."""
    points, weights = np.array([[0.0], [1.0], [10.0], [12.0]]), np.array([1.0, 3.0, 1.0, 1.0])
    found = lloyd(points, points[[0, 1]], weights)
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.centres.ravel().tolist() == [0.75, 11.0]
    assert found.inertia == pytest.approx(2.75)


def test_exchange_goes_on_where_lloyd_stands_still() -> None:
    """0, 4 | 7: the 4 is nearer to 2 than to 7.1, and yet moving it saves 2/1 * 4 and costs 1/2 * 9."""
    points, ones = np.array([[0.0], [4.0], [7.0]]), np.array([1.0, 1.0, 1.0])
    start = partition(points, np.array([0, 0, 1]), ones, 2)
    assert start.inertia == 8.0
    stuck = lloyd(points, np.array([[2.0], [7.1]]), ones)
    assert stuck.labels.tolist() == [0, 0, 1]
    assert exchange(points, stuck, ones).labels.tolist() == [0, 1, 1]
    assert exchange(points, stuck, ones).inertia == 4.5


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_each_step_lowers_the_inertia_and_the_end_is_optimal_for_single_moves(seed: int, k: int) -> None:
    points, weights = instance(seed)
    centres = points[plus_plus(points, weights, k, np.random.default_rng(seed))]
    first = lloyd(points, centres, weights)
    last = exchange(points, first, weights)
    assert last.inertia <= first.inertia * (1 + 1e-12)
    assert last.inertia == pytest.approx(inertia_by_definition(points, last.labels, weights), rel=1e-12)
    assert len(np.unique(last.labels)) == k
    for i in range(0, 30, 7):
        for b in range(k):
            moved = last.labels.copy()
            moved[i] = b
            if len(np.unique(moved)) == k:
                assert inertia_by_definition(points, moved, weights) >= last.inertia * (1 - 1e-9)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_weights_are_repetitions(seed: int, k: int) -> None:
    """A point of weight 3 is three equal points: one partition, the same inertia by both."""
    points, _ = instance(seed, n=12)
    counts = np.random.default_rng(seed).integers(1, 4, 12)
    found = polished(points, points[:k], counts.astype(float))
    rows = np.repeat(np.arange(12), counts)
    again = partition(points[rows], found.labels[rows], np.ones(rows.size), k)
    assert again.inertia == pytest.approx(found.inertia, rel=1e-12, abs=1e-12)
    assert np.allclose(again.centres, found.centres)


def test_no_cluster_stays_empty() -> None:
    """Centres that no point is near to, and many equal points."""
    points = np.repeat(np.arange(4.0), [5, 1, 1, 1])[:, None]
    for centres in ([0.0, 50.0, 60.0, 70.0], [0.0, 0.0, 0.0, 0.0]):
        found = lloyd(points, np.array(centres)[:, None], np.ones(8))
        assert sorted(np.bincount(found.labels).tolist()) == [1, 1, 1, 5] and found.inertia == 0.0


def test_farthest_points_start_at_the_densest_and_differ() -> None:
    points, weights = instance(5, n=60)
    rho = np.random.default_rng(0).uniform(1.0, 9.0, 60)
    seeds = crowded_farthest(points, weights, rho, 10)
    assert seeds[0] == rho.argmax() and len(set(seeds.tolist())) == 10
    nearest = ((points[:, None] - points[seeds[:9]]) ** 2).sum(axis=2).min(axis=1)
    assert seeds[9] == (weights * np.sqrt(rho) * nearest).argmax()


def test_plain_kmeans_depends_on_its_seed_only(points) -> None:
    one, two, other = (plain_kmeans(points, 8, runs=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.labels, two.labels) and one.inertia == two.inertia
    assert one.inertia != other.inertia


def test_draws_follow_the_squared_distance() -> None:
    """From 0, 1 and 3 the second seed after 0 is 3 with probability 9/10; 2000 draws, five standard deviations."""
    points, random = np.array([[0.0], [1.0], [3.0]]), np.random.default_rng(0)
    pairs = [plus_plus(points, np.ones(3), 2, random) for _ in range(6000)]
    second = [b for a, b in pairs if a == 0]
    share = np.mean([b == 2 for b in second])
    assert share == pytest.approx(0.9, abs=5 * np.sqrt(0.09 / len(second)))


def test_equal_points_can_be_drawn() -> None:
    assert len(plus_plus(np.zeros((3, 1)), np.ones(3), 3, np.random.default_rng(0))) == 3


def test_means_of_weighted_clusters() -> None:
    found = means(np.array([[0.0], [4.0], [9.0]]), np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0]), 2)
    assert found.ravel().tolist() == [3.0, 9.0]
