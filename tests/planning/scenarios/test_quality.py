"""Quality figures against their definitions."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gridpact.planning.scenarios import distances
from gridpact.planning.scenarios.days import Days
from gridpact.planning.scenarios.quality import duration_curves, series_quality, silhouette


def silhouette_by_definition(points, labels):
    apart, values = cdist(points, points), []
    for i, own in enumerate(labels):
        others = [j for j in np.flatnonzero(labels == own) if j != i]
        if not others:
            values.append(0.0)
            continue
        a = apart[i, others].mean()
        b = min(apart[i, labels == c].mean() for c in np.unique(labels) if c != own)
        values.append((b - a) / max(a, b))
    return np.mean(values)


@pytest.mark.parametrize("block", [distances.BLOCK, 90])
def test_silhouette(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK", block)
    random = np.random.default_rng(0)
    points, labels = random.normal(size=(40, 3)), np.append(random.integers(0, 4, 39), 4)
    points[labels == 1] += 3.0
    assert silhouette(points, labels) == pytest.approx(silhouette_by_definition(points, labels), rel=1e-9)
    assert silhouette(points, np.zeros(40, dtype=np.int64)) == 0.0


def test_errors_by_hand() -> None:
    """Two days, 0 and 2 throughout, stood for by 1 and by 2: 24 of 48 too much, 24 hours of 48 are 1 of 2 too high."""
    values = np.stack([np.zeros((1, 24)), np.full((1, 24), 2.0)])
    profiles = np.stack([np.ones((1, 24)), np.full((1, 24), 2.0)])
    days = Days(values, ("a",), ("1", "2"))
    table = series_quality(days, np.array([0, 1]), profiles).iloc[0]
    assert table["energy_error_percent"] == pytest.approx(50.0)
    assert table["duration_error_percent"] == pytest.approx(100.0 * np.sqrt(0.5) / 2.0)
    assert table["peak_error_percent"] == 0.0
    one = series_quality(days, np.array([0, 0]), profiles).iloc[0]
    assert one["peak_error_percent"] == -50.0 and one["energy_error_percent"] == 0.0
    curves = duration_curves(days, np.array([0, 1]), profiles)
    assert curves["value"].tolist() == [2.0] * 24 + [0.0] * 24
    assert curves["represented"].tolist() == [2.0] * 24 + [1.0] * 24
    assert curves["hour"].tolist() == list(range(48))


def test_a_series_that_is_nothing_has_no_error() -> None:
    days = Days(np.zeros((2, 1, 24)), ("a",), ("1", "2"))
    assert series_quality(days, np.zeros(2, dtype=np.int64), np.zeros((1, 1, 24))).iloc[0, 1:].tolist() == [0.0] * 3
