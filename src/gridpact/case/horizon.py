"""Time: the horizon of a case, and the snapshots of its profiles.

Steps are equal in absolute time, so a day of the change to summer time has 23 steps of an hour and its
counterpart 25. Every time is written with its offset, which makes all of them unambiguous.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Ints
from gridpact.case.text import TextTable, near
from gridpact.errors import Issue

MOST_STEPS = 1_000_000
MOST_VALUES = 10_000_000
SHORTEST_STEP_MINUTES = 1.0 / 60.0
MOST_YEARS = 60
YEARS = (1900, 2200)
TIME = r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?"
WRITE_TIME = "Write it like 2024-01-31T13:00:00+01:00."


@cache
def time_zones() -> frozenset[str]:
    """The IANA names of the time zones known here, without those that depend on the computer."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def parse_times(texts: list[str]) -> tuple[pd.DatetimeIndex, NDArray[np.bool_], Ints]:
    """ISO 8601 times as UTC instants (NaT where a text is none), whether each is naive, and offsets in minutes.

    A naive time is read as if it were UTC.
    """
    parts = pd.Series(texts, dtype=object).str.extract(f"^{TIME}$")
    whole = parts[0].str.replace(" ", "T") + parts[1].fillna("Z")
    instants = pd.DatetimeIndex(pd.to_datetime(whole, format="ISO8601", utc=True, errors="coerce"))
    digits = parts[1].where(parts[1] != "Z").fillna("+0000").str.replace(":", "")
    sign = np.where(digits.str[0] == "-", -1, 1)
    offsets = sign * (digits.str[1:3].astype(int) * 60 + digits.str[3:5].astype(int)).to_numpy(dtype=np.int64)
    return instants.as_unit("ns"), parts[1].isna().to_numpy(dtype=np.bool_), offsets.astype(np.int64)


def zone_offsets(instants: pd.DatetimeIndex, zone: str) -> Ints:
    """Minutes that local time is ahead of UTC at each instant; shape (n,)."""
    ahead = instants.tz_convert(zone).tz_localize(None) - instants.tz_convert("UTC").tz_localize(None)
    return (ahead // pd.Timedelta(minutes=1)).to_numpy(dtype=np.int64)


def horizon_issues(header: TextTable, typed: pd.DataFrame, rows: int) -> Iterator[Issue]:
    """Unknown zone, unreadable start, an offset that is not the zone's, a horizon that no calendar holds.

    ``rows`` is the number of rows of the longest table, each of which has a value in every step.
    """
    zone, start = typed["timezone"].iloc[0], typed["start"].iloc[0]
    if zone not in time_zones():
        fix = f"Use an IANA name like Europe/Berlin.{near(zone, time_zones())}"
        yield from header.issues([True], "timezone", "there is no such time zone", fix)
    if start:
        yield from _start_issues(header, start, zone)
    yield from _length_issues(header, typed)
    if MOST_VALUES < rows * float(typed["steps"].iloc[0]) <= MOST_STEPS * rows:
        fix = f"Use at most {MOST_VALUES // rows} steps, or fewer rows."
        yield from header.issues([True], "steps", f"too many steps for a table of {rows} rows", fix)


def _start_issues(header: TextTable, start: str, zone: str) -> Iterator[Issue]:
    instants, naive, offsets = parse_times([start])
    if instants.isna()[0]:
        yield from header.issues([True], "start", "is not a time in ISO 8601", WRITE_TIME)
    elif naive[0]:
        yield from header.issues([True], "start", "time has no offset from UTC", WRITE_TIME)
    elif not YEARS[0] <= instants[0].year < YEARS[1]:
        fix = f"Use a year between {YEARS[0]} and {YEARS[1]}."
        yield from header.issues([True], "start", "time is too far from the present", fix)
    elif zone in time_zones() and (zone_offsets(instants, zone) != offsets)[0]:
        fix = f"In {zone} this moment is {instants[0].tz_convert(zone).isoformat()}; correct start or timezone."
        yield from header.issues([True], "start", f"offset is not that of {zone} at this time", fix)


def _length_issues(header: TextTable, typed: pd.DataFrame) -> Iterator[Issue]:
    steps, minutes = float(typed["steps"].iloc[0]), float(typed["step_minutes"].iloc[0])
    if steps > MOST_STEPS:
        yield from header.issues([True], "steps", "too many steps", f"Use at most {MOST_STEPS}.")
    elif steps != np.floor(steps):
        # NaN, which has been reported already, differs from itself.
        yield from header.issues([steps == steps], "steps", "is not a whole number", "Write a whole number.")
    if minutes < SHORTEST_STEP_MINUTES:
        yield from header.issues([True], "step_minutes", "step is shorter than a second", "Use a longer step.")
    elif steps <= MOST_STEPS and steps * minutes > MOST_YEARS * 365.0 * 1440.0:
        yield from header.issues(
            [True], "step_minutes", f"horizon is longer than {MOST_YEARS} years", "Use fewer or shorter steps."
        )


def snapshot_issues(profiles: TextTable, expected: pd.DatetimeIndex) -> Iterator[Issue]:
    """Where the snapshots of the profiles are not exactly those of the horizon, each mistake with its row."""
    texts = [text.strip() for text in profiles.column("snapshot")]
    instants, naive, offsets = parse_times(texts)
    unreadable = np.asarray(instants.isna())
    yield from profiles.issues(unreadable, "snapshot", "is not a time in ISO 8601", WRITE_TIME)
    yield from profiles.issues(naive & ~unreadable, "snapshot", "time has no offset from UTC", WRITE_TIME)
    written = ~(naive | unreadable)
    readable = pd.DatetimeIndex(instants.fillna(expected[0].tz_convert("UTC")))
    meant, wrong_offset = _local_offsets(readable, offsets, written, expected)
    corrected = _bridge(meant, written, expected)
    zone = str(expected.tz)
    fix = f"Write local time of {zone} with its offset, or all times in UTC."
    yield from profiles.issues(wrong_offset, "snapshot", f"offset is not that of {zone} at this time", fix)
    yield from _sequence_issues(profiles, corrected, expected)


def _bridge(instants: pd.DatetimeIndex, written: NDArray[np.bool_], expected: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Unreadable times taken for the step after the row before, so that one mistake is not reported as two."""
    step = expected[1] - expected[0] if len(expected) > 1 else pd.Timedelta(0)
    readable = np.flatnonzero(written)
    places = np.arange(len(instants))
    before = np.searchsorted(readable, places, side="right") - 1
    first = expected[0].tz_convert("UTC")
    base = pd.DatetimeIndex([first - step]).append(instants[readable])[before + 1]
    since = places - np.where(before >= 0, readable[np.maximum(before, 0)], -1) if len(readable) else places + 1
    return pd.DatetimeIndex(base + since * step)


def _local_offsets(
    instants: pd.DatetimeIndex, offsets: Ints, written: NDArray[np.bool_], expected: pd.DatetimeIndex
) -> tuple[pd.DatetimeIndex, NDArray[np.bool_]]:
    """The instants that were meant, and which rows have another offset than the zone has there."""
    if not offsets[written].any():
        return instants, np.zeros(len(instants), dtype=np.bool_)
    true = zone_offsets(instants, str(expected.tz))
    wrong = written & (true != offsets)
    wall = instants + pd.to_timedelta(np.where(wrong, offsets, 0), unit="min")
    meant = wall - pd.to_timedelta(np.where(wrong, true, 0), unit="min")
    return pd.DatetimeIndex(meant), wrong


def _sequence_issues(profiles: TextTable, instants: pd.DatetimeIndex, expected: pd.DatetimeIndex) -> Iterator[Issue]:
    place = expected.get_indexer(instants)
    first = pd.Series(place).duplicated().to_numpy() & (place >= 0)
    yield from profiles.issues(first, "snapshot", "snapshot stands there twice", "Delete one of the two rows.")
    span = f"{expected[0].isoformat()} to {expected[-1].isoformat()}"
    fix = f"The horizon has the snapshots {span}; correct the row, or start, step_minutes and steps of the case."
    yield from profiles.issues(place < 0, "snapshot", "is not a snapshot of the horizon", fix)
    single = np.where(first | (place < 0), -1, place)
    late = (single >= 0) & (single < np.maximum.accumulate(single)) if len(single) else first
    yield from profiles.issues(late, "snapshot", "snapshot is out of order", "Sort the rows by time.")
    yield from _missing(profiles, place, expected)


def _missing(profiles: TextTable, place: Ints, expected: pd.DatetimeIndex) -> Iterator[Issue]:
    """Snapshots without a row, each blamed on the row before which it should stand."""
    absent = np.setdiff1d(np.arange(len(expected)), place)
    reached = np.maximum.accumulate(place) if len(place) else place
    after = np.searchsorted(reached, absent)
    last = int(profiles.rows[-1]) + 1 if len(profiles.rows) else 2
    rows = np.append(profiles.rows, last)[after]
    fix = "Insert a row for it; a profile has one row for every step."
    for step, row in zip(absent[:20], rows[:20], strict=True):
        text = expected[step].isoformat()
        yield Issue("snapshot is missing before this row", fix, profiles.file, int(row), "snapshot", text)
    if len(absent) > 20:
        yield Issue(f"{len(absent)} snapshots are missing in all", fix, profiles.file, 0, "snapshot")
