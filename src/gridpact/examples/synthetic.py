"""Synthetic radial feeders of any size, with realistic impedances, loads and limits.

A substation feeds medium-voltage feeders of about a hundred buses each: a trunk with laterals. Section lengths are
log-normal (mean 0.30 km on trunks, 0.15 km on laterals); every section is the smallest of three common aluminium
cables that carries its peak at 60 % of its rating. Loads are log-normal with a power factor of 0.97, scaled so that
the lowest voltage of the linearised power flow at the peak is 0.96 p.u. Every fifth bus has PV, every fiftieth a
battery. Everything follows from the seed; the shapes of load, sun and price over the day are smooth curves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KV = 20.0
LOWEST = 0.96
TAN_PHI = 0.25
FEEDER = 100
MOST = 100_000
# Aluminium cables of 70, 150 and 240 mm2 at 20 kV: ohm/km, ohm/km, nF/km, kA (data sheets of common XLPE cables).
CABLES = np.array([[0.443, 0.132, 180.0, 0.22], [0.206, 0.116, 230.0, 0.32], [0.125, 0.106, 280.0, 0.42]])


@dataclass(frozen=True, eq=False)
class Tree:
    """``parent`` of every bus but the root (bus 0), in an order in which parents come first, and section lengths."""

    parent: Ints
    length_km: Floats

    def downstream(self, power: Floats) -> Floats:
        """Power of each bus (root excluded) with everything behind it."""
        total = power.copy()
        for k in range(total.size - 1, -1, -1):
            if self.parent[k]:
                total[self.parent[k] - 1] += total[k]
        return total


def synthetic_feeder(buses: int, seed: int = 0, steps: int = 24, step_minutes: float = 60.0) -> Case:
    """A radial district with ``buses`` buses (2 to 100,000) over ``steps`` steps; equal arguments, equal case.

    Raises ``InputError`` for a size out of range.
    """
    if not 2 <= buses <= MOST:
        raise InputError([Issue("the size is out of range", f"Give 2 to {MOST} buses.", value=str(buses))])
    random = np.random.default_rng(seed)
    tree = random_tree(random, buses)
    cable, peak = _sized(tree, random.lognormal(0.0, 0.6, buses - 1))
    names = np.array([str(k + 1) for k in range(buses)], dtype=object)
    tables = {
        "buses": {"bus": names, "vn_kv": KV, "vm_min_pu": 0.94, "vm_max_pu": 1.06},
        "lines": _lines(tree, cable, names),
        "interfaces": {
            "interface": ["substation"],
            "bus": names[:1],
            "vm_pu": 1.0,
            "price_per_mwh": 50.0,
            "sell_ratio": 0.9,
        },
        "loads": {"load": "load-" + names[1:], "bus": names[1:], "p_mw": peak, "q_mvar": TAN_PHI * peak},
        "renewables": _pv(random, names, peak),
        "storages": _batteries(names, peak),
    }
    return _case(f"synthetic-{buses}-{seed}", tables, steps, step_minutes)


def random_tree(random: np.random.Generator, buses: int) -> Tree:
    """Feeders of equal size: two fifths of the buses on the trunk, the rest on laterals that branch off it."""
    feeders = max(1, round((buses - 1) / FEEDER))
    sizes = np.diff(np.linspace(0, buses - 1, feeders + 1).astype(int))
    parents, lengths, first = [], [], 1
    for size in sizes:
        trunk = max(1, int(0.4 * size))
        chain = np.concatenate([[0], np.arange(first, first + trunk - 1)])
        lateral = np.arange(first + trunk - 1, first + size - 1)
        starts = random.random(size - trunk) < 0.25
        starts[:1] = True
        parents.append(
            np.concatenate([chain, np.where(starts, first + random.integers(0, trunk, size - trunk), lateral)])
        )
        lengths.append(np.concatenate([_length(random, 0.3, trunk), _length(random, 0.15, size - trunk)]))
        first += size
    return Tree(np.concatenate(parents).astype(np.int64), np.concatenate(lengths))


def _length(random: np.random.Generator, mean: float, count: int) -> Floats:
    return np.round(random.lognormal(np.log(mean) - 0.125, 0.5, count), 3) + 0.01


def _sized(tree: Tree, weight: Floats) -> tuple[Ints, Floats]:
    """Cables and peak loads (MW) for which the linearised voltage falls to ``LOWEST`` at the worst bus."""
    peak = weight * 0.03
    for _ in range(4):
        flow = tree.downstream(peak)
        current = flow * np.hypot(1.0, TAN_PHI) / (np.sqrt(3.0) * KV)
        cable = np.minimum(np.searchsorted(0.6 * CABLES[:, 3], current), len(CABLES) - 1)
        ohm = (CABLES[cable, 0] + TAN_PHI * CABLES[cable, 1]) * tree.length_km
        drop = 2.0 * ohm * flow / KV**2
        for k in range(drop.size):
            if tree.parent[k]:
                drop[k] += drop[tree.parent[k] - 1]
        carried = np.max(current / (0.9 * CABLES[cable, 3]))
        peak = peak * min((1.0 - LOWEST**2) / drop.max(), 1.0 / carried if carried > 1.0 else np.inf)
    return cable.astype(np.int64), np.round(peak, 6)


def _lines(tree: Tree, cable: Ints, names: NDArray[Any]) -> dict[str, Any]:
    columns = ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka")
    ends = {"line": "line-" + names[1:], "from_bus": names[tree.parent], "to_bus": names[1:]}
    return {**ends, "length_km": tree.length_km, **{name: CABLES[cable, k] for k, name in enumerate(columns)}}


def _pv(random: np.random.Generator, names: NDArray[Any], peak: Floats) -> dict[str, Any]:
    at = np.arange(4, peak.size, 5)
    power = np.round(peak[at] * random.uniform(0.3, 0.9, at.size), 6)
    plants = {"renewable": "pv-" + names[at + 1], "bus": names[at + 1], "kind": "pv"}
    return {**plants, "p_mw": power, "sn_mva": np.round(1.1 * power, 6)}


def _batteries(names: NDArray[Any], peak: Floats) -> dict[str, Any]:
    at = np.arange(24, peak.size, 50)
    power = np.round(2.0 * peak[at], 6)
    return {
        "storage": "battery-" + names[at + 1],
        "bus": names[at + 1],
        "energy_mwh": 2.0 * power,
        "charge_mw": power,
        "discharge_mw": power,
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.95,
        "initial_mwh": power,
        "wear_cost_per_mwh": 2.0,
    }


def _case(name: str, given: dict[str, dict[str, Any]], steps: int, step_minutes: float) -> Case:
    tables = {table: filled(table, given.get(table, {})) for table in SCHEMA}
    start = pd.Timestamp("2030-06-04T00:00:00+00:00")
    bare = Case(name, "EUR", "UTC", start, float(step_minutes), steps, tables, pd.DataFrame())
    hour = (bare.snapshots.hour + bare.snapshots.minute / 60.0).to_numpy(dtype=np.float64)
    return bare.with_profiles(_profiles(bare, hour))


def filled(table: str, given: dict[str, Any]) -> pd.DataFrame:
    """All columns of a table, defaults where none is given."""
    rows = len(next(iter(given.values()), []))
    columns = {column.name: given.get(column.name, column.default) for column in SCHEMA[table].columns}
    kinds = {"number": np.float64, "flag": np.bool_}
    types = {column.name: kinds.get(column.kind, object) for column in SCHEMA[table].columns}
    return pd.DataFrame(
        {name: pd.Series(value, index=range(rows), dtype=types[name]) for name, value in columns.items()}
    )


def _profiles(case: Case, hour: Floats) -> dict[str, Floats]:
    """A morning and an evening peak of load and price, and the sun from six to eighteen."""

    def bump(centre: float, width: float) -> Floats:
        return np.exp(-(((hour - centre) / width) ** 2))

    demand = 0.45 + 0.35 * bump(9.0, 3.0) + 0.55 * bump(19.0, 2.5)
    sun = np.maximum(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0) ** 1.5
    price = np.round(35.0 + 20.0 * bump(8.5, 2.0) + 40.0 * bump(19.0, 2.0) - 8.0 * bump(13.0, 2.5), 4)
    profiles = {"interfaces/substation/price_per_mwh": price}
    for table, column, shape in (("loads", "p_mw", demand), ("loads", "q_mvar", demand), ("renewables", "p_mw", sun)):
        values = np.round(np.outer(case.column(table, column), shape), 6)
        profiles |= {f"{table}/{name}/{column}": row for name, row in zip(case.ids(table), values, strict=True)}
    return profiles
