"""Nodal prices and their parts.

The price of a bus is the multiplier of its balance: +d(cost)/d(demand), in currency per MWh.

Its parts follow from the same program. Let e(y, d) = 0 collect the balances, the flow law and the cone as
an equality, y being flows, currents, voltages and the power p0, q0 that the reference buses supply. With
all devices held, the optimality conditions of y read

    J' lambda = c,    J = de/dy,    c = lambda0 on p0 + mu0 on q0 + A_v' z_v + A_i' z_i

with the multipliers z_v and z_i of voltage and current limits. Because -J^-1 is dy/d(demand), solving for each
term of c alone splits the price of every bus into

    energy + interface + loss    lambda0 x d(p0)/d(demand),  where d(p0)/d(demand) = 1 + d(loss)/d(demand)
    reactive loss                mu0 x d(q0)/d(demand)
    voltage, congestion          limit multipliers x d(v)/d(demand), d(i^2)/d(demand)

The energy part is the root price within what the interface pays and asks; what exceeds it is the scarcity
of the interface's limits. The sum is the multiplier only if the point is the alternating-current one and the
multipliers are right, so it is checked, never enforced. Compare Papavasiliou, IEEE Trans. Smart Grid 9(5), 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared
from gridpact.physics.devices.interface import selling_price
from gridpact.physics.electric.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BALANCES = ("active_balance", "reactive_balance")
EQUATIONS = (*BALANCES, "flow_law")
STATES = ("flow_p", "flow_q", "current", "voltage", "angle")
# A capacitor bank is limited by the voltage: what that is worth is a value of the voltage too.
VOLTAGE = (
    "buses/vm_min_pu",
    "buses/vm_max_pu",
    "buses/vm_pu",
    "interfaces/vm_pu",
    "capacitors/q_mvar",
    "capacitors/steps",
)
CONGESTION = (
    "branches/i_max",
    "branches/i_max/from",
    "branches/i_max/to",
    "branches/i_max/cone",
    "branches/i_max/forward",
    "branches/i_max/backward",
)


@dataclass(frozen=True, eq=False)
class NodalPrices:
    """Prices per bus and step, shape (buses, steps): ``active`` and its ``parts`` per MWh, ``reactive`` per Mvarh."""

    active: Floats
    reactive: Floats
    parts: Mapping[str, Floats]


def nodal_prices(cleared: Cleared) -> NodalPrices:
    """Read the prices off the multipliers and split them; the sum of the parts is not forced to fit."""
    active = cleared.price("active_balance")
    reactive = cleared.price("reactive_balance") if cleared.formulation.REACTIVE else np.zeros_like(active)
    split = _split(cleared)
    roots = roots_of(cleared.network)
    root, energy = active[roots], _within_interface_prices(cleared.case, active)[roots]
    parts = {
        "energy_per_mwh": energy,
        "loss_per_mwh": split["active_balance"] - root,
        "reactive_loss_per_mwh": split["reactive_balance"],
        "voltage_per_mwh": split["voltage"],
        "congestion_per_mwh": split["congestion"],
        "interface_per_mwh": root - energy,
    }
    return NodalPrices(active, reactive, parts)


def roots_of(network: Network) -> Ints:
    """The reference bus of every bus."""
    roots = np.empty(network.references.size, dtype=np.int64)
    roots[network.component[network.references]] = network.references
    return roots[network.component]


def _within_interface_prices(case: Case, active: Floats) -> Floats:
    """Prices clipped to what the bus's interfaces pay and ask; unchanged at buses without one."""
    lowest, highest = np.full_like(active, np.inf), np.full_like(active, -np.inf)
    buses = case.positions("interfaces", "bus")
    np.minimum.at(lowest, buses, selling_price(case))
    np.maximum.at(highest, buses, case.series("interfaces", "price_per_mwh"))
    return np.where(lowest <= highest, np.clip(active, lowest, highest), active)


def delivery_factors(cleared: Cleared) -> Floats:
    """d(p0)/d(demand): what the root supplies for one more unit of demand at each bus, (buses, steps)."""
    money = cleared.network.base_mva * cleared.case.hours
    return _responses(cleared, {"delivery": _root_term(cleared, "active_balance", money)})["delivery"]


def _split(cleared: Cleared) -> dict[str, Floats]:
    """Solve J' lambda = c for every term of c; at the active balances stands the part of each bus."""
    form = cleared.form
    states, supplied = _states_and_supply(cleared)
    terms = {name: _root_term(cleared, name) for name in BALANCES if name in form.rows}
    for part, limits in (("voltage", VOLTAGE), ("congestion", CONGESTION)):
        terms[part] = np.concatenate([_pull(cleared, limits)[states], np.zeros(supplied.size)])
    return {"reactive_balance": np.zeros(form.rows["active_balance"].shape)} | _responses(cleared, terms)


def _states_and_supply(cleared: Cleared) -> tuple[Ints, Ints]:
    """Columns of the network's states, and the rows of the balances at the references, which supply what is asked."""
    form = cleared.form
    states = np.concatenate([form.columns[name].ravel() for name in STATES if name in form.columns])
    balances = [name for name in BALANCES if name in form.rows]
    return states, np.concatenate([form.rows[name][cleared.network.references].ravel() for name in balances])


def _responses(cleared: Cleared, terms: Mapping[str, Floats]) -> dict[str, Floats]:
    """J'^-1 of every term at the active balances, in currency per MWh, (buses, steps)."""
    form, network = cleared.form, cleared.network
    states, supplied = _states_and_supply(cleared)
    right = -np.column_stack(list(terms.values()))
    # This order fills in least: a third faster than the usual one on feeders of 33 to 10,000 buses. So do columns one
    # by one: a feeder has none that share their rows.
    factors = splu(sp.csc_matrix(_jacobian(cleared, states, supplied).T), permc_spec="MMD_ATA", relax=1, panel_size=1)
    answers = factors.solve(right)
    shape = form.rows["active_balance"].shape
    money = network.base_mva * cleared.case.hours
    return {name: answers[: np.prod(shape), k].reshape(shape, order="F") / money for k, name in enumerate(terms)}


def _root_term(cleared: Cleared, balance: str, worth: float | None = None) -> Floats:
    """The root's multiplier on the power supplied there, or another ``worth`` of each unit of it."""
    states, supplied = _states_and_supply(cleared)
    own = np.isin(supplied, cleared.form.rows[balance])
    values = cleared.solution.z[supplied] if worth is None else np.full(supplied.size, worth)
    return np.concatenate([np.zeros(states.size), np.where(own, values, 0.0)])


def _pull(cleared: Cleared, names: tuple[str, ...]) -> Floats:
    """A' z over the rows of the named limits."""
    multipliers = np.zeros_like(cleared.solution.z)
    for name in names:
        rows = cleared.form.rows.get(name, np.zeros(0, dtype=np.int64)).ravel()
        rows = rows[rows >= 0]
        multipliers[rows] = cleared.solution.z[rows]
    pull: Floats = cleared.form.A.T @ multipliers
    return pull


def _jacobian(cleared: Cleared, states: Ints, supplied: Ints) -> sp.csr_array:
    """de/dy: balances (active first), flow law, held reference, tight cone; y = states, then supplied power."""
    form = cleared.form
    equations = np.concatenate([form.rows[name].ravel(order="F") for name in EQUATIONS if name in form.rows])
    supply = sp.csr_array((-np.ones(supplied.size), (supplied, np.arange(supplied.size))), (form.b.size, supplied.size))
    laws = sp.hstack([sp.csr_array(form.A)[equations][:, states], sp.csr_array(supply)[equations]])
    more = sp.vstack([_held(cleared), *_tight_cone(cleared)]).tocsr()[:, states]
    return sp.csr_array(sp.vstack([laws, sp.hstack([more, sp.csr_array((more.shape[0], supplied.size))])]))


def _held(cleared: Cleared) -> sp.csr_array:
    """Voltage (or angle) of the reference buses stays."""
    columns = cleared.form.columns
    held = columns["voltage" if "voltage" in columns else "angle"][cleared.network.references].ravel()
    return sp.csr_array((np.ones(held.size), (np.arange(held.size), held)), (held.size, cleared.form.q.size))


def _tight_cone(cleared: Cleared) -> list[sp.csr_array]:
    """The cone as an equality, linearised at the solution; nothing for formulations without one."""
    if "cone" not in cleared.form.rows:
        return []
    blocks = []
    for name, slope in cleared.formulation.cone_gradient(cleared.network, cleared.values()).items():
        columns = cleared.form.columns[name]
        columns = columns[cleared.network.branches.from_bus] if name == "voltage" else columns
        entries = (slope.ravel(), (np.arange(slope.size), columns.ravel()))
        blocks.append(sp.csr_array(entries, (slope.size, cleared.form.q.size)))
    return [sum(blocks[1:], blocks[0])]
