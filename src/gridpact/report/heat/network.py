"""The heat network of a run as a report needs it: pipes as a graph, stations, units at their nodes, limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.case import Case
from gridpact.case.heat import components, pumps_the_rest
from gridpact.case.schema import SCHEMA
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.layout import Flags, Ints, Layout, arranged
from gridpact.results.record import Record

# Units that make heat, in the order of their tables, and what a reader calls them.
UNITS = {
    "chp": "combined heat and power",
    "electric_boiler": "electric boiler",
    "heat_pump": "heat pump",
    "gas_boiler": "gas boiler",
}
COUPLERS = ("chp", "electric_boiler", "heat_pump")


def has_heat(record: Record) -> bool:
    """Whether the run priced heat."""
    return "heat_prices" in record.tables and len(record.tables["heat_prices"]) > 0


def pipe_ends(case: Case) -> Ints:
    """Row numbers of the nodes at the ends of all pipes, shape (pipes, 2)."""
    return np.column_stack([case.positions("pipes", side) for side in ("from_node", "to_node")])


def pipes_there(case: Case) -> Flags:
    """Which pipes water may flow through, shape (pipes,)."""
    return case.flags("pipes", "in_service")


def references(case: Case) -> list[int]:
    """The nodes of the stations that pump what is left, one of each network."""
    return list(dict.fromkeys(case.positions("heat_sources", "node")[pumps_the_rest(case)].tolist()))


def stations(case: Case) -> list[int]:
    """The nodes with a station, the references first."""
    return list(dict.fromkeys([*references(case), *case.positions("heat_sources", "node").tolist()]))


def heat_layout(case: Case) -> Layout:
    """Coordinates of the nodes if all have some, else a tree from the reference station of each network."""
    x, y = case.column("heat_nodes", "x"), case.column("heat_nodes", "y")
    return arranged(x, y, pipe_ends(case), pipes_there(case), references(case))


def units(case: Case) -> Iterator[tuple[str, int, str]]:
    """Kind, row and name of every unit that makes heat."""
    for kind in UNITS:
        for row, name in enumerate(case.ids(f"{kind}s")):
            yield kind, row, name


def units_by_node(case: Case, tanks: bool = True) -> dict[int, list[str]]:
    """Names of the units, and of the tanks, at each node that has some."""
    found: dict[int, list[str]] = {}
    for kind in (*UNITS, *(["heat_storage"] if tanks else [])):
        for name, node in zip(case.ids(f"{kind}s"), case.positions(f"{kind}s", "node").tolist(), strict=True):
            found.setdefault(node, []).append(name)
    return found


def at_station(case: Case, kind: str) -> Flags:
    """Which units of a kind stand at the node of a station, and so feed the supply side."""
    flags: Flags = np.isin(case.positions(f"{kind}s", "node"), case.positions("heat_sources", "node"))
    return flags


def of_kind(record: Record, kind: str, column: str) -> Floats:
    """A column of the dispatch for all devices of a kind, shape (devices, steps)."""
    dispatch = record.tables["dispatch"]
    return over_time(record.case, dispatch[dispatch["kind"] == kind], column)


def price_of_heat(record: Record, kind: str) -> Floats:
    """What each unit of a kind is paid for its heat, per MWh, shape (units, steps)."""
    case, nodes = record.case, record.case.positions(f"{kind}s", "node")
    given, drawn = (
        over_time(case, record.tables["heat_prices"], column)[nodes]
        for column in ("source_price_per_mwh", "price_per_mwh")
    )
    return np.where(at_station(case, kind)[:, None], given, drawn)


def price_of_power(record: Record, kind: str, column: str = "price_per_mwh") -> Floats:
    """The price of electricity at the bus of each unit of a kind, shape (units, steps)."""
    prices = over_time(record.case, record.tables["electricity_prices"], column)
    return prices[record.case.positions(f"{kind}s", "bus")]


def network_of(case: Case) -> Ints:
    """The reference node of each node's network, -1 where it has none; shape (heat_nodes,)."""
    labels, own = components(case), np.full(case.count("heat_nodes"), -1, dtype=np.int64)
    for node in references(case):
        own[labels == labels[node]] = node
    return own


def asked(case: Case, limit: str) -> Floats:
    """A limit on temperatures that somebody has set, degC, (heat_nodes,); NaN where it is only that of liquid water."""
    values = case.column("heat_nodes", limit)
    return np.where(values == SCHEMA["heat_nodes"].column(limit).default, np.nan, values)
