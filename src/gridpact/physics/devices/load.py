"""Loads: fixed demand, blocks taken where the benefit exceeds the price, energy to be placed in time.

p = -(fixed + sum of bids + shifted),   hours x sum over steps of shifted = energy
cost = -benefit x bid
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total
from gridpact.programs.program import Named, box, equal

Part = tuple[dict[str, cp.Variable], Named, cp.Expression, cp.Expression, cp.Expression]


def loads(case: Case, base: float) -> Device:
    fixed_p, fixed_q = case.series("loads", "p_mw") / base, case.series("loads", "q_mvar") / base
    p, q, cost = cp.Constant(-fixed_p), cp.Constant(-fixed_q), cp.Constant(0.0)
    variables: dict[str, cp.Variable] = {}
    constraints: Named = {}
    for table, part in (("bids", _bids), ("shiftable", _shiftable)):
        if case.count(table):
            more, named, part_p, part_q, part_cost = part(case, base)
            variables, constraints = variables | more, constraints | named
            p, q, cost = p - part_p, q - part_q, cost + part_cost
    return Device("load", case.positions("loads", "bus"), variables, constraints, p, q, cost)


def _bids(case: Case, base: float) -> Part:
    width = case.series("bids", "p_mw") / base
    taken = cp.Variable(width.shape)
    named = box(taken, np.zeros_like(width), width, ("bids/taken", "bids/p_mw", "bids/no_block"))
    owner = membership(case.positions("bids", "load"), case.count("loads"))
    reactive = cp.multiply(case.column("bids", "q_mvar_per_mw")[:, None], taken)
    cost = -base * total(case.series("bids", "benefit_per_mwh"), taken)
    return {"bid_p": taken}, named, owner @ taken, owner @ reactive, cost


def _shiftable(case: Case, base: float) -> Part:
    lower, upper = (case.series("shiftable", name) / base for name in ("min_p_mw", "max_p_mw"))
    placed = cp.Variable(lower.shape)
    named = box(placed, lower, upper, ("shiftable/min_p_mw", "shiftable/max_p_mw", "shiftable/p_mw"))
    energy = case.column("shiftable", "energy_mwh") / base
    named["shiftable/energy_mwh"] = equal(case.hours * cp.sum(placed, axis=1), energy)
    owner = membership(case.positions("shiftable", "load"), case.count("loads"))
    reactive = cp.multiply(case.column("shiftable", "q_mvar_per_mw")[:, None], placed)
    return {"shift_p": placed}, named, owner @ placed, owner @ reactive, cp.Constant(0.0)
