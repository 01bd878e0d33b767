"""Consumers of heat: heat that is given, less what stays unserved at a price; and the pumps that bring them water.

0 <= unserved <= given,   cost  price x unserved
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, membership, total, zeros
from gridpact.programs.affine import Affine, Variable, constant, nothing
from gridpact.programs.program import Named, box

Floats = NDArray[np.float64]
NOWHERE = np.zeros(0, dtype=np.int64)


def heat_loads(case: Case, base: float) -> Device:
    given = case.series("heat_loads", "heat_mw") / base
    heat, none = constant(-given), zeros((0, case.steps))
    variables: dict[str, Variable] = {}
    constraints: Named = {}
    cost: Affine = nothing()
    if case.count("heat_unserved"):
        rows = case.positions("heat_unserved", "heat_load")
        unserved = Variable((rows.size, case.steps))
        heat = heat + membership(rows, case.count("heat_loads")) @ unserved
        names = ("heat_unserved/none", "heat_unserved/heat_mw", "heat_unserved/no_demand")
        constraints = box(unserved, np.zeros(unserved.shape), given[rows], names)
        variables = {"unserved_heat": unserved}
        cost = base * total(case.series("heat_unserved", "price_per_mwh"), unserved)
    nodes = case.positions("heat_loads", "node")
    return Device("heat_load", NOWHERE, variables, constraints, none, none, cost, nodes=nodes, heat=heat)


def pumps(case: Case, base: float, power: Floats) -> Device:
    """The stations' pumps, which take ``power`` in MW, (heat_sources, steps), from their buses."""
    p = constant(-power / base)
    return Device("heat_source", case.positions("heat_sources", "bus"), {}, {}, p, zeros(p.shape), nothing())
