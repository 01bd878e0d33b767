"""A small town with heat for tests, and candidates that make or keep heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load

COST = {"investment": 1000.0, "lifetime_years": 20.0}
NODE = {"supply_min_degc": 60.0, "supply_max_degc": 90.0, "return_min_degc": 30.0, "return_max_degc": 60.0}
PIPE = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}
ENGINE = {
    "candidate": "engine",
    "bus": "2",
    "node": "A",
    "kind": "engine",
    "heat_per_power": 1.25,
    "min_p_mw": 0.02,
    "max_p_mw": 0.1,
    "min_q_mvar": -0.01,
    "max_q_mvar": 0.03,
    "fuel_price_per_mwh": 30.0,
    "fuel_per_p": 2.5,
    "max_units": 3,
    **COST,
}
KETTLE = {
    "candidate": "kettle",
    "bus": "1",
    "node": "A",
    "max_heat_mw": 0.1,
    "efficiency": 0.98,
    "max_units": 4,
    **COST,
}
PUMP = {"candidate": "pump", "bus": "2", "node": "B", "max_heat_mw": 0.1, "sink_degc": 60.0, "max_units": 2, **COST}
FLAME = {"candidate": "flame", "node": "A", "max_heat_mw": 0.1, "fuel_price_per_mwh": 50.0, "max_units": 2, **COST}
TANK = {
    "candidate": "tank",
    "node": "A",
    "energy_mwh": 0.2,
    "charge_mw": 0.1,
    "discharge_mw": 0.05,
    "min_mwh": 0.01,
    "max_units": 2,
    **COST,
}
CANDIDATES = {
    "chp_candidates": ENGINE,
    "electric_boiler_candidates": KETTLE,
    "heat_pump_candidates": PUMP,
    "gas_boiler_candidates": FLAME,
    "heat_storage_candidates": TANK,
}


def town(profiles: Mapping[str, Sequence[float]] | None = None, **more: Any) -> Case:
    """Two buses, and two nodes of which A has a station and a boiler of 0.3 MW, and B takes heat: more in the first of
    two hours, when power is cheap."""
    parts: dict[str, Any] = {
        "steps": 2,
        "buses": [bus("1"), bus("2")],
        "lines": [line("a", "1", "2", max_i_ka=0.3)],
        "interfaces": [interface(60.0, sell_ratio=0.9)],
        "loads": [load("2", 0.5, 0.1)],
        "heat_networks": [{"heat_network": "town", "ambient_degc": 5.0}],
        "heat_nodes": [{"node": name, "heat_network": "town", **NODE} for name in "AB"],
        "pipes": [{"pipe": "p", "from_node": "A", "to_node": "B", **PIPE}],
        "heat_sources": [{"heat_source": "s", "node": "A", "bus": "2"}],
        "heat_loads": [{"heat_load": "h", "node": "B", "heat_mw": 0.4}],
        "gas_boilers": [{"gas_boiler": "old", "node": "A", "max_heat_mw": 0.3, "fuel_price_per_mwh": 60.0}],
    }
    hourly = {"heat_loads/h/heat_mw": [0.4, 0.25], "interfaces/grid/price_per_mwh": [40.0, 90.0]}
    present = {name: rows for name, rows in (parts | more).items() if rows != []}
    return district({**hourly, **(profiles or {})}, **present)


def with_all(profiles: Mapping[str, Sequence[float]] | None = None, **more: Any) -> Case:
    """The town with a candidate of every kind."""
    return town(profiles, **({table: [row] for table, row in CANDIDATES.items()} | more))
