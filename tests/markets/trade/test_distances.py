"""Distances along the lines, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.io.folder import read_case
from gridpact.markets.trade.distances import distances, require_ways
from tests.districts import bus, district, interface, line, load

INF = np.inf


def at(case: Case, *buses: str) -> Case:
    """The case with microgrids named after their buses."""
    return case.with_rows("microgrids", {"microgrid": [f"m{name}" for name in buses], "bus": list(buses)})


@pytest.fixture(scope="module")
def feeder(project: Path) -> Case:
    """33 buses, every line 1 km; 18, 22, 25 and 33 are its ends, and the five ties are open."""
    return read_case(project / "src/gridpact/examples/ieee33-day/case")


def test_ends_of_the_feeder_with_33_buses(feeder: Case) -> None:
    """The ways from 18 and 33 meet at 6, from either of them and 25 at 3, from anywhere and 22 at 2."""
    found = distances(at(feeder, "18", "22", "25", "33"))
    assert found.operator.tolist() == [17.0, 5.0, 5.0, 13.0]
    assert found.pair.tolist() == [
        [0.0, 16.0 + 4.0, 15.0 + 3.0, 12.0 + 8.0],
        [20.0, 0.0, 4.0 + 1.0 + 3.0, 4.0 + 12.0],
        [18.0, 8.0, 0.0, 3.0 + 11.0],
        [20.0, 16.0, 14.0, 0.0],
    ]
    assert found.table[:-1, :-1].tolist() == found.pair.tolist()
    assert found.table[-1].tolist() == found.table[:, -1].tolist() == [17.0, 5.0, 5.0, 13.0, 0.0]


def test_a_closed_tie_is_a_way_and_a_line_out_of_service_is_none(feeder: Case) -> None:
    """With the tie between 18 and 33 closed they are 1 km apart; without the line 17-18 the tie is all 18 has."""
    closed = feeder.tables["switches"].assign(closed=feeder.tables["switches"]["switch"] == "tie-36")
    tied = at(feeder.with_table("switches", closed), "18", "33")
    assert distances(tied).pair[0, 1] == 1.0
    lines = feeder.tables["lines"]
    cut = tied.with_table("lines", lines.assign(in_service=lines["line"] != "17-18"))
    assert distances(cut).operator.tolist() == [13.0 + 1.0, 13.0]


def three_buses(**more: object) -> Case:
    """Parallel lines of 2, 5 and 6 km between 1 and 2, in either order, then a transformer to 3."""
    parts = {
        "buses": [bus("1"), bus("2"), bus("3", vn_kv=0.4)],
        "lines": [
            line("long", "1", "2", length_km=5.0),
            line("short", "2", "1", length_km=2.0),
            line("longer", "2", "1", length_km=6.0),
        ],
        "transformers": [{"transformer": "t", "from_bus": "2", "to_bus": "3", "r_ohm": 0.001, "x_ohm": 0.01}],
        "interfaces": [interface()],
        "loads": [load("3", 0.1)],
    }
    return district(**(parts | more))


def test_transformers_have_no_length_and_of_parallel_lines_the_shorter_counts() -> None:
    found = distances(at(three_buses(), "1", "2", "3"))
    assert found.pair.tolist() == [[0.0, 2.0, 2.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
    assert found.operator.tolist() == [0.0, 2.0, 2.0]


def test_the_nearest_interface_counts() -> None:
    case = three_buses(interfaces=[interface(), {**interface(), "interface": "other", "bus": "3"}])
    assert distances(at(case, "1", "2")).operator.tolist() == [0.0, 0.0]


def test_no_microgrids_and_one() -> None:
    case = three_buses()
    assert distances(case).table.tolist() == [[0.0]]
    assert distances(at(case, "2")).table.tolist() == [[0.0, 2.0], [2.0, 0.0]]


def test_where_no_way_leads_the_distance_is_infinite_and_who_has_no_interface_is_named() -> None:
    case = three_buses()
    case = at(case.with_table("transformers", case.tables["transformers"].assign(in_service=False)), "1", "2", "3")
    found = distances(case)
    assert found.pair[:, 2].tolist() == [INF, INF, 0.0] and found.operator.tolist() == [0.0, 2.0, INF]
    with pytest.raises(InputError) as caught:
        require_ways(case, found)
    messages = [issue.message for issue in caught.value.issues]
    assert messages == [
        "no line that carries current joins microgrid m3 and any interface",
    ]
    joined = at(three_buses(), "1", "2", "3")
    require_ways(joined, distances(joined))
