"""Leader and follower by exact price steps: branch and bound on the convex envelopes of what the leader pays.

    node     for every linking quantity a range of price steps
    bound    the leader's program, each payment replaced by its lower convex envelope over the range
    plane    what any solved relaxation says of all others (see ``relaxation``): a bound for the asking
    dive     at the root: half of the open quantities settle on the step that the planes say is best, until all have
cut off  steps at the ends of a range that cannot be better than the best leaf, by the planes
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
from gridpact.programs.follower.envelope import Envelope, envelope
from gridpact.programs.follower.hours import Hours
from gridpact.programs.follower.planes import Plane, least_on_planes, plane_of
from gridpact.programs.follower.relaxation import Priced, Relaxation, Relaxed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


# A leaf is tried if it would be the best even when this share of what its payments lack of their envelopes stayed.
PROMISING = 0.7


@dataclass(frozen=True, eq=False)
class Node:
    """Ranges of steps, a proven ``bound`` of the cost on them (inf where there is no point), and z of that bound.

    ``excess`` is by how much what the leader would pay for each z exceeds the envelope, None before it is solved.
    """

    first: Ints
    last: Ints
    bound: float
    z: Floats
    excess: Floats | None = None

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
    started, tree = perf_counter(), Tree(priced, gap)
    tree.begin()
    while True:
        tree.course.append((tree.best.cost, tree.bound, perf_counter() - started))
        found = replace(tree.best, bound=tree.bound)
        if track is not None:
            track(found.gap)
        if found.gap <= gap or tree.is_done or perf_counter() - started > time_limit:
            return replace(found, leaves=tree.leaves(), course=tuple(tree.course))
        tree.advance()


def first_leaf(priced: Priced) -> Found:
    """A good leaf, of one relaxation and a dive."""
    tree = Tree(priced, gap=0.0)
    tree.begin()
    return tree.best


class Tree:
    """The nodes of a search: ``open`` by bound, ``closed`` without a better point, and the ``best`` leaf."""

    def __init__(self, priced: Priced, gap: float) -> None:
        self.priced = priced
        self.relaxation = Relaxation(priced)
        self.hours = Hours(priced)
        self.gap = gap
        self.open: list[tuple[float, int, Node]] = []
        self.closed: list[Node] = []
        self.planes: list[Plane] = []
        self.course: list[tuple[float, float, float]] = []
        self.best = Found(np.zeros(0, dtype=np.int64), np.zeros(0), np.inf, -np.inf)
        self.tried: dict[tuple[int, ...], float] = {}
        self.ruled_out = np.inf
        self.count = 0

    @property
    def bound(self) -> float:
        """The least cost that is not ruled out."""
        return min(self.best.cost, self.ruled_out, self.open[0][0] if self.open else np.inf)

    @property
    def enough(self) -> float:
        """A bound from which a node cannot be better than the best leaf by more than the gap."""
        return self.best.cost - self.gap * max(1.0, abs(self.best.cost)) if np.isfinite(self.best.cost) else np.inf

    def close(self, node: Node) -> None:
        """A node that needs no further look."""
        self.closed.append(node)
        self.ruled_out = min(self.ruled_out, node.bound)

    @property
    def is_done(self) -> bool:
        return not self.open

    def leaves(self) -> list[Node]:
        """Nodes that together cover every choice of steps, each with a proven bound."""
        return [*self.closed, *(node for _, _, node in sorted(self.open, key=lambda entry: entry[:2]))]

    def begin(self) -> None:
        counts = np.array([steps.count for steps in self.priced.steps], dtype=np.int64)
        middle = np.array([steps.middle for steps in self.priced.steps])
        self.put(Node(np.zeros_like(counts), counts - 1, -np.inf, middle))
        self.advance()
        if not np.isfinite(self.best.cost):
            raise InfeasibleError("No choice of the leader is feasible within the range that the follower answers.")

    def put(self, node: Node) -> None:
        """A node to be looked at, unless it is known to be no better than the best leaf."""
        if node.bound >= self.enough:
            self.close(node)
        else:
            heapq.heappush(self.open, (node.bound, self.count, node))
            self.count += 1

    def advance(self) -> None:
        """Take the node with the least bound: solve it if it is not, else branch on it."""
        node = heapq.heappop(self.open)[2]
        if node.excess is None:
            node = self._kept(replace(node, bound=max(node.bound, self._known(node.first, node.last))))
            self._solve(node)
        else:
            where, cut = _cut(self.priced, node)
            ends, begins = node.last.copy(), node.first.copy()
            ends[where], begins[where] = cut, cut + 1
            for first, last in ((node.first, ends), (begins, node.last)):
                self.put(Node(first, last, max(node.bound, self._known(first, last)), node.z))

    def _known(self, first: Ints, last: Ints) -> float:
        """The best bound that any plane gives by itself."""
        return max((plane.bound(first, last) for plane in self.planes), default=-np.inf)

    def _solve(self, node: Node) -> None:
        """Bound a node by planes, then by its relaxation; try the leaf it stands on, cut off what is no better."""
        parts = _envelopes(self.priced, node.first, node.last)
        if self.planes and node.bound < self.enough:
            node = replace(node, bound=max(node.bound, least_on_planes(self.priced, self.planes, parts)))
        if node.bound >= self.enough:
            self.close(node)
            return
        solved = self.relaxation.solve(parts, node.z)
        if solved is None:
            self.close(replace(node, bound=np.inf))
            return
        known = _node(self.priced, node, solved)
        self._try(known)
        self.planes.append(self._plane(solved, known))
        if not self.course:
            self._dive(known)
        known = replace(known, bound=max(known.bound, self.planes[-1].bound(known.first, known.last)))
        kept = self._kept(known)
        if known.is_leaf:
            self.close(known)
        elif kept.is_leaf:
            self._again(kept)
        else:
            self.put(kept)

    def _plane(self, solved: Relaxed, node: Node) -> Plane:
        """What a solved relaxation says of all choices, hour by hour of those that it leaves open."""
        plane = plane_of(self.priced, solved)
        if not self.hours.serves:
            return plane
        good = plane.costs(node.first, node.last) < self.enough
        return self.hours.refined(plane, solved, good & (good.sum(axis=1) > 1)[:, None])

    def _dive(self, node: Node) -> None:
        """Settle the quantities by halves, first those whose best step is clearest: a good leaf to begin with."""
        while not node.is_leaf and np.isfinite(self.planes[-1].bound(node.first, node.last)):
            node = _half_settled(node, self.planes[-1])
            solved = self.relaxation.solve(_envelopes(self.priced, node.first, node.last), node.z)
            if solved is None:
                return
            node = replace(node, z=solved.z)
            if node.is_leaf:
                self._take(node.first, solved)
            self.planes.append(self._plane(solved, node))

    def _take(self, pieces: Ints, leaf: Relaxed) -> None:
        """A solved leaf, the best one if it is."""
        self.tried[tuple(pieces.tolist())] = leaf.bound
        if leaf.bound < self.best.cost:
            self.best = Found(pieces, leaf.z, leaf.bound, -np.inf)

    def _again(self, leaf: Node) -> None:
        """What is left of a node is a leaf, whose own cost is above what the node's envelopes say."""
        cost = self.tried.get(tuple(leaf.first.tolist()))
        if cost is None:
            self.put(replace(leaf, excess=None))
        else:
            self.close(replace(leaf, bound=max(leaf.bound, cost)))

    def _try(self, node: Node) -> None:
        """Solve the leaf on whose steps the node's quantities stand, if it may well be better than the best."""
        assert node.excess is not None
        pieces = np.array([steps.paid(z)[0] for steps, z in zip(self.priced.steps, node.z.tolist(), strict=True)])
        pieces = np.clip(pieces, node.first, node.last)
        name = tuple(pieces.tolist())
        known = name in self.tried or self._known(pieces, pieces) >= self.enough
        promising = node.bound + PROMISING * float(node.excess.sum()) < self.best.cost
        if known or not promising:
            return
        leaf = self.relaxation.solve(_envelopes(self.priced, pieces, pieces), node.z)
        if leaf is None:
            self.tried[name] = np.inf
            return
        self._take(pieces, leaf)
        self.planes.append(self._plane(leaf, node))

    def _kept(self, node: Node) -> Node:
        """The node without the steps at the ends of its ranges that no plane lets be better than the best leaf."""
        if not np.isfinite(self.best.cost):
            return node
        for plane in self.planes:
            known = plane.costs(node.first, node.last)
            good = known < self.enough
            if not good.any(axis=1).all():
                return replace(node, bound=max(node.bound, float(known.min(axis=1).max())))
            first, last = good.argmax(axis=1), good.shape[1] - 1 - good[:, ::-1].argmax(axis=1)
            for k in np.flatnonzero((first > node.first) | (last < node.last)).tolist():
                for low, high in ((int(node.first[k]), int(first[k]) - 1), (int(last[k]) + 1, int(node.last[k]))):
                    if low <= high:
                        bound = max(node.bound, float(known[k, low : high + 1].min()))
                        self.close(_on(node, k, (low, high), bound))
                node = _on(node, k, (int(first[k]), int(last[k])), node.bound)
        return node


def _cut(priced: Priced, node: Node) -> tuple[int, int]:
    """The quantity to branch on and the last step of its lower half: an edge of the step that z stands on."""
    assert node.excess is not None
    where = int(np.argmax(np.where(node.first < node.last, node.excess, -np.inf)))
    stands = priced.steps[where].at(float(node.z[where]))[0]
    return where, int(np.clip(stands, node.first[where], node.last[where] - 1))


def _half_settled(node: Node, plane: Plane) -> Node:
    """The node with half of its open quantities each on its best step: those that lose most on any other."""
    least = plane.on(node.first, node.last)
    best, second = np.sort(least, axis=1)[:, :2].T
    is_open = node.first < node.last
    clear = np.argsort(np.where(is_open, best - second, np.inf), kind="stable")[: (int(is_open.sum()) + 1) // 2]
    first, last = node.first.copy(), node.last.copy()
    first[clear] = last[clear] = least[clear].argmin(axis=1)
    return replace(node, first=first, last=last)


def _envelopes(priced: Priced, first: Ints, last: Ints) -> list[Envelope]:
    """Envelopes of all payments over ranges of steps."""
    return [envelope(steps, a, b) for steps, a, b in zip(priced.steps, first.tolist(), last.tolist(), strict=True)]


def _node(priced: Priced, node: Node, parts: Relaxed) -> Node:
    """A solved node: it knows by how much its envelopes fall short of what its z cost."""
    inside = [
        float(np.clip(z, steps.edges[a], steps.edges[b + 1]))
        for z, steps, a, b in zip(parts.z.tolist(), priced.steps, node.first.tolist(), node.last.tolist(), strict=True)
    ]
    paid = np.array([steps.paid(z)[1] for steps, z in zip(priced.steps, inside, strict=True)])
    excess = priced.weights * np.maximum(paid - parts.payment, 0.0)
    return replace(node, bound=max(node.bound, parts.bound), z=parts.z, excess=excess)


def _on(node: Node, k: int, steps: tuple[int, int], bound: float) -> Node:
    """The part of a node whose quantity k stands on a range of its steps."""
    first, last = node.first.copy(), node.last.copy()
    first[k], last[k] = steps
    return replace(node, first=first, last=last, bound=bound)
