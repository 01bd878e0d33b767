"""Loads: fixed demand, parts of which may stay unserved, and demand that follows the price.

p = -(fixed - unserved + sum of bids + shifted + controlled)
unserved     0 <= p <= fixed,                               cost  price x p
bids         0 <= p <= width,                               cost  -benefit x p
shiftable    min <= p <= max,  hours x sum of p over each window = energy
controllable a unit (see ``unit``) that takes power,        cost  -benefit x p
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total
from gridpact.physics.devices.unit import Held, between, ramps, running
from gridpact.programs.affine import Affine, Variable, constant, nothing
from gridpact.programs.program import Named, box, equal

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Additional demand ``p`` of the rows of a table, with ``q_per_p`` reactive power each."""

    p: Affine
    q_per_p: Floats
    variables: dict[str, Variable]
    constraints: Named
    cost: Affine
    integers: tuple[str, ...] = ()


def loads(case: Case, base: float, held: Held) -> Device:
    p, q = constant(-case.series("loads", "p_mw") / base), constant(-case.series("loads", "q_mvar") / base)
    variables: dict[str, Variable] = {}
    constraints: Named = {}
    integers: tuple[str, ...] = ()
    cost = nothing()
    for table, build in PARTS.items():
        if case.count(table):
            part = build(case, base, held)
            owner = membership(case.positions(table, "load"), case.count("loads"))
            p, q = p - owner @ part.p, q - owner @ (part.q_per_p * part.p)
            variables, constraints = variables | part.variables, constraints | part.constraints
            cost, integers = cost + part.cost, integers + part.integers
    return Device("load", case.positions("loads", "bus"), variables, constraints, p, q, cost, integers=integers)


def _ratio(case: Case, table: str) -> Floats:
    return np.repeat(case.column(table, "q_mvar_per_mw")[:, None], case.steps, axis=1)


def _bids(case: Case, base: float, held: Held) -> Part:
    width = case.series("bids", "p_mw") / base
    taken = Variable(width.shape)
    named = box(taken, np.zeros_like(width), width, ("bids/taken", "bids/p_mw", "bids/no_block"))
    cost = -base * total(case.series("bids", "benefit_per_mwh"), taken)
    return Part(taken, _ratio(case, "bids"), {"bid_p": taken}, named, cost)


def _shiftable(case: Case, base: float, held: Held) -> Part:
    lower, upper = (case.series("shiftable", name) / base for name in ("min_p_mw", "max_p_mw"))
    placed = Variable(lower.shape)
    named = box(placed, lower, upper, ("shiftable/min_p_mw", "shiftable/max_p_mw", "shiftable/p_mw"))
    energy = case.column("shiftable", "energy_mwh") / base
    windows = np.equal.outer(np.cumsum(case.begins) - 1, np.arange(case.begins.sum())).astype(np.float64)
    named["shiftable/energy_mwh"] = equal(
        case.hours * placed @ windows, np.repeat(energy[:, None], windows.shape[1], 1)
    )
    return Part(placed, _ratio(case, "shiftable"), {"shift_p": placed}, named, nothing())


def _controllable(case: Case, base: float, held: Held) -> Part:
    taken = Variable((case.count("controllable"), case.steps))
    state = running(case, "controllable", "controlled_on", held)
    named = between(case, base, "controllable", "p_mw", taken, state) | ramps(case, base, "controllable", taken, state)
    cost = -base * total(case.series("controllable", "benefit_per_mwh"), taken)
    variables = {"controlled_p": taken, **state.variables}
    return Part(taken, _ratio(case, "controllable"), variables, named | state.constraints, cost, state.integers)


def _unserved(case: Case, base: float, held: Held) -> Part:
    """Demand that is taken away: ``p`` is negative, and so is the reactive power that goes with it."""
    rows = case.positions("unserved", "load")
    fixed, fixed_q = case.series("loads", "p_mw")[rows], case.series("loads", "q_mvar")[rows]
    unserved = Variable(fixed.shape)
    names = ("unserved/none", "unserved/p_mw", "unserved/no_demand")
    named = box(unserved, np.zeros_like(fixed), np.maximum(fixed, 0.0) / base, names)
    ratio = np.divide(fixed_q, fixed, out=np.zeros_like(fixed), where=fixed > 0)
    cost = base * total(case.series("unserved", "price_per_mwh"), unserved)
    return Part(-unserved, ratio, {"unserved_p": unserved}, named, cost)


PARTS: dict[str, Callable[[Case, float, Held], Part]] = {
    "bids": _bids,
    "shiftable": _shiftable,
    "controllable": _controllable,
    "unserved": _unserved,
}
