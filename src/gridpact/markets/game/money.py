"""What a state of both markets costs and earns whom, all feeders together, over the horizon.

leader's cost       feeders x district's cost, interfaces included      = ADN + DHN
transmission cost   what the accepted offers ask, less what accepted bids are worth
producers' surplus  what the transmission price pays them, less what they ask
congestion rent     paid by loads and districts, less paid to producers
welfare cost        feeders x district's cost without its interfaces + transmission cost
"""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.markets.cleared import Cleared
from gridpact.markets.game.settled import Settled
from gridpact.markets.heat.couplers import heat_cost
from gridpact.markets.outcome import outcome_tables

# Variables whose cost is what an offer asks; what bids and unserved demand are worth is not among them.
ASKED = ("generator_p", "offer_p", "renewable_p", "charge", "discharge", "buy", "sell")
PRODUCERS = ("generator", "renewable", "storage", "interface")


@dataclass(frozen=True)
class Money:
    """Amounts in the currency of the case; see the module."""

    leader_cost: float
    adn_cost: float
    dhn_cost: float
    interface_payment: float
    transmission_cost: float
    producers_surplus: float
    load_payment: float
    congestion_rent: float
    welfare_cost: float


def money(state: Settled) -> Money:
    """All amounts of a state."""
    feeders = float(state.game.feeders[0])
    bought = state.game.case.hours * float((state.price * state.boundary).sum())
    inside = feeders * (state.district.solution.cost - _counted(state))
    heat = feeders * heat_cost(state.district) if state.district.heat else 0.0
    revenue, load_payment = _payments(state.transmission, bought)
    cost = state.transmission.solution.cost
    return Money(
        leader_cost=inside + bought,
        adn_cost=inside + bought - heat,
        dhn_cost=heat,
        interface_payment=bought,
        transmission_cost=cost,
        producers_surplus=revenue - _asked(state.transmission),
        load_payment=load_payment,
        congestion_rent=load_payment + bought - revenue,
        welfare_cost=inside + cost,
    )


def _counted(state: Settled) -> float:
    """What the district's own program counted for its connected interfaces, one feeder."""
    price = state.district.case.series("interfaces", "price_per_mwh")[state.game.interfaces]
    return state.game.case.hours * float((price * state.imports).sum())


def _asked(cleared: Cleared) -> float:
    """What the accepted offers of producers ask, constant costs included."""
    form, x, total = cleared.form, cleared.solution.x, cleared.form.constant
    for name in ASKED:
        if name in form.columns:
            columns = form.columns[name].ravel()
            total += float(form.q[columns] @ x[columns] + 0.5 * form.P.diagonal()[columns] @ x[columns] ** 2)
    return total


def _payments(cleared: Cleared, bought: float) -> tuple[float, float]:
    """What the transmission network's producers receive, and what its loads pay besides the districts."""
    paid = outcome_tables(cleared)["settlement"].groupby("kind")["payment"].sum()
    return -sum(float(paid.get(kind, 0.0)) for kind in PRODUCERS), float(paid.get("load", 0.0)) - bought
