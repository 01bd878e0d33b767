"""The hours of a plan's days by family of series: those of the typical days, and those of the year they stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.case.carbon import with_carbon_price
from gridpact.case.case import Case
from gridpact.report.planning.facts import table
from gridpact.results.families import families, kinds_of, long_family, stacked
from gridpact.results.record import Record

KEYS = ("scenario", "snapshot")


def typical(record: Record) -> pd.DataFrame | None:
    """family, unit, scenario, hour, value of the typical days; None where they have no profiles."""
    found = table(record, "scenario_profiles")
    if found is None:
        return None
    scenarios = found["scenario"].astype(str)
    count = scenarios.nunique()
    names = [str(name) for name in found.columns if name not in KEYS]
    if len(found) % count or not names:
        return None
    values = found[names].to_numpy(dtype=np.float64).T.reshape(len(names), count, -1).transpose(1, 0, 2)
    order = np.array(scenarios[:: len(found) // count], dtype=object)
    parts = [long_family(family, family.joined(values), order) for family in families(names, kinds_of(record.case))]
    return stacked(parts)


def of_year(record: Record) -> pd.DataFrame | None:
    """family, unit, day, scenario, hour, value of every whole day; None where it is not known which day stands for it.

    Prices are those that the plan was made with, carbon included. Days that are longer or shorter by the change of
    summer time are left out.
    """
    found = table(record, "scenario_days")
    if found is None or not len(record.case.profiles.columns):
        return None
    scenarios = dict(zip(found["day"].astype(str), found["scenario"].astype(str), strict=True))
    days, first, steps = _whole_days(record.case)
    known = [place for place, day in enumerate(days) if day in scenarios]
    if not known:
        return None
    rows = (first[known][:, None] + np.arange(steps)).ravel()
    profiles = with_carbon_price(record.case, float(record.settings.get("carbon_price_per_t", 0.0))).profiles
    names = [str(name) for name in profiles.columns]
    values = profiles.to_numpy(dtype=np.float64)[rows].reshape(len(known), steps, -1).transpose(0, 2, 1)
    order = np.array([scenarios[days[place]] for place in known], dtype=object)
    parts = [long_family(family, family.joined(values), order) for family in families(names, kinds_of(record.case))]
    return stacked(parts)


def _whole_days(case: Case) -> tuple[list[str], np.typing.NDArray[np.int64], int]:
    """Dates of the days of the usual length, the step with which each begins, and that length in steps."""
    dates = case.snapshots.tz_localize(None).normalize()
    first = np.append(0, np.flatnonzero(dates[1:] != dates[:-1]) + 1)
    length = np.diff(np.append(first, len(dates)))
    steps = round(24.0 / case.hours)
    whole = first[length == steps].astype(np.int64)
    return [str(day) for day in dates[whole].strftime("%Y-%m-%d")], whole, steps
