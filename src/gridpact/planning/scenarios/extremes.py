"""Days that are kept as they are, because a plan must stand them and no mean day shows them.

    r[i, h] = sum_s coefficient[s] x[i, s, h]           for instance load - wind - PV, in MW
    score_i = max_h r, min_h r or sum_h r               the day of the highest or lowest score is kept

A kept day has weight 1 and takes no part in the clustering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.days import Days, Floats, Ints, number

MEASURES = ("highest hour", "lowest hour", "highest energy", "lowest energy")


@dataclass(frozen=True)
class Extreme:
    """What makes a day extreme: a name, MW per unit of each series, and one of the ``MEASURES`` of their sum."""

    name: str
    coefficients: Mapping[str, float]
    measure: str = "highest hour"

    def scores(self, days: Days) -> Floats:
        """One number per day, the more extreme the higher."""
        factor = np.array([float(self.coefficients.get(name, 0.0)) for name in days.names])
        hourly = np.einsum("s,nsh->nh", factor, days.values)
        if self.measure == "highest hour":
            return np.asarray(hourly.max(axis=1))
        if self.measure == "lowest hour":
            return np.asarray(-hourly.min(axis=1))
        return np.asarray(hourly.sum(axis=1) if self.measure == "highest energy" else -hourly.sum(axis=1))


def standard_extremes(load: Mapping[str, float], renewable: Mapping[str, float]) -> tuple[Extreme, ...]:
    """The four days that size a network: most load, most residual load, least wind and sun, most of them over load.

    ``load`` and ``renewable``: name of a series -> MW per unit of it (1 where the series is in MW).
    """
    residual = {**load, **{name: -factor for name, factor in renewable.items()}}
    return (
        Extreme("highest load", load, "highest hour"),
        Extreme("highest residual load", residual, "highest hour"),
        Extreme("lowest renewable energy", renewable, "lowest energy"),
        Extreme("lowest residual load", residual, "lowest hour"),
    )


def extreme_days(days: Days, extremes: Sequence[Extreme]) -> dict[int, str]:
    """Number of every extreme day -> its names; a day that is so twice is kept once, the first of equals counts.

    Raises ``InputError`` for unknown series or measures and for coefficients that are no finite numbers.
    """
    if isinstance(extremes, str) or not all(isinstance(extreme, Extreme) for extreme in extremes):
        raise InputError([Issue("these are no extremes", "Give them as Extreme(name, coefficients, measure).")])
    issues = [issue for extreme in extremes for issue in _issues(days, extreme)]
    if issues:
        raise InputError(issues)
    found: dict[int, str] = {}
    for extreme in extremes:
        day = int(extreme.scores(days).argmax())
        found[day] = f"{found[day]}, {extreme.name}" if day in found else extreme.name
    return found


def ordinary(days: Days, kept: Mapping[int, str]) -> Ints:
    """Numbers of the days that are not kept."""
    return np.setdiff1d(np.arange(days.count), np.array(list(kept), dtype=np.int64))


def _issues(days: Days, extreme: Extreme) -> list[Issue]:
    spot = f"extreme {extreme.name!r}"
    fix = f"The series are: {', '.join(days.names)}."
    issues = [
        Issue(f"{spot} names an unknown series", fix, value=str(name))
        for name in extreme.coefficients
        if name not in days.names
    ]
    if extreme.measure not in MEASURES:
        issues.append(
            Issue(
                f"{spot} has an unknown measure",
                f"Choose from: {', '.join(MEASURES)}.",
                "",
                0,
                "measure",
                extreme.measure,
            )
        )
    if not extreme.coefficients or np.isnan([number(value) for value in extreme.coefficients.values()]).any():
        issues.append(Issue(f"{spot} has no finite coefficients", "Give MW per unit of at least one series."))
    return issues
