"""Repair: the best exact point of a relaxed program, by a ladder of remedies, with the multipliers of a KKT point.

    1  the relaxed point, where it is exact already
    2  sequential convex programming from several starts (every end is a KKT point)
    3  smallest exact penalty, convex-concave procedure, linear cuts, each polished by 2

Independent blocks (hours that nothing couples) are repaired one by one. In a block with several groups the groups are
also searched alone with their coupling held, and what they find starts one more coupled search. The cheapest exact
point wins; multipliers come only with a KKT point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.programs.blocks import Block, blocks, joined
from gridpact.programs.conic import Compiled
from gridpact.programs.exactness.convex_concave import convex_concave
from gridpact.programs.exactness.cuts import cuts
from gridpact.programs.exactness.held import coupling_columns, held_form
from gridpact.programs.exactness.penalty import penalty
from gridpact.programs.exactness.point import Point, found, kkt_residual, original_multipliers, own_linearisation
from gridpact.programs.exactness.sequential import RESIDUAL, sequential
from gridpact.programs.exactness.starts import local_optima, random_optima
from gridpact.programs.exactness.tight import Tight, multipliers_of, tight_cones
from gridpact.programs.standard_form import Solved, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REMEDIES = ("sequential", "penalty", "convex_concave", "cuts")
GAP = 1e-8
LOOSE_GAP = 1e-6
# A point this close to the relaxed cost, relative to the cost, cannot be improved by more.
CLOSE = 1e-4
# So many starts that end at the same cost make others unnecessary; where few groups are open, none may then differ,
# and where so many are open that none gets random starts, fewer are enough and the dear ones are left out.
AGREEING, AGREEING_MANY = 3, 2
# So many random starts per group make a search thorough.
THOROUGH = 2
# Random starts: at most so many per group, and so many for all groups with an open cone together.
MOST_RANDOM, SHARED_RANDOM = 8, 10
# Less than this is no gain worth another coupled search.
GAINED = 1e-6


@dataclass(frozen=True, eq=False)
class Repaired:
    """The best exact point and the convex program whose optimum it is.

    ``status`` is exact (every cone is tight and the point is a KKT point), unpriced (exact, but no remedy in the list
    proves more: z is not there) or open (no exact point was found in the groups ``open_groups``; x is the relaxed point
    there). ``form`` is the linearisation at x (see ``tight.linearised``), z its multipliers, ``multipliers`` the same
    on the rows of the original form. ``gaps`` has the shape of the cones, NaN where there is none; ``remedies`` one
    name per block.
    """

    status: str
    form: StandardForm
    x: Floats
    s: Floats
    z: Floats | None
    multipliers: Floats | None
    cost: float
    remedies: tuple[str, ...]
    kkt_residual: float
    gaps: Floats
    solves: int
    open_groups: Ints


@dataclass(frozen=True, eq=False)
class Part:
    """A block with its own tight cones: their groups and weights, and the relaxed optimum with its multipliers."""

    tight: Tight
    groups: Ints
    weights: Floats
    x: Floats
    z: Floats
    remedies: tuple[str, ...]
    points: tuple[Floats, ...] = ()
    random_starts: int = 0


def repair(
    form: StandardForm,
    cone_rows: Ints,
    relaxed: Solved,
    groups: Ints,
    weights: Floats,
    remedies: Sequence[str] = REMEDIES,
    points: Sequence[Floats] = (),
) -> Repaired:
    """The cheapest point found at which all cones in ``cone_rows`` (k, ...) are tight.

    ``relaxed`` solves ``form``; ``groups`` and ``weights`` (losses per unit of l) have the shape of one row of
    ``cone_rows``. More ``points`` x to start from (of a non-linear solver, of another day) may be given. Raises
    ``InputError`` for an unknown remedy or rows that are no cones of the form.
    """
    if unknown := set(remedies) - set(REMEDIES):
        raise InputError(f"unknown remedies {sorted(unknown)}. Choose from: {', '.join(REMEDIES)}")
    whole = tight_cones(form, cone_rows)
    there = cone_rows[0].ravel() >= 0
    group_of = groups.ravel()[there]
    part = Part(whole, group_of, weights.ravel()[there], relaxed.x, relaxed.z, tuple(remedies), tuple(points))
    part = replace(part, random_starts=_random_starts(part))
    found_points = [
        (block, _repaired(own) if own else _kept(block, relaxed)) for block, own, _ in _split(part, blocks(form))
    ]
    return _assembled(part, cone_rows, found_points)


def _split(part: Part, cut: Sequence[Block]) -> Iterator[tuple[Block, Part | None, Ints]]:
    """Every block with its part, None where it has no tight cones, and the positions of these."""
    owner = np.full(part.tight.form.b.size, -1, dtype=np.int64)
    for number, block in enumerate(cut):
        owner[block.rows] = number
    of = owner[part.tight.rows[0]]
    for number, block in enumerate(cut):
        mine = np.flatnonzero(of == number)
        yield block, _part(block, part, mine) if mine.size else None, mine


def _part(block: Block, whole: Part, mine: Ints) -> Part:
    order = np.argsort(block.rows)
    rows = order[np.searchsorted(block.rows, whole.tight.rows[:, mine], sorter=order)]
    _, own = np.unique(whole.groups[mine], return_inverse=True)
    tight = tight_cones(block.form, rows)
    points = tuple(x[block.columns] for x in whole.points)
    return Part(
        tight=tight,
        groups=own,
        weights=whole.weights[mine],
        x=whole.x[block.columns],
        z=whole.z[block.rows],
        remedies=whole.remedies,
        points=points,
        random_starts=whole.random_starts,
    )


def _random_starts(part: Part) -> int:
    """How many a group gets: a fixed number is shared by all groups with an open cone."""
    groups = np.unique(part.groups[np.abs(part.tight.gap(part.x)) > LOOSE_GAP]).size
    return min(MOST_RANDOM, SHARED_RANDOM // max(1, groups))


def _kept(block: Block, relaxed: Solved) -> Point:
    x = relaxed.x[block.columns]
    return Point("none", "exact", x, block.form.cost(x), 0.0, 0, relaxed.z[block.rows])


def _repaired(part: Part) -> Point:
    """The best point of a block; ``z`` on the rows of the block's own form, where it is a KKT point."""
    best = _already_exact(part)
    if best is None:
        best = _cheapest(part, _local(part), replace(found("none", part.tight, part.x, 0, 0.0), status="inexact"))
    if best.z is None:
        best = _cheapest(part, _others(part), best)
    if best.z is None:
        return best
    return replace(best, z=original_multipliers(part.tight, best.x, best.z))


def _cheapest(part: Part, points: Iterable[Point], best: Point) -> Point:
    """The best of the points. The search ends early where the relaxed cost leaves nothing to gain, or all agree."""
    bound, costs = part.tight.form.cost(part.x), []
    for point in points:
        better = _rank(point) < _rank(best)
        best = replace(point if better else best, solves=best.solves + point.solves)
        costs.append(point.cost if point.status == "exact" else np.inf)
        close = best.z is not None and best.cost - bound <= CLOSE * (1.0 + abs(best.cost))
        if close or _agree(costs, part.random_starts):
            break
    return best


def _agree(costs: list[float], random_starts: int) -> bool:
    """Enough starts came to the lowest cost (or none to a point): all there are, in a thorough search."""
    low = min(costs)
    lowest = sum(cost == low or cost - low <= GAINED * (1.0 + abs(low)) for cost in costs)
    enough = AGREEING if random_starts else AGREEING_MANY
    return lowest >= enough and (lowest == len(costs) or random_starts < THOROUGH)


def _rank(point: Point) -> tuple[bool, bool, float]:
    """Exact before open, with multipliers before without, cheap before dear."""
    exact = point.status == "exact"
    return not exact, point.z is None, point.cost if exact else np.inf


def _already_exact(part: Part) -> Point | None:
    """The relaxed point itself, if its cones are tight and its multipliers fit."""
    tight = part.tight
    if np.abs(tight.gap(part.x)).max(initial=0.0) > GAP:
        return None
    z = np.append(part.z[tight.rest], multipliers_of(tight, part.x, part.z))
    form, s = own_linearisation(tight, part.x)
    return found("none", tight, part.x, 0, GAP, z) if kkt_residual(form, part.x, s, z) <= RESIDUAL else None


def _local(part: Part) -> Iterator[Point]:
    """KKT points of a block, from several starts."""
    if "sequential" not in part.remedies:
        return
    yield from (sequential(part.tight, part.tight.ratios(x), GAP) for x in part.points)
    yield from _coupled(part) if part.groups.max(initial=0) > 0 else _uncoupled(part)


def _uncoupled(part: Part, known: Floats | None = None) -> Iterator[Point]:
    """KKT points of a block of one group."""
    yield from local_optima(part.tight, part.x, GAP, known)
    if "penalty" in part.remedies and part.random_starts:
        point, _ = penalty(part.tight, part.weights, part.groups, gap_tolerance=LOOSE_GAP)
        if point.status == "exact":
            yield _polished(part.tight, point)
    yield from random_optima(part.tight, part.x if known is None else known, part.random_starts, GAP)


def _others(part: Part) -> Iterator[Point]:
    """Exact points by the other remedies: KKT points as well, where the sequential remedy may polish them."""
    for point in _started(part):
        polish = "sequential" in part.remedies and point.status != "stopped"
        yield _polished(part.tight, point) if polish else point


def _started(part: Part) -> Iterator[Point]:
    tight = part.tight
    if "penalty" in part.remedies:
        yield penalty(tight, part.weights, part.groups, gap_tolerance=LOOSE_GAP)[0]
    if "convex_concave" in part.remedies:
        yield convex_concave(tight, np.zeros((tight.rows.shape[0] - 2, tight.size)), LOOSE_GAP)
    if "cuts" in part.remedies:
        yield cuts(tight, tight.ratios(part.x), LOOSE_GAP)


def _polished(tight: Tight, point: Point) -> Point:
    polished = sequential(tight, tight.ratios(point.x), GAP)
    better = polished if polished.status == "exact" else point
    return replace(better, remedy=point.remedy, solves=point.solves + polished.solves)


def _coupled(part: Part) -> Iterator[Point]:
    """KKT points of a block with several groups: from the usual starts until one is found, and from what the groups
    find alone with the coupling held there."""
    base = None
    for base in local_optima(part.tight, part.x, GAP):
        if base.status == "exact":
            break
        yield base
    if base is None or base.status != "exact":
        return
    ratios, solves = _alone(part, base)
    yield replace(base, solves=base.solves + solves)
    if ratios is not None:
        yield sequential(part.tight, ratios, GAP)


def _alone(part: Part, base: Point) -> tuple[Floats | None, int]:
    """Ratios of the best points of the groups with their coupling held, None where none is better; and the solves."""
    held = held_form(part.tight.form, base.x, coupling_columns(part.tight, part.groups))
    ratios, better, solves = part.tight.ratios(base.x), False, 0
    inner = _part(held, replace(part, x=base.x), np.arange(part.tight.size))
    for block, own, mine in _split(inner, blocks(held.form)):
        if own is not None:
            point, count = _better(block, own)
            solves += count
            if point is not None:
                ratios[:, mine], better = own.tight.ratios(point.x), True
    return (ratios if better else None), solves


def _better(block: Block, part: Part) -> tuple[Point | None, int]:
    """A better KKT point than the block's own x, if there is one; and how many programs that took."""
    answer = Compiled(block.form).answer(block.form)
    now = found("none", part.tight, part.x, 1, GAP, part.z)
    if answer.status != "solved":
        return None, 1
    relaxed = replace(part, x=answer.x)
    best = _cheapest(relaxed, chain([now], _uncoupled(relaxed, part.x)), replace(now, solves=0))
    gained = now.cost - best.cost > GAINED * (1.0 + abs(now.cost))
    return (best if gained else None), best.solves


def _assembled(part: Part, cone_rows: Ints, points: Sequence[tuple[Block, Point]]) -> Repaired:
    """The blocks' points as one, judged on the whole program."""
    tight = part.tight
    x = joined([(block, point.x) for block, point in points], "columns")
    form, s = own_linearisation(tight, x)
    priced = all(point.z is not None for _, point in points)
    multipliers = joined([(b, p.z) for b, p in points if p.z is not None], "rows") if priced else None
    z = None if multipliers is None else np.append(multipliers[tight.rest], multipliers_of(tight, x, multipliers))
    worst = np.abs(tight.gap(x))
    is_open = np.unique(part.groups[worst > LOOSE_GAP])
    gaps = np.full(cone_rows[0].size, np.nan)
    gaps[cone_rows[0].ravel() >= 0] = tight.gap(x)
    return Repaired(
        status="open" if is_open.size else "exact" if priced else "unpriced",
        form=form,
        x=x,
        s=s,
        z=z,
        multipliers=multipliers,
        cost=tight.form.cost(x),
        remedies=tuple(point.remedy for _, point in points),
        kkt_residual=kkt_residual(form, x, s, z) if z is not None else np.inf,
        gaps=gaps.reshape(cone_rows.shape[1:]),
        solves=sum(point.solves for _, point in points),
        open_groups=is_open,
    )
