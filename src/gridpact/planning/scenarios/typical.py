"""A year in a few weighted days: extreme days as they are, the others by K-means without chance.

    days -> points -> kept days | clusters -> one profile per cluster -> weights -> quality

Weights count days: a cluster weighs as many as it has, a kept day 1. They are scaled together where ``total_days``
says so, as for an average year from several; then a cost per day times the weight is a cost per year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.clustering import EFFORT, cluster
from gridpact.planning.scenarios.days import Days, Floats, Ints, number, points_of
from gridpact.planning.scenarios.density import DensityPeaks, density_peaks
from gridpact.planning.scenarios.extremes import Extreme, extreme_days, ordinary
from gridpact.planning.scenarios.kmeans import Partition
from gridpact.planning.scenarios.quality import duration_curves, series_quality, silhouette
from gridpact.planning.scenarios.reading import Source, read_days
from gridpact.planning.scenarios.representatives import represent


@dataclass(frozen=True, eq=False)
class TypicalDays:
    """A few weighted days that stand for many.

    ``profiles`` (representatives, series, 24) in the units of the series ``names``; ``weights`` (representatives,) in
    days; ``labels`` (days,) the representative of every day; ``source`` (representatives,) the number of the day that
    each comes from, -1 for a mean; ``kinds`` "typical" or why the day was kept. The kept days come last.
    ``inertia``, ``explained`` (the share of the spread that the clusters take away) and ``silhouette`` are those of the
    clustered days; ``quality`` has one row per series. ``days`` is what was read,
    ``points`` (days, d) what was compared.
    """

    names: tuple[str, ...]
    profiles: Floats
    weights: Floats
    labels: Ints
    source: Ints
    kinds: tuple[str, ...]
    inertia: float
    explained: float
    silhouette: float
    quality: pd.DataFrame
    days: Days
    points: Floats

    @property
    def dates(self) -> tuple[str, ...]:
        """The date of every representative; empty for a mean."""
        return tuple(self.days.dates[day] if day >= 0 else "" for day in self.source)

    def scenarios(self) -> pd.DataFrame:
        """One row per representative: scenario, weight_days, source_day, kind."""
        numbers = [str(number + 1) for number in range(len(self.weights))]
        columns = {"scenario": numbers, "weight_days": self.weights, "source_day": self.dates, "kind": self.kinds}
        return pd.DataFrame(columns)

    def profile_table(self) -> pd.DataFrame:
        """One row per representative and hour: scenario, hour, then one column per series."""
        count, _, hours = self.profiles.shape
        keys = {
            "scenario": np.repeat([str(number + 1) for number in range(count)], hours),
            "hour": np.tile(np.arange(hours), count),
        }
        series = {name: self.profiles[:, s].ravel() for s, name in enumerate(self.names)}
        return pd.DataFrame(keys | series)

    def duration_curves(self) -> pd.DataFrame:
        """Falling hourly values of all days and of those that stand for them: series, hour, value, represented."""
        return duration_curves(self.days, self.labels, self.profiles)

    def decision_graph(self) -> pd.DataFrame:
        """One row per day: day, density, distance to denser days, and whether it stands for others (centre)."""
        peaks, centre = self.density_peaks(), np.isin(np.arange(self.days.count), self.source)
        return pd.DataFrame(
            {"day": list(self.days.dates), "density": peaks.rho, "distance": peaks.delta, "centre": centre}
        )

    def density_peaks(self) -> DensityPeaks:
        """Density and distance to denser days of every day, for the decision graph."""
        return density_peaks(self.points)


def typical_days(
    series: Source,
    k: int,
    *,
    columns: Sequence[str] | None = None,
    normalise: str = "range",
    importance: Mapping[str, float] | None = None,
    representation: str = "energy_medoid",
    extremes: Sequence[Extreme] = (),
    total_days: float | None = None,
    incomplete: str = "refuse",
    effort: int = EFFORT,
) -> TypicalDays:
    """Reduce days of hourly series to ``k`` typical days and the extreme ones.

    ``series``, ``columns`` and ``incomplete`` as in ``read_days``: a table with a time index, a mapping, a case.
    ``normalise`` ("range", "max", "deviation", "none") and ``importance`` (name -> weight) as in ``points_of``.
    ``representation``: "energy_medoid" (a real day, rescaled to the energy of its cluster), "medoid" (as it was) or
    "centroid" (the mean day: smooth, and 0.9 to 1.6 % too cheap in the plans measured). ``extremes``: see
    ``standard_extremes``; they are kept beside the ``k``. ``total_days``: what the weights sum to, by default the
    number of days read; 365 for an average year from several. ``effort``: swaps that may fail before it stops.

    The same series give the same days; there is no chance in it. Raises ``InputError`` for wrong arguments, values
    that are missing, incomplete days, and a ``k`` larger than the number of different days.
    """
    days = read_days(series, columns, incomplete)
    scale = _scale(days.count, total_days)
    if type(effort) is not int or effort < 0:
        raise InputError(
            [Issue("this is no effort", "Give a whole number from 0.", column="effort", value=str(effort))]
        )
    points = points_of(days, normalise, importance)
    kept = extreme_days(days, extremes)
    rest = ordinary(days, kept)
    found = cluster(points[rest], k, effort=effort)
    profiles, source = represent(days.values[rest], points[rest], found, representation)
    return _joined(days, points, found, profiles, np.where(source >= 0, rest[source], -1), kept, scale)


def _joined(
    days: Days, points: Floats, found: Partition, profiles: Floats, source: Ints, kept: Mapping[int, str], scale: float
) -> TypicalDays:
    """Clusters and kept days as one set of representatives."""
    k, extreme, rest = len(found.centres), np.array(list(kept), dtype=np.int64), ordinary(days, kept)
    labels = np.empty(days.count, dtype=np.int64)
    labels[rest], labels[extreme] = found.labels, k + np.arange(extreme.size)
    profiles = np.concatenate([profiles, days.values[extreme]])
    around = points[rest] - points[rest].mean(axis=0)
    spread = float(np.einsum("nd,nd->", around, around))
    return TypicalDays(
        names=days.names,
        profiles=profiles,
        weights=np.bincount(labels, minlength=len(profiles)).astype(np.float64) * scale,
        labels=labels,
        source=np.concatenate([source, extreme]),
        kinds=("typical",) * k + tuple(kept.values()),
        inertia=found.inertia,
        explained=1.0 - found.inertia / spread if spread > 0.0 else 1.0,
        silhouette=silhouette(points[rest], found.labels),
        quality=series_quality(days, labels, profiles),
        days=days,
        points=points,
    )


def _scale(count: int, total_days: float | None) -> float:
    total = float(count) if total_days is None else number(total_days)
    if not total > 0.0:
        fix = "Give the days of a year, 365, or leave it out."
        raise InputError([Issue("weights cannot sum to this", fix, column="total_days", value=str(total_days))])
    return total / count
