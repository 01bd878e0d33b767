"""The operator as an agent, which repairs its own cones where the relaxation invents losses.

Its subproblem

    min f(e) + p'e + r/2 |e - target|^2   subject to the flow of its network

is a relaxation first, which is exact as a rule. Where an agreement was reached with losses that no flow explains, the
operator answers by an alternating-current flow from then on: the best that the repair of ``markets.exactness`` finds.
The messages are the same all along. Without convexity nothing is proven of the agreement; it is judged like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.agent import ProgramAgent
from gridpact.coordination.closed_form import ClosedFormAgent
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.market_program import formulation_named
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.programs import OperatorProgram
from gridpact.programs.solve import solve

Floats = NDArray[np.float64]


@dataclass(eq=False)
class OperatorAgent:
    """The operator behind ``rough``, the agent of its relaxed program; ``exact`` once answers are to be real flows."""

    market: TradeMarket
    program: OperatorProgram
    rough: ProgramAgent | ClosedFormAgent
    exact: bool = False

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """Quantities; raises what solvers and ``made_exact`` raise."""
        if not self.exact:
            return self.rough.respond(price, target, weight)
        return self.repaired(price, target, weight).solution.x[self.program.columns]

    def repaired(self, price: Floats, target: Floats, weight: Floats) -> Cleared:
        """The answer as a clearing with tight cones; its ``relaxed`` is None where it was one without repair."""
        columns = self.program.columns
        form = self.program.form.with_squares(columns, weight).with_price(columns, price - weight * target)
        relaxed = Cleared(self.market.operator, self.market.network, formulation_named("soc"), form, solve(form))
        return made_exact(relaxed)
