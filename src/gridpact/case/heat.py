"""Water of a heat network by design: what consumers take and stations pump in each step, and which nodes hang together.

The definitions are those of docs/mathematics/heat.md, "Water". What is not known (NaN in a draft) stays unknown in all
that depends on it. Every reference must be known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.network import components as joined_labels

Bools = NDArray[np.bool_]
WATTS_PER_MW = 1e6


def pipes_in_service(case: Case) -> Ints:
    """Row numbers of the pipes through which water may flow."""
    return np.flatnonzero(case.flags("pipes", "in_service"))


def pipe_ends(case: Case) -> tuple[Ints, Ints]:
    """Rows of the from and of the to nodes of the pipes in service; each of shape (pipes in service,)."""
    there = pipes_in_service(case)
    return case.positions("pipes", "from_node")[there], case.positions("pipes", "to_node")[there]


def components(case: Case) -> Ints:
    """For each heat node the row of the first node it hangs together with, through pipes in service; (heat_nodes,)."""
    return joined_labels(case.count("heat_nodes"), *pipe_ends(case))


def heat_capacity(case: Case) -> Floats:
    """Specific heat capacity of the water at each node, in J/(kg K); shape (heat_nodes,)."""
    return case.column("heat_networks", "heat_capacity_j_per_kgk")[case.positions("heat_nodes", "heat_network")]


def design_heat(case: Case) -> Floats:
    """Heat that each consumer is designed for, in MW: the given one, else its highest; shape (heat_loads,)."""
    given = case.column("heat_loads", "design_heat_mw")
    return np.where(np.isnan(given), case.series("heat_loads", "heat_mw").max(axis=1), given)


def design_flow(case: Case) -> Floats:
    """Water that carries the design heat at the design drop, in kg/s; shape (heat_loads,)."""
    capacity = heat_capacity(case)[case.positions("heat_loads", "node")]
    flow: Floats = WATTS_PER_MW * design_heat(case) / (capacity * case.column("heat_loads", "design_drop_k"))
    return flow


def consumer_flow(case: Case) -> Floats:
    """Water that each consumer takes, in kg/s: the given flow, else that of its design; shape (heat_loads, steps)."""
    given = case.series("heat_loads", "flow_kg_per_s")
    return np.where(np.isnan(given), design_flow(case)[:, None], given)


def pumps_the_rest(case: Case) -> Bools:
    """Which stations have neither flow nor share in any step, and so pump what is left; shape (heat_sources,)."""
    given = [np.isfinite(case.series("heat_sources", name)).any(axis=1) for name in ("flow_kg_per_s", "flow_share")]
    return np.asarray(~(given[0] | given[1]), dtype=np.bool_)


def component_flow(case: Case) -> Floats:
    """Water that all consumers of a node's component take together, in kg/s; shape (heat_nodes, steps)."""
    labels = components(case)
    total = np.zeros((len(labels), case.steps))
    np.add.at(total, labels[case.positions("heat_loads", "node")], consumer_flow(case))
    return total[labels]


def station_flow(case: Case) -> Floats:
    """Water that each station pumps, in kg/s; shape (heat_sources, steps).

    It is the given flow, or the share of all that the consumers of its component take; the station without either
    pumps what the others of its component leave (less than nothing where they pump more than is taken).
    """
    place, labels = case.positions("heat_sources", "node"), components(case)
    taken = component_flow(case)[place]
    flow = case.series("heat_sources", "flow_kg_per_s")
    flow = np.where(np.isnan(flow), case.series("heat_sources", "flow_share") * taken, flow)
    rest = pumps_the_rest(case)
    pumped = np.zeros((len(labels), case.steps))
    np.add.at(pumped, labels[place[~rest]], flow[~rest])
    flow[rest] = (taken - pumped[labels[place]])[rest]
    return flow
