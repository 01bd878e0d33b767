"""Why a trade has no outcome: whose program has no dispatch, or that no exchange suits everybody, and what binds.

Asked only once something went wrong. In this order, since each is a reason for the next:

    a microgrid alone, with any exchange within its limits
    the network alone, with any exchange at all
    everybody together

What is named is raw data of the party concerned: whoever runs all parties in one process may see it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridpact.case.trade_cases import microgrids_within
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Market
from gridpact.markets.diagnosis import explain
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import formulation_named
from gridpact.markets.pool import burning_hint
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.programs import (
    BUY,
    SELL,
    SHUT,
    central_program,
    exchange_range,
    leaving,
    operator_program,
)
from gridpact.markets.trade.sides import unsolved
from gridpact.programs.program import box
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program

# A microgrid alone stands at an interface of its name: the limits of that are its own.
SAID = {
    "interfaces/max_import_mw": "microgrids/max_buy_mw",
    "interfaces/max_export_mw": "microgrids/max_sell_mw",
}
Failure = InfeasibleError | NotConverged


def diagnosed(market: TradeMarket, error: Failure) -> Failure:
    """The error to raise instead: whose fault it is and what binds; the same one where everybody has a dispatch."""
    if isinstance(error, InfeasibleError) and error.unbounded:
        return error
    windows = market.case.windows()
    parts = [market] if len(windows) == 1 else [trade_market(window, market.dynamics) for window in windows]
    reasons = (_of_microgrids(part) or _of_network(part) or _of_all(part) for part in parts)
    found = next((reason for reason in reasons if reason is not None), None)
    return found or _with_hint(market, error)


def _with_hint(market: TradeMarket, error: Failure) -> Failure:
    """The error, with what may be the matter where transmission prices are zero or below."""
    steps = int((market.transmission_price <= 0.0).any(axis=0).sum())
    if not steps or isinstance(error, InfeasibleError):
        return error
    return NotConverged(
        f"{error}\nThe price of the transmission network is not above zero in {steps} step(s). There it may pay to "
        "burn energy, by losses that no flow explains or in storages that charge and discharge at once, and parties "
        "are not convex: more rounds may not help. Try method central, prices above zero, or the question clear for "
        f"the joint dispatch.{burning_hint(market.case)}"
    )


def _of_microgrids(market: TradeMarket) -> InfeasibleError | None:
    """All microgrids that have no dispatch of their own, with what binds in each."""
    alone = {name: _explained(_alone(market, row), SAID) for row, name in enumerate(market.names)}
    found = [
        _told(f"Microgrid {name!r} has no dispatch of its own, whatever the others do.", error)
        for name, error in alone.items()
        if error is not None
    ]
    if not found:
        return None
    return InfeasibleError("\n".join(map(str, found)), [row for error in found for row in error.diagnosis])


def _of_network(market: TradeMarket) -> InfeasibleError | None:
    """The network's own program with any exchange, which it would otherwise be told."""
    error = _explained(_network(market))
    what = f"The network of {market.operator_name!r} has no dispatch, whatever the microgrids exchange."
    return None if error is None else _told(what, error)


def _of_all(market: TradeMarket) -> InfeasibleError | None:
    """Everybody together, each of whom has a dispatch alone."""
    error = _explained(_together(market))
    what = "Each microgrid, and the network, has a dispatch alone, but no exchange suits all of them."
    return None if error is None else _told(what, error)


def _explained(market: Market, said: dict[str, str] | None = None) -> InfeasibleError | None:
    """What binds where a market has no dispatch; None where it has one, or where nothing would have to give way."""
    try:
        solve(market.form)
    except InfeasibleError as error:
        return None if error.unbounded else explain(market, said)
    except NotConverged:  # far from feasible, a solver may stop without a proof
        explained = explain(market, said)
        return explained if explained.diagnosis else None
    return None


def _told(what: str, error: InfeasibleError) -> InfeasibleError:
    return InfeasibleError(f"{what} {error}", error.diagnosis)


def _alone(market: TradeMarket, row: int) -> Market:
    """A microgrid at an interface within its limits; what it pays there is no matter."""
    case = market.case.with_table("microgrids", market.case.tables["microgrids"].iloc[[row]].reset_index(drop=True))
    return unsolved(market, microgrids_within(case, np.zeros((1, case.steps))))


def _network(market: TradeMarket) -> Market:
    form = operator_program(market, [None] * len(market.parts)).form
    heat = heating(market.operator, market.base, market.dynamics)
    return Market(market.operator, market.network, formulation_named("soc"), form, heat=heat)


def _together(market: TradeMarket) -> Market:
    """All devices on the network; where a microgrid may neither buy nor sell, two limits that can give way apart."""
    program, (low, high) = central_program(market), exchange_range(market.case, market.base)
    rows = {name: one for name, one in program.constraints.items() if name != SHUT}
    exchange, far = leaving(market, program), np.full(low.shape, np.inf)
    rows |= box(exchange, low, far, (BUY, SELL, SHUT)) | box(exchange, -far, high, (BUY, SELL, SHUT))
    heat = heating(market.case, market.base, market.dynamics)
    form = compile_program(replace(program, constraints=rows))
    return Market(market.case, market.network, formulation_named("soc"), form, heat=heat)
