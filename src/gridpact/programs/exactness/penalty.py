"""The smallest price on losses, group by group, at which the relaxation is exact.

    minimise  cost + sum over groups of w_g * (sum of weight x l over the tight cones of the group)

A group is what may need its own price, such as an hour; with resistances as weights the price is one per unit of lost
power. All groups with an open cone are raised by a factor together until every cone is tight, then each is bisected,
in one solve per round for all of them. A point that is exact at the smallest price is a good start, and optimal
where the price stays negligible; elsewhere the price has bought some cost.
Compare Huang, Wu, Wang and Zhao, IEEE Trans. Power Systems 32(2), 2017; for when no price is needed, Gan, Li, Topcu
and Low, IEEE Trans. Automatic Control 60(1), 2015.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled
from gridpact.programs.exactness.point import Point, found, stopped
from gridpact.programs.exactness.tight import Tight, cost_unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "penalty"
GAP = 1e-6
# Smallest and largest price that is tried, and the factor between two trials, per largest entry of q.
LEAST, MOST, FACTOR = 1e-4, 1e3, 8.0
# Largest price that is known too small over smallest known to be enough, at which the search ends.
ACCURACY = 1.25
ROUNDS = 40
# Costs that differ by less count as the same, relative to the cost.
SAME = 1e-7


@dataclass(frozen=True, eq=False)
class Prices:
    """Per group: the largest price found too small (0: none), the smallest found enough (infinite: none), the next."""

    low: Floats
    high: Floats
    now: Floats


def penalty(
    tight: Tight, weights: Floats, groups: Ints, accuracy: float = ACCURACY, gap_tolerance: float = GAP
) -> tuple[Point, Floats]:
    """The cheapest exact point met, and the price of every group at it, shape (groups,).

    ``weights`` and ``groups`` have one entry per tight cone; groups count from 0. Status ``inexact`` where no price up
    to ``MOST`` times the largest cost coefficient made the point exact.
    """
    unit = cost_unit(tight.form)
    directions = loss_directions(tight, weights, groups)
    count = directions.shape[1]
    prices = Prices(np.zeros(count), np.full(count, np.inf), np.zeros(count))
    best, solver = stopped(NAME, tight, 0), Compiled(tight.form)
    paid = prices.now
    for solves in range(1, ROUNDS + 1):
        form = replace(tight.form, q=tight.form.q + directions @ prices.now)
        answer = solver.answer(form)
        if answer.status != "solved":
            return replace(best, solves=solves), paid
        point = found(NAME, tight, answer.x, solves, gap_tolerance)
        if _better(point, best):
            best, paid = point, prices.now
        prices = _narrowed(prices, _exact(tight, answer.x, groups, count, gap_tolerance))
        following = _next_price(prices, LEAST * unit, accuracy)
        known = np.array_equal(following, prices.now) or (best.status == "exact" and np.array_equal(following, paid))
        if known or following.max() > MOST * unit:
            break
        prices = replace(prices, now=following)
    return replace(best, solves=solves), paid


def loss_directions(tight: Tight, weights: Floats, groups: Ints) -> sp.csr_array:
    """Gradient of the sum of weight x l by the variables, one column per group."""
    G, _ = tight.tangent(np.zeros((tight.rows.shape[0] - 2, tight.size)))
    count = int(groups.max(initial=-1)) + 1
    chosen = sp.csr_array((-weights, (np.arange(tight.size), groups)), shape=(tight.size, count))
    return sp.csr_array(G.T @ chosen)


def _better(point: Point, best: Point) -> bool:
    """Of two points at the same cost the later one, whose prices are smaller."""
    if point.status == best.status == "exact":
        return point.cost <= best.cost + SAME * (1.0 + abs(best.cost))
    return point.status == "exact" or (best.status != "exact" and point.gap < best.gap)


def _exact(tight: Tight, x: Floats, groups: Ints, count: int, gap_tolerance: float) -> NDArray[np.bool_]:
    worst = np.zeros(count)
    np.maximum.at(worst, groups, np.abs(tight.gap(x)))
    return np.asarray(worst <= gap_tolerance)


def _narrowed(prices: Prices, exact: NDArray[np.bool_]) -> Prices:
    """Every group has learnt about the price it has tried; groups act on each other, so what was enough may not be."""
    high = np.where(exact, np.minimum(prices.high, prices.now), prices.high)
    high = np.where(~exact & (prices.now >= high), np.inf, high)
    low = np.where(exact, np.minimum(prices.low, prices.now), np.maximum(prices.low, prices.now))
    return Prices(low, high, prices.now)


def _next_price(prices: Prices, least: float, accuracy: float) -> Floats:
    """Free of charge where that is enough; a factor higher where nothing is enough yet; half way in between."""
    raised = np.maximum(prices.now * FACTOR, least)
    known = np.isfinite(prices.high)
    between = np.sqrt(np.where(known, prices.high, 1.0) * np.maximum(prices.low, least / FACTOR))
    narrow = known & (prices.high <= accuracy * np.maximum(prices.low, least))
    return np.where(narrow | (prices.high == 0.0), prices.high, np.where(known, between, raised))
