"""Do the tables say what the solved program says? Each table against the columns of x, times the base power."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import KINDS, Evidence, per_load
from gridpact.certificates.grid import BranchFlow, Grid, behind_ratio
from gridpact.certificates.heat.columns import heat_blanks, heat_columns, heat_repetitions

Floats = NDArray[np.float64]
TOLERANCE = 1e-6

# kind of device -> variables of its active and reactive power
DEVICES = {
    "generator": ("generator_p", "generator_q"),
    "renewable": ("renewable_p", "renewable_q"),
    "interface": ("", "import_q"),
    "compensator": ("", "compensator_q"),
    "capacitor": ("", "capacitor_q"),
}


def column_checks(evidence: Evidence, grid: Grid, flow: BranchFlow) -> list[Check]:
    """Tables against the solution, and the tables' own repetitions against each other."""
    program = [
        *_networks(evidence, grid),
        *_devices(evidence),
        *_storages(evidence),
        *_demands(evidence),
        *heat_columns(evidence),
    ]
    text = "Difference between the tables and the columns of the solved program, in per unit."
    again = "Difference between what the tables repeat or derive (losses, currents, totals), in per unit."
    repeated = [
        *_totals(evidence),
        *_derived(evidence, grid, flow),
        *_idle_branches(evidence, grid),
        *heat_blanks(evidence),
    ]
    repeated += heat_repetitions(evidence)
    return [
        worst("tables_match_solution", text, TOLERANCE, program, evidence.instants),
        worst("tables_agree", again, TOLERANCE, repeated, evidence.instants),
    ]


def series_p(evidence: Evidence, grid: Grid) -> Floats:
    """Active power entering the series impedances, from the branch table; (m, steps), per unit."""
    u = behind_ratio(grid, evidence.table("buses", "vm_pu") ** 2)
    return evidence.table("branches", "p_mw")[grid.branches] / grid.base_mva - grid.half_g[:, None] * u


def series_q(evidence: Evidence, grid: Grid) -> Floats:
    """Reactive power entering the series impedances, from the branch table; (m, steps), per unit."""
    u = behind_ratio(grid, evidence.table("buses", "vm_pu") ** 2)
    return evidence.table("branches", "q_mvar")[grid.branches] / grid.base_mva + grid.half_b[:, None] * u


def _networks(evidence: Evidence, grid: Grid) -> list[Measure]:
    measures = []
    if grid.names:
        p = series_p(evidence, grid)
        measures.append(_difference("branches/p_mw", grid.names, p, evidence.variable("flow_p")))
    if grid.names and evidence.formulation != "dc":
        q = series_q(evidence, grid)
        measures.append(_difference("branches/q_mvar", grid.names, q, evidence.variable("flow_q")))
    vm = evidence.table("buses", "vm_pu")
    squared = np.ones_like(vm) if evidence.formulation == "dc" else evidence.variable("voltage")
    return [*measures, _difference("buses/vm_pu", evidence.case.ids("buses"), vm**2, squared)]


def _devices(evidence: Evidence) -> list[Measure]:
    measures = []
    for kind, names in DEVICES.items():
        for column, name in zip(("p_mw", "q_mvar"), names, strict=True):
            if evidence.has_variable(name) and (column, evidence.formulation) != ("q_mvar", "dc"):
                value = evidence.dispatch(kind, column) / evidence.base_mva
                ids = evidence.case.ids(KINDS[kind])
                measures.append(_difference(f"dispatch/{column}", ids, value, evidence.variable(name)))
    if evidence.has_variable("buy"):
        net = evidence.variable("buy") - evidence.variable("sell")
        value = evidence.dispatch("interface", "p_mw") / evidence.base_mva
        measures.append(_difference("dispatch/p_mw", evidence.case.ids("interfaces"), value, net))
    return measures


def _storages(evidence: Evidence) -> list[Measure]:
    if not evidence.has_variable("charge"):
        return []
    pairs = {"charge_mw": "charge", "discharge_mw": "discharge", "energy_mwh": "energy"}
    ids = evidence.case.ids("storages")
    return [
        _difference(
            f"storages/{column}", ids, evidence.table("storages", column) / evidence.base_mva, evidence.variable(name)
        )
        for column, name in pairs.items()
    ]


def _demands(evidence: Evidence) -> list[Measure]:
    case, measures = evidence.case, []
    for table, part in demand.PARTS.items() if case.count("loads") else ():
        told, taken = evidence.demand(part.column), per_load(case, table, demand.chosen(evidence, table))
        measures.append(
            _difference(f"demand/{part.column}", case.ids("loads"), told / evidence.base_mva, taken / evidence.base_mva)
        )
    return measures


def _totals(evidence: Evidence) -> list[Measure]:
    """Interfaces, storages and loads stand in the dispatch table and in one of their own."""
    case, base, measures = evidence.case, evidence.base_mva, []
    if case.count("interfaces"):
        ids = case.ids("interfaces")
        for column, own in (("p_mw", "import_mw"), ("q_mvar", "import_mvar")):
            total, part = evidence.dispatch("interface", column) / base, evidence.table("interface", own) / base
            measures.append(_difference(f"interface/{own}", ids, total, part))
        net = evidence.table("interface", "buy_mw") - evidence.table("interface", "sell_mw")
        measures.append(
            _difference("interface/buy_mw", ids, net / base, evidence.table("interface", "import_mw") / base)
        )
        price = case.series("interfaces", "price_per_mwh")
        measures.append(_difference("interface/lmp_per_mwh", ids, evidence.table("interface", "lmp_per_mwh"), price))
    if case.count("storages"):
        ids = case.ids("storages")
        net = evidence.table("storages", "discharge_mw") - evidence.table("storages", "charge_mw")
        measures.append(
            _difference("storages/discharge_mw", ids, evidence.dispatch("storage", "p_mw") / base, net / base)
        )
        energy = evidence.dispatch("storage", "energy_mwh") - evidence.table("storages", "energy_mwh")
        measures.append(Measure("storages/energy_mwh", ids, np.abs(energy) / base))
    return measures


def _derived(evidence: Evidence, grid: Grid, flow: BranchFlow) -> list[Measure]:
    """Losses, currents and loading of the branch table, against the flows and voltages beside them.

    Currents are compared squared, as the clearing knows them: the root of a rounding error is large.
    """
    if not grid.names:
        return []
    loss, current, loading = (
        evidence.table("branches", name)[grid.branches] for name in ("loss_mw", "i_ka", "loading_percent")
    )
    larger = np.maximum(flow.i_from, flow.i_to)
    current = current / grid.base_ka[grid.from_bus][:, None]
    limit = np.nan_to_num(grid.i_max)[:, None]
    of_limit = np.where(limit > 0.0, current, 0.0)
    return [
        _difference("branches/loss_mw", grid.names, loss / grid.base_mva, flow.loss),
        Measure("branches/i_ka", grid.names, np.abs(current**2 - larger**2) / np.maximum(1.0, larger**2)),
        _difference("branches/loading_percent", grid.names, np.nan_to_num(loading) / 100.0 * limit, of_limit),
    ]


def _idle_branches(evidence: Evidence, grid: Grid) -> list[Measure]:
    """Branches out of service carry nothing."""
    names = evidence.case.branch_ids()
    idle = np.setdiff1d(np.arange(len(names)), grid.branches)
    if not idle.size:
        return []
    columns = ("p_mw", "q_mvar", "i_ka", "loss_mw", "cone_gap")
    return [
        Measure(
            f"branches/{column}", [names[branch] for branch in idle], np.abs(evidence.table("branches", column)[idle])
        )
        for column in columns
    ]


def _difference(rule: str, ids: list[str], left: Floats, right: Floats) -> Measure:
    return Measure(rule, ids, np.abs(left - right))
