"""Make a solved program exact: one service for every market whose program has cones that must be tight.

    tight         the relaxed optimum is exact already: it is the global optimum
    repaired      the best point found with tight cones; it satisfies the KKT conditions, so that it has multipliers
    unpriced      a point with tight cones that no remedy could bring to a KKT point: a dispatch without prices
    infeasible    reverse cuts prove that no point has tight cones
    undecided     neither a point nor a proof was found

The remedies are those of ``ladder``; Ipopt joins where they find nothing, and in a thorough search. A thorough search
also proves how far the global optimum can be (``reverse_bound``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.exactness.gap import factors, gap
from gridpact.programs.exactness.ladder import REMEDIES, Repaired, repair
from gridpact.programs.exactness.tight import present
from gridpact.programs.nonlinear import local_optimum
from gridpact.programs.reverse_bound import Bound, lower_bound
from gridpact.programs.standard_form import Solved, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# A cone is tight up to this gap, relative to l where l is above one: half of what the judges allow.
TIGHT = 5e-7
KKT = 1e-6
PROOF_SECONDS = 120.0


@dataclass(frozen=True, eq=False)
class Exact:
    """``status`` as above; ``repaired`` where there is a point; ``bound`` where it was asked for or is the proof."""

    status: str
    repaired: Repaired | None = None
    bound: Bound | None = None
    seconds: float = 0.0


def looseness(s: Floats) -> Floats:
    """|l - |w|^2 / u| over max(1, l) of cones with these slacks (k, ...)."""
    _, l, _ = factors(s)
    return np.asarray(np.abs(gap(s)) / np.maximum(1.0, np.abs(l)))


def made_exact(
    form: StandardForm,
    cone_rows: Ints,
    relaxed: Solved,
    groups: Ints,
    weights: Floats,
    *,
    thorough: bool = False,
    scale: float = 0.0,
    remedies: Sequence[str] = REMEDIES,
) -> Exact:
    """Make ``relaxed``, the optimum of ``form``, exact in the cones ``cone_rows`` (k, ...).

    ``groups`` (which step a cone belongs to) and ``weights`` (losses per unit of l) have the shape of a row of
    ``cone_rows``; ``scale`` is what a small cost is measured against. ``thorough`` adds Ipopt and the bound.
    """
    started = perf_counter()
    tight = present(cone_rows)
    if looseness(relaxed.s[tight]).max(initial=0.0) <= TIGHT:
        return Exact("tight", seconds=perf_counter() - started)
    found = repair(form, cone_rows, relaxed, groups, weights, remedies)
    if thorough or found.status != "exact":
        points = _local_points(form, tight, found.x)
        found = min(found, repair(form, cone_rows, relaxed, groups, weights, remedies, points), key=_rank)
    status = _status(found)
    bound = None
    if status == "undecided" or thorough:
        point = None if status == "undecided" else found.x
        bound = lower_bound(form, tight, point, scale=scale, time_limit=PROOF_SECONDS)
        status = "infeasible" if bound.infeasible else status
    return Exact(status, None if status in ("infeasible", "undecided") else found, bound, perf_counter() - started)


def _local_points(form: StandardForm, tight: Ints, near: Floats) -> list[Floats]:
    """Ends of Ipopt from where it likes to start, from nothing, and from a known point."""
    points = []
    for start in (None, np.zeros_like(near), near):
        try:
            local = local_optimum(form, tight, start)
        except NotConverged:
            continue
        if local.status == "solved":
            points.append(local.x)
    return points


def _rank(found: Repaired) -> tuple[int, float]:
    return ("exact", "unpriced", "open").index(found.status), found.cost


def _status(found: Repaired) -> str:
    if found.status == "open":
        return "undecided"
    return "repaired" if found.status == "exact" and found.kkt_residual <= KKT else "unpriced"
