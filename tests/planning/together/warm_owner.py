"""A joint plan with heat: b keeps houses warm, and has a quarter of what that takes before something is built."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from tests.districts import load
from tests.markets.trade.small import unit
from tests.markets.trade.test_heat import warm

HOUR = np.arange(24)
COST = {"investment": 60_000.0, "lifetime_years": 20.0}
TARIFF = {"disagreement": "tariff", "tariff_buy_per_mwh": 110.0, "tariff_sell_per_mwh": 20.0}


def warm_owner() -> Case:
    """b may burn gas, make heat from power, make both of gas, and keep heat; a may build wind."""
    price = np.round(55.0 + 30.0 * np.sin(np.pi * (HOUR - 8) / 12.0), 2)
    parts: dict[str, Any] = {
        "steps": 24,
        "resistances": (4.0, 6.0),
        "gas_boilers": [
            {"gas_boiler": "flame", "node": "A", "max_heat_mw": 0.1, "efficiency": 0.8, "fuel_price_per_mwh": 60.0}
        ],
        "generators": [unit("ga", "2", 60.0)],
        "loads": [load("2", 0.5), load("3", 0.3)],
        "microgrids": [TARIFF, TARIFF],
        "network_operator": [{"operator": "grid", "weight": 1.0}],
        "gas_boiler_candidates": [
            {"candidate": "burner", "node": "A", "max_heat_mw": 0.5, "efficiency": 0.8, "fuel_price_per_mwh": 60.0,
             "max_units": 1, **COST}
        ],
        "electric_boiler_candidates": [
            {"candidate": "immersion", "bus": "3", "node": "A", "max_heat_mw": 0.25, "efficiency": 0.98, "max_units": 2,
             **COST}
        ],
        "chp_candidates": [
            {"candidate": "engine", "bus": "3", "node": "A", "kind": "engine", "heat_per_power": 1.25,
             "min_p_mw": 0.0, "max_p_mw": 0.3, "fuel_price_per_mwh": 30.0, "fuel_per_p": 2.5, "max_units": 1,
             "investment": 400_000.0, "lifetime_years": 20.0}
        ],
        "heat_storage_candidates": [
            {"candidate": "tank", "node": "A", "energy_mwh": 1.0, "charge_mw": 0.3, "discharge_mw": 0.3,
             "max_units": 1, "investment": 15_000.0, "lifetime_years": 25.0}
        ],
        "renewable_candidates": [
            {"candidate": "mill", "bus": "2", "kind": "wind", "p_mw": 0.6, "max_units": 1, "investment": 500_000.0,
             "lifetime_years": 25.0}
        ],
    }  # fmt: skip
    profiles = {
        "interfaces/grid/price_per_mwh": price.tolist(),
        "renewable_candidates/mill/p_mw": np.round(0.3 + 0.25 * np.cos(HOUR / 4.0), 4).tolist(),
    }
    kettles = warm().tables["electric_boilers"].iloc[:0]
    return require_valid(warm(profiles=profiles, **parts).with_table("electric_boilers", kettles))
