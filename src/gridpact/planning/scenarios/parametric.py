"""Scenarios from distributions instead of a year: seeded samples, or a grid without chance.

Samples: standard normal numbers z, correlated between series and from hour to hour (z_h = a z_h-1 + sqrt(1 - a^2) e_h),
become quantiles u = Phi(z), and these power (a Gaussian copula). Grid: every distribution is cut into m parts of equal
probability, each with the mean of its power, in all combinations; the hours of a day share the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.days import Floats
from gridpact.planning.scenarios.distributions import Model, fits

FINE = 64  # quantiles whose mean stands for one part of a distribution


@dataclass(frozen=True, eq=False)
class Scenarios:
    """``values`` (scenarios, series, hours), ``probability`` (scenarios,) summing to 1, names of the series."""

    values: Floats
    probability: Floats
    names: tuple[str, ...]

    @property
    def mean(self) -> Floats:
        """Expected value, shape (series, hours)."""
        return np.asarray(np.einsum("n,nsh->sh", self.probability, self.values))


def sample_scenarios(
    models: Mapping[str, Model],
    count: int,
    *,
    seed: int,
    hours: int = 24,
    persistence: float = 0.9,
    correlation: ArrayLike | None = None,
) -> Scenarios:
    """``count`` equally likely scenarios. ``persistence``: correlation of z from hour to hour, 0 to below 1;
    ``correlation`` (series, series) of z between the series, independent where left out.

    Raises ``InputError`` for wrong parameters and for a matrix that is no correlation.
    """
    _require(models, hours, count, "count")
    if not 0.0 <= persistence < 1.0:
        raise InputError(
            [Issue("this is no persistence", "Give 0 to below 1.", "", 0, "persistence", str(persistence))]
        )
    root = _root(len(models), correlation)
    fresh = np.einsum("st,nth->nsh", root, np.random.default_rng(seed).standard_normal((count, len(models), hours)))
    state, keep = fresh.copy(), np.sqrt(1.0 - persistence**2)
    for hour in range(1, hours):
        state[:, :, hour] = persistence * state[:, :, hour - 1] + keep * fresh[:, :, hour]
    quantiles = np.clip(ndtr(state), 1e-12, 1.0 - 1e-12)
    values = np.stack([model.power(quantiles[:, s]) for s, model in enumerate(models.values())], axis=1)
    return Scenarios(values, np.full(count, 1.0 / count), tuple(models))


def grid_scenarios(models: Mapping[str, Model], parts: int, *, hours: int = 24) -> Scenarios:
    """All combinations of ``parts`` equally likely parts of every distribution, without chance.

    Series are independent and the hours of a day share their quantile; expected powers are those of the distributions
    but for the fineness of 64 quantiles per part. Raises ``InputError`` for wrong parameters.
    """
    _require(models, hours, parts, "parts")
    fine = (np.arange(parts * FINE) + 0.5) / (parts * FINE)
    levels = [
        np.broadcast_to(model.power(fine[:, None]), (parts * FINE, hours)).reshape(parts, FINE, hours).mean(axis=1)
        for model in models.values()
    ]
    chosen = np.indices((parts,) * len(models)).reshape(len(models), -1)
    values = np.stack([level[part] for level, part in zip(levels, chosen, strict=True)], axis=1)
    return Scenarios(values, np.full(len(values), 1.0 / len(values)), tuple(models))


def _require(models: Mapping[str, Model], hours: int, count: int, word: str) -> None:
    issues = []
    if not models:
        issues.append(Issue("there are no models", "Give at least one of Wind, Sun, Demand by name."))
    for name, value in ((word, count), ("hours", hours)):
        if type(value) is not int or value < 1:
            issues.append(Issue("this is no number of them", "Give a whole number from 1.", "", 0, name, str(value)))
    for name, model in models.items():
        fix = "Shapes, scales and means are positive, deviations not negative, cut-in < rated < cut-out."
        if model.wrong():
            issues.append(Issue("these parameters are not possible", fix, "", 0, name, str(model)))
        elif not fits(model, hours):
            issues.append(
                Issue("an array of parameters has another length", f"Give {hours} values, or one.", "", 0, name)
            )
    if issues:
        raise InputError(issues)


def _root(count: int, correlation: ArrayLike | None) -> Floats:
    """A matrix R with R R' = the correlation."""
    matrix = np.eye(count) if correlation is None else np.asarray(correlation, dtype=np.float64)
    fix = f"Give a symmetric {count} x {count} matrix with ones on its diagonal and no negative eigenvalue."
    sound = matrix.shape == (count, count) and np.isfinite(matrix).all() and np.allclose(matrix, matrix.T)
    if not sound or not np.allclose(np.diag(matrix), 1.0):
        raise InputError([Issue("this is no correlation", fix, column="correlation")])
    value, vector = np.linalg.eigh(matrix)
    if value.min() < -1e-9:
        raise InputError([Issue("this is no correlation", fix, column="correlation")])
    return np.asarray(vector * np.sqrt(np.maximum(value, 0.0)))
