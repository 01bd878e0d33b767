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

import numpy as np

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


def random_heat_district(seed: int) -> Case:
    """One or two heat networks with loops, stations, plants, boilers and tanks at random, on a short feeder."""
    random = np.random.default_rng(seed)
    steps, minutes = int(random.integers(2, 9)), float(random.choice([10.0, 15.0, 30.0, 60.0]))
    towns = [_random_town(random, name, steps, int(random.integers(4, 10))) for name in "xy"[: random.integers(1, 3)]]
    profiles = {"interfaces/grid/price_per_mwh": random.uniform(10.0, 90.0, steps).tolist()}
    parts: dict[str, Any] = {
        "step_minutes": minutes,
        "steps": steps,
        "buses": [bus("1"), bus("2"), bus("3")],
        "lines": [line("a", "1", "2", r=0.3, x=0.4), line("b", "2", "3", r=0.4, x=0.4)],
        "interfaces": [interface(sell_ratio=float(random.choice([0.8, 1.0])))],
        "loads": [load("2", 0.8, 0.2), load("3", 0.5, 0.1)],
    }
    for town, more in towns:
        profiles |= more
        for table, rows in town.items():
            parts.setdefault(table, []).extend(rows)
    if random.random() < 0.3:
        parts |= {"start": "2030-01-01T23:00:00+00:00", "window": "day"}
        for row in parts["pipes"]:  # windows begin as they end
            row.pop("initial_supply_degc", None), row.pop("initial_return_degc", None)
    return district(profiles, **parts)


def _random_town(
    random: np.random.Generator, town: str, steps: int, count: int
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[float]]]:
    """Rows and profiles of a network: the main station with a dear boiler at the first node, one more at the last."""
    nodes = [f"{town}{k}" for k in range(count)]
    demand = {name: float(random.uniform(0.02, 0.2)) for name in nodes[1:-1]}
    total = sum(demand.values())
    limits = {"supply_min_degc": 50.0, "supply_max_degc": 115.0, "return_min_degc": 15.0, "return_max_degc": 80.0}
    tables: dict[str, list[dict[str, Any]]] = {
        "heat_networks": [{"heat_network": town, "ambient_degc": float(random.uniform(-5.0, 15.0))}],
        "heat_nodes": [{"node": name, "heat_network": town, **limits} for name in nodes],
        "pipes": _random_pipes(random, nodes),
        "heat_sources": [
            {"heat_source": f"{town}-main", "node": nodes[0], "bus": "2"},
            {
                "heat_source": f"{town}-yard",
                "node": nodes[-1],
                "bus": "3",
                "flow_share": float(random.uniform(0.1, 0.5)),
            },
        ],
        "heat_loads": [{**heat_load(name, heat), "heat_load": name} for name, heat in demand.items()],
        "gas_boilers": [_random_boiler(f"{town}-flame", nodes[0], 2.0 * total, 80.0)],
        **_random_devices(random, town, nodes, total),
    }
    shape = random.uniform(0.4, 1.0, steps)
    return tables, {f"heat_loads/{name}/heat_mw": (heat * shape).tolist() for name, heat in demand.items()}


def _random_boiler(name: str, at: str, most: float, fuel: float) -> dict[str, Any]:
    return {"gas_boiler": name, "node": at, "max_heat_mw": most, "fuel_price_per_mwh": fuel}


def _random_pipes(random: np.random.Generator, nodes: list[str]) -> list[dict[str, Any]]:
    """A tree with one or two pipes more; some begin warm."""
    ends = [(nodes[int(random.integers(0, k))], nodes[k]) for k in range(1, len(nodes))]
    for _ in range(int(random.integers(0, 3))):
        a, b = random.choice(len(nodes), 2, replace=False)
        ends.append((nodes[a], nodes[b]))
    warm = {"initial_supply_degc": 75.0, "initial_return_degc": 45.0}
    pipes = []
    for k, (start, end) in enumerate(ends):
        more = warm if random.random() < 0.2 else {}
        sizes = float(random.uniform(30.0, 900.0)), float(random.choice([50.0, 80.0, 100.0, 150.0]))
        pipes.append({**pipe(start, end, *sizes), "pipe": f"{start}-{end}-{k}", **more})
    return pipes


def _random_devices(
    random: np.random.Generator, town: str, nodes: list[str], total: float
) -> dict[str, list[dict[str, Any]]]:
    """A plant at the main station, an electric boiler, a tank and a heat pump with the consumers."""
    plant = {"chp": f"{town}-plant", "bus": "2", "node": nodes[0], "kind": "extraction", "fuel_price_per_mwh": 30.0}
    costs = {"fuel_per_p": 1.5, "fuel_per_heat": 0.3, "cost_per_mw2h": float(random.choice([0.0, 4.0]))}
    corners = ((0.0, 0.0), (0.5, 0.0), (0.4, 0.5 * total), (0.1, 0.4 * total))
    return {
        "chps": [{**plant, **costs}],
        "chp_points": [
            {"point": f"{town}-{k}", "chp": f"{town}-plant", "p_mw": p, "heat_mw": heat}
            for k, (p, heat) in enumerate(corners)
        ],
        "electric_boilers": [
            {
                "electric_boiler": f"{town}-kettle",
                "bus": "3",
                "node": nodes[-1],
                "max_heat_mw": 0.8 * total,
                "q_mvar_per_mw": 0.1,
            }
        ],
        "heat_pumps": [
            {
                "heat_pump": f"{town}-pump",
                "bus": "3",
                "node": nodes[int(random.integers(1, len(nodes) - 1))],
                "max_heat_mw": 0.02,
                "sink_degc": 70.0,
            }
        ],
        "heat_storages": [
            {
                "heat_storage": f"{town}-tank",
                "node": nodes[0],
                "energy_mwh": total,
                "charge_mw": 0.3 * total,
                "discharge_mw": 0.3 * total,
                "loss_per_hour": 0.01,
                "efficiency_charge": 0.95,
            }
        ],
    }
