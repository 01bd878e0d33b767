"""Where K-means begins: by density without chance, or by k-means++ with a seed for comparison.

    first the densest point; then, again and again, the i of largest  w_i |x_i - nearest seed|^2 sqrt(rho_i)

Farthest points alone are outliers, densest points alone are neighbours; the product is neither. K-means++ draws the
next seed with a probability in proportion to w_i |x_i - nearest seed|^2 instead: D. Arthur, S. Vassilvitskii,
"k-means++: the advantages of careful seeding", SODA 2007.
"""

from __future__ import annotations

import numpy as np

from gridpact.planning.scenarios.days import Floats, Ints
from gridpact.planning.scenarios.distances import squared_distances
from gridpact.planning.scenarios.kmeans import Partition, lloyd


def crowded_farthest(points: Floats, weights: Floats, rho: Floats, k: int) -> Ints:
    """Numbers of k points, each dense and far from those before; no chance in it."""
    seeds, pull = [int(rho.argmax())], weights * np.sqrt(rho)
    apart = squared_distances(points, points[seeds])[:, 0]
    for _ in range(k - 1):
        seeds.append(int((pull * apart).argmax()))
        apart = np.minimum(apart, squared_distances(points, points[seeds[-1:]])[:, 0])
    return np.array(seeds, dtype=np.int64)


def plus_plus(points: Floats, weights: Floats, k: int, random: np.random.Generator) -> Ints:
    """Numbers of k points as k-means++ draws them."""
    seeds = [int(random.choice(len(points), p=weights / weights.sum()))]
    apart = squared_distances(points, points[seeds])[:, 0]
    for _ in range(k - 1):
        apart[seeds] = 0.0
        pull = weights * apart if apart.any() else weights
        seeds.append(int(random.choice(len(points), p=pull / pull.sum())))
        apart = np.minimum(apart, squared_distances(points, points[seeds[-1:]])[:, 0])
    return np.array(seeds, dtype=np.int64)


def plain_kmeans(points: Floats, k: int, *, runs: int = 200, seed: int = 0, weights: Floats | None = None) -> Partition:
    """The best of ``runs`` runs of K-means from k-means++ seeds: what others offer, for comparison."""
    mass = np.ones(len(points)) if weights is None else weights
    random = np.random.default_rng(seed)
    tries = (lloyd(points, points[plus_plus(points, mass, k, random)], mass) for _ in range(runs))
    return min(tries, key=lambda found: found.inertia)
