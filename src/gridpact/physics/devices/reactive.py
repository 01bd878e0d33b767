"""Devices that give reactive power only: static var compensators and capacitor banks.

    compensator   min <= q <= max
    capacitor     0 <= q <= q_max v                                 any value
                  q = q_max / n  sum of w_k,   w_k = z_k v          in n steps, z_k 0 or 1

With v between its limits, w = z v is exactly  v_min z <= w <= v_max z,  v - v_max (1 - z) <= w <= v - v_min (1 - z)
(McCormick, Mathematical Programming 10, 1976).
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, zeros
from gridpact.physics.devices.unit import Held
from gridpact.programs.program import Named, Rows, box

Floats = NDArray[np.float64]


def compensators(case: Case, base: float) -> Device:
    q = cp.Variable((case.count("compensators"), case.steps))
    lower, upper = (case.series("compensators", f"{side}_q_mvar") / base for side in ("min", "max"))
    names = ("compensators/min_q_mvar", "compensators/max_q_mvar", "compensators/q_mvar")
    buses = case.positions("compensators", "bus")
    limits = box(q, lower, upper, names)
    return Device("compensator", buses, {"compensator_q": q}, limits, zeros(q.shape), q, cp.Constant(0.0))


def capacitors(case: Case, base: float, held: Held, voltage: cp.Expression | None) -> Device:
    """``voltage`` holds the squared voltages of all buses; None: nominal."""
    buses = case.positions("capacitors", "bus")
    shape = (buses.size, case.steps)
    v = cp.Constant(np.ones(shape)) if voltage is None else voltage[buses]
    q = cp.Variable(shape)
    size = case.column("capacitors", "q_mvar")[:, None] / base
    stepped = case.column("capacitors", "steps") > 0
    constraints = _continuous(q, cp.multiply(size, v), ~stepped)
    variables: dict[str, cp.Variable] = {"capacitor_q": q}
    integers: tuple[str, ...] = ()
    if stepped.any():
        more, rows, integers = _stepped(case, size, v, q, np.flatnonzero(stepped), held)
        variables, constraints = variables | more, constraints | rows
    return Device("capacitor", buses, variables, constraints, zeros(shape), q, cp.Constant(0.0), integers)


def _rows(constraint: cp.Constraint) -> Rows:
    return Rows(constraint, np.ones(constraint.args[0].shape, dtype=np.bool_))


def _continuous(q: cp.Variable, most: cp.Expression, banks: NDArray[np.bool_]) -> Named:
    if not banks.any():
        return {}
    return {"capacitors/off": _rows(-q[banks] <= 0.0), "capacitors/q_mvar": _rows(q[banks] - most[banks] <= 0.0)}


def _stepped(
    case: Case, size: Floats, v: cp.Expression, q: cp.Variable, banks: NDArray[np.int64], held: Held
) -> tuple[dict[str, cp.Variable], Named, tuple[str, ...]]:
    steps = case.column("capacitors", "steps")[banks].astype(int)
    part = np.repeat(np.arange(banks.size), steps)
    share = membership(part, banks.size) * (size[banks] / steps[:, None])
    if "capacitor_on" in held:
        fixed = cp.Constant(share @ held["capacitor_on"])
        return {}, {"capacitors/steps": _rows(q[banks] - cp.multiply(fixed, v[banks]) == 0.0)}, ()
    on, w = cp.Variable((part.size, case.steps)), cp.Variable((part.size, case.steps))
    bus = case.positions("capacitors", "bus")[banks][part]
    low, high = (case.column("buses", f"vm_{side}_pu")[bus, None] ** 2 for side in ("min", "max"))
    at = v[banks[part]]
    named = {
        "capacitors/steps": _rows(q[banks] - share @ w == 0.0),
        "capacitors/w_low": _rows(cp.multiply(low, on) - w <= 0.0),
        "capacitors/w_high": _rows(w - cp.multiply(high, on) <= 0.0),
        "capacitors/w_from": _rows(at - cp.multiply(high, 1.0 - on) - w <= 0.0),
        "capacitors/w_to": _rows(w - at + cp.multiply(low, 1.0 - on) <= 0.0),
    } | box(on, np.zeros(on.shape), np.ones(on.shape), ("capacitors/out", "capacitors/in", ""))
    same = part[1:] == part[:-1]
    if same.any():
        # Equal parts switch in order: otherwise the search meets every choice many times.
        named["capacitors/order"] = _rows(on[1:][same] - on[:-1][same] <= 0.0)
    return {"capacitor_on": on, "capacitor_w": w}, named, ("capacitor_on",)
