"""Branch flow with a choice among types of some lines, without big-M.

The types of a line are parallel branches t of a corridor c, of which at most one carries current. Each has its own
P, Q and l, and its own share w of the squared voltage at the from end; y is 1 for the type that is there:

    flow law   sum of w over a corridor = v_from
               v_to = v_from - sum over t of (2 (r P + x Q) - (r^2 + x^2) l)
               P^2 + Q^2 <= w l
    limits     v_min y <= w <= v_max y,   l <= i_max^2 y

which is the convex hull of the types' cones (perspective formulation) up to the one voltage drop that they share.
All other branches follow ``distflow_soc``. y is on the right-hand side: the rows ``choice/...`` are written for y = 1.

A corridor that may be open has one alternative more, which carries nothing and leaves both ends their own voltages: it
has shares w0 at the from end and w0' at the to end, and z is 1 for a corridor that is closed, the sum of its y:

    flow law   sum of w + w0 = v_from
               v_to - w0' = v_from - w0 - sum over t of (2 (r P + x Q) - (r^2 + x^2) l)
    limits     v_min (1 - z) <= w0, w0' <= v_max (1 - z),   v_min z <= v_to - w0' <= v_max z

The rows ``open/...`` are written for z = 0, the rows ``closed/...`` for z = 1.

Source: Frangioni and Gentile, "Perspective cuts for a class of convex 0-1 mixed integer programs", Mathematical
Programming 106, 2006; for the types of lines in distribution planning Jabr, "Polyhedral formulations and loop
elimination constraints for distribution network expansion planning", IEEE Trans. Power Systems 28(2), 2013.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.physics.electric import distflow_soc
from gridpact.physics.electric.flow import Flow, column, end_voltages
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, Rows, cone, equal

Ints = NDArray[np.int64]
# Shares of the voltages at both ends of a corridor for the case that it is open.
APART = ("apart_from", "apart_to")


@dataclass(frozen=True, eq=False)
class LineChoice:
    """The formulation for one set of corridors: ``corridor`` is that of every branch, -1 where there is no choice.

    Corridors are numbered from 0; the types of a corridor have the same ends and direction, no shunts and no ratio.
    ``openable`` are those that may be open, in rising order.
    """

    corridor: Ints
    openable: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    RADIAL: bool = True
    REACTIVE: bool = True

    @property
    def types(self) -> Ints:
        """The branches that are types of a corridor, in their order."""
        return np.flatnonzero(self.corridor >= 0)

    def variables(self, network: Network, steps: int) -> Flow:
        apart = {name: Variable((self.openable.size, steps)) for name in APART if self.openable.size}
        return distflow_soc.variables(network, steps) | {"share": Variable((self.types.size, steps))} | apart

    def outflow(self, network: Network, flow: Flow) -> tuple[Affine, Affine]:
        return distflow_soc.outflow(network, flow)

    def flow_law(self, network: Network, flow: Flow) -> Named:
        P, Q, l, w = flow["flow_p"], flow["flow_q"], flow["current"], flow["share"]
        r, x = column(network.branches.r), column(network.branches.x)
        u, v_to = end_voltages(network, flow["voltage"])
        drop = 2.0 * (r * P + x * Q) - (r**2 + x**2) * l
        together, first, parts = self._merged()
        plain = (self.corridor < 0).astype(np.float64)
        own = column(plain) * u + self._spread() @ w
        law, shares = first @ (u - v_to) - together @ drop, parts @ w - first[self._choices()] @ u
        if self.openable.size:
            begin, end = (flow[name] for name in APART)
            open_corridors = self._open_corridors()
            law, shares = law - self._at_choices() @ open_corridors @ (begin - end), shares + open_corridors @ begin
        return {
            "flow_law": equal(law),
            "choice/voltage": equal(shares),
            "cone": cone(own + l, [own - l, 2.0 * P, 2.0 * Q]),
        }

    def limits(self, network: Network, flow: Flow) -> Named:
        branches = network.branches
        unlimited = replace(branches, i_max=np.where(self.corridor < 0, branches.i_max, np.inf))
        l, w, types = flow["current"][self.types], flow["share"], self.types
        least, most = _voltages(network, branches.from_bus[types])
        return distflow_soc.limits(replace(network, branches=unlimited), flow) | {
            "choice/max_i": _most(l, branches.i_max[types] ** 2),
            "choice/max_v": _most(w, most),
            "choice/min_v": _most(-w, -least),
            **self._open_limits(network, flow),
        }

    def _open_limits(self, network: Network, flow: Flow) -> Named:
        """Voltages at both ends of corridors that may be open, apart for the case that they are and that they are not.

        What is left of the voltage at the to end belongs to the types; at the from end that is the sum of their w.
        """
        if not self.openable.size:
            return {}
        begin, end = (flow[name] for name in APART)
        first = np.unique(self.corridor[self.types], return_index=True)[1]
        standing = self.types[first][self.openable]
        starts, ends = network.branches.from_bus[standing], network.branches.to_bus[standing]
        (least, most), (least_to, most_to) = _voltages(network, starts), _voltages(network, ends)
        rest = flow["voltage"][ends] - end
        return {
            "open/max_from": _most(begin, most),
            "open/min_from": _most(-begin, -least),
            "open/max_to": _most(end, most_to),
            "open/min_to": _most(-end, -least_to),
            "closed/max_to": _most(rest, most_to),
            "closed/min_to": _most(-rest, -least_to),
        }

    def _open_corridors(self) -> sp.csr_array:
        """Matrix (corridors x those that may be open)."""
        count, own = self._choices().size, self.openable.size
        return sp.csr_array((np.ones(own), (self.openable, np.arange(own))), shape=(count, own))

    def _at_choices(self) -> sp.csr_array:
        """Matrix (merged branches x corridors)."""
        choices = self._choices()
        shape = (np.unique(self._group()).size, choices.size)
        return sp.csr_array((np.ones(choices.size), (choices, np.arange(choices.size))), shape=shape)

    def _spread(self) -> sp.csr_array:
        """Matrix (branches x types) that puts shares at their branches."""
        types = self.types
        shape = (self.corridor.size, types.size)
        return sp.csr_array((np.ones(types.size), (types, np.arange(types.size))), shape=shape)

    def _choices(self) -> Ints:
        """The merged branches that are corridors."""
        return np.flatnonzero(np.unique(self._group()) >= self.corridor.size)

    def _group(self) -> Ints:
        """The merged branch of every branch: its own number, or one for its corridor beyond all branches."""
        own = np.arange(self.corridor.size)
        return np.where(self.corridor < 0, own, self.corridor.size + self.corridor)

    def _merged(self) -> tuple[sp.csr_array, sp.csr_array, sp.csr_array]:
        """Matrices: from branches to merged ones, their sum and one of each; from shares to corridors, their sum."""
        _, first, merged = np.unique(self._group(), return_index=True, return_inverse=True)
        ones, every = np.ones(merged.size), np.arange(merged.size)
        together = sp.csr_array((ones, (merged, every)), shape=(first.size, merged.size))
        one = sp.csr_array((np.ones(first.size), (np.arange(first.size), first)), shape=together.shape)
        return together, one, sp.csr_array(together[self._choices()] @ self._spread())


def _voltages(network: Network, buses: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and most squared voltages of buses; both are the held one where an interface holds it."""
    held = network.held[buses]
    free = np.isnan(held)
    return np.where(free, network.v_min[buses], held), np.where(free, network.v_max[buses], held)


def _most(expression: Affine, bound: NDArray[np.float64]) -> Rows:
    """expression <= bound in every step, also where the bound of some other choice would be an equality."""
    return Rows("nonnegative", (expression - column(bound),), np.ones(expression.shape, dtype=np.bool_))
