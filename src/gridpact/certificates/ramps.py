"""Units whose power may only change so fast: the limits, and the best plan over the horizon at given prices.

Between steps the power rises by at most hours x ramp_up and falls by at most hours x ramp_down. A unit that was off may
rise to its lowest power, one that is going off may fall from it, if that is more.

The best plan minimises a convex cost less the revenue. The cost is replaced by its tangents, which never exceed it, so
each linear program bounds the best profit from above; tangents are added where the last plan lies until the bound is
reached (Kelley, SIAM Journal 8(4), 1960).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.certificates.commitment import running, unit_range
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
# cost per hour and its slope at a power, all (units, steps)
Cost = Callable[[Floats], tuple[Floats, Floats]]
# a point, the cost and its slope there
Tangent = tuple[Floats, Floats, Floats]
ROUNDS = 30
# Share of the profit's size to which the bound is settled; far below what counts as regret.
SETTLED = 1e-8


def ramped(evidence: Evidence, table: str) -> bool:
    """Whether any unit has a ramp that can matter."""
    case = evidence.case
    ramps = [case.column(table, f"ramp_{way}_mw_per_h") for way in ("up", "down")]
    return case.steps > 1 and not bool(np.isnan(ramps).all())


def largest_changes(evidence: Evidence, table: str) -> tuple[Floats, Floats]:
    """Largest rise and fall between steps, MW, (units, steps - 1); infinite without a limit and between windows."""
    case, on = evidence.case, running(evidence, table)
    up, down = (case.hours * case.column(table, f"ramp_{way}_mw_per_h")[:, None] for way in ("up", "down"))
    least = case.series(table, "min_p_mw")
    rise = np.where(on[:, :-1], up, np.maximum(up, least[:, 1:]))
    fall = np.where(on[:, 1:], down, np.maximum(down, least[:, :-1]))
    anew = case.begins[1:]
    return np.where(np.isnan(up) | anew, np.inf, rise), np.where(np.isnan(down) | anew, np.inf, fall)


def best_plan(evidence: Evidence, table: str, price: Floats, cost: Cost, done: Floats) -> Floats:
    """Bound from above of the profit per hour of the best plan of each unit, (units, steps); NaN if there is no plan.

    Only its sum over the steps of a unit means something. ``done`` is what the units do.
    """
    low, high = unit_range(evidence, table, "p_mw")
    limits, start = (low, high, *largest_changes(evidence, table)), np.clip(done, low, high)
    tangents = [(point, *cost(point)) for point in (start, low, high)]
    settled = SETTLED * max(1.0, float(np.abs(price * high).sum() + np.abs(cost(high)[0]).sum()))
    profit, known = np.full_like(price, np.nan), float((price * start - cost(start)[0]).sum())
    for _ in range(ROUNDS):
        plan, below = _tangent_plan(price, tangents, limits)
        profit, real = price * plan - below, cost(plan)
        known = max(known, float((price * plan - real[0]).sum()))
        if not profit.sum() - known > settled:
            break
        tangents.append((plan, *real))
    return profit


def _tangent_plan(
    price: Floats, tangents: list[Tangent], limits: tuple[Floats, Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Best plan and its cost where the cost is the largest of the tangents; NaN if there is no plan.

    Variables: power, then cost, unit by unit. ``limits``: lowest and highest power, largest rise and fall.
    """
    (units, steps), (low, high, up, down) = price.shape, limits
    rise = sp.kron(sp.eye_array(units), sp.eye_array(steps - 1, steps, k=1) - sp.eye_array(steps - 1, steps))
    blocks: list[list[Any]] = [[rise, None], [-rise, None]]
    blocks += [[sp.diags_array(slope.ravel()), -sp.eye_array(price.size)] for _, _, slope in tangents]
    bounds = [up, down, *(slope * point - value for point, value, slope in tangents)]
    matrix, bound = sp.csr_array(sp.block_array(blocks)), np.concatenate([each.ravel() for each in bounds])
    limited, free = np.isfinite(bound), np.full(price.size, np.inf)
    ranges = np.column_stack([np.append(low, -free), np.append(high, free)])
    objective = np.append(-price, np.ones(price.size))
    # scipy takes sparse matrices here, its type stubs do not know
    answer = linprog(objective, matrix[limited], bound[limited], bounds=ranges, method="highs")  # type: ignore[call-overload]
    found = np.full(2 * price.size, np.nan) if answer.x is None else answer.x
    plan, cost = found.reshape(2, units, steps)
    return plan, cost
