"""Tanks of hot water.

e[t] = (1 - loss)^h e[t-1] + h (efficiency_charge c[t] - d[t] / efficiency_discharge)
min <= e[t] <= capacity,   cost  wear x d

Every window of the market begins as it ends, at a level that is chosen; with an initial energy it begins there, and
ends with no less.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, before, total, zeros
from gridpact.physics.devices.modes import Apart, one_way
from gridpact.physics.devices.unit import Held
from gridpact.programs.affine import Variable
from gridpact.programs.program import Named, Rows, box, equal

Floats = NDArray[np.float64]


def heat_storages(case: Case, base: float, held: Held, apart: Apart) -> Device:
    """``apart`` says where a mode is to be chosen; ``held`` holds modes (see ``modes``)."""
    shape = (case.count("heat_storages"), case.steps)
    charge, discharge, energy = Variable(shape), Variable(shape), Variable(shape)
    wear = np.repeat(case.column("heat_storages", "wear_cost_per_mwh")[:, None], case.steps, axis=1)
    constraints = {"heat_storages/state": _state(case, base, charge, discharge, energy)} | _level(case, base, energy)
    powers = case.series("heat_storages", "charge_mw") / base, case.series("heat_storages", "discharge_mw") / base
    limits, modes, chosen = one_way("heat_storages", charge, discharge, powers, held, apart)
    constraints |= chosen
    for power, most, name in zip((charge, discharge), limits, ("charge", "discharge"), strict=True):
        names = (f"heat_storages/{name}", f"heat_storages/{name}_mw", f"heat_storages/no_{name}")
        constraints |= box(power, np.zeros_like(most), most, names)
    return Device(
        "heat_storage",
        np.zeros(0, dtype=np.int64),
        {"heat_charge": charge, "heat_discharge": discharge, "heat_energy": energy, **modes},
        constraints,
        p=zeros((0, case.steps)),
        q=zeros((0, case.steps)),
        cost=base * total(wear, discharge),
        integers=tuple(modes),
        nodes=case.positions("heat_storages", "node"),
        heat=discharge - charge,
    )


def _state(case: Case, base: float, charge: Variable, discharge: Variable, energy: Variable) -> Rows:
    keep = (1.0 - case.column("heat_storages", "loss_per_hour")[:, None]) ** case.hours
    given = case.column("heat_storages", "initial_mwh")[:, None]
    round_again = np.isnan(given).astype(float)
    initial = np.where(case.begins, keep * np.where(np.isnan(given), 0.0, given) / base, 0.0)
    earlier = keep * (energy @ before(case)) + keep * round_again * (energy @ _around(case))
    into = case.column("heat_storages", "efficiency_charge")[:, None] * charge
    out = 1.0 / case.column("heat_storages", "efficiency_discharge")[:, None] * discharge
    return equal(energy - earlier - case.hours * (into - out), initial)


def _around(case: Case) -> sp.csr_array:
    """Matrix (steps x steps): ``x @ around`` is, where a window begins, x at its end."""
    first, last = np.flatnonzero(case.begins), np.flatnonzero(case.ends)
    return sp.csr_array((np.ones(first.size), (last, first)), shape=(case.steps, case.steps))


def _level(case: Case, base: float, energy: Variable) -> Named:
    least = np.repeat(case.column("heat_storages", "min_mwh")[:, None], case.steps, axis=1)
    final = case.column("heat_storages", "initial_mwh")[:, None]
    least[:, case.ends] = np.fmax(least[:, case.ends], final)
    most = np.repeat(case.column("heat_storages", "energy_mwh")[:, None], case.steps, axis=1)
    names = ("heat_storages/min_mwh", "heat_storages/energy_mwh", "heat_storages/level")
    return box(energy, least / base, most / base, names)
