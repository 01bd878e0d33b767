r"""Reliability where the plan chooses the tree itself: customers flow from the interfaces to their buses.

Every line that can fail has a clearing device at both ends. Then a fault of line $l$ interrupts those who are fed
through it and nobody else, for no longer than its repair $r_l$. With the shares $F_l$ of customers and $G_l$ of mean
power that flow through lines and types $l$ (flows as in ``forest``, in both directions together),

$$
\text{SAIFI} = \sum_l \lambda_l F_l, \qquad \text{SAIDI} \le \sum_l \lambda_l r_l F_l, \qquad
\text{EENS} \le P \sum_l \lambda_l r_l G_l .
$$

A transformer that fails interrupts all that flows into the buses that transformers join it to, and all of them; where
an interface is there, all that flows out. Loads' own transformers add a constant. Supply that ties and islands restore
before the repair is left out, so the indices are never understated.

Source: the flows are those of López, Lavorato and Rider, "Optimal reconfiguration of electrical distribution systems
considering reliability indices improvement", Int. J. Electrical Power and Energy Systems 78, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats, Ints
from gridpact.errors import InputError, Issue
from gridpact.planning.investment.candidates import Candidates
from gridpact.planning.investment.forest import Part, closed_edges, flow_part, forest_parts, together
from gridpact.planning.investment.grid import Grid, grid_of
from gridpact.planning.investment.switching import Switching, told
from gridpact.planning.reliability.linear.form import Index, LinearReliability
from gridpact.planning.reliability.zones import CLEARING

# Customers and MW below which there are none.
NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class Ways:
    """What flows may take (v,): edges as they stand today, then types that fail otherwise.

    ``rate`` in failures per year, ``repair_h`` in hours; ``capacity`` (v, n), ``constant`` (v,): whether it is there.
    """

    edge: Ints
    rate: Floats
    repair_h: Floats
    capacity: sp.csr_array
    constant: Floats


def flow_reliability(case: Case, candidates: Candidates, switching: Switching) -> LinearReliability:
    """The forest and the indices. Raises ``InputError`` where a fault could reach more than what is behind it."""
    grid = grid_of(case, switching)
    ways = _ways(case, candidates, switching, grid)
    _require_devices(case, grid, ways)
    parts = forest_parts(grid, candidates, switching)
    indices: dict[str, tuple[float, Floats, int]] = {}
    power = np.maximum(case.series("loads", "p_mw"), 0.0).mean(axis=1)
    for amount, names in ((case.column("loads", "customers"), ("saifi", "saidi_h")), (power, ("eens_mwh",))):
        every = max(float(amount.sum()), NOTHING)
        wanted = np.bincount(grid.of_bus[case.positions("loads", "bus")], amount / every, grid.nodes).astype(np.float64)
        parts.append(flow_part(grid, ways.edge, wanted, ways.capacity, ways.constant))
        for name in names:
            constant, slopes = _index(case, grid, ways, wanted, name != "saifi")
            own = float(amount @ _own_faults(case, name != "saifi")) / every
            scale = every if name == "eens_mwh" else 1.0
            indices[name] = (scale * (constant + own), scale * slopes, len(parts) - 1)
    return together(candidates, switching, parts, _placed(candidates, switching, parts, indices))


def _own_faults(case: Case, hours: bool) -> Floats:
    """Failures of the loads' own transformers in a year, or the hours that they take."""
    rate = case.column("loads", "transformer_failures_per_year")
    return rate * case.column("loads", "transformer_repair_h") if hours else rate


def _placed(
    candidates: Candidates, switching: Switching, parts: list[Part], indices: dict[str, tuple[float, Floats, int]]
) -> dict[str, Index]:
    """Indices over all columns: each has slopes on the own columns of one part."""
    first = candidates.count + switching.count + np.cumsum([0, *(part.own.shape[1] for part in parts)])
    found = {}
    for name, (constant, slopes, of) in indices.items():
        every = np.zeros(first[-1])
        every[first[of] : first[of + 1]] = slopes
        found[name] = Index(constant, every)
    return found


def _ways(case: Case, candidates: Candidates, switching: Switching, grid: Grid) -> Ways:
    """Edges with what fails there today (new ties do not), and the types that have failures of their own."""
    length = case.column("lines", "length_km")
    ties = np.zeros(case.count("tie_candidates"))
    rate = np.append(case.column("lines", "failures_per_km_year") * length, ties)[grid.line]
    repair_h = np.append(case.column("lines", "repair_h"), ties)[grid.line]
    own = np.flatnonzero(~np.isnan(case.column("line_candidates", "failures_per_km_year")))
    at = case.positions("line_candidates", "line")[own]
    edge = np.array([int(np.flatnonzero(grid.line == line)[0]) for line in at], dtype=np.int64)
    capacity, constant = closed_edges(grid, candidates.count)
    columns = candidates.of("line_candidates")[own]
    of_type = sp.csr_array((np.ones(own.size), (np.arange(own.size), columns)), shape=(own.size, capacity.shape[1]))
    taken = sp.coo_array((np.ones(own.size), (edge, columns)), shape=capacity.shape).tocsr()
    return Ways(
        edge=np.append(np.arange(grid.line.size), edge),
        rate=np.append(rate, case.column("line_candidates", "failures_per_km_year")[own] * length[at]),
        repair_h=np.append(repair_h, case.column("lines", "repair_h")[at]),
        capacity=sp.csr_array(sp.vstack([capacity - taken, of_type])),
        constant=np.append(constant, np.zeros(own.size)),
    )


def _index(case: Case, grid: Grid, ways: Ways, wanted: Floats, hours: bool) -> tuple[float, Floats]:
    """Constant and slopes of an index per whole, over the flows in both directions."""
    there = case.flags("transformers", "in_service")
    fails = np.where(there, case.column("transformers", "failures_per_year"), 0.0)
    fails = fails * case.column("transformers", "repair_h") if hours else fails
    at = np.bincount(grid.of_bus[case.positions("transformers", "from_bus")], fails, grid.nodes)
    into, out = np.where(grid.source, 0.0, at), np.where(grid.source, at, 0.0)
    start, end = grid.ends[ways.edge].T
    line = ways.rate * ways.repair_h if hours else ways.rate
    slopes = np.concatenate([line + into[end] + out[start], line + into[start] + out[end]])
    return float(out @ wanted), slopes


def _require_devices(case: Case, grid: Grid, ways: Ways) -> None:
    """Clearing devices at both ends of every line that can fail; of every line, where a transformer can."""
    devices = case.tables["protection"]
    clearing = devices[devices["kind"].isin(CLEARING)]
    both = {line for line, ends in clearing.groupby("line")["end"] if len(set(ends)) == 2}
    names = np.array([*case.ids("lines"), *case.ids("tie_candidates")])
    failing = (
        case.flags("transformers", "in_service") & (case.column("transformers", "failures_per_year") > 0.0)
    ).any()
    of = np.sort(grid.line[np.unique(ways.edge if failing else ways.edge[ways.rate > 0.0])])
    bare = [name for name in names[of] if name not in both]
    if bare:
        text = "with reconfigure, limits and costs of reliability need a breaker, recloser or fuse at both ends of "
        which = "every line, since transformers can fail" if failing else "every line that can fail"
        fix = "Add rows to protection for both ends of these lines, or plan without reconfigure."
        raise InputError([Issue(f"{text}{which}; missing at {told(np.array(bare))}", fix, "protection")])
