"""The heat network of a case as arrays: what flows where, how long it takes, and which temperatures are allowed.

Temperatures are in units of ``DEGREES``; heat per unit on the power base of the electricity market.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case
from gridpact.case.heat import (
    components,
    consumer_flow,
    heat_capacity,
    pipe_ends,
    pipes_in_service,
    pumps_the_rest,
    station_flow,
)
from gridpact.errors import InputError, Issue
from gridpact.physics.heat.hydraulics import Hydraulics, Pipes, network_flow
from gridpact.physics.heat.transport import Linear, Water, outlets, steady

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# One unit of temperature, in degrees.
DEGREES = 50.0
WATTS = 1e6
PASCALS = 1e5
SECONDS = 3600.0
# Share of a network's largest flow below which a pipe is taken to be at rest.
AT_REST = 1e-9
# Speed of water in m/s that no pipe stands.
FASTEST = 10.0


@dataclass(frozen=True, eq=False)
class Flows:
    """Water of the consumers and of the stations of a case, kg/s, (rows of the table, steps)."""

    consumers: Floats
    stations: Floats


@dataclass(frozen=True, eq=False)
class HeatNetwork:
    """Nodes (n) and pipes with moving water (m) over all steps; a pipe in which it turns round is there once each way.

    ``moving`` holds the pipes' positions in the case, ``inlet`` and ``outlet`` the nodes at which supply water enters
    and leaves them (return water the other way), ``flow`` its size in kg/s, zero while it goes the other way.
    ``consumers`` and ``stations`` (n, steps) is the water that passes from supply to return and back at each node;
    ``warmth`` (n,) the heat, per unit, of one kg/s and one unit of temperature. ``supply`` and ``back`` give outlet
    temperatures. ``references`` are the nodes of the stations that pump what is left, ``reference`` that of every node.
    """

    base_mva: float
    moving: Ints
    inlet: Ints
    outlet: Ints
    flow: Floats
    consumers: Floats
    stations: Floats
    warmth: Floats
    supply: Linear
    back: Linear
    water: tuple[Water, Water]
    hydraulics: Hydraulics
    references: Ints
    reference: Ints
    steady: bool

    def picks(self, nodes: Ints) -> sp.csr_array:
        """Matrix (m x n) that picks the node at an end of every pipe."""
        ones = np.ones(nodes.size)
        return sp.csr_array((ones, (np.arange(nodes.size), nodes)), shape=(nodes.size, self.warmth.size))

    @cached_property
    def carried(self) -> Floats:
        """Heat per unit of temperature that the water in each pipe carries, (m, steps)."""
        return self.warmth[self.inlet, None] * self.flow

    @cached_property
    def arriving(self) -> tuple[Floats, Floats]:
        """Water that pipes bring to each node: supply, return; kg/s, (n, steps)."""
        return self.picks(self.outlet).T @ self.flow, self.picks(self.inlet).T @ self.flow

    @cached_property
    def apart(self) -> tuple[Ints, Ints]:
        """Nodes whose stations, and whose consumers, mix what leaves them with water that pipes bring."""
        to_supply, to_back = ((water > 0.0).any(axis=1) for water in self.arriving)
        stations, consumers = ((water > 0.0).any(axis=1) for water in (self.stations, self.consumers))
        return np.flatnonzero(to_supply & stations), np.flatnonzero(to_back & consumers)


def design_flows(case: Case) -> Flows:
    """What consumers take and stations pump by the data of the case."""
    return Flows(consumer_flow(case), station_flow(case))


def heat_network(case: Case, base_mva: float, dynamics: str, flows: Flows) -> HeatNetwork:
    """The heat network with given water. Raises ``InputError`` for pipes in which it would turn round."""
    consumers, stations = (
        _at_nodes(case, table, values)
        for table, values in (("heat_loads", flows.consumers), ("heat_sources", flows.stations))
    )
    labels = components(case)
    references = case.positions("heat_sources", "node")[pumps_the_rest(case)]
    hydraulics = network_flow(_pipes(case), stations - consumers, references)
    _require_pipes_wide_enough(case, hydraulics.flow)
    moving, forward = _directed(hydraulics.flow, float(consumers.max(initial=0.0)))
    _require_moving_water(case, consumers + stations, references, moving)
    if dynamics != "steady":
        _require_one_direction(case, hydraulics.flow, moving)
    ends = np.array(pipe_ends(case))
    inlet, outlet = (np.where(forward, ends[k][moving], ends[1 - k][moving]) for k in (0, 1))
    flow = np.maximum(np.where(forward[:, None], 1.0, -1.0) * hydraulics.flow[moving], 0.0)
    water = _water(case, moving, flow)
    supply, back = _transport(case, dynamics, water)
    own = np.empty(labels.size, dtype=np.int64)
    own[labels[references]] = references
    return HeatNetwork(
        base_mva=base_mva,
        moving=pipes_in_service(case)[moving],
        inlet=inlet,
        outlet=outlet,
        flow=flow,
        consumers=consumers,
        stations=stations,
        warmth=heat_capacity(case) * DEGREES / WATTS / base_mva,
        supply=supply,
        back=back,
        water=water,
        hydraulics=hydraulics,
        references=references,
        reference=own[labels],
        steady=dynamics == "steady",
    )


def _at_nodes(case: Case, table: str, values: Floats) -> Floats:
    total = np.zeros((case.count("heat_nodes"), case.steps))
    np.add.at(total, case.positions(table, "node"), values)
    return total


def _pipes(case: Case) -> Pipes:
    """Pipes in service, SI units."""
    there, (start, end) = pipes_in_service(case), pipe_ends(case)
    network = case.positions("heat_nodes", "heat_network")[start]
    one, every = np.ones(there.size), np.arange(there.size)
    shape = (case.count("heat_nodes"), there.size)
    return Pipes(
        length=case.column("pipes", "length_m")[there],
        diameter=case.column("pipes", "diameter_mm")[there] / 1000.0,
        roughness=case.column("pipes", "roughness_mm")[there] / 1000.0,
        loss_coefficient=case.column("pipes", "loss_coefficient")[there],
        density=case.column("heat_networks", "density_kg_per_m3")[network],
        viscosity=case.column("heat_networks", "viscosity_m2_per_s")[network],
        incidence=sp.csr_array((one, (start, every)), shape) - sp.csr_array((one, (end, every)), shape),
    )


def _require_pipes_wide_enough(case: Case, flow: Floats) -> None:
    """``InputError`` naming pipes in which water would move faster than in any network."""
    pipes, there = _pipes(case), pipes_in_service(case)
    speed = np.abs(flow).max(axis=1, initial=0.0) / (pipes.density * np.pi * pipes.diameter**2 / 4.0)
    names = case.ids("pipes")
    issues = [
        Issue(
            f"water would move at {speed[row]:.3g} m/s, and in no network it moves at {FASTEST:g}",
            "The column is in mm; give a larger pipe, or less flow (design_heat_mw, design_drop_k, flow_kg_per_s).",
            "pipes.csv",
            column="diameter_mm",
            value=f"{names[there[row]]}: {1000.0 * pipes.diameter[row]:g}",
        )
        for row in np.flatnonzero(speed > FASTEST).tolist()
    ]
    if issues:
        raise InputError(issues)


def _directed(flow: Floats, taken: float) -> tuple[Ints, NDArray[np.bool_]]:
    """Pipes in which water moves, once for each of its directions, and which of these is forward.

    What moves less than a share of what a consumer may take, ``taken``, is at rest.
    """
    least = AT_REST * max(taken, float(np.abs(flow).max(initial=0.0)))
    ways = [np.flatnonzero((sign * flow).max(axis=1, initial=0.0) > least) for sign in (1.0, -1.0)]
    return np.concatenate(ways), np.repeat([True, False], [way.size for way in ways])


def _require_moving_water(case: Case, passing: Floats, references: Ints, moving: Ints) -> None:
    """``InputError`` naming nodes whose water never meets that of the station that pumps what is left.

    Their temperatures would be anybody's guess: they are a network of their own, and need such a station.
    """
    start, end = (ends[moving] for ends in pipe_ends(case))
    nodes = case.count("heat_nodes")
    label = connected_components(sp.csr_array((np.ones(start.size), (start, end)), (nodes, nodes)), directed=False)[1]
    alone = ~np.isin(label, label[references]) & (passing > 0.0).any(axis=1)
    names = [name for name, one in zip(case.ids("heat_nodes"), alone, strict=True) if one]
    if names:
        message = f"no water moves between the station that pumps what is left and node(s) {', '.join(names[:5])}"
        fix = "Change flow_share or flow_kg_per_s, or part the networks: pipes out of service, each with its own rest."
        raise InputError([Issue(message, fix, "heat_sources.csv")])


def _require_one_direction(case: Case, flow: Floats, moving: Ints) -> None:
    turning = np.flatnonzero(np.bincount(moving, minlength=len(flow)) > 1)
    if turning.size:
        raise InputError(list(_turning_issues(case, flow[turning], pipes_in_service(case)[turning])))


def _turning_issues(case: Case, flow: Floats, pipes: Ints) -> Iterator[Issue]:
    names, file = case.ids("pipes"), "pipes.csv"
    for row, pipe in zip(flow, pipes.tolist(), strict=True):
        step = int(np.argmax(np.sign(row) != np.sign(row[0])))
        moment = case.snapshots[step].isoformat()
        message = f"the water in the pipe turns round: {row[0]:.4g} kg/s in the first step, {row[step]:.4g} at {moment}"
        fix = 'Clear with heat_dynamics = "steady", or give flows that keep their direction.'
        yield Issue(message, fix, file, column="pipe", value=names[pipe])


def _water(case: Case, moving: Ints, flow: Floats) -> tuple[Water, Water]:
    """The water in the supply and in the return pipes."""
    there, pipes = pipes_in_service(case)[moving], _pipes(case)
    network = case.positions("heat_nodes", "heat_network")[pipe_ends(case)[0][moving]]
    mass = (pipes.density * pipes.length * np.pi * pipes.diameter**2 / 4.0)[moving]
    capacity = case.column("heat_networks", "heat_capacity_j_per_kgk")[network]
    heat_transfer = case.column("pipes", "heat_transfer_w_per_mk")[there]
    rate = heat_transfer * pipes.length[moving] / (mass * capacity)
    ambient = case.series("heat_networks", "ambient_degc")[network]
    first = Water(mass, flow, rate, ambient, case.column("pipes", "initial_supply_degc")[there])
    return first, replace(first, initial=case.column("pipes", "initial_return_degc")[there])


def _transport(case: Case, dynamics: str, water: tuple[Water, Water]) -> tuple[Linear, Linear]:
    """Outlet temperatures in units of ``DEGREES``; the same for both sides unless their beginnings differ."""
    supply, back = water
    alike = bool(np.isnan(supply.initial).all() and np.isnan(back.initial).all())
    first = _linear(case, dynamics, supply)
    return first, first if alike or dynamics == "steady" else _linear(case, dynamics, back)


def _linear(case: Case, dynamics: str, water: Water) -> Linear:
    exact = steady(water) if dynamics == "steady" else outlets(water, case.hours * SECONDS, case.window_edges)
    return Linear(exact.matrix, exact.constant / DEGREES)
