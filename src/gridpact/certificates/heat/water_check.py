"""Flows, pressures and pumps of the heat network against the judges' own hydraulics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.heat.hydraulics import PASCAL, pressure_drop, pump_power
from gridpact.certificates.heat.simulator import turning
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.heat.water import per_node

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
# Flows that follow from temperatures are found in rounds, and those end sooner.
VALVE_TOLERANCE = 1e-5


def water_checks(view: HeatView) -> list[Check]:
    """Flows; pressures and pumps; what valves let pass, if flows vary."""
    instants = view.evidence.instants
    text = "Water through the pipes against flows found by correcting loops, over the largest; or water that turns."
    flows = worst("heat_flows", text, TOLERANCE, _flows(view), instants)
    text = "Pressures and the power of pumps against those of the own flows, over the largest."
    checks = [flows, worst("heat_pressures", text, TOLERANCE, _pressures(view), instants)]
    return [*checks, _valves(view)] if view.flows_vary else checks


def _valves(view: HeatView) -> Check:
    """Water of the consumers of each node against what their valves let pass at the temperatures of the tables."""
    text = (
        "Water of the consumers against what brings their heat down to the temperature that they hold, over the most."
    )
    off = _over_largest(view.water_drawn, per_node(view.case, "heat_loads", view.by_valve))
    return worst("heat_valves", text, VALVE_TOLERANCE, [Measure("node", view.nodes, off)], view.evidence.instants)


def _flows(view: HeatView) -> list[Measure]:
    grid, own = view.grid, view.flow
    every = np.zeros((view.case.count("pipes"), view.case.steps))
    every[grid.pipes] = own
    off = _over_largest(view.evidence.table("pipes", "flow_kg_per_s"), every)
    turned = turning(view.plant.flow) & (not view.is_steady)
    turns = Measure("turning", grid.names, np.where(turned, np.nan, 0.0))
    return [Measure("pipes/flow_kg_per_s", view.case.ids("pipes"), off), turns]


def _pressures(view: HeatView) -> list[Measure]:
    case, grid = view.case, view.grid
    drop = pressure_drop(grid, view.flow)[0] / PASCAL
    power = pump_power(case, grid, view.pumped, view.pressure)
    told = -view.evidence.dispatch("heat_source", "p_mw")
    return [
        Measure("pipes/pressure_drop_bar", grid.names, _over_largest(view.pipe("pressure_drop_bar"), drop)),
        Measure(
            "heat_nodes/pressure_bar", view.nodes, _over_largest(view.node("pressure_bar"), view.pressure / PASCAL)
        ),
        Measure("heat_sources/p_mw", case.ids("heat_sources"), _over_largest(told, power)),
    ]


def _over_largest(told: Floats, own: Floats) -> Floats:
    off: Floats = np.abs(told - own) / max(float(np.abs(own).max(initial=0.0)), 1e-9)
    return off
