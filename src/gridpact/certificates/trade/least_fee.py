r"""Does any other split of the exchanges pay less? One transport program per hour, by the judges' own solver.

$$
\min \sum f_{ij} x_{ij} \quad \text{with} \quad \sum_j x_{ij} = e_i \text{ of sellers}, \quad
\sum_i x_{ij} = -e_j \text{ of buyers}, \quad x \ge 0,
$$

the operator being there for both and for any amount; pairs of an infinite fee are left out. Of more than 30 microgrids
twelve hours are looked at, spread over all hours in which there is trade.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.trade.fee_rule import highest, own_fees
from gridpact.certificates.trade.view import Floats, Ints, TradeView

MANY, SAMPLE = 30, 12
TOLERANCE = 1e-7
SMALLEST = float(np.finfo(np.float64).tiny)
EXACT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def least_fee_check(view: TradeView) -> Check:
    """Fees of the trades told above the least ones, over what all exchanges would pay at the highest fee."""
    fees, p, split, steps = own_fees(view), view.exchange("p_mw"), view.split, looked_at(view)
    paid = np.bincount(split.step, fees[split.seller, split.buyer, split.step] * split.p_mw, view.case.steps)
    scale = np.maximum(highest(fees) * np.abs(p).sum(axis=0), SMALLEST)
    off = np.zeros(view.case.steps)
    for step in steps.tolist():
        off[step] = (paid[step] - least_fee(fees[:, :, step], p[:, step])) / scale[step]
    text = "Fees above those of the split that pays least, over all exchanges at the highest fee"
    text += f"; {SAMPLE} hours, as there are many microgrids." if view.count > MANY else "."
    return worst("trade least fee", text, TOLERANCE, [Measure("split", [""], off[None])], view.case.snapshots)


def looked_at(view: TradeView) -> Ints:
    """Steps with trades: all of them, or a sample spread evenly."""
    steps = np.unique(view.split.step)
    if view.count <= MANY or steps.size <= SAMPLE:
        return steps
    return steps[np.linspace(0, steps.size - 1, SAMPLE).astype(np.int64)]


def least_fee(fee: Floats, exchange: Floats) -> float:
    """Least fee per hour of ``exchange`` (n,) at ``fee`` (n + 1, n + 1), the operator last; NaN if nothing is found."""
    n = exchange.size
    seller, buyer = np.append(np.flatnonzero(exchange > 0.0), n), np.append(np.flatnonzero(exchange < 0.0), n)
    start, end = (ends.ravel() for ends in np.meshgrid(seller, buyer, indexing="ij"))
    may = (start != end) & np.isfinite(fee[start, end])
    start, end = start[may], end[may]
    trade = np.arange(start.size)
    ends = (np.concatenate([start, end]), np.concatenate([trade, trade]))
    rows = sp.csr_array((np.ones(2 * trade.size), ends), shape=(n + 1, trade.size))[:n]
    largest, dearest = (max(value, SMALLEST) for value in (float(np.abs(exchange).max()), highest(fee)))
    program = {"c": fee[start, end] / dearest, "A_eq": rows, "b_eq": np.abs(exchange) / largest}
    # scipy takes sparse matrices here, its type stubs do not know
    found = linprog(**program, method="highs", options=EXACT)  # type: ignore[call-overload]
    return largest * dearest * float(found.fun) if found.x is not None else float("nan")
