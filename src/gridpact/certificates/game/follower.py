"""The follower solved again by the judges' own program: its dispatch is the cheapest, and its prices support it.

With psi the optimal value of the market around its dispatch (see ``market``), convex in the boundary power d:

    optimal        psi(d) is no less than what the dispatch costs
    multiplier     psi(d + e) >= psi(d) + lambda e   and   psi(d - e) >= psi(d) - lambda e

which near d is all that a subgradient of a convex function needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.market import OwnMarket, own_market
from gridpact.certificates.game.records import of_connections, transmission_record
from gridpact.results.record import Record

Floats = NDArray[np.float64]
# MW by which the boundary power is moved, relative to it; half of what a price may be off, relative.
NUDGE = 1e-3
TOLERANCE = 1e-5
FAILED = 1e-6


def market_of(record: Record) -> OwnMarket:
    """The judges' own market of a game."""
    assert record.transmission is not None
    return own_market(Evidence(transmission_record(record)), record.transmission)


def follower_checks(record: Record) -> list[Check]:
    """Optimality of the follower's dispatch and support of its prices at every connection and hour."""
    assert record.transmission is not None
    market, names = market_of(record), record.transmission.ids("connections")
    power, price = of_connections(record, "boundary_mw"), of_connections(record, "lmp_per_mwh")
    here, failed = market.cost(power)
    turnover = np.maximum(1.0, np.abs(here))
    dispatched = market.cost_of_dispatch()
    gap = (dispatched - here) / turnover + np.where(failed > FAILED, np.inf, 0.0)
    wrong = np.zeros_like(price)
    for k in range(len(names)):
        step = NUDGE * (1.0 + np.abs(power[k]))
        for sign in (1.0, -1.0):
            moved = power.copy()
            moved[k] += sign * step
            there, lacking = market.cost(moved)
            short = (here + sign * price[k] * step - there) / (step * (1.0 + np.abs(price[k])))
            wrong[k] = np.maximum(wrong[k], np.where(lacking > FAILED, 0.0, short))
    instants = record.case.snapshots
    return [
        worst(
            "follower_optimal",
            "No dispatch of the transmission market is cheaper at the leader's choice; excess over its turnover.",
            TOLERANCE,
            [Measure("market", ["transmission"], gap[None])],
            instants,
        ),
        worst(
            "price_is_multiplier",
            "A market solved again with a little more or less at the boundary costs no less than the price says; "
            "relative to the price.",
            TOLERANCE,
            [Measure("boundary", names, wrong)],
            instants,
        ),
    ]
