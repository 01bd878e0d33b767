"""Cases as text: what is said of many mistakes, and what is written of a case."""

import numpy as np
import pandas as pd
import pytest

from gridpact.case.horizon import MOST_VALUES
from gridpact.case.text import MOST_ISSUES, bounded, near, shortened, tables_to_write, text_table
from gridpact.errors import InputError, Issue
from tests.districts import bus, district, interface, load


def test_long_lists_of_issues_end_with_their_number() -> None:
    issues = [Issue(f"mistake {number}", "Correct it.") for number in range(MOST_ISSUES + 234)]
    assert bounded(issues[:MOST_ISSUES]) == issues[:MOST_ISSUES]
    assert bounded(issues)[:-1] == issues[:MOST_ISSUES]
    assert bounded(issues)[-1].message == "there are 234 more mistakes"


def test_long_values_are_quoted_in_part() -> None:
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 200 + "..."
    table = text_table("loads.csv", pd.DataFrame({"p_mw": ["1", "7" * 5000]}))
    (issue,) = table.issues([False, True], "p_mw", "is wrong", lambda value: f"{len(value)}")
    assert (issue.row, issue.value, issue.fix) == (3, "7" * 200 + "...", "203")


def test_near_misses_are_sought_among_few_short_names_only() -> None:
    assert near("loafs", ["loads", "lines"]) == " Did you mean 'loads'?"
    assert near("loafs", ["loads"] + [str(number) for number in range(999)]) == " Did you mean 'loads'?"
    assert near("loafs", ["loads"] + [str(number) for number in range(1000)]) == ""
    assert near("x" * 100, ["x" * 101, "x" * 99]) == f" Did you mean '{'x' * 99}'?"
    assert near("x" * 101, ["x" * 100]) == ""


def test_defaults_and_empty_tables_are_not_written() -> None:
    case = district(
        buses=[bus("1")], interfaces=[interface(max_import_mw=np.nan, sell_ratio=1.0)], loads=[load("1", 2.0)]
    )
    written = tables_to_write(case)
    assert list(written) == ["buses", "interfaces", "loads"]
    assert list(written["interfaces"]) == ["interface", "bus", "vm_pu", "price_per_mwh"]
    assert written["loads"].to_numpy().tolist() == [["load-1", "1", "2.0"]]


def test_profiles_are_written_with_their_times() -> None:
    profiles = {"loads/load-1/p_mw": [0.1, 1 / 3]}
    case = district(profiles, buses=[bus("1")], interfaces=[interface()], loads=[load("1", 2.0)], steps=2)
    assert tables_to_write(case)["profiles"].to_numpy().tolist() == [
        ["2030-01-01T00:00:00+00:00", "0.1"],
        ["2030-01-01T01:00:00+00:00", "0.3333333333333333"],
    ]


def test_a_table_may_have_as_many_values_as_are_kept_at_once() -> None:
    rows, steps = 1000, MOST_VALUES // 1000
    parts = {"buses": [bus("1")], "interfaces": [interface()], "step_minutes": 15}
    loads = [{"load": str(number), "bus": "1", "p_mw": 0.0} for number in range(rows)]
    assert district(loads=loads, steps=steps, **parts).steps == steps
    with pytest.raises(InputError, match=f"too many steps for a table of {rows} rows .*at most {steps} steps"):
        district(loads=loads, steps=steps + 1, **parts)
