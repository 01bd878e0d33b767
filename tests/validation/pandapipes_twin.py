"""The heat network of a cleared case as a network of pandapipes, in one step: supply and return pipes one by one.

Consumers take the water of their design and the heat of the clearing. The station that pumps what is left becomes a
circulation pump of given pressure and temperature; the others are heat consumers that give heat, since pandapipes'
pumps of given flow also fix a pressure. Devices stand at nodes with a station.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandapipes
import pandas as pd
from numpy.typing import NDArray
from pandapipes.properties.fluids import Fluid, FluidPropertyConstant

import gridpact as gp

Floats = NDArray[np.float64]
KELVIN, WATTS = 273.15, 1e6
# Pressure of the supply side at the circulation pump; nothing depends on it.
PUMP_BAR = 10.0
# Tighter than pandapipes' own, so that what differs are the models, not where a search ends.
PRECISE = {"tol_p": 1e-9, "tol_m": 1e-9, "tol_T": 1e-7, "tol_res": 1e-6, "tolerance_colebrook": 1e-12}
ROUNDS = {"max_iter_hyd": 100, "max_iter_therm": 100, "max_iter_bidirect": 100, "max_iter_colebrook": 100}


@dataclass(frozen=True)
class Water:
    """One step of a run: kg/s of consumers and stations, MW taken by consumers and given by stations, in case order."""

    case: gp.Case
    consumers: Floats
    stations: Floats
    taken: Floats
    given: Floats
    ambient: float
    rest: int
    rest_degc: float


@dataclass(frozen=True, eq=False)
class Twin:
    """What pandapipes finds: pipes (kg/s and bar, supply side), nodes (degC), MW given by the rest, and lost."""

    flow: Floats
    drop: Floats
    supply: Floats
    back: Floats
    heat: float
    loss: float
    reynolds: Floats


def water(run: gp.Run, step: int) -> Water:
    case = run.record.case
    loads, stations = case.tables["heat_loads"], case.tables["heat_sources"]
    capacity = float(case.column("heat_networks", "heat_capacity_j_per_kgk")[0])
    consumers = WATTS * loads["design_heat_mw"].to_numpy() / (capacity * loads["design_drop_k"].to_numpy())
    share = stations["flow_share"].to_numpy()
    rest = int(np.flatnonzero(np.isnan(share))[0])
    share = np.where(np.isnan(share), 1.0 - np.nansum(share), share)
    nodes = at(run, "heat_nodes", step).set_index("node")
    return Water(
        case=case,
        consumers=consumers,
        stations=share * consumers.sum(),
        taken=case.series("heat_loads", "heat_mw")[:, step],
        given=_given(run, step),
        ambient=float(case.series("heat_networks", "ambient_degc")[0, step]),
        rest=rest,
        rest_degc=float(nodes.loc[stations["node"].iloc[rest], "station_supply_degc"]),
    )


def at(run: gp.Run, table: str, step: int) -> pd.DataFrame:
    """The rows of a step."""
    found = run.table(table)
    return found[found["snapshot"] == run.record.case.snapshots[step]]


def _given(run: gp.Run, step: int) -> Floats:
    """Heat that the devices of every station give, MW."""
    case, rows = run.record.case, at(run, "dispatch", step)
    made = rows[rows["heat_mw"].notna() & ~rows["kind"].isin(["heat_load", "heat_source"])]
    place = {(kind, name): node for kind in made["kind"].unique() for name, node in _nodes(case, kind)}
    node = pd.Series([place[key] for key in zip(made["kind"], made["device"], strict=True)], index=made.index)
    total = made["heat_mw"].groupby(node).sum()
    return total.reindex(case.tables["heat_sources"]["node"].to_numpy(), fill_value=0.0).to_numpy()


def _nodes(case: gp.Case, kind: str) -> Any:
    table = case.tables[f"{kind}s"]
    return zip(table[kind], table["node"], strict=True)


def constant_water(case: gp.Case) -> Fluid:
    """Water with the constants of the case."""
    names = ("density_kg_per_m3", "viscosity_m2_per_s", "heat_capacity_j_per_kgk")
    density, viscosity, capacity = (float(case.column("heat_networks", name)[0]) for name in names)
    values = {"density": density, "viscosity": density * viscosity, "heat_capacity": capacity}
    return Fluid("water", "liquid", **{name: FluidPropertyConstant(value) for name, value in values.items()})


def solve(given: Water, fluid: str | None = None, friction_model: str = "colebrook", sections: int = 1) -> Twin:
    """Steady flows and temperatures; ``fluid`` names one of pandapipes' library, else it is the water of the case."""
    net = build(given, fluid, sections)
    options = {"friction_model": friction_model, "mode": "bidirectional", "use_numba": False}
    pandapipes.pipeflow(net, **options, **PRECISE, **ROUNDS)
    return _results(given, net)


def build(given: Water, fluid: str | None, sections: int) -> Any:
    case, count = given.case, given.case.count("heat_nodes")
    net = pandapipes.create_empty_network(fluid=fluid or constant_water(case))
    pandapipes.create_junctions(net, 2 * count, pn_bar=PUMP_BAR, tfluid_k=KELVIN + 60.0)
    ends = case.positions("pipes", "from_node"), case.positions("pipes", "to_node")
    pipes = case.tables["pipes"]
    for start, end in ((ends[0], ends[1]), (ends[1] + count, ends[0] + count)):
        pandapipes.create_pipes_from_parameters(
            net,
            start,
            end,
            length_km=pipes["length_m"].to_numpy() / 1000.0,
            inner_diameter_mm=pipes["diameter_mm"].to_numpy(),
            k_mm=pipes["roughness_mm"].to_numpy(),
            u_w_per_m2k=pipes["heat_transfer_w_per_mk"].to_numpy() / (np.pi * pipes["diameter_mm"].to_numpy() / 1000.0),
            text_k=KELVIN + given.ambient,
            sections=sections,
        )
    node = case.positions("heat_loads", "node")
    consumer = pandapipes.create_heat_consumers
    consumer(net, node, node + count, qext_w=WATTS * given.taken, controlled_mdot_kg_per_s=given.consumers)
    _stations(net, given, count)
    return net


def _stations(net: Any, given: Water, count: int) -> None:
    node = given.case.positions("heat_sources", "node")
    others = np.delete(np.arange(node.size), given.rest)
    pandapipes.create_heat_consumers(
        net,
        node[others] + count,
        node[others],
        qext_w=-WATTS * given.given[others],
        controlled_mdot_kg_per_s=given.stations[others],
    )
    pump, degc = int(node[given.rest]), KELVIN + given.rest_degc
    pandapipes.create_circ_pump_const_pressure(
        net, pump + count, pump, p_flow_bar=PUMP_BAR, plift_bar=PUMP_BAR / 2.0, t_flow_k=degc
    )


def _results(given: Water, net: Any) -> Twin:
    count, pipes = given.case.count("heat_nodes"), net.res_pipe
    half = len(pipes) // 2
    degc = net.res_junction["t_k"].to_numpy() - KELVIN
    heat = float(net.res_circ_pump_pressure["qext_w"].iloc[0]) / WATTS
    others = np.delete(given.given, given.rest).sum()
    return Twin(
        flow=pipes["mdot_from_kg_per_s"].to_numpy()[:half],
        drop=(pipes["p_from_bar"] - pipes["p_to_bar"]).to_numpy()[:half],
        supply=degc[:count],
        back=degc[count:],
        heat=abs(heat),
        loss=float(abs(heat) + others - given.taken.sum()),
        reynolds=pipes["reynolds"].to_numpy()[:half],
    )
