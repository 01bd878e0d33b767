"""What each microgrid of a clearing of all of them side by side costs.

Nothing couples them, so that every column of the program hangs together with the balance of one microgrid's bus.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

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
    own, paid = (np.bincount(owner[part], cost[part], count) for part in (~at_interface, at_interface))
    return own + constants, np.asarray(paid, dtype=np.float64)


def column_costs(cleared: Cleared, weight: Floats | None = None) -> Floats:
    """What every column of a clearing costs, (n,), each step as often as ``weight`` (steps,) says; once if None."""
    form, x = cleared.form, cleared.solution.x
    cost = form.q * x + 0.5 * x * (form.P @ x)
    return np.asarray(cost if weight is None else weight[steps_of_columns(form)] * cost)


def _owners(cleared: Cleared) -> Ints:
    """The microgrid of every column: that of the balance which it hangs together with."""
    form, buses = cleared.form, cleared.case.positions("interfaces", "bus")
    rows, width = form.A.shape
    A = sp.csr_array(form.A)
    graph = sp.block_array([[None, A], [sp.csr_array(A.T), None]])
    _, label = connected_components(graph, directed=False)
    owner = np.zeros(int(label.max()) + 1, dtype=np.int64)
    for number, bus in enumerate(buses.tolist()):
        owner[label[form.rows["active_balance"][bus]]] = number
    return owner[label[rows : rows + width]]
