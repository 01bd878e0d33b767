"""Which parts of a network nothing can flow through, because they hang at one node and take and give nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Ints

Bools = NDArray[np.bool_]
Beside = list[list[tuple[int, int]]]


def dead_parts(count: int, start: Ints, end: Ints, root: int, used: Bools) -> tuple[list[int], Bools]:
    """Parts of the root's component that hang at one node and have no ``used`` node in them: trees and loops.

    Returns the first node of every part, and which nodes lie in one, shape (count,). ``root`` must be used.
    """
    found, inside = [], np.zeros(count, dtype=np.bool_)
    order, parent, low = _depth_first(_neighbours(count, start, end), root)
    number = {node: place for place, node in enumerate(order)}
    uses = used.astype(np.int64)
    for node in reversed(order[1:]):
        uses[parent[node]] += uses[node]
    for node in order[1:]:
        hangs = low[node] >= number[parent[node]] and not uses[node]
        if hangs and not inside[parent[node]]:
            found.append(node)
        inside[node] = hangs or inside[parent[node]]
    return found, inside


def _neighbours(count: int, start: Ints, end: Ints) -> Beside:
    """For each node the nodes next to it, each with the number of the edge in between."""
    beside: Beside = [[] for _ in range(count)]
    for edge, (first, last) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        beside[first].append((last, edge))
        beside[last].append((first, edge))
    return beside


def _depth_first(beside: Beside, root: int) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Nodes in the order of a depth-first search, their parents, and their low points (Tarjan, 1972).

    The low point of a node is the earliest place in the order that an edge from it or from below it leads back to.
    """
    order, parent, place = [root], {root: root}, {root: 0}
    low, way = {root: 0}, [(root, -1, iter(beside[root]))]
    while way:
        node, came, ahead = way[-1]
        step = _next_new(ahead, came, place, low, node)
        if step is None:
            way.pop()
            low[parent[node]] = min(low[parent[node]], low[node])
            continue
        other, edge = step
        parent[other], place[other], low[other] = node, len(order), len(order)
        order.append(other)
        way.append((other, edge, iter(beside[other])))
    return order, parent, low


def _next_new(
    ahead: Iterator[tuple[int, int]], came: int, place: dict[int, int], low: dict[int, int], node: int
) -> tuple[int, int] | None:
    """The next neighbour that is new, while the low point falls to those that are not."""
    for other, edge in ahead:
        if other not in place:
            return other, edge
        if edge != came:
            low[node] = min(low[node], place[other])
    return None
