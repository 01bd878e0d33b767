"""The spanning tree of least cost, where a tree costs at least what its currents do.

    least(tree)  = sum over edges of r_e |i_e|^2,  i the only flow on the tree that carries the injections d
    least(graph) = min over flows of the same sum = d' L^-1 d,   L = B R^-1 B'      (a network of resistors)

    opening e    raises least(graph) by r_e |i_e|^2 / (1 - w_e),   w_e = b_e' L^-1 b_e / r_e,  1 on a bridge
    branch       every cycle has an open edge: the k-th part opens the k-th edge of one and keeps those before it closed
    leaf         a tree; ``cost`` tells what it really costs, never less than its least

The graph of a part contains all its trees, so its least is a bound of them all. The rise by an opened edge is the
Sherman-Morrison formula: the parts of a node are bounded by one inverse, without being made.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cost = Callable[[Mask], Floats]
# How near to 1 the share of a bridge is; of the cost, what counts as no better.
BRIDGE = 1e-9
EQUAL = 1e-12
BATCH = 64


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges between ``first`` and ``last`` (edges,) of nodes 0 to ``nodes`` - 1, node 0 the root.

    ``r`` are the resistances, ``injections`` (nodes, flows) what every node but the root draws.
    """

    nodes: int
    first: Ints
    last: Ints
    r: Floats
    injections: Floats

    def incidence(self) -> Floats:
        """B without the root, (nodes - 1, edges)."""
        B = np.zeros((self.nodes, self.first.size))
        edges = np.arange(self.first.size)
        B[self.first, edges] += 1.0
        B[self.last, edges] -= 1.0
        return B[1:]


@dataclass(frozen=True, eq=False)
class Part:
    """All spanning trees with some edges ``closed`` among those that are ``present``; ``least`` bounds their cost."""

    least: float
    present: Mask
    closed: Mask


@dataclass(frozen=True, eq=False)
class BestTree:
    """The edges of the best tree, its cost and a proven bound of all; parts looked at, seconds."""

    edges: Mask
    cost: float
    bound: float
    parts: int
    seconds: float


def best_tree(graph: Graph, cost: Cost, held: Mask | None = None, time_limit: float = 600.0) -> BestTree:
    """The spanning tree of least ``cost``, or the best found in ``time_limit`` seconds with the bound proven so far.

    ``cost`` takes trees (k, edges) and returns (k,), inf for those that are not allowed. Edges that are ``held`` are in
    every tree. The best is empty with cost inf where no tree is allowed. The graph is to be connected.
    """
    started = perf_counter()
    search = _Search(graph, cost, np.zeros(graph.r.size, dtype=np.bool_) if held is None else held)
    while search.open and perf_counter() - started < time_limit:
        search.advance()
    return BestTree(search.best, search.cost, search.bound, search.count, perf_counter() - started)


class _Search:
    """Parts ``open`` by their bound, the ``best`` tree so far."""

    def __init__(self, graph: Graph, cost: Cost, held: Mask) -> None:
        self.graph, self.tell = graph, cost
        self.B = graph.incidence()
        self.best, self.cost, self.count = np.zeros(graph.r.size, dtype=np.bool_), np.inf, 0
        everything = Part(0.0, np.ones(graph.r.size, dtype=np.bool_), held)
        self.open: list[tuple[float, int, Part]] = [(0.0, 0, everything)]
        first = self._opened_one_by_one(held)
        if first.sum() == graph.nodes - 1:
            self._offer(first[None, :])

    @property
    def bound(self) -> float:
        return min([self.cost, *(entry[0] for entry in self.open[:1])])

    def advance(self) -> None:
        """Replace the most promising parts by theirs, and look at those that are trees."""
        parts = [heapq.heappop(self.open)[2] for _ in range(min(BATCH, len(self.open)))]
        parts = [part for part in parts if part.least < self._enough]
        if not parts:
            self.open.clear()
            return
        trees = np.array([part.present.sum() == self.graph.nodes - 1 for part in parts])
        if trees.any():
            self._offer(np.array([part.present for part, is_tree in zip(parts, trees, strict=True) if is_tree]))
        inner = [part for part, is_tree in zip(parts, trees, strict=True) if not is_tree]
        if inner:
            least, rise = self._least(np.array([part.present for part in inner]))
            for part, below, rises in zip(inner, least.tolist(), rise, strict=True):
                for child in _split(self.graph, part, max(part.least, below), rises):
                    self._put(child)

    @property
    def _enough(self) -> float:
        return self.cost - EQUAL * abs(self.cost) if np.isfinite(self.cost) else np.inf

    def _put(self, part: Part) -> None:
        if part.least < self._enough:
            self.count += 1
            heapq.heappush(self.open, (part.least, self.count, part))

    def _offer(self, trees: Mask) -> None:
        costs = self.tell(trees)
        if costs.min() < self.cost:
            self.best, self.cost = trees[int(costs.argmin())], float(costs.min())

    def _opened_one_by_one(self, held: Mask) -> Mask:
        """A tree to begin with, if there is one: again the edge that raises the least sum least is opened."""
        present = np.ones(self.graph.r.size, dtype=np.bool_)
        while present.sum() >= self.graph.nodes:
            rise = np.where(held, np.inf, self._least(present[None, :])[1][0])
            if not np.isfinite(rise).any():
                break
            present[int(np.argmin(rise))] = False
        return present

    def _least(self, present: Mask) -> tuple[Floats, Floats]:
        """The least sum on graphs (k, edges), and its rise by every edge that is opened, inf where it cannot be."""
        r, B = self.graph.r, self.B
        g = present / r
        inverse = np.linalg.inv(np.einsum("ne,ke,me->knm", B, g, B, optimize=True))
        drop = B.T @ (inverse @ self.graph.injections[1:])
        heat = g * (drop**2).sum(axis=2)
        share = g * ((inverse @ B) * B).sum(axis=1)
        left = 1.0 - share
        is_open = present & (left > BRIDGE)
        return heat.sum(axis=1), np.where(is_open, heat / np.where(is_open, left, 1.0), np.inf)


def _split(graph: Graph, part: Part, least: float, rise: Floats) -> Iterator[Part]:
    """The parts of a part: one for every edge of a cycle that may still be opened."""
    cycle = _cycle(graph, part.present, rise)
    order = cycle[np.argsort(rise[cycle], kind="stable")]
    closed = part.closed.copy()
    for edge in order.tolist():
        if closed[edge]:
            continue
        present = part.present.copy()
        present[edge] = False
        yield Part(least + float(rise[edge]), present, closed.copy())
        closed[edge] = True


def _cycle(graph: Graph, present: Mask, rise: Floats) -> Ints:
    """The shortest cycle through the edge whose opening raises the least sum least: it has the fewest parts."""
    seed = int(np.argmin(rise))
    at: list[list[tuple[int, int]]] = [[] for _ in range(graph.nodes)]
    for edge in np.flatnonzero(present).tolist():
        if edge != seed:
            a, b = int(graph.first[edge]), int(graph.last[edge])
            at[a].append((b, edge))
            at[b].append((a, edge))
    begin, end = int(graph.first[seed]), int(graph.last[seed])
    came: dict[int, tuple[int, int]] = {begin: (begin, seed)}
    reached = [begin]
    for node in reached:
        for other, edge in at[node]:
            if other not in came:
                came[other] = (node, edge)
                reached.append(other)
    edges = [seed]
    while end != begin:
        end, edge = came[end]
        edges.append(edge)
    return np.array(edges, dtype=np.int64)
