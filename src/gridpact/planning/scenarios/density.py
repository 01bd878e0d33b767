"""Density peaks: how crowded a point is, and how far the next more crowded one.

    rho_i   = sum_j w_j exp(-(d_ij / d_c)^2)          density, Gaussian kernel, itself included
    delta_i = min { d_ij : rho_j > rho_i }            distance to a denser point; the densest: the largest distance
    d_c                                               the ``share``-quantile of all distances

A. Rodriguez, A. Laio, "Clustering by fast search and find of density peaks", Science 344, 1492-1496, 2014. Points
with large rho and large delta are peaks. Real years show no elbow in that decision graph: it can neither choose k nor
assign days, and here it does neither; it says where K-means may begin. O(n^2) in time, a block at a time in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.planning.scenarios.days import Floats, Ints
from gridpact.planning.scenarios.distances import blocks, squared_distances

SHARE = 0.02
SAMPLE = 1000


@dataclass(frozen=True, eq=False)
class DensityPeaks:
    """``rho`` and ``delta`` of every point, the denser point that ``delta`` reaches (itself for the densest), d_c."""

    rho: Floats
    delta: Floats
    denser: Ints
    radius: float

    def peaks(self, k: int) -> Ints:
        """The k points of largest rho times delta, as the literature begins; worse than farthest points."""
        return np.argsort(-self.rho * self.delta, kind="stable")[:k]

    def decision_graph(self) -> pd.DataFrame:
        """One row per point, by falling rho times delta: point, rho, delta, gamma."""
        gamma = self.rho * self.delta
        table = pd.DataFrame({"point": np.arange(gamma.size), "rho": self.rho, "delta": self.delta, "gamma": gamma})
        return table.sort_values("gamma", ascending=False, kind="stable", ignore_index=True)


def density_peaks(points: Floats, weights: Floats | None = None, share: float = SHARE) -> DensityPeaks:
    """Density and distance to denser points of (n, d) points; equal densities are ranked by number."""
    mass = np.ones(len(points)) if weights is None else weights
    radius = cut_off(points, share)
    rho = density(points, mass, radius)
    rank = np.empty(len(points), dtype=np.int64)
    rank[np.argsort(-rho, kind="stable")] = np.arange(len(points))
    delta, denser = np.empty(len(points)), np.empty(len(points), dtype=np.int64)
    for rows, squares in blocks(points):
        farthest = squares.max(axis=1)
        squares[rank[None, :] >= rank[rows, None]] = np.inf
        denser[rows] = squares.argmin(axis=1)
        delta[rows] = np.sqrt(np.where(rank[rows] == 0, farthest, squares.min(axis=1)))
    denser[rank == 0] = np.flatnonzero(rank == 0)
    return DensityPeaks(rho, delta, denser, radius)


def density(points: Floats, weights: Floats, radius: float) -> Floats:
    """rho of every point, shape (n,)."""
    rho = np.empty(len(points))
    for rows, squares in blocks(points):
        rho[rows] = np.exp(-squares / radius**2) @ weights
    return rho


def cut_off(points: Floats, share: float = SHARE) -> float:
    """d_c: a quantile of the distances between different points, of at most 1000 evenly chosen ones; 1 without any."""
    chosen = points[np.unique(np.linspace(0, len(points) - 1, SAMPLE).astype(np.int64))]
    upper = squared_distances(chosen, chosen)[np.triu_indices(len(chosen), 1)]
    apart = upper[upper > 1e-18 * upper.max(initial=0.0)]
    return float(np.sqrt(np.quantile(apart, share))) if apart.size else 1.0
