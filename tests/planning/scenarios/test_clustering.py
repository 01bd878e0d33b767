"""Clustering without chance: against 200 k-means++ runs, scipy, brute force, and the exact optimum on a line."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.vq import kmeans2

from gridpact.errors import InputError
from gridpact.planning.scenarios.clustering import cluster
from gridpact.planning.scenarios.density import density_peaks
from gridpact.planning.scenarios.kmeans import lloyd
from gridpact.planning.scenarios.seeding import plain_kmeans


def inertia(points, labels):
    return sum(((points[labels == a] - points[labels == a].mean(axis=0)) ** 2).sum() for a in np.unique(labels))


@pytest.mark.parametrize("k", [4, 8, 12])
def test_a_year_is_clustered_as_well_as_by_200_runs_of_kmeans_plus_plus(points, k: int) -> None:
    found = cluster(points, k)
    assert found.inertia <= 1.005 * plain_kmeans(points, k, runs=200, seed=0).inertia
    assert found.inertia == pytest.approx(inertia(points, found.labels), rel=1e-12)
    assert len(np.unique(found.labels)) == k


def test_peaks_alone_are_worse(points) -> None:
    """Why peaks are no assignment and no seeds here: 8 days from the peaks cost 10 % more inertia."""
    from_peaks = lloyd(points, points[density_peaks(points).peaks(8)], np.ones(len(points)))
    assert from_peaks.inertia > 1.05 * cluster(points, 8).inertia


@pytest.mark.parametrize("k", [4, 8])
def test_scipy_finds_nothing_better(points, k: int) -> None:
    ours = cluster(points, k).inertia
    for seed in range(10):
        _, labels = kmeans2(points, k, minit="++", rng=seed, iter=50)
        assert inertia(points, labels) >= ours / 1.005


@pytest.mark.campaign
@pytest.mark.parametrize("k", [4, 8, 12, 24])
def test_2000_runs_find_nothing_better_by_half_a_percent(points, k: int) -> None:
    for part in (slice(None), slice(0, 180), slice(180, None), slice(None, None, 3)):
        chosen = np.ascontiguousarray(points[part])
        assert cluster(chosen, k).inertia <= 1.005 * plain_kmeans(chosen, k, runs=2000, seed=1).inertia


def test_equal_data_equal_days(points) -> None:
    one, two = cluster(points, 8), cluster(points.copy(), 8)
    assert np.array_equal(one.labels, two.labels) and np.array_equal(one.centres, two.centres)


def test_clusters_are_ordered_by_weight(points) -> None:
    size = np.bincount(cluster(points, 12).labels)
    assert (np.diff(size) <= 0).all() and size.sum() == 365


def test_where_the_days_stand_does_not_matter(points) -> None:
    """Shifted, shuffled: the same inertia to rounding (ties between equal swaps are not in real data)."""
    found = cluster(points, 8)
    order = np.random.default_rng(0).permutation(len(points))
    assert cluster(points[order], 8).inertia == pytest.approx(found.inertia, rel=5e-3)
    assert cluster(points + 1000.0, 8).inertia == pytest.approx(found.inertia, rel=5e-3)


def line_optimum(values, k: int) -> float:
    """Exact least inertia of k clusters on a line, by dynamic programming over sorted values (Fisher 1958)."""
    x = np.sort(values)
    one, two = np.append(0.0, x.cumsum()), np.append(0.0, (x * x).cumsum())

    @cache
    def best(end: int, parts: int) -> float:
        if parts == 1:
            return two[end] - one[end] ** 2 / end
        starts = np.arange(parts - 1, end)
        last = two[end] - two[starts] - (one[end] - one[starts]) ** 2 / (end - starts)
        return float(min(best(int(s), parts - 1) + c for s, c in zip(starts, last, strict=True)))

    return best(len(x), k)


@pytest.mark.parametrize("seed", range(10))
def test_on_a_line_the_optimum_is_known(seed: int) -> None:
    values = np.random.default_rng(seed).gamma(2.0, size=60)
    for k in (2, 5):
        assert cluster(values[:, None], k).inertia == pytest.approx(line_optimum(values, k), rel=1e-9)


def test_small_sets_by_enumeration() -> None:
    """All partitions of 8 points into 3 clusters, eight times: always the optimum."""
    for seed in range(8):
        points = np.random.default_rng(seed).normal(size=(8, 2))
        every = (np.array(labels) for labels in product(range(3), repeat=8) if labels[0] == 0 and len(set(labels)) == 3)
        least = min(inertia(points, labels) for labels in every)
        assert cluster(points, 3).inertia == pytest.approx(least, rel=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 9), st.booleans())
def test_any_points_are_partitioned(seed: int, k: int, ties: bool) -> None:
    """Points on a coarse grid have many equals; every cluster has a member, the heaviest comes first."""
    random = np.random.default_rng(seed)
    points = random.integers(0, 3, (25, 2)).astype(float) if ties else random.normal(size=(25, 2))
    different = len(np.unique(points, axis=0))
    if k > different:
        with pytest.raises(InputError, match=f"only {different} days differ"):
            cluster(points, k)
        return
    weights = random.uniform(0.5, 2.0, 25)
    found = cluster(points, k, weights=weights)
    mass = np.bincount(found.labels, weights, minlength=k)
    assert (mass > 0).all() and (np.diff(mass) <= 1e-12).all()
    if k == different:
        assert found.inertia == pytest.approx(0.0, abs=1e-12)


def test_one_cluster_and_all_clusters() -> None:
    points = np.random.default_rng(0).normal(size=(20, 4))
    assert np.allclose(cluster(points, 1).centres, points.mean(axis=0))
    assert cluster(points, 20).inertia == pytest.approx(0.0, abs=1e-20)


@pytest.mark.parametrize("k", [0, -1, 2.0, True, "4", None])
def test_no_number_of_clusters(k) -> None:
    with pytest.raises(InputError, match="number of clusters"):
        cluster(np.zeros((3, 1)), k)
