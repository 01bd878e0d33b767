"""Electricity storage.

e[t] = (1 - loss)^h e[t-1] + h (efficiency_charge c[t] - d[t] / efficiency_discharge)
min <= e[t] <= capacity,   e[end] >= final,   cost  wear x d

Every window of the market begins with the initial energy. A storage that would charge and discharge at once (which
pays where energy is worth less than nothing) gets a mode in that step:

    c <= m charge limit,   d <= (1 - m) discharge limit,   m in {0, 1}
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, before, total, zeros
from gridpact.physics.devices.unit import Held
from gridpact.programs.affine import Variable
from gridpact.programs.program import Named, Rows, box, equal

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MODE = "storage_charging"


def storages(case: Case, base: float, held: Held, apart: Mask | None = None) -> Device:
    """``apart`` says where a mode is to be chosen, (storages, steps); ``held`` holds modes, NaN where there is none."""
    shape = (case.count("storages"), case.steps)
    charge, discharge, energy = Variable(shape), Variable(shape), Variable(shape)
    into, out = (case.series("storages", f"{name}_mw") / base for name in ("charge", "discharge"))
    chosen: Named = {}
    variables = {"charge": charge, "discharge": discharge, "energy": energy}
    if MODE in held:
        into, out = np.where(held[MODE] == 0.0, 0.0, into), np.where(held[MODE] == 1.0, 0.0, out)
    elif apart is not None and apart.any():
        mode = Variable(shape)
        chosen, variables = _modes(charge, discharge, mode, (into, out), apart), variables | {MODE: mode}
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
        variables,
        constraints,
        p=discharge - charge,
        q=zeros(shape),
        cost=base * total(wear, discharge),
        integers=(MODE,) if chosen else (),
    )


def _modes(charge: Variable, discharge: Variable, mode: Variable, most: tuple[Floats, Floats], apart: Mask) -> Named:
    into, out = most
    return {
        "storages/charging": Rows("nonnegative", (charge - into * mode,), apart),
        "storages/discharging": Rows("nonnegative", (discharge + out * mode - out,), apart),
        **box(
            mode, np.zeros(apart.shape), apart.astype(float), ("storages/mode", "storages/most_mode", "storages/any")
        ),
    }


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
