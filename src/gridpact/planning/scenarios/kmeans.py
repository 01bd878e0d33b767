"""K-means: Lloyd's iteration, and the single-point exchange of Hartigan behind it.

    inertia = sum_i w_i |x_i - c_l(i)|^2,    c_a = sum_{i in a} w_i x_i / W_a,    W_a = sum_{i in a} w_i

Lloyd: every point to its nearest centre, every centre to the mean of its points, until nothing changes. Exchange:
moving point i from a to b, both centres following, changes the inertia by

    W_b w_i / (W_b + w_i) |x_i - c_b|^2  -  W_a w_i / (W_a - w_i) |x_i - c_a|^2 ,

which may be negative where Lloyd stands still. J. A. Hartigan, M. A. Wong, "Algorithm AS 136", Applied Statistics 28,
100-108, 1979; S. P. Lloyd, IEEE Trans. Information Theory 28, 129-137, 1982.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.planning.scenarios.days import Floats, Ints
from gridpact.planning.scenarios.distances import squared_distances, squared_norms

MOST_ITERATIONS = 300
LEAST_GAIN = 1e-12  # of the inertia: what is smaller is rounding


@dataclass(frozen=True, eq=False)
class Partition:
    """``labels`` (n,), ``centres`` (k, d) and the weighted sum of squared distances between them."""

    labels: Ints
    centres: Floats
    inertia: float


def lloyd(points: Floats, centres: Floats, weights: Floats) -> Partition:
    """From given centres to where Lloyd's iteration stands still; no cluster stays empty.

    ``points`` (n, d), ``centres`` (k, d), ``weights`` (n,) positive; at least k points must differ.
    """
    labels, own = np.full(len(points), -1, dtype=np.int64), squared_norms(points)
    for _ in range(MOST_ITERATIONS):
        squares = squared_distances(points, centres, own)
        nearest = _without_empty(squares.argmin(axis=1), squares, weights)
        if np.array_equal(nearest, labels):
            break
        labels, centres = nearest, means(points, nearest, weights, len(centres))
    return partition(points, labels, weights, len(centres))


def exchange(points: Floats, begin: Partition, weights: Floats) -> Partition:
    """Move single points, the best first, until no move lowers the inertia.

    Moves between different pairs of clusters do not touch each other's gain, so a round makes all of them.
    """
    labels, centres = begin.labels.copy(), begin.centres.copy()
    k = len(centres)
    mass = np.bincount(labels, weights, minlength=k).astype(np.float64)
    size = np.bincount(labels, minlength=k)
    own, each = squared_norms(points), np.arange(len(points))
    squares = squared_distances(points, centres, own)
    for _ in range(10 * len(points)):
        gain, target = _best_moves(squares, labels, weights, mass, size)
        moved = _apart(gain, labels, target, LEAST_GAIN * float(weights @ squares[each, labels]))
        if not moved.size:
            break
        a, b, w = labels[moved], target[moved], weights[moved]
        centres[a] += (centres[a] - points[moved]) * (w / (mass[a] - w))[:, None]
        centres[b] += (points[moved] - centres[b]) * (w / (mass[b] + w))[:, None]
        mass[a], mass[b], size[a], size[b] = mass[a] - w, mass[b] + w, size[a] - 1, size[b] + 1
        labels[moved] = b
        changed = np.concatenate([a, b])
        squares[:, changed] = squared_distances(points, centres[changed], own)
    return partition(points, labels, weights, k)


def _apart(gain: Floats, labels: Ints, target: Ints, least: float) -> Ints:
    """The best move, the best of those between other clusters, and so on; all that gain more than ``least``."""
    worth = np.flatnonzero(gain > least)
    chosen: list[int] = []
    touched: set[int] = set()
    for i in worth[np.argsort(-gain[worth], kind="stable")].tolist():
        pair = {int(labels[i]), int(target[i])}
        if not pair & touched:
            chosen.append(i)
            touched |= pair
    return np.array(chosen, dtype=np.int64)


def _best_moves(squares: Floats, labels: Ints, weights: Floats, mass: Floats, size: Ints) -> tuple[Floats, Ints]:
    """For every point the gain of its best move, and where to; a point alone in its cluster stays."""
    each = np.arange(labels.size)
    costs = squares * (mass[None, :] * weights[:, None] / (mass[None, :] + weights[:, None]))
    costs[each, labels] = np.inf
    target = costs.argmin(axis=1)
    movable = size[labels] > 1
    left = np.where(movable, mass[labels] - weights, 1.0)
    saved = np.where(movable, mass[labels] * weights / left * squares[each, labels], -np.inf)
    return saved - costs[each, target], target


def polished(points: Floats, centres: Floats, weights: Floats) -> Partition:
    """Lloyd, then exchange."""
    return exchange(points, lloyd(points, centres, weights), weights)


def partition(points: Floats, labels: Ints, weights: Floats, k: int) -> Partition:
    """A partition by its labels, its centres and inertia computed afresh."""
    centres = means(points, labels, weights, k)
    apart = points - centres[labels]
    return Partition(labels, centres, float(weights @ squared_norms(apart)))


def means(points: Floats, labels: Ints, weights: Floats, k: int) -> Floats:
    """Weighted mean of every cluster, shape (k, d)."""
    member = (labels[None, :] == np.arange(k)[:, None]) * weights
    return np.asarray(member @ points / member.sum(axis=1)[:, None])


def _without_empty(labels: Ints, squares: Floats, weights: Floats) -> Ints:
    """Give every empty cluster the point that costs most where it is, unless that is alone there."""
    size = np.bincount(labels, minlength=squares.shape[1])
    if size.all():
        return labels
    labels, cost = labels.copy(), weights * squares.min(axis=1)
    for empty in np.flatnonzero(size == 0):
        i = int(np.where(size[labels] > 1, cost, -1.0).argmax())
        size[[labels[i], empty]] += (-1, 1)
        labels[i], cost[i] = empty, -1.0
    return labels
