"""Which buses hang together."""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case, Ints
from gridpact.case.schema import SCHEMA


def island_labels(case: Case) -> Ints:
    """For each bus the number of the first bus of its island, through branches that carry current; shape (buses,)."""
    carrying = case.branches_in_service()
    start, end = (
        np.concatenate([case.positions("lines", side), case.positions("transformers", side)])[carrying]
        for side in ("from_bus", "to_bus")
    )
    return components(case.count("buses"), start, end)


def district_labels(case: Case) -> Ints:
    """For each bus the number of the first bus that it hangs together with, by branches or by heat; shape (buses,)."""
    return bus_and_heat_labels(case)[0]


def bus_and_heat_labels(case: Case) -> tuple[Ints, Ints]:
    """The same for buses and for heat networks; a heat network without any bus is numbered after all buses."""
    buses = case.count("buses")
    edges = [(np.arange(buses, dtype=np.int64), island_labels(case))]
    network = case.positions("heat_nodes", "heat_network")
    for name in _between_bus_and_node():
        bus, node = case.positions(name, "bus"), case.positions(name, "node")
        edges.append((bus[bus >= 0], buses + network[node[bus >= 0]]))  # a station may do without a bus
    start, end = (np.concatenate(ends) for ends in zip(*edges, strict=True))
    labels = components(buses + case.count("heat_networks"), start, end)
    return labels[:buses], labels[buses:]


def _between_bus_and_node() -> list[str]:
    """Tables of what takes or gives power at a bus and heat at a node."""
    return [name for name, table in SCHEMA.items() if {"bus", "node"} <= {column.name for column in table.columns[1:]}]


def components(count: int, start: Ints, end: Ints) -> Ints:
    """For each of ``count`` nodes the least node it hangs together with through the edges; shape (count,).

    Labels are lowered to the least label next to them, and then followed to their own label, until nothing
    changes; a few rounds even for long feeders.
    """
    labels = np.arange(count, dtype=np.int64)
    while True:
        least = np.minimum(labels[start], labels[end])
        lower = labels.copy()
        np.minimum.at(lower, labels[start], least)
        np.minimum.at(lower, labels[end], least)
        lower = lower[lower]
        if np.array_equal(lower, labels):
            return labels
        labels = lower
