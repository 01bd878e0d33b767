"""Loads and shunts of a pandapower network, and what stands at its set-point and is a load to the network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.io.imports.columns import Floats, flags, numbers, whole
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.tables import Tables, chosen, joined, table
from gridpact.io.pandapower.costs import Costs, cost_of
from gridpact.io.pandapower.net import Net
from gridpact.io.pandapower.topology import Topology


def load_tables(net: Net, topology: Topology, costs: Costs, found: Findings) -> Tables:
    """Tables loads, controllable and shunts."""
    fixed, free = net.fixed("load"), net.free("load")
    loads, impedances = _fixed_loads(fixed, topology, found)
    flexible = table("loads", {"load": free.ids("load"), "bus": topology.ids(whole(free["load"], "bus"))})
    reactive = _reactive(net.fixed("sgen"), topology)
    return {
        "loads": joined(loads, flexible, reactive, _storages(net.fixed("storage"), topology)),
        "controllable": _controllable(free, costs, found),
        "shunts": joined(impedances, _shunts(net, topology, found)),
    }


def set_point(frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """Active and reactive power in MW and Mvar."""
    scaling = numbers(frame, "scaling", 1.0)
    return numbers(frame, "p_mw") * scaling, numbers(frame, "q_mvar", 0.0) * scaling


def _fixed_loads(net: Net, topology: Topology, found: Findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loads, and shunts for their share of constant impedance."""
    frame, ids = net["load"], net.ids("load")
    p, q = set_point(frame)
    for index in frame.index[np.maximum(_share(frame, "i", "p"), _share(frame, "i", "q")) > 0.0]:
        fix = "Make it constant power or constant impedance; skipped, it counts as constant power."
        found.refuse(f"load {index} has a share of constant current", fix, net.file)
    share_p, share_q = _share(frame, "z", "p"), _share(frame, "z", "q")
    bus = topology.ids(whole(frame, "bus"))
    loads = table("loads", {"load": ids, "bus": bus, "p_mw": p * (1.0 - share_p), "q_mvar": q * (1.0 - share_q)})
    shunts = table("shunts", {"shunt": ids, "bus": bus, "p_mw": p * share_p, "q_mvar": q * share_q})
    shunts = chosen(shunts, (share_p > 0.0) | (share_q > 0.0))
    found.note("shares of constant impedance become shunts, which no profile of the load moves", list(shunts["shunt"]))
    return loads, shunts


def _share(frame: pd.DataFrame, law: str, power: str) -> Floats:
    """Share of a load that depends on voltage; older networks have one column for active and reactive power."""
    older = numbers(frame, f"const_{law}_percent", 0.0)
    return (numbers(frame, f"const_{law}_{power}_percent", 0.0) + older) / 100.0


def _reactive(net: Net, topology: Topology) -> pd.DataFrame:
    """Reactive power of static generators at their set-point, as loads that take it with the opposite sign."""
    frame = net["sgen"]
    q = set_point(frame)[1]
    columns = {"load": net.ids("sgen"), "bus": topology.ids(whole(frame, "bus")), "q_mvar": -q}
    return chosen(table("loads", columns), q != 0.0)


def _storages(net: Net, topology: Topology) -> pd.DataFrame:
    """Storages at their set-point, as loads."""
    frame = net["storage"]
    p, q = set_point(frame)
    bus = topology.ids(whole(frame, "bus"))
    return table("loads", {"load": net.ids("storage"), "bus": bus, "p_mw": p, "q_mvar": q})


def _controllable(net: Net, costs: Costs, found: Findings) -> pd.DataFrame:
    """Controllable loads: a cost per MW that is negative is their benefit."""
    frame, ids = net["load"], net.ids("load")
    p, q = set_point(frame)
    found.note("controllable loads keep their present power factor", ids)
    slopes = []
    for index in frame.index:
        cost = cost_of(costs, "load", int(index))
        if not cost.straight():
            fix = "Give it a linear cost; skipped, only its first slope counts."
            found.refuse(f"controllable load {index} has a cost that is not linear", fix, net.file)
        slopes.append(float(cost.slopes[0]))
    columns = {
        "load": ids,
        "min_p_mw": numbers(frame, "min_p_mw", 0.0),
        "max_p_mw": np.where(np.isnan(numbers(frame, "max_p_mw")), p, numbers(frame, "max_p_mw")),
        "benefit_per_mwh": -np.array(slopes, dtype=np.float64) + 0.0,
        "q_mvar_per_mw": np.divide(q, p, out=np.zeros_like(p), where=p != 0.0),
    }
    return table("controllable", columns)


def _shunts(net: Net, topology: Topology, found: Findings) -> pd.DataFrame:
    frame = net["shunt"]
    for index in frame.index[flags(frame, "step_dependency_table", False)]:
        fix = "Write its power at the present step; skipped, all steps count alike."
        found.refuse(f"shunt {index} has a characteristic over its steps", fix, net.file)
    bus = whole(frame, "bus")
    kilovolt, rated = topology.kilovolt(bus), numbers(frame, "vn_kv")
    factor = numbers(frame, "step", 1.0) * (kilovolt / np.where(np.isnan(rated), kilovolt, rated)) ** 2
    columns = {
        "shunt": net.ids("shunt"),
        "bus": topology.ids(bus),
        "p_mw": numbers(frame, "p_mw", 0.0) * factor,
        "q_mvar": numbers(frame, "q_mvar") * factor,
    }
    return table("shunts", columns)
