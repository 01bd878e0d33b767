"""Wind and PV behind an inverter: 0 <= p <= available (or p = available), p^2 + q^2 <= sn^2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, total, zeros
from gridpact.programs.affine import Affine, Variable, constant
from gridpact.programs.program import Named, box, cone

Floats = NDArray[np.float64]


def renewables(case: Case, base: float, reactive: bool = True) -> Device:
    """Without ``reactive`` power the rating limits the active power alone."""
    p = Variable((case.count("renewables"), case.steps))
    available = _available(case, base, reactive)
    optional = case.flags("renewables", "curtailable")[:, None]
    names = ("renewables/taken", "renewables/p_mw", "renewables/must_take")
    variables, circle, q = _inverters(case, base, p) if reactive else ({}, {}, zeros(p.shape))
    return Device(
        "renewable",
        case.positions("renewables", "bus"),
        {"renewable_p": p} | variables,
        box(p, np.where(optional, 0.0, available), available, names) | circle,
        p=p,
        q=q,
        cost=base * total(case.series("renewables", "cost_per_mwh"), p),
    )


def _available(case: Case, base: float, reactive: bool) -> Floats:
    available, rating = case.series("renewables", "p_mw"), case.column("renewables", "sn_mva")[:, None]
    return (available if reactive else np.fmin(available, rating)) / base


def _inverters(case: Case, base: float, p: Variable) -> tuple[dict[str, Variable], Named, Affine]:
    """Reactive power, where a plant has a rating."""
    rating = case.column("renewables", "sn_mva") / base
    rated = np.isfinite(rating)
    if not rated.any():
        return {}, {}, zeros(p.shape)
    q = Variable(p.shape)
    everywhere = np.broadcast_to(rated[:, None], p.shape)
    bound = constant(np.where(everywhere, rating[:, None], 0.0))
    named = {"renewables/sn_mva": cone(bound, [p, q], everywhere)}
    unrated = np.where(everywhere, np.inf, 0.0)
    return {"renewable_q": q}, named | box(q, -unrated, unrated, ("", "", "renewables/q_mvar")), q
