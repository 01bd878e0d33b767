"""Dispatchable generators with a quadratic cost or offer blocks; some may be switched off.

u min <= p <= u max,   likewise for q;   u = 1 unless the generator is committable, then 0 or 1
cost   c0 u + c1 p + c2 p^2,   or c0 u + the sum of block cost x block power with p = sum of its blocks
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total
from gridpact.programs.program import Named, Rows, box, equal

Floats = NDArray[np.float64]


def generators(case: Case, base: float, commitment: Floats | None = None) -> Device:
    """``commitment`` (generators, steps) holds u; without it, u of committable generators is a variable ``on``."""
    shape = (case.count("generators"), case.steps)
    p, q = cp.Variable(shape), cp.Variable(shape)
    optional = case.flags("generators", "committable")
    if commitment is None and optional.any():
        running, named, on = _switched(case, base, p, q, optional)
    else:
        on = np.ones(shape) if commitment is None else commitment
        running, named = {}, _ranges(case, base, p, q, on)
    variables, offers, offered = _offers(case, base, p)
    quadratic = case.series("generators", "cost_per_mw2h")
    cost = base * total(case.series("generators", "cost_per_mwh"), p) + offered
    cost = cost + total(case.series("generators", "cost_per_h"), cp.Constant(on) if isinstance(on, np.ndarray) else on)
    if quadratic.any():
        cost = cost + base**2 * total(quadratic, cp.square(p))
    return Device(
        "generator",
        case.positions("generators", "bus"),
        {"generator_p": p, "generator_q": q} | variables | running,
        named | offers,
        p=p,
        q=q,
        cost=cost,
        integers=tuple(running),
    )


def _ranges(case: Case, base: float, p: cp.Variable, q: cp.Variable, on: Floats) -> Named:
    named: Named = {}
    for variable, unit in ((p, "p_mw"), (q, "q_mvar")):
        lower, upper = (on * case.series("generators", f"{side}_{unit}") / base for side in ("min", "max"))
        names = (f"generators/min_{unit}", f"generators/max_{unit}", f"generators/{unit}")
        named |= box(variable, lower, upper, names)
    return named


def _switched(
    case: Case, base: float, p: cp.Variable, q: cp.Variable, optional: NDArray[np.bool_]
) -> tuple[dict[str, cp.Variable], Named, cp.Expression]:
    """u as a variable that is one for generators that always run."""
    on = cp.Variable(p.shape)
    always = np.broadcast_to(np.where(optional, 0.0, 1.0)[:, None], p.shape)
    named = box(on, always, np.ones(p.shape), ("generators/off", "generators/on", "generators/runs"))
    for variable, unit in ((p, "p_mw"), (q, "q_mvar")):
        lower, upper = (case.series("generators", f"{side}_{unit}") / base for side in ("min", "max"))
        everywhere = np.ones(p.shape, dtype=np.bool_)
        named[f"generators/least_{unit}"] = Rows(variable >= cp.multiply(lower, on), everywhere)
        named[f"generators/most_{unit}"] = Rows(variable <= cp.multiply(upper, on), everywhere)
    return {"on": on}, named, on


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
