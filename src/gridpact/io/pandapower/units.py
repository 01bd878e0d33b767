"""Generators, wind and PV, storages and external grids of a pandapower network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridpact.io.imports.columns import Bools, flags, numbers, texts, whole
from gridpact.io.imports.costs import Cost, generator_cost
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.series import PRICE
from gridpact.io.imports.tables import Row, Tables, chosen, table
from gridpact.io.pandapower.costs import Costs, cost_of
from gridpact.io.pandapower.loads import set_point
from gridpact.io.pandapower.net import Net
from gridpact.io.pandapower.topology import Topology

Unit = tuple[Row, Cost]

KINDS = {"pv": "pv", "wp": "wind", "wind": "wind"}
LIMITS = ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar")


def unit_tables(net: Net, topology: Topology, costs: Costs, found: Findings) -> Tables:
    """Tables renewables, storages, interfaces, generators and offers."""
    grids = list(_grids(net, topology, costs))
    slack = [(row, cost) for row, cost in grids if not cost.straight()]
    found.note("cost is not linear: slack generators instead of interfaces", [row["generator"] for row, _ in slack])
    held = ~flags(net["gen"], "controllable", True)
    dispatched = net.free("sgen")
    units = [
        *_generators(net, "gen", topology, costs, held),
        *_generators(dispatched, "sgen", topology, costs, np.zeros(len(dispatched["sgen"]), dtype=np.bool_)),
        *slack,
    ]
    rows: list[Row] = []
    offers: list[Row] = []
    for row, cost in units:
        own, blocks = generator_cost(row["generator"], cost, row["min_p_mw"], row["max_p_mw"])
        rows.append(row | own)
        offers += blocks
    return {
        "renewables": _renewables(net.fixed("sgen"), topology),
        "storages": _storages(net.free("storage"), topology, found),
        "interfaces": _interfaces([(row, cost) for row, cost in grids if cost.straight()]),
        "generators": table("generators", rows),
        "offers": table("offers", offers),
    }


def voltages(net: Net, topology: Topology) -> dict[str, float]:
    """Voltages that generators and external grids hold, by bus."""
    held: dict[str, float] = {}
    for name in ("gen", "ext_grid"):
        ids = topology.ids(whole(net[name], "bus"))
        held |= dict(zip(ids, numbers(net[name], "vm_pu").tolist(), strict=True))
    return held


def _renewables(net: Net, topology: Topology) -> pd.DataFrame:
    """Static generators at their set-point: their active power must be taken."""
    frame = net["sgen"]
    columns = {
        "renewable": net.ids("sgen"),
        "bus": topology.ids(whole(frame, "bus")),
        "kind": [KINDS.get(kind.lower(), "other") for kind in texts(frame, "type")],
        "p_mw": set_point(frame)[0],
        "curtailable": np.zeros(len(frame), dtype=np.bool_),
    }
    return table("renewables", columns)


def _generators(net: Net, name: str, topology: Topology, costs: Costs, held: Bools) -> Iterator[Unit]:
    """Rows and costs of generators; those ``held`` stay at their power.

    Without limits active power is between 0 and the set-point, reactive power free (gen) or none (sgen).
    """
    frame = net[name]
    p = numbers(frame, "p_mw", 0.0) * numbers(frame, "scaling", 1.0)
    low, high = numbers(frame, "min_p_mw", 0.0), numbers(frame, "max_p_mw")
    high = np.where(np.isnan(high), np.maximum(p, low), high)
    most_q = np.inf if name == "gen" else 0.0
    limits = [
        np.where(held, p, low),
        np.where(held, p, high),
        numbers(frame, "min_q_mvar", -most_q),
        numbers(frame, "max_q_mvar", most_q),
    ]
    slack = flags(frame, "slack", False)
    ids, buses = net.ids(name), topology.ids(whole(frame, "bus"))
    for place, index in enumerate(frame.index):
        row: Row = {"generator": ids[place], "bus": buses[place], "slack": bool(slack[place])}
        row |= {limit: float(values[place]) for limit, values in zip(LIMITS, limits, strict=True)}
        yield row, cost_of(costs, name, int(index))


def _storages(net: Net, topology: Topology, found: Findings) -> pd.DataFrame:
    """Controllable storages, lossless as in pandapower; without limits the set-point is their highest power."""
    frame, ids = net["storage"], net.ids("storage")
    p = np.abs(set_point(frame)[0])
    energy, state = numbers(frame, "max_e_mwh"), numbers(frame, "soc_percent")
    good = (energy > 0.0) & (state >= 0.0) & (numbers(frame, "q_mvar", 0.0) == 0.0)
    for index in frame.index[~good]:
        fix = "Give max_e_mwh and soc_percent, and q_mvar of 0; skipped, it is left out."
        found.refuse(f"storage {index} has no energy, no state of charge, or reactive power", fix, net.file)
    found.note("controllable storages are taken as lossless", ids)
    charge, discharge = numbers(frame, "max_p_mw"), -numbers(frame, "min_p_mw")
    columns = {
        "storage": ids,
        "bus": topology.ids(whole(frame, "bus")),
        "energy_mwh": energy,
        "charge_mw": np.where(np.isnan(charge), p, np.maximum(charge, 0.0)),
        "discharge_mw": np.where(np.isnan(discharge), p, np.maximum(discharge, 0.0)),
        "efficiency_charge": np.ones(len(frame)),
        "efficiency_discharge": np.ones(len(frame)),
        "initial_mwh": energy * state / 100.0,
        "min_mwh": numbers(frame, "min_e_mwh", 0.0),
    }
    return chosen(table("storages", columns), good)


def _grids(net: Net, topology: Topology, costs: Costs) -> Iterator[Unit]:
    """External grids with all that interfaces and slack generators need; no price where they have no cost."""
    frame = net["ext_grid"]
    defaults = (-np.inf, np.inf, -np.inf, np.inf)
    limits = [numbers(frame, limit, default) for limit, default in zip(LIMITS, defaults, strict=True)]
    ids, buses, vm = net.ids("ext_grid"), topology.ids(whole(frame, "bus")), numbers(frame, "vm_pu")
    for place, index in enumerate(frame.index):
        cost = cost_of(costs, "ext_grid", int(index))
        row: Row = {limit: float(values[place]) for limit, values in zip(LIMITS, limits, strict=True)}
        row |= {"generator": ids[place], "bus": buses[place], "slack": True, "vm_pu": float(vm[place])}
        row[PRICE] = float(cost.slopes[0]) if ("ext_grid", int(index)) in costs else np.nan
        yield row, cost


def _interfaces(grids: list[Unit]) -> pd.DataFrame:
    """External grids with a linear cost, or none."""
    rows = [
        row
        | {
            "interface": row["generator"],
            "max_import_mw": max(row["max_p_mw"], 0.0),
            "max_export_mw": max(-row["min_p_mw"], 0.0) + 0.0,
        }
        for row, _ in grids
    ]
    return table("interfaces", rows).replace([np.inf, -np.inf], np.nan)
