"""One fault after the other, followed through the graph of the network: who is dark, and for how long.

The rules of restoration are those of docs/mathematics/reliability.md, here as searches from node to node for a single
fault, by code of its own: nothing is shared with what it judges.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.planning.fault_graph import Fault, FaultGraph, Tie, fault_graph

Floats = NDArray[np.float64]
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Simulated:
    """``dark`` and ``hours`` of every load after every fault, shape (faults, loads)."""

    faults: list[Fault]
    dark: NDArray[np.bool_]
    hours: Floats


def simulate(case: Case) -> Simulated:
    """Every fault of the network of a case. Raises InputError where the network is not radial."""
    graph = fault_graph(case)
    places = {name: number for number, name in enumerate(case.ids("buses"))}
    buses = [places[name] for name in case.tables["loads"]["bus"]]
    shape = (len(graph.faults), len(buses))
    dark, hours = np.zeros(shape, dtype=np.bool_), np.zeros(shape)
    for row, fault in enumerate(graph.faults):
        out = follow(graph, fault)
        dark[row] = [bus in out for bus in buses]
        hours[row] = [out.get(bus, 0.0) for bus in buses]
    return Simulated(graph.faults, dark, hours)


def follow(graph: FaultGraph, fault: Fault) -> dict[int, float]:
    """Hours without supply of every node that goes dark."""
    event = _Event(graph, fault, _darkened(graph, fault.node))
    event.taken = [set() for _ in [*graph.ties, *graph.units]]
    event.left = [tie.limit_mw for tie in graph.ties] + [0.0] * len(graph.units)
    for moment in sorted({*graph.hours, *(tie.hours for tie in graph.ties)}):
        _switch(event, moment)
    return {node: min(event.back.get(node, math.inf), fault.repair_h) for node in event.dark}


@dataclass
class _Event:
    """A fault and what has happened since: ``back`` is when supply came back to a node."""

    graph: FaultGraph
    fault: Fault
    dark: set[int]
    back: dict[int, float] = field(default_factory=dict)
    taken: list[set[int]] = field(default_factory=list)
    left: list[float] = field(default_factory=list)


def _flood(graph: FaultGraph, starts: Iterable[int], passes: Callable[[int, int], bool]) -> set[int]:
    """All nodes reached from some through links that ``passes`` allows, by node and device."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for other, device in graph.links[waiting.pop()]:
            if other not in seen and passes(other, device):
                seen.add(other)
                waiting.append(other)
    return seen


def _darkened(graph: FaultGraph, node: int) -> set[int]:
    """What the next clearing device on the way to the source cuts off; without one, all that the source feeds."""
    trip = -1
    while graph.before[node] >= 0 and trip < 0:
        device = next(device for other, device in graph.links[node] if other == graph.before[node])
        trip = device if device >= 0 and graph.clears[device] else -1
        node = node if trip >= 0 else graph.before[node]
    return _flood(graph, [node], lambda _, device: device < 0 or device != trip)


def _switch(event: _Event, moment: float) -> None:
    """What comes back at a moment: without limit, through ties with a limit, by islands."""
    graph = event.graph
    ready = [tie for tie in graph.ties if tie.hours <= moment]
    lost = _block(event, event.fault.node, moment)
    unlimited = _unlimited(event, lost, [tie for tie in ready if math.isinf(tie.limit_mw)])
    for node in unlimited & event.dark:
        event.back.setdefault(node, moment)
    for number, tie in enumerate(graph.ties):
        if tie in ready and math.isfinite(tie.limit_mw):
            for outer, inner in (tie.ends, tie.ends[::-1]):
                if outer in unlimited and inner not in unlimited and inner not in lost:
                    _pick_up(event, number, inner, moment, lost, _nothing)
    for number, unit in enumerate(graph.units, start=len(graph.ties)):
        if unit.bus in event.dark and unit.bus not in lost:
            _pick_up(event, number, unit.bus, moment, lost, lambda block: _firm(event, block))


def _block(event: _Event, node: int, moment: float) -> set[int]:
    """The dark nodes that no device that can be opened by now stands between."""
    hours = event.graph.hours
    return _flood(
        event.graph, [node], lambda other, device: other in event.dark and (device < 0 or hours[device] > moment)
    )


def _unlimited(event: _Event, lost: set[int], ties: list[Tie]) -> set[int]:
    """Whatever is reached from nodes that are not dark without passing the part with the fault."""
    everything = set(range(len(event.graph.links)))
    reached = everything - event.dark
    while True:
        further = _flood(event.graph, reached, lambda other, _: other not in lost)
        for one, other in [pair for tie in ties for pair in (tie.ends, tie.ends[::-1])]:
            if one in further and other not in lost:
                further.add(other)
        if further == reached:
            return reached
        reached = further


def _nothing(block: set[int]) -> float:
    return 0.0


def _firm(event: _Event, block: set[int]) -> float:
    """Power that the units of a block hold until the end of the repair."""
    hours = max(event.fault.repair_h, 1e-9)
    units = [unit for unit in event.graph.units if unit.bus in block]
    return sum(min(unit.power_mw, unit.energy_mwh / hours) for unit in units)


def _pick_up(
    event: _Event, number: int, start: int, moment: float, lost: set[int], gain: Callable[[set[int]], float]
) -> None:
    """Blocks near to far, by devices passed and the row of the device, as far as what is left allows."""
    mine, seen = event.taken[number], set()
    queue = [(0, -1, start)]
    while queue:
        passed, _, node = heapq.heappop(queue)
        if node in seen:
            continue
        block = _block(event, node, moment)
        seen |= block
        if node not in mine and not _takes(event, number, block, moment, gain):
            continue
        for inner in block:
            for other, device in event.graph.links[inner]:
                if other in event.dark and other not in lost and other not in block:
                    heapq.heappush(queue, (passed + 1, device, other))


def _takes(event: _Event, number: int, block: set[int], moment: float, gain: Callable[[set[int]], float]) -> bool:
    """Whether a supply picks up a block; notes it where it does."""
    load = sum(event.graph.load[node] for node in block if node < len(event.graph.load))
    added = gain(block)
    room = (event.left[number] + added) * (1.0 + ROUNDING) + ROUNDING
    if any(node in event.back for node in block) or load > room:
        return False
    event.left[number] += added - load
    event.taken[number] |= block
    for node in block:
        event.back.setdefault(node, moment)
    return True
