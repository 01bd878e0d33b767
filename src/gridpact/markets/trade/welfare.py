"""What an agreement costs each party, and what each could still gain at its prices.

    L(p) = min over x of f(x) - p'x  +  sum over i of min over y of g_i(y) + p'y

bounds the cost of every dispatch from below. With the exchanges e the same on both sides, the cost less the bound is
the sum of the regrets: of each party, its cost at e less payments, less the least it could have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.trade.costs import own_and_paid
from gridpact.markets.trade.programs import OperatorProgram, PartyProgram
from gridpact.markets.trade.sides import Settled
from gridpact.programs.elimination import lean
from gridpact.programs.quadratic import Quadratic, is_quadratic
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Welfare:
    """Costs of the microgrids (microgrids,) and of the operator, of which ``fee_cost`` is the true cost of trading.

    ``regrets`` are the operator's, then the microgrids'; all in currency.
    """

    costs: Floats
    operator: float
    fee_cost: float
    regrets: Floats

    @property
    def total(self) -> float:
        return float(self.costs.sum()) + self.operator

    @property
    def bound(self) -> float:
        return self.total - float(self.regrets.sum())


def least_costs(operator: OperatorProgram, microgrids: list[PartyProgram], slope: Floats) -> Floats:
    """The least that the operator, then each microgrid could have at the prices ``slope`` (n,), f', in currency."""
    below = zip(microgrids, operator.pieces(slope), strict=True)
    least = [least_cost(operator.form, operator.columns, -slope)]
    return np.array(least + [least_cost(one.form, one.columns, price) for one, price in below])


def welfare(
    operator: OperatorProgram, microgrids: list[PartyProgram], both: Settled, least: Floats, fee_cost: float
) -> Welfare:
    """Costs and regrets at settled exchanges; ``least`` as ``least_costs``, ``fee_cost`` the true cost of trading."""
    constants = np.array([one.form.constant for one in microgrids])
    costs, _ = own_and_paid(both.microgrids, constants)
    network = both.network.solution.cost + fee_cost
    below = zip(costs, operator.pieces(both.slope), operator.pieces(both.vector), strict=True)
    own = [network - float(both.slope @ both.vector), *(cost + float(p @ e) for cost, p, e in below)]
    return Welfare(costs, network, fee_cost, np.maximum(np.array(own) - least, 0.0))


def least_cost(form: StandardForm, columns: NDArray[np.int64], price: Floats) -> float:
    """The least of cost + price'x over a program, x its ``columns``; in currency."""
    priced = form.with_price(columns, price)
    short = lean(priced)
    point = Quadratic(short.form).point(short.form.q) if is_quadratic(short.form) else None
    return solve(priced).cost if point is None else short.form.cost(point[0])
