"""Prices of heat and their parts.

The price of a node is the multiplier of its return balance, +d(cost)/d(heat drawn); that of its station the multiplier
of its supply balance. The parts follow from the same program. With all devices held but the station that pumps what is
left, which holds its supply temperature and gives whatever heat that takes, the conditions of optimality read

    J' z = -c,    J = derivative of all heat balances by (temperatures, heat of that station)

with c its price on its heat, and A' z over the limits on temperatures. Solving for each term of c alone gives

    energy        its price in the same step
    loss          its price x (heat it gives more, in all steps, per heat drawn - 1)
    delay         what that heat is worth more in the steps in which it is given
    temperature   limit multipliers x d(temperature)/d(heat drawn)

The sum is checked by the judges, never enforced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.markets.cleared import Cleared

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BALANCES = ("supply_balance", "return_balance", "supply_mixing", "return_mixing")
TEMPERATURES = ("supply_temperature", "return_temperature", "station_temperature", "consumer_temperature")


@dataclass(frozen=True, eq=False)
class HeatPrices:
    """Prices per MWh of every node and step: of heat drawn with its parts, and of heat given by its station."""

    drawn: Floats
    given: Floats
    parts: Mapping[str, Floats]


def heat_prices(cleared: Cleared) -> HeatPrices:
    """Read the prices off the multipliers and split them; the sum of the parts is not forced to fit."""
    assert cleared.heat is not None
    drawn, given = cleared.price("return_balance"), cleared.price("supply_balance")
    root = given[cleared.heat.network.reference]
    split = _split(cleared)
    parts = {
        "energy_per_mwh": root,
        "loss_per_mwh": root * (split["heat"] - 1.0),
        "delay_per_mwh": split["worth"] - root * split["heat"],
        "temperature_per_mwh": split["temperature"],
    }
    return HeatPrices(drawn, given, parts)


def _split(cleared: Cleared) -> dict[str, Floats]:
    """Heat that the reference gives more per heat drawn, what that is worth, and what temperature limits add."""
    form, network = cleared.form, cleared.heat.network  # type: ignore[union-attr]
    equations = _all(form.rows, BALANCES)
    held = form.columns["supply_temperature"][network.references].ravel()
    states = np.setdiff1d(_all(form.columns, TEMPERATURES), held)
    given = form.rows["supply_balance"][network.references].ravel()
    jacobian = _jacobian(form.A, equations, states, given)
    money = network.base_mva * cleared.case.hours
    nothing = np.zeros(states.size)
    terms = {
        "heat": np.concatenate([nothing, np.full(given.size, money)]),
        "worth": np.concatenate([nothing, cleared.solution.z[given]]),
        "temperature": np.concatenate([_pull(cleared)[states], np.zeros(given.size)]),
    }
    answers = splu(sp.csc_matrix(jacobian.T)).solve(-np.column_stack(list(terms.values())))
    place = np.searchsorted(equations, form.rows["return_balance"])
    return {name: answers[place, k] / money for k, name in enumerate(terms)}


def _all(numbers: Mapping[str, Ints], names: tuple[str, ...]) -> Ints:
    """Rows or columns of all the names that there are, sorted."""
    found = np.concatenate([numbers[name].ravel() for name in names if name in numbers])
    return np.sort(found[found >= 0])


def _jacobian(A: sp.csc_array, equations: Ints, states: Ints, given: Ints) -> sp.csr_array:
    """Balances by temperatures, then by the heat of the reference: they read demand less supply."""
    own = np.searchsorted(equations, given)
    heat = sp.csr_array((-np.ones(own.size), (own, np.arange(own.size))), shape=(equations.size, own.size))
    return sp.csr_array(sp.hstack([sp.csr_array(A)[equations][:, states], heat]))


def _pull(cleared: Cleared) -> Floats:
    """A' z over the rows of the limits on temperatures."""
    multipliers = np.zeros_like(cleared.solution.z)
    for name, rows in cleared.form.rows.items():
        if name.startswith("heat_nodes/"):
            multipliers[rows[rows >= 0]] = cleared.solution.z[rows[rows >= 0]]
    return np.asarray(cleared.form.A.T @ multipliers)
