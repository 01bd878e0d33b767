"""How well a few weighted days stand for all of them.

    silhouette of i   (b - a) / max(a, b),  a, b: mean distance to the others of its cluster, to the nearest other one
    energy error      (sum_r n_r sum_h p_rh - sum_i sum_h x_ih) / sum_i sum_h |x_ih|
    duration error    root mean square of the difference of the sorted hours, in the range of the series
    peak              difference of the highest hour, in the range of the series

P. J. Rousseeuw, "Silhouettes", J. Computational and Applied Mathematics 20, 53-65, 1987.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.planning.scenarios.days import Days, Floats, Ints
from gridpact.planning.scenarios.distances import blocks

COLUMNS = ("series", "energy_error_percent", "duration_error_percent", "peak_error_percent")


def series_quality(days: Days, labels: Ints, profiles: Floats) -> pd.DataFrame:
    """One row per series: errors of energy, duration curve and highest hour, in per cent.

    ``labels`` (days,): the row of ``profiles`` (representatives, series, 24) that stands for each day.
    """
    real = np.sort(days.values.transpose(1, 0, 2).reshape(len(days.names), -1), axis=1)
    shown = np.sort(profiles[labels].transpose(1, 0, 2).reshape(len(days.names), -1), axis=1)
    span = real[:, -1] - real[:, 0]
    columns = (
        list(days.names),
        _percent(shown.sum(axis=1) - real.sum(axis=1), np.abs(real).sum(axis=1)),
        _percent(np.sqrt(((shown - real) ** 2).mean(axis=1)), span),
        _percent(shown[:, -1] - real[:, -1], span),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def duration_curves(days: Days, labels: Ints, profiles: Floats) -> pd.DataFrame:
    """Falling hourly values of every series: series, hour (from 0), value, represented."""
    count = days.count * profiles.shape[2]
    curves = [
        np.sort(x.transpose(1, 0, 2).reshape(len(days.names), -1))[:, ::-1] for x in (days.values, profiles[labels])
    ]
    return pd.DataFrame(
        {
            "series": np.repeat(np.array(days.names, dtype=object), count),
            "hour": np.tile(np.arange(count), len(days.names)),
            "value": curves[0].ravel(),
            "represented": curves[1].ravel(),
        }
    )


def silhouette(points: Floats, labels: Ints) -> float:
    """Mean silhouette of (n, d) points; a point alone in its cluster counts 0, and so does a single cluster."""
    k = int(labels.max()) + 1
    if k < 2:
        return 0.0
    member = (labels[:, None] == np.arange(k)[None, :]).astype(np.float64)
    size = member.sum(axis=0)
    total = sum(
        float(_silhouettes(np.sqrt(squares) @ member, labels[rows], size).sum()) for rows, squares in blocks(points)
    )
    return total / len(points)


def _silhouettes(sums: Floats, labels: Ints, size: Floats) -> Floats:
    """From the sums of distances to every cluster, shape (n, k)."""
    each, own = np.arange(labels.size), size[labels]
    inside = sums[each, labels] / np.maximum(own - 1.0, 1.0)
    outside = sums / size
    outside[each, labels] = np.inf
    nearest = outside.min(axis=1)
    widest = np.maximum(inside, nearest)
    return np.where((own > 1.0) & (widest > 0.0), (nearest - inside) / np.where(widest > 0.0, widest, 1.0), 0.0)


def _percent(error: Floats, whole: Floats) -> Floats:
    return np.asarray(100.0 * error / np.where(whole > 0.0, whole, 1.0))
