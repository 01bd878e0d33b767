"""Stations of a pandapipes network: circulation pumps, and external grids where there is no return side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.io.imports.columns import Bools, Floats, Ints, numbers
from gridpact.io.imports.findings import Findings
from gridpact.io.pandapipes.layout import Layout
from gridpact.io.pandapipes.net import Net
from gridpact.io.pandapipes.water import CELSIUS


@dataclass(frozen=True, eq=False)
class Stations:
    """``start`` and ``end`` are rows of junctions on the supply and the return side, ``end`` -1 where there is none.

    ``flow`` is in kg/s, NaN where it is not known; ``given`` says where it is prescribed. ``supply`` is in degC.
    """

    names: list[str]
    start: Ints
    end: Ints
    supply: Floats
    flow: Floats
    given: Bools

    def only(self, rows: Bools) -> Stations:
        names = [name for name, kept in zip(self.names, rows, strict=True) if kept]
        ends = self.start[rows], self.end[rows]
        return Stations(names, *ends, self.supply[rows], self.flow[rows], self.given[rows])


def circulation_pumps(layout: Layout) -> Stations:
    """All circulation pumps in service: first those of constant pressure, then those of constant flow."""
    net, tables = layout.net, ("circ_pump_pressure", "circ_pump_mass")
    flows = [net.result(tables[0], "mdot_from_kg_per_s"), numbers(net[tables[1]], "mdot_flow_kg_per_s")]
    given = [np.full(len(flow), known) for flow, known in zip(flows, (False, True), strict=True)]
    stations = Stations(
        [name for table in tables for name in net.ids(table)],
        np.concatenate([layout.ends(table, "flow_junction") for table in tables]),
        np.concatenate([layout.ends(table, "return_junction") for table in tables]),
        np.concatenate([numbers(net[table], "t_flow_k") for table in tables]) - CELSIUS,
        np.concatenate(flows),
        np.concatenate(given),
    )
    return stations.only(np.concatenate([net.used(table) for table in tables]))


def external_grids(layout: Layout) -> Stations:
    """All external grids in service; what flows into the network is negative in their results."""
    net, count = layout.net, len(layout.net["ext_grid"])
    stations = Stations(
        net.ids("ext_grid"),
        layout.ends("ext_grid", "junction"),
        np.full(count, -1, dtype=np.int64),
        numbers(net["ext_grid"], "t_k") - CELSIUS,
        -net.result("ext_grid", "mdot_kg_per_s"),
        np.zeros(count, dtype=np.bool_),
    )
    return stations.only(net.used("ext_grid"))


def given_flows(stations: Stations, label: Ints, net: Net, found: Findings) -> Floats:
    """Flow of each station, NaN for the one of each component that pumps what is left; shape (stations,).

    ``label`` is the component of each station. The first pump of constant pressure pumps what is left, or the largest
    one where there is none.
    """
    flow = stations.flow.copy()
    for component in np.unique(label):
        here = np.flatnonzero(label == component)
        free = here[~stations.given[here]]
        rest = free[0] if len(free) else here[flow[here].argmax()]
        found.note("pumps what the consumers take", [stations.names[rest]] if not len(free) else [])
        for other in free[1:]:
            if not flow[other] > 0.0:
                fix = "Make it a circ_pump_mass, or run pipeflow first, so that its results say."
                found.refuse(f"flow of {stations.names[other]} beside another pump is not known", fix, net.file)
        flow[rest] = np.nan
    return flow
