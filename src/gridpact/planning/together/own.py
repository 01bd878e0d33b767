r"""The lower level: what an owner would build by itself, others and their trades held as they are.

    at prices       min over n_k of  a_k'n_k + sum over d of w_d v_kd(n_k; p_d)
    at quantities   min over n_k of  a_k'n_k + sum over d of w_d c_kd(n_k; e_d)

Both are mixed-integer cone programs of the owner alone, solved by the decomposition of ``programs.benders`` on its own
days. At held quantities what it cannot give or take any more is missing, or given away, at the emergency price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Floats, Ints
from gridpact.planning.investment.day_program import DayProgram
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.together.days import OwnDay
from gridpact.programs.batch import InProcess, Pool
from gridpact.programs.benders import Cuts, Master, Oracle, Priced, beginning, decompose
from gridpact.programs.standard_form import StandardForm, in_order

# An own problem is small: it ends by its gap.
TIME_S = 600.0
CORE = 0.5


@dataclass(frozen=True, eq=False)
class OwnPlan:
    """Units of an owner's own candidates, what a year then costs it, and a bound of what it could."""

    units: Floats
    cost: float
    lower: float


@dataclass(frozen=True, eq=False)
class Owner:
    """An owner: its programs by day, the ``master`` of its own candidates, and its part of all that is exchanged.

    ``places`` are the entries of ``Day.coupled`` that are its own; ``sign`` is 1 for who is paid for what it gives to
    the network, -1 for the operator. ``emergency_price`` is per unit.
    """

    name: str
    days: tuple[OwnDay, ...]
    master: Master
    places: tuple[Ints, ...]
    sign: float
    emergency_price: float

    def at_prices(self, prices: Sequence[Floats], pool: Pool, gap: float) -> OwnPlan:
        """Its best plan where what is exchanged has these prices, by day (n,)."""
        return self._best(Days(Pricer(self._priced(prices), gap), pool), gap)

    def priced(self, prices: Sequence[Floats], units: Floats, gap: float) -> Priced:
        """What its days cost it at prices with ``units`` built, and what capacity is worth to it there, as cuts."""
        return Days(Pricer(self._priced(prices), gap), InProcess())(units)

    def against(self, prices: Sequence[Sequence[Floats]], rest: Floats, pool: Pool, gap: float) -> OwnPlan:
        """Its best plan where all others together cost ``rest`` (trades, days) at the prices of some trades.

            min over n_k of  a_k'n_k + sum over d of w_d max over t of (rest_td + v_kd(n_k; p_td))

        bounds what all together can save by what it alone builds: prices of more trades make it sharper.
        """
        each = [Days(Pricer(self._priced(one), gap), pool) for one in prices]

        def oracle(units: Floats) -> Priced:
            found = [days(units) for days in each]
            cuts = [
                Cuts(one.cuts.of, one.cuts.constant + others, one.cuts.slope)
                for one, others in zip(found, rest, strict=True)
            ]
            costs = np.max([one.costs + others for one, others in zip(found, rest, strict=True)], axis=0)
            return Priced(costs, np.max([one.excess for one in found], axis=0), reduce(Cuts.joined, cuts))

        return self._best(oracle, gap)

    def _priced(self, prices: Sequence[Floats]) -> tuple[DayProgram, ...]:
        """The days with what is exchanged at prices; ``prices`` are of all that is exchanged, or of its own part."""
        return tuple(
            replace(day.program, form=day.program.form.with_price(day.columns, -self.sign * _of(price, own)))
            for day, own, price in zip(self.days, self.places, prices, strict=True)
        )

    def at_quantities(self, exchanged: Sequence[Floats], pool: Pool, gap: float) -> OwnPlan:
        """Its best plan where it exchanges this, by day (n,); costs are without what is paid for that."""
        return self._best(self._held(exchanged, pool, gap), gap)

    def could_save(self, units: Floats, exchanged: Sequence[Floats], pool: Pool, gap: float) -> float:
        """The most that it could save in a year where it exchanges this and builds something else than ``units``."""
        days = self._held(exchanged, pool, gap)
        now = self.master.cost(units) + float(self.master.weights @ days(units).costs)
        return max(0.0, now - self._best(days, gap).lower)

    def _held(self, exchanged: Sequence[Floats], pool: Pool, gap: float) -> Days:
        """The days with what is exchanged held."""
        held = [
            _held(day, quantity[own], self.emergency_price)
            for day, own, quantity in zip(self.days, self.places, exchanged, strict=True)
        ]
        return Days(Pricer(tuple(held), gap), pool)

    def _best(self, oracle: Oracle, gap: float) -> OwnPlan:
        if not self.master.integers:
            cost = self.master.constant + float(self.master.weights @ oracle(np.zeros(0)).costs)
            return OwnPlan(np.zeros(0), cost, cost)
        core = CORE * self.master.program.bounds[1][: self.master.integers]
        start = beginning(self.master, _no_cuts(core.size), -np.inf)
        *_, state = decompose(self.master, oracle, start, core, gap, TIME_S)
        return OwnPlan(np.rint(state.designs[state.best][: core.size]), state.upper, state.lower)


def _of(price: Floats, own: Ints) -> Floats:
    """An owner's part of a price of all that is exchanged, or the part itself."""
    return price if price.size == own.size else price[own]


def _no_cuts(count: int) -> Cuts:
    return Cuts(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, count)))


def _held(day: OwnDay, quantity: Floats, price: float) -> DayProgram:
    """The program with what is exchanged held; what differs from it costs ``price`` in either direction.

    x[columns] + more - less = quantity,   more, less >= 0
    """
    program, form, count = day.program, day.program.form, quantity.size
    width = form.q.size
    pick = sp.csc_array((np.ones(count), (np.arange(count), day.columns)), shape=(count, width))
    eye = sp.csc_array(sp.eye_array(count))
    blocks: list[list[Any]] = [[pick, eye, -eye], [form.A, None, None], [None, -eye, None], [None, None, -eye]]
    wide, order = in_order(
        StandardForm(
            P=sp.csc_array(sp.block_diag([form.P, sp.csc_array((2 * count, 2 * count))])),
            q=np.append(form.q, np.full(2 * count, price)),
            A=sp.csc_array(sp.block_array(blocks)),
            b=np.concatenate([quantity, form.b, np.zeros(2 * count)]),
            constant=form.constant,
            cones=(("zero", count), *form.cones, ("nonnegative", 2 * count)),
            rows={},
            columns={},
            integers=form.integers,
        )
    )
    none = [sp.csc_array((size, program.units.shape[1])) for size in (count, 2 * count)]
    units = sp.csr_array(sp.vstack([none[0], program.units, none[1]]))[order]
    apart = width + np.arange(2 * count)
    return replace(program, form=wide, units=sp.csc_array(units), emergency=np.append(program.emergency, apart))
