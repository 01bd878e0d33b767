"""The judges' own view of the heat networks: pipes in service, what they are made of, and who moves how much water.

Units: kg, m, s, W, degrees Celsius. Water is counted per node: stations (or consumers) of the same node are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gridpact.case.case import Case

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
JOULES_PER_MWH = 3.6e9
WATTS = 1e6


@dataclass(frozen=True, eq=False)
class HeatGrid:
    """Pipes in service (m) and nodes (n).

    ``pipes`` are the rows of the pipes among those of the case, ``names`` their ids; ``transfer`` the heat lost by one
    pipe per degree, W/K, ``water`` the mass in it, ``roughness`` over its diameter, ``minor`` its local losses in
    velocity heads. ``density``, ``viscosity`` and ``capacity`` are those of the water of each node. ``area`` is the
    connected network of each node.
    """

    pipes: Ints
    names: list[str]
    from_node: Ints
    to_node: Ints
    length: Floats
    diameter: Floats
    roughness: Floats
    minor: Floats
    transfer: Floats
    water: Floats
    density: Floats
    viscosity: Floats
    capacity: Floats
    area: Ints

    @property
    def nodes(self) -> int:
        return self.area.size


def read_heat_grid(case: Case) -> HeatGrid:
    """Pipes and water of a case."""
    pipes = np.flatnonzero(case.flags("pipes", "in_service"))
    start, end = (case.positions("pipes", f"{side}_node")[pipes] for side in ("from", "to"))
    network, names = case.positions("heat_nodes", "heat_network"), case.ids("pipes")
    density = case.column("heat_networks", "density_kg_per_m3")[network]
    length, diameter = (case.column("pipes", name)[pipes] for name in ("length_m", "diameter_mm"))
    diameter = diameter / 1e3
    nodes = case.count("heat_nodes")
    graph = sp.coo_array((np.ones(pipes.size), (start, end)), shape=(nodes, nodes))
    return HeatGrid(
        pipes=pipes,
        names=[names[pipe] for pipe in pipes],
        from_node=start,
        to_node=end,
        length=length,
        diameter=diameter,
        roughness=case.column("pipes", "roughness_mm")[pipes] / 1e3 / diameter,
        minor=case.column("pipes", "loss_coefficient")[pipes],
        transfer=case.column("pipes", "heat_transfer_w_per_mk")[pipes] * length,
        water=density[start] * np.pi / 4.0 * diameter**2 * length,
        density=density,
        viscosity=case.column("heat_networks", "viscosity_m2_per_s")[network],
        capacity=case.column("heat_networks", "heat_capacity_j_per_kgk")[network],
        area=connected_components(graph, directed=False)[1].astype(np.int64),
    )


def ambient(case: Case) -> Floats:
    """Temperature around the pipes of the network of each node, (nodes, steps)."""
    around: Floats = case.series("heat_networks", "ambient_degc")[case.positions("heat_nodes", "heat_network")]
    return around


def design_flow(case: Case, grid: HeatGrid) -> Floats:
    """Water of every consumer, kg/s, (loads, steps): given, or its design heat over its design drop."""
    heat = case.series("heat_loads", "heat_mw")
    capacity = grid.capacity[case.positions("heat_loads", "node")]
    most = case.column("heat_loads", "design_heat_mw")
    design = np.where(np.isnan(most), heat.max(axis=1, initial=0.0), most)
    water = WATTS * design / (capacity * case.column("heat_loads", "design_drop_k"))
    given = case.series("heat_loads", "flow_kg_per_s")
    return np.where(np.isnan(given), water[:, None], given)


def station_flow(case: Case, grid: HeatGrid, taken: Floats) -> Floats:
    """Water of every station, kg/s, (stations, steps); ``taken`` is that of the consumers, (nodes, steps).

    The station of a connected network that has neither a flow nor a share pumps what the others leave.
    """
    area = grid.area[case.positions("heat_sources", "node")]
    total = summed(taken, grid.area, int(grid.area.max(initial=-1)) + 1)
    given, share = (case.series("heat_sources", name) for name in ("flow_kg_per_s", "flow_share"))
    pumped = np.where(np.isnan(given), share * total[area], given)
    rest = total - summed(np.nan_to_num(pumped), area, len(total))
    return np.where(np.isnan(pumped), rest[area], pumped)


def references(case: Case) -> Bools:
    """Which stations pump what is left, (stations,)."""
    flow, share = (np.isnan(case.series("heat_sources", name)) for name in ("flow_kg_per_s", "flow_share"))
    return np.asarray((flow & share).all(axis=1))


def per_node(case: Case, table: str, values: Floats) -> Floats:
    """Sum over the devices of a table at each node: (devices, steps) -> (nodes, steps)."""
    return summed(values, case.positions(table, "node"), case.count("heat_nodes"))


def summed(values: Floats, place: Ints, places: int) -> Floats:
    """Rows that belong to the same place added up, (places, steps)."""
    total = np.zeros((places, values.shape[1]))
    np.add.at(total, place, values)
    return total
