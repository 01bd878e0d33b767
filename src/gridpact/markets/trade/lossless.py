"""Storages that lose nothing and wear at no cost: they may charge and discharge at once for no reason at all.

What goes in and out again in the same step is taken off both. Stored energy, power at the bus and cost stay what they
are, and so do the prices: where both are above zero neither limit is worth anything.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared
from gridpact.physics.devices.modes import MODES


def netted(side: Cleared) -> Cleared:
    """The same clearing where no storage without losses or cost of wear charges and discharges at once."""
    moved = np.zeros(side.solution.x.size)
    for table, (_, into, out) in MODES.items():
        if into in side.form.columns:
            charge, discharge = (side.form.columns[name] for name in (into, out))
            both = np.minimum(side.solution.x[charge], side.solution.x[discharge]).clip(0.0)
            both *= _is_free(side.case, table)[:, None]
            moved[charge], moved[discharge] = -both, -both
    if not moved.any():
        return side
    solution = replace(side.solution, x=side.solution.x + moved, s=side.solution.s - side.form.A @ moved)
    return replace(side, solution=solution)


def _is_free(case: Case, table: str) -> NDArray[np.bool_]:
    """Whether a storage gives back all that it takes, at no cost; (storages,)."""
    back = case.column(table, "efficiency_charge") * case.column(table, "efficiency_discharge")
    return np.asarray((back == 1.0) & (case.column(table, "wear_cost_per_mwh") == 0.0))
