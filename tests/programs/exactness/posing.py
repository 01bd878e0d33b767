"""Small programs with cones that must be tight, for the tests of the remedies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.exactness.ladder import REMEDIES, Repaired, repair
from gridpact.programs.exactness.tight import Tight, tight_cones
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program
from tests.districts import bus, district, interface, line, load

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Posed:
    """The program of a case with its relaxed solution, and the branches' cones: rows, hours and resistances."""

    form: StandardForm
    relaxed: Solution
    rows: Ints
    groups: Ints
    weights: Floats
    base_mva: float

    @property
    def tight(self) -> Tight:
        return tight_cones(self.form, self.rows)

    def repaired(self, remedies: tuple[str, ...] = REMEDIES) -> Repaired:
        return repair(self.form, self.rows, self.relaxed, self.groups, self.weights, remedies)

    def shifted(self, row: int, step: float) -> Posed:
        """The same with one entry of b changed."""
        b = self.form.b.copy()
        b[row] += step
        form = self.form.with_b(b)
        return Posed(form, solve(form), self.rows, self.groups, self.weights, self.base_mva)


def posed(case: Case) -> Posed:
    formulation = formulation_named("soc")
    network = market_network(case, formulation)
    form = compile_program(clearing_program(case, network, formulation))
    rows = form.rows["cone"]
    groups = np.broadcast_to(np.arange(case.steps), rows.shape[1:])
    weights = np.broadcast_to(network.branches.r[:, None], rows.shape[1:])
    return Posed(form, solve(form), rows, groups, weights, network.base_mva)


# Bus 2 behind 0.5 + 1.0j ohm at 10 kV and 1 MVA.
R, X = 0.005, 0.010


def sunny_pair(cap: float = 1.03, price: float = 50.0, pv: float = 10.0, **more: object) -> Case:
    """PV at the far end of one line, a load of 1 MW beside it. With x > r a fictitious current lowers the voltage by
    more than its losses cost: the relaxation exports through the voltage cap."""
    plant = {"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": pv, **more}
    return district(
        buses=[bus("1"), bus("2", 0.9, cap)],
        lines=[line("a", "1", "2", 0.5, 1.0)],
        interfaces=[interface(price)],
        loads=[load("2", 1.0, 0.2)],
        renewables=[plant],
    )


def power_flow(p: Floats, q: float) -> tuple[Floats, Floats]:
    """Import at bus 1 and squared voltage of bus 2 for injections at bus 2, from the quadratic of the current.

    P = r l - p, Q = x l - q, l = P^2 + Q^2 at a voltage of 1:  |z|^2 l^2 - (1 + 2 r p + 2 x q) l + p^2 + q^2 = 0.
    """
    square, half = R**2 + X**2, 0.5 + R * p + X * q
    current = (half - np.sqrt(half**2 - square * (p**2 + q**2))) / square
    return R * current - p, 1.0 + 2.0 * (R * p + X * q) - square * current
