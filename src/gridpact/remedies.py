"""What each remedy alone makes of a market whose relaxation invents losses: cost, gap, effort.

    relaxed          the relaxation as it is: its cost is a lower bound, its gap what has to be closed
    sequential       convex programs with tangents as equalities; ends in points with prices
    penalty          the smallest price on losses that closes the gaps, hour by hour
    convex_concave   the gaps charged at their tangents, again and again
    cuts             linear cuts that close on the cones
    ipopt            a local optimum of the non-linear program, the best of three starts
    all              what ``clear`` does

None of them is best everywhere: what is cheap on one district is dear, or finds nothing, on another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.errors import InputError, Issue, NotConverged
from gridpact.io.folder import read_case
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import purchases
from gridpact.markets.pool import clear_pool
from gridpact.physics.electric.exactness import exact_flow, gaps, has_cones, steps_and_losses
from gridpact.programs.blocks import blocks
from gridpact.programs.exactness.ladder import REMEDIES as ALONE
from gridpact.programs.exactness.ladder import repair
from gridpact.programs.exactness.service import KKT, TIGHT, looseness
from gridpact.programs.nonlinear import PRICES, local_optimum, tight_rows

Floats = NDArray[np.float64]
REMEDIES = ("relaxed", *ALONE, "ipopt", "all")
# Words for a point at which every cone is tight.
CLOSED = ("tight", "exact", "unpriced")
# Against less than this, in the currency of the case, no share is worth telling.
LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Tried:
    """A status, the point where there is one, and how many programs that took."""

    status: str
    x: Floats | None
    programs: int


def compare_remedies(case: Case | str | Path, remedies: Sequence[str] = REMEDIES) -> pd.DataFrame:
    """Each remedy alone on the relaxed market of a case ("soc"); commitments stay as the relaxation has them.

    One row per remedy, in the order asked for:

    - ``remedy``
    - ``status``: "tight" (the relaxation is exact), "exact" (all cones are tight, and the point has prices), "unpriced"
      (tight, but not known to be a Karush-Kuhn-Tucker point), "open" (a cone is not tight), "infeasible" (proven),
      "undecided" (neither a point nor a proof), "stopped" (Ipopt or a solver gave up)
    - ``cost``: of the point, in the currency of the case; NaN where there is none
    - ``above_best_percent``: cost less that of the cheapest point with tight cones in the table, over the larger of
      that cost and the gross value of what it trades at the interfaces, in per cent; NaN where there is none. An open
      point may be below zero: what it claims cannot be had
    - ``largest_gap_pu``: largest |l - (P^2 + Q^2) / v| of any branch and step, in per unit
    - ``programs``: convex programs solved; for "ipopt", and "all" where Ipopt joined, without its starts' iterations
    - ``seconds``: wall time of the remedy, without the relaxation before it; of "relaxed" the solver's own time

    Sources: penalty, Huang, Wu, Wang and Zhao, IEEE Trans. Power Systems 32(2), 2017; convex-concave procedure, Lipp
    and Boyd, Optimization and Engineering 17, 2016; cuts, Abdelouadoud, Girard, Neirac and Guiot, Int. J. Electrical
    Power and Energy Systems 69, 2015; sequential programming, Nocedal and Wright, Numerical Optimization, 2006; Ipopt,
    Waechter and Biegler, Mathematical Programming 106, 2006.

    Raises ``InputError`` for unknown remedies, none at all, and mistakes in the case; ``InfeasibleError`` where even
    the relaxation has no dispatch, ``NotConverged`` where it could not be solved.
    """
    _require_known(remedies)
    case = require_valid(case) if isinstance(case, Case) else read_case(case)
    relaxed = clear_pool(case, exactness="off")
    rows, points = [], []
    for name in remedies:
        started = perf_counter()
        tried = _tried(relaxed, name)
        seconds = relaxed.solution.seconds if name == "relaxed" else perf_counter() - started
        points.append(None if tried.x is None else _moved(relaxed, tried.x))
        rows.append({"remedy": name, "status": tried.status, **_told(points[-1]), "programs": tried.programs,
                     "seconds": seconds})  # fmt: skip
    table = pd.DataFrame(rows)
    table.insert(3, "above_best_percent", _above_best(table, points))
    return table


def _require_known(remedies: Sequence[str]) -> None:
    named = [remedies] if isinstance(remedies, str) else list(remedies)
    unknown = [name for name in named if name not in REMEDIES]
    if unknown or not named or isinstance(remedies, str):
        fix = f"Give a list of: {', '.join(REMEDIES)}."
        raise InputError([Issue(f"remedies = {remedies!r} is not possible", fix)])


def _tried(relaxed: Cleared, name: str) -> Tried:
    if name == "relaxed" or not has_cones(relaxed.form):
        return Tried("tight" if _loosest(relaxed) <= TIGHT else "open", relaxed.solution.x, 1)
    if name == "ipopt":
        return _ipopt(relaxed)
    return _all(relaxed) if name == "all" else _alone(relaxed, name)


def _loosest(cleared: Cleared) -> float:
    if not has_cones(cleared.form):
        return 0.0
    return float(looseness(cleared.solution.s[tight_rows(cleared.form, ("cone",))]).max())


def _alone(relaxed: Cleared, name: str) -> Tried:
    form = relaxed.form
    cones = steps_and_losses(form, relaxed.network)
    found = repair(form, form.rows["cone"], relaxed.solution, *cones, remedies=(name,))
    return Tried(found.status, found.x, found.solves)


def _all(relaxed: Cleared) -> Tried:
    exact = exact_flow(relaxed.form, relaxed.network, relaxed.solution, purchases(relaxed))
    if exact.status == "tight":
        return Tried("tight", relaxed.solution.x, 0)
    if exact.repaired is None:
        return Tried(exact.status, None, 0)
    return Tried(exact.repaired.status, exact.repaired.x, exact.repaired.solves)


def _ipopt(relaxed: Cleared) -> Tried:
    form, programs = relaxed.form, len(PRICES) * len(blocks(relaxed.form))
    try:
        local = local_optimum(form, tight_rows(form, ("cone",)))
    except NotConverged:
        return Tried("stopped", None, programs)
    if local.status != "solved":
        return Tried("stopped", None, programs)
    return Tried("exact" if local.residual.worst <= KKT else "unpriced", local.x, programs)


def _moved(relaxed: Cleared, x: Floats) -> Cleared:
    """The market at another point; multipliers are left behind."""
    form = relaxed.form
    solution = replace(relaxed.solution, x=x, s=form.b - form.A @ x, z=np.full(form.b.size, np.nan), cost=form.cost(x))
    return replace(relaxed, solution=solution)


def _told(point: Cleared | None) -> dict[str, float]:
    if point is None:
        return {"cost": np.nan, "largest_gap_pu": np.nan}
    gap = np.abs(gaps(point.form, point.solution)).max() if has_cones(point.form) else 0.0
    return {"cost": point.solution.cost, "largest_gap_pu": float(gap)}


def _above_best(table: pd.DataFrame, points: Sequence[Cleared | None]) -> pd.Series[float]:
    """Costs over that of the cheapest closed point, in per cent of what is at stake there."""
    closed = table["cost"].where(table["status"].isin(CLOSED))
    if closed.isna().all():
        return closed
    best = points[int(np.nanargmin(closed.to_numpy()))]
    assert best is not None
    scale = max(abs(best.solution.cost), purchases(best), LEAST)
    return 100.0 * (table["cost"] - best.solution.cost) / scale
