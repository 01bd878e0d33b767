"""The follower solved again by the judges' own program: its dispatch is the cheapest, and its prices support it.

With psi the optimal value of the market around its dispatch (see ``market``), convex in the boundary power d:

    optimal        psi(d) is no less than what the dispatch costs
    multiplier     psi(d + e) >= psi(d) + lambda e   and   psi(d - e) >= psi(d) - lambda e
    ends           the least and the greatest multiplier are the slopes of psi on either side of d

which near d is all that a subgradient of a convex function needs. A convex function that rises as much from d to
d + e as from d + e to d + 2e is a straight line there, and its slope is the greatest multiplier; where it does not, the
slope found is still no less than that.
"""

from __future__ import annotations

from dataclasses import dataclass

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
# Slopes that differ by less, relative, are those of one straight line.
STRAIGHT = 1e-7


@dataclass(frozen=True, eq=False)
class Side:
    """Slopes of psi from each power to the next point on one side, (connections, steps), NaN where there is none.

    ``sign`` is 1 above and -1 below; ``straight`` says where the slope is that of psi at the power itself.
    """

    sign: float
    slope: Floats
    straight: NDArray[np.bool_]

    def beyond(self, price: Floats) -> Floats:
        """By how much a price leaves what this side allows, relative; 0 where the side is not known."""
        off = self.sign * (price - self.slope) / (1.0 + np.abs(price))
        return np.nan_to_num(off, nan=0.0)

    def apart(self, end: Floats) -> Floats:
        """By how much an end of the right prices differs from the slope, or is beyond it where psi is not straight."""
        off = self.beyond(end)
        return np.where(self.straight, np.abs(off), np.maximum(off, 0.0))


def market_of(record: Record) -> OwnMarket:
    """The judges' own market of a game."""
    assert record.transmission is not None
    return own_market(Evidence(transmission_record(record)), record.transmission)


def follower_checks(record: Record) -> list[Check]:
    """Optimality of the follower's dispatch and support of its prices at every connection and hour."""
    assert record.transmission is not None
    market, names = market_of(record), record.transmission.ids("connections")
    power, price = of_connections(record, "boundary_mw"), of_connections(record, "lmp_per_mwh")
    low, high = (of_connections(record, f"lmp_{end}_per_mwh") for end in ("low", "high"))
    here, failed = market.cost(power)
    gap = (market.cost_of_dispatch() - here) / np.maximum(1.0, np.abs(here)) + np.where(failed > FAILED, np.inf, 0.0)
    below, above = (side(market, power, here, sign) for sign in (-1.0, 1.0))
    wrong = np.maximum(below.beyond(price), above.beyond(price))
    # What ties hours is held by the judges' market, whose right prices are then more.
    ends = [one.beyond(end) if market.is_tied else one.apart(end) for one, end in ((below, low), (above, high))]
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
        worst(
            "price_ends",
            "The least and the greatest right price are what a market solved again with a little less or more at the "
            "boundary says; relative.",
            TOLERANCE,
            [Measure("least", names, ends[0]), Measure("greatest", names, ends[1])],
            instants,
        ),
    ]


def side(market: OwnMarket, power: Floats, here: Floats, sign: float) -> Side:
    """Slopes of psi on one side of every power, one connection after another."""
    found, straight = np.full_like(power, np.nan), np.zeros(power.shape, dtype=np.bool_)
    for k in range(len(power)):
        step = NUDGE * (1.0 + np.abs(power[k]))
        near, far = (_moved(market, power, k, sign * times * step) for times in (1.0, 2.0))
        found[k] = sign * (near - here) / step
        straight[k] = np.abs(sign * (far - near) / step - found[k]) <= STRAIGHT * (1.0 + np.abs(found[k]))
    return Side(sign, found, straight)


def _moved(market: OwnMarket, power: Floats, k: int, by: Floats) -> Floats:
    """psi with the power of one connection moved, NaN where the market has no answer."""
    moved = power.copy()
    moved[k] += by
    cost, failed = market.cost(moved)
    return np.where(failed > FAILED, np.nan, cost)
