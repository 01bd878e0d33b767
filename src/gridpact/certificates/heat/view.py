"""A record with a heat network, seen together with the judges' own water and their own simulation of its temperatures.

What leaves the stations and what heat is drawn are taken from the tables; everything else is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.evidence import HEAT_KINDS, Evidence
from gridpact.certificates.heat.hydraulics import Loops, find_loops, pipe_flow, pressures
from gridpact.certificates.heat.simulator import Plant, State, make_plant, simulate
from gridpact.certificates.heat.water import WATTS, HeatGrid, design_flow, per_node, read_heat_grid, station_flow

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# Least water that a valve lets through, of its design; least drop of temperature with which it can hold its own, K.
LEAK, LEAST_DROP = 0.05, 1.0
# Share of the largest heat drawn below which heat tells little of the water that brings it.
FAINT = 1e-3


@dataclass(frozen=True, eq=False)
class HeatView:
    """Evidence of a case with heat; arrays of nodes, pipes in service and devices over the steps."""

    evidence: Evidence

    @property
    def case(self) -> Case:
        return self.evidence.case

    @property
    def nodes(self) -> list[str]:
        return self.case.ids("heat_nodes")

    @property
    def is_steady(self) -> bool:
        return self.evidence.record.settings.get("heat_dynamics") == "steady"

    @property
    def flows_vary(self) -> bool:
        """Whether consumers take the water that their valves let pass."""
        return self.evidence.record.settings.get("heat_flow") == "variable"

    @cached_property
    def grid(self) -> HeatGrid:
        return read_heat_grid(self.case)

    @cached_property
    def loops(self) -> Loops:
        return find_loops(self.grid)

    @cached_property
    def design(self) -> Floats:
        """Water of every consumer by its data, kg/s, (loads, steps)."""
        return design_flow(self.case, self.grid)

    @cached_property
    def by_valve(self) -> Floats:
        """Water with which a consumer's heat leaves it at the temperature that its valve holds, (loads, steps).

        A valve never closes wholly, and holds no temperature close to that of the supply.
        """
        case, node = self.case, self.case.positions("heat_loads", "node")
        held = case.series("heat_loads", "return_degc")
        drop = np.maximum(self.node("supply_degc")[node] - held, LEAST_DROP)
        water = -WATTS * self.evidence.dispatch("heat_load", "heat_mw") / (self.grid.capacity[node][:, None] * drop)
        return np.where(np.isnan(held), self.design, np.maximum(water, LEAK * self.design))

    @cached_property
    def water_drawn(self) -> Floats:
        """Water of the consumers of each node, kg/s: by their data; if flows vary, what their heat tells of."""
        if not self.flows_vary:
            return self._at_nodes("heat_loads", self.design)
        drop = self.node("supply_degc") - self.node("consumer_return_degc")
        told = np.abs(self.drawn) > FAINT * np.abs(self.drawn).max(initial=0.0)
        told &= np.isfinite(drop) & (drop != 0.0)
        water = WATTS * self.drawn / (self.grid.capacity[:, None] * np.where(told, drop, 1.0))
        return np.where(told, water, self._at_nodes("heat_loads", self.by_valve))

    @cached_property
    def pumped(self) -> Floats:
        """Water of every station, kg/s, (stations, steps)."""
        return station_flow(self.case, self.grid, self.water_drawn)

    @cached_property
    def flow(self) -> Floats:
        """Water through the pipes in service, kg/s, (m, steps)."""
        return pipe_flow(self.grid, self.loops, self._at_nodes("heat_sources", self.pumped) - self.water_drawn)

    @cached_property
    def pressure(self) -> Floats:
        """Supply less return pressure of every node, Pa."""
        return pressures(self.case, self.grid, self.loops, self.flow)

    @cached_property
    def plant(self) -> Plant:
        pumped = self._at_nodes("heat_sources", self.pumped)
        return make_plant(self.case, self.grid, self.flow, self.water_drawn, pumped, self.is_steady)

    @cached_property
    def state(self) -> State:
        """The simulation."""
        leaving = np.where(self.has_station[:, None], self.node("station_supply_degc"), 0.0)
        return simulate(self.plant, leaving, WATTS * self.drawn)

    @cached_property
    def has_station(self) -> Bools:
        return np.isin(np.arange(len(self.nodes)), self.case.positions("heat_sources", "node"))

    @cached_property
    def heated(self) -> Floats:
        """Heat that the devices of a station give to the supply side, MW, (nodes, steps)."""
        return sum((self._given(kind) for kind in HEAT_KINDS if kind != "heat_load"), self._nothing) * self._at_station

    @cached_property
    def drawn(self) -> Floats:
        """Heat drawn at a node: its consumers', less what devices of a node without a station give; MW."""
        help_ = sum((self._given(kind) for kind in HEAT_KINDS if kind != "heat_load"), self._nothing)
        return -self._given("heat_load") - help_ * ~self._at_station

    @property
    def _at_station(self) -> Bools:
        return self.has_station[:, None]

    @property
    def _nothing(self) -> Floats:
        return np.zeros((len(self.nodes), self.case.steps))

    def _given(self, kind: str) -> Floats:
        return per_node(self.case, HEAT_KINDS[kind], self.evidence.dispatch(kind, "heat_mw"))

    def _at_nodes(self, table: str, values: Floats) -> Floats:
        return per_node(self.case, table, values)

    def node(self, column: str) -> Floats:
        """A column of the node table, (nodes, steps)."""
        return self.evidence.table("heat_nodes", column)

    def pipe(self, column: str) -> Floats:
        """A column of the pipe table, (m, steps); pipes in service only."""
        return self.evidence.table("pipes", column)[self.grid.pipes]

    def carried(self) -> Floats:
        """Heat that the water of each pipe carries per degree, MW/K, (m, steps)."""
        return self.grid.capacity[self.grid.from_node][:, None] * np.abs(self.plant.flow) / WATTS

    @property
    def moving(self) -> Bools:
        """Pipes through which water goes, (m,)."""
        return np.asarray(np.abs(self.plant.flow).any(axis=1))

    def before(self, stored: Floats, initial: Floats) -> Floats:
        """What was there before each step, (components, steps): first ``initial``, NaN: as at the window's end."""
        case = self.case
        earlier = np.roll(stored, 1, axis=1)
        first, last = np.flatnonzero(case.begins), np.flatnonzero(case.ends)
        earlier[:, first] = np.where(np.isnan(initial)[:, None], stored[:, last], initial[:, None])
        return earlier


def heat_view(evidence: Evidence) -> HeatView:
    """The view of a record, made once."""
    view = evidence.memory.setdefault("heat", HeatView(evidence))
    assert isinstance(view, HeatView)
    return view
