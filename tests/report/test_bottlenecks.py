"""What limits the network: sums and means of multipliers and loadings, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.report.bottlenecks import in_words, loadings, section, worth_of_limits
from gridpact.report.standing import standing_of
from gridpact.results.record import Record
from tests.report.synthetic import certificate, make_case, make_record


def with_limits(record: Record) -> Record:
    """A line bound for two steps (in the second at both ends), a bus for one, a generator for one; half hours."""
    at = record.case.snapshots
    rows = [
        (at[0], "lines/max_i_ka", "b0-b1", "from", 10.0, "EUR/h per kA"),
        (at[1], "lines/max_i_ka", "b0-b1", "from", 20.0, "EUR/h per kA"),
        (at[1], "lines/max_i_ka", "b0-b1", "to", 6.0, "EUR/h per kA"),
        (at[1], "buses/vm_min_pu", "<b5>", "", 200.0, "EUR/h per p.u."),
        (at[0], "generators/max_p_mw", "chp", "", 5.0, "EUR/h per MW"),
    ]
    columns = ["snapshot", "constraint", "component", "end", "multiplier", "unit"]
    return replace(record, tables={**record.tables, "limits": pd.DataFrame(rows, columns=columns)})


def test_worth_of_limits() -> None:
    worth = worth_of_limits(with_limits(make_record(make_case(6, 4, minutes=30.0))))
    assert worth["component"].tolist() == ["<b5>", "b0-b1", "chp"]
    np.testing.assert_allclose(worth["hours"], [0.5, 1.0, 0.5])
    np.testing.assert_allclose(worth["mean"], [200.0, 18.0, 5.0])  # 18: mean of 10 and 20 + 6
    np.testing.assert_allclose(worth["largest"], [200.0, 26.0, 5.0])
    np.testing.assert_allclose(worth["worth"], [100.0, 18.0, 2.5])


def test_limits_are_named_in_the_words_of_the_schema() -> None:
    assert in_words("lines/max_i_ka") == "lines: highest permitted current at either end"
    assert in_words("something/else") == "something/else"


def test_loadings() -> None:
    record = make_record(make_case(3, 4, minutes=15.0))
    values = [[50.0, 95.0, 91.0, 20.0], [np.nan] * 4]
    branches = record.tables["branches"].assign(loading_percent=np.array(values).T.ravel())
    found = loadings(replace(record, tables={**record.tables, "branches": branches}))
    assert found["branch"].tolist() == ["b0-b1"]  # the other has no limit
    assert found.loc[0, ["highest", "mean", "hours"]].tolist() == [95.0, 64.0, 0.5]
    assert found.loc[0, "when"] == record.case.snapshots[1]


def test_names_are_harmless_and_worth_is_struck_out_without_a_certificate() -> None:
    record = with_limits(make_record(document=certificate(failed=("cone_gap",))))
    html = section(record, standing_of(record))
    assert "&lt;b5&gt;" in html and "<b5>" not in html
    assert '<s class="void" title="not certified">200</s>' in html


def test_without_limits_and_loadings_there_is_no_section() -> None:
    record = make_record()
    bare = replace(record, tables={"electricity_prices": record.tables["electricity_prices"]})
    assert section(bare, standing_of(bare)) == ""
    assert worth_of_limits(bare).empty


@pytest.mark.parametrize("count", [3, 20])
def test_long_tables_name_what_they_leave_out(count: int) -> None:
    record = make_record()
    rows = {"snapshot": record.case.snapshots[0], "constraint": "buses/vm_max_pu", "end": "", "unit": "EUR/h per p.u."}
    limits = pd.DataFrame({"component": [f"b{k}" for k in range(count)], "multiplier": np.arange(count) + 1.0, **rows})
    html = section(replace(record, tables={**record.tables, "limits": limits}), standing_of(record))
    assert ("more are in the table limits" in html) == (count > 8)
    assert html.count("buses: highest permitted voltage magnitude") == min(count, 8)
