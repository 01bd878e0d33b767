"""One day for a cluster of days: its mean, a real day of it, or a real day that carries the energy of the cluster.

The mean (centroid) has the right energy and is too smooth: no calm night, no windy one. A real day (medoid: the member
nearest to the mean) has the right shape and the wrong energy. So the medoid m is stretched until it has the energy E
of the mean day, and goes not above what the series ever does, nor below 0, or below the least it ever does:

    p_h = min(t m_h, high)                      where the series is never negative; night stays night
    p_h = min(max(m_h + c, low), high)          where it can be, as prices
    t or c such that sum_h p_h = E = mean energy of the days of the cluster

Both sums are increasing and piecewise linear in t or c, so that t or c follows exactly from their values at the kinks.
Where no t reaches E (a sunless day cannot be stretched) the mean takes the medoid's place in that series.
"""

from __future__ import annotations

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.days import Floats, Ints
from gridpact.planning.scenarios.kmeans import Partition

REPRESENTATIONS = ("energy_medoid", "medoid", "centroid")
NIGHT = 1e-12  # of the highest value: what is less cannot be stretched


def represent(values: Floats, points: Floats, found: Partition, representation: str) -> tuple[Floats, Ints]:
    """Profiles (k, series, 24) of the clusters, and the day each comes from (-1 for a mean), shape (k,).

    ``values`` (days, series, 24), ``points`` (days, d) and ``found`` their partition. Raises ``InputError`` for a
    representation that does not exist.
    """
    if representation not in REPRESENTATIONS:
        fix = f"Choose one of {', '.join(REPRESENTATIONS)}."
        raise InputError([Issue("this representation is not known", fix, value=str(representation))])
    k = len(found.centres)
    mean = np.stack([values[found.labels == a].mean(axis=0) for a in range(k)])
    if representation == "centroid":
        return mean, np.full(k, -1, dtype=np.int64)
    source = medoids(points, found)
    if representation == "medoid":
        return values[source], source
    return with_energy(values[source], mean, values.min(axis=(0, 2)), values.max(axis=(0, 2))), source


def medoids(points: Floats, found: Partition) -> Ints:
    """The member nearest to the mean of its cluster, the first of equals; shape (k,)."""
    apart = points - found.centres[found.labels]
    squares = np.einsum("nd,nd->n", apart, apart)
    return np.array([int(np.where(found.labels == a, squares, np.inf).argmin()) for a in range(len(found.centres))])


def with_energy(shape: Floats, mean: Floats, low: Floats, high: Floats) -> Floats:
    """Days of the given shape with the energy of the mean, both (k, series, 24), within low and high (series,)."""
    profiles = np.empty_like(shape)
    for day, series in np.ndindex(*shape.shape[:2]):
        bend = stretched if low[series] >= 0.0 else shifted
        profiles[day, series] = bend(shape[day, series], mean[day, series], float(low[series]), float(high[series]))
    return profiles


def stretched(shape: Floats, mean: Floats, low: float, high: float) -> Floats:
    """min(t shape, high) with the sum of the mean; the mean itself where that is out of reach."""
    energy, there = mean.sum(), shape > NIGHT * high
    if energy > high * there.sum():
        return mean
    kinks = np.unique(np.append(high / shape[there], 0.0))
    sums = np.minimum(kinks[:, None] * shape[None, :], high).sum(axis=1)
    return np.asarray(np.minimum(np.interp(energy, sums, kinks) * shape, high))


def shifted(shape: Floats, mean: Floats, low: float, high: float) -> Floats:
    """Shape + c, kept between low and high, with the sum of the mean."""
    kinks = np.unique(np.concatenate([low - shape, high - shape]))
    sums = np.clip(kinks[:, None] + shape[None, :], low, high).sum(axis=1)
    return np.asarray(np.clip(shape + np.interp(mean.sum(), sums, kinks), low, high))
