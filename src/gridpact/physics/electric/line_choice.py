"""Branch flow with a choice among types of some lines, without big-M.

The types of a line are parallel branches t of a corridor c, of which at most one carries current. Each has its own
P, Q and l, and its own share w of the squared voltage at the from end; y is 1 for the type that is there:

    flow law   sum of w over a corridor = v_from
               v_to = v_from - sum over t of (2 (r P + x Q) - (r^2 + x^2) l)
               P^2 + Q^2 <= w l
    limits     v_min y <= w <= v_max y,   l <= i_max^2 y

which is the convex hull of the types' cones (perspective formulation) up to the one voltage drop that they share.
All other branches follow ``distflow_soc``. y is on the right-hand side: the rows ``choice/...`` are written for y = 1.

Source: Frangioni and Gentile, "Perspective cuts for a class of convex 0-1 mixed integer programs", Mathematical
Programming 106, 2006; for the types of lines in distribution planning Jabr, "Polyhedral formulations and loop
elimination constraints for distribution network expansion planning", IEEE Trans. Power Systems 28(2), 2013.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.physics.electric import distflow_soc
from gridpact.physics.electric.flow import Flow, column, end_voltages
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, Rows, cone, equal

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LineChoice:
    """The formulation for one set of corridors: ``corridor`` is that of every branch, -1 where there is no choice.

    Corridors are numbered from 0; the types of a corridor have the same ends and direction, no shunts and no ratio.
    """

    corridor: Ints
    RADIAL: bool = True
    REACTIVE: bool = True

    @property
    def types(self) -> Ints:
        """The branches that are types of a corridor, in their order."""
        return np.flatnonzero(self.corridor >= 0)

    def variables(self, network: Network, steps: int) -> Flow:
        return distflow_soc.variables(network, steps) | {"share": Variable((self.types.size, steps))}

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
        return {
            "flow_law": equal(first @ (u - v_to) - together @ drop),
            "choice/voltage": equal(parts @ w - first[self._choices()] @ u),
            "cone": cone(own + l, [own - l, 2.0 * P, 2.0 * Q]),
        }

    def limits(self, network: Network, flow: Flow) -> Named:
        branches = network.branches
        unlimited = replace(branches, i_max=np.where(self.corridor < 0, branches.i_max, np.inf))
        l, w, types = flow["current"][self.types], flow["share"], self.types
        held = network.held[branches.from_bus[types]]
        free = np.isnan(held)
        least = np.where(free, network.v_min[branches.from_bus[types]], held)
        most = np.where(free, network.v_max[branches.from_bus[types]], held)
        return distflow_soc.limits(replace(network, branches=unlimited), flow) | {
            "choice/max_i": _most(l, branches.i_max[types] ** 2),
            "choice/max_v": _most(w, most),
            "choice/min_v": _most(-w, -least),
        }

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


def _most(expression: Affine, bound: NDArray[np.float64]) -> Rows:
    """expression <= bound in every step, also where the bound of some other choice would be an equality."""
    return Rows("nonnegative", (expression - column(bound),), np.ones(expression.shape, dtype=np.bool_))
