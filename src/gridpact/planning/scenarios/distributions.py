"""Power of wind, sun and load from quantiles of their distributions, in per unit of the rating.

    wind    v ~ Weibull(shape, scale) m/s;  p = 0 below cut-in and from cut-out on, 1 from rated speed on, and between
            (v^3 - v_in^3) / (v_r^3 - v_in^3)
    sun     g ~ Beta(alpha, beta) of the highest irradiance;  p = highest g
    load    l ~ Normal(mean, deviation), not below 0

Parameters are numbers, or arrays (hours,) where the hours of a day differ. A. Soroudi, T. Amraee, "Decision making
under uncertainty in energy systems", Renewable and Sustainable Energy Reviews 28, 376-384, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtri

from gridpact.planning.scenarios.days import Floats

Parameter = float | Floats


@dataclass(frozen=True)
class Wind:
    """Weibull speed in m/s through a cubic power curve; parameters are numbers or arrays (hours,)."""

    shape: Parameter
    scale: Parameter
    cut_in: float = 3.0
    rated: float = 12.0
    cut_out: float = 25.0

    def power(self, quantile: Floats) -> Floats:
        """Power in p.u. at a quantile of the speed; quantile (..., hours) in (0, 1)."""
        speed = np.asarray(self.scale) * (-np.log1p(-quantile)) ** (1.0 / np.asarray(self.shape))
        rising = (speed**3 - self.cut_in**3) / (self.rated**3 - self.cut_in**3)
        return np.where(speed < self.cut_out, np.clip(rising, 0.0, 1.0), 0.0)

    def wrong(self) -> bool:
        speeds = 0.0 <= self.cut_in < self.rated < self.cut_out
        return not (speeds and _positive(self.shape) and _positive(self.scale))


@dataclass(frozen=True)
class Sun:
    """Beta-distributed irradiance in p.u. of its highest value, times ``highest`` (0 at night, arrays per hour)."""

    alpha: Parameter
    beta: Parameter
    highest: Parameter = 1.0

    def power(self, quantile: Floats) -> Floats:
        """Power in p.u. at a quantile of the irradiance."""
        return np.asarray(np.asarray(self.highest) * betaincinv(self.alpha, self.beta, quantile))

    def wrong(self) -> bool:
        highest = np.asarray(self.highest, dtype=np.float64)
        return not (_positive(self.alpha) and _positive(self.beta) and np.all((highest >= 0.0) & np.isfinite(highest)))


@dataclass(frozen=True)
class Demand:
    """Normally distributed load in p.u., never negative."""

    mean: Parameter
    deviation: Parameter

    def power(self, quantile: Floats) -> Floats:
        """Load in p.u. at a quantile."""
        return np.maximum(np.asarray(self.mean) + np.asarray(self.deviation) * ndtri(quantile), 0.0)

    def wrong(self) -> bool:
        deviation = np.asarray(self.deviation, dtype=np.float64)
        return not (_positive(self.mean) and np.all((deviation >= 0.0) & np.isfinite(deviation)))


Model = Wind | Sun | Demand


def fits(model: Model, hours: int) -> bool:
    """Whether all parameters are numbers or have one value per hour."""
    return all(np.asarray(value).shape in ((), (1,), (hours,)) for value in vars(model).values())


def _positive(value: Parameter) -> bool:
    numbers = np.asarray(value, dtype=np.float64)
    return bool(np.all((numbers > 0.0) & np.isfinite(numbers)))
