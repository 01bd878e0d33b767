"""The radial network of a case: every bus and every branch a node of a forest, rooted at the interfaces.

A branch is a node of its own between its two buses, so that a device at one of its ends stands between two nodes.
Nodes are numbered: the buses, then the lines, then the transformers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from gridpact.case.case import Case, Ints
from gridpact.case.network import components
from gridpact.errors import InputError, Issue

NAMED = 5
"""So many of what is wrong are named."""


@dataclass(frozen=True, eq=False)
class Tree:
    """``ends`` has the buses of every branch, shape (branches, 2); ``live`` which of them carry current.

    ``above`` is the node before each node on the way from its source, -1 at sources and at branches without
    current; ``order`` the nodes with a source, each after the one above it.
    """

    buses: int
    ends: Ints
    live: NDArray[np.bool_]
    above: Ints
    order: Ints


def tree_of(case: Case) -> Tree:
    """The forest of a case. Raises InputError where the network is meshed or a bus has no interface or several."""
    buses, live = case.count("buses"), case.branches_in_service()
    ends = np.concatenate([_ends(case, "lines"), _ends(case, "transformers")])
    sources = np.unique(case.positions("interfaces", "bus"))
    _require_radial(case, ends, live, sources)
    above, order = _rooted(buses, ends, live, sources)
    return Tree(buses, ends, live, above, order)


def _ends(case: Case, table: str) -> Ints:
    return np.stack([case.positions(table, "from_bus"), case.positions(table, "to_bus")], axis=1)


def _rooted(buses: int, ends: Ints, live: NDArray[np.bool_], sources: Ints) -> tuple[Ints, Ints]:
    """What is above each node, and the order from the sources; an auxiliary last node joins the sources."""
    nodes = buses + len(ends)
    branch = buses + np.flatnonzero(live)
    start = np.concatenate([ends[live, 0], ends[live, 1], np.full(len(sources), nodes)])
    end = np.concatenate([branch, branch, sources])
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(nodes + 1, nodes + 1)).tocsr()
    order, above = breadth_first_order(graph, nodes, directed=False)
    above = np.where((above == nodes) | (above < 0), -1, above)[:nodes]
    return above.astype(np.int64), order[1:].astype(np.int64)


def _require_radial(case: Case, ends: Ints, live: NDArray[np.bool_], sources: Ints) -> None:
    label = components(case.count("buses"), ends[live, 0], ends[live, 1])
    fed, count = np.unique(label[sources], return_counts=True)
    issues = [*_loops(case, ends, live, label), *_fed_once(case, label, fed, count)]
    if issues:
        raise InputError(issues)


def _loops(case: Case, ends: Ints, live: NDArray[np.bool_], label: Ints) -> list[Issue]:
    if int(live.sum()) == len(label) - len(np.unique(label)):
        return []
    names = np.array(case.branch_ids())[_in_loops(len(label), ends, live)]
    fix = "Open a switch in every loop: faults are followed through radial networks."
    more = "" if len(names) <= NAMED else f" and {len(names) - NAMED} more"
    return [Issue(f"network is meshed, around {', '.join(names[:NAMED])}{more}", fix, "lines")]


def _in_loops(buses: int, ends: Ints, live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Branches of loops and between loops: what is left when loose ends are taken away again and again."""
    left = live.copy()
    while True:
        degree = np.bincount(ends[left].ravel(), minlength=buses)
        kept = left & (degree[ends] > 1).all(axis=1)
        if np.array_equal(kept, left):
            return left
        left = kept


def _fed_once(case: Case, label: Ints, fed: Ints, count: Ints) -> list[Issue]:
    names, first = np.array(case.ids("buses")), label == np.arange(len(label))
    unfed, twice = names[first & ~np.isin(label, fed)], names[fed[count > 1]]
    fix = "Connect it with an interface: supply comes from there alone."
    issues = [
        Issue("bus and those connected with it have no interface", fix, "buses", value=name) for name in unfed.tolist()
    ]
    fix = "Open a switch between them: faults are followed through radial networks."
    issues += [
        Issue("bus and those connected with it have several interfaces", fix, "buses", value=n) for n in twice.tolist()
    ]
    return issues
