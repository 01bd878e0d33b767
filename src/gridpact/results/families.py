"""Hourly series of a case by family: demand, wind, PV, price. What sixty series show, four can be looked at.

A series is named ``table/id/column``. Powers of a family add up, prices are averaged; a name without strokes is a
family of its own. Candidates of a plan count with one unit each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLANTS = {"wind": "wind", "pv": "PV", "other": "other renewables"}
# Table and column of a series -> its family; renewables go by the kind of the plant.
FAMILIES = {
    ("loads", "p_mw"): "demand",
    ("heat_loads", "heat_mw"): "heat demand",
    ("interfaces", "price_per_mwh"): "price",
}
RENEWABLE = ("renewables", "renewable_candidates")
ORDER = ("demand", "wind", "PV", "other renewables", "renewables", "heat demand", "price")
MEANS = ("price",)


@dataclass(frozen=True)
class Family:
    """``name``, ``unit`` ("{currency}" where it has one; empty where it is not known), and its series by number."""

    name: str
    unit: str
    members: tuple[int, ...]

    def joined(self, values: Floats) -> Floats:
        """The sum of its series along the last axis but one; the mean of prices."""
        chosen = values[..., list(self.members), :]
        joined: Floats = chosen.mean(axis=-2) if self.name in MEANS else chosen.sum(axis=-2)
        return joined


def kinds_of(case: Case) -> dict[str, str]:
    """Kind (wind, pv, other) of every renewable plant and candidate of a case."""
    tables = [case.tables[name] for name in RENEWABLE if name in case.tables]
    keys = ("renewable", "candidate")
    return {
        str(name): str(kind)
        for table, key in zip(tables, keys, strict=False)
        for name, kind in zip(table[key], table["kind"], strict=True)
    }


def families(names: Sequence[str], kinds: Mapping[str, str] | None = None) -> list[Family]:
    """The families of series, the known ones first; series that tell nothing of a day's shape are in none.

    ``kinds`` is what ``kinds_of`` says of a case.
    """
    found: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        family = _family(name, kinds or {})
        if family:
            found.setdefault(family, []).append(number)
    known = [name for name in ORDER if name in found]
    rest = [name for name in found if name not in ORDER]
    return [Family(name, _unit(name), tuple(found[name])) for name in (*known, *rest)]


def _family(name: str, kinds: Mapping[str, str]) -> str:
    table, _, rest = name.partition("/")
    owner, _, column = rest.rpartition("/")
    if not owner:
        return name
    if table in RENEWABLE and column == "p_mw":
        return PLANTS.get(kinds.get(owner, ""), "renewables")
    return FAMILIES.get((table, column), "")


def _unit(name: str) -> str:
    if name in MEANS:
        return "{currency}/MWh"
    return "MW" if name in ORDER else ""


def family_tables(
    names: Sequence[str], values: Floats, labels: Ints, profiles: Floats, kinds: Mapping[str, str] | None = None
) -> dict[str, pd.DataFrame]:
    """All days and their representatives by family, as tables of a run.

    ``values`` (days, series, hours), ``labels`` (days,) the representative of every day, ``profiles``
    (representatives, series, hours); as ``TypicalDays`` has them. Returns ``family_days`` (family, unit, day from 0,
    scenario, hour, value) and ``family_profiles``, the same of the representatives; scenarios are "1", "2", ...
    """
    found = families(names, kinds)
    scenarios = np.array([str(number + 1) for number in range(len(profiles))], dtype=object)
    every = [long_family(family, family.joined(values), scenarios[labels]) for family in found]
    chosen = [long_family(family, family.joined(profiles), scenarios) for family in found]
    return {"family_days": stacked(every), "family_profiles": stacked(chosen)}


def long_family(family: Family, values: Floats, scenarios: NDArray[np.object_]) -> pd.DataFrame:
    """Days of a family, shape (days, steps), as a table: family, unit, day from 0, its scenario, hour, value."""
    days, hours = values.shape
    columns = {
        "day": np.repeat(np.arange(days), hours),
        "scenario": np.repeat(scenarios, hours),
        "hour": np.tile(np.arange(hours) * 24.0 / hours, days),
        "value": values.ravel(),
    }
    return pd.DataFrame({"family": family.name, "unit": family.unit, **columns})


def stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of families as one."""
    columns = ["family", "unit", "day", "scenario", "hour", "value"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
