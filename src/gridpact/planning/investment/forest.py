r"""Which lines are closed, as rows of the master: exactly the forests that feed every bus from one interface.

With $z_e$ of the lines that may be opened, $\mathcal V$ the nodes without an interface, and a fictitious good of which
each of them takes an equal share $1 / |\mathcal V|$, in both directions $f_e^\pm$ of every line:

$$
\sum_e z_e = |\mathcal V|, \qquad f_e^+ + f_e^- \le z_e, \qquad
\sum_{\text{to } i} f - \sum_{\text{from } i} f = 1 / |\mathcal V| \quad (i \in \mathcal V), \qquad f \ge 0 .
$$

What reaches every node connects it, and as many lines as such nodes leave no line for a loop or between interfaces.
Lines that are always closed have $z = 1$. Parts of the network that these lines hold together need a way in,
$\sum_{e \text{ at the part}} z_e \ge 1$: implied for whole z, and a better bound for broken ones.

The types of a line are there only where it is closed, $\sum_t n_t \le z_e$, a tie closed only where it is built.

Source: Lavorato, Franco, Rider and Romero, "Imposing radiality constraints in distribution system optimization
problems", IEEE Trans. Power Systems 27(1), 2012.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.investment.candidates import Candidates
from gridpact.planning.investment.grid import Grid, grid_of
from gridpact.planning.investment.switching import Switching
from gridpact.planning.reliability.linear.form import Index, LinearReliability


@dataclass(frozen=True, eq=False)
class Part:
    """Rows over the columns of the plan (units, then lines) and over own columns, which lie between 0 and 1:
    lower <= plan @ n + own @ f <= upper."""

    plan: sp.csr_array
    own: sp.csr_array
    lower: Floats
    upper: Floats


def forest_form(case: Case, candidates: Candidates, switching: Switching) -> LinearReliability:
    """The rows alone, in the shape of a linear form of reliability whose indices are zero."""
    parts = forest_parts(grid_of(case, switching), candidates, switching)
    return together(candidates, switching, parts, {})


def forest_parts(grid: Grid, candidates: Candidates, switching: Switching) -> list[Part]:
    """The choice of lines, and that it is a forest."""
    wanted = np.where(grid.source, 0.0, 1.0 / max(1, int((~grid.source).sum())))
    edges = np.arange(grid.line.size)
    capacity, constant = closed_edges(grid, candidates.count)
    return [_choice(grid, candidates, switching), flow_part(grid, edges, wanted, capacity, constant)]


def together(
    candidates: Candidates, switching: Switching, parts: list[Part], indices: dict[str, Index]
) -> LinearReliability:
    """Parts side by side, each with its own columns; indices that are not given are zero."""
    n = candidates.count + switching.count
    own = sp.block_diag([part.own for part in parts], format="csr")
    matrix = sp.csr_array(sp.hstack([sp.vstack([part.plan for part in parts]), own]))
    whole = np.arange(matrix.shape[1] - candidates.count) < switching.count
    nothing = Index(0.0, np.zeros(matrix.shape[1]))
    assert matrix.shape[1] == n + own.shape[1]
    return LinearReliability(
        candidates=candidates.names,
        whole=whole,
        matrix=matrix,
        lower=np.concatenate([part.lower for part in parts]),
        upper=np.concatenate([part.upper for part in parts]),
        **{name: indices.get(name, nothing) for name in ("saifi", "saidi_h", "eens_mwh")},
    )


def closed_edges(grid: Grid, units: int) -> tuple[sp.csr_array, Floats]:
    """Whether an edge is closed, affine in the columns of the plan: matrix (e, n) and constant (e,)."""
    openable = np.arange(grid.fixed, grid.line.size)
    columns = units + np.arange(openable.size)
    shape = (grid.line.size, units + openable.size)
    matrix = sp.csr_array((np.ones(openable.size), (openable, columns)), shape=shape)
    return matrix, (np.arange(grid.line.size) < grid.fixed).astype(np.float64)


def flow_part(grid: Grid, edges: Ints, wanted: Floats, capacity: sp.csr_array, constant: Floats) -> Part:
    """A good that every node without an interface takes a share of, along edges (v,) in both directions.

    Own columns are the flows from the start to the end of every edge, then those back; ``capacity`` (v, n) and
    ``constant`` (v,) say how much may flow.
    """
    v = np.arange(edges.size)
    start, end = grid.ends[edges].T
    into = sp.coo_array((np.ones(v.size), (end, v)), shape=(grid.nodes, v.size)).tocsr()
    out = sp.coo_array((np.ones(v.size), (start, v)), shape=(grid.nodes, v.size)).tocsr()
    balance, free = sp.csr_array(into - out)[~grid.source], wanted[~grid.source]
    one = sp.csr_array(sp.eye_array(v.size))
    return Part(
        plan=sp.csr_array(sp.vstack([sp.csr_array((free.size, capacity.shape[1])), -capacity])),
        own=sp.csr_array(sp.vstack([sp.hstack([balance, -balance]), sp.hstack([one, one])])),
        lower=np.append(free, np.full(v.size, -np.inf)),
        upper=np.append(free, constant),
    )


def _choice(grid: Grid, candidates: Candidates, switching: Switching) -> Part:
    """As many lines as a forest has, a way into every part, types where their line is closed, ties where built."""
    rows, lower, upper = [_lines(candidates, np.ones(switching.count))], [], []
    lower += [float((~grid.source).sum() - grid.fixed)]
    upper += lower
    for entry in _ways_in(grid):
        rows, lower, upper = [*rows, _lines(candidates, entry)], [*lower, 1.0], [*upper, np.inf]
    for line in np.flatnonzero(switching.types.any(axis=1) | (switching.tie >= 0)).tolist():
        row = -_lines(candidates, np.arange(switching.count) == line)
        row[: candidates.count] += switching.types[line]
        if switching.tie[line] >= 0:
            row = -row
            row[switching.tie[line]] = -1.0
        rows, lower, upper = [*rows, row], [*lower, -np.inf], [*upper, 0.0]
    matrix = sp.csr_array(np.array(rows))
    return Part(matrix, sp.csr_array((len(rows), 0)), np.array(lower), np.array(upper))


def _lines(candidates: Candidates, weights: Floats) -> Floats:
    return np.append(np.zeros(candidates.count), weights)


def _ways_in(grid: Grid) -> list[Floats]:
    """The lines that may be opened at every part without an interface, as ones; (lines,) each."""
    parts, ends = grid.parts, grid.ends[grid.fixed :]
    fed = set(parts[grid.source].tolist())
    at = parts[ends]
    crossing = at[:, 0] != at[:, 1]
    return [
        ((at == part).any(axis=1) & crossing).astype(np.float64)
        for part in np.unique(parts).tolist()
        if part not in fed
    ]
