"""A small game: a district of five buses behind a transmission market of five, four hours, cleared in a second or two.

The transmission network is that of PJM's five buses with the line 4-5 congested; offers come in blocks of a few MW, so
that what the district imports crosses several price steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load

STEPS = 4
FEEDERS = 20.0
VN_KV = 230.0
# Reactance in per unit of 100 MVA, and limits in MVA.
LINES = (
    ("1", "2", 0.0281, np.nan),
    ("1", "4", 0.0304, np.nan),
    ("1", "5", 0.0064, np.nan),
    ("2", "3", 0.0108, np.nan),
    ("3", "4", 0.0297, np.nan),
    ("4", "5", 0.0297, 200.0),
)
UNITS = (("alta", "1", 40.0), ("park", "1", 170.0), ("solitude", "3", 320.0), ("sundance", "4", 200.0))
UNITS += (("brighton", "5", 600.0),)
# Blocks of each unit: share of its power, cost per MWh.
COSTS = {"alta": 14.0, "park": 15.0, "solitude": 30.0, "sundance": 40.0, "brighton": 10.0}


def pjm(**more: Any) -> Case:
    """The transmission network; ``more`` replaces tables, or adds them."""
    share = (0.85, 0.95, 1.05, 1.0)
    profiles = {f"loads/load-{at}/p_mw": [300.0 * factor for factor in share] for at in ("2", "3", "4")}
    parts: dict[str, Any] = {
        "buses": [bus(str(k), vn_kv=VN_KV) for k in range(1, 6)],
        "lines": [_line(*one) for one in LINES],
        "generators": [
            {"generator": name, "bus": at, "min_p_mw": 0.0, "max_p_mw": most, "slack": name == "sundance"}
            for name, at, most in UNITS
        ],
        "offers": [offer for unit in UNITS for offer in _blocks(unit[0], unit[2])],
        "loads": [load(at, 300.0) for at in ("2", "3", "4")],
        "connections": [connection()],
        "steps": STEPS,
    }
    return district(
        more.pop("profiles", profiles), **{name: part for name, part in (parts | more).items() if part != []}
    )


def connection(**more: Any) -> dict[str, Any]:
    """The district's, at bus 4."""
    return {"connection": "south", "bus": "4", "interface": "grid", "feeders": FEEDERS, **more}


def quadratic() -> dict[str, Any]:
    """Units whose marginal cost rises with what they give, in the place of blocks."""
    return {
        "generators": [
            {
                "generator": name,
                "bus": at,
                "max_p_mw": most,
                "cost_per_mwh": COSTS[name],
                "cost_per_mw2h": 4.0 / most,
                "slack": name == "sundance",
            }
            for name, at, most in UNITS
        ],
        "offers": [],
    }


def _line(start: str, end: str, x: float, limit: float) -> dict[str, Any]:
    ohm = x * VN_KV**2 / 100.0
    return line(f"{start}-{end}", start, end, 0.1 * ohm, ohm, max_i_ka=limit / (np.sqrt(3.0) * VN_KV))


def _blocks(name: str, most: float) -> list[dict[str, Any]]:
    """Six blocks of a unit, each dearer than the one before."""
    return [
        {"offer": f"{name}-{k}", "generator": name, "p_mw": most / 6.0, "cost_per_mwh": COSTS[name] + 3.0 * k}
        for k in range(6)
    ]


def feeder(**more: Any) -> Case:
    """The district: five buses in a line with a battery, sun, demand that may be shifted, and a dear generator."""
    profiles = {
        "renewables/pv/p_mw": [0.0, 0.6, 0.9, 0.1],
        "loads/load-3/p_mw": [0.9, 1.0, 1.1, 1.3],
        "interfaces/grid/price_per_mwh": [30.0, 32.0, 36.0, 34.0],
    }
    parts: dict[str, Any] = {
        "buses": [bus(str(k)) for k in range(1, 6)],
        "lines": [line(f"{k}-{k + 1}", str(k), str(k + 1), 0.3, 0.3, max_i_ka=0.4) for k in range(1, 5)],
        "interfaces": [interface(max_import_mw=5.0, max_export_mw=5.0)],
        "loads": [load("2", 0.8, 0.2), load("3", 1.0, 0.3), load("4", 0.5, 0.1), load("5", 0.7, 0.2)],
        "generators": [
            {
                "generator": "gas",
                "bus": "3",
                "max_p_mw": 1.5,
                "min_q_mvar": -0.3,
                "max_q_mvar": 0.3,
                "cost_per_mwh": 40.0,
                "cost_per_mw2h": 4.0,
            }
        ],
        "renewables": [{"renewable": "pv", "bus": "5", "kind": "pv", "p_mw": 0.5, "sn_mva": 1.0}],
        "storages": [
            {
                "storage": "battery",
                "bus": "4",
                "energy_mwh": 1.2,
                "charge_mw": 0.5,
                "discharge_mw": 0.5,
                "efficiency_charge": 0.95,
                "efficiency_discharge": 0.95,
                "initial_mwh": 0.6,
                "wear_cost_per_mwh": 0.5,
            }
        ],
        "shiftable": [{"load": "load-2", "energy_mwh": 1.2, "min_p_mw": 0.0, "max_p_mw": 0.6}],
        "steps": STEPS,
    }
    return district(more.pop("profiles", profiles), **(parts | more))
