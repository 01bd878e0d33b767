"""Days as an array (days, series, 24), and as points whose distances mean something.

    x[i, s, h]     series s in hour h of day i, in its own unit
    y[i, s, h]   = sqrt(importance[s]) (x[i, s, h] - offset[s]) / scale[s]

Clustering measures |y_i - y_j|^2 over all series and hours: with ``range`` every series runs from 0 to 1, so that
megawatts do not outweigh prices; ``importance`` says which series matter more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOURS = 24
SCALES = ("range", "max", "deviation", "none")
TINY = 1e-100  # a range that is none


@dataclass(frozen=True, eq=False)
class Days:
    """``values`` (days, series, 24), the names of the series, and what each day is called (its date)."""

    values: Floats
    names: tuple[str, ...]
    dates: tuple[str, ...]

    @property
    def count(self) -> int:
        return int(self.values.shape[0])

    def only(self, chosen: Ints) -> Days:
        """Some of the days, by number."""
        return replace(self, values=self.values[chosen], dates=tuple(self.dates[i] for i in chosen))


def points_of(days: Days, normalise: str = "range", importance: Mapping[str, float] | None = None) -> Floats:
    """The days as points, shape (days, series * 24).

    ``normalise``: "range" (0 to 1 per series), "max" (per unit of the largest absolute value), "deviation" (mean 0,
    standard deviation 1) or "none". A series that never changes counts nothing. ``importance``, 1 where a series is
    not named, multiplies the squared distance. Raises ``InputError`` for other words, unknown names, weights that are
    negative, not finite, or all zero.
    """
    weight = _importance(days.names, importance or {})
    offset, scale = _scales(days.values, normalise)
    factor = np.sqrt(weight) / np.where(scale > TINY, scale, np.inf)
    centred = (days.values - offset[None, :, None]) * factor[None, :, None]
    return np.ascontiguousarray(centred.reshape(days.count, -1))


def _scales(values: Floats, normalise: str) -> tuple[Floats, Floats]:
    """Offset and scale of every series, each of shape (series,)."""
    low, high = values.min(axis=(0, 2)), values.max(axis=(0, 2))
    if normalise == "range":
        return low, high - low
    if normalise == "max":
        return np.zeros_like(low), np.maximum(np.abs(low), np.abs(high))
    if normalise == "deviation":
        return values.mean(axis=(0, 2)), np.where(high > low, values.std(axis=(0, 2)), 0.0)
    if normalise == "none":
        return np.zeros_like(low), np.ones_like(low)
    raise InputError([Issue("this normalisation is not known", f"Choose one of {', '.join(SCALES)}.", value=normalise)])


def number(value: object) -> float:
    """A finite number as it is; NaN for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return np.nan
    return float(value) if np.isfinite(value) else np.nan


def _importance(names: tuple[str, ...], given: Mapping[str, float]) -> Floats:
    if not isinstance(given, Mapping):
        fix = "Give a weight by the name of a series."
        raise InputError([Issue("this is no importance", fix, column="importance", value=str(given))])
    issues = [
        Issue("no series has this name", f"The series are: {', '.join(names)}.", column="importance", value=str(name))
        for name in given
        if name not in names
    ]
    weight = np.array([number(given.get(name, 1.0)) for name in names])
    for name, value in zip(names, weight, strict=True):
        if not 0.0 <= value < np.inf:
            issues.append(Issue("this is no weight", "Give a number of 0 or more.", column=name, value=str(value)))
    if not issues and not weight.any():
        issues.append(Issue("no series has any importance", "Give at least one series a positive weight."))
    if issues:
        raise InputError(issues)
    return weight
