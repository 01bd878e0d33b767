"""Which limits bind, and what relaxing each of them by one of its units would save per hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared
from gridpact.physics.electric.network import Network

Floats = NDArray[np.float64]

# A multiplier below this share of the largest nodal price cannot be told from the solver's tolerance.
NOISE = 1e-6

POWER = {
    "interfaces": ("max_import_mw", "max_export_mw", "min_q_mvar", "max_q_mvar"),
    "generators": ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
    "offers": ("p_mw",),
    "renewables": ("p_mw", "sn_mva"),
    "storages": ("charge_mw", "discharge_mw", "min_mwh", "energy_mwh"),
    "bids": ("p_mw",),
    "shiftable": ("min_p_mw", "max_p_mw"),
}
# Rows that speak of a column under other names: one variable for both directions, or a limit of zero.
ALIASES = {
    "max_import_mw": ("max_import_mw", "max_import_mw/net", "no_import"),
    "max_export_mw": ("max_export_mw", "max_export_mw/net", "no_export"),
}
UNITS = {"mw": "MW", "mvar": "Mvar", "mva": "MVA", "mwh": "MWh"}
COLUMNS = ["snapshot", "constraint", "component", "end", "multiplier", "unit"]


@dataclass(frozen=True)
class Limit:
    """A named limit: ``scale`` turns its multipliers into currency per unit of the case's column."""

    row: str
    table: str
    column: str
    end: str
    scale: Floats
    unit: str


def limit_table(cleared: Cleared) -> pd.DataFrame:
    """Rows (snapshot, constraint, component, end, multiplier, unit) of the limits that bind."""
    noise = NOISE * max(1.0, float(np.abs(cleared.price("active_balance")).max(initial=0.0)))
    found = [
        _binding(cleared, limit, _multipliers(cleared, limit), noise)
        for limit in _all_limits(cleared.case, cleared.network)
        if limit.row in cleared.form.rows
    ]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)
    return table.sort_values("snapshot", kind="stable", ignore_index=True)


def _all_limits(case: Case, network: Network) -> Iterator[Limit]:
    yield from _voltage_limits(case)
    yield from _current_limits(case, network)
    for table, columns in POWER.items():
        for column in columns:
            scale = np.full(case.count(table), 1.0 / network.base_mva)
            for row in ALIASES.get(column, (column,)):
                yield Limit(f"{table}/{row}", table, column, "", scale, UNITS[column.rpartition("_")[2]])


def _voltage_limits(case: Case) -> Iterator[Limit]:
    """v is the squared magnitude: d(v)/d(vm) = 2 vm."""
    for table, column in (("buses", "vm_min_pu"), ("buses", "vm_max_pu"), ("interfaces", "vm_pu")):
        yield Limit(f"{table}/{column}", table, column, "", 2.0 * case.column(table, column), "p.u.")


def _current_limits(case: Case, network: Network) -> Iterator[Limit]:
    """Per unit per kiloampere, times 2 i where the row speaks of the squared current."""
    vn = case.column("buses", "vn_kv")[network.from_bus]
    linear = np.sqrt(3.0) * vn / network.base_mva
    squared = 2.0 * network.i_max * linear
    for end in ("from", "to"):
        yield Limit(f"lines/max_i_ka/{end}", "lines", "max_i_ka", end, squared, "kA")
    for row in ("cone", "forward", "backward"):
        yield Limit(f"lines/max_i_ka/{row}", "lines", "max_i_ka", "", linear, "kA")


def _multipliers(cleared: Cleared, limit: Limit) -> Floats:
    """Currency per hour and unit of the limit, shape (components, steps); zero where it has no row."""
    z = cleared.multipliers(limit.row)
    z = z[0] if z.ndim == 3 else z
    if limit.column == "vm_pu":
        z[cleared.network.references] = 0.0
        z = z[cleared.case.positions("interfaces", "bus")]
    else:
        # Where an upper limit of zero became an equality, the positive side is the limit's.
        z = np.maximum(z, 0.0)
    scale = np.where(np.isfinite(limit.scale), limit.scale, 0.0)
    return z * scale[:, None] / cleared.case.hours


def _binding(cleared: Cleared, limit: Limit, multipliers: Floats, noise: float) -> pd.DataFrame:
    case = cleared.case
    where = np.argwhere(noise < np.abs(multipliers).T)
    names = np.array(case.ids(limit.table), dtype=object)
    names = names[cleared.network.lines] if limit.table == "lines" else names
    return pd.DataFrame(
        {
            "snapshot": case.snapshots[where[:, 0]],
            "constraint": f"{limit.table}/{limit.column}",
            "component": names[where[:, 1]],
            "end": limit.end,
            "multiplier": multipliers.T[where[:, 0], where[:, 1]],
            "unit": f"{case.currency}/h per {limit.unit}",
        }
    )
