"""Stage two: who pays whom, by Nash bargaining over a transport, in whole cents.

b_k = d_k - c_k   benefit of party k before any payment        G_0   what an operator that only earns fees keeps

    fee_only   sum of receipts of the microgrids = b_0 - G_0,    G_0 = max(0, fees - their true cost)
    party      the operator bargains as all others do

Payments are settled as energy at nodal prices, fees, and a lump sum that makes the receipt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.exchange import Bargain, PaymentParty, bargain
from gridpact.coordination.ledger import Ledger
from gridpact.coordination.transport import InProcess
from gridpact.markets.bargaining.cents import in_cents, split_cents
from gridpact.markets.bargaining.nash import NoDeal, nash
from gridpact.markets.trade.market import TradeMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Costs are known to this share of their size: a surplus below is none.
KNOWN = 1e-9


@dataclass(frozen=True, eq=False)
class Roles:
    """All parties, the operator last: who bargains, with which weight, and what is kept without bargaining."""

    names: list[str]
    bargains: NDArray[np.bool_]
    weights: Floats
    kept: Floats


@dataclass(frozen=True, eq=False)
class StageTwo:
    """The outcome for all parties, the operator last; all zero without a deal, which ``why`` then explains.

    ``cents`` are what each receives; ``sheet`` are the cents received for energy, in fees and, last, as lump sum.
    """

    roles: Roles
    benefits: Floats
    surplus: float
    why: str
    gains: Floats
    receipts: Floats
    cents: Ints
    sheet: Ints
    bargained: Bargain

    @property
    def deal(self) -> bool:
        return not self.why


def roles(market: TradeMarket, fees: float, fee_cost: float) -> Roles:
    """Who bargains; ``fees`` are what the operator earns, ``fee_cost`` what trading truly costs it."""
    table = market.case.tables["network_operator"]
    party = bool((table["role"] == "party").any())
    own = float(table["weight"].iloc[0]) if party else 0.0
    weights = np.append(market.case.column("microgrids", "weight"), own)
    kept = np.zeros(weights.size)
    kept[-1] = 0.0 if party else max(0.0, fees - fee_cost)
    names = [*market.names, market.operator_name]
    return Roles(names, weights > 0.0, weights / weights.sum(), kept)


def stage_two(who: Roles, benefits: Floats, received: Floats, ledger: Ledger, seed: int) -> StageTwo:
    """Bargaining over ``benefits`` (parties,); ``received`` (rows, parties) is exact money, for energy and for fees.

    The sheet has a row in cents for each of them and one for the lump sum.
    """
    found = _bargained(who, benefits, ledger, seed)
    exact = nash(benefits, who.weights, who.kept, KNOWN)
    if isinstance(exact, NoDeal) or not found.deal:
        why = exact.reason if isinstance(exact, NoDeal) else "the surplus is nothing but rounding"
        return _no_deal(who, benefits, received, found, why)
    receipts = np.where(who.bargains, 0.0, who.kept - benefits)
    receipts[who.bargains] = found.receipts
    receipts[np.flatnonzero(who.bargains)[-1]] -= receipts.sum()
    cents = in_cents(benefits, receipts, None if who.bargains[-1] else who.weights.size - 1)
    if isinstance(cents, NoDeal):
        return _no_deal(who, benefits, received, found, cents.reason)
    sheet = split_cents(cents, received)
    return StageTwo(who, benefits, found.surplus, "", benefits + receipts, receipts, cents, sheet, found)


def _bargained(who: Roles, benefits: Floats, ledger: Ledger, seed: int) -> Bargain:
    """The bargaining of those who do, over a transport of their own; others pay in what they do not keep."""
    bargaining = np.flatnonzero(who.bargains)
    pot = float((benefits - who.kept)[~who.bargains].sum())
    least = KNOWN * float(np.abs(benefits).sum() + who.kept.sum())
    if bargaining.size == 1:
        return _alone(float(benefits[bargaining[0]]), pot, least)
    roster = tuple(who.names[k] for k in bargaining)
    transport = InProcess((), ledger)
    for number, k in enumerate(bargaining.tolist()):
        transport.join(
            PaymentParty(who.names[k], float(benefits[k]), float(who.weights[k]), roster, transport, seed + number)
        )
    return bargain(transport, roster, who.weights[bargaining], run="stage two", pot=pot, least=least)


def _alone(benefit: float, pot: float, least: float) -> Bargain:
    """Who bargains with nobody takes what is there, and nothing is asked."""
    surplus = benefit + pot
    deal = surplus > least
    return Bargain(np.array([pot if deal else 0.0]), surplus, deal, np.zeros((0, 2)))


def _no_deal(who: Roles, benefits: Floats, received: Floats, found: Bargain, why: str) -> StageTwo:
    nothing, cents = np.zeros(benefits.size), np.zeros(benefits.size, dtype=np.int64)
    sheet = np.zeros((len(received) + 1, benefits.size), dtype=np.int64)
    return StageTwo(who, benefits, found.surplus, why, nothing, nothing, cents, sheet, found)
