"""Synthetic transmission markets of any size: meshed, with line limits, block offers and a connection for districts.

Buses lie about the points of a square grid; each is tied to the nearest of those before it, in the order of their
distance from the middle, and the shortest other pairs close the meshes, to three branches for every two buses. Lines
have the reactance of a 220 kV overhead line. A line carries what generation in proportion to capacity would send over
it at the peak with the districts at their highest import, and a quarter more: so every hour is feasible for every
import, and dearer units must run because cheap ones are where they are. Everything follows from the seed; no real
system is meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue
from gridpact.examples.synthetic import filled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]

KV, OHM_PER_KM, RESISTANCE = 220.0, 0.4, 0.06
LEAST, MOST = 5, 3000
SPACING_KM, JITTER = 40.0, 0.3
# Mean load of a bus with load in MW; capacity over the highest demand; share of it behind the connection.
LOAD_MW, RESERVE, DISTRICTS = 40.0, 1.4, 0.08
FEEDER_MW = 4.0
# Limits of lines over what they carry as told above, and the least of them in MW.
MARGIN, LEAST_MW = 1.25, 100.0
# Costs of the blocks of an offer over that of the unit.
BLOCKS = np.array([0.9, 1.0, 1.12, 1.3])


def synthetic_transmission(
    buses: int, *, steps: int = 24, seed: int = 0, step_minutes: float = 60.0, like: Case | None = None
) -> Case:
    """A transmission market with ``buses`` buses (5 to 3000); equal arguments, equal case.

    The interface "substation" of a district hangs at the bus of the largest load, with about 8 % of the peak behind
    it in feeders of 4 MW. Start, steps, time zone and currency are those of ``like`` where that is given, else those
    of the other synthetic cases. Raises ``InputError`` for a size out of range.
    """
    if not LEAST <= buses <= MOST:
        raise InputError([Issue("the size is out of range", f"Give {LEAST} to {MOST} buses.", value=str(buses))])
    random = np.random.default_rng(seed)
    place = _places(random, buses)
    start, end = _branches(place)
    names = np.array([str(k + 1) for k in range(buses)], dtype=object)
    load, capacity = _demand(random, buses), _capacity(random, buses)
    peak = float(load.sum())
    feeders = max(1, round(DISTRICTS * peak / FEEDER_MW))
    at, behind = int(np.argmax(load)), np.zeros(buses)
    behind[at] = feeders * FEEDER_MW
    capacity = np.ceil(10.0 * RESERVE * (peak + behind[at]) * capacity / capacity.sum() / BLOCKS.size) / 10.0
    length: Floats = np.round(np.linalg.norm(place[start] - place[end], axis=1), 2)
    carried = np.abs([_flow(start, end, length, power, capacity) for power in (load, behind)]).sum(axis=0)
    tables = {
        "buses": {"bus": names, "vn_kv": KV, "vm_min_pu": 0.9, "vm_max_pu": 1.1, "x": place[:, 0], "y": place[:, 1]},
        "lines": _lines(names, start, end, length, np.maximum(MARGIN * carried, LEAST_MW)),
        "loads": {"load": "load-" + names[load > 0.0], "bus": names[load > 0.0], "p_mw": load[load > 0.0]},
        **_units(random, names, capacity),
        "connections": _connection(names[at : at + 1], feeders),
    }
    return _with_day(_clocked(f"synthetic-transmission-{buses}-{seed}", tables, steps, step_minutes, like))


def _places(random: np.random.Generator, buses: int) -> Floats:
    """Coordinates in km, those next to the middle first."""
    side = int(np.ceil(np.sqrt(buses)))
    grid = np.stack(np.divmod(random.permutation(side**2)[:buses], side), axis=1) - 0.5 * (side - 1)
    place = SPACING_KM * (grid + random.uniform(-JITTER, JITTER, (buses, 2)))
    nearest_first: Floats = np.round(place[np.argsort(np.hypot(*place.T), kind="stable")], 2)
    return nearest_first


def _branches(place: Floats) -> tuple[Ints, Ints]:
    """Ends of all branches: a tree of nearest neighbours, then the shortest other pairs, half as many as buses."""
    count = len(place)
    apart = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    earlier = np.tri(count, k=-1, dtype=bool)
    nearest = np.where(earlier, apart, np.inf)[1:].argmin(axis=1)
    free = earlier.copy()
    free[np.arange(1, count), nearest] = False
    later, before = np.nonzero(free)
    extra = np.argsort(apart[later, before], kind="stable")[: round(0.5 * count)]
    start, end = np.concatenate([nearest, before[extra]]), np.concatenate([np.arange(1, count), later[extra]])
    return start.astype(np.int64), end.astype(np.int64)


def _demand(random: np.random.Generator, buses: int) -> Floats:
    """Peak load of every bus in MW; a third of the buses has none."""
    load = np.round(LOAD_MW * random.lognormal(-0.18, 0.6, buses), 2)
    load[random.permutation(buses)[: buses // 3]] = 0.0
    return load


def _capacity(random: np.random.Generator, buses: int) -> Floats:
    """Relative capacity of every bus; a quarter of the buses has a unit."""
    capacity = np.zeros(buses)
    at = random.permutation(buses)[: max(2, buses // 4)]
    capacity[at] = random.lognormal(0.0, 0.6, at.size)
    return capacity


def _flow(start: Ints, end: Ints, length: Floats, demand: Floats, capacity: Floats) -> Floats:
    """Direct-current flow where all units serve a demand in proportion to their capacity; MW, (branches,)."""
    injected = demand.sum() * capacity / capacity.sum() - demand
    weight, size = 1.0 / length, demand.size
    incidence = np.zeros((start.size, size))
    incidence[np.arange(start.size), start], incidence[np.arange(start.size), end] = 1.0, -1.0
    laplacian = incidence.T @ (weight[:, None] * incidence)
    angle = np.append(0.0, np.linalg.solve(laplacian[1:, 1:], injected[1:]))
    flow: Floats = weight * (incidence @ angle)
    return flow


def _lines(names: Texts, start: Ints, end: Ints, length: Floats, most_mw: Floats) -> dict[str, Any]:
    return {
        "line": names[start] + "-" + names[end],
        "from_bus": names[start],
        "to_bus": names[end],
        "length_km": length,
        "r_ohm_per_km": RESISTANCE,
        "x_ohm_per_km": OHM_PER_KM,
        "max_i_ka": np.round(most_mw / (np.sqrt(3.0) * KV), 4),
    }


def _units(random: np.random.Generator, names: Texts, block: Floats) -> dict[str, dict[str, Any]]:
    """Units of four blocks of so many MW, those at the first bus with a unit holding the angle."""
    at = np.flatnonzero(block)
    unit, cost = "unit-" + names[at], random.uniform(18.0, 75.0, at.size)
    letters = np.array(["-a", "-b", "-c", "-d"], dtype=object)
    return {
        "generators": {
            "generator": unit,
            "bus": names[at],
            "max_p_mw": np.round(BLOCKS.size * block[at], 1),
            "slack": np.arange(at.size) == 0,
        },
        "offers": {
            "offer": np.add.outer(unit, letters).ravel(),
            "generator": np.repeat(unit, BLOCKS.size),
            "p_mw": np.repeat(block[at], BLOCKS.size),
            "cost_per_mwh": np.round(np.outer(cost, BLOCKS).ravel(), 2),
        },
    }


def _connection(bus: Texts, feeders: int) -> dict[str, Any]:
    return {"connection": ["to-district"], "bus": bus, "interface": ["substation"], "feeders": float(feeders)}


def _clocked(name: str, given: dict[str, dict[str, Any]], steps: int, step_minutes: float, like: Case | None) -> Case:
    tables = {table: filled(table, given.get(table, {})) for table in SCHEMA}
    if like is None:
        start = pd.Timestamp("2030-06-04T00:00:00+00:00")
        return Case(name, "EUR", "UTC", start, float(step_minutes), steps, tables, pd.DataFrame())
    return replace(like, name=name, tables=tables, profiles=like.profiles.iloc[:, :0])


def _with_day(case: Case) -> Case:
    """Loads over the day: two peaks, the second of which is the highest, and a night at half of it."""
    hour = (case.snapshots.hour + case.snapshots.minute / 60.0).to_numpy(dtype=np.float64)
    shape = 0.55 + 0.3 * np.exp(-(((hour - 10.0) / 3.5) ** 2)) + 0.42 * np.exp(-(((hour - 19.0) / 3.0) ** 2))
    values = np.round(np.outer(case.column("loads", "p_mw"), np.minimum(shape, 1.0)), 4)
    return case.with_profiles({f"loads/{name}/p_mw": row for name, row in zip(case.ids("loads"), values, strict=True)})
