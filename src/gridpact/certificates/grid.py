"""The judges' own view of the electricity network: per-unit branches, references, branch algebra.

Per unit on ``base_mva`` and the nominal voltage of each bus; only lines that carry current. A line is a series
impedance r + jx with half of its charging susceptance at each end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Branches (m) and buses (n) in per unit.

    ``lines`` are the row numbers of the branches in the case, ``half_charging`` the susceptance at each end,
    ``shunt_p`` and ``shunt_q`` what the shunts of a bus consume at nominal voltage, ``base_ka`` the current of one
    per unit at each bus, ``references`` one bus per connected component.
    """

    base_mva: float
    lines: Ints
    from_bus: Ints
    to_bus: Ints
    r: Floats
    x: Floats
    half_charging: Floats
    shunt_p: Floats
    shunt_q: Floats
    base_ka: Floats
    references: Ints
    area: Ints

    @property
    def buses(self) -> int:
        return self.base_ka.size

    @property
    def others(self) -> Ints:
        """Buses that are no reference."""
        return np.setdiff1d(np.arange(self.buses), self.references)


@dataclass(frozen=True, eq=False)
class BranchFlow:
    """Per-unit flows of the branches, shape (m, steps): power into the line at each end, currents, loss."""

    p_from: Floats
    q_from: Floats
    p_to: Floats
    q_to: Floats
    i_from: Floats
    i_to: Floats
    loss: Floats


def read_grid(case: Case, base_mva: float) -> Grid:
    """Per-unit network of a case on ``base_mva``."""
    lines = np.flatnonzero(case.lines_in_service())
    from_bus, to_bus = case.positions("lines", "from_bus")[lines], case.positions("lines", "to_bus")[lines]
    vn, length = case.column("buses", "vn_kv"), case.column("lines", "length_km")[lines]
    base_ohm = vn[from_bus] ** 2 / base_mva
    references, area = _areas(case, from_bus, to_bus)
    capacitance = case.column("lines", "c_nf_per_km")[lines] * 1e-9 * length
    return Grid(
        base_mva=base_mva,
        lines=lines,
        from_bus=from_bus,
        to_bus=to_bus,
        r=case.column("lines", "r_ohm_per_km")[lines] * length / base_ohm,
        x=case.column("lines", "x_ohm_per_km")[lines] * length / base_ohm,
        half_charging=np.pi * case.frequency_hz * capacitance * base_ohm,
        shunt_p=_shunts(case, "p_mw") / base_mva,
        shunt_q=_shunts(case, "q_mvar") / base_mva,
        base_ka=base_mva / (np.sqrt(3.0) * vn),
        references=references,
        area=area,
    )


def branch_flow(grid: Grid, evidence: Evidence) -> BranchFlow:
    """Both ends of every branch from the tables' flow at the from end and the voltages, by the formulation's law."""
    p, q = evidence.table("branches", "p_mw")[grid.lines], evidence.table("branches", "q_mvar")[grid.lines]
    p, q = p / grid.base_mva, q / grid.base_mva
    if evidence.formulation == "dc":
        zero = np.zeros_like(p)
        return BranchFlow(p, zero, -p, zero, np.abs(p), np.abs(p), zero)
    v = evidence.table("buses", "vm_pu") ** 2
    v_from, v_to, half = v[grid.from_bus], v[grid.to_bus], grid.half_charging[:, None]
    series_q = q + half * v_from
    if evidence.formulation == "lindistflow":
        current = np.hypot(p, series_q)
        return BranchFlow(p, q, -p, -series_q - half * v_to, current, current, np.zeros_like(p))
    squared = (p**2 + series_q**2) / v_from
    loss, p_to = grid.r[:, None] * squared, grid.r[:, None] * squared - p
    q_to = grid.x[:, None] * squared - series_q - half * v_to
    return BranchFlow(p, q, p_to, q_to, np.hypot(p, q) / np.sqrt(v_from), np.hypot(p_to, q_to) / np.sqrt(v_to), loss)


def incidence(grid: Grid) -> sp.csr_array:
    """+1 at the from bus, -1 at the to bus of every branch, (buses x m)."""
    m, branch = grid.lines.size, np.arange(grid.lines.size)
    ones = np.concatenate([np.ones(m), -np.ones(m)])
    ends = (np.concatenate([grid.from_bus, grid.to_bus]), np.concatenate([branch, branch]))
    return sp.coo_array((ones, ends), shape=(grid.buses, m)).tocsr()


def _shunts(case: Case, column: str) -> Floats:
    total = np.zeros(case.count("buses"))
    np.add.at(total, case.positions("shunts", "bus"), case.column("shunts", column))
    return total


def _areas(case: Case, from_bus: Ints, to_bus: Ints) -> tuple[Ints, Ints]:
    """Reference of each connected component, and the component of each bus.

    The reference is the bus of the component's first interface, else of its first slack generator, else of its first
    generator. A component with none of them must carry nothing; its first bus stands in.
    """
    n, generators = case.count("buses"), case.positions("generators", "bus")
    graph = sp.coo_array((np.ones(from_bus.size), (from_bus, to_bus)), shape=(n, n))
    area = connected_components(graph, directed=False)[1].astype(np.int64)
    slack = case.flags("generators", "slack")
    ranked = np.concatenate([case.positions("interfaces", "bus"), generators[slack], generators, np.arange(n)])
    return ranked[np.unique(area[ranked], return_index=True)[1]].astype(np.int64), area
