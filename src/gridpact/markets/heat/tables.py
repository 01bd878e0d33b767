"""The heat side of a solved market as labelled tables, in the units of the case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.heat import pipes_in_service
from gridpact.markets.cleared import Cleared
from gridpact.markets.heat.prices import HeatPrices
from gridpact.physics.devices.heat_unit import performance
from gridpact.physics.heat.network import DEGREES, PASCALS, HeatNetwork
from gridpact.physics.heat.pumps import node_pressure
from gridpact.physics.heat.state import pipe_state
from gridpact.results.record import long_table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Kinds of devices of the heat network, in the order of the dispatch table; those with a bus take or give power there.
WITH_BUS = ("chp", "electric_boiler", "heat_pump", "heat_source")
WITHOUT_BUS = ("gas_boiler", "heat_storage", "heat_load")


def electric_injections(cleared: Cleared) -> dict[str, tuple[Floats, Floats]]:
    """Active and reactive power of the heat network's devices that have a bus, MW and Mvar into the bus."""
    if cleared.heat is None:
        return {}
    case, take = cleared.case, cleared.megawatts
    pumps = cleared.heat.pump_mw
    boiler = take("electric_boiler_heat", "electric_boilers") / case.column("electric_boilers", "efficiency")[:, None]
    pump = take("heat_pump_heat", "heat_pumps") / performance(case)
    ratio, lean = (case.column(table, "q_mvar_per_mw")[:, None] for table in ("electric_boilers", "heat_pumps"))
    return {
        "chp": (take("chp_p", "chps"), take("chp_q", "chps")),
        "electric_boiler": (-boiler, -ratio * boiler),
        "heat_pump": (-pump, -lean * pump),
        "heat_source": (-pumps, np.zeros_like(pumps)),
    }


def heat_injections(cleared: Cleared) -> dict[str, Floats]:
    """Heat of every device into the heat network, MW, by kind; the pumps of the stations give none."""
    case, take = cleared.case, cleared.megawatts
    if cleared.heat is None:
        return {}
    drawn = case.series("heat_loads", "heat_mw").copy()
    np.add.at(drawn, case.positions("heat_unserved", "heat_load"), -take("unserved_heat", "heat_unserved"))
    made = {kind: take(f"{kind}_heat", f"{kind}s") for kind in ("chp", "electric_boiler", "heat_pump", "gas_boiler")}
    tanks = take("heat_discharge", "heat_storages") - take("heat_charge", "heat_storages")
    return made | {"heat_storage": tanks, "heat_load": -drawn, "heat_source": np.zeros_like(cleared.heat.pump_mw)}


def heat_tables(cleared: Cleared, prices: HeatPrices) -> dict[str, pd.DataFrame]:
    """Prices of heat, temperatures and pressures of the nodes, pipes and tanks."""
    case = cleared.case
    tables = {"heat_prices": _prices(case, prices), "heat_nodes": _nodes(cleared), "pipes": _pipes(cleared)}
    if case.count("heat_storages"):
        names = {"charge_mw": "heat_charge", "discharge_mw": "heat_discharge", "energy_mwh": "heat_energy"}
        columns = {column: cleared.megawatts(name, "heat_storages") for column, name in names.items()}
        tables["heat_storages"] = long_table(case.snapshots, "heat_storage", case.ids("heat_storages"), **columns)
    return tables


def _prices(case: Case, prices: HeatPrices) -> pd.DataFrame:
    return long_table(
        case.snapshots,
        "node",
        case.ids("heat_nodes"),
        price_per_mwh=prices.drawn,
        **prices.parts,
        source_price_per_mwh=prices.given,
        certified=np.zeros(prices.drawn.shape, dtype=np.bool_),
    )


def _nodes(cleared: Cleared) -> pd.DataFrame:
    case, network = cleared.case, _network(cleared)
    stations, consumers = network.stations > 0.0, network.consumers > 0.0
    leaving = [
        _leaving(cleared, name, nodes) for name, nodes in zip(("station", "consumer"), network.apart, strict=True)
    ]
    return long_table(
        case.snapshots,
        "node",
        case.ids("heat_nodes"),
        supply_degc=_degc(cleared, "supply"),
        return_degc=_degc(cleared, "return"),
        heat_mw=_net_heat(cleared),
        consumer_return_degc=np.where(consumers, leaving[1], np.nan),
        station_supply_degc=np.where(stations, leaving[0], np.nan),
        pressure_bar=node_pressure(case, network),
    )


def _network(cleared: Cleared) -> HeatNetwork:
    assert cleared.heat is not None
    return cleared.heat.network


def _degc(cleared: Cleared, side: str) -> Floats:
    return np.asarray(DEGREES * cleared.values()[f"{side}_temperature"])


def _leaving(cleared: Cleared, place: str, nodes: Ints) -> Floats:
    """Temperature of what leaves stations or consumers: the mixed water's, but at ``nodes`` their own."""
    temperature = _degc(cleared, "supply" if place == "station" else "return")
    if nodes.size:
        temperature[nodes] = _degc(cleared, place)
    return temperature


def _net_heat(cleared: Cleared) -> Floats:
    """Heat given less heat drawn at every node, MW."""
    case, net = cleared.case, np.zeros((cleared.case.count("heat_nodes"), cleared.case.steps))
    for kind, heat in heat_injections(cleared).items():
        np.add.at(net, case.positions(f"{kind}s", "node"), heat)
    return net


def _pipes(cleared: Cleared) -> pd.DataFrame:
    case, network, values = cleared.case, _network(cleared), cleared.values()
    state = pipe_state(case, network, values["supply_temperature"], values["return_temperature"])
    ground = case.series("heat_networks", "ambient_degc")[
        case.positions("heat_nodes", "heat_network")[case.positions("pipes", "from_node")]
    ]
    there = pipes_in_service(case)
    nothing = np.zeros_like(ground)
    temperatures = {
        f"{side}_{end}_degc": _on_pipes(network, pair[k], ground)
        for k, side in enumerate(("supply", "return"))
        for end, pair in (("in", state.inlets), ("out", state.outlets))
    }
    flow, drop = nothing.copy(), nothing.copy()
    flow[there], drop[there] = network.hydraulics.flow, network.hydraulics.drop / PASCALS
    return long_table(
        case.snapshots,
        "pipe",
        case.ids("pipes"),
        flow_kg_per_s=flow,
        **temperatures,
        loss_mw=_on_pipes(network, state.loss, nothing),
        stored_mwh=_on_pipes(network, state.stored, nothing),
        pressure_drop_bar=drop,
    )


def _on_pipes(network: HeatNetwork, values: Floats, rest: Floats) -> Floats:
    """Values of the moving pipes on all pipes; one that turns round has those of the way its water goes."""
    full = rest.copy()
    pipe, step = np.nonzero(network.flow > 0.0)
    full[network.moving[pipe], step] = values[pipe, step]
    return full
