"""Is any heat made of nothing? Balances of every node and of every district network, from the tables.

station     c m_s (T_station - T_R) = H                     consumers   c m_c (T_S - T_C) = D
supply      c m_S T_S = sum of c m T_out + c m_s T_station  return      c m_R T_R = sum of c m T_out + c m_c T_C
district    heat made = heat drawn + lost by pipes and tanks + what pipes and tanks hold more
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import HEAT_KINDS
from gridpact.certificates.heat.losses import simulated_losses
from gridpact.certificates.heat.simulator import SIDES
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.heat.water import JOULES_PER_MWH, WATTS, per_node, summed

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
MAKERS = ("chp", "electric_boiler", "heat_pump", "gas_boiler")


def energy_checks(view: HeatView) -> list[Check]:
    """Nodal balances over the largest heat of a node, the district's balance over its demand."""
    instants = view.evidence.instants
    text = "Heat that comes to a node less what leaves it, on the supply and the return side, over the largest."
    nodes = worst("heat_balance", text, TOLERANCE, _nodes(view), instants)
    text = "Heat made less drawn, lost and held more in the pipes and tanks of a network, over its demand."
    return [nodes, worst("heat_energy", text, TOLERANCE, _districts(view), instants)]


def _nodes(view: HeatView) -> list[Measure]:
    """On both sides, and what stations and consumers do to the water."""
    plant, capacity = view.plant, view.grid.capacity[:, None] / WATTS
    supply, back = view.node("supply_degc"), view.node("return_degc")
    lifted = np.where(view.has_station[:, None], view.node("station_supply_degc"), 0.0)
    consumed = np.any(plant.taken > 0.0, axis=1, keepdims=True)
    cooled = np.where(consumed, view.node("consumer_return_degc"), 0.0)
    through, pipes = plant.through, np.where(view.moving[:, None], view.carried(), 0.0)
    brought = [plant.arriving(pipes * np.nan_to_num(view.pipe(f"{side}_out_degc")), k) for k, side in enumerate(SIDES)]
    gaps = {
        "supply side of node": capacity * (through[0] * np.nan_to_num(supply) - plant.pumped * lifted) - brought[0],
        "return side of node": capacity * (through[1] * np.nan_to_num(back) - plant.taken * cooled) - brought[1],
        "station of node": capacity * plant.pumped * (lifted - np.nan_to_num(back)) - view.heated,
        "consumers of node": capacity * plant.taken * (np.nan_to_num(supply) - cooled) - _by_water(view),
    }
    largest = max(float(np.abs(values).max(initial=1e-9)) for values in (view.heated, view.drawn))
    return [Measure(name, view.nodes, np.abs(gap) / largest) for name, gap in gaps.items()]


def _by_water(view: HeatView) -> Floats:
    """Heat drawn from the water of a node's consumers."""
    return np.where(view.plant.taken > 0.0, view.drawn, 0.0)


def _districts(view: HeatView) -> list[Measure]:
    """Per connected network and step."""
    evidence, case, area = view.evidence, view.case, view.grid.area
    made = sum(per_node(case, HEAT_KINDS[kind], evidence.dispatch(kind, "heat_mw")) for kind in MAKERS)
    drawn = -per_node(case, "heat_loads", evidence.dispatch("heat_load", "heat_mw"))
    areas = int(area.max(initial=-1)) + 1
    rest = summed(made - drawn - per_node(case, "heat_storages", _tanks(view)), area, areas)
    rest -= summed(view.pipe("loss_mw") + growth(view), area[view.grid.from_node], areas)
    demand = summed(drawn, area, areas)
    scale = np.maximum(demand, float(demand.max(initial=0.0)) / 10.0)
    names = [view.nodes[int(np.argmax(area == k))] for k in range(areas)]
    return [Measure("network of node", names, np.abs(rest) / np.maximum(scale, 1e-9))]


def growth(view: HeatView) -> Floats:
    """What the pipes hold more at the end of a step than before it, MW."""
    grid, initial = view.grid, np.zeros(view.grid.pipes.size)
    for side in ("supply", "return"):
        start = view.case.column("pipes", f"initial_{side}_degc")[grid.pipes]
        initial = initial + grid.capacity[grid.from_node] * grid.water * start / JOULES_PER_MWH
    stored = view.pipe("stored_mwh")
    begun = view.before(stored, np.where(view.is_steady, np.nan, initial))
    grown = np.where(_half_known(view)[:, None], _simulated_growth(view), (stored - begun) / view.case.hours)
    return np.where(view.moving[:, None], grown, 0.0)  # water at rest counts as nothing


def _half_known(view: HeatView) -> NDArray[np.bool_]:
    """Pairs of which only one pipe begins at a given temperature."""
    given = [~np.isnan(view.case.column("pipes", f"initial_{side}_degc")) for side in ("supply", "return")]
    return np.asarray((given[0] != given[1])[view.grid.pipes])


def _simulated_growth(view: HeatView) -> Floats:
    """The table tells the heat of both pipes together, so what one of them held at the start is simulated."""
    loss, _ = simulated_losses(view)
    fall = sum(view.pipe(f"{side}_in_degc") - view.pipe(f"{side}_out_degc") for side in ("supply", "return"))
    return np.asarray(view.carried() * fall - loss)


def _tanks(view: HeatView) -> Floats:
    """Heat that tanks take, hold more and lose: charge less discharge where all of it is accounted for; MW."""
    evidence, case = view.evidence, view.case
    if not case.count("heat_storages"):
        return np.zeros((0, case.steps))
    charge, discharge, energy = (
        evidence.table("heat_storages", name) for name in ("charge_mw", "discharge_mw", "energy_mwh")
    )
    gain, drain, leak = (
        case.column("heat_storages", name)[:, None]
        for name in ("efficiency_charge", "efficiency_discharge", "loss_per_hour")
    )
    before = view.before(energy, case.column("heat_storages", "initial_mwh"))
    leaked = (1.0 - (1.0 - leak) ** case.hours) * before / case.hours
    lost = (1.0 - gain) * charge + (1.0 / drain - 1.0) * discharge + leaked
    return np.asarray((energy - before) / case.hours + lost)
