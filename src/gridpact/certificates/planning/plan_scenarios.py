r"""Do the days stand for the year? Weights by counting, profiles from the days of the case that they come from.

$$
p_h = \min(t\, m_h, \overline{p}) \quad\text{or}\quad p_h = \min(\max(m_h + c, \underline{p}), \overline{p}), \qquad
\sum_h p_h = \sum_h \bar{m}_h
$$

A typical day is a day $m$ of the case, up to one factor t per series (a shift c, where the series can be negative),
with the energy of the mean $\bar m$ of the days that it stands for, between the least and the highest value of these
series. Where no factor reaches that energy it is the mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_view import DAY_H, JOINED, TYPICAL, YEAR_DAYS, Floats, Ints, PlanView

# Weights are counts times one number, profiles sums of 24 and means of some hundred numbers: rounding only.
ROUNDING = 1e-9
HOURS = 24
# Of the highest value: what is less cannot be stretched.
NIGHT = 1e-12


def scenario_checks(plan: PlanView) -> Iterator[Check]:
    """Weights and profiles of the days that stand for the year."""
    yield _year(plan)
    yield _snapshots(plan)
    if plan.is_given:
        yield _given(plan)
        yield _given_profiles(plan)
        return
    dates, values = days_of(plan.priced)
    known = _days_known(plan, dates)
    yield known
    if known.passed:
        yield _counted(plan)
        yield _profiles(plan, dates, values)


def _year(plan: PlanView) -> Check:
    weights = plan.column("scenarios", "weight_days")
    off = abs(float(weights.sum()) - YEAR_DAYS) / YEAR_DAYS
    text = "Weights that do not sum to the 365 days (8760 hours) of a year, relative, or are below zero."
    return Check("plan year", True, float(np.max([off, *(-weights)])), ROUNDING, "", text)


def _snapshots(plan: PlanView) -> Check:
    """The moments of the profiles are those at which the days are cleared."""
    told, own = plan.record.tables["scenario_profiles"]["snapshot"], plan.days.snapshots
    wrong = [] if (pd.DatetimeIndex(told) == own).all() else ["snapshot"]
    return words_check("plan snapshots", "Moments of the profiles that are not those of the days.", wrong)


def _given(plan: PlanView) -> Check:
    """Every hour of the days given counts the same, and all days are there, or as many as were asked for."""
    share = plan.scenario_hours / plan.scenario_hours.sum() * YEAR_DAYS
    off = np.abs(plan.column("scenarios", "weight_days") - share) / YEAR_DAYS
    most, there = int(plan.number("typical_days")), len(plan.scenarios)
    all_there = plan.days.steps == plan.record.case.steps
    few = 0.0 if all_there or (there == most and not len(plan.priced.profiles.columns)) else np.inf
    dates = plan.days.snapshots[plan.days.begins].strftime("%Y-%m-%d")
    wrong = np.array([told != own for told, own in zip(plan.texts("scenarios", "source_day"), dates, strict=True)])
    measures = [
        Measure("scenario", plan.scenarios, off),
        Measure("days", [""], np.array([few])),
        Measure("source_day", plan.scenarios, wrong.astype(np.float64)),
    ]
    text = "Share of the year of every day against its share of the hours; days left out or with another date."
    return worst("plan days counted", text, ROUNDING, measures)


def _given_profiles(plan: PlanView) -> Check:
    names = list(plan.priced.profiles.columns)
    told = plan.days.profiles[names].to_numpy(dtype=np.float64)
    own = plan.priced.profiles.to_numpy(dtype=np.float64)[: len(told)]
    text = "Profiles of the days against the case."
    return worst("plan profiles", text, 0.0, [Measure("profile", names, np.abs(told - own).T)], plan.days.snapshots)


def days_of(case: Case) -> tuple[list[str], Floats]:
    """Dates of the days of a case by its clock, and their hourly means, (days, 24, series).

    An hour that summer time skips is the mean of its neighbours; one that comes twice is the mean of both.
    """
    clock = case.snapshots.tz_localize(None)
    means = case.profiles.set_axis(clock.floor("h"), axis=0).groupby(level=0).mean()
    dates = pd.date_range(clock[0].normalize(), clock[-1].normalize(), freq="D")
    hours = pd.date_range(dates[0], periods=HOURS * len(dates), freq="h")
    whole = means.reindex(hours).interpolate("linear", limit_area="inside")
    return list(dates.strftime("%Y-%m-%d")), whole.to_numpy(dtype=np.float64).reshape(len(dates), HOURS, -1)


def _days_known(plan: PlanView, dates: list[str]) -> Check:
    """Every day of the case has its scenario; every scenario comes from a day that it stands for, or from all."""
    labels = dict(zip(plan.texts("scenario_days", "day"), plan.texts("scenario_days", "scenario"), strict=True))
    wrong = [] if plan.texts("scenario_days", "day") == dates else ["scenario_days"]
    wrong += [name for name in plan.scenarios if name not in labels.values()]
    wrong += [] if _of_kind(plan, TYPICAL) else ["kind"]
    joined, mean = _of_kind(plan, JOINED), plan.record.settings["representation"] == "centroid"
    for name, kind, day in _rows(plan):
        if kind == TYPICAL and mean:
            wrong += [name] if day else []
        elif day not in labels or labels[day] not in ({name} | joined):
            wrong.append(name)
    text = "Days of the case that are not listed, scenarios that no day has, or that come from a day of another."
    return words_check("plan source days", text, wrong)


def _rows(plan: PlanView) -> Iterator[tuple[str, str, str]]:
    yield from zip(plan.scenarios, plan.texts("scenarios", "kind"), plan.texts("scenarios", "source_day"), strict=True)


def _of_kind(plan: PlanView, kind: str) -> set[str]:
    return {name for name, told, _ in _rows(plan) if told == kind}


def labels_of(plan: PlanView) -> Ints:
    """Number of the scenario of every day of the case, (days,)."""
    place = {name: number for number, name in enumerate(plan.scenarios)}
    return np.array([place[name] for name in plan.texts("scenario_days", "scenario")], dtype=np.int64)


def _counted(plan: PlanView) -> Check:
    labels = labels_of(plan)
    counts = np.bincount(labels, minlength=len(plan.scenarios)) * (YEAR_DAYS / labels.size)
    off = np.abs(plan.column("scenarios", "weight_days") - counts) / YEAR_DAYS
    asked = abs(len(_of_kind(plan, TYPICAL)) - plan.number("typical_days"))
    measures = [Measure("scenario", plan.scenarios, off), Measure("typical days", [""], np.array([asked]))]
    text = "Weights against the days that each scenario stands for, over the year; typical days not as asked."
    return worst("plan days counted", text, ROUNDING, measures)


def _profiles(plan: PlanView, dates: list[str], values: Floats) -> Check:
    """Largest difference of every profile from what its days make of it, over the range of its series."""
    told = plan.days.profiles.to_numpy(dtype=np.float64).reshape(len(plan.scenarios), HOURS, -1)
    kinds, labels = plan.texts("scenarios", "kind"), labels_of(plan)
    rest = np.isin(np.array(kinds)[labels], [TYPICAL, JOINED])
    low, high = values[rest].min(axis=(0, 1)), values[rest].max(axis=(0, 1))
    scale = np.maximum(np.abs(values).max(axis=(0, 1)), NIGHT)
    off = np.zeros((len(kinds), values.shape[2]))
    for number, (_, kind, day) in enumerate(_rows(plan)):
        if kind != TYPICAL or plan.record.settings["representation"] == "medoid":
            off[number] = np.abs(told[number] - values[dates.index(day)]).max(axis=0) / scale
            continue
        own = values[labels == number]
        source = values[dates.index(day)] if day else None
        off[number] = _apart(told[number], source, own.mean(axis=0), low, high) / scale if len(own) else np.nan
    text = "Profiles against the days of the case that they come from, over the largest value of the series."
    return worst("plan profiles", text, ROUNDING, [Measure("scenario", plan.scenarios, off)])


def _apart(told: Floats, source: Floats | None, mean: Floats, low: Floats, high: Floats) -> Floats:
    """Difference of a profile (24, series) from the one with the energy of the mean, or from the mean, (series,)."""
    from_mean = np.abs(told - mean).max(axis=0)
    if source is None:
        return np.asarray(from_mean, dtype=np.float64)
    out_of_reach = (low >= 0.0) & (mean.sum(axis=0) > high * (source > NIGHT * high).sum(axis=0))
    bent = np.where(low >= 0.0, _stretched(told, source, high), _shifted(told, source, low, high))
    off = np.maximum(np.abs(told - bent).max(axis=0), np.abs(told.sum(axis=0) - mean.sum(axis=0)) / DAY_H)
    return np.asarray(np.where(out_of_reach, from_mean, off), dtype=np.float64)


def _stretched(told: Floats, source: Floats, high: Floats) -> Floats:
    """min(t source, high) with the factor that the hours below the highest value have."""
    below = told < high * (1.0 - ROUNDING)
    given, own = (np.where(below, part, 0.0).sum(axis=0) for part in (told, source))
    most = high / np.where(source > 0.0, source, np.inf).min(axis=0)
    factor = np.where(own > 0.0, given / np.where(own > 0.0, own, 1.0), np.nan_to_num(most))
    return np.asarray(np.minimum(factor * source, high))


def _shifted(told: Floats, source: Floats, low: Floats, high: Floats) -> Floats:
    """source + c within low and high, with the shift that the hours between them have."""
    edge = ROUNDING * (high - low)
    between = (told > low + edge) & (told < high - edge)
    count = np.maximum(between.sum(axis=0), 1)
    shift = np.where(between, told - source, 0.0).sum(axis=0) / count
    return np.asarray(np.where(between.any(axis=0), np.clip(source + shift, low, high), told))
