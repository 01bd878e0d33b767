"""The network as a graph in which a plan chooses a forest: buses that transformers join are one node, lines are edges.

Every bus is to be fed by exactly one interface, along one way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Ints
from gridpact.case.network import components
from gridpact.errors import InputError, Issue
from gridpact.planning.investment.switching import Switching, told

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grid:
    """Nodes and edges (e,): those that are always closed, then those that may be opened, in the order of ``Switching``.

    ``of_bus`` is the node of every bus; ``source`` (nodes,) whether an interface is there; ``ends`` (e, 2) are nodes;
    ``line`` the position of the edge's line, candidates for ties after all lines; ``fixed`` edges are always closed.
    """

    of_bus: Ints
    source: Bools
    ends: Ints
    line: Ints
    fixed: int

    @property
    def nodes(self) -> int:
        return self.source.size

    @property
    def parts(self) -> Ints:
        """The part of every node within which edges are always closed, (nodes,)."""
        return components(self.nodes, *self.ends[: self.fixed].T)


def grid_of(case: Case, switching: Switching) -> Grid:
    """The graph of a case. Raises ``InputError`` where no choice of closed lines is a forest that feeds every bus."""
    there = case.flags("transformers", "in_service")
    joined = [case.positions("transformers", end)[there] for end in ("from_bus", "to_bus")]
    of_bus = np.unique(components(case.count("buses"), *joined), return_inverse=True)[1].astype(np.int64)
    source = np.zeros(of_bus.max(initial=-1) + 1, dtype=np.bool_)
    source[of_bus[case.positions("interfaces", "bus")]] = True
    sides = ("from_bus", "to_bus")
    every = np.stack(
        [np.append(case.positions("lines", end), case.positions("tie_candidates", end)) for end in sides], axis=1
    )
    fixed = np.setdiff1d(np.flatnonzero(case.lines_in_service()), switching.line)
    line = np.append(fixed, switching.line)
    grid = Grid(of_bus, source, of_bus[every[line]], line, fixed.size)
    issues = list(_issues(case, grid, int(there.sum())))
    if issues:
        raise InputError(issues)
    return grid


def _issues(case: Case, grid: Grid, transformers: int) -> Iterator[Issue]:
    fix = "Give switches to the lines that may be opened, or plan without reconfigure."
    if transformers != grid.of_bus.size - grid.nodes:
        yield Issue("transformers form a loop, which no line opens", "Take one out of service.", "transformers")
    parts = grid.parts
    if grid.fixed != grid.nodes - np.unique(parts).size:
        yield Issue("lines without a switch form a loop", fix, "lines")
    feeding = np.unique(grid.of_bus[case.positions("interfaces", "bus")])
    if np.unique(parts[feeding]).size < np.unique(case.positions("interfaces", "bus")).size:
        yield Issue("interfaces hang together through branches without a switch", fix, "interfaces")
    whole = components(grid.nodes, *grid.ends.T)
    cut = ~np.isin(whole, whole[grid.source])[grid.of_bus]
    if cut.any():
        names = told(np.array(case.ids("buses"))[cut])
        yield Issue(f"with reconfigure every bus needs a way to an interface; none leads to {names}", fix, "buses")
