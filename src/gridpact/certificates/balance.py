"""Does what flows into every bus flow out of it? Nodal balances and the cone gap, by own branch algebra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence, injections, per_bus
from gridpact.certificates.grid import BranchFlow, Grid, behind_ratio

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


def balance_checks(evidence: Evidence, grid: Grid, flow: BranchFlow) -> list[Check]:
    """Active and reactive balance at every bus; reactive only where the formulation has reactive power."""
    active = _balance(evidence, grid, "active_balance", "p_mw", flow.p_from, flow.p_to)
    if evidence.formulation == "dc":
        return [active]
    return [active, _balance(evidence, grid, "reactive_balance", "q_mvar", flow.q_from, flow.q_to)]


def cone_check(evidence: Evidence, grid: Grid) -> Check:
    """Gap l - (P^2 + Q^2) / v of every branch from the solution itself: zero where the relaxation is the physics.

    Absolute up to a squared current of one per unit, relative to l above: rounding grows with l.
    """
    text = "Cone gap l - (P^2 + Q^2)/v of the branch-flow relaxation over max(1, l): current that no flow explains."
    if not grid.branches.size:
        return worst("cone_gap", text, TOLERANCE, [])
    gap = np.abs(cone_gap(evidence, grid)) / np.maximum(1.0, np.abs(evidence.variable("current")))
    measures = [Measure("branch", grid.names, gap)]
    return worst("cone_gap", text, TOLERANCE, measures, evidence.instants, evidence.is_physics)


def cone_gap(evidence: Evidence, grid: Grid) -> Floats:
    """l - (P^2 + Q^2)/v at the solution, v being the squared voltage behind the ratio; shape (m, steps)."""
    squared = evidence.variable("flow_p") ** 2 + evidence.variable("flow_q") ** 2
    gap: Floats = evidence.variable("current") - squared / behind_ratio(grid, evidence.variable("voltage"))
    return gap


def reported_gap_check(evidence: Evidence, grid: Grid) -> Check:
    """The branch table's own column of the cone gap tells the same."""
    text = "Difference between the reported cone gap and the one of the solution, in per unit."
    if not grid.branches.size:
        return worst("reported_cone_gap", text, TOLERANCE, [])
    own = cone_gap(evidence, grid) if evidence.formulation == "soc" else 0.0
    off = np.abs(evidence.table("branches", "cone_gap")[grid.branches] - own)
    return worst("reported_cone_gap", text, TOLERANCE, [Measure("branch", grid.names, off)], evidence.instants)


def _balance(evidence: Evidence, grid: Grid, name: str, column: str, at_from: Floats, at_to: Floats) -> Check:
    """Injections of devices and shunts less what leaves into the branches."""
    shunts = per_bus(evidence.case, "shunts", evidence.dispatch("shunt", column))
    surplus = (injections(evidence, column) + shunts) / grid.base_mva
    np.subtract.at(surplus, grid.from_bus, at_from)
    np.subtract.at(surplus, grid.to_bus, at_to)
    text = f"Injections ({column}) less outflows into the branches at every bus, in per unit."
    return worst(
        name, text, TOLERANCE, [Measure("bus", evidence.case.ids("buses"), np.abs(surplus))], evidence.instants
    )
