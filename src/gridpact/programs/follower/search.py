"""Leader and follower by exact price steps: branch and bound on the convex envelopes of what the leader pays.

    node     for every linking quantity a range of price steps
    bound    the leader's program, each payment replaced by its lower convex envelope over the range
    cut off  steps at the ends of a range that cannot be better than the best leaf (see ``relaxation``)
    leaf     a single step each: the price is known, the program convex and exact
    branch   where the payment exceeds its envelope most, at the edge of the step that z stands on

The node with the least bound is taken first. Every bound is the dual value of a solved cone program, so the gap
between the best leaf and the least bound left is proven. Serves followers that fall into blocks with one linking
quantity each.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.envelope import envelope
from gridpact.programs.follower.relaxation import Priced, Relaxed, relaxed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Node:
    """Ranges of steps, a proven ``bound`` of the cost on them (inf where there is no point), and z of that bound.

    ``excess`` is by how much what the leader would pay for each z exceeds the envelope.
    """

    first: Ints
    last: Ints
    bound: float
    z: Floats
    excess: Floats

    @property
    def is_leaf(self) -> bool:
        return bool((self.first == self.last).all())


@dataclass(frozen=True, eq=False)
class Found:
    """The best leaf: its steps, z and cost; a proven lower bound; the leaves of the tree and the course of the search.

    ``course`` has one row per node: the best cost so far, the bound, seconds.
    """

    pieces: Ints
    z: Floats
    cost: float
    bound: float
    leaves: Sequence[Node] = ()
    course: Sequence[tuple[float, float, float]] = ()

    @property
    def gap(self) -> float:
        """(cost - bound) / max(1, |cost|)."""
        return max(0.0, self.cost - self.bound) / max(1.0, abs(self.cost))


def search(
    priced: Priced,
    gap: float = 1e-4,
    time_limit: float = 600.0,
    track: Callable[[float], None] | None = None,
) -> Found:
    """The least cost of the leader to a relative ``gap``, or as near as ``time_limit`` seconds allow (``Found.gap``).

    ``track`` is told the gap after every node. Raises ``InfeasibleError`` where the leader has no feasible point.
    """
    started, tree = perf_counter(), Tree(priced.without_states())
    tree.begin()
    while True:
        tree.course.append((tree.best.cost, tree.bound, perf_counter() - started))
        found = replace(tree.best, bound=tree.bound)
        if track is not None:
            track(found.gap)
        if found.gap <= gap or tree.is_done or perf_counter() - started > time_limit:
            return replace(found, leaves=tree.leaves(), course=tuple(tree.course))
        tree.branch()


class Tree:
    """The nodes of a search: ``open`` by bound, ``closed`` without a better point, and the ``best`` leaf."""

    def __init__(self, priced: Priced) -> None:
        self.priced = priced
        self.open: list[tuple[float, int, Node]] = []
        self.closed: list[Node] = []
        self.course: list[tuple[float, float, float]] = []
        self.best = Found(np.zeros(0, dtype=np.int64), np.zeros(0), np.inf, -np.inf)
        self.tried: set[tuple[int, ...]] = set()
        self.count = 0

    @property
    def bound(self) -> float:
        """The least cost that is not ruled out."""
        return min(self.best.cost, self.open[0][0] if self.open else np.inf)

    @property
    def is_done(self) -> bool:
        return not self.open

    def leaves(self) -> list[Node]:
        """Nodes that together cover every choice of steps, each with a proven bound."""
        return [*self.closed, *(node for _, _, node in sorted(self.open, key=lambda entry: entry[:2]))]

    def begin(self) -> None:
        counts = np.array([steps.count for steps in self.priced.steps], dtype=np.int64)
        middle = np.array([steps.middle for steps in self.priced.steps])
        self.add(np.zeros_like(counts), counts - 1, middle)
        if not np.isfinite(self.best.cost):
            raise InfeasibleError("No choice of the leader is feasible within the range that the follower answers.")

    def branch(self) -> None:
        """Both halves of the range where the payment exceeds its envelope most."""
        node = heapq.heappop(self.open)[2]
        where, cut = _cut(self.priced, node)
        ends, begins = node.last.copy(), node.first.copy()
        ends[where], begins[where] = cut, cut + 1
        self.add(node.first, ends, node.z)
        self.add(begins, node.last, node.z)

    def add(self, first: Ints, last: Ints, guess: Floats) -> None:
        """Bound a node, try the leaf that its point stands on, and cut off the steps that cannot be better."""
        parts = _solved(self.priced, first, last, guess)
        if parts is None:
            self.closed.append(_empty(first, last))
            return
        node = _node(self.priced, first, last, parts)
        self._try(node)
        node = self._kept(node, parts)
        if node.is_leaf or node.bound >= self.best.cost:
            self.closed.append(node)
        else:
            heapq.heappush(self.open, (node.bound, self.count, node))
            self.count += 1

    def _try(self, node: Node) -> None:
        """Solve the leaf on whose steps the node's quantities stand, if it may be better than the best."""
        if not node.bound < self.best.cost:
            return
        pieces = np.array([steps.paid(z)[0] for steps, z in zip(self.priced.steps, node.z.tolist(), strict=True)])
        pieces = np.clip(pieces, node.first, node.last)
        if tuple(pieces.tolist()) in self.tried:
            return
        self.tried.add(tuple(pieces.tolist()))
        leaf = _solved(self.priced, pieces, pieces, node.z)
        if leaf is not None and leaf.bound < self.best.cost:
            self.best = Found(pieces, leaf.z, leaf.bound, -np.inf)

    def _kept(self, node: Node, parts: Relaxed) -> Node:
        """The node without the steps at the ends of its ranges that cannot be better than the best leaf."""
        room = self.best.cost - node.bound
        for k in np.flatnonzero(node.first < node.last).tolist() if np.isfinite(room) else []:
            more = np.maximum(_more(self.priced, parts, k)[node.first[k] : node.last[k] + 1], 0.0)
            good = np.flatnonzero(more <= room)
            for begin, end in ((0, int(good[0])), (int(good[-1]) + 1, more.size)) if good.size else ():
                if begin < end:
                    steps = int(node.first[k]) + begin, int(node.first[k]) + end - 1
                    self.closed.append(_on(node, k, steps, node.bound + float(more[begin:end].min())))
            if good.size:
                node = _on(node, k, (int(node.first[k] + good[0]), int(node.first[k] + good[-1])), node.bound)
        return node


def _cut(priced: Priced, node: Node) -> tuple[int, int]:
    """The quantity to branch on and the last step of its lower half: an edge of the step that z stands on."""
    where = int(np.argmax(np.where(node.first < node.last, node.excess, -np.inf)))
    stands = priced.steps[where].at(float(node.z[where]))[0]
    return where, int(np.clip(stands, node.first[where], node.last[where] - 1))


def _solved(priced: Priced, first: Ints, last: Ints, guess: Floats) -> Relaxed | None:
    parts = [envelope(steps, a, b) for steps, a, b in zip(priced.steps, first.tolist(), last.tolist(), strict=True)]
    return relaxed(priced, parts, guess)


def _empty(first: Ints, last: Ints) -> Node:
    return Node(first, last, np.inf, np.full(first.size, np.nan), np.zeros(first.size))


def _node(priced: Priced, first: Ints, last: Ints, parts: Relaxed) -> Node:
    """A node that knows by how much its envelopes fall short of what its z cost."""
    inside = [
        float(np.clip(z, steps.edges[a], steps.edges[b + 1]))
        for z, steps, a, b in zip(parts.z.tolist(), priced.steps, first.tolist(), last.tolist(), strict=True)
    ]
    paid = np.array([steps.paid(z)[1] for steps, z in zip(priced.steps, inside, strict=True)])
    excess = priced.weights * np.maximum(paid - parts.payment, 0.0)
    return Node(first, last, parts.bound, parts.z, excess)


def _more(priced: Priced, parts: Relaxed, k: int) -> Floats:
    """By how much the cost exceeds the bound at least if quantity k stands on each of its steps; (steps,).

    min over z of the step of  w payment(z) - w payment* - mu (z - z*)
    """
    steps, weight, push, z = priced.steps[k], priced.weights[k], parts.push[k], parts.z[k]
    begin, end, rise = steps.edges[:-1], steps.edges[1:], steps.slope()
    price = steps.first - rise * begin
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(rise > 0.0, (push / weight - price) / (2.0 * rise), begin) if weight else begin
    tried = np.stack([begin, end, np.clip(np.nan_to_num(level), begin, end)])
    more = weight * (price + rise * tried) * tried - weight * parts.payment[k] - push * (tried - z)
    least: Floats = more.min(axis=0)
    return least


def _on(node: Node, k: int, steps: tuple[int, int], bound: float) -> Node:
    """The part of a node whose quantity k stands on a range of its steps."""
    first, last = node.first.copy(), node.last.copy()
    first[k], last[k] = steps
    return replace(node, first=first, last=last, bound=bound)
