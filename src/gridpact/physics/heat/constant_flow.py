"""Temperatures of a heat network whose flows are given (constant flow, variable temperature).

S, R    temperature of the mixed supply and return water of a node     H   heat that its station gives
C, G    temperature of what leaves its consumers, its station          D   heat that is drawn at a node
w m     heat of the water m per unit of temperature
out     temperature at the outlet of a pipe, linear in those at its inlet (``transport``)

    supply_balance   w m_station (G - R) = H              supply_mixing   w mS S = sum of w m out + w m_station G
    return_balance   w m_consumers (S - C) = D            return_mixing   w mR R = sum of w m out + w m_consumers C
    limits           S_min <= S, G <= S_max,              R_min <= R, C <= R_max

Where no pipe brings supply water to a station, G is S, and where none brings return water to consumers, C is R: both
rows are then one, under the name of the balance. Balances read demand less supply, so that their multipliers are
+d(cost)/d(heat). Li, Wu, Shahidehpour and others, IEEE Trans. Sustainable Energy 7(1), 2016.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.heat.network import DEGREES, HeatNetwork
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, State, box, equal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Temperatures = dict[str, Variable]


def variables(network: HeatNetwork, steps: int) -> Temperatures:
    """``consumer_temperature`` and ``station_temperature`` only for the nodes at which they stand for themselves."""
    nodes, (stations, consumers) = network.warmth.size, network.apart
    shapes = {"supply": nodes, "return": nodes, "station": stations.size, "consumer": consumers.size}
    return {f"{name}_temperature": Variable((count, steps)) for name, count in shapes.items() if count}


def balances(network: HeatNetwork, state: Temperatures, heated: Affine, drawn: Affine) -> Named:
    """``heated`` and ``drawn``: H and D of every node, per unit, (n, steps)."""
    S, R, w = state["supply_temperature"], state["return_temperature"], network.warmth[:, None]
    from_supply, from_back = _brought(network, state)
    to_supply, to_back = network.arriving
    supply = w * (to_supply + network.stations) * S - from_supply
    back = w * (to_back + network.consumers) * R - from_back
    stations, consumers = network.apart
    lifted = _split(supply, w * network.stations, state.get("station_temperature"), stations)
    cooled = _split(back, w * network.consumers, state.get("consumer_temperature"), consumers)
    named = {
        "supply_balance": equal(lifted[0] - w * network.stations * R - heated),
        "return_balance": equal(cooled[0] - w * network.consumers * S + drawn),
    }
    mixing = {"supply_mixing": lifted[1], "return_mixing": cooled[1]}
    return named | {name: equal(rows) for name, rows in mixing.items() if rows is not None}


def _split(mixed: Affine, water: Floats, outlet: Variable | None, nodes: Ints) -> tuple[Affine, Affine | None]:
    """What carries the exchanged heat: the mixed water, or at ``nodes`` the outlet alone; and the mixing there."""
    if outlet is None:
        return mixed, None
    count = water.shape[0]
    rest = np.setdiff1d(np.arange(count), nodes)
    together = sp.csr_array((np.ones(rest.size), (rest, rest)), (count, count)) @ mixed
    alone = sp.csr_array((np.ones(nodes.size), (nodes, np.arange(nodes.size))), (count, nodes.size)) @ outlet
    return together + water * alone, mixed[nodes] - water[nodes] * outlet


def _brought(network: HeatNetwork, state: Temperatures) -> tuple[Affine, Affine]:
    """Heat that pipes bring to each node: supply, return."""
    ends = network.picks(network.inlet), network.picks(network.outlet)
    names, rules = ("supply_temperature", "return_temperature"), (network.supply, network.back)
    brought = []
    for name, rule, (enter, leave) in zip(names, rules, (ends, ends[::-1]), strict=True):
        out = (enter @ state[name]).mapped(rule.matrix, network.flow.shape) + rule.constant
        brought.append(sp.csr_array(leave.T) @ (network.carried * out))
    return brought[0], brought[1]


def states(network: HeatNetwork) -> tuple[State, ...]:
    """Temperatures that follow from what leaves the stations and from the heat drawn, along the way of the water."""
    stations, consumers = network.apart
    every = np.arange(network.warmth.size)
    passed = np.setdiff1d(every, np.flatnonzero((network.stations > 0.0).any(axis=1)))
    together = np.setdiff1d(every, consumers)
    found = [
        State("supply_temperature", passed, "supply_balance", passed),
        State("supply_temperature", stations, "supply_mixing", np.arange(stations.size)),
        State("return_temperature", together, "return_balance", together),
        State("consumer_temperature", np.arange(consumers.size), "return_balance", consumers),
        State("return_temperature", consumers, "return_mixing", np.arange(consumers.size)),
    ]
    return tuple(state for state in found if state.components.size)


def limits(case: Case, network: HeatNetwork, state: Temperatures) -> Named:
    stations, consumers = network.apart
    every = np.arange(network.warmth.size)
    named: Named = {}
    rules = (("supply", "supply", every), ("return", "return", every), ("station", "supply", stations),
             ("consumer", "return", consumers))  # fmt: skip
    for place, side, nodes in rules:
        if nodes.size:
            suffix = "" if place == side else f"/{place}"
            named |= _within(case, side, state[f"{place}_temperature"], nodes, suffix)
    return named


def _within(case: Case, side: str, temperature: Affine, nodes: Ints, suffix: str) -> Named:
    low, high = (case.column("heat_nodes", f"{side}_{end}_degc")[nodes, None] / DEGREES for end in ("min", "max"))
    names = [f"heat_nodes/{side}_{end}degc{suffix}" for end in ("min_", "max_", "")]
    lower, upper = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return box(temperature, lower, upper, (names[0], names[1], names[2]))
