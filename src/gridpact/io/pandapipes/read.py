"""Import of pandapipes networks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import Ints
from gridpact.io.imports.findings import Findings, Tell, listed
from gridpact.io.imports.finish import finished, priced
from gridpact.io.imports.series import Price, read_series
from gridpact.io.imports.tables import Tables, table
from gridpact.io.pandapipes.consumers import USUAL_DROP, Consumers, heat_consumers, heat_exchangers, sinks
from gridpact.io.pandapipes.layout import Layout, read_layout
from gridpact.io.pandapipes.net import read_net
from gridpact.io.pandapipes.network import ambient, circuits, flowing, node_table, pipe_table, reached
from gridpact.io.pandapipes.sides import Sides, one_side, placed, two_sides
from gridpact.io.pandapipes.standins import boilers, electricity, enough_heat
from gridpact.io.pandapipes.stations import Stations, circulation_pumps, external_grids, given_flows
from gridpact.io.pandapipes.water import CELSIUS, heat_capacity, require_water, water_row

FREQUENCY = 50.0


def from_pandapipes(
    net: str | os.PathLike[str] | Mapping[str, Any],
    *,
    interface: str | int | None = None,
    price: Price = None,
    heat_price: float | None = None,
    profiles: str | os.PathLike[str] | None = None,
    skip_unsupported: bool = False,
    tell: Tell = print,
) -> Case:
    """The case in a pandapipes heat network, or in the JSON file that ``pandapipes.to_json`` writes, of one hour.

    Supply and return pipes become pairs. Each circulation pump becomes a station at the temperature that it holds,
    with a boiler in place of whatever heats the water. As the network says nothing about electricity, the case gets one
    bus, called ``interface`` ("grid" by default), with an interface at ``price``, a number per MWh or a CSV file with
    the columns snapshot and price_per_mwh; it feeds pumps and electric boilers of efficiency 1. With ``heat_price``, a
    number per MWh, boilers are gas boilers that give heat at this price. ``profiles`` is a CSV file with snapshot and
    columns ``table/id/column``. A network of supply pipes with external grids and sinks, without return pipes, gets a
    return side like its supply side. Ids: a node is called after its junction's index, everything else after its table
    and index (pipe-3, heat_consumer-0). ``tell`` is called with one line for everything that was converted, assumed or
    left out.

    The file is read without pandapipes: nothing in it can run.

    Raises InputError for what is wrong, for networks whose return side does not mirror the supply side, and for what a
    case cannot hold, unless ``skip_unsupported`` leaves it out: gases, pumps and pressure controls within the network,
    sources, mass storages, consumers that give heat, several pumps whose flows are not known.
    """
    found = Findings()
    series = read_series(price, profiles)
    read = read_net(net, found)
    require_water(read)
    layout = read_layout(read, found)
    with np.errstate(all="ignore"):
        tables = _tables(layout, str(interface or "grid"), heat_price, found)
    open_price = list(tables["interfaces"]["interface"])
    tables = priced(tables, price, series, found)
    found.settle(skip_unsupported, tell)
    return finished(read.name, tables, series, FREQUENCY, open_price)


def _tables(layout: Layout, bus: str, heat_price: float | None, found: Findings) -> Tables:
    sides, consumers, stations = _circuit(layout, found)
    kept = flowing(layout, sides, consumers, stations, found)
    consumers = reached(layout, consumers, kept, found)
    rows, label = np.flatnonzero(kept), circuits(layout, sides)
    pipes = pipe_table(layout, sides, kept, found)
    around = ambient(layout, sides, kept, found)
    supply = _supply(layout, consumers, stations)
    capacity = heat_capacity(layout.net, supply + CELSIUS, found)
    mean = supply - float(np.nan_to_num(consumers.drops(supply, capacity).mean())) / 2.0
    water = water_row(layout.net, mean + CELSIUS, found)
    loads = _loads(layout, consumers, supply, water["heat_capacity_j_per_kgk"], found)
    nodes = [layout.name(row) for row in stations.start]
    return {
        **electricity(bus),
        "heat_networks": table("heat_networks", [{"heat_network": "network", "ambient_degc": around, **water}]),
        "heat_nodes": node_table(layout, rows, stations, label),
        "pipes": pipes,
        "heat_sources": _sources(layout, stations, label, bus, found),
        "heat_loads": loads,
        **boilers(stations.names, nodes, bus, heat_price, enough_heat(loads, pipes, supply - around), found),
    }


def _circuit(layout: Layout, found: Findings) -> tuple[Sides, Consumers, Stations]:
    """The two sides of a network with circulation pumps, or the one of a network without."""
    pumps, grids = circulation_pumps(layout), external_grids(layout)
    if pumps.names:
        _refuse_tables(layout, ("ext_grid", "sink"), "takes water out of a closed circuit", found)
        consumers = heat_consumers(layout, found).joined(heat_exchangers(layout, found))
        consumers = placed(layout, consumers, pumps, found)
        return two_sides(layout, consumers, pumps, found), consumers, pumps
    if not grids.names:
        fix = "Add a circulation pump between its return and its supply side."
        raise InputError([Issue("nothing feeds the network", fix, layout.net.file)])
    _refuse_tables(layout, ("heat_consumer", "heat_exchanger", "flow_control"), "needs a circulation pump", found)
    found.note("there is no circulation pump: every pipe stands for a supply and a return pipe")
    found.note(f"water of sinks is taken to cool by {USUAL_DROP:g} K")
    return one_side(layout), sinks(layout, found), grids


def _refuse_tables(layout: Layout, tables: tuple[str, ...], message: str, found: Findings) -> None:
    for name in tables:
        names = [each for each, used in zip(layout.net.ids(name), layout.net.used(name), strict=True) if used]
        if names:
            fix = "Use circulation pumps and heat consumers, or an external grid and sinks."
            found.refuse(f"{len(names)} element(s): {name} {message}", fix, layout.net.file, value=listed(names))


def _supply(layout: Layout, consumers: Consumers, stations: Stations) -> float:
    """Mean temperature that the stations hold, in degC. Raises InputError where none does."""
    held = stations.supply[np.isfinite(stations.supply)]
    if not len(held):
        fix = "Give t_flow_k of the circulation pump, or t_k of the external grid."
        raise InputError([Issue("no station holds a supply temperature", fix, layout.net.file)])
    return float(held.mean())


def _loads(layout: Layout, consumers: Consumers, supply: float, capacity: float, found: Findings) -> pd.DataFrame:
    followed = np.isnan(consumers.heat) & ~np.isnan(consumers.back)
    by_return = ~np.isnan(consumers.back) & ~followed
    for rows, what in ((followed, "heat"), (by_return, "flow")):
        names = [name for name, row in zip(consumers.names, rows, strict=True) if row]
        found.note(f"their {what} is that of supply water of {supply:.4g} degC", names)
    drop = consumers.drops(supply, capacity)
    columns = {
        "heat_load": consumers.names,
        "node": [layout.name(row) for row in consumers.start],
        "heat_mw": consumers.heats(supply, capacity),
        "flow_kg_per_s": consumers.flow,
        "design_drop_k": np.where(np.isnan(consumers.flow), drop, USUAL_DROP),
        "return_degc": consumers.back,
    }
    return table("heat_loads", columns)


def _sources(layout: Layout, stations: Stations, label: Ints, bus: str, found: Findings) -> pd.DataFrame:
    columns = {
        "heat_source": stations.names,
        "node": [layout.name(row) for row in stations.start],
        "bus": [bus] * len(stations.names),
        "flow_kg_per_s": given_flows(stations, label[stations.start], layout.net, found),
    }
    found.note("pumps lift water only as far as consumers need, whatever their pressure", stations.names)
    return table("heat_sources", columns)
