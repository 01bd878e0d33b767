"""Seeded hard districts: where the relaxation of the branch flow tends to invent losses.

Five feeders (the 33-node day, 15 nodes, two synthetic ones, half of a 179-bus one) under light load, with PV of half to
three times the peak load at far ends, voltage caps of 1.03 to 1.05, prices from -50 to 100, selling prices below buying
prices, export limits, with and without reactive power of the inverters, PV that must be taken or may be curtailed, over
one hour or a day, some with storage. Five kinds of difficulty:

    cap        reverse flow against the voltage cap at a positive price
    negative   a negative price: losses are paid for
    export     more PV than may be exported
    flat       surplus is worth nothing
    must       PV that must be taken; where it cannot be, the relaxation may still have a point
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = ("cap", "negative", "export", "flat", "must")
SELLING = {"cap": (1.0, 0.9, 0.5), "negative": (1.0,), "export": (1.0, 0.9), "flat": (0.0,), "must": (1.0, 0.9, 0.0)}
# Feeder, seed, and how many cases: one hour, a day, a day with storage.
PLAN = (
    ("ieee33", 33, 15, 4, 3),
    ("nodes15", 15, 6, 1, 1),
    ("synthetic60", 60, 6, 1, 1),
    ("synthetic141", 141, 5, 1, 0),
    ("oberrhein70", 70, 6, 1, 1),
)
NETWORK = ("buses", "lines", "transformers", "switches", "interfaces", "loads", "shunts")
LOAD = ("p_mw", "q_mvar")


@dataclass(frozen=True)
class Setting:
    """One hard district; ratios are relative to the feeder's peak load, ``cap`` is in p.u."""

    name: str
    feeder: str
    kind: str
    steps: int
    storage: bool
    pv_ratio: float
    plants: int
    load_ratio: float
    cap: float
    price: float
    sell_ratio: float
    export_ratio: float
    sn_ratio: float
    must_take: bool


def hard_instances() -> dict[str, Case]:
    """All hard districts by name; the same on every machine."""
    return {setting.name: hard_case(setting) for setting in settings()}


def settings() -> list[Setting]:
    """What is varied, drawn from one seed per feeder, every kind in turn."""
    found = []
    for feeder, seed, hours, days, stored in PLAN:
        random = np.random.default_rng(seed)
        lengths = [(1, False)] * hours + [(24, False)] * days + [(24, True)] * stored
        for number, (steps, storage) in enumerate(lengths):
            kind = KINDS[number % len(KINDS)]
            found.append(_setting(random, f"{feeder}-{number:02d}-{kind}", feeder, kind, steps, storage))
    return found


def _setting(random: np.random.Generator, name: str, feeder: str, kind: str, steps: int, storage: bool) -> Setting:
    """Draws in a fixed order, the same for every kind."""
    pv_ratio, load_ratio, price = random.uniform(0.5, 3.0), random.uniform(0.1, 0.5), random.uniform(10.0, 100.0)
    plants, cap, export = (
        int(random.integers(2, 6)),
        float(random.choice([1.03, 1.04, 1.05])),
        random.uniform(0.05, 0.4),
    )
    sell, controlled, hard_must = float(random.choice(SELLING[kind])), random.random() < 0.5, random.random() < 0.5
    must = kind == "must"
    # Must-take PV of three times the peak is hopeless for everybody: half of these keep to one peak, half to 1.75.
    taken = 0.5 + (0.5 if hard_must else 0.2) * (pv_ratio - 0.5)
    return Setting(
        name=name,
        feeder=feeder,
        kind=kind,
        steps=steps,
        storage=storage,
        pv_ratio=round(taken if must else pv_ratio, 3),
        plants=plants,
        load_ratio=round(load_ratio, 3),
        cap=cap,
        price=round(-price / 2.0 if kind == "negative" else price, 2),
        sell_ratio=sell,
        export_ratio=round(export, 3) if kind == "export" else np.nan,
        sn_ratio=round(float(random.uniform(1.0, 1.2)), 3) if controlled else np.nan,
        must_take=must,
    )


def hard_case(setting: Setting) -> Case:
    """The district of a setting."""
    base = _feeder(setting.feeder)
    peak = float(base.column("loads", "p_mw").sum())
    ends = _far_ends(base, setting.plants)
    tables = {name: base.tables[name] for name in NETWORK}
    free = tables["buses"]["bus"] != tables["interfaces"]["bus"][0]
    tables["buses"] = tables["buses"].assign(vm_min_pu=0.9, vm_max_pu=np.where(free, setting.cap, 1.1))
    tables["interfaces"] = _table("interfaces", _interface(base, setting, peak))
    tables["renewables"] = _table("renewables", _plants(base, setting, peak, ends))
    tables["storages"] = _table("storages", _storages(base, setting, peak, ends))
    empty = {name: _table(name, {}) for name in SCHEMA}
    start = pd.Timestamp("2030-06-04T00:00:00+00:00")
    case = Case(setting.name, "EUR", "UTC", start, 60.0, setting.steps, empty | tables, pd.DataFrame())
    return case.with_profiles(_profiles(case, setting))


def _interface(base: Case, setting: Setting, peak: float) -> dict[str, Any]:
    return {
        "interface": ["grid"],
        "bus": [base.tables["interfaces"]["bus"][0]],
        # The transformer of the 20 kV half raises the voltage by 1 / 0.955.
        "vm_pu": 0.97 if setting.feeder == "oberrhein70" else 1.0,
        "price_per_mwh": setting.price,
        "sell_ratio": setting.sell_ratio,
        "max_import_mw": 2.0 * peak,
        "max_export_mw": np.round(setting.export_ratio * peak, 4),
    }


def _plants(base: Case, setting: Setting, peak: float, ends: Ints) -> dict[str, Any]:
    power = np.round(setting.pv_ratio * peak / ends.size, 4)
    buses = np.array(base.ids("buses"), dtype=object)[ends]
    return {
        "renewable": [f"pv-{name}" for name in buses],
        "bus": buses,
        "kind": "pv",
        "p_mw": power,
        "sn_mva": np.round(setting.sn_ratio * power, 4),
        "curtailable": not setting.must_take,
    }


def _storages(base: Case, setting: Setting, peak: float, ends: Ints) -> dict[str, Any]:
    if not setting.storage:
        return {}
    power = round(0.2 * peak, 4)
    return {
        "storage": ["battery"],
        "bus": [base.ids("buses")[ends[0]]],
        "energy_mwh": 4.0 * power,
        "charge_mw": power,
        "discharge_mw": power,
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.95,
        "initial_mwh": power,
        "wear_cost_per_mwh": 4.0,
    }


def _profiles(case: Case, setting: Setting) -> dict[str, Floats]:
    """One hour: light load and full sun. A day: two peaks of load and price, the setting's price at noon."""
    hour = np.array([12.0]) if setting.steps == 1 else np.arange(setting.steps, dtype=np.float64)
    sun = np.maximum(np.sin(np.pi * (hour - 5.0) / 14.0), 0.0) ** 1.5
    evening = np.exp(-(((hour - 19.0) / 2.5) ** 2)) + 0.6 * np.exp(-(((hour - 8.0) / 2.0) ** 2))
    demand = setting.load_ratio + (1.0 - setting.load_ratio) * evening * float(setting.steps > 1)
    profiles: dict[str, Floats] = {}
    if setting.steps > 1:
        profiles["interfaces/grid/price_per_mwh"] = np.round(setting.price + (100.0 - setting.price) * evening, 3)
    for table, column, shape in (("loads", "p_mw", demand), ("loads", "q_mvar", demand), ("renewables", "p_mw", sun)):
        values = np.round(np.outer(case.column(table, column), shape), 6)
        profiles |= {f"{table}/{name}/{column}": row for name, row in zip(case.ids(table), values, strict=True)}
    return profiles


@cache
def _feeder(name: str) -> Case:
    """Network and peak loads of a feeder."""
    if name.startswith("synthetic"):
        return gp.synthetic_feeder(int(name.removeprefix("synthetic")), steps=1, seed=7)
    source = {"ieee33": "ieee33-day", "nodes15": "papavasiliou15", "oberrhein70": "oberrhein-day"}[name]
    case = gp.read_case(gp.examples.path(source) / "case")
    if name == "oberrhein70":
        # All loads at their largest at once would be more than the cables carry.
        loads = case.tables["loads"].assign(**{column: 0.4 * case.column("loads", column) for column in LOAD})
        return _half(case.with_table("loads", loads))
    # Rated for the few loads of the paper, the lines of the 15 nodes would hide the voltages.
    lines = case.tables["lines"]
    return case.with_table("lines", lines.assign(max_i_ka=np.nan)) if name == "nodes15" else case


def _half(case: Case) -> Case:
    """The part of the network behind the second interface."""
    from gridpact.case.network import island_labels

    labels = island_labels(case)
    keep = labels == labels[case.positions("interfaces", "bus")[1]]
    names = set(np.array(case.ids("buses"), dtype=object)[keep])
    tables = dict(case.tables)
    ends = {"lines": ("from_bus", "to_bus"), "transformers": ("from_bus", "to_bus"), "switches": ("line",)}
    for table in NETWORK:
        inside = set(tables["lines"]["line"]) if table == "switches" else names
        rows = tables[table][list(ends.get(table, ("bus",)))].isin(inside).all(axis=1)
        tables[table] = tables[table][rows].reset_index(drop=True)
    return replace(case, tables=tables, profiles=pd.DataFrame())


def _far_ends(case: Case, count: int) -> Ints:
    """The buses electrically farthest from the interface among the ends of the tree, one per part of the feeder."""
    carrying = case.lines_in_service()
    r = (case.column("lines", "r_ohm_per_km") * case.column("lines", "length_km"))[carrying]
    r = np.concatenate([r, case.column("transformers", "r_ohm")]) + 1e-6
    ends = [
        np.concatenate([case.positions("lines", side)[carrying], case.positions("transformers", side)])
        for side in ("from_bus", "to_bus")
    ]
    distance = np.full(case.count("buses"), np.inf)
    distance[case.positions("interfaces", "bus")[0]] = 0.0
    for _ in range(distance.size):
        for one, other in (ends, ends[::-1]):
            np.minimum.at(distance, other, distance[one] + r)
    degree = np.bincount(np.concatenate(ends), minlength=distance.size)
    leaves = np.flatnonzero((degree == 1) & np.isfinite(distance) & (distance > 0))
    return leaves[np.argsort(-distance[leaves], kind="stable")][:count]


def _table(name: str, given: Mapping[str, Any]) -> pd.DataFrame:
    """A table with all its columns, defaults where none is given."""
    rows = len(next(iter(given.values()), []))
    kinds = {"number": np.float64, "flag": np.bool_}
    columns = SCHEMA[name].columns
    return pd.DataFrame(
        {
            column.name: pd.Series(
                given.get(column.name, column.default), index=range(rows), dtype=kinds.get(column.kind, object)
            )
            for column in columns
        }
    )
