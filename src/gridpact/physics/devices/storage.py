"""Electricity storage.

e[t] = (1 - loss)^h e[t-1] + h (efficiency_charge c[t] - d[t] / efficiency_discharge)
min <= e[t] <= capacity,   e[end] >= final,   cost  wear x d

Every window of the market begins with the initial energy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, before, total, zeros
from gridpact.physics.devices.modes import Apart, one_way
from gridpact.physics.devices.unit import Held
from gridpact.programs.affine import Variable
from gridpact.programs.program import Named, Rows, box, equal

Floats = NDArray[np.float64]


def storages(case: Case, base: float, held: Held, apart: Apart) -> Device:
    """``apart`` says where a mode is to be chosen; ``held`` holds modes (see ``modes``)."""
    shape = (case.count("storages"), case.steps)
    charge, discharge, energy = Variable(shape), Variable(shape), Variable(shape)
    powers = case.series("storages", "charge_mw") / base, case.series("storages", "discharge_mw") / base
    (into, out), modes, chosen = one_way("storages", charge, discharge, powers, held, apart)
    wear = np.repeat(case.column("storages", "wear_cost_per_mwh")[:, None], case.steps, axis=1)
    constraints = (
        {"storages/state": _state(case, base, charge, discharge, energy)}
        | _power(charge, into, "charge")
        | _power(discharge, out, "discharge")
        | _level(case, base, energy)
        | chosen
    )
    return Device(
        "storage",
        case.positions("storages", "bus"),
        {"charge": charge, "discharge": discharge, "energy": energy, **modes},
        constraints,
        p=discharge - charge,
        q=zeros(shape),
        cost=base * total(wear, discharge),
        integers=tuple(modes),
    )


def _state(case: Case, base: float, charge: Variable, discharge: Variable, energy: Variable) -> Rows:
    keep = (1.0 - case.column("storages", "loss_per_hour")[:, None]) ** case.hours
    initial = np.where(case.begins, keep * case.column("storages", "initial_mwh")[:, None] / base, 0.0)
    earlier = keep * energy @ before(case)
    into = case.column("storages", "efficiency_charge")[:, None] * charge
    out = 1.0 / case.column("storages", "efficiency_discharge")[:, None] * discharge
    return equal(energy - earlier - case.hours * (into - out), initial)


def _power(power: Variable, most: Floats, name: str) -> Named:
    return box(power, np.zeros_like(most), most, (f"storages/{name}", f"storages/{name}_mw", f"storages/no_{name}"))


def _level(case: Case, base: float, energy: Variable) -> Named:
    least = np.repeat(case.column("storages", "min_mwh")[:, None], case.steps, axis=1)
    final = case.column("storages", "final_mwh")
    final = np.where(np.isnan(final), case.column("storages", "initial_mwh"), final)
    least[:, case.ends] = np.maximum(least[:, case.ends], final[:, None])
    most = np.repeat(case.column("storages", "energy_mwh")[:, None], case.steps, axis=1)
    names = ("storages/min_mwh", "storages/energy_mwh", "storages/level")
    return box(energy, least / base, most / base, names)
