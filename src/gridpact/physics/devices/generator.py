"""Dispatchable generators: units with a quadratic cost or offer blocks.

cost   c0 u + c1 p + c2 p^2 + start cost,   or offers in place of c1 and c2: p = sum of the blocks
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total
from gridpact.physics.devices.unit import Held, Running, between, ramps, running
from gridpact.programs.affine import Affine, Variable, nothing
from gridpact.programs.program import Named, box, equal

Floats = NDArray[np.float64]


def generators(case: Case, base: float, held: Held) -> Device:
    shape = (case.count("generators"), case.steps)
    p, q = Variable(shape), Variable(shape)
    state = running(case, "generators", "on", held)
    variables, offers, offered = _offers(case, base, p)
    constraints = (
        between(case, base, "generators", "p_mw", p, state)
        | between(case, base, "generators", "q_mvar", q, state)
        | ramps(case, base, "generators", p, state)
    )
    return Device(
        "generator",
        case.positions("generators", "bus"),
        {"generator_p": p, "generator_q": q, **variables, **state.variables},
        constraints | offers | state.constraints,
        p=p,
        q=q,
        cost=_cost(case, base, p, state) + offered,
        squares={"generator_p": base**2 * case.series("generators", "cost_per_mw2h")},
        integers=state.integers,
    )


def _cost(case: Case, base: float, p: Variable, state: Running) -> Affine:
    start = np.repeat(case.column("generators", "start_cost")[:, None] / case.hours, case.steps, axis=1)
    cost = base * total(case.series("generators", "cost_per_mwh"), p)
    return cost + total(case.series("generators", "cost_per_h"), state.on) + total(start, state.starts)


def _offers(case: Case, base: float, p: Variable) -> tuple[dict[str, Variable], Named, Affine]:
    blocks = case.count("offers")
    if not blocks:
        return {}, {}, nothing()
    block = Variable((blocks, case.steps))
    owner = case.positions("offers", "generator")
    offering = np.unique(owner)
    together = membership(owner, case.count("generators"))[offering]
    width = case.series("offers", "p_mw") / base
    named = box(block, np.zeros_like(width), width, ("offers/block", "offers/p_mw", "offers/no_block"))
    named["offers/sum"] = equal(together @ block - p[offering])
    return {"offer_p": block}, named, base * total(case.series("offers", "cost_per_mwh"), block)
