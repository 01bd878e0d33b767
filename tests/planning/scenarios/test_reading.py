"""Hours become days: the clock, summer time, gaps, several years, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import InputError
from gridpact.io.folder import read_case
from gridpact.planning.scenarios.days import Days, points_of
from gridpact.planning.scenarios.reading import read_days

BERLIN = "Europe/Berlin"


def hourly(start: str, stop: str, zone: str | None = BERLIN, freq: str = "h") -> pd.DataFrame:
    """One series whose value is the hour of the clock."""
    index = pd.date_range(start, stop, freq=freq, inclusive="left", tz=zone)
    return pd.DataFrame({"clock": index.hour.to_numpy(dtype=float)}, index=index)


def test_a_year_keeps_every_value(leap_year: pd.DataFrame) -> None:
    days = read_days(leap_year)
    assert days.values.shape == (366, 3, 24) and days.names == tuple(leap_year.columns)
    assert (days.dates[0], days.dates[59], days.dates[-1]) == ("2020-01-01", "2020-02-29", "2020-12-31")
    assert np.array_equal(days.values.transpose(0, 2, 1).reshape(8784, 3), leap_year.to_numpy())


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_days_of_the_change_have_24_hours_of_the_clock(day: str, hours: int) -> None:
    """Hour 2 is skipped in March, its value between those of hours 1 and 3; in October it is the mean of both."""
    table = hourly(day, str(pd.Timestamp(day) + pd.Timedelta(days=1)))
    assert len(table) == hours
    assert read_days(table).values.tolist() == [[list(range(24))]]


def test_an_hour_that_comes_twice_counts_by_its_mean() -> None:
    table = hourly("2024-10-27", "2024-10-28").assign(clock=0.0)
    table.iloc[2], table.iloc[3] = 1.0, 4.0
    assert read_days(table).values[0, 0, :4].tolist() == [0.0, 0.0, 2.5, 0.0]


def test_years_in_a_zone_with_summer_time_are_whole() -> None:
    days = read_days(hourly("2021-01-01", "2025-01-01"))
    assert days.count == 4 * 365 + 1
    assert np.array_equal(days.values, np.tile(np.arange(24.0), (days.count, 1, 1)))


def test_a_zone_that_skips_midnight() -> None:
    """Sao Paulo, 4 November 2018: the day begins at 01:00. The missing hour takes its neighbours' mean (23 and 1)."""
    days = read_days(hourly("2018-11-03", "2018-11-06", "America/Sao_Paulo"))
    assert days.dates == ("2018-11-03", "2018-11-04", "2018-11-05")
    assert days.values[1, 0].tolist() == [12.0, *range(1, 24)]


def test_a_day_that_the_calendar_skipped_is_none() -> None:
    """Samoa crossed the date line: there was no 30 December 2011."""
    days = read_days(hourly("2011-12-29", "2012-01-01", "Pacific/Apia"))
    assert days.dates == ("2011-12-29", "2011-12-31")


def test_quarters_of_an_hour_are_averaged() -> None:
    table = hourly("2024-03-31", "2024-04-01", freq="15min")
    table["clock"] += np.tile([0.0, 1.0, 2.0, 3.0], 23) / 4.0
    assert len(table) == 92
    assert np.allclose(read_days(table).values[0, 0], np.arange(24) + 0.375)


def test_incomplete_days_are_refused_by_name_or_dropped() -> None:
    table = hourly("2024-06-01", "2024-06-04").drop(pd.Timestamp("2024-06-02 05:00", tz=BERLIN))
    with pytest.raises(InputError, match="2024-06-02 has 23 steps, not 24"):
        read_days(table)
    assert read_days(table, incomplete="drop").dates == ("2024-06-01", "2024-06-03")


def test_a_horizon_that_begins_at_noon_loses_its_first_day() -> None:
    table = hourly("2024-06-01 12:00", "2024-06-03")
    assert read_days(table, incomplete="drop").dates == ("2024-06-02",)


def test_a_missing_hour_on_the_day_of_the_change_is_a_gap() -> None:
    """22 rows on a day of 23 hours must not pass for a change of the clock."""
    table = hourly("2024-03-30", "2024-04-01").drop(pd.Timestamp("2024-03-31 12:00", tz=BERLIN))
    with pytest.raises(InputError, match="2024-03-31 has 22 steps, not 23"):
        read_days(table)


def test_rows_without_times_and_mappings() -> None:
    values = np.arange(48.0)
    for source in ({"a": values}, pd.DataFrame({"a": values}), {"a": list(values)}):
        days = read_days(source)
        assert days.values.tolist() == values.reshape(2, 1, 24).tolist() and days.dates == ("1", "2")


def test_profiles_of_a_case(project: Any) -> None:
    case = read_case(project / "src/gridpact/examples/ieee33-day/case")
    days = read_days(case, ["renewables/pv-14/p_mw", "renewables/wind-11/p_mw"])
    assert days.dates == ("2020-07-15",)
    assert np.array_equal(days.values[0, 0], case.profiles["renewables/pv-14/p_mw"])


def test_days_pass_and_series_are_chosen() -> None:
    days = Days(np.arange(96.0).reshape(2, 2, 24), ("a", "b"), ("x", "y"))
    assert read_days(days) is days
    assert np.array_equal(read_days(days, ["b"]).values, days.values[:, 1:])


def broken(change: Callable[[pd.DataFrame], Any]) -> Any:
    return change(hourly("2024-06-01", "2024-06-03"))


BAD: dict[str, tuple[Callable[[pd.DataFrame], Any], str]] = {
    "a number missing": (lambda t: t.assign(clock=t["clock"].where(t["clock"] != 5.0)), "no finite numbers"),
    "infinite": (lambda t: t.replace(7.0, np.inf), "no finite numbers"),
    "too large": (lambda t: t.replace(7.0, 1e300), "no finite numbers"),
    "complex": (lambda t: t * 1j, "no finite numbers"),
    "times as values": (lambda t: t.assign(clock=t.index), "no finite numbers"),
    "a word": (lambda t: t.astype(object).replace(7.0, "seven"), "no finite numbers"),
    "a time twice": (lambda t: pd.concat([t.iloc[:5], t.iloc[4:]]), "comes twice"),
    "backwards": (lambda t: t.iloc[::-1], "earlier than the one before"),
    "two-hour steps": (lambda t: t.iloc[::2], "does not divide the hour"),
    "7-minute steps": (lambda t: t.asfreq("7min", method="ffill"), "does not divide the hour"),
    "no rows": (lambda t: t.iloc[:0], "no series"),
    "no columns": (lambda t: t[[]], "no series"),
    "25 hours without times": (lambda t: t.reset_index(drop=True).iloc[:25], "1 days and 1 hours"),
    "no table": (lambda t: t["clock"].to_numpy(), "no series"),
    "two names alike": (lambda t: pd.concat([t, t], axis=1), "two series have this name"),
    "a scalar": (lambda t: {"a": object()}, "no finite numbers"),
    "a time missing": (lambda t: t.set_axis(t.index[:-1].append(pd.DatetimeIndex([pd.NaT], tz=BERLIN))), "missing"),
    "half a day": (lambda t: t.iloc[:12], "has 12 steps"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_series_are_refused(name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        read_days(broken(change))
    assert all(issue.fix for issue in caught.value.issues)


def test_unknown_columns_and_words_are_refused() -> None:
    with pytest.raises(InputError, match="The series are: clock"):
        read_days(hourly("2024-06-01", "2024-06-02"), ["wind"])
    with pytest.raises(InputError, match="refuse or drop"):
        read_days(hourly("2024-06-01", "2024-06-02"), incomplete="guess")
    with pytest.raises(InputError, match="no day is complete"):
        read_days(hourly("2024-06-01 12:00", "2024-06-02"), incomplete="drop")


def test_times_without_zone_point_to_the_zone_where_an_hour_comes_twice() -> None:
    table = hourly("2024-10-27", "2024-10-28").tz_localize(None)
    with pytest.raises(InputError, match="time-zone aware"):
        read_days(table)


def test_points_by_hand() -> None:
    """Two days of two series: range scales 0..10 to 0..1, weight 4 doubles the distance, a constant counts nothing."""
    values = np.zeros((2, 2, 24))
    values[1, 0], values[:, 1] = 10.0, 3.0
    days = Days(values, ("a", "b"), ("1", "2"))
    distance = {
        how: float(((points[0] - points[1]) ** 2).sum())
        for how in ("range", "max", "deviation", "none")
        for points in [points_of(days, how, {"a": 4.0})]
    }
    assert distance == pytest.approx({"range": 96.0, "max": 96.0, "deviation": 24 * 4 * 4.0, "none": 9600.0})


@pytest.mark.parametrize(
    ("normalise", "importance", "message"),
    [
        ("area", {}, "normalisation"),
        ("range", {"z": 1.0}, "The series are: a"),
        ("range", {"a": -1.0}, "no weight"),
        ("range", {"a": np.nan}, "no weight"),
        ("range", {"a": "much"}, "no weight"),
        ("range", {"a": 0.0}, "any importance"),
    ],
)
def test_bad_scales_are_refused(normalise: str, importance: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        points_of(Days(np.ones((1, 1, 24)), ("a",), ("1",)), normalise, importance)


@pytest.mark.parametrize("values", [np.ones((1, 1, 23)), np.ones((2, 1, 24)), np.full((1, 1, 24), np.nan)])
def test_days_that_are_none_are_refused(values: Any) -> None:
    with pytest.raises(InputError, match="no days"):
        read_days(Days(values, ("a",), ("1",)))
