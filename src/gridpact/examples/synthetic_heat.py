"""Synthetic districts with a heat network of any size beside a small feeder.

A plant feeds branches of about a hundred pipes each: a trunk with laterals, as the feeders of ``synthetic``. Section
lengths are log-normal (mean 60 m on trunks, 30 m on laterals); every pipe is the smallest of common sizes that carries
its design flow at a metre per second, with the losses of good insulation. Every dead end and a third of the other nodes
have a consumer. The plant is an extraction turbine with a boiler with fuel, an electric boiler and a tank. The feeder
is always the same; everything of heat follows from the seed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.examples.synthetic import filled, random_tree, synthetic_feeder

Floats = NDArray[np.float64]

BUSES = 33
MOST = 20_000
DROP_K = 30.0
HEAT_CAPACITY = 4182.0
DENSITY = 980.0
SPEED = 1.0
# Inner diameters in mm and losses of one pipe in W/(m K), as in data sheets of pre-insulated steel pipes (series 2).
SIZES, LOSSES = np.array(
    [
        [28.0, 0.12],
        [37.0, 0.13],
        [43.0, 0.15],
        [54.0, 0.17],
        [70.0, 0.19],
        [83.0, 0.2],
        [107.0, 0.21],
        [133.0, 0.24],
        [160.0, 0.28],
        [210.0, 0.3],
        [263.0, 0.29],
        [313.0, 0.33],
        [393.0, 0.36],
        [495.0, 0.34],
        [593.0, 0.4],
        [792.0, 0.48],
        [990.0, 0.56],
    ]
).T


def synthetic_district(pipes: int, seed: int = 0, steps: int = 24, step_minutes: float = 60.0) -> Case:
    """A district with ``pipes`` pairs of pipes (2 to 20,000) and 33 buses; equal arguments, equal case.

    Raises ``InputError`` for a size out of range.
    """
    if not 2 <= pipes <= MOST:
        raise InputError([Issue("the size is out of range", f"Give 2 to {MOST} pipes.", value=str(pipes))])
    random = np.random.default_rng(seed)
    feeder = synthetic_feeder(BUSES, 0, steps, step_minutes)
    tree = random_tree(random, pipes + 1)
    leaf = np.ones(pipes, dtype=np.bool_)
    leaf[tree.parent[tree.parent > 0] - 1] = False
    heat = np.where(leaf | (random.random(pipes) < 1.0 / 3.0), random.lognormal(np.log(0.03), 0.5, pipes), 0.0)
    heat = np.round(heat * 2.0 * feeder.column("loads", "p_mw").sum() / heat.sum(), 6)
    tables = _network(tree.parent, tree.length_km, tree.downstream(heat), heat) | _plant(float(heat.sum()))
    given = {**feeder.tables, **{name: filled(name, rows) for name, rows in tables.items()}}
    case = replace(feeder, name=f"synthetic-district-{pipes}-{seed}", tables=given)
    return case.with_profiles(_profiles(case))


def _network(parent: NDArray[np.int64], length_km: Floats, carried: Floats, heat: Floats) -> dict[str, dict[str, Any]]:
    names = np.array([f"h{k}" for k in range(parent.size + 1)], dtype=object)
    flow = 1e6 * carried / (HEAT_CAPACITY * DROP_K)
    size = np.searchsorted(SIZES[:-1] / 1000.0, np.sqrt(4.0 * flow / (np.pi * DENSITY * SPEED)))
    consumers = np.flatnonzero(heat > 0.0)
    limits = {"supply_min_degc": 60.0, "supply_max_degc": 110.0, "return_min_degc": 25.0, "return_max_degc": 80.0}
    return {
        "heat_networks": {"heat_network": ["town"], "ambient_degc": 8.0},
        "heat_nodes": {"node": names, "heat_network": "town", **limits},
        "pipes": {
            "pipe": "p" + names[1:],
            "from_node": names[parent],
            "to_node": names[1:],
            "length_m": np.round(200.0 * length_km, 1),
            "diameter_mm": SIZES[size],
            "heat_transfer_w_per_mk": LOSSES[size],
        },
        "heat_sources": {"heat_source": ["plant"], "node": names[:1], "bus": "1"},
        "heat_loads": {
            "heat_load": "house-" + names[1:][consumers],
            "node": names[1:][consumers],
            "heat_mw": heat[consumers],
            "design_heat_mw": heat[consumers],
            "design_drop_k": DROP_K,
        },
    }


def _plant(heat: float) -> dict[str, dict[str, Any]]:
    """Sized for the design heat."""
    corners = np.array([[0.10, 0.0], [0.50, 0.0], [0.40, 0.8], [0.12, 0.6]]) * heat
    return {
        "chps": {
            "chp": ["turbine"],
            "bus": "1",
            "node": "h0",
            "kind": "extraction",
            "fuel_price_per_mwh": 28.0,
            "fuel_per_p": 2.2,
            "fuel_per_heat": 0.35,
            "cost_per_mw2h": 2.0 / heat,
        },
        "chp_points": {
            "point": ["lean", "full", "warm", "least"],
            "chp": "turbine",
            "p_mw": corners[:, 0],
            "heat_mw": corners[:, 1],
        },
        "electric_boilers": {"electric_boiler": ["kettle"], "bus": "1", "node": "h0", "max_heat_mw": 0.2 * heat},
        "gas_boilers": {"gas_boiler": ["flame"], "node": "h0", "max_heat_mw": heat, "fuel_price_per_mwh": 32.0},
        "heat_storages": {
            "heat_storage": ["tank"],
            "node": "h0",
            "energy_mwh": heat,
            "charge_mw": 0.2 * heat,
            "discharge_mw": 0.2 * heat,
            "loss_per_hour": 0.002,
            "wear_cost_per_mwh": 0.1,
        },
    }


def _profiles(case: Case) -> dict[str, Floats]:
    """Heat highest at seven in the morning and again in the evening, least at night."""
    hour = (case.snapshots.hour + case.snapshots.minute / 60.0).to_numpy(dtype=np.float64)
    shape = 0.55 + 0.4 * np.exp(-(((hour - 7.0) / 2.5) ** 2)) + 0.25 * np.exp(-(((hour - 19.0) / 3.0) ** 2))
    values = np.round(np.outer(case.column("heat_loads", "heat_mw"), shape), 6)
    names = case.ids("heat_loads")
    return {f"heat_loads/{name}/heat_mw": row for name, row in zip(names, values, strict=True)}
