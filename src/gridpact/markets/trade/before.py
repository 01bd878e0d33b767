"""The disagreement point: what everybody falls back on, and costs, without a deal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_before, network_with
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.pool import clear_pool
from gridpact.markets.trade.costs import own_and_paid
from gridpact.markets.trade.market import TradeMarket

Floats = NDArray[np.float64]
# MW and Mvar that a solver leaves of nothing: a network with such loads alone is badly scaled.
NOTHING = 1e-9
ALONE = "the microgrids on their own"


@dataclass(frozen=True, eq=False)
class Before:
    """Both sides without a deal; None where costs are given.

    ``own`` is what each microgrid's devices cost, NaN where its cost is given, ``paid`` what it pays by its tariff,
    ``costs`` both together or what is given, (microgrids,); ``operator`` the operator's cost less the tariffs that it
    is paid. ``exchanged`` in MW and Mvar into the network, (microgrids, steps) each.
    """

    network: Cleared | None
    microgrids: Cleared | None
    own: Floats
    paid: Floats
    costs: Floats
    operator: float
    exchanged: tuple[Floats, Floats]


def before(market: TradeMarket, constants: Floats, exactness: str) -> Before:
    """The disagreement point; ``constants`` (microgrids,) are costs that no decision changes.

    Raises ``InfeasibleError`` and ``NotConverged`` that say whose fallback cannot be carried out.
    """
    table = market.case.tables["microgrids"]
    given = (table["disagreement"] == "given").to_numpy()
    side, (p, q) = at_tariffs(market.case, market.dynamics)
    own, paid = np.full(given.size, np.nan), np.zeros(given.size)
    if side is not None:
        own[~given], paid[~given] = own_and_paid(side, constants[~given])
    costs = np.where(given, market.case.column("microgrids", "disagreement_cost"), own + paid)
    fixed = market.case.column("network_operator", "disagreement_cost")
    if fixed.size and np.isfinite(fixed[0]):
        return Before(None, side, own, paid, costs, float(fixed[0]), (p, q))
    what = "the network with what microgrids exchange by their tariffs"
    network = _cleared(what, network_with(market.case, p, q), exactness, market.dynamics)
    return Before(network, side, own, paid, costs, network.solution.cost - float(paid.sum()), (p, q))


def at_tariffs(case: Case, dynamics: str = "quasi_dynamic") -> tuple[Cleared | None, tuple[Floats, Floats]]:
    """All microgrids side by side without a deal, None where all costs are given, and what each exchanges.

    In MW and Mvar into the network, (microgrids, steps) each; nothing where the cost is given.
    """
    given = (case.tables["microgrids"]["disagreement"] == "given").to_numpy()
    p, q = np.zeros((given.size, case.steps)), np.zeros((given.size, case.steps))
    if given.all():
        return None, (p, q)
    side = _cleared(ALONE, microgrids_before(case), "off", dynamics)
    p[~given] = rid(side.megawatts("sell", "interfaces") - side.megawatts("buy", "interfaces"))
    q[~given] = rid(-side.megawatts("import_q", "interfaces"))
    return side, (p, q)


def rid(power: Floats) -> Floats:
    """Power without what is nothing."""
    return np.where(np.abs(power) > NOTHING, power, 0.0)


def _cleared(what: str, case: Case, exactness: str, dynamics: str) -> Cleared:
    try:
        return clear_pool(case, exactness=exactness, heat_dynamics=dynamics)
    except InfeasibleError as error:
        raise InfeasibleError(_without(what, error), error.diagnosis, unbounded=error.unbounded) from error
    except NotConverged as error:
        raise NotConverged(_without(what, error)) from error


def _without(what: str, error: Exception) -> str:
    return (
        f"Without a deal {what} cannot be dispatched: {error}\nGive a disagreement that can be, or its cost "
        '(disagreement "given").'
    )
