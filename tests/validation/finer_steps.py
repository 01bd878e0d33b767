"""A case with finer steps, and what a heat network does within the steps for which its market was cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

import gridpact as gp
from gridpact.markets.cleared import Cleared
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import clearing_program
from gridpact.markets.pool import formulation_named, market_network
from gridpact.physics.heat.network import DEGREES
from gridpact.programs.standard_form import compile_program

Floats = NDArray[np.float64]
FIELDS = ("name", "currency", "timezone", "start", "tables", "frequency_hz")
BALANCES = ("supply_balance", "return_balance", "supply_mixing", "return_mixing")
TEMPERATURES = ("supply_temperature", "return_temperature", "station_temperature", "consumer_temperature")


def finer(case: gp.Case, parts: int) -> gp.Case:
    """The same case in steps of a part of the length; series keep their values."""
    minutes = case.step_minutes / parts
    index = pd.date_range(case.snapshots[0], periods=case.steps * parts, freq=f"{minutes:g}min")
    profiles = case.profiles.loc[case.profiles.index.repeat(parts)].set_axis(index)
    same = {name: getattr(case, name) for name in FIELDS}
    return gp.Case(**same, steps=len(index), step_minutes=minutes, profiles=profiles)


def _all(numbers: Mapping[str, NDArray[np.int64]], names: tuple[str, ...]) -> NDArray[np.int64]:
    """Rows or columns of all the names that there are."""
    found = np.concatenate([numbers[name].ravel() for name in names if name in numbers])
    return found[found >= 0]


@dataclass(frozen=True, eq=False)
class Followed:
    """degC of supply and return water, (nodes, steps, parts), and what the reference station gives more, MW."""

    supply: Floats
    back: Floats
    more: Floats


def followed(cleared: Cleared, parts: int) -> Followed:
    """A cleared dispatch held and followed in finer steps.

    All devices give and take what they do in the clearing, but the reference station, which holds its supply
    temperature: the balances of the finer program are linear in all temperatures and in its heat.
    """
    case, chosen = finer(cleared.case, parts), formulation_named("soc")
    network = market_network(case, chosen)
    heat = heating(case, network.base_mva, "quasi_dynamic")
    assert heat is not None
    form = compile_program(clearing_program(case, network, chosen, heat))
    x = np.zeros(form.q.size)
    for name, columns in form.columns.items():
        x[columns] = np.repeat(cleared.solution.x[cleared.form.columns[name]], parts, axis=-1)
    held = form.columns["supply_temperature"][heat.network.references].ravel()
    unknown = np.setdiff1d(_all(form.columns, TEMPERATURES), held)
    equations = _all(form.rows, BALANCES)
    given = np.flatnonzero(np.isin(equations, form.rows["supply_balance"][heat.network.references]))
    balances, x[unknown] = sp.csr_array(form.A)[equations], 0.0
    source = sp.csr_array((-np.ones(given.size), (given, np.arange(given.size))), (equations.size, given.size))
    system = sp.csc_matrix(sp.hstack([balances[:, unknown], source]))
    found = splu(system).solve(form.b[equations] - balances @ x)
    x[unknown] = found[: unknown.size]
    shape = (case.count("heat_nodes"), -1, parts)
    supply, back = (DEGREES * x[form.columns[name]].reshape(shape) for name in TEMPERATURES[:2])
    order = np.argsort(equations[given])
    return Followed(supply, back, network.base_mva * found[unknown.size :][order])
