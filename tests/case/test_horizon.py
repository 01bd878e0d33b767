"""Time: days of 23 and 25 hours, other steps, and snapshots that are not those of the horizon."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.case.horizon import MOST_STEPS, YEARS, parse_times, snapshot_issues, zone_offsets
from gridpact.case.text import MOST_ROWS, TextCase, TextTable, header_text, text_table
from gridpact.case.validate import check
from gridpact.errors import Issue

BUSES = text_table(
    "buses.csv", pd.DataFrame({"bus": ["a"], "vn_kv": ["20"], "vm_min_pu": ["0.9"], "vm_max_pu": ["1.1"]})
)
GRID = text_table(
    "interfaces.csv", pd.DataFrame({"interface": ["g"], "bus": ["a"], "vm_pu": ["1"], "price_per_mwh": ["5"]})
)
CHANGE_DAYS = {
    "spring": ("2024-03-31", "+01:00", 23),
    "autumn": ("2024-10-27", "+02:00", 25),
    "plain": ("2024-06-01", "+02:00", 24),
}


def profiles(times: list[str]) -> TextTable:
    values = [str(number) for number in range(len(times))]
    return text_table("profiles.csv", pd.DataFrame({"snapshot": times, "interfaces/g/price_per_mwh": values}))


def checked(times: list[str] | None, **header: str) -> tuple[object, list[Issue]]:
    values = {"name": "n", "timezone": "Europe/Berlin", "step_minutes": "60"} | header
    table = None if times is None else profiles(times)
    return check(TextCase(header_text("case.toml", values), {"buses": BUSES, "interfaces": GRID}, table))


def local_day(day: str, step_minutes: float = 60.0) -> list[str]:
    """All starts of steps of a day in Berlin, found by asking the calendar of the standard library for each one."""
    berlin, step = ZoneInfo("Europe/Berlin"), timedelta(minutes=step_minutes)
    first = datetime.fromisoformat(day).replace(tzinfo=berlin).astimezone(UTC)
    last = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=berlin).astimezone(UTC)
    count = (last - first) // step
    return [(first + number * step).astimezone(berlin).isoformat() for number in range(count)]


@pytest.mark.parametrize("kind", CHANGE_DAYS)
@pytest.mark.parametrize("step_minutes", [60, 15, 7.5])
def test_days_have_23_24_and_25_hours(kind: str, step_minutes: float) -> None:
    day, offset, hours = CHANGE_DAYS[kind]
    times = local_day(day, step_minutes)
    assert len(times) == hours * 60 / step_minutes
    case, issues = checked(
        times, start=f"{day}T00:00:00{offset}", steps=str(len(times)), step_minutes=str(step_minutes)
    )
    assert issues == []
    assert case.snapshots[-1].isoformat() == times[-1]  # type: ignore[attr-defined]
    assert case.series("interfaces", "price_per_mwh").tolist() == [list(range(len(times)))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "last"), [("spring", "2024-04-01T00:00:00+02:00"), ("autumn", "2024-10-27T23:00:00+01:00")]
)
def test_a_day_of_24_hours_does_not_fit_a_change_day(kind: str, last: str) -> None:
    """24 steps from midnight run into the next day in spring, and end an hour early in autumn."""
    day, offset, hours = CHANGE_DAYS[kind]
    _, issues = checked(local_day(day), start=f"{day}T00:00:00{offset}", steps="24")
    assert [(issue.row, issue.value) for issue in issues] == [(25 if hours == 23 else 26, last)]


def test_repeated_hour_of_autumn_needs_both_offsets() -> None:
    day, offset, _ = CHANGE_DAYS["autumn"]
    times = [time.replace("T02:00:00+01:00", "T02:00:00+02:00") for time in local_day(day)]
    _, issues = checked(times, start=f"{day}T00:00:00{offset}", steps="25")
    assert [(issue.row, issue.message, issue.value) for issue in issues] == [
        (5, "snapshot stands there twice", "2024-10-27T02:00:00+02:00"),
        (6, "snapshot is missing before this row", "2024-10-27T02:00:00+01:00"),
    ]


def test_winter_time_all_summer_is_named_row_by_row() -> None:
    times = [time.replace("+02:00", "+01:00") for time in local_day("2024-06-01")[:5]]
    _, issues = checked(times, start="2024-06-01T00:00:00+02:00", steps="5")
    assert [(issue.row, issue.message) for issue in issues] == [
        (row, "offset is not that of Europe/Berlin at this time") for row in range(2, 7)
    ]


def test_naive_times_throughout_are_one_kind_of_mistake() -> None:
    times = [time[:19] for time in local_day("2024-10-27")]
    _, issues = checked(times, start="2024-10-27T00:00:00+02:00", steps="25")
    assert {issue.message.split(" (")[0] for issue in issues} == {"time has no offset from UTC"}
    assert len(issues) == MOST_ROWS


def test_profile_without_rows_misses_every_snapshot() -> None:
    _, issues = checked([], start="2024-06-01T00:00:00+02:00", steps="30")
    assert [issue.row for issue in issues] == [2] * MOST_ROWS + [0]
    assert issues[-1].message == "30 snapshots are missing in all"


def test_longest_and_farthest_horizon_can_be_built() -> None:
    start = datetime(YEARS[1] - 1, 12, 31, tzinfo=UTC).isoformat()
    case, issues = checked(None, timezone="UTC", start=start, steps=str(MOST_STEPS), step_minutes="31.5")
    assert issues == []
    assert len(case.snapshots) == MOST_STEPS  # type: ignore[attr-defined]


instants = st.datetimes(datetime(1980, 1, 1), datetime(2030, 1, 1), timezones=st.timezones())


@given(st.lists(instants, min_size=1, max_size=5))
def test_times_are_read_as_the_standard_library_reads_them(moments: list[datetime]) -> None:
    texts = [moment.isoformat() for moment in moments]
    utc, naive, offsets = parse_times(texts)
    assert not naive.any()
    assert [time.to_pydatetime() for time in utc] == [moment.astimezone(UTC) for moment in moments]
    assert offsets.tolist() == [moment.utcoffset() // timedelta(minutes=1) for moment in moments]  # type: ignore[operator]


@given(instants)
def test_offsets_of_berlin_are_those_of_the_standard_library(moment: datetime) -> None:
    expected = moment.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()
    found = zone_offsets(pd.DatetimeIndex([pd.Timestamp(moment).tz_convert("UTC")]), "Europe/Berlin")
    assert timedelta(minutes=int(found[0])) == expected


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "",
        "nan",
        "2024",
        "2024-06-01",
        "01.06.2024 00:00",
        "2024-06-01T25:00Z",
        "2024-06-01T00:00+1",
        "2024-06-01T00:00 CET",
        "20240601T0000Z",
    ],
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert parse_times([text])[0].isna().all()


def expected_issues(places: list[int], steps: int) -> set[int]:
    """Steps that have no row, by counting."""
    return set(range(steps)) - set(places)


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 8))
def test_any_sequence_other_than_the_horizon_is_refused(places: list[int], steps: int) -> None:
    """Rows are any hours in any order; only the hours of the horizon in their order pass, and gaps are all named."""
    hours = pd.date_range("2024-03-31", periods=10, freq="h", tz="Europe/Berlin")
    found = list(snapshot_issues(profiles([hours[place].isoformat() for place in places]), hours[:steps]))
    assert (found == []) == (places == list(range(steps)))
    missing = {issue.value for issue in found if "missing" in issue.message}
    assert missing == {hours[step].isoformat() for step in expected_issues(places, steps)}
    twice = [issue.row for issue in found if "twice" in issue.message]
    inside = [place if place < steps else -1 - row for row, place in enumerate(places)]
    assert twice == (np.flatnonzero(pd.Series(inside, dtype=int).duplicated()) + 2).tolist()
