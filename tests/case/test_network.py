"""Which buses hang together, against another algorithm."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.case.network import island_labels
from gridpact.case.schema import SCHEMA


def network(n: int, ends: list[tuple[int, int]], carrying: list[bool], transformers: int = 0) -> Case:
    """Buses and branches, the last of them transformers; lines that carry nothing have an open switch."""
    ends, links = ends[: len(ends) - transformers], ends[len(ends) - transformers :]
    carrying, linked = carrying[: len(ends)], carrying[len(ends) :]
    tables = {name: pd.DataFrame({column.name: [] for column in SCHEMA[name].columns}) for name in SCHEMA}
    tables["buses"] = pd.DataFrame({"bus": [str(bus) for bus in range(n)]})
    tables["lines"] = pd.DataFrame({"line": [str(line) for line in range(len(ends))], "in_service": [True] * len(ends)})
    tables["lines"]["from_bus"] = [str(start) for start, _ in ends]
    tables["lines"]["to_bus"] = [str(end) for _, end in ends]
    tables["switches"] = pd.DataFrame(
        {"switch": tables["lines"]["line"], "line": tables["lines"]["line"], "closed": np.array(carrying, dtype=bool)}
    )
    tables["transformers"] = pd.DataFrame(
        {
            "transformer": [f"T{number}" for number in range(len(links))],
            "from_bus": [str(start) for start, _ in links],
            "to_bus": [str(end) for _, end in links],
            "in_service": np.array(linked, dtype=bool),
        }
    )
    return Case("", "", "UTC", pd.Timestamp(0, tz="UTC"), 60.0, 1, tables, pd.DataFrame())


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[bool]]:
    n = draw(st.integers(1, 12))
    bus = st.integers(0, n - 1)
    ends = draw(st.lists(st.tuples(bus, bus), max_size=14))
    return n, ends, draw(st.lists(st.booleans(), min_size=len(ends), max_size=len(ends)))


@given(networks(), st.integers(0, 14))
def test_islands_are_the_connected_components(
    made: tuple[int, list[tuple[int, int]], list[bool]], transformers: int
) -> None:
    n, ends, carrying = made
    kept = np.array(ends, dtype=int).reshape(-1, 2)[np.array(carrying, dtype=bool)]
    graph = sp.coo_array((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(n, n))
    _, components = connected_components(graph, directed=False)
    labels = island_labels(network(n, ends, carrying, min(transformers, len(ends))))
    first = [int(np.flatnonzero(components == component)[0]) for component in components]
    assert labels.tolist() == first  # each bus bears the number of the first bus of its component


def test_a_long_feeder_in_the_worst_order_is_one_island() -> None:
    n = 3000
    ends = [(bus, bus + 1) for bus in reversed(range(n - 1))]
    assert set(island_labels(network(n, ends, [True] * (n - 1)))) == {0}
