"""From hourly series to whole days: tables, mappings of arrays, cases; several years, summer time, gaps.

Time counts as the clock on the wall does. On the day with 25 hours the hour that comes twice is the mean of both, on
the day with 23 the one that is skipped is the mean of its neighbours; so every day has 24 hours and one weight.
Steps shorter than an hour are averaged over the hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.planning.scenarios.days import HOURS, Days, Floats, Ints

Source = Days | Case | pd.DataFrame | Mapping[str, Any]
MINUTE = 60_000_000_000  # nanoseconds
LARGEST = 1e30  # what is more has no square worth adding
NO_ZONE = "Make the index time-zone aware, so that the change of summer time is no gap and nothing comes twice."
DROP = 'Fill the gap, or leave such days out with incomplete="drop".'


def read_days(series: Source, columns: Sequence[str] | None = None, incomplete: str = "refuse") -> Days:
    """Whole days of hourly values.

    ``series``: a table with one column per series and a time index (any step that divides the hour; several years),
    or without one, hour after hour from midnight; a mapping of names to such columns; a case, whose profiles are
    taken, named ``table/id/column``; or days read before. ``columns`` chooses series. ``incomplete`` says what
    happens to days with missing steps: "refuse" or "drop".

    Raises ``InputError`` where a value is missing or not finite, times repeat or run backwards, steps do not divide
    the hour, hours do not make whole days, or days are incomplete.
    """
    if incomplete not in ("refuse", "drop"):
        raise InputError(
            [Issue("this is not possible", "Choose refuse or drop.", "", 0, "incomplete", str(incomplete))]
        )
    if isinstance(series, Days):
        return _sound(series if columns is None else _chosen_series(series, columns))
    table = _selected(_table_of(series), columns)
    _require_numbers(table)
    if isinstance(table.index, pd.DatetimeIndex):
        return _by_clock(table, table.index, incomplete)
    return _hour_after_hour(table)


def _table_of(series: Any) -> pd.DataFrame:
    if isinstance(series, Case):
        return series.profiles
    if isinstance(series, pd.DataFrame):
        return series
    if not isinstance(series, Mapping):
        fix = "Give a table, a case, or a mapping of names to hourly values."
        raise InputError([Issue("these are no series", fix, value=type(series).__name__)])
    try:
        return pd.DataFrame({name: pd.Series(values) for name, values in series.items()})
    except (TypeError, ValueError) as error:
        raise InputError([Issue(f"these are no series: {error}", "Give one number per hour and series.")]) from error


def _selected(table: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    named = table.set_axis([str(name) for name in table.columns], axis=1)
    _require_known(tuple(named.columns), columns)
    chosen = named if columns is None else named[list(columns)]
    if chosen.empty:
        raise InputError([Issue("there are no series", "Give at least one series of at least one day.")])
    return chosen


def _require_known(names: tuple[str, ...], columns: Sequence[str] | None) -> None:
    if columns is not None and (isinstance(columns, str) or not isinstance(columns, Collection)):
        raise InputError(
            [Issue("this is no list of series", "Give a list of their names.", "", 0, "columns", str(columns))]
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    issues = [Issue("two series have this name", "Rename one of them.", value=name) for name in twice]
    for name in [] if columns is None else columns:
        if name not in names:
            issues.append(Issue("no series has this name", f"The series are: {', '.join(names)}.", value=str(name)))
    if issues:
        raise InputError(issues)


def _chosen_series(days: Days, columns: Sequence[str]) -> Days:
    _require_known(days.names, columns)
    places = [days.names.index(name) for name in columns]
    return Days(days.values[:, places], tuple(columns), days.dates)


def _sound(days: Days) -> Days:
    """Days that somebody made: as many names and dates as the values need, 24 hours, finite numbers."""
    shape = np.shape(days.values)
    if shape != (len(days.dates), len(days.names), HOURS) or not np.isfinite(days.values).all():
        fix = "Give finite values (days, series, 24), one name per series and one date per day."
        raise InputError([Issue("these are no days", fix, value=str(shape))])
    return days


def _require_numbers(table: pd.DataFrame) -> None:
    """Refuse series with values that are no finite numbers or beyond all use, each at its first; rows from 1."""
    issues = []
    for name in table.columns:
        values = _numeric(table[name])
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
        if bad.size:
            found = str(table[name].iloc[bad[0]])
            message = f"{bad.size} of {values.size} values are no finite numbers, the first at {table.index[bad[0]]}"
            issues.append(Issue(message, "Fill or correct them.", "", int(bad[0]) + 1, str(name), found))
    if issues:
        raise InputError(issues)


def _numeric(column: pd.Series) -> Floats:
    """Numbers, NaN for what is none: texts, times, complex numbers."""
    if getattr(column.dtype, "kind", "O") in "cmM":
        return np.full(len(column), np.nan)
    return np.asarray(pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))


def _numbers(table: pd.DataFrame) -> Floats:
    return np.column_stack([_numeric(table[name]) for name in table.columns])


def _hour_after_hour(table: pd.DataFrame) -> Days:
    """Rows without times: hour after hour from midnight."""
    whole, rest = divmod(len(table), HOURS)
    if rest:
        fix = "Give 24 hours per day, or a time index, with which incomplete days are recognised."
        raise InputError([Issue(f"{len(table)} hours are {whole} days and {rest} hours", fix)])
    values = _numbers(table).reshape(whole, HOURS, -1).transpose(0, 2, 1)
    return Days(values, tuple(table.columns), tuple(str(number + 1) for number in range(whole)))


def _by_clock(table: pd.DataFrame, index: pd.DatetimeIndex, incomplete: str) -> Days:
    """Rows with times: means over the hours of the clock, in days that lack nothing."""
    index = index.as_unit("ns")
    _require_rising(index)
    step = _step_minutes(index)
    clock = index.tz_localize(None)
    first, last = clock[0].normalize(), clock[-1].normalize()
    cells = _cells(clock, first)
    size = ((last - first).days + 1) * HOURS
    counts = np.bincount(cells, minlength=size)
    expected = np.bincount(_cells(_full_clock(first, last, step, index.tz), first), minlength=size)
    sums = np.column_stack([np.bincount(cells, column, minlength=size) for column in _numbers(table).T])
    kept = _kept_days(counts, expected, first, incomplete)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)
    values = _without_skipped(means, (expected == 0) & (counts == 0)).reshape(-1, HOURS, len(table.columns))
    dates = (first + pd.to_timedelta(kept, unit="D")).strftime("%Y-%m-%d")
    return Days(values[kept].transpose(0, 2, 1), tuple(table.columns), tuple(dates))


def _cells(clock: pd.DatetimeIndex, first: pd.Timestamp) -> Ints:
    """Hours of the clock since the first midnight."""
    return np.asarray((clock.asi8 - first.as_unit("ns").value) // (60 * MINUTE), dtype=np.int64)


def _full_clock(first: pd.Timestamp, last: pd.Timestamp, step: int, zone: Any) -> pd.DatetimeIndex:
    """What the clock shows at every step from the first midnight to the last."""
    ends = pd.DatetimeIndex([first, last + pd.Timedelta(days=1)])
    if zone is not None:
        ends = ends.tz_localize(zone, nonexistent="shift_forward", ambiguous=np.array([True, True]))
    full = pd.date_range(ends[0], ends[1], freq=pd.Timedelta(minutes=step), inclusive="left")
    return full.as_unit("ns").tz_localize(None)


def _require_rising(index: pd.DatetimeIndex) -> None:
    if index.hasnans:
        raise InputError([Issue("a time is missing", "Give every row a time.", row=int(index.isna().argmax()) + 1)])
    falls = np.flatnonzero(np.diff(index.asi8) <= 0)
    if falls.size:
        row = int(falls[0]) + 1
        what = "comes twice" if index[row] == index[row - 1] else "is earlier than the one before"
        fix = NO_ZONE if index.tz is None else "Sort the rows, and keep one of each time."
        raise InputError([Issue(f"this time {what}", fix, row=row + 1, value=str(index[row]))])


def _step_minutes(index: pd.DatetimeIndex) -> int:
    """The shortest step between two rows, which must be that of the series; an hour where there is one row only."""
    step = int(np.diff(index.asi8).min()) if index.size > 1 else 60 * MINUTE
    if step % MINUTE or 60 % (step // MINUTE):
        fix = "Give hourly values, or a step that divides the hour (30, 15, 10, 5 minutes ...)."
        raise InputError([Issue("this step does not divide the hour", fix, value=str(pd.Timedelta(step)))])
    return step // MINUTE


def _kept_days(counts: Ints, expected: Ints, first: pd.Timestamp, incomplete: str) -> Ints:
    """Numbers of the days that lack nothing; a day that the calendar of a zone skips is none."""
    whole = (counts == expected).reshape(-1, HOURS).all(axis=1)
    real = expected.reshape(-1, HOURS).any(axis=1)
    if incomplete == "refuse" and not whole.all():
        raise InputError(list(_gaps(counts, expected, np.flatnonzero(~whole), first)))
    kept = np.flatnonzero(whole & real)
    if not kept.size:
        raise InputError([Issue("no day is complete", "Give at least one whole day, from midnight to midnight.")])
    return kept


def _gaps(counts: Ints, expected: Ints, broken: Ints, first: pd.Timestamp) -> Iterator[Issue]:
    """One issue per incomplete day, at most ten."""
    have, want = (steps.reshape(-1, HOURS).sum(axis=1) for steps in (counts, expected))
    for day in broken[:10]:
        date = (first + pd.Timedelta(days=int(day))).strftime("%Y-%m-%d")
        yield Issue(f"day {date} has {have[day]} steps, not {want[day]}, or at other hours", DROP, value=date)
    if broken.size > 10:
        yield Issue(f"{broken.size - 10} more days are incomplete", DROP)


def _without_skipped(values: Floats, skipped: Any) -> Floats:
    """Hours that summer time skips, as the line between their neighbours; values (hours, series)."""
    there = np.flatnonzero(~skipped)
    hours = np.arange(skipped.size)
    return np.column_stack([np.interp(hours, there, column[there]) for column in values.T])
