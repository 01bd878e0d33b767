"""Which nodes of two graphs belong together, where one is the mirror of the other and some pairs are known.

Nodes get colours: known pairs one of their own each, all others the same. A node's colour is then refined by those of
its neighbours until nothing changes (Weisfeiler and Leman, 1968). Nodes that still share their colour are alike, so
that any two of them may be paired, and colours are refined again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

Edge = tuple[int, int, Hashable]
Colours = dict[int, int]


def mirrored(left: Sequence[Edge], right: Sequence[Edge], known: Mapping[int, int]) -> tuple[dict[int, int], set[int]]:
    """The right node of each left node, and the left nodes without a mirror, in which case the pairs mean nothing.

    Edges are (node, node, kind); kinds must agree. Nodes of the two graphs have different numbers. ``known`` maps left
    nodes to right ones.
    """
    beside = [_neighbours(left, known), _neighbours(right, known.values())]
    start = {node: number for number, pair in enumerate(known.items(), start=1) for node in pair}
    colours = {node: start.get(node, 0) for side in beside for node in side}
    while True:
        colours = _refined(beside, colours)
        odd = _unequal(beside, colours)
        if odd:
            return {}, {node for node in beside[0] if colours[node] in odd}
        alike = [colour for colour, count in Counter(colours[node] for node in beside[0]).items() if count > 1]
        if not alike:
            partner = {colours[node]: node for node in beside[1]}
            return {node: partner[colours[node]] for node in beside[0]}, set()
        for side in beside:
            colours[min(node for node in side if colours[node] == min(alike))] = -1


def _neighbours(edges: Sequence[Edge], nodes: Iterable[int]) -> dict[int, list[tuple[Hashable, int]]]:
    beside: dict[int, list[tuple[Hashable, int]]] = {node: [] for node in nodes}
    for first, last, kind in edges:
        beside.setdefault(first, []).append((kind, last))
        beside.setdefault(last, []).append((kind, first))
    return beside


def _refined(beside: Sequence[Mapping[int, list[tuple[Hashable, int]]]], colours: Colours) -> Colours:
    """Colours that tell apart all nodes whose neighbours have other colours."""
    count = len(set(colours.values()))
    while True:
        names: dict[Hashable, int] = {}
        seen: Colours = {}
        for side in beside:
            for node, others in side.items():
                around = tuple(sorted(Counter((kind, colours[other]) for kind, other in others).items(), key=repr))
                seen[node] = names.setdefault((colours[node], around), len(names))
        if len(names) == count:
            return seen
        colours, count = seen, len(names)


def _unequal(beside: Sequence[Mapping[int, object]], colours: Colours) -> set[int]:
    """Colours that more nodes of one side have than of the other."""
    left, right = (Counter(colours[node] for node in side) for side in beside)
    return {colour for colour in left.keys() | right.keys() if left[colour] != right[colour]}
