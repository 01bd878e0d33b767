"""Rules about heat networks: pipes, whether all hangs together, and what stands at which node."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.dead_parts import dead_parts
from gridpact.case.draft import Draft
from gridpact.case.heat import components, pipe_ends
from gridpact.case.planning_heat_tables import HEAT_CANDIDATES
from gridpact.errors import Issue

Bools = NDArray[np.bool_]

DEVICES = ("chps", "electric_boilers", "heat_pumps", "gas_boilers", "heat_storages")
PRODUCERS = DEVICES[:-1]
CANDIDATES = tuple(table.name for table in HEAT_CANDIDATES)
PLACES = (
    ("heat_nodes", "heat_network"),
    ("pipes", "from_node"),
    ("pipes", "to_node"),
    ("heat_sources", "node"),
    ("heat_loads", "node"),
)


def places_known(draft: Draft) -> bool:
    """Whether it is known which node every pipe, station and consumer means."""
    return draft.own_names("heat_nodes") and all(draft.all_known(table, column) for table, column in PLACES)


def at_nodes(case: Case, *tables: str) -> Bools:
    """At which nodes something of some tables stands; shape (heat_nodes,)."""
    there = np.concatenate([case.positions(table, "node") for table in tables])
    return np.isin(np.arange(case.count("heat_nodes")), there)


def pipe_from_itself(draft: Draft) -> Iterator[Issue]:
    """Pipes from a node to itself."""
    start, end = draft.case.positions("pipes", "from_node"), draft.case.positions("pipes", "to_node")
    loop = (start == end) & (start >= 0)
    yield from draft.rows("pipes", loop, "to_node", "pipe ends where it begins", "Correct from_node or to_node.")


def pipe_between_networks(draft: Draft) -> Iterator[Issue]:
    """Pipes between nodes of different networks."""
    network = draft.case.positions("heat_nodes", "heat_network").astype(np.float64)
    network[network < 0] = np.nan
    start, end = (draft.referred("pipes", side, network) for side in ("from_node", "to_node"))
    wrong = (start != end) & ~np.isnan(start) & ~np.isnan(end)
    message = "pipe joins nodes of different heat networks"
    yield from draft.rows("pipes", wrong, "to_node", message, "Correct its ends, or heat_network of the nodes.")


def heated(draft: Draft) -> Iterator[Issue]:
    """Nodes that no station reaches through pipes in service, and stations of a network that nothing heats."""
    if not places_known(draft):
        return
    case, labels = draft.case, components(draft.case)
    # Labels are the number of the component's first node, which stands for all of it.
    first = _cut_off(case) & (labels == np.arange(len(labels)))
    message = "node and those connected with it are cut off from every station (heat_sources)"
    fix = "Connect them with pipes in service, or give them a station; delete the node if nothing belongs to it."
    yield from draft.rows("heat_nodes", first, "node", message, fix)
    if all(draft.all_known(table, "node") for table in PRODUCERS):
        warm = np.isin(labels, labels[at_nodes(case, *PRODUCERS)])[case.positions("heat_sources", "node")]
        message = "nothing heats the water: there is no plant, boiler or heat pump in all of its network"
        fix = "Put one at the node of the station."
        yield from draft.rows("heat_sources", ~warm & ~_same_component(case), "node", message, fix)


def _cut_off(case: Case) -> Bools:
    """Which nodes no station reaches; shape (heat_nodes,)."""
    labels = components(case)
    return ~np.isin(labels, labels[at_nodes(case, "heat_sources")])


def _same_component(case: Case) -> Bools:
    """Which stations have another one before them in their component; shape (heat_sources,)."""
    label = components(case)[case.positions("heat_sources", "node")]
    first = np.full(case.count("heat_nodes"), len(label), dtype=np.int64)
    np.minimum.at(first, label, np.arange(len(label)))
    return np.asarray(first[label] < np.arange(len(label)), dtype=np.bool_)


def one_station_each(draft: Draft) -> Iterator[Issue]:
    """Two stations at one node, whose heat could not be told apart."""
    frame = draft.case.tables["heat_sources"]
    known = draft.case.positions("heat_sources", "node") >= 0
    doubled = frame["node"].duplicated().to_numpy() & known
    message, fix = "another station stands at the same node", "Make it one station, or move it to a node of its own."
    yield from draft.rows("heat_sources", doubled, "node", message, fix)


def dead_water(draft: Draft) -> Iterator[Issue]:
    """Nodes through which no water flows, because neither a consumer nor a station lies beyond them."""
    if not places_known(draft):
        return
    case = draft.case
    used, labels = at_nodes(case, "heat_sources", "heat_loads"), components(case)
    stations = case.positions("heat_sources", "node")
    roots = stations[np.unique(labels[stations], return_index=True)[1]]
    dead = [node for root in roots.tolist() for node in dead_parts(len(used), *pipe_ends(case), root, used)[0]]
    message = "no water flows through the node: neither a consumer nor a station is there or lies beyond it"
    fix = "Take its pipes out of the case with it, or add the consumer."
    yield from draft.rows("heat_nodes", np.isin(np.arange(len(used)), dead), "node", message, fix)


def device_places(draft: Draft) -> Iterator[Issue]:
    """Devices at bare junctions, where there is no water to be heated: none is lifted, and none is drawn."""
    if not places_known(draft):
        return
    bare = (~at_nodes(draft.case, "heat_sources", "heat_loads") & ~_cut_off(draft.case)).astype(np.float64)
    for table in (*DEVICES, *CANDIDATES):
        wrong = draft.referred(table, "node", bare) == 1.0
        message = "device stands at a node with neither a station nor a consumer, where it could not heat any water"
        fix = "Add a station at the node (heat_sources), or move the device to a node that has one."
        yield from draft.rows(table, wrong, "node", message, fix)
