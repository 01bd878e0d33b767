"""The heat side of a market: devices of the heat network, its balances and its limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.chp import chps
from gridpact.physics.devices.device import Device, zeros
from gridpact.physics.devices.heat_load import heat_loads, pumps
from gridpact.physics.devices.heat_storage import heat_storages
from gridpact.physics.devices.heat_unit import electric_boilers, gas_boilers, heat_pumps
from gridpact.physics.devices.unit import Held
from gridpact.physics.heat import constant_flow
from gridpact.physics.heat.network import Flows, HeatNetwork, design_flows, heat_network
from gridpact.physics.heat.pumps import pump_power
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DYNAMICS = ("quasi_dynamic", "steady")


@dataclass(frozen=True, eq=False)
class Heating:
    """The heat network of a case with its water, and what the pumps of its stations take; MW, (heat_sources, steps)."""

    network: HeatNetwork
    flows: Flows
    pump_mw: Floats
    method: str = "flows by design"


def heating(case: Case, base: float, dynamics: str, flows: Flows | None = None) -> Heating | None:
    """The heat network with the flows of the case's design or with others; None where the case has none.

    Raises ``InputError`` where water would turn round in a pipe.
    """
    if not case.count("heat_nodes"):
        return None
    water = flows or design_flows(case)
    network = heat_network(case, base, dynamics, water)
    return Heating(network, water, pump_power(case, network, water))


def heat_devices(case: Case, heat: Heating, held: Held) -> list[Device]:
    """Every kind of device of the heat network that the case has."""
    base = heat.network.base_mva
    builders: dict[str, Callable[[Case, float], Device]] = {
        "chps": partial(chps, held=held),
        "electric_boilers": partial(electric_boilers, held=held),
        "heat_pumps": partial(heat_pumps, held=held),
        "gas_boilers": partial(gas_boilers, held=held),
        "heat_storages": heat_storages,
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
