"""What each microgrid of a clearing of all of them side by side costs.

Nothing couples them, so that every column of the program hangs together with the balances of one microgrid: that of
its bus, or those of its heat, which need have nothing to do with its power.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.case.owners import owner_of
from gridpact.markets.cleared import Cleared
from gridpact.programs.parts import steps_of_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PAID = ("buy", "sell")


def own_and_paid(cleared: Cleared, constants: Floats, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Cost of the devices of every microgrid and what it pays at its interface, in currency, (microgrids,) each.

    ``constants`` (microgrids,) are the costs that no decision changes; ``weight`` as in ``column_costs``.
    """
    form, cost = cleared.form, column_costs(cleared, weight)
    at_interface = np.zeros(cost.size, dtype=np.bool_)
    for name in PAID:
        at_interface[form.columns[name].ravel()] = True
    owner, count = _owners(cleared), constants.size
    if cost[owner < 0].any():
        raise AssertionError("A column that costs something belongs to no microgrid.")
    owner = np.maximum(owner, 0)  # what costs nothing may be anybody's
    own, paid = (np.bincount(owner[part], cost[part], count) for part in (~at_interface, at_interface))
    return own + constants, np.asarray(paid, dtype=np.float64)


def column_costs(cleared: Cleared, weight: Floats | None = None) -> Floats:
    """What every column of a clearing costs, (n,), each step as often as ``weight`` (steps,) says; once if None."""
    form, x = cleared.form, cleared.solution.x
    cost = form.q * x + 0.5 * x * (form.P @ x)
    return np.asarray(cost if weight is None else weight[steps_of_columns(form)] * cost)


def _owners(cleared: Cleared) -> Ints:
    """The microgrid of every column: that of the balance which it hangs together with; -1 for none."""
    form, case = cleared.form, cleared.case
    rows, width = form.A.shape
    A = sp.csr_array(form.A)
    graph = sp.block_array([[None, A], [sp.csr_array(A.T), None]])
    _, label = connected_components(graph, directed=False)
    owner = np.full(int(label.max()) + 1, -1, dtype=np.int64)
    at = case.positions("interfaces", "bus")
    of_balance = {"active_balance": (at, np.arange(at.size)), "supply_balance": _heated(case, at)}
    for name, (places, owners) in of_balance.items():
        if places.size:
            owner[label[form.rows[name][places]]] = owners[:, None]
    return owner[label[rows : rows + width]]


def _heated(case: Case, at: Ints) -> tuple[Ints, Ints]:
    """The nodes of heat networks, and the number among the interfaces, which are ``at`` buses, of whose each is."""
    owner = owner_of(case, "heat_nodes")
    nodes = np.flatnonzero(owner >= 0)
    bus = case.positions("microgrids", "bus")[owner[nodes]]
    return nodes, np.argmax(at == bus[:, None], axis=1).astype(np.int64) if nodes.size else nodes
