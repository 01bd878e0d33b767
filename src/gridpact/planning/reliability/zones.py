"""Zones: what hangs together without a device between, so that a fault takes all of it or nothing.

The zones of a radial network are a forest again, with one device between a zone and the one above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.network import components
from gridpact.planning.reliability.tree import Tree

CLEARING: Final = ("breaker", "recloser", "fuse")


@dataclass(frozen=True, eq=False)
class Zones:
    """``of`` is the zone of every node of the tree (-1: none). For each zone, shape (zones,):

    ``above`` the zone before it on the way from the source (itself at sources), ``device`` the row in ``protection``
    of the device between them (-1 at sources), ``hours`` until it is opened by hand, ``clears`` whether it clears.
    """

    of: Ints
    above: Ints
    device: Ints
    hours: Floats
    clears: NDArray[np.bool_]

    @property
    def count(self) -> int:
        return len(self.above)


def zones_of(case: Case, tree: Tree) -> Zones:
    """The zones, numbered from the sources outwards: each has a higher number than the one above it."""
    nodes = np.arange(len(tree.above))
    over = _device_over(case, tree)
    joined = (tree.above >= 0) & (over < 0)
    label = components(len(nodes), nodes[joined], tree.above[joined])
    names, first = np.unique(label[tree.order], return_index=True)
    rank = np.full(len(nodes), -1, dtype=np.int64)
    rank[names[np.argsort(first)]] = np.arange(len(names))
    zone = np.full(len(nodes), -1, dtype=np.int64)
    zone[tree.order] = rank[label[tree.order]]
    return _with_devices(case, tree, zone, over, len(names))


def _device_over(case: Case, tree: Tree) -> Ints:
    """Row of the device between each node and the one above it, -1 for none; shape (nodes,)."""
    over = np.full(len(tree.above), -1, dtype=np.int64)
    rows, line = np.arange(case.count("protection")), case.positions("protection", "line")
    at_to = (case.tables["protection"]["end"] == "to").to_numpy(dtype=np.int64)
    bus, branch = tree.ends[line, at_to], tree.buses + line
    lower = np.where(tree.above[branch] == bus, branch, bus)
    live = tree.live[line]
    over[lower[live]] = rows[live]
    return over


def _with_devices(case: Case, tree: Tree, zone: Ints, over: Ints, count: int) -> Zones:
    above, device = np.arange(count, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    below = np.flatnonzero(over >= 0)
    above[zone[below]], device[zone[below]] = zone[tree.above[below]], over[below]
    hours = np.append(case.column("protection", "switching_h"), np.inf)[device]
    clearing = case.tables["protection"]["kind"].isin(CLEARING).to_numpy(dtype=np.bool_)
    return Zones(zone, above, device, hours, np.append(clearing, False)[device])
