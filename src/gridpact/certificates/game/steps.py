"""Price steps against the judges' own market: convex, without gaps, and as steep as the table says.

On a step the market's value is a straight line with the step's price: its value at both ends and in the middle tells,
since a convex function that meets its chord in the middle is the chord. Steps on which the price rises (quadratic
offers) are judged by their order and by where the leader stands.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.game.follower import FAILED, market_of
from gridpact.certificates.game.records import of_connections
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-5
# Steps shorter than this, in MW, are not long enough for their price to be measured.
SHORT = 1e-4
MOST_ROUNDS = 60


def step_checks(record: Record) -> list[Check]:
    """Order of the steps, where the leader stands, and their prices; none where the game has no steps."""
    if "price_steps" not in record.tables:
        return []
    groups = steps_by_power(record)
    return [_ordered(record, groups), _stands(record, groups), *_measured(record, groups)]


def steps_by_power(record: Record) -> list[pd.DataFrame]:
    """The steps of every boundary power: connections of the first hour, then of the next."""
    assert record.transmission is not None
    table = record.tables["price_steps"]
    found = dict(iter(table.groupby(["snapshot", "connection"], sort=False)))
    keys = [(time, name) for time in record.case.snapshots for name in record.transmission.ids("connections")]
    return [found[key] if key in found else table.iloc[:0] for key in keys]


def _places(record: Record) -> list[str]:
    assert record.transmission is not None
    names = record.transmission.ids("connections")
    return [f"{name}, {time.isoformat()}" for time in record.case.snapshots for name in names]


def _ordered(record: Record, groups: list[pd.DataFrame]) -> Check:
    """Steps follow each other without a gap and their prices do not fall."""
    worst_of = np.array([_disorder(rows) for rows in groups])
    text = "Price steps follow each other without a gap, and prices do not fall; MW and currency per MWh."
    return worst("steps_in_order", text, 1e-6, [Measure("steps", _places(record), worst_of)])


def _disorder(rows: pd.DataFrame) -> float:
    if not len(rows):
        return float("inf")
    low, high, first, last = (rows[name].to_numpy() for name in rows.columns[-4:])
    faults = [low - high, first - last, np.abs(low[1:] - high[:-1]), last[:-1] - first[1:]]
    return float(max(fault.max(initial=-np.inf) for fault in faults))


def _stands(record: Record, groups: list[pd.DataFrame]) -> Check:
    """The boundary power is on a step whose price is paid, and the step is the one it was held to."""
    power, price = (of_connections(record, name).T.ravel() for name in ("boundary_mw", "lmp_per_mwh"))
    off = np.array([_off(rows, z, paid) for rows, z, paid in zip(groups, power, price, strict=True)])
    text = "The leader stands on a step whose price it pays; relative to the power and the price."
    return worst("stands_on_step", text, 1e-5, [Measure("steps", _places(record), off)])


def _off(rows: pd.DataFrame, power: float, price: float) -> float:
    """How far a power and its price are from the nearest step, as a share of both."""
    low, high, first, last = (rows[name].to_numpy() for name in rows.columns[-4:])
    share = np.clip((power - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    outside = np.maximum(np.maximum(low - power, power - high), 0.0) / (1.0 + abs(power))
    return float((outside + np.abs(first + share * (last - first) - price) / (1.0 + abs(price))).min(initial=np.inf))


def _measured(record: Record, groups: list[pd.DataFrame]) -> list[Check]:
    """The price of every step as the judges' market answers at its ends and in its middle."""
    assert record.transmission is not None
    flat = [rows[(rows["price_from_per_mwh"] == rows["price_to_per_mwh"])] for rows in groups]
    rounds = max((len(rows) for rows in flat), default=0)
    if not rounds or rounds > MOST_ROUNDS or _curved(record):
        return []
    market, shape = market_of(record), (record.case.steps, record.transmission.count("connections"))
    off = np.zeros(len(groups))
    for k in range(rounds):
        rows = [part.iloc[min(k, len(part) - 1)] if len(part) else None for part in flat]
        low, high, price = (
            np.array([np.nan if row is None else row[name] for row in rows], dtype=np.float64)
            for name in ("from_mw", "to_mw", "price_from_per_mwh")
        )
        known = np.isfinite(low) & (high - low > SHORT)
        here = of_connections(record, "boundary_mw").T.ravel()
        values = []
        for share in (0.0, 0.5, 1.0):
            point = np.where(known, low + share * (high - low), here)
            cost, failed = market.cost(point.reshape(shape).T)
            values.append(np.repeat(np.where(failed > FAILED, np.nan, cost), shape[1]))
        rise = [(values[1] - values[0]), (values[2] - values[1])]
        each = np.maximum(*(np.abs(2.0 * part / np.where(known, high - low, 1.0) - price) for part in rise))
        off = np.where(known, np.maximum(off, each / (1.0 + np.abs(price))), off)
    text = "The judges' own market costs as much more across every step as its price says; relative to the price."
    return [worst("steps_measured", text, TOLERANCE * 10.0, [Measure("steps", _places(record), off)])]


def _curved(record: Record) -> bool:
    """Whether offers are quadratic: the judges' market, which is linear at one dispatch, then has no steps."""
    assert record.transmission is not None
    return bool((record.transmission.column("generators", "cost_per_mw2h") > 0.0).any())
