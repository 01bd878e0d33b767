"""Where a coupler ties the price of heat to that of electricity, and at which price of heat it breaks even there.

A unit between its limits would change what it does if one price moved alone. Hence, with the price of electricity l,
its reactive price m, that of heat s and marginal costs C of power and of heat:

    electric boiler, heat pump   l + m q/p = gain (s - C_h)
    plant along an edge (dp, dh) of its polygon   l dp + s dh = C_p dp + C_h dh

so that s moves by ds/dl = 1/gain, or -dp/dh. At a corner it falls either way, and prices may move on their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.layout import Flags
from gridpact.report.heat.network import COUPLERS, price_of_heat, price_of_power
from gridpact.report.heat.units import Unit, corners, gain, operated
from gridpact.results.record import Record

REST, LIMIT, BETWEEN = 0, 1, 2
NEAR = 1e-3  # of the size of a unit: solvers end that near to a limit


@dataclass(frozen=True, eq=False)
class Tie:
    """One coupler over time, shape (steps,) each: its state, the heat price it is paid, the one at which it breaks
    even and by how much that moves with the electricity price (both NaN unless it is between its limits)."""

    unit: Unit
    state: Floats
    paid: Floats
    even: Floats
    slope: Floats

    @property
    def ties(self) -> Flags:
        return np.asarray(np.isfinite(self.even) & (self.state == BETWEEN))


def ties(record: Record) -> list[Tie]:
    """All couplers of the run, in the order of their tables."""
    paid = {kind: price_of_heat(record, kind) for kind in COUPLERS}
    return [
        _chp(record, unit, paid["chp"][unit.row]) if unit.kind == "chp" else _line(record, unit, paid[unit.kind])
        for unit in operated(record)
        if unit.kind in COUPLERS
    ]


def _line(record: Record, unit: Unit, paid: Floats) -> Tie:
    """A boiler or heat pump."""
    case, row, table = record.case, unit.row, f"{unit.kind}s"
    low, high = (case.series(table, name)[row] for name in ("min_heat_mw", "max_heat_mw"))
    near = NEAR * max(float(np.nanmax(high)), 1e-12)
    state = np.where(unit.heat <= near, REST, np.where(_within(unit.heat, low, high, near), BETWEEN, LIMIT))
    yields, own = gain(case, unit.kind)[row], case.series(table, "cost_per_mwh")[row]
    power, reactive = (
        price_of_power(record, unit.kind, name)[row] for name in ("price_per_mwh", "reactive_price_per_mvarh")
    )
    even = (power + case.column(table, "q_mvar_per_mw")[row] * np.nan_to_num(reactive)) / yields + own
    return _tie(unit, state, paid[row], even, 1.0 / yields)


def _within(value: Floats, low: Floats, high: Floats, near: float) -> Flags:
    return np.asarray((value > low + near) & (value < high - near))


def _tie(unit: Unit, state: Floats, paid: Floats, even: Floats, slope: Floats) -> Tie:
    free = state == BETWEEN
    return Tie(unit, state, paid, np.where(free, even, np.nan), np.where(free, slope, np.nan))


def _chp(record: Record, unit: Unit, paid: Floats) -> Tie:
    case = record.case
    own, points = corners(case, unit.row), np.column_stack([unit.power, unit.heat])
    size = max(float(np.abs(own).max()), 1e-12)
    normals, bounds, run = _edges(own)
    touching = points @ normals.T - bounds <= NEAR * size
    rest = np.abs(points).max(axis=1) <= NEAR * size
    state = np.where(rest, REST, np.where(touching.sum(axis=1) > 1, LIMIT, BETWEEN))
    way = run[touching.argmax(axis=1)]
    power_cost, heat_cost = marginal_costs(case, unit)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(np.abs(way[:, 1]) > NEAR * size, -way[:, 0] / way[:, 1], np.nan)
    even = heat_cost + slope * (price_of_power(record, "chp")[unit.row] - power_cost)
    inside = ~touching.any(axis=1)
    return _tie(unit, state, paid, np.where(inside, heat_cost, even), np.where(inside, 0.0, slope))


def _edges(own: Floats) -> tuple[Floats, Floats, Floats]:
    """Normals that point inwards, bounds and directions of the edges: points are allowed where normal x >= bound.

    A line has its two ends as edges, and itself as one that all its points touch.
    """
    run = np.roll(own, -1, axis=0) - own
    if len(own) == 2:
        along = run[0] / max(float(np.hypot(*run[0])), 1e-12)
        normals, bounds = np.array([0.0 * along, along, -along]), np.array([0.0, along @ own[0], -along @ own[1]])
        return normals, bounds, np.array([run[0]] * 3)
    left = np.column_stack([-run[:, 1], run[:, 0]]) / np.hypot(*run.T)[:, None]
    turn = float(own[:, 0] @ np.roll(own[:, 1], -1) - own[:, 1] @ np.roll(own[:, 0], -1))
    normals = left if turn > 0.0 else -left
    return normals, (own * normals).sum(axis=1), run


def marginal_costs(case: Case, unit: Unit) -> tuple[Floats, Floats]:
    """What one more MWh of power, and of heat, would cost a plant; shape (steps,) each."""

    def of(name: str) -> Floats:
        values: Floats = case.series("chps", name)[unit.row]
        return values

    fuel, cross = of("fuel_price_per_mwh"), of("cross_cost_per_mw2h")
    power = fuel * of("fuel_per_p") + of("cost_per_mwh") + 2.0 * of("cost_per_mw2h") * unit.power + cross * unit.heat
    heat = fuel * of("fuel_per_heat") + of("heat_cost_per_mwh") + cross * unit.power
    return power, heat + 2.0 * of("heat_cost_per_mw2h") * unit.heat
