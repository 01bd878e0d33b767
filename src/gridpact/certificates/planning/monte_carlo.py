"""Years of faults drawn at random: SAIFI, SAIDI and EENS as means of many years with their 99 % intervals.

Each fault comes a Poisson number of times a year; what it does to every load is the exact simulator's. Hours until
switching are fixed, hours until a repair are exponential about their mean. The intervals are those of the normal
distribution for the mean of the years, so that they need many years where faults are rare; all three together hold in
99 of 100 runs (each in 299 of 300, by Bonferroni's inequality).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.planning.fault_simulator import Simulated, simulate
from gridpact.certificates.planning.load_points import LoadPoints, load_points

Floats = NDArray[np.float64]
WIDTH: Final = 2.935199468866698
"""The quantile 1 - 0.005/3 of the normal distribution."""
INDICES: Final = ("saifi", "saidi_h", "eens_mwh")
Deeds = tuple[float, float, Floats, Floats, Floats]


def monte_carlo(case: Case, years: int, seed: int) -> pd.DataFrame:
    """Index, mean, and the low and high end of its 99 % interval, from so many years (two at least).

    Raises InputError where the network is not radial. Without customers SAIFI and SAIDI are NaN.
    """
    random, total = np.random.default_rng(seed), np.zeros((years, 3))
    for rate, repair_h, frequency, switched, repaired in _deeds(simulate(case), load_points(case)):
        number = random.poisson(rate, years)
        waited = repair_h * random.standard_gamma(number)
        total[:, 0] += number * frequency[0]
        total[:, 1:] += number[:, None] * switched + waited[:, None] * repaired
    mean, half = total.mean(axis=0), WIDTH * total.std(axis=0, ddof=1) / np.sqrt(years)
    return pd.DataFrame({"index": INDICES, "mean": mean, "low": mean - half, "high": mean + half})


def _deeds(simulated: Simulated, loads: LoadPoints) -> Iterator[Deeds]:
    """Failures per year and hours of repair of each fault, and what one does: interruptions, and by customers and MW
    the hours until switching and the loads that wait for the repair; shape (2,) each."""
    weights = loads.weights
    for fault, dark, hours in zip(simulated.faults, simulated.dark, simulated.hours, strict=True):
        waits = dark & (hours >= fault.repair_h)
        yield fault.rate, fault.repair_h, weights @ dark, weights @ np.where(waits, 0.0, hours), weights @ waits
    for load in np.flatnonzero(loads.rate > 0.0):
        own = weights[:, load]
        yield float(loads.rate[load]), float(loads.repair_h[load]), own, np.zeros(2), own
