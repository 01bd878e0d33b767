"""A district with every kind of device of heat, for the tests of the judges.

Three buses and five nodes, six steps of an hour. The water goes round a loop; the works at A stand a plant with a
polygon and a boiler with fuel, at D, within the loop, an electric boiler and a tank. A heat pump helps the
consumers of E, where no station stands.

    A ---- B ---- C
           |      |
           D -----+---- E        (C-D closes the loop, C-E hangs on it)
"""

from collections.abc import Mapping
from typing import Any

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load

STEPS = 6
PRICE = [20.0, 25.0, 70.0, 80.0, 40.0, 30.0]
DEMAND = [0.8, 1.0, 1.3, 1.1, 0.9, 0.7]


def pipe(start: str, end: str, length: float, diameter: float, **more: Any) -> dict[str, Any]:
    ends = {"pipe": f"{start}{end}", "from_node": start, "to_node": end, "length_m": length, "diameter_mm": diameter}
    return {**ends, "heat_transfer_w_per_mk": 0.4, **more}


def node(name: str, **limits: float) -> dict[str, Any]:
    found = {"supply_min_degc": 65.0, "supply_max_degc": 95.0, "return_min_degc": 25.0, "return_max_degc": 70.0}
    return {"node": name, "heat_network": "town", **found, **limits}


def heat_load(at: str, heat: float, **more: Any) -> dict[str, Any]:
    return {"heat_load": f"house-{at}", "node": at, "heat_mw": heat, "design_drop_k": 30.0, **more}


def heat_district(profiles: Mapping[str, list[float]] | None = None, **more: Any) -> Case:
    """The district; tables and header may be replaced."""
    shares = {"C": 0.5, "E": 0.3, "B": 0.2}
    found = {f"heat_loads/house-{at}/heat_mw": [share * value for value in DEMAND] for at, share in shares.items()}
    found |= {
        "interfaces/grid/price_per_mwh": PRICE,
        "heat_networks/town/ambient_degc": [8.0, 7.0, 9.0, 11.0, 10.0, 9.0],
    }
    plant = {"fuel_price_per_mwh": 30.0, "fuel_per_p": 1.8, "fuel_per_heat": 0.6, "cost_per_mw2h": 3.0}
    squares = {"heat_cost_per_mw2h": 2.0, "cross_cost_per_mw2h": 1.0, "max_q_mvar": 0.2, "min_q_mvar": -0.2}
    corners = {"lean": (0.1, 0.0), "full": (0.7, 0.0), "warm": (0.6, 0.6), "least": (0.15, 0.5)}
    parts: dict[str, Any] = {
        "steps": STEPS,
        "buses": [bus("1"), bus("2"), bus("3")],
        "lines": [line("a", "1", "2", r=0.3, x=0.4), line("b", "2", "3", r=0.4, x=0.4)],
        "interfaces": [interface(sell_ratio=0.9)],
        "loads": [load("2", 0.8, 0.2), load("3", 0.5, 0.1)],
        "heat_networks": [{"heat_network": "town", "ambient_degc": 8.0}],
        "heat_nodes": [node(name) for name in "ABCDE"],
        "pipes": [
            pipe("A", "B", 400.0, 125.0),
            pipe("B", "C", 500.0, 100.0, loss_coefficient=2.0),
            pipe("D", "B", 600.0, 80.0),
            pipe("C", "D", 300.0, 80.0),
            pipe("C", "E", 250.0, 65.0),
        ],
        "heat_sources": [
            {"heat_source": "works", "node": "A", "bus": "2"},
            {"heat_source": "yard", "node": "D", "bus": "3", "flow_share": 0.3, "pressure_drop_bar": 0.1},
        ],
        "heat_loads": [heat_load(at, share) for at, share in shares.items()],
        "heat_unserved": [{"heat_load": "house-C", "price_per_mwh": 400.0}],
        "chps": [{"chp": "plant", "bus": "2", "node": "A", "kind": "extraction", **plant, **squares}],
        "chp_points": [
            {"point": name, "chp": "plant", "p_mw": p, "heat_mw": heat} for name, (p, heat) in corners.items()
        ],
        "gas_boilers": [
            {"gas_boiler": "flame", "node": "A", "max_heat_mw": 1.0, "efficiency": 0.9, "fuel_price_per_mwh": 45.0}
        ],
        "electric_boilers": [
            {
                "electric_boiler": "kettle",
                "bus": "3",
                "node": "D",
                "max_heat_mw": 0.3,
                "efficiency": 0.98,
                "q_mvar_per_mw": 0.1,
                "cost_per_mwh": 1.0,
            }
        ],
        "heat_pumps": [
            {"heat_pump": "pump", "bus": "3", "node": "E", "max_heat_mw": 0.1, "sink_degc": 60.0, "q_mvar_per_mw": 0.2}
        ],
        "heat_storages": [
            {
                "heat_storage": "tank",
                "node": "D",
                "energy_mwh": 0.4,
                "charge_mw": 0.2,
                "discharge_mw": 0.15,
                "efficiency_charge": 0.98,
                "loss_per_hour": 0.01,
                "wear_cost_per_mwh": 0.5,
            }
        ],
    }
    return district(found | dict(profiles or {}), **(parts | more))
