"""Devices that give reactive power only: static var compensators and capacitor banks.

    compensator   min <= q <= max
    capacitor     0 <= q <= q_max v                                 any value
                  q = q_max / n  sum of w_k,   w_k = z_k v          in n steps, z_k 0 or 1

With v between any bounds, w = z v is exactly  v_min z <= w <= v_max z,  v - v_max (1 - z) <= w <= v - v_min (1 - z)
(McCormick, Mathematical Programming 10, 1976).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, zeros
from gridpact.physics.devices.unit import Held
from gridpact.programs.affine import Affine, Variable, constant, nothing
from gridpact.programs.program import Named, at_most, box, equal

Floats = NDArray[np.float64]


def compensators(case: Case, base: float) -> Device:
    q = Variable((case.count("compensators"), case.steps))
    lower, upper = (case.series("compensators", f"{side}_q_mvar") / base for side in ("min", "max"))
    names = ("compensators/min_q_mvar", "compensators/max_q_mvar", "compensators/q_mvar")
    buses = case.positions("compensators", "bus")
    limits = box(q, lower, upper, names)
    return Device("compensator", buses, {"compensator_q": q}, limits, zeros(q.shape), q, nothing())


def capacitors(case: Case, base: float, held: Held, voltage: Affine | None) -> Device:
    """``voltage`` holds the squared voltages of all buses; None: nominal."""
    buses = case.positions("capacitors", "bus")
    shape = (buses.size, case.steps)
    v = constant(np.ones(shape)) if voltage is None else voltage[buses]
    q = Variable(shape)
    size = case.column("capacitors", "q_mvar")[:, None] / base
    stepped = case.column("capacitors", "steps") > 0
    constraints = _continuous(q, size * v, ~stepped)
    variables: dict[str, Variable] = {"capacitor_q": q}
    integers: tuple[str, ...] = ()
    if stepped.any():
        more, rows, integers = _stepped(case, size, v, q, np.flatnonzero(stepped), held)
        variables, constraints = variables | more, constraints | rows
    return Device("capacitor", buses, variables, constraints, zeros(shape), q, nothing(), integers=integers)


def _continuous(q: Variable, most: Affine, banks: NDArray[np.bool_]) -> Named:
    if not banks.any():
        return {}
    return {"capacitors/off": at_most(-q[banks]), "capacitors/q_mvar": at_most(q[banks] - most[banks])}


def _stepped(
    case: Case, size: Floats, v: Affine, q: Variable, banks: NDArray[np.int64], held: Held
) -> tuple[dict[str, Variable], Named, tuple[str, ...]]:
    steps = case.column("capacitors", "steps")[banks].astype(int)
    part = np.repeat(np.arange(banks.size), steps)
    share = membership(part, banks.size) * (size[banks] / steps[:, None])
    if "capacitor_on" in held:
        fixed = share @ held["capacitor_on"]
        return {}, {"capacitors/steps": equal(q[banks] - fixed * v[banks])}, ()
    on, w = Variable((part.size, case.steps)), Variable((part.size, case.steps))
    bus = case.positions("capacitors", "bus")[banks][part]
    # Wider than the voltage limits, which have rows of their own: the products stay exact if those give way.
    low = np.minimum(case.column("buses", "vm_min_pu")[bus, None], 0.5) ** 2
    high = np.maximum(case.column("buses", "vm_max_pu")[bus, None], 1.5) ** 2
    at = v[banks[part]]
    named = {
        "capacitors/steps": equal(q[banks] - share @ w),
        "capacitors/w_low": at_most(low * on - w),
        "capacitors/w_high": at_most(w - high * on),
        "capacitors/w_from": at_most(at - high * (1.0 - on) - w),
        "capacitors/w_to": at_most(w - at + low * (1.0 - on)),
    } | box(on, np.zeros(on.shape), np.ones(on.shape), ("capacitors/out", "capacitors/in", ""))
    same = part[1:] == part[:-1]
    if same.any():
        # Equal parts switch in order: otherwise the search meets every choice many times.
        named["capacitors/order"] = at_most(on[1:][same] - on[:-1][same])
    return {"capacitor_on": on, "capacitor_w": w}, named, ("capacitor_on",)
