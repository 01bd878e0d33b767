"""The judges' own view of the electricity network: per-unit branches, references, branch algebra.

Per unit on ``base_mva`` and the nominal voltage of each bus; only branches in service: lines, then transformers.
A branch is an ideal ratio at its from end (voltage behind it = voltage / ratio, current behind it = current x ratio),
then a series impedance r + jx with half of its shunt admittance g + jb at each end; a line has ratio 1 and no g.
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

    ``branches`` are the row numbers of the branches among all lines and transformers of the case, ``names`` their ids;
    ``half_g`` and ``half_b`` the shunt admittance at each end, ``i_max`` the highest current (NaN: any) and
    ``limit_unit`` what one per unit of current is in the unit of that limit (kA of lines, MVA of transformers);
    ``shunt_p`` and ``shunt_q`` what the shunts of a bus consume at nominal voltage, ``base_ka`` the current of one
    per unit at each bus, ``references`` one bus per connected component.
    """

    base_mva: float
    branches: Ints
    names: list[str]
    from_bus: Ints
    to_bus: Ints
    r: Floats
    x: Floats
    half_g: Floats
    half_b: Floats
    ratio: Floats
    i_max: Floats
    limit_unit: Floats
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
    """Per-unit flows of the branches, shape (m, steps): power into the branch at each end, currents, loss."""

    p_from: Floats
    q_from: Floats
    p_to: Floats
    q_to: Floats
    i_from: Floats
    i_to: Floats
    loss: Floats


def read_grid(case: Case, base_mva: float) -> Grid:
    """Per-unit network of a case on ``base_mva``."""
    pairs = zip(_lines(case, base_mva).items(), _transformers(case, base_mva).values(), strict=True)
    branches = np.flatnonzero(case.branches_in_service())
    joined = {name: np.concatenate([line, transformer])[branches] for (name, line), transformer in pairs}
    from_bus, to_bus = (joined.pop(end).astype(np.int64) for end in ("from_bus", "to_bus"))
    references, area = _areas(case, from_bus, to_bus)
    names = case.branch_ids()
    return Grid(
        base_mva=base_mva,
        branches=branches,
        names=[names[branch] for branch in branches],
        from_bus=from_bus,
        to_bus=to_bus,
        shunt_p=_shunts(case, "p_mw") / base_mva,
        shunt_q=_shunts(case, "q_mvar") / base_mva,
        base_ka=base_mva / (np.sqrt(3.0) * case.column("buses", "vn_kv")),
        references=references,
        area=area,
        **joined,
    )


def _lines(case: Case, base_mva: float) -> dict[str, Floats]:
    """Columns of ``Grid`` for all lines of the case."""
    from_bus = case.positions("lines", "from_bus")
    vn, length = case.column("buses", "vn_kv")[from_bus], case.column("lines", "length_km")
    base_ohm, base_ka = vn**2 / base_mva, base_mva / (np.sqrt(3.0) * vn)
    capacitance = case.column("lines", "c_nf_per_km") * 1e-9 * length
    return {
        "from_bus": from_bus,
        "to_bus": case.positions("lines", "to_bus"),
        "r": case.column("lines", "r_ohm_per_km") * length / base_ohm,
        "x": case.column("lines", "x_ohm_per_km") * length / base_ohm,
        "half_g": np.zeros(length.size),
        "half_b": np.pi * case.frequency_hz * capacitance * base_ohm,
        "ratio": np.ones(length.size),
        "i_max": case.column("lines", "max_i_ka") / base_ka,
        "limit_unit": base_ka,
    }


def _transformers(case: Case, base_mva: float) -> dict[str, Floats]:
    """The same columns for all transformers; their impedance is that of the to side."""
    to_bus = case.positions("transformers", "to_bus")
    base_ohm = case.column("buses", "vn_kv")[to_bus] ** 2 / base_mva
    return {
        "from_bus": case.positions("transformers", "from_bus"),
        "to_bus": to_bus,
        "r": case.column("transformers", "r_ohm") / base_ohm,
        "x": case.column("transformers", "x_ohm") / base_ohm,
        "half_g": case.column("transformers", "g_us") * 1e-6 * base_ohm / 2.0,
        "half_b": case.column("transformers", "b_us") * 1e-6 * base_ohm / 2.0,
        "ratio": case.column("transformers", "ratio"),
        "i_max": case.column("transformers", "max_s_mva") / base_mva,
        "limit_unit": np.full(to_bus.size, base_mva),
    }


def behind_ratio(grid: Grid, v: Floats) -> Floats:
    """Squared voltages behind the ratios of the from ends: (buses, steps) -> (m, steps)."""
    squared: Floats = v[grid.from_bus] / grid.ratio[:, None] ** 2
    return squared


def branch_flow(grid: Grid, evidence: Evidence) -> BranchFlow:
    """Both ends of every branch from the tables' flow at the from end and the voltages, by the formulation's law."""
    p, q = (evidence.table("branches", name)[grid.branches] / grid.base_mva for name in ("p_mw", "q_mvar"))
    g, b = grid.half_g[:, None], grid.half_b[:, None]
    v = evidence.table("buses", "vm_pu") ** 2
    u, v_from, v_to = behind_ratio(grid, v), v[grid.from_bus], v[grid.to_bus]
    series_p, series_q = p - g * u, q + b * u
    if evidence.formulation == "soc" and not evidence.is_physics:
        return _relaxed_flow(grid, evidence, p, q, series_p, series_q)
    if evidence.formulation == "soc":
        squared = (series_p**2 + series_q**2) / u
        p_to = grid.r[:, None] * squared - series_p + g * v_to
        q_to = grid.x[:, None] * squared - series_q - b * v_to
        i_from, i_to = np.hypot(p, q) / np.sqrt(v_from), np.hypot(p_to, q_to) / np.sqrt(v_to)
        return BranchFlow(p, q, p_to, q_to, i_from, i_to, p + p_to)
    p_to, loss = g * v_to - series_p, g * (u + v_to)
    if evidence.formulation == "dc":
        zero = np.zeros_like(p)
        return BranchFlow(p, zero, p_to, zero, np.abs(series_p), np.abs(series_p), loss)
    current = np.hypot(series_p, series_q)
    return BranchFlow(p, q, p_to, -series_q - b * v_to, current, current, loss)


def _relaxed_flow(
    grid: Grid, evidence: Evidence, p: Floats, q: Floats, series_p: Floats, series_q: Floats
) -> BranchFlow:
    """The law of a relaxation that is taken as it is: its squared currents l are those of its own solution.

    l + 2 (g P - b Q) + (g^2 + b^2) u at the from end, behind the ratio, with half the shunt admittance at each end.
    """
    g, b = grid.half_g[:, None], grid.half_b[:, None]
    v, l = evidence.table("buses", "vm_pu") ** 2, evidence.variable("current")
    u, v_to = behind_ratio(grid, v), v[grid.to_bus]
    end_p, end_q = series_p - grid.r[:, None] * l, series_q - grid.x[:, None] * l
    at_from = l + 2.0 * (g * series_p - b * series_q) + (g**2 + b**2) * u
    at_to = l - 2.0 * (g * end_p - b * end_q) + (g**2 + b**2) * v_to
    i_from, i_to = (np.sqrt(np.maximum(squared, 0.0)) for squared in (at_from, at_to))
    p_to, q_to = g * v_to - end_p, -b * v_to - end_q
    return BranchFlow(p, q, p_to, q_to, i_from / grid.ratio[:, None], i_to, p + p_to)


def incidence(grid: Grid) -> sp.csr_array:
    """+1 at the from bus, -1 at the to bus of every branch, (buses x m)."""
    return _ends(grid, 1.0, -1.0)


def voltage_drop(grid: Grid) -> sp.csr_array:
    """1 / ratio^2 at the from bus, -1 at the to bus: what a branch makes of squared voltages, (buses x m)."""
    return _ends(grid, grid.ratio**-2.0, -1.0)


def end_shunts(grid: Grid, half: Floats) -> Floats:
    """Sum over the branches' ends at each bus of a shunt admittance behind the ratio, as the bus sees it; (buses,)."""
    at_from = np.bincount(grid.from_bus, half / grid.ratio**2, grid.buses)
    return np.asarray(at_from + np.bincount(grid.to_bus, half, grid.buses), dtype=np.float64)


def _ends(grid: Grid, at_from: Floats | float, at_to: float) -> sp.csr_array:
    m = grid.branches.size
    branch, values = np.arange(m), np.concatenate([np.broadcast_to(at_from, m), np.full(m, at_to)])
    ends = (np.concatenate([grid.from_bus, grid.to_bus]), np.concatenate([branch, branch]))
    return sp.coo_array((values, ends), shape=(grid.buses, m)).tocsr()


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
