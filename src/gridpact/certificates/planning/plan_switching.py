r"""Lines that a plan opens and closes: only those with a switch, and each bus fed by one interface along one way.

For the lower bound the judges put the forests together in their own way: every bus without an interface has exactly
one line (or transformer) that leads to it, $a^\pm_e \in \{0, 1\}$ in either direction, and what is held together by
these is reached from an interface by a flow of $1 / n$ to each of $n$ such buses:

$$
a_e^+ + a_e^- = z_e, \quad \sum_{\text{to } i} a = 1, \quad f_e^\pm \le a_e^\pm, \quad
\sum_{\text{to } i} f - \sum_{\text{from } i} f = 1 / n .
$$
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.certificates.check import Check
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_form import INDICES, Form
from gridpact.certificates.planning.plan_view import Ints, PlanView


def switching_checks(plan: PlanView) -> Iterator[Check]:
    """Nothing where lines stay as they are."""
    if plan.reconfigures:
        yield _table(plan)
        yield _radial(plan.network)


def _table(plan: PlanView) -> Check:
    """The state before is that of the case; what is not built is open; a type stands only in a closed line."""
    case, table = plan.record.case, plan.record.tables["switching"]
    carrying = dict(zip(case.ids("lines"), case.lines_in_service().tolist(), strict=True))
    built, closed = plan.design, plan.on
    told = dict(zip(plan.switchable, table["closed_before"].tolist(), strict=True))
    wrong = [name for name, state in told.items() if state != carrying.get(name, False)]
    wrong += [name for name in case.ids("tie_candidates") if closed[name] and not built.get(name, 0)]
    of = dict(zip(case.ids("line_candidates"), case.tables["line_candidates"]["line"], strict=True))
    wrong += [name for name, line in of.items() if built.get(name, 0) and not closed.get(line, True)]
    if plan.record.summary.get("lines_switched") != sum(closed[name] != told[name] for name in told):
        wrong.append("lines_switched")
    text = "Lines whose state before is not that of the case, ties closed and not built, types in open lines."
    return words_check("plan switching", text, wrong)


def _radial(network: Case) -> Check:
    """As many branches as buses without an interface, and an interface to every bus: then there is no loop."""
    buses, ends = network.count("buses"), _ends(network)[network.branches_in_service()]
    graph: Any = sp.csr_array((np.ones(len(ends)), ends.T), shape=(buses, buses))
    count, part = connected_components(graph, directed=False)
    sources = np.unique(network.positions("interfaces", "bus"))
    fed = np.bincount(part[sources], minlength=count)
    names = np.array(network.ids("buses"))
    wrong = list(names[fed[part] != 1])
    wrong += ["loop"] if len(ends) != buses - count else []
    text = "Buses that are not fed by exactly one interface, or along more than one way."
    return words_check("plan radial", text, wrong)


def _ends(case: Case) -> Ints:
    """Buses at both ends of all branches, (branches, 2)."""
    sides = [np.append(case.positions("lines", end), case.positions("transformers", end)) for end in SIDES]
    return np.stack(sides, axis=1)


SIDES = ("from_bus", "to_bus")


def forests(plan: PlanView) -> Form:
    """All forests as rows over the columns of the plan and own ones: directions of every branch, then flows."""
    case, units, lines = plan.record.case, len(plan.offered.names), len(plan.switchable)
    ends, column = _edges(plan)
    edges, buses = len(ends), case.count("buses")
    fed = np.isin(np.arange(buses), case.positions("interfaces", "bus"))
    to = [_at(ends[:, side], buses) for side in (1, 0)]  # which buses an edge leads to, there and back
    into = sp.csr_array(sp.hstack(to))
    out = sp.csr_array(sp.hstack(to[::-1]))
    both = sp.csr_array(sp.hstack([sp.eye_array(edges)] * 2))
    free = np.flatnonzero(column >= 0)
    closed = sp.csr_array((np.ones(free.size), (free, column[free])), shape=(edges, units + lines))
    blocks: Any = [
        [-closed, both, None],
        [None, into, None],
        [None, -sp.eye_array(2 * edges), sp.eye_array(2 * edges)],
        [None, None, (into - out)[~fed]],
    ]
    always, once = (column < 0).astype(np.float64), (~fed).astype(np.float64)
    taken = np.full(int(once.sum()), 1.0 / max(1.0, once.sum()))
    rows = sp.csr_array(sp.vstack([sp.block_array(blocks), _wider(_built(plan), 4 * edges)]))
    return Form(
        rows,
        np.concatenate([always, once, np.full(2 * edges, -np.inf), taken, np.full(lines, -np.inf)]),
        np.concatenate([always, once, np.zeros(2 * edges), taken, np.zeros(lines)]),
        np.concatenate([np.ones(lines + 2 * edges), np.zeros(2 * edges)]).astype(np.int64),
        {name: (0.0, np.zeros(rows.shape[1])) for name in INDICES},
    )


def _wider(matrix: sp.csr_array, more: int) -> sp.csr_array:
    return sp.csr_array(sp.hstack([matrix, sp.csr_array((matrix.shape[0], more))]))


def _at(buses: Ints, count: int) -> sp.csr_array:
    return sp.csr_array((np.ones(buses.size), (buses, np.arange(buses.size))), shape=(count, buses.size))


def _edges(plan: PlanView) -> tuple[Ints, Ints]:
    """Ends of everything that may carry current, and its column in the plan; -1 for what always does."""
    case, units = plan.record.case, len(plan.offered.names)
    own = {name: units + number for number, name in enumerate(plan.switchable)}
    ties = np.stack([case.positions("tie_candidates", end) for end in SIDES], axis=1)
    ends = np.concatenate([_ends(case), ties])
    names = [*case.ids("lines"), *[""] * case.count("transformers"), *case.ids("tie_candidates")]
    column = np.array([own.get(name, -1) if name else -1 for name in names], dtype=np.int64)
    carrying = np.append(case.branches_in_service(), np.zeros(len(ties), dtype=np.bool_))
    there = carrying | (column >= 0)
    return ends[there], column[there]


def _built(plan: PlanView) -> sp.csr_array:
    """Types of a line are there only where it is closed, a tie is closed only where it is built; rows <= 0."""
    case, names = plan.record.case, plan.offered.names
    lines = case.tables["line_candidates"]
    rows = []
    for number, name in enumerate(plan.switchable):
        row = np.zeros(len(names) + len(plan.switchable))
        types = lines["candidate"][lines["line"] == name].tolist() if name in case.ids("lines") else []
        row[[names.index(of) for of in types]] = 1.0
        row[len(names) + number] = -1.0
        if name in case.ids("tie_candidates"):
            row = -row
            row[names.index(name)] = -1.0
        rows.append(row)
    return sp.csr_array(np.array(rows))
