"""What a heat network alone says nothing about: the electricity for its pumps, and what heats its water."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridpact.io.imports.findings import Findings
from gridpact.io.imports.tables import Tables, table
from gridpact.io.pandapipes.consumers import WATTS

BUS = {"vn_kv": 20.0, "vm_min_pu": 0.9, "vm_max_pu": 1.1}
# Times all the heat that is needed: never binding, and good for a solver.
WIDE = 10.0


def electricity(bus: str) -> Tables:
    """One bus, with an interface whose price is still open."""
    return {
        "buses": table("buses", [{"bus": bus, **BUS}]),
        "interfaces": table("interfaces", [{"interface": "grid", "bus": bus, "vm_pu": 1.0}]),
    }


def enough_heat(loads: pd.DataFrame, pipes: pd.DataFrame, warmer: float) -> float:
    """Heat that is surely enough, in MW: a power of ten above all consumers and losses.

    ``warmer`` is by how much the water is warmer than what is around the pipes, in K.
    """
    losses = float((pipes["heat_transfer_w_per_mk"] * pipes["length_m"]).sum()) * 2.0 * max(warmer, 0.0) / WATTS
    need = WIDE * (float(loads["heat_mw"].sum()) + losses)
    return float(10.0 ** np.ceil(np.log10(need))) if np.isfinite(need) and need > 0.0 else 1.0


def boilers(
    stations: list[str], nodes: list[str], bus: str, heat_price: float | None, most: float, found: Findings
) -> Tables:
    """A boiler for each station: electric ones, or gas boilers where heat has a price of its own."""
    shared: dict[str, Any] = {"node": nodes, "max_heat_mw": [most] * len(nodes), "efficiency": [1.0] * len(nodes)}
    names = [f"boiler-{station}" for station in stations]
    if heat_price is None:
        found.note("what heats the water is not known; electric boilers of efficiency 1 are taken", names)
        electric = {"electric_boiler": names, "bus": [bus] * len(nodes), **shared}
        return {"electric_boilers": table("electric_boilers", electric)}
    found.note(f"what heats the water is not known; gas boilers at {heat_price:g} per MWh of heat are taken", names)
    gas = {"gas_boiler": names, "cost_per_mwh": [float(heat_price)] * len(nodes), **shared}
    return {"gas_boilers": table("gas_boilers", gas)}
