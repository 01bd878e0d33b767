"""Ways of the water: from the reference station of a network to the consumer that is farthest, and to the coldest.

A way is the shortest one through the pipes, in metres, whichever way the water flows.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.layout import Ints
from gridpact.report.heat.network import pipe_ends, pipes_there, references
from gridpact.results.record import Record


@dataclass(frozen=True, eq=False)
class Route:
    """``nodes`` from the station on, ``pipes`` between them, ``metres`` of each node from the station.

    ``forward`` tells for each pipe whether water flows away from the station on the supply side.
    """

    why: str
    nodes: Ints
    pipes: Ints
    metres: Floats
    forward: Floats


def distances(case: Case) -> tuple[Floats, Ints, Ints]:
    """Metres of every node from the nearest reference station, the node before it and the pipe to it.

    Infinite, and -1, where there is no way.
    """
    ends, length = pipe_ends(case), case.column("pipes", "length_m")
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(case.count("heat_nodes"))]
    for pipe in np.flatnonzero(pipes_there(case)).tolist():
        a, b = ends[pipe].tolist()
        neighbours[a].append((b, pipe))
        neighbours[b].append((a, pipe))
    metres = np.full(len(neighbours), np.inf)
    before, by = np.full(len(neighbours), -1, dtype=np.int64), np.full(len(neighbours), -1, dtype=np.int64)
    queue = [(0.0, node) for node in references(case)]
    metres[references(case)] = 0.0
    while queue:
        way, node = heapq.heappop(queue)
        if way > metres[node]:
            continue
        for other, pipe in neighbours[node]:
            if way + length[pipe] < metres[other]:
                metres[other], before[other], by[other] = way + length[pipe], node, pipe
                heapq.heappush(queue, (metres[other], other))
    return metres, before, by


def routes(record: Record) -> list[Route]:
    """To the farthest consumer and to the coldest; one where they are the same, none where no consumer is reached."""
    case, (metres, before, by) = record.case, distances(record.case)
    consumers = np.unique(case.positions("heat_loads", "node"))
    consumers = consumers[np.isfinite(metres[consumers]) & (metres[consumers] > 0.0)]
    if not consumers.size:
        return []
    supply = over_time(case, record.tables["heat_nodes"], "supply_degc")[consumers]
    farthest = int(consumers[metres[consumers].argmax()])
    coldest = int(consumers[np.nanmin(supply, axis=1).argmin()])
    wanted = {"farthest": farthest} | ({"coldest": coldest} if coldest != farthest else {})
    if len(wanted) == 1:
        wanted = {"farthest, and coldest,": farthest}
    return [_route(record, why, node, metres, before, by) for why, node in wanted.items()]


def _route(record: Record, why: str, end: int, metres: Floats, before: Ints, by: Ints) -> Route:
    nodes, pipes = [end], list[int]()
    while before[nodes[-1]] >= 0:
        pipes.append(int(by[nodes[-1]]))
        nodes.append(int(before[nodes[-1]]))
    way, tubes = np.array(nodes[::-1], dtype=np.int64), np.array(pipes[::-1], dtype=np.int64)
    flow = np.nanmean(over_time(record.case, record.tables["pipes"], "flow_kg_per_s")[tubes], axis=1)
    along = np.where(pipe_ends(record.case)[tubes, 0] == way[:-1], 1.0, -1.0)
    return Route(why, way, tubes, metres[way], flow * along >= 0.0)


def extreme_steps(record: Record, route: Route) -> tuple[int, int]:
    """The steps in which the supply water at the end of the route is coldest, and warmest."""
    end = over_time(record.case, record.tables["heat_nodes"], "supply_degc")[route.nodes[-1]]
    return int(np.nanargmin(end)), int(np.nanargmax(end))
