"""How far a point with tight cones can be from the global optimum: a lower bound by reverse cuts and bound tightening.

    repeat   in every part: least and largest u, l, w of its cones, given cost <= cutoff      (``tightening``)
             reverse cuts over the smaller boxes                                              (``reverse_cuts``)
             the relaxation with them: its dual objective is a lower bound                    (Clarabel)

A program falls into independent blocks, and a block into the parts (hours) that its coupling rows hold together. With
multipliers y of the coupling rows, every feasible x has

    sum over parts of L_h(x_h) <= cost(x),     L(x) = 1/2 x'Px + q'x - y'(b_c - A_c x)

so that a part may be tightened alone under L_h <= cutoff - sum of the other parts' bounds. With a cutoff of the
incumbent's cost less the gap that is asked for, the box of a part holds only points that would matter; where it is
empty, the cutoff itself is the bound. What then remains open is split at a factor of its loosest cone (branch and
bound).

Bounds are dual objectives whose residuals are paid for (``dual_bound``, ``tightening``), never primal ones. Without an
incumbent, an empty box or an infeasible relaxation with cuts proves that there is no tight point at all; the rays of
both solvers are checked.
Sources: Gleixner et al., Journal of Global Optimization 67, 2017; Coffrin, Hijazi and Van Hentenryck, "Strengthening
convex relaxations with bound tightening for power network optimization", CP 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.blocks import Block, blocks
from gridpact.programs.conic import Compiled
from gridpact.programs.dual_bound import Relaxed, dual_bound, reach
from gridpact.programs.nonlinear import inside
from gridpact.programs.parts import Part, split, steps_of_columns
from gridpact.programs.reverse_cuts import (
    Box,
    box_rows,
    errors,
    factors,
    propagated,
    reverse_cuts,
    unbounded_box,
    with_rows,
)
from gridpact.programs.standard_form import StandardForm
from gridpact.programs.tightening import Tightener

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
TARGET = 1e-3
ROUNDS, BRANCHES = 4, 40
# A round that closes less than this share of the gap is the last.
PROGRESS = 0.2
# A product u l this close to |w|^2, per unit, is tight.
LOOSE = 1e-7
# Factors with less than this share of a cone's possible error are left alone.
SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Bound:
    """A lower bound of the cost of every point with tight cones; infinite where there is no such point.

    ``gap`` is (upper - lower) / max(|upper|, scale), NaN without an incumbent. ``rounds`` is the most in a block,
    ``branches`` and ``programs`` (linear ones) count all.
    """

    lower: float
    infeasible: bool
    upper: float
    gap: float
    rounds: int
    branches: int
    programs: int
    seconds: float


@dataclass(frozen=True)
class Effort:
    """How long to go on: rounds and branches per block, and a point in time."""

    rounds: int
    branches: int
    deadline: float


@dataclass(frozen=True, eq=False)
class Node:
    """A box and the relaxation over it."""

    box: Box
    relaxed: Relaxed


def lower_bound(
    form: StandardForm,
    tight: Ints,
    incumbent: Floats | None = None,
    target: float = TARGET,
    scale: float = 0.0,
    rounds: int = ROUNDS,
    branches: int = BRANCHES,
    time_limit: float = 600.0,
) -> Bound:
    """A lower bound of ``form`` with the cones of the rows ``tight`` (shape (size, k)) tight.

    ``incumbent`` is a point with tight cones; its cost is the upper bound. Work on a block ends when its share of the
    allowed gap, ``target`` x max(|upper|, ``scale``), is reached, when rounds and branches are used up, or after
    ``time_limit`` seconds in all.
    """
    started = perf_counter()
    upper = np.inf if incumbent is None else form.cost(incumbent)
    steps = steps_of_columns(form)
    searches = [Search(block, tight, incumbent, steps) for block in blocks(form)]
    unsettled = [search for search in searches if search.unsettled]
    allowed = target * max(abs(upper), scale) / max(len(unsettled), 1) if incumbent is not None else 0.0
    for search in unsettled:
        search.run(allowed, Effort(rounds, branches, started + time_limit))
        if search.infeasible:
            break
    infeasible = any(search.infeasible for search in searches)
    lower = np.inf if infeasible else sum(search.lower for search in searches) + form.constant
    return Bound(
        lower=float(lower),
        infeasible=infeasible,
        upper=float(upper),
        gap=float((upper - lower) / max(abs(upper), scale, 1e-9)) if incumbent is not None else np.nan,
        rounds=max(search.rounds for search in searches),
        branches=sum(search.branches for search in searches),
        programs=sum(search.programs for search in searches),
        seconds=perf_counter() - started,
    )


class Search:
    """The bound of one independent block: ``lower`` rises, ``infeasible`` says that there is no tight point."""

    def __init__(self, block: Block, tight: Ints, incumbent: Floats | None, steps: Ints) -> None:
        self.form, self.tight = block.form, inside(block, tight)
        self.known = None if incumbent is None else incumbent[block.columns]
        self.upper = np.inf if self.known is None else self.form.cost(self.known)
        self.factors = factors(self.form, self.tight)
        self.split = split(self.form, self.tight, steps[block.columns])
        self.rounds = self.branches = self.programs = 0
        box = unbounded_box(self.factors)
        relaxed = self._relaxed(box)
        self.infeasible = relaxed is None
        self.lower = np.inf if relaxed is None else relaxed.lower
        self.root = None if relaxed is None else Node(box, relaxed)

    @property
    def unsettled(self) -> bool:
        """Whether there is a loose cone, and a gap that it leaves."""
        enough = 1e-9 * max(1.0, abs(self.upper)) if self.known is not None else 0.0
        return self.root is not None and bool(self._loose(self.root).any()) and self.upper - self.lower > enough

    def run(self, allowed: float, effort: Effort) -> None:
        """Tighten, then branch, until upper - lower <= ``allowed``."""
        cutoff = self.upper - allowed
        node = self.root
        while node is not None and self._worth(node, cutoff, effort) and self.rounds < effort.rounds:
            self.rounds += 1
            last, node = node.relaxed.lower, self._tightened(node, cutoff)
            if node is not None and np.isfinite(cutoff) and node.relaxed.lower - last < PROGRESS * (cutoff - last):
                break
            self._conclude([] if node is None else [node.relaxed.lower], cutoff)
        if node is not None:
            self._branch(node, cutoff, effort)

    def _worth(self, node: Node, cutoff: float, effort: Effort) -> bool:
        return node.relaxed.lower < cutoff and perf_counter() < effort.deadline and bool(self._loose(node).any())

    def _divisible(self, node: Node, cutoff: float, effort: Effort) -> bool:
        """Whether a split is allowed, and there is a loose cone with a finite box to split."""
        bounded = bool((self._loose(node) & node.box.known).any())
        return self._worth(node, cutoff, effort) and self.branches < effort.branches and bounded

    def _conclude(self, bounds: list[float], cutoff: float) -> None:
        """The bound that the open nodes leave."""
        self.lower = max(self.lower, min([cutoff, *bounds]))
        self.infeasible = not bounds and not np.isfinite(cutoff)

    def _branch(self, root: Node, cutoff: float, effort: Effort) -> None:
        """Best first: the node with the least bound is halved and both halves are tightened."""
        number = count()
        heap = [(root.relaxed.lower, next(number), root)]
        while heap and self._divisible(heap[0][2], cutoff, effort):
            self.branches += 1
            _, _, node = heappop(heap)
            for half in self._halves(node):
                found = self._tightened(Node(half, node.relaxed), cutoff)
                if found is not None and found.relaxed.lower < cutoff:
                    heappush(heap, (max(found.relaxed.lower, node.relaxed.lower), next(number), found))
        self._conclude([bound for bound, _, _ in heap], cutoff)

    def _halves(self, node: Node) -> list[Box]:
        """The box split at the widest factor of its loosest cone, between its middle and the relaxed point."""
        at = int(np.argmax(np.where(node.box.known, self.factors.gap(node.relaxed.x), -np.inf)))
        y = self.factors.values(node.relaxed.x)[:, at]
        factor = int(np.argmax(errors(node.box)[:, at]))
        low, high = node.box.low[factor, at], node.box.high[factor, at]
        value = float(np.clip(0.5 * y[factor] + 0.25 * (low + high), 0.8 * low + 0.2 * high, 0.2 * low + 0.8 * high))
        return [node.box.cut(factor, at, low, value), node.box.cut(factor, at, value, high)]

    def _loose(self, node: Node) -> Mask:
        return self.factors.gap(node.relaxed.x) > LOOSE

    def _tightened(self, node: Node, cutoff: float) -> Node | None:
        """New boxes for the cones of every part with a loose one, and their relaxation; None where one is empty."""
        loose = self._loose(node)
        low, high = node.box.low.copy(), node.box.high.copy()
        for part in self.split.parts:
            if loose[part.cones].any():
                box = self._part_box(part, node, cutoff)
                if box is None:
                    return None
                low[:, part.cones], high[:, part.cones] = box.low, box.high
        box = Box(low, high)
        relaxed = self._relaxed(box, node.relaxed)
        return None if relaxed is None else Node(box, relaxed)

    def _part_box(self, part: Part, node: Node, cutoff: float) -> Box | None:
        relaxed = node.relaxed
        box = propagated(Box(node.box.low[:, part.cones], node.box.high[:, part.cones]))
        points = [relaxed.x] if self.known is None else [relaxed.x, self.known]
        touching = [part.factors.values(point[part.columns]) for point in points]
        limit = None
        if np.isfinite(cutoff):
            rest = cutoff - relaxed.lower + relaxed.bounds[part.number] + relaxed.half[part.number]
            limit = (relaxed.cost[part.columns], rest)
        work = Tightener(part.shape, part.factors, box, touching, limit, reach(relaxed.x))
        found, empty = work.tightened(worthwhile(box))
        self.programs += work.solved
        return None if empty else propagated(found)

    def _relaxed(self, box: Box, before: Relaxed | None = None) -> Relaxed | None:
        """The relaxation over the box; None where it has no point (checked ray).

        A multiplier bounds the cost even where the solver stops early; the rows of the box, which may be thin, are then
        left out, and if that is no better, the relaxation of a larger box ``before`` still holds.
        """
        cuts = [reverse_cuts(self.factors, box), box_rows(self.factors, box)]
        found = [] if before is None else [before]
        for rows in (cuts, cuts[:1]):
            G, h = sp.csr_array(sp.vstack([G for G, _ in rows])), np.concatenate([h for _, h in rows])
            cut = with_rows(self.form, G, h)
            answer = Compiled(cut).answer(cut)
            if answer.status == "infeasible":
                return None
            latest = dual_bound(cut, self.form, self.split, answer.x, answer.z, h.size)
            if answer.status == "solved":
                return latest
            found.append(latest)
        usable = [each for each in found if np.isfinite(each.lower)]
        if not usable:
            raise NotConverged("No relaxation with reverse cuts could be solved.")
        return max(usable, key=lambda each: each.lower)


def worthwhile(box: Box) -> Mask:
    """Factors whose width makes the cuts weak; where nothing is known, w alone, since l follows from it."""
    error = errors(box)
    unknown = ~np.isfinite(box.high - box.low)
    with np.errstate(invalid="ignore"):
        weak = np.asarray((error > SHARE * error.sum(axis=0)) & (error > LOOSE))
    first = unknown.any(axis=0)
    weak[:, first] = unknown[:, first]
    weak[1, unknown[2:].any(axis=0)] = False
    return weak
