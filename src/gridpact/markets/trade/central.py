"""One hand that knows everything: the reference that agreements are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import formulation_named
from gridpact.markets.prices import roots_of
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.programs import BUY, SELL, central_program
from gridpact.physics.electric.distflow_soc import outflow
from gridpact.programs.affine import constant
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Central:
    """Cost, prices at the network's side of the microgrids' buses per MWh and Mvarh, and exchanges in MW and Mvar.

    These have the shape (microgrids, steps). ``seconds`` are those of building and solving the program.
    """

    cost: float
    prices: Floats
    reactive_prices: Floats
    exchanged: Floats
    reactive: Floats
    iterations: int
    seconds: float


def central(market: TradeMarket) -> Central:
    """The joint dispatch of least cost, its relaxation as it is. Raises what ``solve`` raises."""
    started = perf_counter()
    cleared = _relaxed(market)
    return _central(market, cleared, perf_counter() - started)


def central_exact(market: TradeMarket, thorough: bool = False) -> Central | None:
    """The joint dispatch with flows that the network can have, where its relaxation is not exact; None where it is.

    Raises what ``solve`` and ``made_exact`` raise.
    """
    started = perf_counter()
    cleared = made_exact(_relaxed(market), thorough)
    return None if cleared.relaxed is None else _central(market, cleared, perf_counter() - started)


def _relaxed(market: TradeMarket) -> Cleared:
    form, heat = compile_program(central_program(market)), heating(market.case, market.base, market.dynamics)
    return Cleared(market.case, market.network, formulation_named("soc"), form, solve(form), heat=heat)


def _central(market: TradeMarket, cleared: Cleared, seconds: float) -> Central:
    form, found = cleared.form, cleared.solution
    prices, _, exchanged = central_prices(market, form, found)
    reactive = found.z[form.rows["reactive_balance"][market.buses]] / market.money
    mvar = _exchanged(market, form, found)[1]
    return Central(found.cost, prices, reactive, exchanged, mvar, found.iterations, seconds)


def central_prices(market: TradeMarket, form: StandardForm, found: Solution) -> tuple[Floats, Floats, Floats]:
    """Prices at the network's side, those at the roots, and exchanges in MW, (microgrids, steps) each."""
    rows = form.rows["active_balance"]
    prices, roots = found.z[rows[market.buses]], found.z[rows[roots_of(market.network)[market.buses]]]
    for name, sign in ((SELL, 1.0), (BUY, -1.0)):
        if name in form.rows:
            limit = form.rows[name]
            prices = prices + sign * np.where(limit >= 0, found.z[limit], 0.0)
    return prices / market.money, roots / market.money, _exchanged(market, form, found)[0]


def _exchanged(market: TradeMarket, form: StandardForm, found: Solution) -> tuple[Floats, Floats]:
    """What leaves the buses of the microgrids into the network, MW and Mvar."""
    at = {name: constant(found.x[form.columns[name]]) for name in ("flow_p", "flow_q", "current", "voltage")}
    active, reactive = (one.constant[market.buses] * market.base for one in outflow(market.network, at))
    return active, reactive
