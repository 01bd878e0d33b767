"""A run with heat made up of simple numbers, on top of that of ``synthetic``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.results.record import Record, long_table
from tests.report.synthetic import Floats, make_case, make_record, rows

CORNERS = {"p_mw": [0.1, 0.4, 0.3, 0.08], "heat_mw": [0.0, 0.0, 2.0, 1.6]}
KINDS = {"steam": "chp", "engine": "chp", "kettle": "electric_boiler", "pump": "heat_pump", "flame": "gas_boiler"}


def heat_case(nodes: int = 8, steps: int = 24, minutes: float = 60.0, **changes: Any) -> Case:
    """The feeder of ``make_case`` with a tree of pipes of 100 m, the last node joined to the first by 1000 m.

    The reference station stands at the first node with all units, a second one at the last node; every other node
    has a consumer.
    """
    names = [f"n{number}" for number in range(nodes)]
    parents = [names[(number - 1) // 2] for number in range(1, nodes)]
    ends = {"from_node": [*parents, names[0]], "to_node": [*names[1:], names[-1]]}
    last = names[-1] if nodes > 2 else names[0]
    lengths = [100.0] * (nodes - 1) + [1000.0]
    tables = {
        "heat_networks": rows("heat_networks", heat_network=["warm"], ambient_degc=[10.0]),
        "heat_nodes": rows(
            "heat_nodes", node=names, heat_network=["warm"] * nodes, supply_min_degc=[60.0] * nodes,
            supply_max_degc=[95.0] * nodes, return_min_degc=[20.0] * nodes, return_max_degc=[60.0] * nodes,
        ),
        "pipes": rows(
            "pipes", pipe=[f"p{number}" for number in range(nodes)], **ends, length_m=lengths,
            diameter_mm=[100.0] * nodes, heat_transfer_w_per_mk=[0.2] * nodes,
        ),
        "heat_sources": rows(
            "heat_sources", heat_source=["main", "second"][: 1 + (nodes > 2)], node=[names[0], last][: 1 + (nodes > 2)],
            bus=["b1", "b2"][: 1 + (nodes > 2)], flow_share=[np.nan, 0.25][: 1 + (nodes > 2)],
        ),
        "heat_loads": rows("heat_loads", heat_load=[f"h-{name}" for name in names[1:]], node=names[1:],
                           heat_mw=[1.0] * (nodes - 1)),
        "heat_unserved": rows("heat_unserved", heat_load=[f"h-{names[1]}"], price_per_mwh=[500.0]),
        "chps": rows(
            "chps", chp=["steam", "engine"], bus=["b1", "b2"], node=names[:1] * 2, kind=["extraction", "engine"],
            heat_per_power=[np.nan, 1.2], max_p_mw=[np.nan, 1.0], fuel_price_per_mwh=[20.0, 30.0],
            fuel_per_p=[2.0, 2.4], fuel_per_heat=[0.3, 0.0],
        ),
        "chp_points": rows("chp_points", point=list("abcd"), chp=["steam"] * 4, **CORNERS),
        "electric_boilers": rows("electric_boilers", electric_boiler=["kettle"], bus=["b1"], node=names[:1],
                                 max_heat_mw=[1.0], efficiency=[0.98], q_mvar_per_mw=[0.1], cost_per_mwh=[2.0]),
        "heat_pumps": rows("heat_pumps", heat_pump=["pump"], bus=["b2"], node=names[:1], max_heat_mw=[1.0],
                           sink_degc=[70.0]),
        "gas_boilers": rows("gas_boilers", gas_boiler=["flame"], node=names[:1], max_heat_mw=[2.0],
                            fuel_price_per_mwh=[30.0]),
        "heat_storages": rows("heat_storages", heat_storage=["tank"], node=names[:1], energy_mwh=[2.0],
                              charge_mw=[1.0], discharge_mw=[1.0]),
    }  # fmt: skip
    case = make_case(steps=steps, minutes=minutes)
    return replace(case, tables={**case.tables, **tables, **changes})


def powers(case: Case) -> dict[str, tuple[Floats, Floats]]:
    """Heat and power (given is positive) of every unit, MW, shape (steps,)."""
    one, sign = np.ones(case.steps), np.where(np.arange(case.steps) % 2 == 0, 1.0, 0.0)
    return {
        "steam": (1.0 * one, 0.35 * one),  # on the edge from (0.4, 0) to (0.3, 2)
        "engine": (1.2 * sign, 1.0 * sign),  # at its end, or at rest
        "kettle": (0.5 * one, -0.5 / 0.98 * one),
        "pump": (1.0 * one, -0.4 * one),
        "flame": (0.0 * one, 0.0 * one),
    }


def heat_record(case: Case | None = None, document: Mapping[str, Any] | None = None, **tables: pd.DataFrame) -> Record:
    """Heat costs 30 at the reference station and 1 more at every further node; 24 MWh and 2 more enter the district."""
    case = heat_case() if case is None else case
    record = make_record(case, document)
    certified = bool(record.tables["electricity_prices"]["certified"].all())
    more = {**_networks(case, certified), **_units(case), **tables}
    more["dispatch"] = _dispatch(case, record.tables["dispatch"])
    more["settlement"] = pd.concat([record.tables["settlement"], _payments(case)], ignore_index=True)
    served = float(case.count("heat_loads") * case.steps * case.hours)
    summary = {
        "heat_load_mwh": served, "heat_loss_mwh": 0.05 * served, "pump_mwh": 0.01 * served,
        "heat_price_min_per_mwh": 30.0, "heat_price_mean_per_mwh": 33.5, "heat_price_max_per_mwh": 37.0,
    }  # fmt: skip
    return replace(record, tables={**record.tables, **more}, summary={**record.summary, **summary})


def _networks(case: Case, certified: bool) -> dict[str, pd.DataFrame]:
    """Supply water loses a kelvin from node to node, and is two kelvin colder in the first step."""
    nodes, steps = case.count("heat_nodes"), case.steps
    ones, number = np.ones((nodes, steps)), np.arange(nodes, dtype=np.float64)[:, None]
    cold = np.where(np.arange(steps) == 0, 2.0, 0.0)
    supply, back = 90.0 - 20.0 * number / nodes - cold, 40.0 + 0.0 * ones
    flow = np.where(np.arange(case.count("pipes")) == case.count("pipes") - 1, -1.0, 4.0)[:, None] * np.ones(steps)
    stored = 1.0 + np.sin(np.arange(steps) / 3.0) * np.ones_like(flow) / case.count("pipes")
    return {
        "heat_prices": long_table(
            case.snapshots, "node", case.ids("heat_nodes"), price_per_mwh=30.0 + number + 0.0 * ones,
            energy_per_mwh=30.0 * ones, loss_per_mwh=-0.5 * number + 0.0 * ones, delay_per_mwh=0.0 * ones,
            temperature_per_mwh=1.5 * number + 0.0 * ones, source_price_per_mwh=30.0 * ones,
            certified=np.full((nodes, steps), certified),
        ),
        "heat_nodes": long_table(case.snapshots, "node", case.ids("heat_nodes"), supply_degc=supply + 0.0 * ones,
                                 return_degc=back),
        "pipes": long_table(case.snapshots, "pipe", case.ids("pipes"), flow_kg_per_s=flow, loss_mw=0.01 + 0.0 * flow,
                            stored_mwh=stored),
        "heat_storages": long_table(case.snapshots, "heat_storage", ["tank"],
                                    energy_mwh=1.0 + 0.5 * np.sin(np.arange(steps) / 4.0)[None, :]),
    }  # fmt: skip


def _dispatch(case: Case, electric: pd.DataFrame) -> pd.DataFrame:
    units, loads = powers(case), case.ids("heat_loads")
    tank = np.where(np.arange(case.steps) % 3 == 0, -0.25, 0.125)
    heat = np.vstack([*(heat for heat, _ in units.values()), tank, -np.ones((len(loads), case.steps))])
    power = np.vstack([*(power for _, power in units.values()), 0.0 * heat[5:]])
    names = [*units, "tank", *loads]
    table = long_table(case.snapshots, "device", names, p_mw=power, heat_mw=heat)
    table = table.assign(kind=[*KINDS.values(), "heat_storage", *["heat_load"] * len(loads)] * case.steps)
    return pd.concat([electric.assign(heat_mw=np.nan), table]).sort_values("snapshot", kind="stable", ignore_index=True)


FLOWS = (
    ("fuel", "combined heat and power", 10.0),
    ("transmission network", "electricity network", 14.0),
    ("ambient heat", "heat pumps", 2.0),
    ("combined heat and power", "electricity network", 3.0),
    ("combined heat and power", "heat network", 6.0),
    ("combined heat and power", "conversion losses", 1.0),
    ("electricity network", "heat pumps", 1.0),
    ("electricity network", "electric demand", 15.985),
    ("electricity network", "circulation pumps", 0.015),
    ("heat pumps", "heat network", 3.0),
    ("heat network", "heat demand", 8.5),
    ("heat network", "pipe losses", 0.5),
)


def _units(case: Case) -> dict[str, pd.DataFrame]:
    money = {"electricity_revenue": 10.0, "reactive_revenue": 1.0, "heat_revenue": 20.0, "cost": 25.0, "profit": 6.0}
    energy = {"electricity_mwh": 1.0, "heat_mwh": 2.0, "fuel_mwh": 4.0}
    couplers = pd.DataFrame([{"device": name, "kind": kind, **energy, **money} for name, kind in KINDS.items()])
    return {
        "couplers": couplers,
        "energy_flows": pd.DataFrame(FLOWS, columns=["source", "target", "energy_mwh"]),
        "slacks": pd.DataFrame({"slack": [f"heat_unserved {case.ids('heat_loads')[0]}"], "carrier": ["heat"],
                                "price_per_mwh": [500.0], "energy_mwh": [0.25], "cost": [125.0]}),
        "structures": pd.DataFrame(
            {
                "structure": ["joint", "sequential", "separate"], "cost": [1000.0, 1012.5, 1000.05],
                "electricity_cost": 600.0, "heat_cost": 400.0, "coupler_profit": [30.0, -12.0, 31.0],
                "electricity_surplus": [2.0, 3.0, 2.0], "heat_surplus": [50.0, 40.0, 50.0],
                "price_mean_per_mwh": [51.0, 52.0, 51.0], "heat_price_mean_per_mwh": [33.5, 35.0, 33.5],
                "iterations": [1.0, 2.0, 40.0], "residual_mw": [0.0, 0.0, 1e-6],
                "above_joint_percent": [0.0, 1.25, 0.005], "payments_sum": 0.0,
            }
        ),
    }  # fmt: skip


def _payments(case: Case) -> pd.DataFrame:
    """Every consumer of heat pays 10; the steam plant earns from both, the kettle pays for power and sells heat."""
    loads = case.ids("heat_loads")
    entries = [(name, "heat_load", "heat", 10.0) for name in loads]
    entries += [
        ("steam", "chp", "heat", -4.0),
        ("steam", "chp", "electricity", -3.0),
        ("steam", "chp", "reactive", -1.0),
    ]
    entries += [("kettle", "electric_boiler", "heat", -3.0), ("kettle", "electric_boiler", "electricity", 4.0)]
    entries += [("heat network", "operator", "heat", 7.0 - 10.0 * len(loads))]
    return pd.DataFrame(entries, columns=["participant", "kind", "carrier", "payment"])
