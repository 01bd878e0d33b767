"""Where the candidates of a plan are on a map: at buses, in lines, between buses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.layout import Ints
from gridpact.report.planning.facts import PLANTS, PROTECTION

ALONG = {"from": 0.25, "to": 0.75}  # of the way from the from to the to end
BETWEEN = " - "


@dataclass(frozen=True)
class Site:
    """A candidate with units at a point; ``bus`` is -1 for what stands in a line."""

    kind: str
    units: int
    point: tuple[float, float]
    bus: int


def sites(case: Case, investments: pd.DataFrame, points: Floats, ends: Ints) -> list[Site]:
    """Plants and devices, built ones first; those whose place the case does not have are left out."""
    found = [*_plants(case, investments, points), *_devices(case, investments, points, ends)]
    return sorted(found, key=lambda site: site.units <= 0)


def _plants(case: Case, investments: pd.DataFrame, points: Floats) -> Iterator[Site]:
    buses = {name: number for number, name in enumerate(case.ids("buses"))}
    kept = investments[investments["kind"].isin(PLANTS)]
    for kind, place, units in kept[["kind", "place", "units"]].itertuples(index=False):
        bus = buses.get(str(place), -1)
        if bus >= 0:
            x, y = points[bus].tolist()
            yield Site(str(kind), int(units), (x, y), bus)


def _devices(case: Case, investments: pd.DataFrame, points: Floats, ends: Ints) -> Iterator[Site]:
    lines, sides = {name: number for number, name in enumerate(case.ids("lines"))}, _sides(case)
    kept = investments[investments["kind"].isin(PROTECTION)]
    for asset, kind, place, units in kept[["asset", "kind", "place", "units"]].itertuples(index=False):
        line = lines.get(str(place), -1)
        if line >= 0:
            start, end = points[ends[line]]
            x, y = (start + ALONG.get(sides.get(str(asset), ""), 0.5) * (end - start)).tolist()
            yield Site(str(kind), int(units), (x, y), -1)


def _sides(case: Case) -> dict[str, str]:
    """The end of its line at which each device would stand, and each device that is there stands."""
    names = {"protection_candidates": "candidate", "protection": "protection"}
    tables = [(case.tables[name], key) for name, key in names.items() if name in case.tables]
    return {
        str(device): str(end)
        for table, key in tables
        if key in table and "end" in table
        for device, end in zip(table[key], table["end"], strict=True)
    }


def types(case: Case, investments: pd.DataFrame) -> tuple[Ints, Ints]:
    """Row numbers of the lines that get another type, and of those that could and do not."""
    lines = {name: number for number, name in enumerate(case.ids("lines"))}
    kept = investments[investments["kind"] == "line"]
    rows = kept["place"].astype(str).map(lines)
    known, units = rows.dropna().astype(np.int64), kept["units"]
    new: Ints = np.unique(known[units[known.index] > 0].to_numpy(dtype=np.int64))
    could: Ints = np.setdiff1d(known.to_numpy(dtype=np.int64), new)
    return new, could


def ties(case: Case, investments: pd.DataFrame) -> tuple[Ints, Ints]:
    """Row numbers of the buses at the ends of ties, shape (ties, 2): those that are built, and those that are not."""
    buses = {name: number for number, name in enumerate(case.ids("buses"))}
    kept = investments[investments["kind"] == "tie"]
    found: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for place, units in zip(kept["place"], kept["units"], strict=True):
        pair = _ends(str(place), buses)
        if pair is not None:
            found[units > 0].append(pair)
    new, not_built = (np.array(found[built], dtype=np.int64).reshape(-1, 2) for built in (True, False))
    return new, not_built


def _ends(place: str, buses: dict[str, int]) -> tuple[int, int] | None:
    """The two buses of "from - to", whose names may contain the same sign."""
    parts = place.split(BETWEEN)
    splits = ((BETWEEN.join(parts[:k]), BETWEEN.join(parts[k:])) for k in range(1, len(parts)))
    return next(((buses[a], buses[b]) for a, b in splits if a in buses and b in buses), None)
