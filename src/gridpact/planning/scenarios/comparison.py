"""Tables over k and over methods: how much a few days lose, and how good the clustering is beside what others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.planning.scenarios.clustering import cluster
from gridpact.planning.scenarios.days import Floats
from gridpact.planning.scenarios.density import density_peaks
from gridpact.planning.scenarios.kmeans import lloyd
from gridpact.planning.scenarios.reading import Source, read_days
from gridpact.planning.scenarios.seeding import plain_kmeans
from gridpact.planning.scenarios.typical import typical_days

WHOLE = ("k", "representatives", "inertia", "explained", "silhouette")


def quality_by_k(series: Source, ks: Sequence[int], **settings: Any) -> pd.DataFrame:
    """One row per k and series: k, representatives, inertia, explained, silhouette, and the quality of the series.

    ``settings`` are those of ``typical_days``.
    """
    reading = {name: settings.pop(name) for name in ("columns", "incomplete") if name in settings}
    days = read_days(series, **reading)
    tables = []
    for k in ks:
        found = typical_days(days, k, **settings)
        whole = [k, len(found.weights), found.inertia, found.explained, found.silhouette]
        table = found.quality.copy()
        for place, (name, value) in enumerate(zip(WHOLE, whole, strict=True)):
            table.insert(place, name, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def compare_clusterings(points: Floats, ks: Sequence[int], *, runs: int = 200, seed: int = 0) -> pd.DataFrame:
    """Inertia by k and method: k, method, inertia, ratio (to the best of ``runs`` k-means++ runs).

    ``points`` (n, d), as ``TypicalDays.points``. Methods: "density and swaps" (ours), "k-means++" (the best of the
    runs), "density peaks" (K-means from the points of largest rho times delta, as the literature has it).
    """
    peaks, ones, rows = density_peaks(points), np.ones(len(points)), []
    for k in ks:
        ours = cluster(points, k).inertia
        plain = plain_kmeans(points, k, runs=runs, seed=seed).inertia
        found = {
            "density and swaps": ours,
            "k-means++": plain,
            "density peaks": lloyd(points, points[peaks.peaks(k)], ones).inertia,
        }
        rows += [(k, method, inertia, inertia / plain) for method, inertia in found.items()]
    return pd.DataFrame(rows, columns=["k", "method", "inertia", "ratio"])
