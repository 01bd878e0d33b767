"""The judges' own market where marginal costs rise: quadratic costs as chords that close in on the answer.

    cost of a unit <= its chords between breakpoints,   equal at the breakpoints

Every round solves the market with a few breakpoints around the powers found before, closer together than then, so that
psi comes down to what the market costs, from above.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.game.market import OwnMarket, Power

Floats = NDArray[np.float64]
ROUNDS = 9
# Breakpoints around a power, and how much closer they are from round to round.
AROUND = np.linspace(-1.0, 1.0, 9)
CLOSER = 0.3


def curved_cost(market: OwnMarket, withdrawn: Floats) -> tuple[Floats, Floats]:
    """psi per hour of every step at these withdrawals, and MW that failed, as ``OwnMarket.cost``."""
    rising = np.flatnonzero(market.powers.square > 0.0)
    if not rising.size:
        return market.cost(withdrawn)
    low, high = market.powers.low[rising], market.powers.high[rising]
    power, room = market.powers.done[rising], 0.5 * (high - low)
    best, failed = np.full(market.case.steps, np.inf), np.full(market.case.steps, np.inf)
    for _ in range(ROUNDS):
        points = np.clip(power + room * AROUND[:, None, None], low, high)
        points = np.sort(np.concatenate([low[None], points, high[None]]), axis=0)
        chords, fixed = _chords(market, rising, points)
        cost, failed, x = replace(market, powers=chords).answer(withdrawn)
        if x is None:
            break
        best = np.minimum(best, cost + fixed)
        power = low + x[-(len(points) - 1) * rising.size :].reshape(len(points) - 1, *power.shape).sum(axis=0)
        room = CLOSER * room
    return best, failed


def _chords(market: OwnMarket, rising: NDArray[np.int64], points: Floats) -> tuple[Power, Floats]:
    """All powers with those whose cost rises in pieces between points (points, units, steps), and what is fixed."""
    powers, base = market.powers, market.grid.base_mva
    square = powers.square[rising][:, None]
    linear = powers.cost[rising] - 2.0 * square * base * powers.done[rising]
    slopes = linear + square * base * (points[1:] + points[:-1])
    widths = np.diff(points, axis=0).reshape(-1, points.shape[2])
    held = points[0]
    fixed = base * ((linear + square * base * held) * held).sum(axis=0)
    still = replace(powers, high=powers.high.copy(), low=powers.low.copy(), cost=powers.cost.copy())
    still.low[rising] = still.high[rising] = held
    still.cost[rising] = 0.0
    return Power(
        np.concatenate([still.bus, np.tile(powers.bus[rising], len(points) - 1)]),
        np.vstack([still.low, np.zeros_like(widths)]),
        np.vstack([still.high, widths]),
        np.vstack([still.cost, slopes.reshape(widths.shape)]),
        np.vstack([still.done, np.zeros_like(widths)]),
        np.zeros(still.bus.size + len(widths)),
    ), fixed
