"""How far apart microgrids are, along the lines.

    d_ij   shortest way from the bus of i to the bus of j over lines that carry current, km
    d_i0   shortest way from the bus of i to an interface of its network

Transformers have no length. Where no way leads the distance is infinite, and two microgrids cannot trade with each
other; each of them still trades with the operator, who has all networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distances:
    """Kilometres between microgrids (n, n), and from each to the network operator's nearest interface (n,)."""

    pair: Floats
    operator: Floats

    @property
    def table(self) -> Floats:
        """Between all who trade, shape (n + 1, n + 1), the operator last."""
        return np.block([[self.pair, self.operator[:, None]], [self.operator, np.zeros(1)]])


def distances(case: Case) -> Distances:
    """Between the microgrids of a case, in the order of their table."""
    buses, interfaces = case.positions("microgrids", "bus"), case.positions("interfaces", "bus")
    if not buses.size:
        return Distances(np.zeros((0, 0)), np.zeros(0))
    away = np.atleast_2d(dijkstra(_ways(case), directed=False, indices=buses))
    return Distances(away[:, buses], away[:, interfaces].min(axis=1, initial=np.inf))


def require_ways(case: Case, found: Distances) -> None:
    """Raise ``InputError`` naming every microgrid that no way joins with an interface."""
    names = case.ids("microgrids")
    apart = [f"microgrid {names[i]} and any interface" for i in np.flatnonzero(np.isinf(found.operator))]
    fix = "Close a switch between them, or give them a fee that does not grow with the distance."
    if apart:
        raise InputError([Issue(f"no line that carries current joins {pair}", fix, "microgrids.csv") for pair in apart])


def _ways(case: Case) -> sp.csr_array:
    """Lengths from bus to bus: of parallel branches the shortest, since a matrix would add them up."""
    carrying, tables = case.branches_in_service(), ("lines", "transformers")
    ends = np.stack(
        [np.concatenate([case.positions(table, f"{side}_bus") for table in tables]) for side in ("from", "to")]
    )
    lengths = np.concatenate([case.column("lines", "length_km"), np.zeros(case.count("transformers"))])
    shortest = np.flatnonzero(carrying)[np.argsort(lengths[carrying], kind="stable")]
    pairs, first = np.unique(ends[:, shortest], axis=1, return_index=True)
    count = case.count("buses")
    return sp.csr_array((lengths[shortest][first], (pairs[0], pairs[1])), shape=(count, count))
