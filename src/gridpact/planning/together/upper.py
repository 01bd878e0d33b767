"""The upper level: what trade comes to on the representative days where certain units are built.

It is the same by whatever way it is found: the cost of every day, the price at which all exchange what they do, and
what one more unit of every candidate is worth there, as cuts (see ``days``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gridpact.case.case import Floats
from gridpact.markets.trade.programs import BUY, SELL
from gridpact.physics.electric.distflow_soc import outflow
from gridpact.planning.investment.day_program import DayProgram
from gridpact.planning.investment.pricing import Days, PricedDay, together
from gridpact.planning.together.days import Day
from gridpact.programs.affine import constant
from gridpact.programs.benders import Priced

FLOWS = ("flow_p", "flow_q", "current", "voltage")


@dataclass(frozen=True, eq=False)
class Traded:
    """The trade of all days at some units: costs and cuts, and by day prices and quantities of what is exchanged.

    Both are vectors over ``Day.coupled``: ``prices`` in currency per unit, which a microgrid is paid, ``exchanged`` per
    unit, which it gives to the network.
    """

    priced: Priced
    prices: tuple[Floats, ...]
    exchanged: tuple[Floats, ...]


class Upper(Protocol):
    """Trade at ``units`` (candidates,), which need not be whole. Raises ``InfeasibleError`` and ``NotConverged``."""

    def __call__(self, units: Floats) -> Traded: ...


@dataclass(frozen=True, eq=False)
class OneHand:
    """The upper level by one hand that knows everything: ``joint`` prices the days of all owners together."""

    joint: Days
    days: Sequence[Day]

    def __call__(self, units: Floats) -> Traded:
        found = self.joint.each(units)
        trades = [_trade(*one) for one in zip(self.joint.pricer.programs, self.days, found, strict=True)]
        prices, exchanged = zip(*trades, strict=True)
        return Traded(together(found), prices, exchanged)


def _trade(program: DayProgram, day: Day, found: PricedDay) -> tuple[Floats, Floats]:
    """Prices and quantities of what is exchanged on a day that one hand has dispatched."""
    rows, market = program.form.rows, day.market
    active, reactive = (found.z[rows[name][market.buses]] for name in ("active_balance", "reactive_balance"))
    for name, sign in ((SELL, 1.0), (BUY, -1.0)):
        limit = rows.get(name, np.full(active.shape, -1))
        active = active + sign * np.where(limit >= 0, found.z[limit], 0.0)
    flows = {name: constant(found.x[program.form.columns[name]]) for name in FLOWS}
    p, q = (one.constant[market.buses] for one in outflow(program.network, flows))
    unit = market.base / program.base_mva
    return unit * day.coupled(active, reactive), day.coupled(p, q) / unit
