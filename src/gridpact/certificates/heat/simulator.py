"""Temperatures of a heat network whose flows are known, from what leaves the stations and what heat is drawn.

The supply side is followed from the stations with the water, node by node and all steps at once: water mixes at a node
and goes on through its pipes. The return side is followed the other way, from what the consumers leave. Last comes the
heat of the stations: what they had to give. Nothing runs in circles, so nothing is iterated.

    mixed supply    sum of |m| T_out + m_s T_station        over all that water
    mixed return    sum of |m| T_out + m_c T_S - D / c      over all that water
    station's heat  c m_s (T_station - T_R)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.heat.parcels import Passage, passage, steady_passage
from gridpact.certificates.heat.water import HeatGrid, ambient

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
SIDES = ("supply", "return")
# Share of the largest flow below which the water in a pipe stands still: rounding of equal flows from both sides.
AT_REST = 1e-9
NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Plant:
    """A heat network with its water.

    ``flow`` (m, steps), kg/s, positive from from_node; ``taken`` and ``pumped`` (nodes, steps): water of the consumers
    and of the stations of a node; ``passages``: what each pipe does, for the supply and for the return side.
    """

    grid: HeatGrid
    flow: Floats
    taken: Floats
    pumped: Floats
    passages: tuple[list[Passage | None], list[Passage | None]]

    @cached_property
    def forward(self) -> Bools:
        """Whether water in each pipe goes from its from_node; while it stands still, as it else does; (m, steps)."""
        usual = self.flow.sum(axis=1, keepdims=True) >= 0.0
        return np.asarray(np.where(self.flow == 0.0, usual, self.flow > 0.0))

    @cached_property
    def start(self) -> Ints:
        """Node from which the water of each pipe comes on the supply side, (m, steps)."""
        return np.where(self.forward, self.grid.from_node[:, None], self.grid.to_node[:, None])

    @cached_property
    def end(self) -> Ints:
        """Node to which it goes, (m, steps)."""
        return np.where(self.forward, self.grid.to_node[:, None], self.grid.from_node[:, None])

    @cached_property
    def through(self) -> tuple[Floats, Floats]:
        """All the water through each node, on the supply and on the return side; (nodes, steps)."""
        size = np.abs(self.flow)
        return self.pumped + self.arriving(size, 0), self.taken + self.arriving(size, 1)

    def arriving(self, brought: Floats, side: int) -> Floats:
        """What pipes bring to each node, added up: (m, steps, ...) -> (nodes, steps, ...)."""
        total = np.zeros((self.grid.nodes, *brought.shape[1:]))
        np.add.at(total, (self.start if side else self.end, np.arange(self.flow.shape[1])), brought)
        return total

    def leaving(self, temperature: Floats, side: int) -> Floats:
        """Temperatures of the nodes (nodes, steps) that enter each pipe, (m, steps)."""
        return np.asarray(temperature[self.end if side else self.start, np.arange(self.flow.shape[1])])

    @cached_property
    def routes(self) -> list[tuple[Bools, list[int]]]:
        """Steps with the same directions, (steps,), each with the nodes in the order in which supply water comes."""
        ways, which = np.unique(np.sign(self.flow), axis=1, return_inverse=True)
        found = []
        for k, way in enumerate(ways.T):
            steps = np.asarray(which.ravel() == k)
            first = int(np.argmax(steps))
            ends = self.start[way != 0.0, first], self.end[way != 0.0, first]
            found.append((steps, _order(self.grid.nodes, *ends)))
        return found


@dataclass(frozen=True, eq=False)
class State:
    """Temperatures, degrees Celsius, and the stations' heat, W; all (..., steps, trials).

    ``supply`` and ``back`` per node; ``supply_out`` and ``back_out`` where the water leaves each pipe; ``heat`` per
    node with a station.
    """

    supply: Floats
    back: Floats
    supply_out: Floats
    back_out: Floats
    heat: Floats


def make_plant(case: Case, grid: HeatGrid, flow: Floats, taken: Floats, pumped: Floats, steady: bool) -> Plant:
    """A network whose water is known, with its pipes."""
    around, size = ambient(case)[grid.from_node], np.abs(flow)
    size = np.where(size.max(axis=1, initial=0.0)[:, None] > AT_REST * size.max(initial=0.0), size, 0.0)
    started = [case.column("pipes", f"initial_{side}_degc")[grid.pipes] for side in SIDES]
    way = _Steady(grid, around) if steady else _Moving(case, grid, around)
    supply = [way.passage(pipe, size[pipe], started[0][pipe]) for pipe in range(grid.pipes.size)]
    alike = steady | (np.isnan(started[0]) & np.isnan(started[1]))
    back = [
        supply[pipe] if alike[pipe] else way.passage(pipe, size[pipe], started[1][pipe])
        for pipe in range(grid.pipes.size)
    ]
    return Plant(grid, np.sign(flow) * size, taken, pumped, (supply, back))


@dataclass(frozen=True, eq=False)
class _Steady:
    """Pipes that water passes within its step."""

    grid: HeatGrid
    around: Floats

    def passage(self, pipe: int, size: Floats, initial: float) -> Passage | None:
        capacity = self.grid.capacity[self.grid.from_node[pipe]]
        return steady_passage(size, self.grid.transfer[pipe] / capacity, self.around[pipe]) if size.any() else None


@dataclass(frozen=True, eq=False)
class _Moving:
    """Pipes that water needs its time for."""

    case: Case
    grid: HeatGrid
    around: Floats

    def passage(self, pipe: int, size: Floats, initial: float) -> Passage | None:
        if not size.any():
            return None
        seconds, mass = 3600.0 * self.case.hours, float(self.grid.water[pipe])
        rate = float(self.grid.transfer[pipe] / (self.grid.capacity[self.grid.from_node[pipe]] * mass))
        return passage(mass, size, seconds, rate, self.around[pipe], self.case.window_edges, initial)


def simulate(plant: Plant, leaving: Floats, drawn: Floats) -> State:
    """Follow the water.

    ``leaving``: temperature of what leaves the station of a node; ``drawn``: heat drawn at a node, W; (nodes, steps).
    """
    return _follow(plant, leaving[:, :, None], drawn[:, :, None], trials=False)


def respond(plant: Plant, leaving: Floats, drawn: Floats, held: Ints) -> State:
    """Changes of all temperatures after small changes of ``leaving`` and ``drawn``, all (nodes, steps, trials).

    The stations at the nodes ``held`` keep the temperature of the mixed supply water, whatever heat that takes.
    """
    return _follow(plant, leaving, drawn, trials=True, held=held)


def _follow(plant: Plant, leaving: Floats, drawn: Floats, trials: bool, held: Ints = NONE) -> State:
    pumped = _part(plant.pumped, leaving)
    supply, supply_out = _side(plant, 0, pumped, trials, held)
    given = _part(plant.through[0], supply) - plant.arriving(_part(np.abs(plant.flow), supply_out), 0)
    capacity = plant.grid.capacity[:, None, None]
    back, back_out = _side(plant, 1, _part(plant.taken, supply) - drawn / capacity, trials)
    return State(supply, back, supply_out, back_out, capacity * (given - _part(plant.pumped, back)))


def _part(water: Floats, temperature: Floats) -> Floats:
    """Water (kg/s) times temperature; where there is no water there need be no temperature."""
    return np.where((water > 0.0)[:, :, None], water[:, :, None] * temperature, 0.0)


def _side(plant: Plant, side: int, brought: Floats, trials: bool, held: Ints = NONE) -> tuple[Floats, Floats]:
    """Temperatures of the nodes and behind the pipes of one side.

    ``brought``: water times temperature that stations (or consumers) bring to each node. Water turns round only where
    it passes within its step, so that steps with other directions have nothing to do with each other.
    """
    mixed, behind = np.empty_like(brought), np.empty((plant.flow.shape[0], *brought.shape[1:]))
    for steps, order in plant.routes:
        found = _along(plant, side, brought, trials, set(held.tolist()), order, int(np.argmax(steps)))
        mixed[:, steps], behind[:, steps] = found[0][:, steps], found[1][:, steps]
    return mixed, behind


def _along(
    plant: Plant, side: int, brought: Floats, trials: bool, held: set[int], order: list[int], step: int
) -> tuple[Floats, Floats]:
    """The same with the directions of one step; what it says of steps with others means nothing."""
    first, last = (ends[:, step].tolist() for ends in ((plant.start, plant.end), (plant.end, plant.start))[side])
    size, through = np.abs(plant.flow), plant.through[side]
    mixed, behind = brought.copy(), np.full((plant.flow.shape[0], *brought.shape[1:]), np.nan)
    leaving: list[list[int]] = [[] for _ in range(plant.grid.nodes)]
    for pipe, node in enumerate(first):
        leaving[node].append(pipe)
    for node in order if side == 0 else order[::-1]:
        mixed[node] = 0.0 if node in held else _over(mixed[node], through[node])
        for pipe in leaving[node]:
            passing = plant.passages[side][pipe]
            if passing is not None:
                behind[pipe] = passing.out @ mixed[node] + (0.0 if trials else passing.out_rest[:, None])
                mixed[last[pipe]] += _part(size[pipe : pipe + 1], behind[pipe : pipe + 1])[0]
    return mixed, behind


def _over(amount: Floats, water: Floats) -> Floats:
    """NaN at a node through which no water goes."""
    spread = np.broadcast_to(water[:, None], amount.shape)
    return np.divide(amount, spread, out=np.full_like(amount, np.nan), where=spread > 0.0)


def _order(nodes: int, start: Ints, end: Ints) -> list[int]:
    """Nodes sorted so that all water comes from nodes before (Kahn); those in a circle are left out."""
    waiting = np.bincount(end, minlength=nodes)
    onward: list[list[int]] = [[] for _ in range(nodes)]
    for here, there in zip(start.tolist(), end.tolist(), strict=True):
        onward[here].append(there)
    ready = np.flatnonzero(waiting == 0).tolist()
    for node in ready:
        for there in onward[node]:
            waiting[there] -= 1
            if waiting[there] == 0:
                ready.append(there)
    return ready


def turning(flow: Floats) -> Bools:
    """Pipes in which water flows both ways in the course of time, (m,)."""
    return np.asarray((flow > 0.0).any(axis=1) & (flow < 0.0).any(axis=1))
