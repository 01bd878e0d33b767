"""Many weighted scenarios to a few: by the clustering of the days, or by fast forward selection.

Clusters: probability-weighted K-means without chance; each cluster becomes its mean, so that expected values stay.
Forward selection: scenarios are kept, one after the other, so that those left out are nearest to them,

    next = argmin_u  sum_i p_i min( c(i, nearest kept), c(i, u) ),      c = distance of the scaled scenarios,

and each gives its probability to the nearest kept one. N. Growe-Kuska, H. Heitsch, W. Romisch, "Scenario reduction and
scenario tree construction for power management problems", IEEE Bologna PowerTech 2003, algorithm 2; H. Heitsch,
W. Romisch, "Scenario reduction algorithms in stochastic programming", Computational Optimization and Applications 24,
187-206, 2003. Its first scenario is the best single one, later ones need not be: it is greedy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.clustering import cluster
from gridpact.planning.scenarios.days import Days, Floats, Ints, points_of
from gridpact.planning.scenarios.distances import squared_distances
from gridpact.planning.scenarios.parametric import Scenarios

METHODS = ("clusters", "forward")
MOST = 5000


@dataclass(frozen=True, eq=False)
class Reduced:
    """The scenarios that are left, which of them stands for each old one, and the probability-weighted distance."""

    scenarios: Scenarios
    labels: Ints
    distance: float


def reduce_scenarios(scenarios: Scenarios, k: int, *, method: str = "clusters", normalise: str = "range") -> Reduced:
    """``k`` scenarios for many, probabilities summing to 1. ``method``: "clusters" (means) or "forward" (kept ones).

    Raises ``InputError`` for another method, a ``k`` larger than the number of different scenarios, and more than
    5000 scenarios in forward selection.
    """
    points = points_of(Days(scenarios.values, scenarios.names, ()), normalise)
    if method == "forward":
        kept, labels, distance = forward_selection(points, scenarios.probability, k)
        values = scenarios.values[kept]
    elif method == "clusters":
        found = cluster(points, k, weights=scenarios.probability)
        labels, values = found.labels, _means(scenarios, found.labels, k)
        gaps = np.sqrt(np.einsum("nd,nd->n", *[points - found.centres[labels]] * 2))
        distance = float(scenarios.probability @ gaps)
    else:
        raise InputError([Issue("this method is not known", f"Choose one of {', '.join(METHODS)}.", value=method)])
    probability = np.bincount(labels, scenarios.probability, minlength=k).astype(np.float64)
    return Reduced(Scenarios(values, probability / probability.sum(), scenarios.names), labels, distance)


def forward_selection(points: Floats, probability: Floats, k: int) -> tuple[Ints, Ints, float]:
    """Numbers of the k kept points, the place in them that each point goes to, and the distance that remains."""
    _require(points, k)
    apart = np.sqrt(squared_distances(points, points))
    np.fill_diagonal(apart, 0.0)
    nearest, kept = np.full(len(points), np.inf), np.empty(0, dtype=np.int64)
    for _ in range(k):
        left = probability @ np.minimum(nearest[:, None], apart)
        left[kept] = np.inf
        kept = np.append(kept, int(left.argmin()))
        nearest = np.minimum(nearest, apart[:, kept[-1]])
    return kept, apart[:, kept].argmin(axis=1), float(probability @ nearest)


def _require(points: Floats, k: int) -> None:
    count = len(points)
    different = len(np.unique(points, axis=0))
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= different:
        raise InputError([Issue("this is no number of scenarios", f"Give 1 to {different}.", column="k", value=str(k))])
    if count > MOST:
        fix = f'Use method="clusters", or reduce to {MOST} by it first.'
        raise InputError([Issue(f"{count} scenarios are too many for forward selection", fix)])


def _means(scenarios: Scenarios, labels: Ints, k: int) -> Floats:
    """Expected scenario of every cluster, shape (k, series, hours)."""
    member = (labels[None, :] == np.arange(k)[:, None]) * scenarios.probability
    return np.asarray(np.einsum("kn,nsh->ksh", member, scenarios.values) / member.sum(axis=1)[:, None, None])
