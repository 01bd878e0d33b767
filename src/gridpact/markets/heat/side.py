"""The heat side of a market: devices of the heat network, its balances and its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.chp import chps
from gridpact.physics.devices.device import Device, total, zeros
from gridpact.physics.devices.heat_load import heat_loads, pumps
from gridpact.physics.devices.heat_storage import heat_storages
from gridpact.physics.devices.heat_unit import electric_boilers, gas_boilers, heat_pumps
from gridpact.physics.devices.modes import Apart
from gridpact.physics.devices.unit import Held
from gridpact.physics.heat import constant_flow
from gridpact.physics.heat.network import Flows, HeatNetwork, design_flows, heat_network
from gridpact.physics.heat.pumps import pump_power
from gridpact.programs.affine import Affine, Variable, nothing
from gridpact.programs.program import Named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DYNAMICS = ("quasi_dynamic", "steady")


@dataclass(frozen=True, eq=False)
class Anchor:
    """Temperatures of what leaves the stations, (nodes, steps), in units of the program.

    ``resistance`` is the price of leaving them by one unit, relative to that of the heat this takes.
    """

    temperature: Floats
    resistance: float


@dataclass(frozen=True, eq=False)
class Heating:
    """The heat network of a case with its water, and what the pumps of its stations take; MW, (heat_sources, steps).

    ``anchor`` are supply temperatures that stations leave only at a price that grows from zero: the answer to other
    flows is then a smooth one.
    """

    network: HeatNetwork
    flows: Flows
    pump_mw: Floats
    method: str = "flows by design"
    anchor: Anchor | None = None


def heating(
    case: Case, base: float, dynamics: str, flows: Flows | None = None, anchor: Anchor | None = None
) -> Heating | None:
    """The heat network with the flows of the case's design or with others; None where the case has none.

    Raises ``InputError`` where water would turn round in a pipe.
    """
    if not case.count("heat_nodes"):
        return None
    water = flows or design_flows(case)
    network = heat_network(case, base, dynamics, water)
    return Heating(network, water, pump_power(case, network, water), anchor=anchor)


def heat_devices(case: Case, heat: Heating, held: Held, apart: Apart | None = None) -> list[Device]:
    """Every kind of device of the heat network that the case has."""
    base = heat.network.base_mva
    builders: dict[str, Callable[[Case, float], Device]] = {
        "chps": partial(chps, held=held),
        "electric_boilers": partial(electric_boilers, held=held),
        "heat_pumps": partial(heat_pumps, held=held),
        "gas_boilers": partial(gas_boilers, held=held),
        "heat_storages": partial(heat_storages, held=held, apart=apart or {}),
        "heat_loads": heat_loads,
        "heat_sources": partial(pumps, power=heat.pump_mw),
    }
    return [build(case, base) for table, build in builders.items() if case.count(table)]


def heat_constraints(case: Case, heat: Heating, devices: list[Device]) -> tuple[dict[str, Variable], Named]:
    """Temperatures with their balances and limits, fed and drawn on by the devices."""
    network = heat.network
    state = constant_flow.variables(network, case.steps)
    heated, drawn = heated_and_drawn(network, devices)
    balances = constant_flow.balances(network, state, heated, drawn)
    return dict(state), balances | constant_flow.limits(case, network, state)


def held_back(case: Case, heat: Heating, state: Mapping[str, Variable]) -> tuple[Affine, dict[str, Floats]]:
    """Linear and quadratic cost per step of leaving the anchor; nothing without one."""
    if heat.anchor is None:
        return nothing(), {}
    network, cost, squares = heat.network, nothing(), {}
    apart, _ = network.apart
    alone = np.setdiff1d(np.flatnonzero((network.stations > 0.0).any(axis=1)), apart)
    worth = heat.anchor.resistance * float(
        np.abs(case.series("interfaces", "price_per_mwh")).mean() if case.count("interfaces") else 1.0
    )
    for name, nodes, places in (
        ("supply_temperature", alone, alone),
        ("station_temperature", apart, np.arange(apart.size)),
    ):
        if nodes.size:
            weight = np.zeros(state[name].shape)
            weight[places] = worth * network.base_mva * network.warmth[nodes, None] * network.stations[nodes]
            target = np.zeros_like(weight)
            target[places] = heat.anchor.temperature[nodes]
            squares[name] = weight
            cost = cost - 2.0 * total(weight * target, state[name]) + float((weight * target**2).sum())
    return cost, squares


def heated_and_drawn(network: HeatNetwork, devices: list[Device]) -> tuple[Affine, Affine]:
    """Heat given to the supply side of the stations' nodes, and heat drawn from the return side of nodes.

    A device at a node without a station serves the consumers there: less is drawn.
    """
    nodes, steps = network.stations.shape
    heated, drawn = zeros((nodes, steps)), zeros((nodes, steps))
    for device in devices:
        if device.heat is not None:
            feeds = feeding(network, device.kind, device.nodes)
            heated = heated + _place(device.nodes, feeds, nodes) @ device.heat
            drawn = drawn - _place(device.nodes, ~feeds, nodes) @ device.heat
    return heated, drawn


def feeding(network: HeatNetwork, kind: str, nodes: Ints) -> NDArray[np.bool_]:
    """Which devices of a kind feed the supply side: all but consumers, where there is a station."""
    stations: NDArray[np.bool_] = np.any(network.stations > 0.0, axis=1)
    return np.asarray(stations[nodes] & (kind != "heat_load"), dtype=np.bool_)


def _place(nodes: Ints, which: NDArray[np.bool_], count: int) -> sp.csr_array:
    columns = np.flatnonzero(which)
    return sp.csr_array((np.ones(columns.size), (nodes[columns], columns)), shape=(count, nodes.size))
