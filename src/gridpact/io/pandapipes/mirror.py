"""Which nodes of two graphs belong together, where one is the mirror of the other and some pairs are known.

First, where a known pair has a single neighbour left on each side, those two are a pair. Then nodes get colours: pairs
one of their own each, all others the same. A node's colour is refined by those of its neighbours until nothing changes
(Weisfeiler and Leman, 1968). Nodes that still share their colour are alike, so that any two of them may be paired, and
colours are refined again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence

Edge = tuple[int, int, Hashable]
Beside = Mapping[int, list[tuple[Hashable, int]]]
Colours = dict[int, int]


def mirrored(left: Sequence[Edge], right: Sequence[Edge], known: Mapping[int, int]) -> tuple[dict[int, int], set[int]]:
    """The right node of each left node, and the left nodes without a mirror, in which case the pairs mean nothing.

    Edges are (node, node, kind); kinds must agree. Nodes of the two graphs have different numbers. ``known`` maps left
    nodes to right ones.
    """
    beside = [_neighbours(left, known), _neighbours(right, known.values())]
    pairs = _followed(beside, known)
    start = {node: number for number, pair in enumerate(pairs.items(), start=1) for node in pair}
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


def _followed(beside: Sequence[Beside], known: Mapping[int, int]) -> dict[int, int]:
    """The known pairs, and those that follow from them one after the other."""
    pairs, taken, waiting = dict(known), set(known.values()), list(known.items())
    while waiting:
        one, other = waiting.pop()
        ahead = _left(beside[0][one], pairs), _left(beside[1][other], taken)
        for kind in ahead[0].keys() & ahead[1].keys():
            if len(ahead[0][kind]) == len(ahead[1][kind]) == 1:
                first, last = ahead[0][kind].pop(), ahead[1][kind].pop()
                if first not in pairs and last not in taken:
                    pairs[first] = last
                    taken.add(last)
                    # What they leave over may now be decided beside all that are next to them.
                    waiting += [(first, last)]
                    waiting += [(node, pairs[node]) for _, node in beside[0][first] if node in pairs]
    return pairs


def _left(around: Iterable[tuple[Hashable, int]], done: Container[int]) -> dict[Hashable, set[int]]:
    """The neighbours that have no partner yet, by kind of edge."""
    left: dict[Hashable, set[int]] = {}
    for kind, node in around:
        if node not in done:
            left.setdefault(kind, set()).add(node)
    return left


def _refined(beside: Sequence[Beside], colours: Colours) -> Colours:
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


def _unequal(beside: Sequence[Beside], colours: Colours) -> set[int]:
    """Colours that more nodes of one side have than of the other."""
    left, right = (Counter(colours[node] for node in side) for side in beside)
    return {colour for colour in left.keys() | right.keys() if left[colour] != right[colour]}
