"""Dispatchable generators with a quadratic cost or offer blocks.

cost   c1 p + c2 p^2,   or the sum of block cost x block power with p = sum of its blocks
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total
from gridpact.programs.program import Named, box, equal


def generators(case: Case, base: float) -> Device:
    shape = (case.count("generators"), case.steps)
    p, q = cp.Variable(shape), cp.Variable(shape)
    variables, constraints, offered = _offers(case, base, p)
    quadratic = case.series("generators", "cost_per_mw2h")
    cost = base * total(case.series("generators", "cost_per_mwh"), p) + offered
    if quadratic.any():
        cost = cost + base**2 * total(quadratic, cp.square(p))
    return Device(
        "generator",
        case.positions("generators", "bus"),
        {"generator_p": p, "generator_q": q} | variables,
        _ranges(case, base, p, q) | constraints,
        p=p,
        q=q,
        cost=cost,
    )


def _ranges(case: Case, base: float, p: cp.Variable, q: cp.Variable) -> Named:
    named: Named = {}
    for variable, unit in ((p, "p_mw"), (q, "q_mvar")):
        lower, upper = (case.series("generators", f"{side}_{unit}") / base for side in ("min", "max"))
        names = (f"generators/min_{unit}", f"generators/max_{unit}", f"generators/{unit}")
        named |= box(variable, lower, upper, names)
    return named


def _offers(case: Case, base: float, p: cp.Variable) -> tuple[dict[str, cp.Variable], Named, cp.Expression]:
    blocks = case.count("offers")
    if not blocks:
        return {}, {}, cp.Constant(0.0)
    block = cp.Variable((blocks, case.steps))
    owner = case.positions("offers", "generator")
    offering = np.unique(owner)
    together = membership(owner, case.count("generators"))[offering]
    width = case.series("offers", "p_mw") / base
    named = box(block, np.zeros_like(width), width, ("offers/block", "offers/p_mw", "offers/no_block"))
    named["offers/sum"] = equal(together @ block - p[offering])
    return {"offer_p": block}, named, base * total(case.series("offers", "cost_per_mwh"), block)
