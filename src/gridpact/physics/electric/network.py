"""The electricity network of a case as per-unit arrays, and its graph.

Per unit on ``base_mva`` and each bus's nominal voltage; voltages and currents are squared magnitudes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Of the capacity of the generators: demand below this is no measure of what flows.
NEXT_TO_NOTHING = 1e-7


@dataclass(frozen=True, eq=False)
class Branches:
    """Current-carrying lines and transformers (m): an ideal ratio at the from end, then a pi circuit, per unit.

    ``carrying`` holds their positions among all lines, then all transformers of the case. ``g`` and ``b`` are the
    whole branch's shunt admittance; ``i_max`` limits the current at both ends, each in its own per unit.
    """

    carrying: Ints
    from_bus: Ints
    to_bus: Ints
    r: Floats
    x: Floats
    g: Floats
    b: Floats
    ratio: Floats
    i_max: Floats


@dataclass(frozen=True, eq=False)
class Network:
    """Buses (n) and branches (m) in per unit.

    ``leaving`` and ``arriving`` (n x m) hold a one where a branch has its from end, its to end. Shunts, with the
    branches' own, consume ``conductance`` v and inject ``susceptance`` v. ``held`` is the squared voltage where an
    interface holds it, else NaN.
    """

    base_mva: float
    branches: Branches
    leaving: sp.csr_array
    arriving: sp.csr_array
    v_min: Floats
    v_max: Floats
    held: Floats
    conductance: Floats
    susceptance: Floats
    references: Ints
    component: Ints

    @property
    def behind_ratio(self) -> sp.csr_array:
        """Matrix (m x n) from squared bus voltages to those behind the ideal ratio of each branch."""
        return sp.csr_array(sp.diags_array(self.branches.ratio**-2.0) @ self.leaving.T)


def electric_network(case: Case, base_mva: float) -> Network:
    """Turn the tables of a case into a ``Network``; branches out of service are left out."""
    branches = _in_service(_all_branches(case, base_mva), case.branches_in_service())
    buses = case.count("buses")
    leaving, arriving = _incidence(branches.from_bus, buses), _incidence(branches.to_bus, buses)
    component = connected_components(leaving @ arriving.T, directed=False)[1].astype(np.int64)
    conductance, susceptance = _shunts(case, base_mva)
    return Network(
        base_mva=base_mva,
        branches=branches,
        leaving=leaving,
        arriving=arriving,
        v_min=case.column("buses", "vm_min_pu") ** 2,
        v_max=case.column("buses", "vm_max_pu") ** 2,
        held=_held_voltage(case),
        conductance=conductance + _at_ends(leaving, arriving, branches, branches.g),
        susceptance=susceptance + _at_ends(leaving, arriving, branches, branches.b),
        references=_references(case, component),
        component=component,
    )


def _all_branches(case: Case, base_mva: float) -> Branches:
    lines, transformers = _lines(case, base_mva), _transformers(case, base_mva)
    pairs = [(getattr(lines, name), getattr(transformers, name)) for name in Branches.__dataclass_fields__]
    return Branches(*(np.concatenate(pair) for pair in pairs))


def _lines(case: Case, base_mva: float) -> Branches:
    from_bus = case.positions("lines", "from_bus")
    vn, length = case.column("buses", "vn_kv")[from_bus], case.column("lines", "length_km")
    farad = case.column("lines", "c_nf_per_km") * length * 1e-9
    return Branches(
        carrying=np.arange(from_bus.size),
        from_bus=from_bus,
        to_bus=case.positions("lines", "to_bus"),
        r=case.column("lines", "r_ohm_per_km") * length * base_mva / vn**2,
        x=case.column("lines", "x_ohm_per_km") * length * base_mva / vn**2,
        g=np.zeros(from_bus.size),
        b=2.0 * np.pi * case.frequency_hz * farad * vn**2 / base_mva,
        ratio=np.ones(from_bus.size),
        i_max=_limit(case.column("lines", "max_i_ka") * np.sqrt(3.0) * vn / base_mva),
    )


def _transformers(case: Case, base_mva: float) -> Branches:
    to_bus = case.positions("transformers", "to_bus")
    siemens = 1e-6 * case.column("buses", "vn_kv")[to_bus] ** 2 / base_mva
    ohm = base_mva / case.column("buses", "vn_kv")[to_bus] ** 2
    return Branches(
        carrying=case.count("lines") + np.arange(to_bus.size),
        from_bus=case.positions("transformers", "from_bus"),
        to_bus=to_bus,
        r=case.column("transformers", "r_ohm") * ohm,
        x=case.column("transformers", "x_ohm") * ohm,
        g=case.column("transformers", "g_us") * siemens,
        b=case.column("transformers", "b_us") * siemens,
        ratio=case.column("transformers", "ratio"),
        i_max=_limit(case.column("transformers", "max_s_mva") / base_mva),
    )


def _in_service(branches: Branches, carrying: NDArray[np.bool_]) -> Branches:
    return Branches(*(getattr(branches, name)[carrying] for name in Branches.__dataclass_fields__))


def _limit(bound: Floats) -> Floats:
    return np.where(np.isnan(bound), np.inf, bound)


def _at_ends(leaving: sp.csr_array, arriving: sp.csr_array, branches: Branches, admittance: Floats) -> Floats:
    """Half of the branches' shunt admittance at each end, seen from the bus, added up per bus."""
    ends: Floats = leaving @ (admittance / 2.0 / branches.ratio**2) + arriving @ (admittance / 2.0)
    return ends


def power_base(case: Case) -> float:
    """Power of ten at or below what flows at most, in MVA: total demand or total renewable power.

    Where there is next to neither, the capacity of the generators stands in for it.

    Flows near one keep the cones well conditioned: measured on the 33-node day, a base three times the
    demand stops the interior-point method at a dual residual of 1e-7, this one reaches 1e-9.
    """
    parts = (("loads", "p_mw"), ("bids", "p_mw"), ("shiftable", "max_p_mw"), ("controllable", "max_p_mw"))
    demand = sum(np.abs(case.series(table, column)).sum(axis=0) for table, column in parts)
    renewable = case.series("renewables", "p_mw").sum(axis=0)
    most = float(np.maximum(demand, renewable).max(initial=0.0))
    capacity = float(np.nansum(np.abs(case.column("generators", "max_p_mw"))))
    most = most if most > NEXT_TO_NOTHING * capacity else capacity
    return float(10.0 ** np.floor(np.log10(most))) if most > 0 else 1.0


def first_interfaces(case: Case, network: Network, buses: Ints) -> Ints:
    """The first interface of the network that each of some buses belongs to; -1 where that has none."""
    hangs = np.equal.outer(network.component[buses], network.component[case.positions("interfaces", "bus")])
    return np.where(hangs.any(axis=1), hangs.argmax(axis=1) if hangs.shape[1] else 0, -1)


def place(buses: Ints, network: Network) -> sp.csr_array:
    """Matrix (buses x devices) that adds devices up at their buses."""
    return _incidence(buses, network.v_min.size)


def require_radial(case: Case, network: Network) -> None:
    """Raise ``InputError`` naming the lines of a loop, if there is one."""
    loops = _loop_branches(network)
    if not loops.size:
        return
    names = np.array(case.branch_ids())[network.branches.carrying[loops]]
    raise InputError(
        [
            Issue(
                f"the network has {loops.size} loop(s); without {', '.join(names)} it would be radial",
                'Open a switch in each loop, or clear with formulation = "dc".',
                "lines.csv",
            )
        ]
    )


def require_reactance(case: Case, network: Network) -> None:
    """Raise ``InputError`` naming the branches whose flow a direct-current power flow could not tell."""
    names = np.array(case.branch_ids())[network.branches.carrying[network.branches.x == 0.0]]
    if names.size:
        fix = "Give them a small reactance, or merge the buses at their ends."
        raise InputError(
            [Issue(f"without reactance the direct-current flow of {', '.join(names)} is undetermined", fix)]
        )


def _incidence(buses: Ints, count: int) -> sp.csr_array:
    ones = np.ones(buses.size)
    return sp.csr_array((ones, (buses, np.arange(buses.size))), shape=(count, buses.size))


def _shunts(case: Case, base_mva: float) -> tuple[Floats, Floats]:
    where = _incidence(case.positions("shunts", "bus"), case.count("buses"))
    consumed = where @ np.column_stack([case.column("shunts", "p_mw"), case.column("shunts", "q_mvar")]) / base_mva
    return consumed[:, 0], -consumed[:, 1]


def _held_voltage(case: Case) -> Floats:
    held = np.full(case.count("buses"), np.nan)
    held[case.positions("interfaces", "bus")] = case.column("interfaces", "vm_pu") ** 2
    return held


def _references(case: Case, component: Ints) -> Ints:
    """One bus per component: its first interface, else its first slack generator, else its first generator."""
    generators, slack = case.positions("generators", "bus"), case.flags("generators", "slack")
    ranked = np.concatenate([case.positions("interfaces", "bus"), generators[slack], generators])
    return np.sort(ranked[np.unique(component[ranked], return_index=True)[1]])


def _loop_branches(network: Network) -> Ints:
    """Branches that close a loop when they are added one by one: those outside a spanning tree."""
    buses, lines = network.v_min.size, network.branches.r.size
    weights = np.arange(1, lines + 1, dtype=np.float64)
    ends = np.sort(np.column_stack([network.branches.from_bus, network.branches.to_bus]), axis=1)
    first = np.unique(ends, axis=0, return_index=True)[1]
    graph = sp.csr_array((weights[first], ends[first].astype(np.int32).T), shape=(buses, buses))
    tree = sp.csgraph.minimum_spanning_tree(graph).data.astype(np.int64) - 1
    return np.setdiff1d(np.arange(lines), tree)
