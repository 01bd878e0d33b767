"""Power flow of the approximations, recomputed: the mathematics' own check of "dc" and "lindistflow"."""

from __future__ import annotations

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.columns import series_p, series_q
from gridpact.certificates.dcflow import dc_flow
from gridpact.certificates.evidence import Evidence, injections, per_bus
from gridpact.certificates.grid import Grid
from gridpact.certificates.linflow import linear_flow

TOLERANCE = 1e-6
TEXT = "Flows and voltages against a linear power flow of the cleared injections, in per unit."


def linear_check(evidence: Evidence, grid: Grid) -> Check:
    """Tables of a "dc" or "lindistflow" clearing against the linear power flow of its injections."""
    measures = _dc(evidence, grid) if evidence.formulation == "dc" else _linear(evidence, grid)
    return worst("linear_power_flow", TEXT, TOLERANCE, measures, evidence.instants)


def _dc(evidence: Evidence, grid: Grid) -> list[Measure]:
    if not grid.branches.size:
        return []
    shunts = per_bus(evidence.case, "shunts", evidence.dispatch("shunt", "p_mw"))
    flow = dc_flow(grid, (injections(evidence, "p_mw") + shunts) / grid.base_mva)
    return [Measure("branches/p_mw", grid.names, np.abs(series_p(evidence, grid) - flow))]


def _linear(evidence: Evidence, grid: Grid) -> list[Measure]:
    if not grid.branches.size:
        return []
    p, q = (injections(evidence, column) / grid.base_mva for column in ("p_mw", "q_mvar"))
    vm = evidence.table("buses", "vm_pu")
    flow = linear_flow(grid, p, q, vm[grid.references] ** 2)
    return [
        Measure("branches/p_mw", grid.names, np.abs(series_p(evidence, grid) - flow.p)),
        Measure("branches/q_mvar", grid.names, np.abs(series_q(evidence, grid) - flow.q)),
        Measure("buses/vm_pu", evidence.case.ids("buses"), np.abs(vm**2 - flow.v)),
    ]
