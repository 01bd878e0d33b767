"""Which buses of a pandapower network become one, which are supplied, and which branches are open.

Buses joined by a closed switch without impedance are one bus, called after the first of them. A bus is live if it is in
service and reached from an external grid or a slack generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.case.network import components
from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import Bools, Floats, Ints, flags, has_text, numbers, whole
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.pandapower.net import Net

ENDS = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}
SWITCH_KIND = {"line": "l", "trafo": "t"}
ELEMENTS = ("load", "sgen", "gen", "storage", "shunt", "ext_grid")


@dataclass(frozen=True, eq=False)
class Topology:
    """``bus`` are pandapower's indices (n,), ``part`` the position of the bus that stands for each, ``live`` (n,).

    ``closed`` has, for line and trafo, whether each end is connected to a live bus, shape (elements, 2).
    """

    bus: pd.Index[int]
    part: Ints
    live: Bools
    vn_kv: Floats
    closed: dict[str, Bools]

    def place(self, index: Ints) -> Ints:
        """Positions, among all buses, of the buses that stand for pandapower's indices."""
        return self.part[self.bus.get_indexer(pd.Index(index))]

    def ids(self, index: Ints) -> list[str]:
        """Ids of the buses that stand for pandapower's indices."""
        return [str(self.bus[place]) for place in self.place(index)]

    def is_live(self, index: Ints) -> Bools:
        return self.live[self.bus.get_indexer(pd.Index(index))]

    def carrying(self, name: str) -> Bools:
        """Whether lines or transformers are connected at both ends; shape (elements,)."""
        closed = self.closed[name]
        return closed[:, 0] & closed[:, 1]

    def kilovolt(self, index: Ints) -> Floats:
        """Nominal voltages."""
        return self.vn_kv[self.place(index)]


def read_topology(net: Net, found: Findings) -> Topology:
    """The topology. Raises InputError where an element stands at a bus that is not there."""
    bus: pd.Index[int] = pd.Index(net["bus"].index)
    _require_buses(net, bus)
    used = flags(net["bus"], "in_service", True)
    vn_kv = numbers(net["bus"], "vn_kv")
    start, end = _fusing(net, bus, used)
    part = components(len(bus), start, end)
    differs = np.abs(vn_kv - vn_kv[part]) > 0.0
    if differs.any():
        names = [str(name) for name in bus[differs]]
        fix = "Correct vn_kv."
        raise InputError([Issue("switch joins buses with different vn_kv", fix, net.file, value=", ".join(names))])
    whole_branches = {name: _connected(net, name, bus, used) for name in ENDS}
    live = used & _supplied(net, bus, used, part, whole_branches)
    _tell(net, bus, part, used, live, found)
    closed = {name: mask & live[_positions(net, name, bus)] for name, mask in whole_branches.items()}
    return Topology(bus, part, live, vn_kv, closed)


def _require_buses(net: Net, bus: pd.Index[int]) -> None:
    ends = [(name, column) for name, columns in ENDS.items() for column in columns]
    columns = [*ends, *((name, "bus") for name in (*ELEMENTS, "switch"))]
    issues = [
        Issue(
            f"{name} {element} stands at a bus that is not there", "Correct it.", net.file, column=column, value=str(at)
        )
        for name, column in columns
        for element, at in zip(net[name].index, whole(net[name], column), strict=True)
        if at not in bus
    ]
    if issues:
        raise InputError(issues)


def _positions(net: Net, name: str, bus: pd.Index[int]) -> Ints:
    """Positions of the buses at both ends of lines or transformers, shape (elements, 2)."""
    ends = [bus.get_indexer(pd.Index(whole(net[name], column))) for column in ENDS[name]]
    return np.column_stack(ends).astype(np.int64)


def joining_switches(net: Net, bus: pd.Index[int], used: Bools) -> tuple[Ints, Ints, Floats, Ints]:
    """Closed switches between buses in service: positions of the buses, impedance in ohm, and index."""
    switch = net["switch"]
    between = has_text(switch, "et", "b") & flags(switch, "closed", True)
    start = bus.get_indexer(pd.Index(whole(switch, "bus")))
    end = bus.get_indexer(pd.Index(whole(switch, "element")))
    lost = between & (end < 0)
    if lost.any():
        names = ", ".join(map(str, switch.index[lost]))
        raise InputError([Issue("switch leads to a bus that is not there", "Correct it.", net.file, value=names)])
    joins = between & used[start] & used[end]
    ohm = numbers(switch, "z_ohm", 0.0)
    return start[joins].astype(np.int64), end[joins].astype(np.int64), ohm[joins], switch.index.to_numpy()[joins]


def _fusing(net: Net, bus: pd.Index[int], used: Bools) -> tuple[Ints, Ints]:
    start, end, ohm, _ = joining_switches(net, bus, used)
    return start[ohm <= 0.0], end[ohm <= 0.0]


def _connected(net: Net, name: str, bus: pd.Index[int], used: Bools) -> Bools:
    """Whether each end of the lines or transformers in service is connected to a bus in service."""
    frame = net[name]
    at = _positions(net, name, bus)
    connected = used[at] & flags(frame, "in_service", True)[:, None]
    switch = net["switch"]
    is_open = has_text(switch, "et", SWITCH_KIND[name]) & ~flags(switch, "closed", True)
    element = frame.index.get_indexer(pd.Index(whole(switch, "element")[is_open]))
    bus_at = bus.get_indexer(pd.Index(whole(switch, "bus")[is_open]))
    for side in (0, 1):
        there = (element >= 0) & (at[element, side] == bus_at) if len(at) else np.zeros(len(element), dtype=np.bool_)
        connected[element[there], side] = False
    return connected


def _supplied(net: Net, bus: pd.Index[int], used: Bools, part: Ints, connected: dict[str, Bools]) -> Bools:
    """Whether a bus hangs together with an external grid or a slack generator."""
    edges = [np.column_stack([np.arange(len(bus)), part])]
    edges += [_positions(net, name, bus)[mask.all(axis=1)] for name, mask in connected.items()]
    start, end = joining_switches(net, bus, used)[:2]
    ends = np.vstack([*edges, np.column_stack([start, end])])
    island = components(len(bus), ends[:, 0], ends[:, 1])
    grid, gen = net["ext_grid"], net["gen"]
    sources = np.concatenate(
        [
            whole(grid, "bus")[flags(grid, "in_service", True)],
            whole(gen, "bus")[flags(gen, "in_service", True) & flags(gen, "slack", False)],
        ]
    )
    at = bus.get_indexer(pd.Index(sources))
    return np.isin(island, island[at[used[at]]])


def kept_branches(net: Net, name: str, topology: Topology, found: Findings) -> Bools:
    """Which lines or transformers lie between two different live buses; the others cannot stand in a case."""
    frame = net[name]
    start, end = (whole(frame, column) for column in ENDS[name])
    dark = ~(topology.is_live(start) & topology.is_live(end))
    found.note("left out, at buses that are left out", [f"{name}-{index}" for index in frame.index[dark]])
    short = ~dark & (topology.place(start) == topology.place(end))
    for index in frame.index[short & flags(frame, "in_service", True)]:
        fix = "Take it out of service, or open the switch; skipped, it is left out."
        found.refuse(f"{name} {index} is bypassed by a closed switch", fix, net.file)
    kept: Bools = ~dark & ~short
    return kept


def live_devices(net: Net, topology: Topology, found: Findings) -> Net:
    """The network with those devices only that are in service at live buses."""
    for name in ELEMENTS:
        frame = net[name]
        used = flags(frame, "in_service", True) & topology.is_live(whole(frame, "bus"))
        found.note("out of service and left out", [f"{name}-{index}" for index in frame.index[~used]])
        net = net.only(name, used)
    return net


def _tell(net: Net, bus: pd.Index[int], part: Ints, used: Bools, live: Bools, found: Findings) -> None:
    """Fused, unused and unsupplied buses; elements at the last are not supported, since their power would be lost."""
    names = np.array([str(name) for name in bus], dtype=object)
    fused = part != np.arange(len(part))
    found.note(
        "joined by closed switches", [f"{a} to {b}" for a, b in zip(names[fused], names[part[fused]], strict=True)]
    )
    found.note("buses out of service are left out", list(names[~used]))
    dark = used & ~live
    if not dark.any():
        return
    held = [
        f"{name} {element}"
        for name in ELEMENTS
        for element, at, on in zip(
            net[name].index,
            bus.get_indexer(pd.Index(whole(net[name], "bus"))),
            flags(net[name], "in_service", True),
            strict=True,
        )
        if on and dark[at]
    ]
    if held:
        message = f"{dark.sum()} buses are cut off from every external grid and slack generator"
        fix = "Connect them; skipped, they are left out with all that stands there."
        found.refuse(message, fix, net.file, value=listed(held))
    else:
        found.note("empty buses that nothing supplies are left out", list(names[dark]))
