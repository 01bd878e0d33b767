"""Which lines are open when a network of loads is radial and loses least.

    minimise    hours x sum over steps of  sum of r |i|^2      over all trees that reach every bus from the interfaces
    subject to  the AC power flow of the tree, voltages and currents within their limits

Every tree's losses come from its own AC power flow; what is proven of the others is a bound: where nothing but loads
is connected, no voltage is above that of the interfaces, v <= v0, and no line carries less than the loads behind it,
so that r |i|^2 >= r (p^2 + q^2) / v0^2 with lossless flows (``programs.spanning_tree``).
Source: Civanlar, Grainger, Yin and Lee, "Distribution feeder reconfiguration for loss reduction", IEEE Trans. Power
Delivery 3(3), 1988; Shirmohammadi and Hong, IEEE Trans. Power Delivery 4(2), 1989, for the flows of the meshed network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.network import components
from gridpact.case.validate import require_valid
from gridpact.errors import InfeasibleError, InputError, Issue
from gridpact.programs.spanning_tree import BestTree, Graph, best_tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Complex = NDArray[np.complex128]
# Tables that say nothing of what flows; any other one with rows is more than loads on lines.
SILENT = ("buses", "lines", "switches", "interfaces", "loads", "connections", "protection")
SETTLED = 1e-11
SWEEPS = 100
# Of a limit: what a power flow may be beyond it.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Reconfiguration:
    """The best radial network: its open lines, its losses beside those before (NaN where that was not radial).

    ``bound_mwh`` is proven: no radial network within the limits loses less. ``case`` is the case with a switch open in
    each open line and all others closed.
    """

    case: Case
    open_lines: list[str]
    loss_mwh: float
    bound_mwh: float
    before_mwh: float
    lowest_vm_pu: float
    networks: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Feeder:
    """Lines between nodes, node 0 being all interfaces, in per unit on 1 MVA; loads (nodes, steps), limits."""

    graph: Graph
    z: Complex
    loads: Complex
    root_vm_pu: float
    vm_min: Floats
    vm_max: Floats
    most: Floats
    hours: float


def reconfigure(case: Case, *, only_switches: bool = False, time_limit: float = 600.0) -> Reconfiguration:
    """The radial network of least losses, proven.

    Every line that is ``in_service`` may be open, or with ``only_switches`` those in which a switch stands. Losses are
    summed over the steps of the case. Raises ``InputError`` where more than loads hangs on the network (the bound
    holds for loads alone), ``InfeasibleError`` where no radial network reaches all buses within the limits.
    """
    case = require_valid(case)
    _require_loads_alone(case)
    lines = np.flatnonzero(case.flags("lines", "in_service"))
    feeder = _feeder(case, lines)
    held = np.zeros(lines.size, dtype=np.bool_)
    if only_switches:
        held = ~np.isin(lines, case.positions("switches", "line"))
    found = best_tree(feeder.graph, lambda trees: losses(feeder, trees)[0], held, time_limit)
    if not np.isfinite(found.cost):
        raise InfeasibleError("No radial network keeps all voltages and currents within their limits.")
    return _told(case, lines, feeder, found)


def _told(case: Case, lines: Ints, feeder: Feeder, found: BestTree) -> Reconfiguration:
    names = np.array(case.ids("lines"))
    before = case.lines_in_service()[lines]
    is_radial = before.sum() == feeder.graph.nodes - 1 and _reaches_all(feeder.graph, before)
    return Reconfiguration(
        case=switched(case, names[lines[~found.edges]].tolist()),
        open_lines=names[lines[~found.edges]].tolist(),
        loss_mwh=found.cost,
        bound_mwh=found.bound,
        before_mwh=float(losses(without_limits(feeder), before[None, :])[0][0]) if is_radial else float("nan"),
        lowest_vm_pu=float(losses(feeder, found.edges[None, :])[1][0]),
        networks=found.parts,
        seconds=found.seconds,
    )


def switched(case: Case, open_lines: list[str]) -> Case:
    """The case with one switch in each of these lines, open, and all other switches closed."""
    switches = case.tables["switches"]
    missing = [name for name in open_lines if name not in set(switches["line"])]
    decided = case.with_table("switches", switches.assign(closed=~switches["line"].isin(open_lines)))
    fresh = {"switch": [f"open-{name}" for name in missing], "line": missing, "closed": False}
    return require_valid(decided.with_rows("switches", fresh))


def losses(feeder: Feeder, trees: Mask) -> tuple[Floats, Floats]:
    """Losses of trees (k, lines) over all steps in MWh, inf beyond a limit, and their lowest voltages in p.u.

    Currents J = T conj(S / V), voltages V = V0 - T'(z J), repeated until they stand still (Shirmohammadi et al., IEEE
    Trans. Power Systems 3(2), 1988); T is the inverse of the tree's incidence.
    """
    B, k = feeder.graph.incidence(), len(trees)
    edges = np.array([np.flatnonzero(tree) for tree in trees])
    T = np.linalg.inv(B[:, edges].transpose(1, 0, 2))
    z = feeder.z[edges][:, :, None]
    v = np.full((k, *feeder.loads.shape), feeder.root_vm_pu, dtype=np.complex128)
    root = feeder.root_vm_pu * (T.transpose(0, 2, 1) @ B[:, edges].sum(axis=0)[:, :, None])
    current = np.zeros_like(v)
    with np.errstate(all="ignore"):  # what has no power flow does not settle, and is told apart below
        for _ in range(SWEEPS):
            current = -T @ np.conj(feeder.loads / v)
            moved = root + T.transpose(0, 2, 1) @ (z * current)
            change, v = np.abs(moved - v).max(axis=(1, 2)), moved
            if (change < SETTLED).all():
                break
        loss = feeder.hours * (feeder.z.real[edges][:, :, None] * np.abs(current) ** 2).sum(axis=(1, 2))
        allowed = (change < SETTLED) & _within(feeder, np.abs(v), np.abs(current), edges)
    return np.where(allowed, loss, np.inf), np.abs(v).min(axis=(1, 2))


def _within(feeder: Feeder, vm: Floats, current: Floats, edges: Ints) -> Mask:
    low = vm >= feeder.vm_min[:, None] - ROUNDING
    high = vm <= feeder.vm_max[:, None] + ROUNDING
    carried = current <= feeder.most[edges][:, :, None] * (1.0 + ROUNDING)
    return np.asarray((low & high).all(axis=(1, 2)) & carried.all(axis=(1, 2)))


def without_limits(feeder: Feeder) -> Feeder:
    """The same feeder without limits."""
    free = np.full_like(feeder.vm_min, np.inf)
    return replace(feeder, vm_min=-free, vm_max=free, most=np.full_like(feeder.most, np.inf))


def _feeder(case: Case, lines: Ints) -> Feeder:
    nodes, order = _nodes(case)
    first, last = (nodes[case.positions("lines", side)[lines]] for side in ("from_bus", "to_bus"))
    ohm = case.column("buses", "vn_kv")[case.positions("lines", "from_bus")[lines]] ** 2
    length = case.column("lines", "length_km")[lines]
    z = (case.column("lines", "r_ohm_per_km") + 1j * case.column("lines", "x_ohm_per_km"))[lines] * length / ohm
    most = case.column("lines", "max_i_ka")[lines] * np.sqrt(3.0 * ohm)
    loads = np.zeros((order.size + 1, case.steps), dtype=np.complex128)
    drawn = case.series("loads", "p_mw") + 1j * case.series("loads", "q_mvar")
    np.add.at(loads, nodes[case.positions("loads", "bus")], drawn)
    root = case.column("interfaces", "vm_pu")
    _require_reached(case, nodes, first, last, order)
    injections = np.concatenate([loads.real, loads.imag], axis=1) * np.sqrt(case.hours) / root.max()
    graph = Graph(order.size + 1, first, last, z.real, injections)
    vm_min, vm_max = (case.column("buses", name)[order] for name in ("vm_min_pu", "vm_max_pu"))
    most = np.where(np.isnan(most), np.inf, most)
    return Feeder(graph, np.asarray(z), loads[1:], float(root.max()), vm_min, vm_max, most, case.hours)


def _nodes(case: Case) -> tuple[Ints, Ints]:
    """The node of every bus, those of interfaces being 0, and the buses of nodes 1, 2, ..."""
    fed = np.zeros(case.count("buses"), dtype=np.bool_)
    fed[case.positions("interfaces", "bus")] = True
    nodes = np.where(fed, 0, np.cumsum(~fed))
    return nodes, np.flatnonzero(~fed)


def _require_reached(case: Case, nodes: Ints, first: Ints, last: Ints, order: Ints) -> None:
    labels = components(order.size + 1, first, last)
    cut = [case.ids("buses")[bus] for bus in order if labels[nodes[bus]] != 0]
    if cut:
        raise InfeasibleError(f"No line leads to {', '.join(cut[:5])}{' and others' if len(cut) > 5 else ''}.")


def _reaches_all(graph: Graph, present: Mask) -> bool:
    return bool((components(graph.nodes, graph.first[present], graph.last[present]) == 0).all())


def _require_loads_alone(case: Case) -> None:
    issues = [
        Issue(f"the table {name} has rows, and the proof holds for loads on lines alone", "Delete them.", name)
        for name, table in case.tables.items()
        if len(table) and name not in SILENT and {"bus", "from_bus"} & set(table.columns)
    ]
    roots = case.column("interfaces", "vm_pu")
    if not roots.size or np.ptp(roots) > 0.0:
        issues.append(Issue("interfaces are missing or hold different voltages", "Give one voltage.", "interfaces"))
    for column in ("p_mw", "q_mvar"):
        wrong = np.flatnonzero((case.series("loads", column) < 0.0).any(axis=1))
        if wrong.size:
            name = case.ids("loads")[int(wrong[0])]
            issues.append(Issue(f"{column} of load {name!r} is below zero: it feeds in", "Delete it.", "loads"))
    if (case.column("lines", "c_nf_per_km") > 0.0).any():
        issues.append(Issue("lines have a capacitance, which feeds in", "Set c_nf_per_km to 0.", "lines"))
    if (case.column("lines", "r_ohm_per_km") <= 0.0).any():
        issues.append(Issue("a line has no resistance, so that opening it costs nothing", "Give it one.", "lines"))
    if issues:
        raise InputError(issues)
