"""Demand that has a choice: what each row of its tables takes, between which limits, and what that earns its load.

bids          0 <= p <= width                   worth their benefit
shiftable     min <= p <= max, energy given     worth nothing beyond its energy
controllable  min <= p <= max while it runs     worth its benefit
unserved      0 <= p <= fixed demand            gives instead of takes, at its own price
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.commitment import unit_range
from gridpact.certificates.evidence import Evidence, prices_at

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Names in the program and in the demand table; ``taken`` is -1 for power that a load does without.

    ``price`` is the column of the case that prices the power, "" for none.
    """

    variable: str
    column: str
    taken: float
    price: str


PARTS = {
    "bids": Part("bid_p", "bid_mw", 1.0, "benefit_per_mwh"),
    "shiftable": Part("shift_p", "shifted_mw", 1.0, ""),
    "controllable": Part("controlled_p", "controlled_mw", 1.0, "benefit_per_mwh"),
    "unserved": Part("unserved_p", "unserved_mw", -1.0, "price_per_mwh"),
}
PRICED = tuple(table for table, part in PARTS.items() if part.price)


def chosen(evidence: Evidence, table: str) -> Floats:
    """Power of every row, MW, (rows, steps)."""
    if not evidence.case.count(table):
        return np.zeros((0, evidence.case.steps))
    return evidence.variable(PARTS[table].variable) * evidence.base_mva


def limits(evidence: Evidence, table: str) -> tuple[Floats, Floats]:
    """Lowest and highest power of every row, MW."""
    case = evidence.case
    if table == "controllable":
        return unit_range(evidence, table, "p_mw")
    if table == "shiftable":
        return case.series(table, "min_p_mw"), case.series(table, "max_p_mw")
    if table == "bids":
        most = case.series(table, "p_mw")
    else:
        most = np.maximum(case.series("loads", "p_mw")[case.positions(table, "load")], 0.0)
    return np.zeros_like(most), most


def reactive_ratio(case: Case, table: str) -> Floats:
    """Reactive over active power, Mvar per MW, (rows, steps); what stays unserved is like the fixed demand."""
    if table != "unserved":
        return np.repeat(case.column(table, "q_mvar_per_mw")[:, None], case.steps, axis=1)
    owner = case.positions(table, "load")
    p, q = case.series("loads", "p_mw")[owner], case.series("loads", "q_mvar")[owner]
    return np.divide(q, p, out=np.zeros_like(q), where=p > 0.0)


def own_cost(case: Case, table: str) -> Floats:
    """Cost of a row's power apart from the market's prices, currency per MWh; a benefit is negative."""
    return -PARTS[table].taken * case.series(table, PARTS[table].price)


def unit_price(evidence: Evidence, table: str) -> Floats:
    """Price of one MW of a row with the reactive power that goes with it."""
    active, reactive = prices_at(evidence, "loads")
    owner = evidence.case.positions(table, "load")
    unit: Floats = active[owner] + reactive[owner] * reactive_ratio(evidence.case, table)
    return unit


def margin(evidence: Evidence, table: str) -> Floats:
    """What one more MW of a row earns its load."""
    paid = PARTS[table].taken * unit_price(evidence, table)
    return -paid - own_cost(evidence.case, table) if PARTS[table].price else -paid
