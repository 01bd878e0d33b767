"""The follower solved again by the judges' own program: its dispatch is the cheapest, and its prices support it.

With psi the optimal value of the market around its dispatch (see ``market``), convex in the boundary power d:

    optimal        psi(d) is no less than what the dispatch costs
    multiplier     psi(d + e) >= psi(d) + lambda e   and   psi(d - e) >= psi(d) - lambda e
    ends           the least and the greatest multiplier are the slopes of psi on either side of d

which near d is all that a subgradient of a convex function needs. A convex function that rises as much from d to
d + e as from d + e to d + 2e is a straight line there, and its slope is the greatest multiplier; where it does not, the
slope found is still no less than that. A power that misses an edge by a hair shows a little of the price beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.market import OwnMarket, own_market
from gridpact.certificates.game.records import of_connections, transmission_record
from gridpact.results.record import Record

Floats = NDArray[np.float64]
# Cost per hour and MW that failed, for MW withdrawn at the connections.
Answer = tuple[Floats, Floats]
Psi = Callable[[OwnMarket, Floats], Answer]
# MW by which the boundary power is moved, relative to it; half of what a price may be off, relative.
NUDGE = 1e-3
TOLERANCE = 1e-5
FAILED = 1e-6
# Per unit by which a power may miss the edge of the step whose price it pays: as exact as the district was solved.
NEAR = 1e-6
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


@dataclass(frozen=True, eq=False)
class Sides:
    """psi on both sides of every power; ``near`` is how far a power may be from its step, as a share of the nudge."""

    below: Side
    above: Side
    near: Floats

    def wrong(self, price: Floats) -> Floats:
        """By how much a price is no multiplier, (connections, steps)."""
        return np.maximum(self._over(self.below, self.above, price), self._over(self.above, self.below, price))

    def wrong_ends(self, low: Floats, high: Floats, exact: bool) -> tuple[Floats, Floats]:
        """By how much the ends of the right prices are others than psi's slopes, or beyond them where not ``exact``."""
        pairs = (self.below, self.above, low), (self.above, self.below, high)
        over = [np.maximum(self._over(*pair), 0.0) for pair in pairs]
        straight = [np.where(side.straight & exact, np.abs(side.beyond(end)), 0.0) for side, _, end in pairs]
        # Blank says that the price has no end there: only where the market has no answer beyond.
        blank = [np.where(np.isnan(end) & np.isfinite(side.slope), np.inf, 0.0) for side, _, end in pairs]
        return np.maximum(over[0], straight[0]) + blank[0], np.maximum(over[1], straight[1]) + blank[1]

    def _over(self, side: Side, other: Side, price: Floats) -> Floats:
        over: Floats = side.beyond(price) - self.near * np.maximum(-other.beyond(price), 0.0)
        return over


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
    sides, instants = sides_of(market, power, here), record.case.snapshots
    # What ties hours is held by the judges' market, whose right prices are then more.
    ends = sides.wrong_ends(low, high, not market.is_tied)
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
            [Measure("boundary", names, sides.wrong(price))],
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


def sides_of(market: OwnMarket, power: Floats, here: Floats, psi: Psi = OwnMarket.cost) -> Sides:
    """Both sides of powers (connections, steps) at which ``psi`` is ``here``."""
    near = NEAR * (market.grid.base_mva + np.abs(power)) / _step(power)
    below, above = (_side(lambda moved: psi(market, moved), power, here, sign) for sign in (-1.0, 1.0))
    return Sides(below, above, near)


def _side(psi: Callable[[Floats], Answer], power: Floats, here: Floats, sign: float) -> Side:
    """Slopes of psi on one side of every power, one connection after another."""
    found, straight = np.full_like(power, np.nan), np.zeros(power.shape, dtype=np.bool_)
    for k in range(len(power)):
        step = _step(power[k])
        near, far = (_moved(psi, power, k, sign * times * step) for times in (1.0, 2.0))
        found[k] = sign * (near - here) / step
        straight[k] = np.abs(sign * (far - near) / step - found[k]) <= STRAIGHT * (1.0 + np.abs(found[k]))
    return Side(sign, found, straight)


def _step(power: Floats) -> Floats:
    """MW by which a power is moved."""
    step: Floats = NUDGE * (1.0 + np.abs(power))
    return step


def _moved(psi: Callable[[Floats], Answer], power: Floats, k: int, by: Floats) -> Floats:
    """psi with the power of one connection moved, NaN where the market has no answer."""
    moved = power.copy()
    moved[k] += by
    cost, failed = psi(moved)
    return np.where(failed > FAILED, np.nan, cost)
