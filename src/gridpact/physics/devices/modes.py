"""Storages and tanks that go one way at a time.

Where energy is worth less than nothing, charging and discharging at once pays: the losses burn it. A storage that would
do so gets a mode in that step, c <= m charge limit,  d <= (1 - m) discharge limit,  m in {0, 1}.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gridpact.physics.devices.unit import Held
from gridpact.programs.affine import Variable
from gridpact.programs.program import Named, Rows, box

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Apart = Mapping[str, Mask]

# table -> variables of its modes, of what goes in and of what comes out
MODES = {
    "storages": ("storage_charging", "charge", "discharge"),
    "heat_storages": ("heat_storage_charging", "heat_charge", "heat_discharge"),
}


def one_way(
    table: str, charge: Variable, discharge: Variable, most: tuple[Floats, Floats], held: Held, apart: Apart
) -> tuple[tuple[Floats, Floats], dict[str, Variable], Named]:
    """Highest powers, variables, constraints: modes ``held`` (NaN: none), or to be chosen where ``apart``."""
    (name, _, _), (into, out) = MODES[table], most
    if name in held:
        return (np.where(held[name] == 0.0, 0.0, into), np.where(held[name] == 1.0, 0.0, out)), {}, {}
    where = apart.get(table)
    if where is None or not where.any():
        return most, {}, {}
    mode = Variable(charge.shape)
    names = (f"{table}/mode", f"{table}/most_mode", f"{table}/any")
    chosen = {
        f"{table}/charging": Rows("nonnegative", (charge - into * mode,), where),
        f"{table}/discharging": Rows("nonnegative", (discharge + out * mode - out,), where),
        **box(mode, np.zeros(where.shape), where.astype(float), names),
    }
    return most, {name: mode}, chosen
