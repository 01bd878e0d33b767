"""Are voltages, currents and interfaces within the limits of the case?

Tolerance 1e-6 per unit: solver residuals are smaller, anything that matters in a network is larger.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.grid import BranchFlow, Grid

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


def limit_checks(evidence: Evidence, grid: Grid, flow: BranchFlow) -> list[Check]:
    """Voltage, current and interface limits."""
    checks = [_current(evidence, grid, flow), _interfaces(evidence)]
    return checks if evidence.formulation == "dc" else [_voltage(evidence), *checks]


def beyond(value: Floats, low: Floats, high: Floats) -> Floats:
    """How far a value is below ``low`` or above ``high``; a NaN limit is none, a NaN value stays NaN."""
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    outside: Floats = np.maximum(np.maximum(low - value, value - high), 0.0)
    return outside


def _voltage(evidence: Evidence) -> Check:
    """Interfaces hold their voltage; all other buses stay between their limits."""
    case = evidence.case
    vm = evidence.table("buses", "vm_pu")
    low, high = (case.column("buses", name).copy() for name in ("vm_min_pu", "vm_max_pu"))
    held = case.positions("interfaces", "bus")
    low[held] = high[held] = case.column("interfaces", "vm_pu")
    outside = beyond(vm, low[:, None], high[:, None])
    text = "Voltage magnitude beyond its limits, or off the value that an interface holds, in per unit."
    return worst("voltage_limits", text, TOLERANCE, [Measure("bus", case.ids("buses"), outside)], evidence.instants)


def _current(evidence: Evidence, grid: Grid, flow: BranchFlow) -> Check:
    limit, zero = grid.i_max[:, None], np.zeros_like(flow.i_from)
    measures = [
        Measure(f"{end} end of branch", grid.names, beyond(current, zero, limit))
        for end, current in (("from", flow.i_from), ("to", flow.i_to))
    ]
    text = "Current at a branch's end beyond its limit, in per unit."
    return worst("current_limits", text, TOLERANCE, measures, evidence.instants)


def _interfaces(evidence: Evidence) -> Check:
    """Import, export and reactive range; buying and selling at the same time is refused."""
    text = "Import or export beyond its limits, or buying while selling, in per unit."
    case = evidence.case
    if not case.count("interfaces"):
        return worst("interface_limits", text, TOLERANCE, [])
    buy, sell = evidence.table("interface", "buy_mw"), evidence.table("interface", "sell_mw")
    q, free = evidence.table("interface", "import_mvar"), np.full_like(buy, np.inf)
    # Below zero: at least that much is sold, or bought.
    most_in, most_out = (case.series("interfaces", name) for name in ("max_import_mw", "max_export_mw"))
    excess = {
        "interfaces/max_import_mw": np.maximum(beyond(buy, 0.0 * buy, free), beyond(buy - sell, -free, most_in)),
        "interfaces/max_export_mw": beyond(sell - buy, -free, most_out),
        "interfaces/q_mvar": beyond(
            q, case.series("interfaces", "min_q_mvar"), case.series("interfaces", "max_q_mvar")
        ),
        "buying while selling": np.minimum(buy, sell),
    }
    if evidence.formulation == "dc":
        del excess["interfaces/q_mvar"]
    ids = case.ids("interfaces")
    measures = [Measure(rule, ids, values / evidence.base_mva) for rule, values in excess.items()]
    return worst("interface_limits", text, TOLERANCE, measures, evidence.instants)
