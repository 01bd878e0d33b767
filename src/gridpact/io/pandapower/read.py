"""Import of pandapower networks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import flags, numbers, texts, whole
from gridpact.io.imports.findings import Findings, Tell
from gridpact.io.imports.finish import bounded, finished, priced, put_interface, without_placeholders
from gridpact.io.imports.series import Price, read_series
from gridpact.io.imports.tables import Tables, chosen, joined, table
from gridpact.io.pandapower.costs import read_costs
from gridpact.io.pandapower.lines import line_tables
from gridpact.io.pandapower.loads import load_tables
from gridpact.io.pandapower.net import Net, read_net
from gridpact.io.pandapower.topology import Topology, live_devices, read_topology
from gridpact.io.pandapower.transformers import transformer_tables
from gridpact.io.pandapower.units import unit_tables, voltages

# Where a network says nothing about voltages.
USUAL_LIMITS = (0.9, 1.1)


def from_pandapower(
    net: str | os.PathLike[str] | Mapping[str, Any],
    *,
    interface: str | int | None = None,
    price: Price = None,
    profiles: str | os.PathLike[str] | None = None,
    skip_unsupported: bool = False,
    tell: Tell = print,
) -> Case:
    """The case in a pandapower network, or in the JSON file that ``pandapower.to_json`` writes, of one hour.

    External grids become interfaces at the price of their cost; ``price``, a number per MWh or a CSV file with the
    columns snapshot and price_per_mwh, is for those without cost. ``interface`` names a bus at which an interface
    replaces generators and external grids. ``profiles`` is a CSV file with snapshot and columns ``table/id/column``.
    Ids: a bus keeps its index, everything else is called after its table and index (line-3, load-0). ``tell`` is called
    with one line for everything that was converted, assumed or left out.

    The file is read without pandapower: nothing in it can run.

    Raises InputError for what is wrong and for what a case cannot hold, unless ``skip_unsupported`` leaves it out: all
    other elements of pandapower (trafo3w, impedance, dcline, ward, motor, asymmetric ones, controller and so on), loads
    of constant current, costs of reactive power, tap characteristics, negative impedances, phase shifts in loops, buses
    cut off.
    """
    if interface is not None and price is None:
        fix = "Give the price at the interface as well."
        raise InputError([Issue("interface has no price", fix, value=str(interface))])
    found = Findings()
    series = read_series(price, profiles)
    read = read_net(net, found)
    topology = read_topology(read, found)
    # What turns out not to be a number is named by the validation.
    with np.errstate(all="ignore"):
        tables = _tables(read, topology, found)
    if interface is not None:
        held = voltages(live_devices(read, topology, Findings()), topology)
        tables = put_interface(tables, str(interface), held, found)
    open_price = list(tables["interfaces"].loc[tables["interfaces"]["price_per_mwh"].isna(), "interface"])
    tables = without_placeholders(bounded(priced(tables, price, series, found), found), found)
    found.settle(skip_unsupported, tell)
    return finished(read.name, tables, series, read.frequency_hz, open_price)


def _tables(net: Net, topology: Topology, found: Findings) -> Tables:
    live = live_devices(net, topology, found)
    costs = read_costs(net, found)
    lines, transformers = line_tables(net, topology, found), transformer_tables(net, topology, found)
    loads, units = load_tables(live, topology, costs, found), unit_tables(live, topology, costs, found)
    _refuse_negative(lines, "lines", ("r_ohm_per_km", "x_ohm_per_km"), net.file, found)
    _refuse_negative(transformers, "transformers", ("r_ohm", "x_ohm"), net.file, found)
    buses = _held(_buses(net, topology, found), units["generators"], live, topology)
    return {
        "buses": buses,
        **lines,
        "transformers": joined(lines["transformers"], transformers["transformers"]),
        **loads,
        "shunts": joined(loads["shunts"], lines["shunts"], transformers["shunts"]),
        **units,
    }


def _refuse_negative(tables: Tables, kind: str, columns: tuple[str, str], file: str, found: Findings) -> None:
    """Take branches with a negative impedance (series capacitors, parts of a star) out of a table."""
    frame = tables[kind]
    negative = (frame[list(columns)] < 0.0).any(axis=1).to_numpy()
    for name in frame.loc[negative].iloc[:, 0]:
        fix = "Replace it by an equivalent without one; skipped, it is left out."
        found.refuse(f"{name} has a negative resistance or reactance", fix, file)
    tables[kind] = chosen(frame, ~negative)
    if kind == "lines":
        switches = tables["switches"]
        tables["switches"] = chosen(switches, switches["line"].isin(tables[kind]["line"]).to_numpy())


def _buses(net: Net, topology: Topology, found: Findings) -> pd.DataFrame:
    """The buses that stand for themselves, within the limits of all that they stand for."""
    frame = net["bus"]
    low, high = numbers(frame, "min_vm_pu"), numbers(frame, "max_vm_pu")
    # pandapower fills up with 0 and 2, which are no limits.
    low, high = np.where(low > 0.0, low, np.nan), np.where(high < 2.0, high, np.nan)
    own = topology.live & (topology.part == np.arange(len(frame)))
    lowest, highest = np.full(len(frame), -np.inf), np.full(len(frame), np.inf)
    np.fmax.at(lowest, topology.part, low)
    np.fmin.at(highest, topology.part, high)
    unlimited = own & ~(np.isfinite(lowest) & np.isfinite(highest))
    ids = np.array([str(index) for index in frame.index], dtype=object)
    usual = f"voltage limits of {USUAL_LIMITS[0]:g} to {USUAL_LIMITS[1]:g} p.u. are taken where there are none"
    found.note(usual, list(ids[unlimited]))
    x, y = _coordinates(frame)
    columns = {
        "bus": ids,
        "vn_kv": topology.vn_kv,
        "vm_min_pu": np.where(np.isfinite(lowest), lowest, USUAL_LIMITS[0]),
        "vm_max_pu": np.where(np.isfinite(highest), highest, USUAL_LIMITS[1]),
        "x": x,
        "y": y,
    }
    return chosen(table("buses", columns), own)


def _coordinates(frame: pd.DataFrame) -> tuple[list[float], list[float]]:
    points = [_point(text) for text in texts(frame, "geo")]
    return [x for x, _ in points], [y for _, y in points]


def _point(text: str) -> tuple[float, float]:
    """Coordinates of a GeoJSON point; drawings do without where it is none."""
    try:
        x, y = json.loads(text)["coordinates"][:2]
        return float(x), float(y)
    except (ValueError, KeyError, TypeError, RecursionError):
        return np.nan, np.nan


def _held(buses: pd.DataFrame, generators: pd.DataFrame, net: Net, topology: Topology) -> pd.DataFrame:
    """External grids that became generators still hold the voltage, unless they are controllable."""

    grid = net["ext_grid"]
    held = ~flags(grid, "controllable", False) & np.isin(net.ids("ext_grid"), generators["generator"])
    voltage = dict(zip(topology.ids(whole(grid, "bus")[held]), numbers(grid, "vm_pu")[held].tolist(), strict=True))
    fixed = buses["bus"].map(voltage)
    return buses.assign(vm_min_pu=fixed.fillna(buses["vm_min_pu"]), vm_max_pu=fixed.fillna(buses["vm_max_pu"]))
