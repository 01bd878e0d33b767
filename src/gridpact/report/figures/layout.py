"""Where the buses of a drawing stand: at their coordinates, else as a tree.

The tree grows breadth first from the interfaces at the left: x is the number of branches from there. The longest way
down goes on in its own row; every other way starts a new row below, ways that leave later nearer than those that leave
earlier. There are as many rows as leaves, evenly apart, and no two branches of the tree cross. Time and memory are
proportional to the number of buses and branches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layout:
    """``x`` to the right and ``y`` upwards, shape (buses,); ``ends`` the buses of each branch, shape (branches, 2).

    ``tree`` marks the branches that the tree is made of: all where the buses stand at their coordinates
    (``mapped``), and none that carries nothing.
    """

    x: Floats
    y: Floats
    ends: Ints
    carrying: Flags
    tree: Flags
    mapped: bool


def layout(case: Case) -> Layout:
    """Coordinates of the case if every bus has them, else the tree."""
    roots = list(dict.fromkeys(case.positions("interfaces", "bus").tolist()))
    coordinates = case.column("buses", "x"), case.column("buses", "y")
    return arranged(*coordinates, branch_ends(case), case.branches_in_service(), roots)


def arranged(x: Floats, y: Floats, ends: Ints, carrying: Flags, roots: Sequence[int]) -> Layout:
    """At the coordinates where all have some, else as trees from the roots."""
    if np.isfinite(x).all() and np.isfinite(y).all() and np.ptp(x) + np.ptp(y) > 0.0:
        return Layout(x * _shrink(x, y), np.array(y), ends, carrying, carrying, mapped=True)
    order, parent, by = forest(len(x), ends, carrying, roots)
    depth, row = places(order, parent)
    tree = np.zeros(len(ends), dtype=np.bool_)
    tree[by[by >= 0]] = True
    return Layout(depth.astype(np.float64), -row.astype(np.float64), ends, carrying, tree, mapped=False)


def branch_ends(case: Case) -> Ints:
    """Row numbers of the buses at the ends of lines and transformers, shape (branches, 2)."""
    sides = [
        np.concatenate([case.positions("lines", side), case.positions("transformers", side)])
        for side in ("from_bus", "to_bus")
    ]
    return np.column_stack(sides)


def _shrink(x: Floats, y: Floats) -> float:
    """Degrees of longitude are shorter than those of latitude; other coordinates stay as they are."""
    degrees = np.abs(x).max() <= 180.0 and np.abs(y).max() < 85.0
    return float(np.cos(np.radians(y.mean()))) if degrees else 1.0


def forest(count: int, ends: Ints, carrying: Flags, roots: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """Breadth-first trees from the roots, and from the first bus of whatever they do not reach.

    Returns the buses in the order in which they are reached, and for each bus its parent and the branch to it
    (-1 at a root).
    """
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for branch in np.flatnonzero(carrying).tolist():
        start, end = ends[branch].tolist()
        neighbours[start].append((end, branch))
        neighbours[end].append((start, branch))
    parent, by = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    seen, order = [False] * count, []
    for group in (list(roots), *([bus] for bus in range(count))):
        queue = deque(bus for bus in group if not seen[bus])
        for bus in queue:
            seen[bus] = True
        while queue:
            bus = queue.popleft()
            order.append(bus)
            for other, branch in neighbours[bus]:
                if not seen[other]:
                    seen[other], parent[other], by[other] = True, bus, branch
                    queue.append(other)
    return np.array(order, dtype=np.int64), parent, by


def places(order: Ints, parent: Ints) -> tuple[Ints, Ints]:
    """Depth and row of every bus; ``order`` has parents before their children."""
    depth, below, row = (np.zeros(len(parent), dtype=np.int64) for _ in range(3))
    children: list[list[int]] = [[] for _ in parent]
    for bus in order[::-1].tolist():
        if parent[bus] >= 0:
            below[parent[bus]] = max(below[parent[bus]], below[bus] + 1)
            children[parent[bus]].append(bus)
    rows = -1
    for root in order[parent[order] < 0].tolist():
        stack = [(root, False)]
        while stack:
            bus, goes_on = stack.pop()
            rows += not goes_on
            row[bus] = rows
            depth[bus] = depth[parent[bus]] + 1 if parent[bus] >= 0 else 0
            shortest_first = sorted(children[bus], key=lambda child: below[child])
            stack += [(child, child == shortest_first[-1]) for child in shortest_first]
    return depth, row
