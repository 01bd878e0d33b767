"""Alternating-current power flow of the cleared injections by power-grid-model.

A source stands at every reference bus and holds the cleared voltage; its short-circuit power is 1e40 VA, so that its
impedance shifts nothing. All injections at other buses are constant-power loads, shunts are admittances, lines have
their charging, transformers are generic branches, whose ratio also stands at the from end. All steps are one batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence, injections
from gridpact.certificates.grid import BranchFlow, Grid, read_grid
from gridpact.results.record import Record

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
TOLERANCE = 1e-6
SHORT_CIRCUIT_VA = 1e40
ERROR_TOLERANCE = 1e-10
WATTS = 1e6


@dataclass(frozen=True, eq=False)
class AcFlow:
    """Per-unit solution: voltage phasors (buses, steps), flow into the from ends and loss of the branches (m, steps),
    and what the sources inject at the references (references, steps). NaN where no solution was found."""

    voltage: Complexes
    from_end: Complexes
    loss: Floats
    root: Complexes


def ac_flow(case: Case, grid: Grid, injection: Complexes, root_voltage: Floats) -> AcFlow:
    """Power flow of all steps.

    ``injection``: per-unit complex power into the network, shape (buses, steps); its rows at the references are not
    used. ``root_voltage``: per-unit magnitudes at the references, shape (references, steps).
    """
    from power_grid_model import CalculationMethod, ComponentType, PowerGridModel
    from power_grid_model.errors import PowerGridBatchError  # type: ignore[attr-defined]

    model = PowerGridModel(_network(case, grid), system_frequency=case.frequency_hz)
    wanted = [ComponentType.node, ComponentType.line, ComponentType.generic_branch, ComponentType.source]
    try:
        answer = model.calculate_power_flow(
            symmetric=True,
            error_tolerance=ERROR_TOLERANCE,
            max_iterations=50,
            calculation_method=CalculationMethod.newton_raphson,
            update_data=_updates(grid, injection, root_voltage),
            output_component_types=wanted,
            continue_on_batch_error=True,
        )
    except PowerGridBatchError:  # not one step has a solution
        return _no_solution(grid, injection.shape[1])
    error = model.batch_error
    failed = np.zeros(0, dtype=np.int64) if error is None else np.asarray(error.failed_scenarios, dtype=np.int64)
    return _per_unit(grid, answer, failed)


def ac_checks(evidence: Evidence, grid: Grid, flow: BranchFlow, ac: AcFlow) -> list[Check]:
    """Voltages, losses, flows and root imports of the tables against the power flow; required for "soc" alone."""
    case, required = evidence.case, evidence.is_physics
    note = "" if required else " Shown only: this formulation approximates the physics."
    buses = case.ids("buses")
    voltage = np.abs(np.abs(ac.voltage) - evidence.table("buses", "vm_pu"))
    loss = evidence.table("branches", "loss_mw")[grid.branches] / grid.base_mva
    total = np.abs(ac.loss.sum(axis=0) - loss.sum(axis=0))[None, :]
    flows = np.abs(ac.from_end - (flow.p_from + 1j * flow.q_from))
    root = np.abs(ac.root - _injection(evidence, grid)[grid.references])
    measures = {
        "ac_voltages": ("Voltage magnitudes against an AC power flow, in per unit.", [Measure("bus", buses, voltage)]),
        "ac_losses": (
            "Losses, of each branch and in total, against an AC power flow, in per unit.",
            [Measure("branch", grid.names, np.abs(ac.loss - loss)), Measure("all branches", [""], total)],
        ),
        "ac_flows": (
            "Flows at the from ends against an AC power flow, in per unit.",
            [Measure("branch", grid.names, flows)],
        ),
        "ac_root_import": (
            "Injection at the reference buses against an AC power flow, in per unit.",
            [Measure("bus", [buses[bus] for bus in grid.references], root)],
        ),
    }
    return [
        worst(name, text + note, TOLERANCE, values, evidence.instants, required)
        for name, (text, values) in measures.items()
    ]


def cleared_flow(evidence: Evidence, grid: Grid) -> AcFlow:
    """Power flow at the injections and reference voltages of the tables."""
    vm = evidence.table("buses", "vm_pu")[grid.references]
    return ac_flow(evidence.case, grid, _injection(evidence, grid), vm)


def set_point_voltages(record: Record) -> tuple[Floats, Floats]:
    """Voltage magnitudes that a record claims, and those of an AC power flow at its injections; (buses, steps)."""
    evidence = Evidence(record)
    flow = cleared_flow(evidence, read_grid(record.case, evidence.base_mva))
    return evidence.table("buses", "vm_pu"), np.abs(flow.voltage)


def _injection(evidence: Evidence, grid: Grid) -> Complexes:
    """Per-unit complex injection of all devices, (buses, steps)."""
    power = np.empty((grid.buses, evidence.case.steps), dtype=np.complex128)
    power.real, power.imag = injections(evidence, "p_mw"), injections(evidence, "q_mvar")
    return power / grid.base_mva


def _network(case: Case, grid: Grid) -> dict[Any, Any]:
    """Nodes 0..n-1, then branches, sources, loads (one per bus that is no reference), shunts."""
    from power_grid_model import ComponentType

    n, m, roots = grid.buses, grid.branches.size, grid.references.size
    volts = case.column("buses", "vn_kv") * 1e3
    node = _blank(ComponentType.node, 0, n)
    node["u_rated"] = volts
    source = _blank(ComponentType.source, n + m, roots)
    source["node"], source["status"], source["u_ref"], source["sk"] = grid.references, 1, 1.0, SHORT_CIRCUIT_VA
    load = _blank(ComponentType.sym_load, n + m + roots, n - roots)
    load["node"], load["status"], load["type"] = grid.others, 1, 0
    load["p_specified"] = load["q_specified"] = 0.0
    shunt = _blank(ComponentType.shunt, 2 * n + m, n)
    shunt["node"], shunt["status"] = np.arange(n), 1
    shunt["g1"] = grid.shunt_p * grid.base_mva * WATTS / volts**2
    shunt["b1"] = -grid.shunt_q * grid.base_mva * WATTS / volts**2
    return {
        ComponentType.node: node,
        ComponentType.line: _lines(case, grid),
        ComponentType.generic_branch: _transformers(case, grid),
        ComponentType.source: source,
        ComponentType.sym_load: load,
        ComponentType.shunt: shunt,
    }


def _lines(case: Case, grid: Grid) -> Any:
    from power_grid_model import ComponentType

    own = grid.branches < case.count("lines")
    rows = grid.branches[own]
    length = case.column("lines", "length_km")[rows]
    line = _blank(ComponentType.line, grid.buses, rows.size)
    line["from_node"], line["to_node"] = grid.from_bus[own], grid.to_bus[own]
    line["from_status"] = line["to_status"] = 1
    line["r1"] = case.column("lines", "r_ohm_per_km")[rows] * length
    line["x1"] = case.column("lines", "x_ohm_per_km")[rows] * length
    line["c1"] = case.column("lines", "c_nf_per_km")[rows] * 1e-9 * length
    line["tan1"] = 0.0
    return line


def _transformers(case: Case, grid: Grid) -> Any:
    from power_grid_model import ComponentType

    own = grid.branches >= case.count("lines")
    rows = grid.branches[own] - case.count("lines")
    branch = _blank(ComponentType.generic_branch, grid.buses + grid.branches.size - rows.size, rows.size)
    branch["from_node"], branch["to_node"] = grid.from_bus[own], grid.to_bus[own]
    branch["from_status"] = branch["to_status"] = 1
    branch["r1"], branch["x1"] = case.column("transformers", "r_ohm")[rows], case.column("transformers", "x_ohm")[rows]
    branch["g1"] = case.column("transformers", "g_us")[rows] * 1e-6
    branch["b1"] = case.column("transformers", "b_us")[rows] * 1e-6
    branch["k"], branch["theta"] = case.column("transformers", "ratio")[rows], 0.0
    return branch


def _blank(component: Any, first: int, count: int) -> Any:
    """Components of one type, numbered from ``first``."""
    from power_grid_model import DatasetType, initialize_array

    array = initialize_array(DatasetType.input, component, count)
    array["id"] = first + np.arange(count)
    return array


def _updates(grid: Grid, injection: Complexes, root_voltage: Floats) -> dict[Any, Any]:
    """Loads and source voltages of every step."""
    from power_grid_model import ComponentType, DatasetType, initialize_array

    first, roots, steps = grid.buses + grid.branches.size, grid.references.size, injection.shape[1]
    load = initialize_array(DatasetType.update, ComponentType.sym_load, (steps, grid.others.size))
    load["id"] = first + roots + np.arange(grid.others.size)
    load["p_specified"] = -injection[grid.others].real.T * grid.base_mva * WATTS
    load["q_specified"] = -injection[grid.others].imag.T * grid.base_mva * WATTS
    source = initialize_array(DatasetType.update, ComponentType.source, (steps, roots))
    source["id"], source["u_ref"] = first + np.arange(roots), root_voltage.T
    return {ComponentType.sym_load: load, ComponentType.source: source}


def _per_unit(grid: Grid, answer: Any, failed: NDArray[np.int64]) -> AcFlow:
    from power_grid_model import ComponentType

    node, source = answer[ComponentType.node], answer[ComponentType.source]
    base = grid.base_mva * WATTS
    p_from, q_from, p_to = (_branches(answer, name) for name in ("p_from", "q_from", "p_to"))
    voltage: Complexes = (node["u_pu"] * np.exp(1j * node["u_angle"])).T
    from_end = np.asarray(p_from + 1j * q_from, dtype=np.complex128) / base
    loss: Floats = (p_from + p_to) / base
    root: Complexes = (source["p"] + 1j * source["q"]).T / base
    for array in (voltage, from_end, loss, root):
        array[:, failed] = np.nan
    return AcFlow(voltage, from_end, loss, root)


def _branches(answer: Any, name: str) -> Floats:
    """A result of the lines, then the transformers, (m, steps); a type without any component has no results."""
    from power_grid_model import ComponentType

    steps = answer[ComponentType.node].shape[0]
    kinds = (ComponentType.line, ComponentType.generic_branch)
    found: Floats = np.vstack([answer[kind][name].T if kind in answer else np.zeros((0, steps)) for kind in kinds])
    return found


def _no_solution(grid: Grid, steps: int) -> AcFlow:
    m, roots = grid.branches.size, grid.references.size
    phasors = [np.full((count, steps), np.nan, dtype=np.complex128) for count in (grid.buses, m, roots)]
    return AcFlow(phasors[0], phasors[1], np.full((m, steps), np.nan), phasors[2])
