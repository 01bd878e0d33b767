"""The network of a case as a plain graph for following single faults: nodes, the devices between them, ties, supplies.

Nodes are the buses, then the lines, then the transformers, so that a fault sits in a node and a device between two.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue

Links = list[list[tuple[int, int]]]
CLEARING = {"breaker", "recloser", "fuse"}


@dataclass(frozen=True)
class Tie:
    """An open line between two buses."""

    ends: tuple[int, int]
    hours: float
    limit_mw: float


@dataclass(frozen=True)
class Unit:
    """A generator or storage that can feed an island."""

    bus: int
    power_mw: float
    energy_mwh: float


@dataclass(frozen=True)
class Fault:
    """What fails: its node, failures per year, hours of repair."""

    name: str
    node: int
    rate: float
    repair_h: float


@dataclass(frozen=True, eq=False)
class FaultGraph:
    """``links`` has neighbour and device (-1: none) of every node; ``before`` the node on the way to the source."""

    links: Links
    before: list[int]
    hours: list[float]
    clears: list[bool]
    ties: list[Tie]
    units: list[Unit]
    faults: list[Fault]
    load: list[float]


def fault_graph(case: Case) -> FaultGraph:
    """The graph of a case. Raises InputError where a search from the interfaces meets a node a second time."""
    bus = {name: number for number, name in enumerate(case.ids("buses"))}
    table = case.tables["protection"]
    links = _links(case, bus)
    sources = sorted({bus[name] for name in case.tables["interfaces"]["bus"]})
    hours = [float(value) for value in table["switching_h"]]
    clears = [kind in CLEARING for kind in table["kind"]]
    before = _before(links, sources)
    faults = [fault for fault in _faults(case, len(bus)) if before[fault.node] != _NOWHERE]
    load = [0.0] * len(bus)
    for name, power in zip(case.tables["loads"]["bus"], case.series("loads", "p_mw"), strict=True):
        load[bus[name]] += float(np.clip(power, 0.0, None).mean())
    return FaultGraph(links, before, hours, clears, _ties(case, bus), _units(case, bus), faults, load)


_NOWHERE = -2
_SOURCE = -1


def _open_lines(case: Case) -> set[str]:
    rows = case.tables["switches"]
    return {str(line) for line, closed in zip(rows["line"], rows["closed"], strict=True) if not closed}


def _links(case: Case, bus: dict[str, int]) -> Links:
    rows = case.tables["protection"]
    device = {(row.line, row.end): number for number, row in enumerate(rows.itertuples())}
    links: Links = [[] for _ in range(len(bus) + case.count("lines") + case.count("transformers"))]
    opened, node = _open_lines(case), len(bus)
    for table, key in (("lines", "line"), ("transformers", "transformer")):
        for row in case.tables[table].to_dict("records"):
            if row["in_service"] and not (table == "lines" and row[key] in opened):
                for end in ("from", "to"):
                    at, between = bus[row[f"{end}_bus"]], device.get((row[key], end), -1) if table == "lines" else -1
                    links[node].append((at, between))
                    links[at].append((node, between))
            node += 1
    return links


def _before(links: Links, sources: list[int]) -> list[int]:
    before = [_NOWHERE] * len(links)
    waiting = deque(sources)
    for source in sources:
        before[source] = _SOURCE
    while waiting:
        node = waiting.popleft()
        for other, _ in links[node]:
            if other == before[node]:
                continue
            if before[other] != _NOWHERE:
                fix = "Open a switch in every loop and between interfaces."
                raise InputError([Issue("a fault cannot be followed: the network is not radial", fix)])
            before[other] = node
            waiting.append(other)
    return before


def _faults(case: Case, buses: int) -> list[Fault]:
    found, node = [], buses
    for row in case.tables["lines"].to_dict("records"):
        rate = row["failures_per_km_year"] * row["length_km"]
        found.append(Fault(row["line"], node, rate, row["repair_h"]))
        node += 1
    for row in case.tables["transformers"].to_dict("records"):
        found.append(Fault(row["transformer"], node, row["failures_per_year"], row["repair_h"]))
        node += 1
    return [fault for fault in found if fault.rate > 0.0]


def _ties(case: Case, bus: dict[str, int]) -> list[Tie]:
    switches = case.tables["switches"]
    ties = []
    for row in case.tables["lines"].to_dict("records"):
        points = switches[(switches["line"] == row["line"]) & ~switches["closed"]]
        if row["in_service"] and len(points):
            limits = [limit for limit in points["transfer_mw"] if not math.isnan(limit)]
            ends = bus[row["from_bus"]], bus[row["to_bus"]]
            ties.append(Tie(ends, max(points["switching_h"]), min(limits, default=math.inf)))
    return ties


def _units(case: Case, bus: dict[str, int]) -> list[Unit]:
    units = []
    for row, highest in zip(case.tables["generators"].to_dict("records"), _least(case, "generators"), strict=True):
        if row["islanding"]:
            units.append(Unit(bus[row["bus"]], highest, math.inf))
    for row, highest in zip(case.tables["storages"].to_dict("records"), _least(case, "storages"), strict=True):
        if row["islanding"]:
            energy = (row["initial_mwh"] - row["min_mwh"]) * row["efficiency_discharge"]
            units.append(Unit(bus[row["bus"]], highest, energy))
    return units


def _least(case: Case, table: str) -> list[float]:
    """The least of the highest powers over the horizon, not below zero."""
    column = {"generators": "max_p_mw", "storages": "discharge_mw"}[table]
    return [max(0.0, float(power.min())) for power in case.series(table, column)]
