"""K-means without chance: seeds by density, then swaps of a centre until none helps.

    drop centre r, put it at point j:   cost(r, j) = sum_i w_i min(|x_i - x_j|^2, distance to the nearest centre but r)

is known for all r and j from two matrix products. For every r and every cluster, the best j in it makes one
candidate; the cheapest ones are polished in full (Lloyd, exchange), and the first that lowers the inertia is taken.
Usually that drops the centre that is missed least and reseeds it in the costliest cluster. Cost as in E. Schubert,
P. Rousseeuw, "Faster k-medoids clustering", SISAP 2019; swaps as in P. Franti, J. Kivijarvi, "Randomised local search
algorithm for the clustering problem", Pattern Analysis & Applications 3, 358-369, 2000, without the random numbers.
"""

from __future__ import annotations

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.days import Floats, Ints
from gridpact.planning.scenarios.density import cut_off, density
from gridpact.planning.scenarios.distances import squared_distances
from gridpact.planning.scenarios.kmeans import Partition, means, polished
from gridpact.planning.scenarios.seeding import crowded_farthest

EFFORT = 24
MOST_CANDIDATES = 512  # points where a centre may be put
MANY = 1000
BETTER = 1.0 - 1e-9


def cluster(points: Floats, k: int, *, weights: Floats | None = None, effort: int = EFFORT) -> Partition:
    """Partition (n, d) points into k clusters of little inertia; equal points, equal partition.

    ``weights`` (n,) positive, 1 where left out. ``effort``: how many swaps may fail one after the other before it
    stops. Clusters are ordered by falling weight, equal ones by their first point. Raises ``InputError`` where fewer
    than k points differ.
    """
    mass = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=np.float64)
    _require_possible(points, k)
    centred = points - means(points, np.zeros(len(points), dtype=np.int64), mass, 1)
    rho = density(centred, mass, cut_off(centred))
    return _ordered(points, _searched(centred, mass, rho, k, effort), mass)


def _searched(points: Floats, weights: Floats, rho: Floats, k: int, effort: int) -> Partition:
    """Seeds, and swaps until none helps; where there are many points, beginning with the centres of some of them."""
    some = _spread(rho, MANY)
    if some.size < len(points) and len(np.unique(points[some], axis=0)) >= k:
        centres = _searched(points[some], weights[some], rho[some], k, effort).centres
    else:
        centres = points[crowded_farthest(points, weights, rho, k)]
    found, candidates = polished(points, centres, weights), points[_spread(rho, MOST_CANDIDATES)]
    while (better := _improved(points, found, weights, candidates, effort)) is not None:
        found = better
    return found


def _require_possible(points: Floats, k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(
            [Issue("this is no number of clusters", "Give a whole number from 1.", column="k", value=str(k))]
        )
    different = len(np.unique(points, axis=0)) if k > 1 else len(points)
    if k > different:
        fix = f"Choose k from 1 to {different}."
        raise InputError([Issue(f"only {different} days differ from each other", fix, column="k", value=str(k))])


def _spread(rho: Floats, most: int) -> Ints:
    """All points, or where there are more than ``most``, as many evenly from the densest to the loneliest."""
    ranked = np.argsort(-rho, kind="stable")
    return ranked[np.unique(np.linspace(0, rho.size - 1, min(rho.size, most)).astype(np.int64))]


def _improved(points: Floats, found: Partition, weights: Floats, candidates: Floats, effort: int) -> Partition | None:
    """The first of the most promising swaps that lowers the inertia; None where none of them does."""
    for dropped, placed in _promising(points, found, weights, candidates)[:effort]:
        centres = found.centres.copy()
        centres[dropped] = candidates[placed]
        other = polished(points, centres, weights)
        if other.inertia < BETTER * found.inertia:
            return other
    return None


def _promising(points: Floats, found: Partition, weights: Floats, candidates: Floats) -> Ints:
    """Swaps (centre dropped, candidate placed), the cheapest first; one per centre and cluster of the candidate."""
    k = len(found.centres)
    if k == 1:
        return np.empty((0, 2), dtype=np.int64)
    cost = _swap_costs(points, found, weights, candidates)
    home = squared_distances(candidates, found.centres).argmin(axis=1)
    inside = np.where(home[None, None, :] == np.arange(k)[None, :, None], cost[:, None, :], np.inf)
    placed, least = inside.argmin(axis=2), inside.min(axis=2)
    order = np.argsort(least, axis=None, kind="stable")[: int(np.isfinite(least).sum())]
    return np.column_stack([order // k, placed.ravel()[order]])


def _swap_costs(points: Floats, found: Partition, weights: Floats, candidates: Floats) -> Floats:
    """cost(r, j), shape (k, candidates)."""
    squares = squared_distances(points, found.centres)
    nearest = squares.argmin(axis=1)
    first, second = np.partition(squares, 1, axis=1)[:, :2].T
    apart = squared_distances(points, candidates)
    kept = np.minimum(apart, first[:, None])
    missed = np.minimum(apart, second[:, None]) - kept
    member = (nearest[None, :] == np.arange(len(found.centres))[:, None]) * weights
    return np.asarray(weights @ kept + member @ missed)


def _ordered(points: Floats, found: Partition, weights: Floats) -> Partition:
    """The same clusters, heaviest first, with the centres of the points as they were given."""
    k = len(found.centres)
    mass = np.bincount(found.labels, weights, minlength=k)
    first = np.array([int((found.labels == a).argmax()) for a in range(k)])
    place = np.empty(k, dtype=np.int64)
    place[np.lexsort((first, -mass))] = np.arange(k)
    labels = place[found.labels]
    return Partition(labels, means(points, labels, weights, k), found.inertia)
