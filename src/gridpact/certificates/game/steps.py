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
from gridpact.certificates.evidence import rows_of, steps_of
from gridpact.certificates.game.curved import curved_cost
from gridpact.certificates.game.follower import FAILED, market_of
from gridpact.certificates.game.market import OwnMarket
from gridpact.certificates.game.records import of_connections
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-5
COLUMNS = ["from_mw", "to_mw", "price_from_per_mwh", "price_to_per_mwh"]
# Steps shorter than this, in MW, are not long enough for their price to be measured.
SHORT = 1e-4
# What such steps may make up together where there are longer ones.
SHORTS = 1e-3
# Per unit by which the leader may be held nearer than the ends of its step (see ``tie_breaking``), and at most around
# itself where the price rises.
INSIDE = 1e-5


def step_checks(record: Record) -> list[Check]:
    """Order of the steps, where the leader stands and is held, and their prices; the steps only where there are any."""
    if "price_steps" not in record.tables:
        return [_held_near(record)]
    groups = steps_by_power(record)
    checks = [_ordered(record, groups), _stands(record, groups), _held(record, groups), *_measured(record, groups)]
    return [*checks, _reach(record, groups)]


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
    """Steps follow each other without a gap and their prices do not fall; every row is one of a boundary power's."""
    worst_of = np.array([_disorder(rows) for rows in groups])
    if sum(map(len, groups)) != len(record.tables["price_steps"]):
        worst_of += np.inf
    text = "Price steps follow each other without a gap, and prices do not fall; MW, or relative to the price."
    return worst("steps_in_order", text, 1e-6, [Measure("steps", _places(record), worst_of)])


def _disorder(rows: pd.DataFrame) -> float:
    """Largest gap in MW or fall of the price, relative; prices of steps too short to be measured are passed over."""
    low, high, first, last = (rows[name].to_numpy() for name in COLUMNS)
    long = high - low > SHORT
    begin, end = first[long], last[long]
    falls = [(begin - end) / (1.0 + np.abs(begin)), (end[:-1] - begin[1:]) / (1.0 + np.abs(begin[1:]))]
    short = float((high - low)[~long].sum()) if long.any() else 0.0
    faults = [low - high, np.abs(low[1:] - high[:-1]), *falls, np.array([0.0 if short <= SHORTS else np.inf])]
    return max(float(fault.max(initial=-np.inf)) for fault in faults)


def _stands(record: Record, groups: list[pd.DataFrame]) -> Check:
    """The boundary power is on a step whose price is paid, and the step is the one it was held to."""
    power, price = (of_connections(record, name).T.ravel() for name in ("boundary_mw", "lmp_per_mwh"))
    off = np.array([_off(rows, z, paid) for rows, z, paid in zip(groups, power, price, strict=True)])
    text = "The leader stands on a step whose price it pays; relative to the power and the price."
    return worst("stands_on_step", text, 1e-5, [Measure("steps", _places(record), off)])


def _off(rows: pd.DataFrame, power: float, price: float) -> float:
    """How far a power and its price are from the nearest step, as a share of both."""
    low, high, first, last = (rows[name].to_numpy() for name in COLUMNS)
    share = np.clip((power - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    outside = np.maximum(np.maximum(low - power, power - high), 0.0) / (1.0 + abs(power))
    return float((outside + np.abs(first + share * (last - first) - price) / (1.0 + abs(price))).min(initial=np.inf))


def _ends(record: Record) -> tuple[Floats, Floats, Floats, Floats]:
    """Boundary power, the ends of what it is held to, and how near they count as the same, MW; power by power."""
    power, low, high = (
        of_connections(record, name).T.ravel() for name in ("boundary_mw", "step_from_mw", "step_to_mw")
    )
    room = INSIDE * (float(record.solution["transmission/base_mva"]) + np.abs(power))
    return power, low, high, room


def _held(record: Record, groups: list[pd.DataFrame]) -> Check:
    """What the leader is held to is the step that it stands on, or next to itself where the price rises."""
    price = of_connections(record, "lmp_per_mwh").T.ravel()
    power, low, high, room = _ends(record)
    each = zip(groups, power, price, low, high, room, strict=True)
    off = np.array([_beside(rows, *numbers) for rows, *numbers in each])
    text = "The leader is held to the ends of the step it stands on; MW, less what staying inside takes."
    return worst("held_to_step", text, 0.0, [Measure("step", _places(record), off)])


def _beside(rows: pd.DataFrame, power: float, price: float, low: float, high: float, room: float) -> float:
    """MW by which the ends are not those of the nearest step at this price."""
    begin, end, first, last = (rows[name].to_numpy() for name in COLUMNS)
    flat = np.abs(last - first) <= 1e-9 * (1.0 + np.abs(first))
    ends = np.where(flat, np.maximum(np.abs(low - begin), np.abs(high - end)), max(power - low, high - power))
    inside = np.maximum(begin - low, high - end)
    own = np.where(flat, np.abs(first - price) <= TOLERANCE * (1.0 + abs(price)), True)
    off = np.maximum(np.maximum(ends, inside), max(low - power, power - high)) - room
    return max(0.0, float(np.where(own, off, np.inf).min(initial=np.inf)))


def _held_near(record: Record) -> Check:
    """Without steps the leader is held to where it is."""
    power, low, high, room = _ends(record)
    off = np.maximum(np.maximum(power - low, high - power), np.maximum(low - power, power - high)) - room
    text = "The leader is held next to its boundary power, no steps being known; MW, less what is next to it."
    return worst("held_to_step", text, 0.0, [Measure("power", _places(record), np.maximum(off, 0.0))])


def _reach(record: Record, groups: list[pd.DataFrame]) -> Check:
    """Every power that the district is known to reach, in another design or in the scan, is on the steps."""
    off = np.zeros(len(groups))
    low, high = (
        np.array([rows[name].agg(end) for rows in groups]) for name, end in (("from_mw", "min"), ("to_mw", "max"))
    )
    for table in (record.tables[name] for name in ("design_hours", "scan") if name in record.tables):
        reached = table if "leader_cost" not in table else table[np.isfinite(table["leader_cost"])]
        step, place = steps_of(record.case, reached["snapshot"]), _connection(record, reached["connection"])
        power, power_of = reached["boundary_mw"].to_numpy(dtype=np.float64), step * _connections(record) + place
        beyond = np.maximum(low[power_of] - power, power - high[power_of]) / (1.0 + np.abs(power))
        np.maximum.at(off, power_of, beyond)
    text = "No power that another design or the scan reaches lies beyond the steps; relative to it."
    return worst("steps_reach", text, TOLERANCE, [Measure("steps", _places(record), off)])


def _connections(record: Record) -> int:
    assert record.transmission is not None
    return record.transmission.count("connections")


def _connection(record: Record, names: pd.Series[str]) -> NDArray[np.int64]:
    assert record.transmission is not None
    return rows_of(record.transmission.ids("connections"), names)


def _measured(record: Record, groups: list[pd.DataFrame]) -> list[Check]:
    """The price of every step as the judges' market answers at its ends and in its middle."""
    market, places = market_of(record), _places(record)
    if market.is_mixed:
        return []
    off = np.zeros(len(groups))
    for k in range(max(len(rows) for rows in groups)):
        rows = np.array([part[COLUMNS].to_numpy()[min(k, len(part) - 1)] for part in groups])
        low, high, first, last = rows.T
        known = high - low > SHORT
        points = np.where(known, low + np.array([[0.0], [0.5], [1.0]]) * (high - low), low)
        rise = np.diff(_values(record, market, points), axis=0)
        average = 0.5 * (first + last)
        expected = np.stack([0.5 * (first + average), 0.5 * (average + last)])
        each = np.abs(2.0 * rise / np.where(known, high - low, 1.0) - expected).max(axis=0)
        # Over less than this the price cannot rise by more than a hair, but of a flat market's short steps it must not.
        off = np.maximum(
            off, np.where(known, each, 0.0 if market.is_curved else np.abs(last - first)) / (1.0 + np.abs(first))
        )
    text = "The judges' own market costs as much more across every step as its price says; relative to the price."
    return [worst("steps_measured", text, TOLERANCE * 10.0, [Measure("steps", places, off)])]


def _values(record: Record, market: OwnMarket, points: Floats) -> Floats:
    """What the hours of the boundary powers cost at several points, NaN without an answer; (points, powers).

    One connection at a time, the others where they are.
    """
    power = of_connections(record, "boundary_mw")
    found = np.empty((len(points), power.shape[1], power.shape[0]))
    for k in range(len(power)):
        for number, point in enumerate(points):
            moved = power.copy()
            moved[k] = point.reshape(power.shape[::-1])[:, k]
            cost, failed = curved_cost(market, moved)
            found[number, :, k] = np.where(failed > FAILED, np.nan, cost)
    return found.reshape(len(points), -1)
