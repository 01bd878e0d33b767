"""What a case says about reliability survives being written, and a case that says nothing stays as it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gridpact import examples
from gridpact.case.case import Case
from gridpact.case.text import tables_to_write
from gridpact.io.folder import read_case, write_case
from gridpact.planning.reliability.indices import reliability

NEW = {
    "lines": {"failures_per_km_year", "repair_h"},
    "transformers": {"failures_per_year", "repair_h"},
    "loads": {"customers", "transformer_failures_per_year", "transformer_repair_h"},
    "switches": {"switching_h", "transfer_mw"},
    "generators": {"islanding"},
    "storages": {"islanding"},
}


@pytest.fixture(scope="module")
def case(project: Path) -> Case:
    return read_case(project / "tests/cases/bad/reliability")


@pytest.mark.parametrize("place", ["folder", "book.xlsx"])
def test_a_written_case_has_the_same_reliability(case: Case, tmp_path: Path, place: str) -> None:
    write_case(case, tmp_path / place)
    again = read_case(tmp_path / place)
    for name in ("protection", *NEW):
        pd.testing.assert_frame_equal(again.tables[name], case.tables[name])
    one, other = reliability(case), reliability(again)
    for name, table in one.items():
        if name != "reliability_system":  # its first column is the name of the case
            pd.testing.assert_frame_equal(other[name], table)


@pytest.mark.parametrize("name", ["ieee33-day", "oberrhein-day"])
def test_a_case_without_failures_is_written_without_their_columns(name: str) -> None:
    written = tables_to_write(read_case(examples.path(name) / "case"))
    assert "protection" not in written
    assert [table for table, columns in NEW.items() if table in written and columns & set(written[table])] == []


def test_the_small_case_is_as_counted(case: Case) -> None:
    """The open point brings the farm back 1 h after faults of the lines, when the fuse of L2 can be opened, too.

    L1 fails 0.2 times a year and takes the town for 5 h; L2 0.3 times and trips the head: the town is back when the
    sectionaliser of L2 is open, after 0.5 h. The transformer, 0.015 times, blows the fuse and takes the farm for 200 h.
    The battery's 0.76 MWh would have to last 5 h, and feed nobody.
    """
    loads = reliability(case)["reliability_loads"].set_index("load")
    assert loads.loc["town", "failures_per_year"] == pytest.approx(0.2 + 0.3 + 0.02)
    assert loads.loc["town", "hours_per_year"] == pytest.approx(0.2 * 5.0 + 0.3 * 0.5 + 0.02 * 10.0)
    assert loads.loc["farm", "failures_per_year"] == pytest.approx(0.2 + 0.3 + 0.015)
    assert loads.loc["farm", "hours_per_year"] == pytest.approx(0.2 * 1.0 + 0.3 * 1.0 + 0.015 * 200.0)
