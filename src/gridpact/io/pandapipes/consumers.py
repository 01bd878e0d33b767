"""Consumers of a pandapipes network: heat consumers, heat exchangers behind a flow control, and sinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.schema import SCHEMA
from gridpact.io.imports.columns import Bools, Floats, Ints, numbers
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.pandapipes.layout import Layout
from gridpact.io.pandapipes.water import CELSIUS

USUAL_DROP = float(SCHEMA["heat_loads"].column("design_drop_k").default or np.nan)
WATTS = 1e6


@dataclass(frozen=True, eq=False)
class Consumers:
    """Set-points, NaN where there is none: heat in W, water in kg/s, drop in K, return temperature in degC.

    ``start`` and ``end`` are rows of junctions on the supply and the return side, ``end`` -1 where there is none.
    """

    names: list[str]
    start: Ints
    end: Ints
    heat: Floats
    flow: Floats
    drop: Floats
    back: Floats

    def only(self, rows: Bools) -> Consumers:
        names = [name for name, kept in zip(self.names, rows, strict=True) if kept]
        numbers = (self.heat[rows], self.flow[rows], self.drop[rows], self.back[rows])
        return Consumers(names, self.start[rows], self.end[rows], *numbers)

    def joined(self, other: Consumers) -> Consumers:
        names = ("start", "end", "heat", "flow", "drop", "back")
        columns = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in names)
        return Consumers(self.names + other.names, *columns)

    def drops(self, supply_degc: float, capacity: float) -> Floats:
        """By how much each consumer cools its water, in K."""
        drop = np.where(np.isnan(self.drop), supply_degc - self.back, self.drop)
        return np.where(np.isnan(drop), self.heat / (self.flow * capacity), drop)

    def heats(self, supply_degc: float, capacity: float) -> Floats:
        """Heat of each consumer, in MW."""
        followed = self.flow * capacity * self.drops(supply_degc, capacity)
        return np.where(np.isnan(self.heat), followed, self.heat) / WATTS


def heat_consumers(layout: Layout, found: Findings) -> Consumers:
    """The elements of the table heat_consumer; each has two set-points."""
    net, frame = layout.net, layout.net["heat_consumer"]
    names = ("qext_w", "controlled_mdot_kg_per_s", "deltat_k", "treturn_k")
    heat, flow, drop, back = (numbers(frame, name) for name in names)
    ends = layout.ends("heat_consumer", "from_junction"), layout.ends("heat_consumer", "to_junction")
    all_ids = net.ids("heat_consumer")
    good = np.isfinite([heat, flow, drop, back]).sum(axis=0) == 2
    used = net.used("heat_consumer")
    _refuse(layout, all_ids, used & ~good, "has other than two set-points", "Give two of qext_w and so on.", found)
    gives = used & good & (heat < 0.0)
    _refuse(layout, all_ids, gives, "gives heat", "Make it a circulation pump; or add a plant to the case.", found)
    return Consumers(all_ids, *ends, heat, flow, drop, back - CELSIUS).only(used & good & ~gives)


def heat_exchangers(layout: Layout, found: Findings) -> Consumers:
    """Heat exchangers whose flow is known: by a flow control in series with them, or from results."""
    net, ids = layout.net, layout.net.ids("heat_exchanger")
    start, end = layout.ends("heat_exchanger", "from_junction"), layout.ends("heat_exchanger", "to_junction")
    flow = net.result("heat_exchanger", "mdot_from_kg_per_s")
    start, end = np.where(flow < 0.0, end, start), np.where(flow < 0.0, start, end)
    start, end, flow, controls = _behind_controls(layout, start, end, np.abs(flow))
    loose = net.used("flow_control") & ~controls
    loose_ids = net.ids("flow_control")
    _refuse(layout, loose_ids, loose, "is not in series with a heat exchanger", "Use a heat_consumer.", found)
    heat, used = numbers(net["heat_exchanger"], "qext_w"), net.used("heat_exchanger")
    gives = used & (heat < 0.0)
    _refuse(layout, ids, gives, "gives heat", "Make it a circulation pump; or add a plant to the case.", found)
    still = used & ~(flow > 0.0) & ~gives
    fix = "Make it a heat_consumer, or run pipeflow first, so that its results say."
    _refuse(layout, ids, still, "takes an unknown flow", fix, found)
    nothing = np.full(len(ids), np.nan)
    return Consumers(ids, start, end, heat, flow, nothing, nothing).only(used & ~gives & ~still)


def _behind_controls(layout: Layout, start: Ints, end: Ints, flow: Floats) -> tuple[Ints, Ints, Floats, Bools]:
    """Heat exchangers together with the flow controls next to them, and which flow controls those are."""
    net = layout.net
    used = np.flatnonzero(net.used("flow_control"))
    first, last = layout.ends("flow_control", "from_junction"), layout.ends("flow_control", "to_junction")
    given = numbers(net["flow_control"], "controlled_mdot_kg_per_s")
    met = np.zeros(len(first), dtype=np.bool_)
    busy = set(np.concatenate([layout.start[layout.live], layout.end[layout.live]]).tolist())
    start, end, flow = start.copy(), end.copy(), flow.copy()
    for place in np.flatnonzero(net.used("heat_exchanger")):
        for control in used:
            if last[control] == start[place] and start[place] not in busy:
                start[place], flow[place], met[control] = first[control], given[control], True
            elif first[control] == end[place] and end[place] not in busy:
                end[place], flow[place], met[control] = last[control], given[control], True
    return start, end, flow, met


def sinks(layout: Layout, found: Findings) -> Consumers:
    """Sinks of a network without return side: what they take out comes back cooler by the usual drop."""
    net, used = layout.net, layout.net.used("sink")
    flow = numbers(net["sink"], "mdot_kg_per_s") * numbers(net["sink"], "scaling", 1.0)
    nothing = np.full(len(used), np.nan)
    start = layout.ends("sink", "junction")
    drop = np.full(len(used), USUAL_DROP)
    taking = used & (flow > 0.0)
    idle = [name for name, rest in zip(net.ids("sink"), used & (flow == 0.0), strict=True) if rest]
    found.note("sinks that take no water are left out", idle)
    gives = used & (flow < 0.0)
    _refuse(layout, net.ids("sink"), gives, "gives water", "Model it with a circulation pump.", found)
    ids = net.ids("sink")
    return Consumers(ids, start, np.full(len(used), -1), nothing, flow, drop, nothing).only(taking)


def _refuse(layout: Layout, ids: list[str], wrong: Bools, message: str, fix: str, found: Findings) -> None:
    names = [name for name, is_wrong in zip(ids, wrong, strict=True) if is_wrong]
    if names:
        found.refuse(f"{len(names)} element(s): {message}", fix, layout.net.file, value=listed(names))
