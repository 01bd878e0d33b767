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


@dataclass(frozen=True, eq=False)
class Network:
    """Buses (n) and current-carrying lines (m) in per unit.

    ``leaving`` and ``arriving`` (n x m) hold a one where a line has its from end, its to end.
    ``charging`` is the whole line's susceptance; shunts consume ``conductance`` v and inject ``susceptance`` v.
    ``held`` is the squared voltage where an interface holds it, else NaN.
    """

    base_mva: float
    lines: Ints
    from_bus: Ints
    to_bus: Ints
    leaving: sp.csr_array
    arriving: sp.csr_array
    r: Floats
    x: Floats
    charging: Floats
    i_max: Floats
    v_min: Floats
    v_max: Floats
    held: Floats
    conductance: Floats
    susceptance: Floats
    references: Ints
    component: Ints


def electric_network(case: Case, base_mva: float) -> Network:
    """Turn the tables of a case into a ``Network``; lines out of service are left out."""
    lines = np.flatnonzero(case.lines_in_service())
    from_bus, to_bus = case.positions("lines", "from_bus")[lines], case.positions("lines", "to_bus")[lines]
    buses = case.count("buses")
    vn = case.column("buses", "vn_kv")[from_bus]
    ohm = case.column("lines", "length_km")[lines] * base_mva / vn**2
    farad = case.column("lines", "c_nf_per_km")[lines] * case.column("lines", "length_km")[lines] * 1e-9
    limit = case.column("lines", "max_i_ka")[lines] * np.sqrt(3.0) * vn / base_mva
    leaving, arriving = _incidence(from_bus, buses), _incidence(to_bus, buses)
    component = connected_components(leaving @ arriving.T, directed=False)[1].astype(np.int64)
    conductance, susceptance = _shunts(case, base_mva)
    return Network(
        base_mva=base_mva,
        lines=lines,
        from_bus=from_bus,
        to_bus=to_bus,
        leaving=leaving,
        arriving=arriving,
        r=case.column("lines", "r_ohm_per_km")[lines] * ohm,
        x=case.column("lines", "x_ohm_per_km")[lines] * ohm,
        charging=2.0 * np.pi * case.frequency_hz * farad * vn**2 / base_mva,
        i_max=np.where(np.isnan(limit), np.inf, limit),
        v_min=case.column("buses", "vm_min_pu") ** 2,
        v_max=case.column("buses", "vm_max_pu") ** 2,
        held=_held_voltage(case),
        conductance=conductance,
        susceptance=susceptance,
        references=_references(case, component),
        component=component,
    )


def power_base(case: Case) -> float:
    """Power of ten at or below the largest total demand, in MVA.

    Flows near one keep the cones well conditioned: measured on the 33-node day, a base three times the
    demand stops the interior-point method at a dual residual of 1e-7, this one reaches 1e-9.
    """
    demand = np.abs(case.series("loads", "p_mw")).sum(axis=0).max(initial=0.0)
    return float(10.0 ** np.floor(np.log10(demand))) if demand > 0 else 1.0


def place(buses: Ints, network: Network) -> sp.csr_array:
    """Matrix (buses x devices) that adds devices up at their buses."""
    return _incidence(buses, network.v_min.size)


def require_radial(case: Case, network: Network) -> None:
    """Raise ``InputError`` naming the lines of a loop, if there is one."""
    loops = _loop_lines(network)
    if not loops.size:
        return
    names = np.array(case.ids("lines"))[network.lines[loops]]
    raise InputError(
        [
            Issue(
                f"the network has {loops.size} loop(s); without line {', '.join(names)} it would be radial",
                'Open a switch in each loop, or clear with formulation = "dc".',
                "lines.csv",
            )
        ]
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


def _loop_lines(network: Network) -> Ints:
    """Lines that close a loop when the lines are added one by one: those outside a spanning tree."""
    buses, lines = network.v_min.size, network.from_bus.size
    weights = np.arange(1, lines + 1, dtype=np.float64)
    ends = np.sort(np.column_stack([network.from_bus, network.to_bus]), axis=1)
    first = np.unique(ends, axis=0, return_index=True)[1]
    graph = sp.csr_array((weights[first], ends[first].astype(np.int32).T), shape=(buses, buses))
    tree = sp.csgraph.minimum_spanning_tree(graph).data.astype(np.int64) - 1
    return np.setdiff1d(np.arange(lines), tree)
