"""A cleared market: the program, its solution, and the network they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.heat.side import Heating
from gridpact.physics.electric.network import Network
from gridpact.programs.exactness.service import Exact
from gridpact.programs.solve import Solution
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Market:
    """A market before it is solved: the program, and the networks it speaks of; ``heat`` where there is one of heat."""

    case: Case
    network: Network
    formulation: ModuleType
    form: StandardForm
    heat: Heating | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class Cleared(Market):
    """A market with its solution: everything that prices, tables and probes are read from.

    ``held`` has the integers, which ``form`` holds fixed, and ``bound`` a proven lower bound of the cost over them;
    both are None where the market has no integers. ``relaxed`` is the market before its cones were made tight, where
    they were not: ``form`` is then linearised at the solution; ``exact`` says how that was done.
    """

    solution: Solution
    held: Mapping[str, Floats] | None = None
    bound: float | None = None
    relaxed: Cleared | None = None
    exact: Exact | None = None

    def values(self) -> dict[str, Floats]:
        """All named variables in per unit."""
        return {name: self.solution.x[columns] for name, columns in self.form.columns.items()}

    def megawatts(self, name: str, table: str) -> Floats:
        """A variable in MW, Mvar or MWh; zeros where the program does not have it. Shape (rows of table, steps)."""
        if name not in self.form.columns:
            return np.zeros((self.case.count(table), self.case.steps))
        values: Floats = self.solution.x[self.form.columns[name]] * self.network.base_mva
        return values

    def multipliers(self, name: str) -> Floats:
        """Multipliers of a named constraint with its shape; zero where it has no row."""
        rows = self.form.rows[name]
        return np.where(rows >= 0, self.solution.z[rows], 0.0)

    def price(self, balance: str) -> Floats:
        """+d(cost)/d(demand) at every bus and step, in currency per MWh or Mvarh."""
        return self.multipliers(balance) / (self.network.base_mva * self.case.hours)
